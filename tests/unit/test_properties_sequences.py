"""Readers of sequences on any bytes: what was written is what is read, or it is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from properties import few

from rxpress.errors import InputError
from rxpress.sequences import fasta_lengths, read_fastq_head, read_lines

BASES = st.text("ACGTN", min_size=1, max_size=40)
NAMES = st.lists(
    st.text("abcXYZ0189._|-", min_size=1, max_size=10).map("t{}".format), min_size=1, max_size=6, unique=True
)


@few
@given(NAMES, st.data(), st.booleans())
def test_lengths_of_sequences_do_not_depend_on_where_lines_break(
    tmp_path: Path, names: list[str], data: st.DataObject, zipped: bool
) -> None:
    sequences = {name: data.draw(BASES) for name in names}
    width = data.draw(st.integers(1, 50))
    text = "".join(
        f">{name} further words\n" + "".join(f"{bases[i : i + width]}\n" for i in range(0, len(bases), width))
        for name, bases in sequences.items()
    )
    path = tmp_path / "a.fa"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    assert fasta_lengths(path) == {name: len(bases) for name, bases in sequences.items()}


@few
@given(st.binary(max_size=300))
def test_bytes_that_begin_otherwise_than_fastq_are_told_plain_and_zipped(head: bytes) -> None:
    data = b"!" + head
    for given_bytes in (data, gzip.compress(data)):
        assert "does not begin with '@'" in read_fastq_head(given_bytes, True).fault


@few
@given(BASES)
def test_read_is_whole_and_any_cut_of_it_is_truncated(bases: str) -> None:
    read = f"@r1\n{bases}\n+\n{'I' * len(bases)}\n".encode()
    whole = read_fastq_head(read, True)
    assert (whole.empty, whole.truncated, whole.fault or "") == (False, False, "")
    cut = read_fastq_head(read[: 4 + len(bases) // 2], True)
    assert cut.truncated or cut.fault


@few
@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), min_size=1, max_size=9))
def test_lines_are_those_that_were_written(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    assert list(read_lines(path)) == lines


@few
@given(st.binary(max_size=100))
def test_any_bytes_are_sequences_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.fa"
    path.write_bytes(data)
    try:
        lengths = fasta_lengths(path)
    except InputError:
        return
    assert data.lstrip().startswith(b">")
    assert all(length >= 0 for length in lengths.values())
