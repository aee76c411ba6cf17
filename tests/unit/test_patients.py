"""Patients: pairs, summed libraries and responses, against R's DESeq2 on the same samples."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deseq2_goldens import assert_same_p_values, assert_same_set
from study_sheets import DMSO, sheet

from rxpress.contrasts import design_studies, plan_study
from rxpress.design.conditions import final_samples
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.differential.calls import CallRule
from rxpress.differential.expression import StudyResults, analyze_study
from rxpress.differential.study_counts import prepare_counts
from rxpress.errors import InputError
from rxpress.inference import BatchedInference
from rxpress.tables import GeneMatrix, read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "patients"
FOUND_OUT = dict.fromkeys(("reads", "percent_mapped", "library_type", "response_source", "reason"))
SILENT = slice(0, 5)
CONTRASTS = {
    "all": "drug.drug.all",
    "sensitive": "drug.drug.sensitive",
    "resistant": "drug.drug.resistant",
    "interaction": "interaction.drug.resistant_vs_sensitive",
    "baseline": "baseline.resistant_vs_sensitive",
    "treated": "treated.drug.resistant_vs_sensitive",
}


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz", text=["gene_id", "sample", "patient"])


@cache
def cohort() -> tuple[StudyDesign, StudyResults]:
    """The cohort of the goldens: 12 patients, 4 without a pair, one vehicle in two libraries."""
    table = golden("counts")
    ids, names = table["gene_id"].to_numpy(str), table.columns[1:].tolist()
    counts = GeneMatrix(ids, ids, names, table[names].to_numpy(float))
    samples = golden("samples").assign(study="study", kept=True, **FOUND_OUT)
    design = design_studies(samples, "vehicle")["study"]
    samples = final_samples(samples, "vehicle").assign(kept=True)
    ready = prepare_counts(counts, None, names)
    return design, analyze_study(ready, samples, design, CallRule(), BatchedInference(), "auto")


def contrast(design: StudyDesign, name: str) -> Contrast:
    return next(found for found in design.contrasts if found.id == name)


def patients(responses: dict[str, str] | None = None, **settings) -> pd.DataFrame:
    """Patients S1, S2, R1, R2 with a library under DMSO and one under bortezomib."""
    lines = {"S1": "sensitive", "S2": "sensitive", "R1": "resistant", "R2": "resistant"}
    return sheet(responses or lines, **{"replicates": 1, **settings}).rename(columns={"cell_line": "patient"})


@pytest.mark.parametrize("name", CONTRASTS)
def test_every_family_has_the_results_of_r(name: str) -> None:
    ours, theirs = cohort()[1].tables[f"{CONTRASTS[name]}.tsv"], golden(name)
    assert ours["gene_id"].tolist() == theirs["gene_id"].tolist()
    if name == "sensitive":  # silent in both conditions: p is 1, where R has what its search stopped at
        assert (ours["p_value"][SILENT] == 1).all()
        ours, theirs = (table[SILENT.stop :].reset_index(drop=True) for table in (ours, theirs))
    assert ours["base_mean"].to_numpy() == pytest.approx(theirs["base_mean"].to_numpy(), rel=1e-6)
    separated = theirs["lfc_se"] > 2
    likely = ((theirs["p_value"] < 0.1) & ~separated).to_numpy()
    for column in ("log2_fold_change", "lfc_se"):
        ratio = ours[column][likely] / theirs[column][likely]
        assert np.quantile(np.abs(ratio - 1), 0.99) < 1e-3, column
    assert_same_p_values(ours["p_value"].to_numpy(), theirs["p_value"])
    for column in ("p_adjusted", "p_adjusted_threshold"):
        assert_same_set((ours[column] < 0.05).to_numpy(), (theirs[column] < 0.05).to_numpy())


def test_the_summed_library_and_the_pairs_are_those_meant() -> None:
    design, _ = cohort()
    models = {model.name: model for model in design.models}
    assert models["baseline"].libraries["P03.vehicle"] == ("L4", "L21")
    paired = {"P01", "P03", "P04", "P06", "P07", "P08", "P10", "P11"}
    for name in ("pairs.drug", "pairs_by_response.drug"):
        assert {sample.split(".")[0] for sample in models[name].conditions} == paired
    (note,) = [note for note in design.notes if "incomplete" in note]
    assert note.endswith("P02 (no vehicle), P09 (no vehicle), P05 (no drug), P12 (no drug)")
    assert len(contrast(design, "drug.drug.all").samples) == 17


def test_each_model_is_normalised_by_its_own_samples_and_fit_json_tells() -> None:
    _, results = cohort()
    baseline = results.facts["models"]["baseline"]
    assert baseline["samples"] == 10
    assert set(baseline["sample_size_factors"]) == {
        s for s in baseline["sample_size_factors"] if "vehicle" in s
    }
    assert results.tables["size_factors.tsv"]["sample"].tolist() == golden("samples")["sample"].tolist()
    assert set(results.tables["dispersions.tsv"]["model"]) == set(results.facts["models"])


def test_patients_have_conditions_of_their_response_and_no_lines() -> None:
    design = plan_study(patients(), "DMSO")
    assert design.unit == "patient"
    assert design.conditions[0] == "sensitive.DMSO.24h"
    assert [c.id for c in design.contrasts] == [
        "baseline.resistant_vs_sensitive",
        "drug.bortezomib.sensitive",
        "drug.bortezomib.resistant",
        "drug.bortezomib.all",
        "interaction.bortezomib.resistant_vs_sensitive",
        "treated.bortezomib.resistant_vs_sensitive",
    ]
    assert {(c.scope, c.lines) for c in design.contrasts} == {("patients", ())}


def test_without_responses_there_is_the_drug_effect_over_all_pairs() -> None:
    design = plan_study(patients(dict.fromkeys(("A", "B", "C"), "")), "DMSO")
    assert [c.id for c in design.contrasts] == ["drug.bortezomib.all"]
    assert design.contrasts[0].weights == {"bortezomib.20nM.24h": 1, "DMSO.24h": -1}


def test_pairs_are_matched_at_each_dose_and_time() -> None:
    low = ("bortezomib", 5.0, 24.0)
    samples = patients(treatments=[DMSO, ("bortezomib", 20.0, 24.0), low])
    samples = samples[~samples["sample"].isin(["S1_bortezomib_5_24_1", "R2_DMSO_0_24_1"])]
    design = plan_study(samples, "DMSO")
    models = {model.name: model for model in design.models}
    assert {s.split(".")[0] for s in models["pairs.bortezomib.20nM"].conditions} == {"S1", "S2", "R1"}
    assert {s.split(".")[0] for s in models["pairs.bortezomib.5nM"].conditions} == {"S2", "R1"}
    notes = [note for note in design.notes if "incomplete" in note]
    assert any("5 nM, 24 h: R2 (no DMSO), S1 (no bortezomib)" in note for note in notes)


def test_a_sample_left_out_breaks_its_pair_but_not_the_comparison_of_the_other_half() -> None:
    responses = {f"{side[0].upper()}{i}": side for side in ("sensitive", "resistant") for i in range(4)}
    samples = patients(responses)
    samples["kept"] = samples["sample"] != "S1_bortezomib_20_24_1"
    (design,) = design_studies(samples, "DMSO").values()
    assert len(contrast(design, "drug.bortezomib.all").samples) == 14
    assert len(contrast(design, "drug.bortezomib.sensitive").samples) == 6
    assert "S1_DMSO_0_24_1" in contrast(design, "baseline.resistant_vs_sensitive").samples
    assert any("S1 (no bortezomib)" in note for note in design.notes)


def test_one_pair_is_not_enough_and_the_reason_says_so() -> None:
    samples = patients()
    samples["kept"] = samples["sample"].isin(["S1_DMSO_0_24_1", "S1_bortezomib_20_24_1", "R1_DMSO_0_24_1"])
    (design,) = design_studies(samples, "DMSO").values()
    assert {c.status for c in design.contrasts} == {"not_estimable"}
    assert "no replicates" in design.untested_because
    samples["kept"] = samples["sample"].str.contains("DMSO")
    (design,) = design_studies(samples, "DMSO").values()
    assert contrast(design, "drug.bortezomib.all").reason == "no complete pair is left"
    assert contrast(design, "baseline.resistant_vs_sensitive").status == "ok"


def test_a_patient_has_one_response_and_its_rows_speak_for_each_other() -> None:
    samples = patients()
    samples.loc[samples["treatment"] == "DMSO", "response"] = None
    assert plan_study(samples, "DMSO").conditions[0] == "sensitive.DMSO.24h"
    samples.loc[samples["treatment"] == "DMSO", "response"] = "resistant"
    with pytest.raises(InputError, match="patient 'S1' is called both sensitive and resistant"):
        plan_study(samples, "DMSO")


def test_each_drug_has_its_baseline_where_patients_answer_drugs_differently() -> None:
    samples = patients(treatments=[DMSO, ("bortezomib", 20.0, 24.0), ("carfilzomib", 5.0, 24.0)])
    samples.loc[samples["treatment"] == "DMSO", "response"] = None
    swapped = samples["response"].map({"sensitive": "resistant", "resistant": "sensitive"})
    samples["response"] = samples["response"].mask(samples["treatment"] == "carfilzomib", swapped)
    design = plan_study(samples, "DMSO")
    models = {model.name: model.conditions for model in design.models}
    assert models["baseline.bortezomib"]["S1.DMSO.24h"] == "sensitive.DMSO.24h"
    assert models["baseline.carfilzomib"]["S1.DMSO.24h"] == "resistant.DMSO.24h"
    assert models["pairs_by_response.carfilzomib"]["S1.DMSO.24h"] == "resistant.DMSO.24h"


def test_a_library_without_patient_enters_no_derived_contrast() -> None:
    stray = pd.DataFrame({"sample": ["x"], "treatment": ["DMSO"], "time_h": [24.0], "patient": [None]})
    design = plan_study(pd.concat([patients(), stray], ignore_index=True), "DMSO")
    assert any("lacks a patient or treatment" in note for note in design.notes)
    assert not [c.id for c in design.contrasts if "x" in c.samples]


def test_libraries_that_are_summed_must_agree_in_covariates() -> None:
    samples = patients(replicates=2)
    assert plan_study(samples, "DMSO", covariates=["patient"]).contrasts[0].status == "ok"
    with pytest.raises(InputError, match="'batch' differs between S1_DMSO_0_24_1, S1_DMSO_0_24_2"):
        plan_study(samples, "DMSO", covariates=["batch"])


def test_a_batch_within_patients_is_a_covariate_beside_their_blocks() -> None:
    samples = patients({f"P{i}": "sensitive" if i < 3 else "resistant" for i in range(6)})
    samples["batch"] = [str((i // 2 + i) % 2) for i in range(12)]
    design = plan_study(samples, "DMSO", covariates=["batch"])
    assert {m.name: m.covariates for m in design.models}["pairs.bortezomib"] == ("batch", "patient")
    assert contrast(design, "drug.bortezomib.all").status == "ok"
    samples["batch"] = samples["treatment"]
    design = plan_study(samples, "DMSO", covariates=["batch"])
    reason = contrast(design, "drug.bortezomib.all").reason
    assert reason == "confounded with batch: bortezomib on one side, DMSO on the other"


def test_a_contrast_asked_for_takes_patients_as_blocks_only_when_told_to(tmp_path) -> None:
    path = tmp_path / "c.yml"
    path.write_text("contrasts: [{id: x, up: {treatment: bortezomib}, down: {treatment: DMSO}}]")
    loose = plan_study(patients(), "DMSO", requests=path)
    assert any("x: samples of one patient count as independent" in note for note in loose.notes)
    blocked = plan_study(patients(), "DMSO", covariates=["patient"], requests=path)
    assert not any("independent" in note for note in blocked.notes)
    assert contrast(blocked, "x").weights["sensitive.DMSO.24h"] == -0.5


def test_lengths_of_a_sum_lie_between_those_of_its_libraries_by_their_counts() -> None:
    samples = patients({"A": "", "B": ""}, replicates=2)
    names = samples["sample"].tolist()
    genes = np.array(["g1", "g2"])
    counts = np.full((2, len(names)), 90.0)
    lengths = np.full((2, len(names)), 1000.0)
    counts[0, 1], lengths[0, 1] = 30, 2000
    ready = prepare_counts(
        GeneMatrix(genes, genes, names, counts), GeneMatrix(genes, genes, names, lengths), names, "offset"
    )
    model = next(m for m in plan_study(samples, "DMSO").models if m.paired)
    summed = ready.of_model(model)
    first = summed.samples.index("A.DMSO.24h")
    assert summed.values[:, first].tolist() == [120, 180]
    assert summed.lengths is not None
    assert summed.lengths[0, first] == pytest.approx(1250, rel=0.01)
    assert summed.lengths[1, first] == 1000
