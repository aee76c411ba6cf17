"""The report says what dose_response/ and qpcr/ hold, with expression and without."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pandas as pd
import pytest
from natsort import natsorted
from openpyxl import load_workbook
from report_page import Page
from staged_arms import CONTRADICTION, DRUG, MOVES, stage_arms, stage_dose, stage_qpcr
from staged_results import stage_results
from study_sheets import sheet

from rxpress.report.build import build_sections, write_sections
from rxpress.report.drawing import draw_figures
from rxpress.report.explorer import write_explorer
from rxpress.report.results import read_results
from rxpress.report.section import Section
from rxpress.report.workbook import write_workbook
from rxpress.tables import read_table, write_json, write_table

ROOT = Path(__file__).parents[2]
LABEL = f"label of {DRUG} <5 nM>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("arms") / "results"
    return Page(stage_arms(stage_results(folder, parameters={"ic50_threshold": 10})))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Page:
    studies = ("a", "b-2")
    return Page(
        stage_arms(stage_results(tmp_path_factory.mktemp("two") / "results", studies=studies), studies)
    )


@pytest.fixture
def viability_only(tmp_path: Path) -> Path:
    """As CHECK_INPUTS and FIT_DOSE_RESPONSE leave it when there is no samplesheet."""
    folder = tmp_path / "results"
    stage_dose(folder)
    write_table(sheet()[:0].assign(data_source=""), folder / "inputs" / "samples.tsv")
    write_json({"studies": {}, "warnings": []}, folder / "inputs" / "plan.json")
    return folder


@pytest.fixture
def qpcr_only(tmp_path: Path) -> Path:
    """As it is when all samples of the sheet have nothing but Ct values."""
    folder = tmp_path / "results"
    stage_qpcr(folder, labels=True)
    for name in ("concordance", "concordance_summary"):
        path = folder / "qpcr" / f"{name}.tsv"
        write_table(read_table(path)[:0], path)
    write_table(sheet().assign(data_source="qpcr"), folder / "inputs" / "samples.tsv")
    write_json({"studies": {"study": {"kind": "qpcr"}}, "warnings": []}, folder / "inputs" / "plan.json")
    return folder


def test_first_words_tell_ic50s_labels_and_verdicts(page: Page) -> None:
    text = page.text("summary_all")
    assert (
        "IC50 of bortezomib in 4 lines, 48 h: from 2 nM (S1) to 40 nM (R1); not reached in S2; not "
        "determined in R2. By IC50, sensitive: S1; resistant: S2, R1." in text
    )
    assert (
        "1 of 4 targets confirmed, 1 no change, 1 without a verdict, 1 contradicted (PSMB8)."
        in text.split("qPCR beside expression in", 1)[1]
    )


def test_lines_stand_from_the_lowest_ic50_to_those_that_are_not_known(page: Page) -> None:
    rows = page["dose_numbers_study"].data
    assert list(rows) == ["S1", "R1", "S2", "R2"]
    assert [row["ic50"] for row in rows.values()] == [
        "2 [1.5, 2.5]",
        "40 [30, 55]",
        "> 100 [120, open]",
        "not determined",
    ]
    assert rows["S2"]["flags"] == "50 % not reached, beyond the doses"
    assert rows["S1"]["bottom"] == "0.00"


def test_labels_stand_beside_those_of_the_sheet_with_their_reasons(page: Page) -> None:
    text = page.text("dose_labels_study")
    assert "S2 resistant sensitive the sheet &lt;wins&gt;" in text
    assert "R2 none resistant IC50 is not determined" in text
    assert f"{CONTRADICTION}." in text


def test_what_the_arms_noticed_stands_among_the_warnings(page: Page) -> None:
    warnings = page["warnings_all"].tables["warnings"]
    told = set(zip(warnings["study"], warnings["noticed_in"], warnings["what"], strict=True))
    assert ("study", "dose–response", CONTRADICTION) in told
    assert ("", "dose–response", "line 7: viability 4.2 is high") in told
    assert ("study", "qPCR", MOVES) in told


def pictures(section: Section) -> list[str]:
    found = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", section.data)
    return [base64.b64decode(data).decode() for data in found]


def test_curves_and_ranking_name_lines_and_labels(page: Page) -> None:
    (ranking,) = pictures(page["dose_ic50_study"])
    (curves,) = pictures(page["dose_curves_study"])
    for picture in (ranking, curves):
        assert all(f">{line}<" in picture for line in ("S1", "S2", "R1", "R2"))
        assert ">sensitive<" in picture
        assert ">resistant<" in picture
    assert "&gt; 100 [120, open]" in ranking
    assert "no label by IC50" in ranking
    assert "beyond the doses" in ranking


def test_fold_changes_have_intervals_and_say_whom_they_speak_of(page: Page) -> None:
    first = page.rows("qpcr_numbers_study")[0]
    assert (first["target"], first["fold"], first["scope"]) == ("HSPA1A", "4 [2.83, 5.66]", "these lines")
    assert first["label"] == LABEL
    assert "598 of 600 wells were used; not detected: CLIP in 2 samples" in page.text("qpcr_changes_study")


def test_a_reference_shows_its_largest_move_and_its_warning(page: Page) -> None:
    rows = page["qpcr_references_study"].data
    assert (rows["GAPDH"]["shift"], rows["ACTB"]["shift"]) == (-0.9, 0.9)
    assert (rows["GAPDH"]["contrast"], rows["ACTB"]["warning"]) == (LABEL, MOVES)


def test_flagged_replicates_are_listed_the_widest_first(page: Page) -> None:
    rows = page.rows("qpcr_replicates_study")
    assert [(row["sample"], row["flag"]) for row in rows] == [
        ("s2", "SD above 0.5"),
        ("s1", "not detected"),
    ]
    assert rows[0]["outlying"] == "Ct 27.9 (line 14)"


def test_verdicts_stand_gene_by_gene_contradicted_ones_first_in_numbers(page: Page) -> None:
    text = page.text("concordance_genes_study")
    assert "confirmed +2.00 | +2.20" in text
    assert "contradicted +1.50 | -1.40" in text
    assert "no verdict – | +0.40*" in text
    rows = page.rows("concordance_numbers_study")
    assert [row.get("verdict") for row in rows[:3]] == ["contradicted", "confirmed", "inconclusive"]


def test_agreement_is_told_per_contrast_without_a_correlation_of_few_genes(page: Page) -> None:
    drug, interaction = page.rows("concordance_agreement")
    assert (drug["same"], drug["verdicts"]) == ("2 of 3", "1 confirmed, 1 contradicted, 1 no change")
    assert interaction["verdicts"] == "1 no change, 2 inconclusive"
    assert "pearson" not in drug
    assert drug["lin"] == ""


def test_pairs_are_drawn_with_their_verdicts(page: Page) -> None:
    (picture,) = pictures(page["concordance_side_by_side_study"])
    assert all(f">{word}<" in picture for word in ("confirmed", "contradicted", "HSPA1A", "PSMB8"))
    assert ">CLIP<" not in picture  # it has no fold change by qPCR


def test_methods_tell_of_both_arms(page: Page) -> None:
    text = page.text("methods_all")
    assert "by whether the IC50 exceeds 10 nM" in text
    assert "Fold changes by qPCR are ΔΔCt, relative to GAPDH and ACTB (geometric mean)" in text
    assert "10.1006/meth.2001.1262" in text


def test_sections_stand_on_the_page_in_the_order_of_the_build(two: Page) -> None:
    """MultiQC sorts the sections of a topic by their names."""
    for topic in ("dose", "qpcr", "concordance"):
        for study in ("a: ", "b-2: "):
            names = [
                s.heading.text
                for s in two.sections.values()
                if s.topic.id == f"rxpress_{topic}" and s.heading.text.startswith(study)
            ]
            assert names, topic
            assert names == natsorted(names), topic


def test_every_file_that_a_section_names_is_there(page: Page) -> None:
    for section in page.sections.values():
        text = f"{section.topic.text(page.results.facts)} {section.detail}"
        for part, name in re.findall(r"\b(dose_response|qpcr)/(\w+\.tsv)", text):
            assert name == "wells.tsv" or (page.folder / part / name).exists(), section.id


def test_another_study_s_expression_is_told_behind_the_own_one(tmp_path: Path) -> None:
    folder = stage_arms(stage_results(tmp_path / "results", studies=("a", "b")), ("a",))
    path = folder / "qpcr" / "concordance.tsv"
    pairs = read_table(path)
    write_table(pd.concat([pairs.assign(expression_study="b"), pairs]), path)
    page = Page(folder)
    assert "; beside the expression of b, 1 of 4 targets confirmed" in page.text("summary_all")
    body = page["concordance_side_by_side_a"].data
    assert body.index("its own expression") < body.index("expression of b")
    draw_figures(page.results, tmp_path / "figures")
    drawn = {path.stem for path in (tmp_path / "figures").glob("*.svg")}
    named = {"ic50_a", "dose_response_a_bortezomib", "qpcr_a", "concordance_a", "concordance_a_b"}
    assert named <= drawn


def test_a_study_with_only_viability_gets_what_there_is(viability_only: Path) -> None:
    page = Page(viability_only)
    assert page.topics == {"summary", "dose", "warnings", "methods", "parameters"}
    text = page.text("summary_all")
    assert "1 study of viability alone." in text
    assert "IC50 of bortezomib in 4 lines" in text
    assert "Nothing was tested" not in text


def test_a_study_with_only_qpcr_gets_what_there_is(qpcr_only: Path) -> None:
    page = Page(qpcr_only)
    assert page.topics == {"summary", "qpcr", "samples", "general", "warnings", "methods", "parameters"}
    text = page.text("summary_all")
    assert "24 samples in 1 study, by qPCR alone" in text
    assert "qPCR: 2 of 4 targets change in “the drug in S1” (adjusted p &lt; 0.05): HSPA1A 4-fold" in text
    assert page.rows("qpcr_numbers_study")[0]["scope"] == "these lines"


def test_studies_of_one_arm_stand_beside_one_of_expression(tmp_path: Path) -> None:
    folder = stage_results(tmp_path / "results", studies=("reads",))
    stage_dose(folder, ("reads", "cells"))
    stage_qpcr(folder, ("pcr",))
    path = folder / "inputs" / "samples.tsv"
    own = sheet().assign(study="pcr", data_source="qpcr")
    own["sample"] = "pcr_" + own["sample"]
    write_table(pd.concat([read_table(path).assign(data_source="reads"), own]), path)
    page = Page(folder)
    text = page.text("summary_all")
    assert "48 samples in 3 studies" in text
    assert all(f"{study}: IC50 of bortezomib" in text for study in ("reads", "cells"))
    assert "pcr: qPCR beside expression" in text
    assert "Nothing was tested" not in text + page.text("claims_all")
    assert [id for id in page.sections if id.startswith("pca")] == ["pca_reads"]
    assert len(page["samples_all"].data) == 48
    write_workbook(page.results, folder, "a title", tmp_path / "results.xlsx")
    draw_figures(page.results, tmp_path / "figures")


def test_qpcr_without_contrasts_says_why(qpcr_only: Path) -> None:
    path = qpcr_only / "qpcr" / "fold_changes.tsv"
    write_table(read_table(path)[:0], path)
    page = Page(qpcr_only)
    assert "no contrast could be estimated" in page.text("qpcr_changes_study")
    assert "no efficiency is given" in page.text("qpcr_changes_study")
    draw_figures(page.results, qpcr_only.parent / "figures")


@pytest.mark.parametrize("kind", ["viability_only", "qpcr_only"])
def test_workbook_and_explorer_take_a_run_without_expression(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder: Path = request.getfixturevalue(kind)
    results = read_results(folder)
    write_sections(results, build_sections(results), tmp_path / "report")
    draw_figures(results, tmp_path / "figures")
    assert list((tmp_path / "figures").glob("*.png"))
    write_workbook(results, folder, "a title", tmp_path / "results.xlsx")
    sheets = load_workbook(tmp_path / "results.xlsx").sheetnames
    dose = ["About", "IC50", "IC50 labels"]
    qpcr = ["About", "Samples", "qPCR", "qPCR references", "qPCR replicates"]
    assert sheets == (dose if kind == "viability_only" else qpcr)
    write_explorer(results, folder, [], "a title", ROOT / "assets" / "gene_explorer", tmp_path / "page.html")
    assert "There is no gene in these results" in (tmp_path / "page.html").read_text()
