"""An expression matrix becomes the tables of arrays: samples of the study in its order, genes, quality."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rxpress.tables import read_json, read_matrix

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "import_expression.py"
MATRIX = """probeset,symbol,a,other,b
1_at,TP53,1024,1,2048
2_at,TP53,4096,1,8192
3_at,MYC /// JUN,64,1,32
4_at,---,16,1,32
5_at,MYC,128,1,NA
6_at,MYC,256,1,512
AFFX-BioB-3_at,,2,1,4
"""
ANNOTATION = (
    "PROBEID\tSYMBOL\tENSEMBL\n1_at\tTP53\tENSG1\n2_at\tTP53\tENSG1\n6_at\tMYC\tENSG2\n3_at\tFOS\tENSG3\n"
)


def import_expression(folder: Path, matrix: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Import `matrix` for samples b and a."""
    (folder / "matrix.csv").write_text(matrix)
    (folder / "samples.tsv").write_text("sample\tstudy\nb\tx\na\tx\n")
    files = ["--expression_matrix", "matrix.csv", "--samples", "samples.tsv", "--outdir", "out"]
    return subprocess.run(
        [sys.executable, COMMAND, *files, *options], cwd=folder, capture_output=True, text=True, check=False
    )


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_intensities_with_symbols_of_their_own_become_log2_expression_of_genes(tmp_path: Path) -> None:
    assert import_expression(tmp_path, MATRIX).returncode == 0
    assert lines(tmp_path / "out/gene_expression.tsv") == [
        "gene_id\tgene_name\tb\ta",
        "TP53\tTP53\t13\t12",
        "MYC\tMYC\t9\t8",
    ]
    probesets = read_matrix(tmp_path / "out/probeset_expression.tsv")
    assert probesets.gene_ids.tolist() == ["1_at", "2_at", "3_at", "4_at", "6_at", "AFFX-BioB-3_at"]
    assert probesets.gene_names.tolist() == ["TP53", "TP53", "MYC /// JUN", "4_at", "MYC", "AFFX-BioB-3_at"]
    facts = read_json(tmp_path / "out/arrays/arrays.json")
    assert facts["transformation"] == "log2(x)"
    assert facts["rows_with_missing_values"] == 1
    assert facts["annotation"] == {
        "file": "matrix.csv",
        "format": "names in the matrix",
        "how": "highest_mean",
        "probesets": 6,
        "listed": 6,
        "controls_dropped": 1,
        "ambiguous_dropped": 1,
        "unannotated": 1,
        "annotated": 3,
        "genes": 2,
        "reduced_probesets": 1,
        "rows": 2,
    }
    assert facts["notes"] == [
        "matrix.csv: rows that miss a value in some sample are left out: 1 of 7",
        "matrix.csv: the values are no logarithms and will be transformed: log2(x)",
    ]


def test_an_annotation_goes_before_the_symbols_of_the_matrix(tmp_path: Path) -> None:
    (tmp_path / "map.tsv").write_text(ANNOTATION)
    assert import_expression(tmp_path, MATRIX, "--probe_annotation", "map.tsv").returncode == 0
    assert [line.split("\t")[:2] for line in lines(tmp_path / "out/gene_expression.tsv")[1:]] == [
        ["ENSG1", "TP53"],
        ["ENSG3", "FOS"],
        ["ENSG2", "MYC"],
    ]


def test_probesets_can_be_kept_apart(tmp_path: Path) -> None:
    assert import_expression(tmp_path, MATRIX, "--probesets_per_gene", "apart").returncode == 0
    assert [line.split("\t")[:2] for line in lines(tmp_path / "out/gene_expression.tsv")[1:]] == [
        ["1_at", "TP53"],
        ["2_at", "TP53"],
        ["4_at", "4_at"],
        ["6_at", "MYC"],
    ]


def test_genes_with_ids_of_ensembl_are_taken_as_they_are(tmp_path: Path) -> None:
    matrix = "gene_id,gene_name,b,a\nENSG00000000001,X,7.5,8\nENSG00000000002,X,9,14\nENSG00000000003,,6,5\n"
    assert import_expression(tmp_path, matrix).returncode == 0
    assert (
        lines(tmp_path / "out/gene_expression.tsv")
        == matrix.replace(",,", ",ENSG00000000003,").replace(",", "\t").split("\n")[:-1]
    )


def test_log2_values_pass_through_to_the_last_digit(tmp_path: Path) -> None:
    values = np.random.default_rng(5).normal(8, 2, (200, 2))
    rows = "".join(f"{i}_at,{a!r},{b!r}\n" for i, (a, b) in enumerate(values.tolist()))
    assert import_expression(tmp_path, "id,a,b\n" + rows).returncode == 0
    np.testing.assert_array_equal(read_matrix(tmp_path / "out/gene_expression.tsv").values, values[:, ::-1])


def test_quality_is_that_of_the_probesets_with_the_values_as_given_beside(tmp_path: Path) -> None:
    """RLE by hand: two arrays that differ by one log2 unit lie half a unit from their median."""
    rows = "".join(f"{i}_at,{2**e},{2 ** (e + 1)}\n" for i, e in enumerate(np.linspace(4, 12, 50)))
    assert import_expression(tmp_path, "id,a,b\n" + rows).returncode == 0
    folder = tmp_path / "out" / "arrays"
    assert sorted(path.name for path in folder.iterdir()) == [
        "arrays.json",
        "densities.tsv",
        "distributions.tsv",
        "ma.tsv",
        "quality.tsv",
    ]
    header, *arrays = [line.split("\t") for line in lines(folder / "quality.tsv")]
    rle = {row[0]: float(row[header.index("rle_median")]) for row in arrays}
    assert rle == {"b": pytest.approx(0.5), "a": pytest.approx(-0.5)}
    stages = {line.split("\t")[1] for line in lines(folder / "densities.tsv")[1:]}
    assert stages == {"given", "after"}


def test_a_matrix_without_a_sample_ends_with_the_users_status(tmp_path: Path) -> None:
    run = import_expression(tmp_path, MATRIX.replace("other,b", "other,B"))
    assert run.returncode == 2
    assert "sample 'b' is no column of matrix.csv; did you mean 'B'?" in run.stderr
    assert not (tmp_path / "out").exists()
