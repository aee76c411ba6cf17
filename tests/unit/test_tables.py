"""Tables read back as they were written."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rxpress.errors import InputError
from rxpress.tables import (
    GeneMatrix,
    read_columns,
    read_matrix,
    read_table,
    write_columns,
    write_json,
    write_matrix,
    write_records,
    write_table,
)
from rxpress.user_tables import read_gmt

HARD_FLOATS = [0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, 1e22, 123456789.12345679, 3.0, -0.0]


def test_floats_read_back_equal(tmp_path):
    values = np.column_stack([HARD_FLOATS, np.random.default_rng(1).lognormal(0, 20, len(HARD_FLOATS))])
    ids = np.array([f"g{i}" for i in range(len(values))])
    write_matrix(GeneMatrix(ids, ids, ["a", "b"], values), tmp_path / "x.tsv")
    read = read_matrix(tmp_path / "x.tsv")
    assert read.samples == ["a", "b"]
    np.testing.assert_array_equal(read.values, values)


def test_gene_tables_are_read_as_pandas_reads_them(tmp_path):
    """Missing numbers and names, a gene called NAN, quotation marks, gzip, no column of names."""
    names = np.array(["A", "NAN", '5" long', "D"])
    values = np.random.default_rng(2).lognormal(0, 9, (4, 3))
    values[1, 2] = np.nan
    write_matrix(
        GeneMatrix(np.array(["1", "2", "3", "4"]), names, ["x", "y", "1"], values), tmp_path / "x.tsv"
    )
    text = (tmp_path / "x.tsv").read_text().replace('"D"', "NA")
    (tmp_path / "x.tsv.gz").write_bytes(gzip.compress(text.encode()))
    read = read_matrix(tmp_path / "x.tsv.gz")
    frame = pd.read_csv(
        tmp_path / "x.tsv.gz", sep="\t", dtype={"gene_id": str}, float_precision="round_trip", index_col=0
    )
    np.testing.assert_array_equal(read.values, frame[["x", "y", "1"]])
    assert np.isnan(read.values).sum() == 1
    assert read.gene_ids.tolist() == ["1", "2", "3", "4"]
    assert read.gene_names.tolist() == ["A", "NAN", '5" long', "4"]
    frame.drop(columns="gene_name").to_csv(tmp_path / "ids.tsv", sep="\t")
    nameless = read_matrix(tmp_path / "ids.tsv")
    assert nameless.gene_names.tolist() == ["1", "2", "3", "4"]
    np.testing.assert_array_equal(nameless.values, read.values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("gene_id\ta\ng\tmany\n", "many"),
        ("gene_id\ta\tb\ng\t1\n", "2 columns|got 2"),
        ("gene\ta\ng\t1\n", "gene_id|g"),
        ("", ""),
    ],
)
def test_a_gene_table_that_does_not_fit_is_named(tmp_path, text, told):
    (tmp_path / "x.tsv").write_text(text)
    with pytest.raises(InputError, match=f"x.tsv: cannot be read: .*({told})"):
        read_matrix(tmp_path / "x.tsv")


def test_missing_values_are_na(tmp_path):
    write_columns({"text": ["x", None], "number": np.array([np.nan, 1.5])}, tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == "text\tnumber\nx\tNA\nNA\t1.5\n"


def test_text_with_tabs_and_quotation_marks_reads_back(tmp_path):
    names = ['5" leader', "a\tb", "plain"]
    write_columns({"name": names, "n": [1, 2, 3]}, tmp_path / "x.tsv")
    assert read_table(tmp_path / "x.tsv")["name"].tolist() == names


@pytest.mark.parametrize("text", ["id\tn\textra\na\t1.5\tx\n", "id,n,extra\na,1.5,x\n"])
def test_named_columns_of_a_large_table_are_taken(text):
    table = read_columns(text.encode(), "x", text=["id"], numbers=["n"])
    assert table.to_pydict() == {"id": ["a"], "n": [1.5]}


@pytest.mark.parametrize(
    ("text", "columns"),
    [("a\tb\n", {"first": ["a"], "second": ["b"]}), ("a\n", {"first": ["a"]}), ("a,b,c,d\n", None)],
)
def test_columns_without_header_are_named_from_the_left(text, columns):
    table = read_columns(text.encode(), "x", text=["first", "second"], header=False)
    assert table.to_pydict() == (columns or {"first": ["a"], "second": ["b"]})


@pytest.mark.parametrize(
    ("text", "told"), [("id\tm\n", "n"), ("id\tn\na\tNA\n", "NA"), ("id\tn\na\n", "columns")]
)
def test_a_table_that_does_not_fit_is_named(text, told):
    with pytest.raises(InputError, match=f"x.tsv: cannot be read: .*{told}"):
        read_columns(text.encode(), "x.tsv", text=["id"], numbers=["n"])


def test_identifiers_that_look_like_numbers_or_missing_stay_text(tmp_path):
    frame = pd.DataFrame({"gene_id": ["1", "nan"], "gene_name": ["001", "NAN"], "7": [1.0, 2.0]})
    write_columns(frame.to_dict("list"), tmp_path / "x.tsv")
    matrix = read_matrix(tmp_path / "x.tsv")
    assert (matrix.gene_ids.tolist(), matrix.gene_names.tolist()) == (["1", "nan"], ["001", "NAN"])
    assert matrix.samples == ["7"]


def test_lines_of_a_gmt_file_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "sets.gmt"
    path.write_bytes(b"\xef\xbb\xbfA\tsource a\tG1\tG2\t\t\r\n\r\nB\t\tG3 \r\n")
    assert read_gmt(path) == [(1, ["A", "source a", "G1", "G2"]), (3, ["B", "", "G3"])]


def test_what_a_link_leads_to_is_not_written_over(tmp_path):
    own = tmp_path / "own.tsv"
    own.write_text("mine\n")
    for name, write in (
        ("a.tsv", lambda path: write_records(("a",), [], path)),
        ("b.tsv", lambda path: write_table(pd.DataFrame({"b": [1]}), path)),
        ("c.json", lambda path: write_json({}, path)),
    ):
        (tmp_path / name).symlink_to(own)
        write(tmp_path / name)
        assert own.read_text() == "mine\n"
        assert not (tmp_path / name).is_symlink()
