"""BAM files whose records were damaged are read, or told by name; no other error comes of any bytes."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from alignment_files import FIRST, PAIRED, REVERSE, SECOND, record, write_bam
from hypothesis import given, settings
from hypothesis import strategies as st
from properties import few

from rxpress.alignments.bam import open_bam
from rxpress.errors import InputError

EDITS = st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 6)), max_size=3)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """What a small BAM file holds, inflated, and the block that ends it."""
    pairs = [record(f"r{i}", PAIRED | mate, start=90 * i) for i in range(3) for mate in (FIRST, SECOND)]
    odd = [record("s", REVERSE, cigar="5S20M100N20M5S"), record("t", tags={"XX": "text", "NH": 3})]
    path = write_bam(tmp_path_factory.mktemp("bam") / "a.bam", [*pairs, *odd])
    data = path.read_bytes()
    return gzip.decompress(data), data[-28:]


def read(path: Path) -> int:
    return sum(len(block.flag) for block in open_bam(path).blocks())


def test_a_sound_file_has_all_its_records(tmp_path: Path, sound: tuple[bytes, bytes]) -> None:
    (tmp_path / "a.bam").write_bytes(gzip.compress(sound[0]) + sound[1])
    assert read(tmp_path / "a.bam") == 8


def test_a_number_of_hits_of_a_type_that_is_none_is_told(tmp_path: Path, sound: tuple[bytes, bytes]) -> None:
    damaged = re.sub(rb"NH[cCsSiI]", b"NH\x00", sound[0])
    assert damaged != sound[0]
    (tmp_path / "a.bam").write_bytes(gzip.compress(damaged) + sound[1])
    with pytest.raises(InputError, match=r"a\.bam"):
        read(tmp_path / "a.bam")


@settings(few, max_examples=100)
@given(EDITS, st.integers(0, 200))
def test_a_damaged_file_is_read_or_told_by_name(
    tmp_path: Path, sound: tuple[bytes, bytes], edits: list[tuple[float, bytes, int]], cut: int
) -> None:
    data, end = sound
    for place, new, length in edits:
        at = int(place * len(data))
        data = data[:at] + new + data[at + length :]
    path = tmp_path / "a.bam"
    path.write_bytes(gzip.compress(data[: len(data) - cut] if cut > 100 else data) + end)
    said = "a.bam"
    try:
        assert read(path) <= 8
    except InputError as error:
        said = str(error)
    assert "a.bam" in said
