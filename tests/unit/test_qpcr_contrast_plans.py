"""Which contrasts ΔCt answers, how, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from study_sheets import sheet

from rxpress.contrasts import design_studies
from rxpress.qpcr.contrast_plans import plan_contrasts
from rxpress.qpcr.contrast_tests import LINES, PAIRED, WELCH, ContrastPlan

TWO_DOSES = (("DMSO", 0.0, 24.0), ("bortezomib", 5.0, 24.0), ("bortezomib", 20.0, 24.0))


def planned(
    samples: pd.DataFrame, covariates: tuple[str, ...] = (), requests: Path | None = None
) -> tuple[dict[str, ContrastPlan], list[str]]:
    samples = samples if "kept" in samples else samples.assign(kept=True)
    samples = samples.assign(reason=None)
    design = design_studies(samples, "DMSO", None, covariates, requests)["study"]
    plans, notes = plan_contrasts(design, samples)
    return {plan.id: plan for plan in plans}, notes


def test_a_drug_in_a_line_is_tested_by_welch_and_averages_over_lines_by_lines() -> None:
    lines = {
        f"{side}{i}": response for side, response in (("S", "sensitive"), ("R", "resistant")) for i in "123"
    }
    plans, notes = planned(sheet(lines))
    assert plans["drug.bortezomib.S1"].test == WELCH
    assert plans["drug.bortezomib.S1"].weights == {"S1.bortezomib.20nM.24h": 1.0, "S1.DMSO.24h": -1.0}
    assert {plan.test for id, plan in plans.items() if id.endswith(".class")} == {LINES}
    assert all(plan.testable and not plan.note for plan in plans.values())
    assert notes == []


def test_joint_tests_are_named_and_left_out() -> None:
    plans, notes = planned(sheet(treatments=TWO_DOSES))
    assert "drug.bortezomib.S1.20nM" in plans
    joint = [note for note in notes if note.endswith(": joint tests are not made on ΔCt")]
    assert any(note.startswith("any_dose.bortezomib") for note in joint)
    assert not any(id.startswith("any_dose") for id in plans)


def test_formulas_are_named_and_left_out(tmp_path: Path) -> None:
    contrasts = tmp_path / "contrasts.yml"
    contrasts.write_text(
        "contrasts:\n  - id: own\n    formula: ~ cell_line + treatment\n"
        "    coefficients: {'treatment[T.bortezomib]': 1}\n"
    )
    plans, notes = planned(sheet(), requests=contrasts)
    assert "own" not in plans
    assert "own: formulas are not fitted to ΔCt" in notes


def test_covariates_of_the_model_are_said_not_to_count() -> None:
    _, notes = planned(sheet(), covariates=("batch",))
    assert notes == ["ΔCt is not adjusted for batch"]


def test_without_replicates_there_is_an_estimate_and_no_test() -> None:
    plans, _ = planned(sheet(replicates=1))
    plan = plans["drug.bortezomib.S1"]
    assert plan.weights == {"S1.bortezomib.20nM.24h": 1.0, "S1.DMSO.24h": -1.0}
    assert not plan.testable
    assert "replicate" in plan.note


def test_without_replicates_a_contrast_whose_side_is_lost_is_left_out() -> None:
    samples = sheet(replicates=1)
    lost = samples["cell_line"].isin(["R1", "R2"]) & (samples["treatment"] == "bortezomib")
    plans, _ = planned(samples.assign(kept=~lost))
    assert "drug.bortezomib.S1" in plans
    assert "interaction.bortezomib.resistant_vs_sensitive" not in plans


def test_a_contrast_that_the_kept_samples_cannot_answer_has_its_reason() -> None:
    samples = sheet()
    lost = (samples["cell_line"] == "S1") & (samples["treatment"] == "DMSO")
    plans, notes = planned(samples.assign(kept=~lost))
    assert "drug.bortezomib.S1" not in plans
    assert any(note.startswith("drug.bortezomib.S1: ") and len(note) > 25 for note in notes)


@pytest.mark.parametrize("replicates", [1, 2])
def test_pairs_of_patients_are_tested_within_patients(replicates: int) -> None:
    names = {f"P{i}": "sensitive" if i < 3 else "resistant" for i in range(6)}
    samples = sheet(names, replicates=replicates).rename(columns={"cell_line": "patient"})
    plans, _ = planned(samples)
    paired = {id: plan for id, plan in plans.items() if plan.test == PAIRED}
    assert any(id.startswith("drug.bortezomib") for id in paired)
    for plan in paired.values():
        assert set(plan.patients.values()) <= set(names)
        assert all(len(libraries) == replicates for libraries in plan.libraries.values())


def test_a_single_patient_has_an_estimate_from_the_samples_and_no_test() -> None:
    samples = sheet({"P0": "sensitive"}, replicates=1).rename(columns={"cell_line": "patient"})
    plans, _ = planned(samples)
    assert plans
    assert not any(plan.testable for plan in plans.values())
