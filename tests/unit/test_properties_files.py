"""Round trips of whatever text and numbers tables can hold, and readers on anything."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from properties import few, numbers

from rxpress.alignments.distinct import DistinctCounter
from rxpress.alignments.strands import judge_strandedness
from rxpress.cells import number, plain, text
from rxpress.errors import InputError
from rxpress.tables import (
    GeneMatrix,
    read_gmt,
    read_matrix,
    read_records,
    read_rows,
    read_table,
    read_text,
    read_yaml,
    write_matrix,
    write_records,
    write_table,
    write_yaml,
)

WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)
PLAIN = st.text("abcXYZ019_.-", min_size=1, max_size=8).map(lambda word: f"g{word}")
ANY = numbers(-1e300, 1e300) | st.just(float("nan"))


@few
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6))
def test_rows_of_a_csv_are_those_of_the_standard_library(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    made = io.StringIO()
    csv.writer(made).writerows([("first", "second"), *rows])
    (tmp_path / "a.csv").write_text(made.getvalue(), encoding="utf-8", newline="")
    header, found = read_rows(tmp_path / "a.csv")
    assert header == ["first", "second"]
    assert [tuple(cells) for _, cells in found] == rows
    assert [line for line, _ in found] == list(range(2, 2 + len(rows)))


@few
@given(st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    said = []
    for read in (read_text, read_rows, read_gmt):
        try:
            read(path)
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
@given(st.lists(st.tuples(PLAIN, st.integers().map(str)), max_size=5))
def test_records_read_back_equal(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    write_records(("a", "b"), rows, tmp_path / "r.tsv")
    assert [tuple(row.values()) for row in read_records(tmp_path / "r.tsv")] == rows


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


@few
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=80))
def test_different_keys_are_counted_once_in_any_order_and_portion(keys: list[tuple[int, int]]) -> None:
    columns = np.array(keys).T
    whole, parts = DistinctCounter(), DistinctCounter(capacity=256)
    whole.add(*columns)
    for key in reversed(keys):
        parts.add(*(np.array([part]) for part in key))
    assert whole.exact
    assert whole.count == parts.count == len(set(keys))


@few
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_strandedness_mirrors_with_the_strands(forward: int, reverse: int) -> None:
    mirror = {"forward": "reverse", "reverse": "forward"}
    said, _ = judge_strandedness(forward, reverse)
    turned, _ = judge_strandedness(reverse, forward)
    assert turned == mirror.get(said, said)
