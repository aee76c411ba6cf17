"""The report says what arrays/ holds: which arrays stand out and why, in tables, plots and words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from report_page import Page
from staged_arrays import FACTS, stage_arrays
from staged_results import stage_results
from study_sheets import sheet

from rxpress.report.workbook import write_workbook
from rxpress.tables import read_table, write_table

SAMPLES = sheet()["sample"].tolist()
OUTLYING = SAMPLES[1]
OF_READS = {"reads", "libraries", "dispersions", "second_opinion"}
TOPICS = {"arrays", "densities", "array_boxes", "array_ma", "probesets"}


def arrays_only(folder: Path, samples: list[str] = SAMPLES, **facts: Any) -> Path:
    """A results folder of a study on arrays: no reads, no dispersions, no second opinion, tests by limma."""
    stage_results(folder, arrays={"study": "limma"})
    return stage_arrays(folder, samples, **facts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return arrays_only(tmp_path_factory.mktemp("arrays") / "results")


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page(folder)


def test_a_study_on_arrays_has_no_sections_of_reads(page: Page) -> None:
    assert page.topics >= TOPICS
    assert not page.topics & OF_READS


def test_a_study_of_reads_has_no_sections_of_arrays(tmp_path: Path) -> None:
    reads = Page(stage_results(tmp_path / "results"))
    assert not reads.topics & TOPICS
    assert "arrays" not in reads.text("methods_all")


def test_the_planted_array_stands_out_with_its_reasons(page: Page) -> None:
    text = page.text("arrays_outlying_study")
    assert text.startswith("1 of 24. An array that stands out is not left out")
    assert "remove its row from the samplesheet" in text
    assert OUTLYING in text
    for reason in ("31.5 % present", "3'/5' ratio of ACTB", "median NUSE", "RLE spreads wider"):
        assert reason in text.replace("&#x27;", "'")
    assert "1 of 24 arrays stands out" in page.text("summary_all")
    assert f"array {OUTLYING} stands out" in page.text("warnings_all")


def test_the_table_of_arrays_begins_with_those_that_stand_out(page: Page, folder: Path) -> None:
    data = page["arrays_quality_study"].data
    assert next(iter(data)) == OUTLYING
    assert [row.get("state") for row in data.values()] == ["stands out"] + [None] * 23
    truth = read_table(folder / "arrays" / "study" / "quality.tsv").set_index("sample")
    for name in ("scale_factor", "percent_present", "nuse_median", "rle_iqr", "actb_3_5_ratio"):
        assert [row[name] for row in data.values()] == truth.loc[list(data), name].tolist()


def test_a_sample_is_shown_with_its_array(page: Page) -> None:
    row = page["samples_all"].data[OUTLYING]
    assert (row["array"], row["percent_present"]) == ("stands out", 31.5)


def test_curves_of_every_array_are_drawn_before_and_after(page: Page, folder: Path) -> None:
    section = page["densities_study"]
    assert [tab["name"] for tab in section.pconfig["data_labels"]] == [
        "Before normalisation",
        "After normalisation",
    ]
    table = read_table(folder / "arrays" / "study" / "densities.tsv")
    for curves, on_top, stage in zip(
        section.data, section.pconfig["extra_series"], ("before", "after"), strict=True
    ):
        assert [series["name"] for series in on_top] == [OUTLYING]
        assert set(curves) == set(SAMPLES) - {OUTLYING}
        own = table[(table["stage"] == stage) & (table["sample"] == OUTLYING)]
        assert on_top[0]["pairs"] == own[["log2_intensity", "density"]].to_numpy().tolist()


def test_boxes_are_those_of_the_table(page: Page, folder: Path) -> None:
    rle, nuse = page["array_boxes_study"].data
    table = read_table(folder / "arrays" / "study" / "distributions.tsv")
    own = table[table["sample"] == OUTLYING].set_index("measure")
    for boxes, measure in ((rle, "rle"), (nuse, "nuse")):
        assert list(boxes) == SAMPLES
        assert boxes[OUTLYING]["q3"] == pytest.approx(own.loc[measure, "upper_quartile"], abs=1e-5)
        assert boxes[OUTLYING]["max"] == pytest.approx(own.loc[measure, "upper_whisker"], abs=1e-5)


def test_of_many_arrays_the_outlying_and_the_first_have_an_ma_plot(tmp_path: Path) -> None:
    samples = [f"array{i}" for i in range(40)]
    section = Page(arrays_only(tmp_path / "results", samples))["array_ma_study"]
    assert [next(iter(tab)) for tab in section.data] == ["array1", "array0", *samples[2:12]]
    assert section.detail.startswith("Drawn: 12 of 40 arrays")


def test_every_loss_of_probesets_is_said(page: Page) -> None:
    text = page.text("probesets_study")
    annotation = FACTS["annotation"]
    for name in ("controls_dropped", "ambiguous_dropped", "unannotated", "reduced_probesets", "genes"):
        assert f"{annotation[name]:,}" in text
    assert "GPL570.annot.gz" in text


def test_a_matrix_says_what_was_done_to_its_values(tmp_path: Path) -> None:
    facts = {
        "source": "matrix",
        "cdf": None,
        "file": "GSE1_series_matrix.txt.gz",
        "transformation": "log2(x)",
    }
    page = Page(arrays_only(tmp_path / "results", **facts))
    assert "not on a log scale: log2(x) was taken" in page.text("probesets_study")
    assert "GSE1_series_matrix.txt.gz and transformed by log2(x)" in page.text("methods_all")


def test_methods_name_what_was_done_with_references(page: Page) -> None:
    text = page.text("methods_all")
    for said in ("median polish (RMA)", "HG-U133_Plus_2 arrays", "moderated t", "were kept"):
        assert said in text
    for doi in ("10.1093/biostatistics/4.2.249", "10.1093/bioinformatics/19.2.185"):
        assert doi in text
    assert "voom" not in text
    assert "DESeq2" not in text


def test_good_arrays_are_said_to_be_good(folder: Path, tmp_path: Path) -> None:
    quality = read_table(folder / "arrays" / "study" / "quality.tsv").assign(flagged="false", reasons=None)
    write_table(quality, tmp_path / "arrays" / "study" / "quality.tsv")
    page = Page(tmp_path)
    assert page.text("arrays_outlying_study") == "None of 24 does."
    assert "None of 24 arrays stands out." in page.text("summary_all")


def test_the_workbook_has_a_sheet_of_arrays(page: Page, folder: Path, tmp_path: Path) -> None:
    write_workbook(page.results, folder, "title", tmp_path / "results.xlsx")
    rows = list(load_workbook(tmp_path / "results.xlsx")["Arrays"].iter_rows(values_only=True))
    header = [str(cell) for cell in rows[0]]
    assert header[:2] == ["study", "sample"]
    assert [row[header.index("flagged")] for row in rows[1:4]] == ["false", "true", "false"]


def test_sections_are_json_of_plain_numbers(page: Page) -> None:
    facts = page.results.facts
    assert all(json.dumps(section.to_multiqc(facts)) for section in page.sections.values())


def test_the_chip_and_what_was_given_are_told_as_far_as_they_are_known(tmp_path: Path) -> None:
    told = Page(arrays_only(tmp_path / "cel")).text("probesets_study")
    assert "Chip: HG-U133_Plus_2." in told
    assert "Genes of probesets: GPL570.annot.gz (GEO annot)." in told
    assert "the one of highest mean over all arrays stands for it" in told
    apart = {"how": "none", "file": None}
    facts = {"source": "matrix", "chip": None, "cdf": None, "annotation": FACTS["annotation"] | apart}  # type: ignore[operator]
    for transformation, words in (("none", "taken as log2, as they came"), ("log2(x)", "not on a log scale")):
        more = {"file": "GSE1.txt.gz", "transformation": transformation}
        told = Page(arrays_only(tmp_path / words[:3], **facts, **more)).text("probesets_study")
        assert f"Expression was given (GSE1.txt.gz): values were {words}" in told
        assert "Chip" not in told
        assert "Probesets were kept apart" in told
