"""BAM files as blocks of columns: pysam inflates, numpy takes the records apart, many at a time.

Source of the layout: the SAM/BAM format specification (SAMv1), section 4.2. One Python object per read, as
pysam's iterator makes, would take half of the time that a whole pass may.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from rxpress.errors import InputError, Problem
from rxpress.reads import GZIP_MAGIC
from rxpress.sequences import foreign_format

BLOCK_BYTES = 1 << 23
END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
MAGIC = b"BAM\x01"
GET_AGAIN = "get the file again"

PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED, REVERSE = 0x1, 0x2, 0x4, 0x8, 0x10
MATE_REVERSE, FIRST, SECONDARY, DUPLICATE, SUPPLEMENTARY = 0x20, 0x40, 0x100, 0x400, 0x800

FIXED = np.dtype(
    [
        ("size", "<i4"),
        ("sequence", "<i4"),
        ("start", "<i4"),
        ("name_length", "u1"),
        ("mapping_quality", "u1"),
        ("bin", "<u2"),
        ("operations", "<u2"),
        ("flag", "<u2"),
        ("length", "<i4"),
        ("mate_sequence", "<i4"),
        ("mate_start", "<i4"),
        ("template_length", "<i4"),
    ]
)
TAKEN = (
    "flag",
    "mapping_quality",
    "length",
    "template_length",
    "sequence",
    "mate_sequence",
    "start",
    "mate_start",
)
LEAST_SIZE = FIXED.itemsize - 4
# CIGAR operations MIDNSHP=X: which move along the reference, and which align a base to it.
ON_REFERENCE = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1] + [0] * 7)
ALIGNED = np.array([1, 0, 0, 0, 0, 0, 0, 1, 1] + [0] * 7, dtype=bool)
INTRON, SOFT_CLIP, HARD_CLIP = 3, 4, 5

VALUE_BYTES = np.zeros(256, dtype=np.int64)
VALUE_BYTES[list(b"AcCsSiIf")] = [1, 1, 1, 2, 2, 4, 4, 4]
NUMBERS = {"c": "i1", "C": "u1", "s": "<i2", "S": "<u2", "i": "<i4", "I": "<u4"}
TEXTS, ARRAY = list(b"ZH"), ord("B")
HITS_TAG = b"NH"


@dataclass(frozen=True)
class Records:
    """Reads of a BAM file in its order, (reads,) each unless said otherwise.

    `flag`, `mapping_quality`, `length` (bases), `template_length` as in the file; `sequence`,
    `mate_sequence` : index of the reference, -1 for none; `start`, `end`, `mate_start` : 0-based, half-open;
    `clip_left`, `clip_right` : bases clipped off; `spliced` : whether it skips an intron; `hits` : tag NH, 0
    without one.
    `block_read`, `block_start`, `block_end` : (blocks,) stretches of bases aligned one to one, and whose.
    """

    flag: np.ndarray
    mapping_quality: np.ndarray
    length: np.ndarray
    template_length: np.ndarray
    sequence: np.ndarray
    mate_sequence: np.ndarray
    start: np.ndarray
    end: np.ndarray
    mate_start: np.ndarray
    clip_left: np.ndarray
    clip_right: np.ndarray
    spliced: np.ndarray
    hits: np.ndarray
    block_read: np.ndarray
    block_start: np.ndarray
    block_end: np.ndarray


@dataclass(frozen=True)
class BamFile:
    """A BAM file: names of its reference sequences, and the order that its header claims ('' for none)."""

    path: Path
    sequences: list[str]
    sort_order: str

    def blocks(self) -> Iterator[Records]:
        """All records, some ten thousand at a time. InputError when the file is damaged."""
        with _open_bam(self.path) as stream:
            _read_header(stream)
            rest = b""
            while data := stream.read(BLOCK_BYTES):
                data = rest + data
                offsets, end = _record_offsets(data)
                rest = data[end:]
                if len(offsets):
                    yield parse_records(data, offsets)
            if rest:
                raise EOFError


def open_bam(path: Path) -> BamFile:
    """Look at a BAM file. InputError when it is something else (SAM and CRAM too), damaged or ends early."""
    with path.open("rb") as stream:
        start = stream.read(64)
        stream.seek(-min(len(END_OF_FILE), stream.seek(0, 2)), 2)
        ending = stream.read()
    if not start.startswith(GZIP_MAGIC):
        foreign = foreign_format(start)
        what = "is empty" if not start else f"is {foreign}, not BAM" if foreign else "is not BAM"
        sam = foreign in ("a SAM file", "a CRAM file")
        fix = "make a BAM file of it with `samtools sort`" if sam else "give a BAM file"
        raise InputError(Problem(what, fix, path.name))
    with _open_bam(path) as stream:
        sequences, text = _read_header(stream)
    if ending != END_OF_FILE:
        raise InputError(
            Problem("ends early: the block that ends every BAM file is missing", GET_AGAIN, path.name)
        )
    order = re.search(r"^@HD\t.*\bSO:(\w+)", text, re.MULTILINE)
    return BamFile(path, sequences, order[1] if order else "")


@contextmanager
def _open_bam(path: Path) -> Iterator[BinaryIO]:
    """The inflated bytes; what goes wrong while they are read is an InputError that names the file."""
    import pysam

    try:
        with pysam.BGZFile(str(path), "rb") as stream:  # type: ignore[call-arg]
            yield stream  # type: ignore[misc]
    except (OSError, EOFError, ValueError, IndexError, struct.error):
        raise InputError(Problem("is no BAM file or is damaged", GET_AGAIN, path.name)) from None


def _read_header(stream: BinaryIO) -> tuple[list[str], str]:
    if _take(stream, len(MAGIC)) != MAGIC:
        raise ValueError
    text = _take(stream, _number(stream)).decode(errors="replace")
    names = []
    for _ in range(_number(stream)):
        names.append(_take(stream, _number(stream)).rstrip(b"\0").decode(errors="replace"))
        _number(stream)
    return names, text


def _take(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _number(stream: BinaryIO) -> int:
    (number,) = struct.unpack("<i", _take(stream, 4))
    if number < 0:
        raise ValueError
    return int(number)


def _record_offsets(data: bytes) -> tuple[np.ndarray, int]:
    """Where the complete records begin, and where the last of them ends."""
    offsets = []
    place, last = 0, len(data) - 4
    size_at = struct.Struct("<i").unpack_from
    while place <= last:
        (size,) = size_at(data, place)
        if size < LEAST_SIZE:
            raise ValueError
        if place + size > last:
            break
        offsets.append(place)
        place += 4 + size
    return np.array(offsets, dtype=np.int64), place


def parse_records(data: bytes, offsets: np.ndarray) -> Records:
    """Take apart the records that begin at `offsets`. ValueError or IndexError where they are damaged."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    fixed = buffer[offsets[:, None] + np.arange(FIXED.itemsize)].view(FIXED)[:, 0]
    numbers = {name: fixed[name].astype(np.int64) for name in FIXED.names or ()}
    cigar = offsets + FIXED.itemsize + numbers["name_length"]
    bases = cigar + 4 * numbers["operations"]
    tags = bases + (numbers["length"] + 1) // 2 + numbers["length"]
    operation, length, read = _operations(buffer, cigar, numbers["operations"])
    reads = len(offsets)
    step = length * ON_REFERENCE[operation]
    passed = np.cumsum(step)
    spans = np.bincount(read, step, reads).astype(np.int64)
    at = numbers["start"][read] + passed - step - (np.cumsum(spans) - spans)[read]
    aligned = ALIGNED[operation]
    clipped = length * ((operation == SOFT_CLIP) | (operation == HARD_CLIP))
    on_left = at == numbers["start"][read]
    return Records(
        **{name: numbers[name] for name in TAKEN},
        end=numbers["start"] + spans,
        clip_left=np.bincount(read, clipped * on_left, reads).astype(np.int64),
        clip_right=np.bincount(read, clipped * ~on_left, reads).astype(np.int64),
        spliced=np.bincount(read, operation == INTRON, reads) > 0,
        hits=find_hits(buffer, tags, offsets + 4 + numbers["size"]),
        block_read=read[aligned],
        block_start=at[aligned],
        block_end=(at + length)[aligned],
    )


