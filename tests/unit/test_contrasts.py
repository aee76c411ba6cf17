"""Designs against weights worked out by hand and against planted condition means."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from study_sheets import BORTEZOMIB, DMSO, sheet

from rxpress.contrasts import design_studies, plan_studies, plan_study, refuse_losses
from rxpress.design.conditions import final_samples, find_conditions
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.design.study_model import coefficient_vector, design_matrix
from rxpress.errors import InputError


def contrast(design: StudyDesign, name: str) -> Contrast:
    return next(found for found in design.contrasts if found.id == name)


def ids(design: StudyDesign) -> list[str]:
    return [found.id for found in design.contrasts]


def without(samples: pd.DataFrame, *starts: str) -> pd.DataFrame:
    """The samples whose names begin otherwise."""
    return samples[~samples["sample"].str.startswith(starts)]


def losing(samples: pd.DataFrame, *starts: str) -> StudyDesign:
    """The design once samples of these names have been excluded."""
    kept = ~samples["sample"].str.startswith(starts)
    (design,) = design_studies(samples.assign(kept=kept), "DMSO").values()
    return design


def test_two_lines_a_side_give_every_family_once():
    assert ids(plan_study(sheet(), "DMSO")) == [
        "baseline.resistant_vs_sensitive",
        "drug.bortezomib.S1",
        "drug.bortezomib.S2",
        "drug.bortezomib.R1",
        "drug.bortezomib.R2",
        "drug.bortezomib.sensitive",
        "drug.bortezomib.resistant",
        "drug.bortezomib.all",
        "drug.bortezomib.all.class",
        "treated.bortezomib.resistant_vs_sensitive",
        "interaction.bortezomib.resistant_vs_sensitive",
    ]


def test_weights_are_those_worked_out_by_hand():
    design = plan_study(without(sheet(), "R2"), "DMSO")
    drug = {"bortezomib.20nM.24h": 1.0, "DMSO.24h": -1.0}
    expected = {
        "baseline.resistant_vs_sensitive": {"R1.DMSO.24h": 1, "S1.DMSO.24h": -0.5, "S2.DMSO.24h": -0.5},
        "drug.bortezomib.S1": {f"S1.{c}": w for c, w in drug.items()},
        "drug.bortezomib.sensitive": {f"{x}.{c}": w / 2 for x in ("S1", "S2") for c, w in drug.items()},
        "drug.bortezomib.all": {f"{x}.{c}": w / 3 for x in ("S1", "S2", "R1") for c, w in drug.items()},
        "treated.bortezomib.resistant_vs_sensitive": {
            "R1.bortezomib.20nM.24h": 1,
            "S1.bortezomib.20nM.24h": -0.5,
            "S2.bortezomib.20nM.24h": -0.5,
        },
        "interaction.bortezomib.resistant_vs_sensitive": {
            **{f"R1.{c}": w for c, w in drug.items()},
            **{f"{x}.{c}": -w / 2 for x in ("S1", "S2") for c, w in drug.items()},
        },
    }
    for name, weights in expected.items():
        assert contrast(design, name).weights == pytest.approx(weights), name


def test_lines_weigh_the_same_however_many_samples_they_have():
    few = without(sheet(), "S1_DMSO_0_24_3", "S1_DMSO_0_24_2", "S1_bortezomib_20_24_3")
    weights = contrast(plan_study(few, "DMSO"), "drug.bortezomib.sensitive").weights
    assert set(map(abs, weights.values())) == {0.5}


def test_vehicle_wells_are_pooled_over_dose_and_matched_on_time():
    samples = sheet({"S1": ""}, [DMSO, ("DMSO", 20.0, 24.0), ("DMSO", 0.0, 6.0), BORTEZOMIB])
    design = plan_study(samples, "DMSO")
    assert design.conditions == ("S1.DMSO.24h", "S1.DMSO.6h", "S1.bortezomib.20nM.24h")
    effect = contrast(design, "drug.bortezomib.S1")
    assert effect.weights == {"S1.bortezomib.20nM.24h": 1, "S1.DMSO.24h": -1}
    assert len(effect.samples) == 9


def test_ids_name_dose_and_time_only_where_a_treatment_has_several():
    one_dose = sheet({"S1": ""}, [DMSO, ("DMSO", 0, 6.0), BORTEZOMIB, ("carfilzomib", 5.0, 24.0)])
    assert ids(plan_study(one_dose, "DMSO")) == [
        "drug.bortezomib.S1",
        "drug.bortezomib.all",
        "drug.carfilzomib.S1",
        "drug.carfilzomib.all",
    ]
    several = sheet(
        {"S1": ""}, [DMSO, ("DMSO", 0, 6), BORTEZOMIB, ("bortezomib", 2.5, 24), ("bortezomib", 20, 6)]
    )
    assert [name for name in ids(plan_study(several, "DMSO")) if "S1" in name] == [
        "drug.bortezomib.S1.20nM.6h",
        "drug.bortezomib.S1.2.5nM.24h",
        "drug.bortezomib.S1.20nM.24h",
        "any_dose.bortezomib.S1.24h",
        "any_time.bortezomib.S1.20nM",
    ]


def test_a_line_without_vehicle_at_that_time_stays_out_of_the_drug_effect_and_is_named():
    samples = pd.concat([without(sheet(), "R2_DMSO"), sheet({"R2": "resistant"}, [("DMSO", 0, 6.0)])])
    design = plan_study(samples, "DMSO")
    assert "drug.bortezomib.R2" not in ids(design)
    assert (
        contrast(design, "drug.bortezomib.resistant").weights
        == contrast(design, "drug.bortezomib.R1").weights
    )
    assert any("R2 has no DMSO at the time of bortezomib" in note for note in design.notes)
    treated = contrast(design, "treated.bortezomib.resistant_vs_sensitive")
    assert treated.weights["R2.bortezomib.20nM.24h"] == 0.5


def test_lines_dosed_differently_are_never_averaged():
    samples = pd.concat(
        [sheet({"S1": "sensitive"}), sheet({"R1": "resistant"}, [DMSO, ("bortezomib", 40, 24)])]
    )
    found = ids(plan_study(samples, "DMSO"))
    assert {"drug.bortezomib.all.20nM", "drug.bortezomib.all.40nM"} <= set(found)
    assert not [name for name in found if name.startswith(("interaction", "treated"))]


def test_only_the_drugs_asked_for_have_contrasts_but_all_conditions_stay_in_the_model():
    samples = sheet({"S1": ""}, [DMSO, BORTEZOMIB, ("carfilzomib", 5.0, 24.0)])
    design = plan_study(samples, "DMSO", ["carfilzomib"])
    assert ids(design) == ["drug.carfilzomib.S1", "drug.carfilzomib.all"]
    assert "S1.bortezomib.20nM.24h" in design.conditions


def test_a_drug_that_no_sample_had_is_an_error_with_a_suggestion():
    with pytest.raises(
        InputError, match=r"--drug: no sample has the treatment 'Bortezomb'; did you mean 'bortezomib'"
    ):
        plan_study(sheet(), "DMSO", ["Bortezomb"])


def test_a_study_without_lines_compares_treatments():
    samples = pd.DataFrame({"sample": list("abcdef"), "treatment": ["treated"] * 3 + ["untreated"] * 3})
    design = plan_study(samples, "untreated")
    assert (design.unit, ids(design)) == ("none", ["drug.treated.all"])
    assert design.contrasts[0].weights == {"treated": 1, "untreated": -1}
    assert design.contrasts[0].lines == ()


def test_samples_without_line_or_treatment_are_named_and_enter_no_derived_contrast():
    samples = sheet({"S1": ""})
    stray = pd.DataFrame({"sample": ["x", "y"], "treatment": ["DMSO", None], "cell_line": [None, "S1"]})
    design = plan_study(pd.concat([samples, stray], ignore_index=True), "DMSO")
    assert {note.split()[0] for note in design.notes if "lacks" in note} == {"DMSO", "S1"}
    assert contrast(design, "drug.bortezomib.all").weights == contrast(design, "drug.bortezomib.S1").weights


def test_lines_that_answer_two_drugs_differently_have_a_baseline_per_drug():
    samples = sheet({"A": "sensitive", "B": "resistant"}, [DMSO, BORTEZOMIB, ("carfilzomib", 5.0, 24.0)])
    samples.loc[samples["treatment"] == "DMSO", "response"] = None
    swapped = samples["response"].map({"sensitive": "resistant", "resistant": "sensitive"})
    samples["response"] = samples["response"].mask(samples["treatment"] == "carfilzomib", swapped)
    design = plan_study(samples, "DMSO")
    bortezomib = contrast(design, "baseline.bortezomib.resistant_vs_sensitive").weights
    carfilzomib = contrast(design, "baseline.carfilzomib.resistant_vs_sensitive").weights
    assert bortezomib == {"B.DMSO.24h": 1, "A.DMSO.24h": -1}
    assert carfilzomib == {"A.DMSO.24h": 1, "B.DMSO.24h": -1}


def test_a_line_called_both_sensitive_and_resistant_is_refused():
    samples = sheet()
    samples.loc[0, "response"] = "resistant"
    with pytest.raises(InputError, match="'S1' is called both sensitive and resistant"):
        plan_study(samples, "DMSO")


def test_names_that_ids_cannot_hold_are_made_safe_and_clashes_refused():
    design = plan_study(sheet({"RPMI 8226/S": ""}), "DMSO")
    assert "drug.bortezomib.RPMI_8226_S" in ids(design)
    with pytest.raises(InputError, match=r"two conditions would both be called 'A_1\.DMSO"):
        plan_study(sheet({"A 1": "", "A_1": ""}), "DMSO")
    with pytest.raises(InputError, match=r"two contrasts would both be called 'drug\.bortezomib\.all'"):
        plan_study(sheet({"all": ""}), "DMSO")


def test_an_average_drops_a_line_that_lost_a_condition_and_says_so():
    design = losing(sheet(), "R2_DMSO")
    assert contrast(design, "drug.bortezomib.R2").status == "not_estimable"
    assert contrast(design, "drug.bortezomib.R2").reason == "no sample is left of R2.DMSO.24h"
    assert contrast(design, "drug.bortezomib.all").weights["S1.DMSO.24h"] == pytest.approx(-1 / 3)
    assert [part.line for part in contrast(design, "drug.bortezomib.resistant").lines] == ["R1"]
    (note,) = [note for note in design.notes if note.startswith("R2 is left out")]
    assert "drug.bortezomib.resistant" in note
    assert "R2.DMSO.24h" in note


def test_a_side_that_lost_all_its_lines_makes_the_contrast_inestimable_and_keeps_it_listed():
    design = losing(sheet(), "R1_DMSO", "R2_DMSO")
    lost = contrast(design, "interaction.bortezomib.resistant_vs_sensitive")
    assert (lost.status, lost.weights, lost.samples) == ("not_estimable", {}, ())
    assert "R1.DMSO.24h, R2.DMSO.24h" in lost.reason
    assert contrast(design, "treated.bortezomib.resistant_vs_sensitive").status == "ok"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (sheet(treatments=[("dmso", 0, 24), BORTEZOMIB]), "did you mean 'dmso'"),
        (sheet(treatments=[DMSO, BORTEZOMIB], replicates=1), "no replicates: no condition has two samples"),
        (sheet({"S1": "", "S2": ""}, [DMSO]), "all samples are DMSO"),
        (sheet().drop(columns="treatment"), "the sheet names no treatment"),
        (sheet(treatments=[("DMSO", 0, 6.0), BORTEZOMIB]).drop(columns="response"), "at the same time"),
    ],
)
def test_a_study_that_cannot_be_tested_says_why(samples, reason):
    design = plan_study(samples, "DMSO")
    assert reason in design.untested_because
    assert {found.status for found in design.contrasts} <= {"not_estimable"}


def test_a_study_that_lost_all_its_samples_is_reported():
    samples = sheet().assign(kept=False)
    (design,) = design_studies(samples, "DMSO", covariates=["batch"]).values()
    assert design.untested_because == "none of the 24 samples can be used (see excluded_samples.tsv)"
    assert len(design.contrasts) == 11
    final = final_samples(found_nothing(samples), "DMSO").iloc[:0]
    assert design_matrix(design.models[0], final)[0].shape == (0, 0)


def found_nothing(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(
        reads=None, percent_mapped=None, library_type=None, response_source="sheet", reason=None
    )


def test_more_coefficients_than_the_samples_can_bear_leave_nothing_tested():
    samples = sheet({"S1": ""}, replicates=2)
    design = plan_study(samples.assign(age=[31.0, 44.0, 25.0, 61.0]), "DMSO", covariates=["batch", "age"])
    assert "leave out a covariate" in design.untested_because


def test_confounding_with_batch_names_the_batch_and_leaves_other_contrasts_alone():
    samples = sheet({"S1": "sensitive", "R1": "resistant"})
    samples["batch"] = samples["cell_line"].map({"S1": "june", "R1": "july"})
    design = plan_study(samples, "DMSO", covariates=["batch"])
    baseline = contrast(design, "baseline.resistant_vs_sensitive")
    assert baseline.reason == "confounded with batch: july on one side, june on the other"
    assert contrast(design, "drug.bortezomib.all").status == "ok"
    assert contrast(design, "interaction.bortezomib.resistant_vs_sensitive").status == "ok"


def test_a_batch_column_that_is_not_adjusted_for_is_a_note_and_so_is_confounding_with_it():
    samples = sheet({"S1": ""})
    samples["batch"] = samples["treatment"].map({"DMSO": "1", "bortezomib": "2"})
    notes = plan_study(samples, "DMSO").notes
    assert any("2 batches, but batch is not among --covariates" in note for note in notes)
    mixed = "drug.bortezomib.S1, drug.bortezomib.all: confounded with batch: 2 on one side, 1 on the other"
    assert f"{mixed}, may be a batch effect" in notes


def test_two_covariates_that_only_together_confound_are_both_named_with_their_levels():
    samples = sheet({"S1": ""}, replicates=4)
    samples["batch"] = ["june", "june", "july", "july"] + ["july"] * 4
    samples["kit"] = ["v1", "v1", "v2", "v2"] + ["v1"] * 4
    assert all(
        contrast(plan_study(samples, "DMSO", covariates=[name]), "drug.bortezomib.S1").status == "ok"
        for name in ("batch", "kit")
    )
    reason = contrast(plan_study(samples, "DMSO", covariates=["batch", "kit"]), "drug.bortezomib.S1").reason
    assert reason == (
        "confounded with batch and kit together (batch: july on one side, june, july on the other; "
        "kit: v1 on one side, v1, v2 on the other)"
    )


def test_covariates_that_say_nothing_are_left_out_and_gaps_are_errors():
    samples = sheet().assign(kit="v3", operator="ann")
    samples.loc[3, "operator"] = None
    design = plan_study(samples, "DMSO", covariates=["kit", "cell_line", "batch"])
    assert design.covariates == ("batch",)
    assert any("kit" in note for note in design.notes)
    with pytest.raises(InputError, match="'operator' is empty for S1_bortezomib_20_24_1"):
        plan_study(samples, "DMSO", covariates=["operator"])
    with pytest.raises(InputError, match="no column 'Batch'; did you mean 'batch'"):
        plan_study(samples, "DMSO", covariates=["Batch"])


def test_studies_are_designed_apart():
    other = sheet({"S1": ""}, replicates=1).assign(study="other")
    designs = plan_studies(pd.concat([sheet(), other], ignore_index=True), "DMSO")
    assert list(designs) == ["study", "other"]
    assert not designs["study"].untested_because
    assert designs["other"].untested_because


def test_a_study_with_lines_and_patients_is_refused():
    with pytest.raises(InputError, match="both cell_line and patient"):
        plan_study(sheet().assign(patient="p1"), "DMSO")


def test_strict_lists_lost_samples_and_contrasts():
    samples = sheet().assign(kept=True, reason=None)
    samples.loc[samples["sample"].str.startswith("R1_DMSO"), ["kept", "reason"]] = [False, "RIN 5"]
    designs = design_studies(samples, "DMSO")
    with pytest.raises(InputError) as error:
        refuse_losses(samples, designs.values())
    said = str(error.value)
    assert said.count("RIN 5") == 3
    assert "contrast 'drug.bortezomib.R1'" in said


def test_contrasts_json_reads_back_as_it_was_written():
    design = plan_study(sheet(), "DMSO", covariates=["batch"])
    assert StudyDesign.from_json(json.loads(json.dumps(design.to_json()))) == design


def random_study(seed: int) -> tuple[pd.DataFrame, dict[tuple, float]]:
    """A sheet with random gaps, batches and ages, and a random mean per line, treatment, dose and time."""
    rng = np.random.default_rng(seed)
    lines = {f"L{i}": str(rng.choice(["sensitive", "resistant", ""])) for i in range(rng.integers(2, 7))}
    doses = [float(dose) for dose in rng.choice([1, 5, 20], size=2, replace=False)]
    settings = [("DMSO", 0.0, 6.0), DMSO] + [
        ("bortezomib", dose, time) for dose in doses for time in (6.0, 24.0)
    ]
    samples = sheet(lines, settings, replicates=int(rng.integers(2, 4)))
    samples = samples[rng.random(len(samples)) < 0.75].reset_index(drop=True)
    samples["batch"] = rng.integers(1, 4, len(samples)).astype(str)
    samples["age"] = rng.integers(20, 80, len(samples)).astype(float)
    keys = list(samples[["cell_line", "treatment", "dose_nM", "time_h"]].itertuples(index=False, name=None))
    return samples, {key: float(rng.normal()) for key in dict.fromkeys(keys)}


def true_effects(samples: pd.DataFrame, means: dict[tuple, float]) -> dict[str, float]:
    """What each family asks, computed from the means by its definition, line by line."""
    drug = samples[samples["treatment"] == "bortezomib"]
    several_doses, several_times = len(set(drug["dose_nM"])) > 1, len(set(drug["time_h"])) > 1
    response = dict(zip(samples["cell_line"], samples["response"], strict=True))
    effects: dict[str, float] = {}
    for dose, time in {(d, t) for _, treatment, d, t in means if treatment == "bortezomib"}:
        tail = f".{dose:g}nM" * several_doses + f".{time:g}h" * several_times
        treated = {line: means.get((line, "bortezomib", dose, time)) for line in response}
        effect = {
            line: value - means[line, "DMSO", 0.0, time]
            for line, value in treated.items()
            if value is not None and (line, "DMSO", 0.0, time) in means
        }
        for line, value in effect.items():
            effects[f"drug.bortezomib.{line}{tail}"] = value
        for side in ("sensitive", "resistant"):
            own = [value for line, value in effect.items() if response[line] == side]
            effects |= {f"drug.bortezomib.{side}{tail}": np.mean(own)} if own else {}
        effects |= {f"drug.bortezomib.all{tail}": np.mean(list(effect.values()))} if effect else {}
        for family, values in (("treated", treated), ("interaction", effect)):
            sides = [
                [v for line, v in values.items() if response[line] == side and v is not None]
                for side in ("resistant", "sensitive")
            ]
            if all(sides):
                name = f"{family}.bortezomib.resistant_vs_sensitive{tail}"
                effects[name] = np.mean(sides[0]) - np.mean(sides[1])
    return effects


@pytest.mark.parametrize("seed", range(15))
def test_contrasts_of_random_studies_recover_the_planted_effects(seed):
    samples, means = random_study(seed)
    design = plan_study(samples, "DMSO")
    truth = true_effects(samples, means)
    derived = [c for c in design.contrasts if c.kind != "baseline" and c.test == "wald"]
    assert {found.id for found in derived} == truth.keys()
    _, of_sample = find_conditions(samples, "DMSO")
    keys = samples[["cell_line", "treatment", "dose_nM", "time_h"]].itertuples(index=False, name=None)
    mean_of = {name: means[key] for name, key in zip(of_sample, keys, strict=True)}
    for found in derived:
        estimate = sum(weight * mean_of[name] for name, weight in found.weights.items())
        assert estimate == pytest.approx(truth[found.id], abs=1e-12)


@pytest.mark.parametrize("seed", range(15))
def test_shares_of_lines_average_to_their_contrast(seed):
    for found in plan_study(random_study(seed)[0], "DMSO").contrasts:
        average: dict[str, float] = {}
        for sign in (1, -1):
            side = [part for part in found.lines if part.sign == sign]
            for part in side:
                for name, weight in part.weights.items():
                    average[name] = average.get(name, 0.0) + sign * weight / len(side)
        assert not found.lines or average == pytest.approx(found.weights)


@pytest.mark.parametrize("seed", range(15))
def test_estimability_agrees_with_the_rank_of_the_augmented_matrix(seed):
    samples, _ = random_study(seed)
    rng = np.random.default_rng(seed)
    samples["batch"] = samples["cell_line"].map({f"L{i}": str(rng.integers(1, 3)) for i in range(7)})
    unconfounded = plan_study(samples, "DMSO")
    design = plan_study(samples, "DMSO", covariates=["batch", "age"])
    if design.untested_because:
        return
    _, of_sample = find_conditions(samples, "DMSO")
    age = samples["age"] - samples["age"].mean()
    # Treatment coding, as R does it, and more columns than the rank: estimability must not depend on coding.
    batches = pd.get_dummies(samples["batch"]).astype(float)
    blocks = [pd.get_dummies(pd.Series(of_sample)).astype(float), batches, age]
    full = pd.concat(blocks, axis=1).fillna(0.0)
    pairs = zip(design.contrasts, unconfounded.contrasts, strict=True)
    for found, asked in (pair for pair in pairs if pair[0].test == "wald"):
        row = np.array([asked.weights.get(name, 0.0) for name in full.columns])
        ranks = [np.linalg.matrix_rank(m) for m in (full.to_numpy(), np.vstack([full.to_numpy(), row]))]
        assert (found.status == "ok") == (ranks[0] == ranks[1]), found.id


@pytest.mark.parametrize("seed", range(15))
def test_least_squares_on_the_design_matrix_returns_the_planted_contrast(seed):
    samples, means = random_study(seed)
    design = plan_study(samples, "DMSO", covariates=["batch", "age"])
    _, of_sample = find_conditions(samples, "DMSO")
    samples = samples.assign(condition=of_sample)
    matrix, columns = design_matrix(design.models[0], samples)
    assert np.linalg.matrix_rank(matrix) == matrix.shape[1] == len(columns)
    keys = samples[["cell_line", "treatment", "dose_nM", "time_h"]].itertuples(index=False, name=None)
    mean = np.array([means[key] for key in keys])
    values = mean + samples["batch"].map({"1": 3.0, "2": -1.0, "3": 7.0}) + 0.1 * samples["age"]
    coefficients, *_ = np.linalg.lstsq(matrix, values, rcond=None)
    mean_of = dict(zip(of_sample, mean, strict=True))
    for found in design.contrasts:
        if found.status == "ok" and found.test == "wald":
            truth = sum(weight * mean_of[name] for name, weight in found.weights.items())
            assert coefficient_vector(found.weights, columns) @ coefficients == pytest.approx(truth, abs=1e-8)


def test_replicates_are_levels_within_their_line_and_leave_lines_comparable():
    samples = sheet({"S1": "sensitive", "R1": "resistant"})
    design = plan_study(samples, "DMSO", covariates=["replicate"])
    assert all(found.status == "ok" for found in design.contrasts)
    samples = samples.assign(condition=find_conditions(samples, "DMSO")[1])
    _, columns = design_matrix(design.models[0], samples)
    assert columns[4:] == ["replicate[S1.1]", "replicate[S1.2]", "replicate[R1.1]", "replicate[R1.2]"]


def test_numeric_batches_are_categories_and_numbers_of_other_columns_are_slopes():
    samples = sheet({"S1": ""}).assign(age=[20.0, 30, 40, 50, 60, 71])
    design = plan_study(samples, "DMSO", covariates=["batch", "age"])
    _, columns = design_matrix(design.models[-1], samples)
    assert columns == ["S1.DMSO.24h", "S1.bortezomib.20nM.24h", "batch[1]", "batch[2]", "age"]
