"""Two programs at work, whichever ends first and however: no wait for ever, the cause told, nothing left."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pytest

from rxpress import programs
from rxpress.errors import ToolError
from rxpress.interleaved import deal_mates
from rxpress.programs import Streams, run_streams

READ = "@r\\nACGT\\n+\\nIIII\\n"
FEW = f"printf '{READ}'"
ENDLESS = f"while printf '{READ}'; do :; done"
# The second program: the paths of its streams stand for {0} and {1}, their numbers for {2} and {3}.
WAITS = "cat {0} {1} > kept; touch seen_the_end"
ENDS_EARLY = "head -c 4 {0} > kept"
NO_ROOM = "echo no room >&2; exit 7"
KILLED = "kill -9 $$"
SLOW_TO_END = "exec {2}<&- {3}<&-; sleep 0.3; echo no room >&2; exit 7"
NEVER_ENDS = "exec {2}<&- {3}<&-; exec sleep 60"


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(writer: str, reader: str, patience: float = 5.0) -> tuple[Streams, int]:
    """Let a shell script write into another, as reads are quantified: the streams, and the last status."""

    def command(paths: list[str]) -> list[str]:
        return ["bash", "-c", reader.format(*paths, *(Path(path).name for path in paths))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "PATIENCE", patience)
        with run_streams(["sh", "-c", writer], command, 2) as streams:
            with suppress(BrokenPipeError):
                deal_mates(streams.source, streams.targets)
            streams.end_of_writer()
            return streams, streams.finish()


@pytest.mark.parametrize(
    ("writer", "reader", "words", "status"),
    [
        # The first fails while the second waits.
        (f"{FEW}; echo broken >&2; exit 3", WAITS, ["sh failed with status 3:", "broken"], 1),
        (f"{FEW}; kill -9 $$", WAITS, ["failed with status -9"], 137),
        (f"{FEW}; kill -15 $$", WAITS, ["failed with status -15"], 143),
        (f"{FEW}; exec >&-; sleep 0.2; exit 3", WAITS, ["failed with status 3"], 1),
        ("kill -9 $$", WAITS, ["failed with status -9"], 137),
        # The second fails, and the first, which still writes, dies of it: SIGPIPE is no cause.
        (ENDLESS, NO_ROOM, ["bash failed with status 7:", "no room"], 1),
        (ENDLESS, KILLED, ["failed with status -9"], 137),
        (ENDLESS, SLOW_TO_END, ["failed with status 7", "no room"], 1),
        # The second fails, and the first has ended well, or will not write again.
        (FEW, NO_ROOM, ["failed with status 7", "no room"], 1),
        (f"{FEW}; {FEW}", SLOW_TO_END, ["failed with status 7", "no room"], 1),
        (f"{FEW}; sleep 0.3", KILLED, ["failed with status -9"], 137),
        # Both fail.
        (
            f"{FEW}; sleep 0.2; echo broken >&2; exit 3",
            NO_ROOM,
            ["failed with status 7", "no room", "failed with status 3", "broken"],
            1,
        ),
        (f"sleep 0.2; {FEW}; kill -9 $$", NO_ROOM, ["status 7", "no room", "status -9"], 137),
        (f"trap '' PIPE; {ENDLESS}; exit 3", KILLED, ["failed with status -9"], 137),
        # The second ends well, but before its time.
        (ENDLESS, ENDS_EARLY, ["bash ended before it had read all"], 1),
        ("yes @r | head -n 100000", ENDS_EARLY, ["bash ended before it had read all"], 1),
        (f"sleep 0.2; {FEW}; exit 3", "exit 0", ["ended before it had read all", "failed with status 3"], 1),
    ],
)
def test_the_cause_is_told_whoever_ends_first(
    writer: str, reader: str, words: list[str], status: int
) -> None:
    begun = time.monotonic()
    with pytest.raises(ToolError) as error:
        run(writer, reader)
    said, place = str(error.value), 0
    for piece in words:  # in this order: the cause first
        assert piece in said[place:], said
        place = said.index(piece, place)
    assert "-13" not in said
    assert error.value.exit_status == status
    assert not Path("seen_the_end").exists()
    assert time.monotonic() - begun < 20  # a program that hangs here does so for a minute


@pytest.mark.parametrize(
    ("writer", "reader", "words"),
    [
        (f"sleep 0.5; {FEW}", NEVER_ENDS, "bash stopped reading, but did not end"),
        (f"{FEW}; sleep 0.5; exec sleep 60 >&-", NO_ROOM, "no room"),
        (f"trap '' PIPE; {ENDLESS}; exec sleep 60 >&-", NEVER_ENDS, "bash stopped reading, but did not end"),
    ],
)
def test_neither_is_waited_for_when_the_other_has_gone(writer: str, reader: str, words: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ToolError, match=words) as error:
        run(writer, reader, patience=0.5)
    assert "status -9" not in str(error.value), "told is what was done to it"
    assert time.monotonic() - begun < 20  # a program that hangs here does so for a minute


@pytest.mark.parametrize("writer", ["true", FEW, f"{FEW}; {FEW}; sleep 0.2"])
def test_programs_that_end_well_are_done(writer: str) -> None:
    streams, status = run(writer, WAITS)
    assert (status, streams.writer.returncode, streams.reader.returncode) == (0, 0, 0)
    assert Path("seen_the_end").exists()


def test_a_second_program_that_ends_before_the_streams_do_has_not_read_them() -> None:
    with run_streams(["true"], lambda paths: ["sh", "-c", f"head -c 2 {paths[0]}"], 1) as streams:
        streams.end_of_writer()
        streams.targets[0].write(b"read by nobody")
        streams.reader.wait()
        with pytest.raises(ToolError, match="ended before it had read all"):
            streams.finish()


@pytest.mark.parametrize(
    ("writer", "reader"), [(["no_such_program"], ["cat"]), (["sleep", "60"], ["no_such_program"])]
)
def test_a_program_that_is_not_there_leaves_no_other_and_no_pipe(
    writer: list[str], reader: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Popen[bytes]] = []

    class Noted(Popen):  # type: ignore[type-arg]
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]
            begun.append(self)

    monkeypatch.setattr(programs.subprocess, "Popen", Noted)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(2):
        with pytest.raises(FileNotFoundError), run_streams(writer, lambda paths: [*reader, *paths], 2):
            pass
        with pytest.raises(FileNotFoundError):
            programs.run_pipe(writer, reader)
    assert all(process.returncode is not None for process in begun)
    assert len(os.listdir("/proc/self/fd")) == before
