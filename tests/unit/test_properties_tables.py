"""Tables, texts and cells: whatever they hold is read back equal, or refused with the file's name."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from properties import few, numbers

from rxpress.cells import number, plain, text
from rxpress.errors import InputError
from rxpress.tables import (
    GeneMatrix,
    is_formula,
    read_matrix,
    read_records,
    read_rows,
    read_table,
    read_text,
    read_yaml,
    write_columns,
    write_matrix,
    write_records,
    write_table,
    write_yaml,
)
from rxpress.user_tables import read_gmt, user_matrix

WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
PLAIN = st.text("abcXYZ019_.-", min_size=1, max_size=8).map(lambda word: f"g{word}")
ANY = numbers(-1e300, 1e300) | st.just(float("nan"))


@few
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6), st.sampled_from("\t,"))
def test_rows_are_those_that_the_csv_module_of_python_wrote(
    tmp_path: Path, rows: list[tuple[str, str]], delimiter: str
) -> None:
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter).writerows([("first", "second"), *rows])
    (tmp_path / "a.csv").write_text(made.getvalue(), encoding="utf-8", newline="")
    header, found = read_rows(tmp_path / "a.csv")
    assert header == ["first", "second"]
    assert [tuple(cells) for _, cells in found] == rows
    assert [line for line, _ in found] == list(range(2, 2 + len(rows)))


@few
@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\ufeff"), max_size=80),
    st.booleans(),
)
def test_text_is_the_same_plain_or_compressed_and_with_lines_of_windows(
    tmp_path: Path, text: str, windows: bool
) -> None:
    data = (text.replace("\n", "\r\n") if windows else text).encode()
    for content in (data, gzip.compress(data), b"\xef\xbb\xbf" + data):
        (tmp_path / "a.txt").write_bytes(content)
        assert read_text(tmp_path / "a.txt") == text


@few
@given(st.binary(max_size=200))
@example(gzip.compress(b"sample\n")[:-3])
@example(b"sample\n\xe9\n")
def test_whatever_a_file_holds_it_is_text_or_refused_with_its_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    said = []
    for read in (read_text, read_rows, read_gmt):
        try:
            assert "\r" not in str(read(path))
        except InputError as error:
            said.append(str(error))
    assert all("a.csv" in message for message in said)


@few
@given(
    st.lists(PLAIN, min_size=1, max_size=5, unique=True),
    st.lists(PLAIN.map("s{}".format), min_size=1, max_size=4, unique=True),
    st.data(),
)
def test_gene_matrix_reads_back_equal(
    tmp_path: Path, genes: list[str], samples: list[str], data: st.DataObject
) -> None:
    cells = st.lists(ANY, min_size=len(genes) * len(samples), max_size=len(genes) * len(samples))
    values = np.array(data.draw(cells)).reshape(len(genes), len(samples))
    names = np.array(genes)
    write_matrix(GeneMatrix(names, names, samples, values), tmp_path / "m.tsv")
    found = read_matrix(tmp_path / "m.tsv")
    assert list(found.gene_ids) == genes
    assert list(found.samples) == samples
    np.testing.assert_array_equal(found.values, values)


@few
@given(st.lists(st.tuples(PLAIN, ANY), min_size=1, max_size=6))
def test_table_reads_back_equal(tmp_path: Path, rows: list[tuple[str, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["name", "value"]).astype({"value": float})
    write_table(frame, tmp_path / "t.tsv")
    found = read_table(tmp_path / "t.tsv", text=["name"])
    assert list(found["name"]) == list(frame["name"])
    np.testing.assert_array_equal(found["value"].to_numpy(float), frame["value"].to_numpy())


@few
@given(
    st.lists(st.tuples(WORDS, st.integers(), st.floats(allow_nan=False, allow_infinity=False)), max_size=6)
)
def test_records_read_back_equal(tmp_path: Path, rows: list[tuple[str, int, float]]) -> None:
    rows = [(name.replace('"', "'"), count, value) for name, count, value in rows]
    rows = [(name, count, value) for name, count, value in rows if not is_formula(name)]
    write_records(("name", "count", "value"), rows, tmp_path / "r.tsv")
    found = read_records(tmp_path / "r.tsv")
    assert [(row["name"], int(row["count"]), float(row["value"])) for row in found] == rows


@few
@given(st.lists(st.text("=+-@'0129.eEab ", min_size=1, max_size=6), min_size=1, max_size=6))
def test_no_table_holds_a_formula_and_no_other_text_changes(tmp_path: Path, words: list[str]) -> None:
    """Formulas begin with = + - @; signed numbers, which Python reads as such, and a sign alone are none."""
    words = [word.strip() or "a" for word in words]
    written = []
    for write in (
        lambda path: write_table(pd.DataFrame({"a": words}, dtype=object), path),
        lambda path: write_columns({"a": words}, path),
        lambda path: write_records(["a"], [[word] for word in words], path),
    ):
        write(tmp_path / "t.tsv")
        written.append((tmp_path / "t.tsv").read_text().splitlines()[1:])
    assert written[0] == written[1] == written[2]
    for word, cell in zip(words, written[0], strict=True):
        signed = word[0] in "=+-@" and len(word) > 1
        assert cell in ({word} if not signed else {f"'{word}"} if not is_number(word) else {word})


def is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


@few
@given(
    st.lists(st.lists(st.integers(0, 10**12), min_size=2, max_size=2), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_counts_of_a_matrix_are_exact_and_know_their_lines(rows: list[list[int]], comments: int) -> None:
    lines = ["# note"] * comments + ["gene\ta\tb"] + [f"g{i}\t{a}\t{b}" for i, (a, b) in enumerate(rows)]
    frame = user_matrix("\n".join(lines) + "\n", "counts.tsv")
    assert frame[["a", "b"]].to_numpy().tolist() == rows
    assert list(frame.index) == list(range(comments + 2, comments + 2 + len(rows)))


@few
@given(st.integers(3, 7), st.integers(4, 8))
def test_a_line_with_more_cells_than_the_header_is_named(line: int, cells: int) -> None:
    rows = ["g\t1\t2" for _ in range(6)]
    rows[line - 2] = "\t".join(["g", *"1" * (cells - 1)])
    with pytest.raises(InputError, match=f"counts.tsv:{line}: has {cells} cells"):
        user_matrix("\n".join(["gene\ta\tb", *rows]) + "\n", "counts.tsv")


@few
@given(st.dictionaries(PLAIN, st.dictionaries(PLAIN, st.text("0123456789.e", min_size=1, max_size=6))))
def test_versions_stay_text_through_yaml(tmp_path: Path, versions: dict[str, dict[str, str]]) -> None:
    write_yaml(versions, tmp_path / "v.yml")
    assert (read_yaml(tmp_path / "v.yml") or {}) == versions


@few
@given(numbers(-1e12, 1e12))
def test_cell_of_a_number_reads_back_equal_and_has_no_exponent(value: float) -> None:
    assert number(plain(value)) == value
    assert number(value) == value
    assert "e" not in plain(value)


@few
@given(WORDS)
def test_text_of_a_cell_is_stripped_and_never_empty(word: str) -> None:
    assert text(f"  {word} ") == (word.strip() or None)
    assert text("   ") is None
