"""FASTQ files before a tool sees them: examined in one pass, and lanes joined to one file per mate.

fastp 0.23.2 reads a truncated gzip file, a broken record or mates of different length up to the fault and
then reports success, so files are examined here: a fault becomes the reason why a sample is left out.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import numpy as np

GZIP_MAGIC = b"\x1f\x8b"
CHUNK_BYTES = 1 << 19
INFLATED_BYTES = 1 << 20  # at a time, of however few: what a core's cache holds
LONGEST_RECORD = 1 << 26
LINES_PER_RECORD = 4
NAME_INTERVAL = 1000


class BrokenReadsError(Exception):
    """The FASTQ files of a sample cannot be used; the text is the reason."""


@dataclass(frozen=True)
class FastqFile:
    """What one pass over a FASTQ file found.

    `size` and `sha256` are of the file as it lies on disk; `names` are the names of records 0, 1000, 2000 …;
    `fault` says what is wrong with the file, '' if nothing.
    """

    path: Path
    size: int
    sha256: str
    gzipped: bool
    reads: int
    names: tuple[bytes, ...]
    ends_with_newline: bool
    fault: str


def examine_files(paths: Sequence[Path], threads: int = 1) -> list[FastqFile]:
    """Examine FASTQ files, several at a time (inflating and hashing release Python's lock)."""
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        return list(pool.map(examine_fastq, paths))


def examine_fastq(path: Path) -> FastqFile:
    """Read a FASTQ file, plain or gzip by content, to its end or its first fault.

    ISA-L inflates more than twice as fast as zlib, but may refuse a sound file whose gzip header has a
    checksum: zlib says what is broken.
    """
    from isal import isal_zlib

    found = _examine(path, isal_zlib)
    return _examine(path, zlib) if found.fault and found.gzipped else found


def _examine(path: Path, inflater: ModuleType) -> FastqFile:
    digest = hashlib.sha256()
    names: list[bytes] = []
    reads, rest, fault = 0, b"", ""
    with path.open("rb") as file:
        gzipped = file.peek(2)[:2] == GZIP_MAGIC
        raw = _hashed_chunks(file, digest)
        try:
            for chunk in _inflated(raw, inflater) if gzipped else raw:
                block = rest + chunk
                ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
                ends = ends[: len(ends) // LINES_PER_RECORD * LINES_PER_RECORD]
                names += _check_records(block, ends, reads)
                reads += len(ends) // LINES_PER_RECORD
                rest = block[ends[-1] + 1 :] if len(ends) else block
                if len(rest) > LONGEST_RECORD:
                    raise BrokenReadsError(f"read {reads + 1:,}: has no end")
            ends_with_newline = not rest
            last_names, last_reads = _check_rest(rest, reads)
            names, reads = names + last_names, reads + last_reads
        except BrokenReadsError as broken:
            ends_with_newline, fault = False, f"{path.name}: {broken}"
            for _ in raw:  # the hash is of the whole file
                pass
    if not fault and reads == 0:
        fault = f"{path.name}: no reads in it"
    return FastqFile(
        path, path.stat().st_size, digest.hexdigest(), gzipped, reads, tuple(names), ends_with_newline, fault
    )


def _hashed_chunks(file: BinaryIO, digest: hashlib._Hash) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        yield chunk


def _inflated(chunks: Iterator[bytes], inflater: ModuleType) -> Iterator[bytes]:
    """The text of a gzip file of one or more members; BrokenReadsError when it is corrupt or ends early."""
    member = inflater.decompressobj(wbits=31)
    for chunk in chunks:
        while chunk:
            if member.eof:
                member = inflater.decompressobj(wbits=31)
            try:
                text = member.decompress(chunk, INFLATED_BYTES)
            except inflater.error as error:
                raise BrokenReadsError(f"the gzip data are corrupt ({error})") from None
            if text:
                yield text
            chunk = member.unconsumed_tail or member.unused_data
    if not member.eof:
        raise BrokenReadsError("the gzip data end early: the file is truncated")


def _check_records(block: bytes, ends: np.ndarray, first: int) -> list[bytes]:
    """Check whole records and return the names of those whose number is a multiple of NAME_INTERVAL.

    ends : (4 × records,) places of the line ends in `block`; first : number of the block's first record.
    """
    if not len(ends):
        return []
    letters = np.frombuffer(block, np.uint8)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts
    header, plus = letters[starts[0::4]] == ord("@"), letters[starts[2::4]] == ord("+")
    same = lengths[1::4] == lengths[3::4]
    wrong = np.flatnonzero(~(header & plus & same))
    if len(wrong):
        i = wrong[0]
        what = (
            f"{lengths[4 * i + 1]} bases but {lengths[4 * i + 3]} qualities"
            if header[i] and plus[i]
            else "is not a FASTQ record of four lines"
        )
        raise BrokenReadsError(f"read {first + i + 1:,}: {what}")
    sampled = range(-first % NAME_INTERVAL, len(header), NAME_INTERVAL)
    return [_name(block[starts[4 * i] : ends[4 * i]]) for i in sampled]


def _check_rest(rest: bytes, first: int) -> tuple[list[bytes], int]:
    """Check what follows the last whole record: nothing, blank lines, or a record without its line end."""
    if not rest.strip():
        return [], 0
    block = rest + b"\n"
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
    if not rest.startswith(b"@"):
        raise BrokenReadsError(f"read {first + 1:,}: is not a FASTQ record of four lines")
    if len(ends) != LINES_PER_RECORD:
        raise BrokenReadsError(f"ends within read {first + 1:,}: the file is truncated")
    return _check_records(block, ends, first), 1


def _name(header: bytes) -> bytes:
    """The name of a read: the header without `@`, up to the first blank."""
    return (header[1:].split() or [b""])[0]


def check_sample(mates: Sequence[Sequence[FastqFile]]) -> int:
    """The number of fragments of a sample; BrokenReadsError says why its files cannot be used.

    mates : the files of each mate, one list for single reads and two for pairs, lanes in the same order.
    """
    faults = [file.fault for files in mates for file in files if file.fault]
    if faults:
        raise BrokenReadsError("; ".join(faults))
    for first, second in zip(*mates, strict=True) if len(mates) == 2 else ():
        files = f"{first.path.name} and {second.path.name}"
        if first.reads != second.reads:
            counts = f"{first.reads:,} and {second.reads:,} reads"
            raise BrokenReadsError(f"{files}: mates of different length, {counts}")
        for i, names in enumerate(zip(first.names, second.names, strict=True)):
            if not mate_names_agree(*names):
                read = i * NAME_INTERVAL + 1
                raise BrokenReadsError(f"{files}: not mates, read {read:,} has two different names")
    return sum(file.reads for file in mates[0])


def mate_names_agree(first: bytes, second: bytes) -> bool:
    """Whether two read names are of one pair: equal, or equal but for a last `/1` and `/2` (`.1`, `_1`)."""
    numbered = first[-2:-1] in (b"/", b".", b"_") and (first[-1:], second[-1:]) == (b"1", b"2")
    return first == second or (numbered and first[:-1] == second[:-1])


def join_lanes(files: Sequence[FastqFile], stem: Path) -> Path:
    """One FASTQ file of all lanes, at `stem` + `.fastq` or `.fastq.gz`: a link if there is only one lane.

    Gzip members are joined as they are, which is valid gzip; plain lanes among gzipped ones are compressed.
    The suffix tells the content: fastp goes by it.
    """
    gzipped = any(file.gzipped for file in files)
    joined = stem.with_name(stem.name + (".fastq.gz" if gzipped else ".fastq"))
    if len(files) == 1:
        joined.symlink_to(files[0].path.resolve())
        return joined
    with joined.open("wb") as out:
        for file in files:
            with file.path.open("rb") as lane:
                if gzipped and not file.gzipped:
                    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as member:
                        shutil.copyfileobj(lane, member, CHUNK_BYTES)
                else:
                    shutil.copyfileobj(lane, out, CHUNK_BYTES)
            if not file.ends_with_newline:
                out.write(gzip.compress(b"\n", mtime=0) if gzipped else b"\n")
    return joined


def copy_first_reads(source: Path, target: Path, reads: int) -> None:
    """Write the first reads of a FASTQ file, plain or gzip by its suffix, as plain text."""
    opener = gzip.open if source.suffix == ".gz" else open
    with opener(source, "rb") as lines, target.open("wb") as out:
        out.writelines(islice(lines, reads * LINES_PER_RECORD))