def _operations(
    buffer: np.ndarray, place: np.ndarray, count: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All CIGAR operations: code, length, and the read of each."""
    read = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(read)) - (np.cumsum(count) - count)[read]
    words = buffer[(place[read] + 4 * within)[:, None] + np.arange(4)].view("<u4")[:, 0].astype(np.int64)
    return words & 15, words >> 4, read


def find_hits(buffer: np.ndarray, place: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The number in tag NH of the records whose tags lie in [place, end); 0 without one.

    All records step together from tag to tag; ValueError where a tag is damaged.
    """
    hits = np.zeros(len(place), dtype=np.int64)
    reads = np.flatnonzero(place < end)
    at = place[reads]
    ends_of_text: np.ndarray | None = None
    while len(reads):
        kind = buffer[at + 2]
        found = (buffer[at] == HITS_TAG[0]) & (buffer[at + 1] == HITS_TAG[1])
        for code in np.unique(kind[found]):
            if chr(code) not in NUMBERS:
                raise ValueError
            these = found & (kind == code)
            hits[reads[these]] = _numbers(buffer, at[these] + 3, NUMBERS[chr(code)])
        width = VALUE_BYTES[kind]
        if (texts := np.isin(kind, TEXTS)).any():
            if ends_of_text is None:
                ends_of_text = np.flatnonzero(buffer == 0)
            begin = at[texts] + 3
            width[texts] = ends_of_text[np.searchsorted(ends_of_text, begin)] - begin + 1
        if (arrays := kind == ARRAY).any():
            begin = at[arrays] + 3
            width[arrays] = 5 + VALUE_BYTES[buffer[begin]] * _numbers(buffer, begin + 1, "<u4")
        if (width <= 0).any():
            raise ValueError
        at = at + 3 + width
        left = ~found & (at < end[reads])
        reads, at = reads[left], at[left]
    return hits


def _numbers(buffer: np.ndarray, place: np.ndarray, kind: str) -> np.ndarray:
    size = np.dtype(kind).itemsize
    return buffer[place[:, None] + np.arange(size)].view(kind)[:, 0].astype(np.int64)
