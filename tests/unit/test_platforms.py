"""A study of arrays, alone and beside one of reads: comparison, interpretation, report and exports."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook
from packed import numbers, unpack
from staged_results import CALLS
from study_sheets import sheet
from test_array_expression import made
from test_report import report  # noqa: F401
from test_test_expression import CHANGED, designed, planted_counts

from rxpress.report.comparisons import ma_axes
from rxpress.report.explorer import explorer_payload
from rxpress.report.results import read_results
from rxpress.report.workbook import write_workbook
from rxpress.tables import read_matrix, read_table, write_json, write_matrix, write_table

BIN = Path(__file__).resolve().parents[2] / "bin"
DRUG = "drug.bortezomib.all"
# What is true of counts only.
OF_COUNTS = re.compile(
    r"DESeq2|voom|VST|variance.stabil|shrunken|normalised counts|per million|size factor", re.I
)


def command(name: str, *words: object) -> None:
    done = subprocess.run(
        [sys.executable, BIN / name, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def analyze(results: Path, study: str, measured: str) -> None:
    """Runs test_expression.py on a study of made counts or expression, into a results folder."""
    samples, design = designed(sheet({"S1": "sensitive"}))
    samples, design = samples.assign(study=study), replace(design, study=study)
    matrix = planted_counts(samples) if measured == "counts" else made(samples, 800, effect=2.0)
    if measured == "expression":
        of_reads = planted_counts(samples)
        matrix = replace(matrix, gene_ids=of_reads.gene_ids, gene_names=of_reads.gene_names)
    folder = results / "differential" / study
    write_table(samples.assign(kept="true"), folder / "samples.tsv")
    write_json(design.to_json(), folder / "contrasts.json")
    write_matrix(matrix, results / f"{study}.tsv")
    given = [
        "--samples",
        folder / "samples.tsv",
        "--contrasts",
        folder / "contrasts.json",
        "--outdir",
        folder,
    ]
    command("test_expression.py", f"--{measured}", results / f"{study}.tsv", *given)
    (results / "expression" / study).mkdir(parents=True)
    (folder / "log2_expression.tsv").rename(results / "expression" / study / "log2_expression.tsv")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a study of reads and one of arrays, from their tests to what is read of them."""
    folder = tmp_path_factory.mktemp("platforms") / "results"
    analyze(folder, "reads", "counts")
    analyze(folder, "arrays", "expression")
    tests = [folder / "differential" / study for study in ("reads", "arrays")]
    expression = [folder / "expression" / study for study in ("reads", "arrays")]
    sets = folder.parent / "sets.gmt"
    names = read_table(tests[0] / f"{DRUG}.tsv")["gene_name"]
    sets.write_text("\t".join(["RISING", "", *names[:30]]) + "\n")
    command("compare_studies.py", "--differential", *tests, "--outdir", folder / "comparison")
    command(
        *("interpret_response.py", "--differential", *tests, "--expression", *expression),
        *("--gene_sets", sets, "--permutations", 50, "--outdir", folder / "interpretation"),
    )
    command("report_sections.py", "--results", folder, "--outdir", folder.parent / "report")
    return folder


def test_both_platforms_meet_in_the_comparison(results: Path) -> None:
    table = read_table(results / "comparison" / f"{DRUG}.tsv")
    planted = table["gene_id"].isin([f"ENSG{i:05d}" for i in range(CHANGED.stop)])
    assert (table["studies"] == 2).sum() > 700
    assert planted.sum() == CHANGED.stop
    assert (table.loc[planted, "stouffer_p_adjusted"] < 1e-3).all()
    assert (table.loc[planted, "log2_fold_change"] > 1).all()


def test_gene_sets_are_found_on_both_platforms(results: Path) -> None:
    rows = read_table(results / "interpretation" / "pathways.tsv")
    rows = rows[rows["contrast"] == DRUG].set_index("study")
    assert (rows.loc[["reads", "arrays"], "camera_p_value"] < 1e-10).all()
    assert (rows.loc[["reads", "arrays"], "up_found"] >= 28).all()


def test_the_report_of_both_says_of_each_how_it_was_tested(results: Path) -> None:
    text = (results.parent / "report" / "sections" / "rxpress_methods_all_mqc.json").read_text()
    assert "Counts of reads were modelled by negative binomial regression" in text
    assert "Log2 expression of arrays was fitted by linear models" in text
    assert "Each contrast of arrays is a linear combination" in text
    assert "contrasts of counts were tested by limma-voom" in text
    called = read_table(results.parent / "report" / "tables" / "calls.tsv").set_index(["study", "id"])
    assert called.loc[("arrays", DRUG), "up"] >= 95


def test_workbook_and_explorer_hold_both(results: Path) -> None:
    read = read_results(results)
    write_workbook(read, results, "a title", results.parent / "results.xlsx")
    book = load_workbook(results.parent / "results.xlsx", read_only=True)
    assert sum("drug.bortezomib.all" in name for name in book.sheetnames) == 3  # each, and both
    header, arrays = unpack(explorer_payload(read, results, [], "a title"))
    told = {study["name"]: numbers(study["values"], arrays) for study in header["studies"]}
    expected = read_matrix(results / "expression" / "arrays" / "log2_expression.tsv").values
    np.testing.assert_allclose(told["arrays"].reshape(expected.shape), expected, atol=0.0051)
    axes = {study.name: ma_axes([study]) for study in read.studies}
    assert axes["reads"] == ("mean of normalised counts (log10)", "shrunken log2 fold change")
    assert axes["arrays"] == ("mean expression (log10)", "log2 fold change")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("limma", "was tested with a moderated t"),
        ("ttest", "Student&#x27;s t of the samples of its conditions"),
        ("anova", "its variance that of the whole model"),
    ],
)
def test_a_report_of_arrays_says_nothing_that_is_true_of_counts_only(report, method, said) -> None:  # noqa: F811
    made = report(arrays={"study": method})
    texts = {path.name: path.read_text() for path in (made.folder / "sections").glob("*.json")}
    assert said in texts["rxpress_methods_all_mqc.json"]
    assert "samples weighted by the inverse variance of their line" in texts["rxpress_methods_all_mqc.json"]
    assert not any(
        id.startswith(("rxpress_dispersions", "rxpress_second", "rxpress_reads")) for id in made.ids
    )
    told = {name: OF_COUNTS.findall(text) for name, text in texts.items()}
    assert {name: words for name, words in told.items() if words} == {}
    assert len(made.table("calls")) == len(CALLS)


def test_false_positives_to_expect_stand_beside_the_calls(report) -> None:  # noqa: F811
    made = report(arrays={"study": "ttest"}, parameters={"p_value": "raw"})
    assert made.table("calls")["expected_false_positives"].tolist() == pytest.approx([0.05 * 58] * 2)
    (numbers,) = made.section("rxpress_contrasts_all")["data"]
    assert [row["expected_false_positives"] for row in numbers.values()] == pytest.approx([2.9] * 2)
    assert "expected_false_positives" not in report(parameters={}).table("calls")
