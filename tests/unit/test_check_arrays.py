"""CEL files, chips, ready matrices and annotation: what a user reads of each fault before anything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from input_files import told
from made_array_study import ArrayStudy, write_array_study

SAMPLES = ("a1", "a2", "b1", "b2")
PROBESETS = [f"{i}_at" for i in range(60)]
SHEET = "sample,cel,cell_line,treatment\n" + "".join(
    f"{sample},cel/{sample}.CEL,X,{'DMSO' if sample.startswith('a') else 'drug'}\n" for sample in SAMPLES
)
READY = "sample,cell_line,treatment\na1,X,DMSO\na2,X,DMSO\nb1,X,drug\nb2,X,drug\n"
MATRIX = "probe,a1,a2,b1,b2\n1_at,7.1,7.2,8.4,8.5\n2_at,5.0,5.1,5.2,5.0\n"


@pytest.fixture
def arrays(tmp_path: Path) -> ArrayStudy:
    """Four arrays of every version; the sheet SHEET finds them."""
    expression = np.full((len(PROBESETS), len(SAMPLES)), 8.0)
    return write_array_study(tmp_path, expression, PROBESETS, SAMPLES, forms=("v4", "calvin", "v3"))


def given(arrays: ArrayStudy, **more: object) -> dict[str, object]:
    return {"cdf": str(arrays.cdf), "probe_annotation": str(arrays.annotation), **more}


def rename_chip(path: Path, chip: str) -> None:
    """The chip's name in a CEL file replaced by another of the same length."""
    data = path.read_bytes()
    for coding in ("latin-1", "utf-16-be"):
        data = data.replace("Made-U1".encode(coding), chip.encode(coding))
    path.write_bytes(data)


def test_arrays_with_their_chip_and_annotation_are_right(tmp_path, arrays):
    assert told(tmp_path, SHEET, given(arrays)) == ([], [])
    folder = {"cdf": str(arrays.cdf.parent), "probe_annotation": str(arrays.annotation.parent)}
    assert told(tmp_path, SHEET, folder) == ([], [])


def test_arrays_without_a_description_of_their_chip_are_told_where_to_get_one(tmp_path, arrays):
    problems, warnings = told(tmp_path, SHEET, {})
    assert problems == [
        "--cdf: is missing: it says which cells of a CEL file are probes of which probeset; "
        "docs/usage.md says under 'CEL files' where to get the CDF file of a chip"
    ]
    assert warnings == [
        "--probe_annotation: is not given: probesets are tested as they are, and other studies know no genes "
        "by their names"
    ]


def test_what_is_no_cel_file_or_cut_off_is_told_for_every_line(tmp_path, arrays):
    files = {sample: tmp_path / f"cel/{sample}.CEL" for sample in SAMPLES}
    files["a1"].write_bytes(files["a1"].read_bytes()[:-500])  # version 4
    files["a2"].write_text("no array")
    files["b1"].unlink()
    files["b2"].write_bytes(b"")
    problems = told(tmp_path, SHEET, given(arrays))[0]
    assert len(problems) == 4
    for problem, line, what in zip(
        problems,
        range(2, 6),
        ("is truncated: it has", "is not a CEL file", "does not exist", "is empty"),
        strict=True,
    ):
        assert problem.startswith(
            f"samples.csv:{line}: column 'cel': file 'cel/{SAMPLES[line - 2]}.CEL' {what}"
        )


def test_an_array_of_another_chip_is_told_with_both_names(tmp_path, arrays):
    rename_chip(tmp_path / "cel/a2.CEL", "Made-X9")
    rename_chip(tmp_path / "cel/b1.CEL", "Made-X9")
    problems = told(tmp_path, SHEET, given(arrays))[0]
    assert [problem.split(": ")[0] for problem in problems] == ["samples.csv:3", "samples.csv:4"]
    for problem in problems:
        assert "is of the chip 'Made-X9'" in problem
        assert "but line 2 of 'Made-U1'" in problem


def test_a_cdf_of_another_chip_is_told_and_a_folder_without_the_right_one(tmp_path, arrays):
    other = arrays.cdf.rename(tmp_path / "Made-X9.cdf")  # an XDA file is called as its chip
    problems = told(tmp_path, SHEET, given(arrays, cdf=str(other)))[0]
    assert len(problems) == 1
    assert problems[0].startswith("Made-X9.cdf: is of the chip 'Made-X9'")
    assert "arrays of study 'study' are of 'Made-U1'" in problems[0]
    problems = told(tmp_path, SHEET, given(arrays, cdf=str(tmp_path)))[0]
    assert len(problems) == 1
    assert "has no CDF file of the chip 'Made-U1'" in problems[0]


