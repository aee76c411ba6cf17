"""The methods of studies on arrays, in words that follow from what was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from staged_arrays import FACTS, stage_arrays
from staged_results import stage_results
from study_sheets import sheet

from rxpress.report.array_methods import array_steps
from rxpress.report.results import read_results
from rxpress.tables import read_table, write_table

SAMPLES = sheet()["sample"].tolist()


def told(folder: Path, **facts: Any) -> dict[str, tuple[str, ...]]:
    results = stage_arrays(stage_results(folder, arrays={"study": "rma"}), SAMPLES, **facts)
    return {step.text: step.cites for step in array_steps(read_results(results))}


def test_cel_files_by_rma_are_described_and_cited(tmp_path: Path) -> None:
    texts = told(tmp_path)
    first = next(iter(texts))
    assert first.startswith("Intensities of HG-U133_Plus_2 arrays were corrected")
    assert texts[first] == ("rma", "quantiles")
    assert any("GPL570.annot.gz; those of several genes were dropped" in text for text in texts)
    assert any(text.startswith("Arrays were assessed by relative log expression") for text in texts)


def test_mas5_is_described_as_such(tmp_path: Path) -> None:
    assert told(tmp_path, method="mas5")[
        "Signals of HG-U133_Plus_2 arrays are those of MAS5, scaled to 500, as log2 values"
    ] == ("mas5",)


@pytest.mark.parametrize(
    ("transformation", "words"),
    [("none", "taken as log2 values"), ("log2(x + 1)", "transformed by log2(x + 1)")],
)
def test_a_given_matrix_is_described_with_what_became_of_its_values(
    tmp_path: Path, transformation: str, words: str
) -> None:
    facts = {"source": "matrix", "chip": None, "file": "GSE1.txt.gz", "transformation": transformation}
    texts = told(tmp_path, **facts)
    assert f"Expression of arrays was given in GSE1.txt.gz and {words}" in texts


def test_probesets_that_keep_their_names_are_said_to(tmp_path: Path) -> None:
    texts = told(tmp_path, annotation=FACTS["annotation"] | {"how": "none", "file": None})  # type: ignore[operator]
    assert "Probesets were named as given and tested apart" in texts


def test_arrays_without_measures_of_quality_are_not_said_to_be_assessed(tmp_path: Path) -> None:
    told(tmp_path)
    quality = tmp_path / "arrays" / "study" / "quality.tsv"
    write_table(read_table(quality)[["sample"]], quality)
    texts = [step.text for step in array_steps(read_results(tmp_path))]
    assert texts
    assert not any("assessed" in text or "present" in text for text in texts)


def test_studies_of_reads_have_no_such_steps(tmp_path: Path) -> None:
    assert array_steps(read_results(stage_results(tmp_path))) == []
