"""Mates that come in turn are dealt out whole and in order, however the reader takes them."""

from __future__ import annotations

import io
import os
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import numpy as np
import pytest

from rxpress.errors import ToolError
from rxpress.interleaved import deal_mates
from rxpress.programs import run_streams


def records(count: int, seed: int = 1) -> list[bytes]:
    """Records of four lines; sequences have any length, qualities hold `@` and `+`."""
    random = np.random.default_rng(seed)
    made = []
    for i in range(count):
        bases = random.choice(list(b"ACGTN"), random.integers(0, 300)).astype(np.uint8).tobytes()
        grades = random.choice(list(b"@+IF#"), len(bases)).astype(np.uint8).tobytes()
        made.append(b"@r%d %d:N:0\n%s\n+\n%s\n" % (i // 2, i % 2 + 1, bases, grades))
    return made


@pytest.mark.parametrize("mates", [1, 2])
def test_every_record_goes_to_its_mate_in_order(mates: int) -> None:
    made = records(20_000)  # some chunks' worth
    targets = [io.BytesIO() for _ in range(mates)]
    heads = [io.BytesIO() for _ in range(mates)]
    assert deal_mates(io.BytesIO(b"".join(made)), targets, heads, 7_001) == len(made) // mates
    for i in range(mates):
        own = made[i::mates]
        assert targets[i].getvalue() == b"".join(own)
        assert heads[i].getvalue() == b"".join(own[:7_001])


@pytest.mark.parametrize("lost", [1, 150])
def test_part_of_a_fragment_at_the_end_is_not_dealt(lost: int) -> None:
    made = records(4)
    targets = [io.BytesIO(), io.BytesIO()]
    assert deal_mates(io.BytesIO(b"".join(made)[:-lost]), targets) == 1
    assert [target.getvalue() for target in targets] == made[:2]


def test_a_reader_may_take_one_mate_far_ahead_of_the_other(tmp_path: Path) -> None:
    """As far as pipes and what waits before them reach; a single thread that writes both would stop here."""
    made = records(4_000)
    mates = [b"".join(made[i::2]) for i in (0, 1)]
    (tmp_path / "made.fastq").write_bytes(b"".join(made))
    ahead = (
        f"cd {tmp_path}; head -c 400000 {{1}} > two; head -c {len(mates[0])} {{0}} > one; cat {{1}} >> two"
    )
    with run_streams(
        ["cat", str(tmp_path / "made.fastq")], lambda paths: ["sh", "-c", ahead.format(*paths)], 2
    ) as streams:
        assert deal_mates(streams.source, streams.targets) == 2_000
        streams.end_of_writer()
        assert streams.finish() == 0
    assert [(tmp_path / name).read_bytes() for name in ("one", "two")] == mates


def test_a_reader_that_goes_is_told_and_the_writer_is_not_waited_for() -> None:
    with run_streams(["yes"], lambda paths: ["sh", "-c", "echo no room >&2; exit 7"], 2) as streams:
        with pytest.raises(BrokenPipeError):
            deal_mates(streams.source, streams.targets)
        with pytest.raises(ToolError, match="no room"):
            streams.end_of_writer()


def test_a_reader_never_sees_the_end_of_a_writer_that_failed(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with run_streams(
        ["sh", "-c", "printf '@a\\nA\\n+\\nI\\n'; exit 3"],
        lambda paths: ["sh", "-c", f"cat {paths[0]}; touch {seen}"],
        1,
    ) as streams:
        assert deal_mates(streams.source, streams.targets) == 1
        with pytest.raises(ToolError, match="status 3"):
            streams.end_of_writer()
    assert streams.reader.returncode == -9
    assert not seen.exists()


def test_a_reader_that_fails_without_a_word_has_failed() -> None:
    with run_streams(["true"], lambda paths: ["sh", "-c", f"cat {paths[0]}; exit 5"], 1) as streams:
        deal_mates(streams.source, streams.targets)
        streams.end_of_writer()
        with pytest.raises(ToolError, match="status 5"):
            streams.finish("too few")


def test_no_pipe_is_left_open() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with run_streams(["true"], lambda paths: ["cat", *paths], 2) as streams:
            deal_mates(streams.source, streams.targets)
    assert len(os.listdir("/proc/self/fd")) == before
    assert isinstance(streams.writer, subprocess.Popen)


def test_a_signal_while_threads_start_leaves_none_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(ThreadPoolExecutor):
        """As when a handler of SIGTERM raises while the thread of a target starts."""

        def submit(self, *work: Any, **options: Any) -> Future[Any]:
            super().submit(*work, **options)
            raise InterruptedError

    monkeypatch.setattr("rxpress.interleaved.ThreadPoolExecutor", Told)
    ended = Queue[BaseException]()

    def deal() -> None:
        try:
            deal_mates(io.BytesIO(), [io.BytesIO(), io.BytesIO()])
        except InterruptedError as error:
            ended.put(error)

    Thread(target=deal, daemon=True).start()
    assert isinstance(ended.get(timeout=30), InterruptedError)
