"""Readers of tables for any content: they give it back, or say what is wrong, and never fail otherwise."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rxpress.errors import InputError
from rxpress.tables import read_records, read_rows, read_text, user_matrix, write_records

FEW = settings(max_examples=60, derandomize=True, deadline=None)
LETTERS = st.characters(exclude_categories=("C", "Z"))
CELLS = st.text(LETTERS, min_size=1, max_size=8)


def in_file(data: bytes) -> Path:
    with tempfile.NamedTemporaryFile(suffix=".tsv", delete=False) as file:
        file.write(data)
    return Path(file.name)


@FEW
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=2, max_size=6), st.sampled_from(["\t", ","])
)
def test_rows_are_those_that_the_csv_module_of_python_wrote(rows: list[list[str]], delimiter: str) -> None:
    rows[0] = ["sample", "study", "batch"]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path = in_file(text.getvalue().encode())
    header, found = read_rows(path)
    path.unlink()
    assert [header, *(cells for _, cells in found)] == rows
    assert [line for line, _ in found] == list(range(2, len(rows) + 1))


@FEW
@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\ufeff"), max_size=80),
    st.booleans(),
)
def test_text_is_the_same_plain_or_compressed_and_with_lines_of_windows(text: str, windows: bool) -> None:
    data = (text.replace("\n", "\r\n") if windows else text).encode()
    for content in (data, gzip.compress(data), b"\xef\xbb\xbf" + data):
        path = in_file(content)
        assert read_text(path) == text
        path.unlink()


@FEW
@given(st.binary(max_size=60))
@example(gzip.compress(b"sample\n")[:-3])
@example(b"sample\n\xe9\n")
def test_any_bytes_are_text_or_told_to_be_none(data: bytes) -> None:
    path = in_file(data)
    try:
        told = read_text(path)
    except InputError as error:
        told = str(error)
        right = path.name in told
    else:
        right = isinstance(told, str) and "\r" not in told
    path.unlink()
    assert right, told


@FEW
@given(
    st.lists(st.tuples(CELLS, st.integers(), st.floats(allow_nan=False, allow_infinity=False)), max_size=6)
)
def test_records_read_back_equal(rows: list[tuple[str, int, float]]) -> None:
    path = in_file(b"")
    path.unlink()
    rows = [(name.replace('"', "'"), count, value) for name, count, value in rows]
    write_records(("name", "count", "value"), rows, path)
    found = read_records(path)
    path.unlink()
    assert [(row["name"], int(row["count"]), float(row["value"])) for row in found] == rows


@FEW
@given(
    st.lists(st.lists(st.integers(0, 10**12), min_size=2, max_size=2), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_counts_of_a_matrix_are_exact_and_know_their_lines(rows: list[list[int]], comments: int) -> None:
    lines = ["# note"] * comments + ["gene\ta\tb"] + [f"g{i}\t{a}\t{b}" for i, (a, b) in enumerate(rows)]
    frame = user_matrix("\n".join(lines) + "\n", "counts.tsv")
    assert frame[["a", "b"]].to_numpy().tolist() == rows
    assert list(frame.index) == list(range(comments + 2, comments + 2 + len(rows)))


@FEW
@given(st.integers(3, 7), st.integers(4, 8))
def test_a_line_with_more_cells_than_the_header_is_named(line: int, cells: int) -> None:
    rows = ["g\t1\t2" for _ in range(6)]
    rows[line - 2] = "\t".join(["g", *"1" * (cells - 1)])
    with pytest.raises(InputError, match=f"counts.tsv:{line}: has {cells} cells"):
        user_matrix("\n".join(["gene\ta\tb", *rows]) + "\n", "counts.tsv")
