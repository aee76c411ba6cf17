"""Properties of what is computed from any probe intensities, and of readers of sequences on any bytes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, matrices, numbers

from rxpress.arrays.rma import normalize_quantiles
from rxpress.errors import InputError
from rxpress.sequences import fasta_lengths, read_fastq_head, read_lines

BASES = st.text("ACGTN", min_size=1, max_size=40)
NAMES = st.lists(
    st.text("abcXYZ0189._|-", min_size=1, max_size=10).map("t{}".format), min_size=1, max_size=6, unique=True
)


@few
@given(generators())
def test_arrays_without_ties_have_one_distribution_and_keep_their_order(
    generator: np.random.Generator,
) -> None:
    intensity = generator.lognormal(6, 1, (50, 4))
    found = normalize_quantiles(intensity)
    expected = np.sort(intensity, axis=0).mean(axis=1)
    np.testing.assert_allclose(np.sort(found, axis=0), np.tile(expected[:, None], 4), rtol=1e-12)
    np.testing.assert_array_equal(np.argsort(found, axis=0), np.argsort(intensity, axis=0))
    np.testing.assert_allclose(normalize_quantiles(found), found, rtol=1e-12)


@few
@given(matrices((2, 15), (1, 4), numbers(1, 1e5)))
def test_normalized_intensities_stay_within_those_measured(intensity: np.ndarray) -> None:
    found = normalize_quantiles(intensity)
    assert found.min() >= intensity.min() * (1 - 1e-12)
    assert found.max() <= intensity.max() * (1 + 1e-12)


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
