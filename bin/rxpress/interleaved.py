"""FASTQ records of mates that come in turn, dealt out to a stream per mate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from queue import Queue
from threading import Event
from typing import BinaryIO

import numpy as np

from rxpress.reads import CHUNK_BYTES, LINES_PER_RECORD

WAITING_CHUNKS = 4


def deal_mates(
    source: BinaryIO, targets: Sequence[BinaryIO], heads: Sequence[BinaryIO] = (), first: int = 0
) -> int:
    """Write the records of `source` to `targets` in turn until it ends; how many fragments there were.

    The first fragments go to `heads` as well. A target has a thread of its own, as its reader may be ahead in
    one of them. BrokenPipeError when the reader has gone.
    """
    fragments, gone = 0, Event()
    queues: list[Queue[bytes | None]] = [Queue(WAITING_CHUNKS) for _ in targets]
    with ThreadPoolExecutor(len(targets)) as pool:
        try:  # a signal may come while the threads start: each must hear of the end even then
            writers = [pool.submit(_write_all, *one, gone) for one in zip(queues, targets, strict=True)]
            for records in _whole_fragments(source, len(targets)):
                for i, queue in enumerate(queues):
                    queue.put(b"".join(records[i :: len(targets)]))
                for i, head in enumerate(heads):
                    wanted = (first - fragments) * len(targets)
                    head.write(b"".join(records[i : max(wanted, 0) : len(targets)]))
                fragments += len(records) // len(targets)
                if gone.is_set():
                    break
        finally:
            for queue in queues:
                queue.put(None)
        for writer in writers:
            writer.result()
    return fragments


def _write_all(queue: Queue[bytes | None], target: BinaryIO, gone: Event) -> None:
    """Write what comes until None comes; when nobody reads the target the rest is thrown away, then told."""
    try:
        while (data := queue.get()) is not None:
            target.write(data)
    except BrokenPipeError:
        gone.set()
        while queue.get() is not None:
            pass
        raise


def _whole_fragments(source: BinaryIO, mates: int) -> Iterator[list[bytes]]:
    """Records of four lines, a multiple of `mates` at a time; a part of a fragment at the end is left out."""
    rest = b""
    while chunk := source.read(CHUNK_BYTES):
        block = rest + chunk
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))[
            LINES_PER_RECORD - 1 :: LINES_PER_RECORD
        ]
        bounds = [0, *(ends[: len(ends) // mates * mates] + 1).tolist()]
        rest = block[bounds[-1] :]
        if len(bounds) > 1:
            yield [block[start:end] for start, end in pairwise(bounds)]
