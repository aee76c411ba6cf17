"""The methods of tests, in words that follow from how a study was fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from staged_results import stage_results

from rxpress.report import testing
from rxpress.report.results import read_results
from rxpress.tables import read_json, write_json


def told(folder: Path, method: str = "", unit: str = "cell_line", **design: Any) -> list[str]:
    stage_results(folder, arrays={"study": method} if method else None)
    path = folder / "differential" / "study" / "contrasts.json"
    write_json({**read_json(path), "unit": unit, **design}, path)
    return [step.text for step in testing.testing_steps(read_results(folder))]


def test_counts_of_lines_are_modelled_as_by_deseq2(tmp_path: Path) -> None:
    steps = told(tmp_path)
    assert steps[0].startswith(
        "Counts of each study were modelled by negative binomial regression as in DESeq2"
    )
    assert "was tested with a Wald test" in steps[1]
    assert steps[2] == "A second test asks for a change beyond 2-fold. Fold changes were shrunken"
    assert "The same contrasts of counts were tested by limma-voom for a second opinion" in steps


def test_covariates_are_named(tmp_path: Path) -> None:
    assert "and additive effects of batch, rin" in told(tmp_path, covariates=["batch", "rin"])[0]


def test_patients_are_blocks_of_summed_libraries_or_averaged_arrays(tmp_path: Path) -> None:
    assert told(tmp_path / "reads", unit="patient")[0].startswith(
        "Libraries of one patient and condition were summed; "
    )
    first = told(tmp_path / "arrays", "limma", unit="patient")[0]
    assert first.startswith("Arrays of one patient and condition were averaged; ")
    assert "with patients as blocks" in first


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("limma", "a moderated t"),
        ("ttest", "Student's t of the samples"),
        ("anova", "its variance that of the whole"),
    ],
)
def test_arrays_are_fitted_by_linear_models_and_tested_as_asked(
    tmp_path: Path, method: str, words: str
) -> None:
    steps = told(tmp_path, method)
    assert steps[0].startswith("Log2 expression of each study was fitted by linear models")
    assert steps[0].endswith("weighted by the inverse variance of their line")
    assert words in steps[1]
    assert not any("second opinion" in step for step in steps)


def test_nothing_is_told_when_nothing_was_tested(tmp_path: Path) -> None:
    stage_results(tmp_path, untested_because="no replicates")
    assert testing.testing_steps(read_results(tmp_path)) == []