def test_each_study_may_be_of_a_chip_of_its_own(tmp_path, arrays):
    for sample in ("b1", "b2"):
        rename_chip(tmp_path / f"cel/{sample}.CEL", "Made-X9")
    (tmp_path / "Made-X9.cdf").write_bytes(arrays.cdf.read_bytes())
    sheet = (
        SHEET.replace(",treatment", ",treatment,study")
        .replace("DMSO", "DMSO,one")
        .replace("drug", "drug,two")
    )
    assert told(tmp_path, sheet, given(arrays, cdf=str(tmp_path)))[0] == []


def test_mas5_needs_mismatches(tmp_path):
    expression = np.full((len(PROBESETS), len(SAMPLES)), 8.0)
    arrays = write_array_study(tmp_path, expression, PROBESETS, SAMPLES, mismatches=False)
    problems = told(tmp_path, SHEET, given(arrays, array_method="mas5"))[0]
    assert problems == ["--array_method: mas5 needs mismatch probes, and Made-U1.cdf has none; use rma"]


def test_an_array_is_a_whole_sample_and_a_study_one_platform(tmp_path, arrays):
    twice = SHEET + "a1,cel/b2.CEL,X,DMSO\n"
    problems = told(tmp_path, twice, given(arrays))[0]
    assert any("has other lines, but a CEL file is a whole sample" in problem for problem in problems)
    mixed = READY.replace("cell_line", "cel,cell_line").replace(",X", ",,X").replace("a1,,", "a1,cel/a1.CEL,")
    (tmp_path / "matrix.csv").write_text(MATRIX)
    problems = told(tmp_path, mixed, given(arrays, expression_matrix=str(tmp_path / "matrix.csv")))[0]
    assert any(
        "sample 'a1' has a CEL file, unlike others of study 'study'" in problem for problem in problems
    )


def test_an_annotation_of_another_platform_is_told(tmp_path, arrays):
    arrays.annotation.write_text("PROBEID\tSYMBOL\nother_at\tACTB\n")
    problems = told(tmp_path, SHEET, given(arrays))[0]
    assert problems == [
        "Made-U1.annotation.tsv: lists 0 of 66 probesets; give the annotation of the arrays' platform"
    ]


def test_a_ready_matrix_has_its_samples_and_needs_no_chip(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text(MATRIX)
    assert told(tmp_path, READY, {"expression_matrix": str(path)})[0] == []
    problems = told(tmp_path, READY.replace("b2", "B2"), {"expression_matrix": str(path)})[0]
    assert len(problems) == 1
    assert problems[0].startswith("samples.csv:5: column 'sample': sample 'B2' is no column of matrix.csv")
    assert "did you mean 'b2'?" in problems[0]


def test_a_sample_in_two_matrices_is_told(tmp_path):
    (tmp_path / "matrix.csv").write_text(MATRIX)
    (tmp_path / "counts.csv").write_text("gene_id,a1\nG1,10\n")
    files = {"expression_matrix": str(tmp_path / "matrix.csv"), "counts": str(tmp_path / "counts.csv")}
    problems = told(tmp_path, READY, files)[0]
    assert problems[0] == (
        "samples.csv:2: column 'sample': sample 'a1' is a column of --counts and of --expression_matrix; "
        "remove it from one of them"
    )


def test_tests_that_do_not_fit_are_refused_or_give_way(tmp_path, arrays):
    (tmp_path / "counts.csv").write_text("gene_id,c1,c2\nG1,10,3\nG2,4,4\n")
    assert told(tmp_path, SHEET, given(arrays, test_method="deseq2"))[0] == [
        "--test_method: deseq2 is no test of arrays; use limma or ttest or anova"
    ]
    both = (
        SHEET.replace("treatment", "treatment,study").replace("DMSO", "DMSO,one").replace("drug", "drug,one")
    )
    both += "c1,,X,DMSO,two\nc2,,X,drug,two\n"
    more = {"counts": str(tmp_path / "counts.csv")}
    problems, warnings = told(tmp_path, both, given(arrays, test_method="ttest", **more))
    assert problems == []
    assert "--test_method: ttest is no test of counts: these are tested as by auto" in warnings


def test_files_that_serve_nothing_are_warnings(tmp_path, arrays):
    (tmp_path / "counts.csv").write_text("gene_id,a1,a2,b1,b2\nG1,10,3,4,5\n")
    warnings = told(tmp_path, READY, given(arrays, counts=str(tmp_path / "counts.csv")))[1]
    for name in ("cdf", "probe_annotation"):
        assert f"--{name}: is not used: no sample is an array" in warnings
