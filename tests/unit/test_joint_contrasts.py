"""Joint tests as the sheet suggests them or a file asks for them, against R's likelihood-ratio tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from deseq2_goldens import assert_same_p_values, golden
from study_sheets import BORTEZOMIB, DMSO, sheet

from rxpress.contrasts import design_studies, plan_study
from rxpress.design.conditions import final_samples
from rxpress.design.contrast_requests import ContrastRequest
from rxpress.design.study_design import Contrast
from rxpress.differential.calls import CallRule
from rxpress.differential.expression import StudyResults, analyze_study
from rxpress.differential.study_counts import prepare_counts
from rxpress.errors import InputError
from rxpress.inference import BatchedInference
from rxpress.tables import GeneMatrix

LOW = ("bortezomib", 5.0, 24.0)
MID = ("bortezomib", 10.0, 24.0)
FOUND_OUT = dict.fromkeys(("reads", "percent_mapped", "library_type", "response_source", "reason"))


def contrasts(samples: pd.DataFrame, **options) -> dict[str, Contrast]:
    return {c.id: c for c in plan_study(samples, "DMSO", **options).contrasts}


@cache
def golden_results(by_time: bool) -> StudyResults:
    """The goldens' four lines, or (`by_time`) the same samples as one line at four times."""
    samples = golden("lines.samples")
    line, arm = samples["condition"].str[0], samples["condition"].str[2]
    samples = samples.assign(
        study="study", kept=True, treatment=arm.map({"v": "DMSO", "d": "drug"}), **FOUND_OUT
    )
    if by_time:
        samples = samples.assign(cell_line="X", time_h=line.map(dict(zip("ABCD", (1, 2, 3, 4), strict=True))))
        requests = []
    else:
        samples = samples.assign(cell_line=line)
        requests = [ContrastRequest("any_line", jointly=tuple(f"drug.drug.{name}" for name in "ABCD"))]
    table = golden("lines.counts")
    ids, names = table["gene_id"].to_numpy(str), samples["sample"].tolist()
    counts = GeneMatrix(ids, ids, names, table[names].to_numpy(float))
    design = design_studies(samples, "DMSO", covariates=["batch"], requests=requests)["study"]
    final = final_samples(samples, "DMSO").assign(kept=True)
    ready = prepare_counts(counts, None, names)
    return analyze_study(ready, final, design, CallRule(), BatchedInference())


@pytest.mark.parametrize(
    ("by_time", "id", "values"),
    [(True, "any_time.drug.X", "lines.differences"), (False, "any_line", "lines.effects")],
)
def test_joint_tests_have_the_p_values_of_r(by_time: bool, id: str, values: str) -> None:
    ours, theirs = golden_results(by_time).tables[f"{id}.tsv"], golden(values)
    settled = (theirs["settled"] == 1).to_numpy()
    assert_same_p_values(ours["p_value"].to_numpy()[settled], theirs["p_value"][settled])


def test_the_table_names_the_member_with_the_largest_change() -> None:
    results = golden_results(by_time=False)
    ours = results.tables["any_line.tsv"]
    parts = {name: results.tables[f"drug.drug.{name}.tsv"] for name in "ABCD"}
    changes = pd.DataFrame({f"drug.drug.{name}": part["log2_fold_change"] for name, part in parts.items()})
    seen = ours["log2_fold_change"].notna()
    assert ours["largest"][seen].tolist() == changes[seen].abs().idxmax(axis="columns").tolist()
    assert ours["log2_fold_change"][seen].abs().to_numpy() == pytest.approx(changes[seen].abs().max(axis=1))
    assert ours["p_adjusted_threshold"].isna().all()
    assert ours["shrunken_log2_fold_change"].isna().all()
    assert ours["largest"][~seen].isna().all()
    called = (ours["p_adjusted"] < 0.05) & (ours["log2_fold_change"].abs() >= 1)
    assert ours["call"].isin(["up", "down"]).equals(called)


def test_doses_are_compared_with_the_first_one_so_that_the_vehicle_cancels() -> None:
    found = contrasts(sheet({"S1": "", "S2": ""}, [DMSO, LOW, BORTEZOMIB, MID]))
    joint = found["any_dose.bortezomib.S1"]
    assert (joint.kind, joint.test, joint.weights) == ("any_dose", "lrt", {})
    assert [(member.id, member.weights) for member in joint.jointly] == [
        (
            f"drug.bortezomib.S1.{dose} minus drug.bortezomib.S1.5nM",
            {f"S1.bortezomib.{dose}.24h": 1, "S1.bortezomib.5nM.24h": -1},
        )
        for dose in ("10nM", "20nM")
    ]
    assert len(joint.samples) == 9
    assert not [name for name in found if name.startswith("any_time")]


def test_times_are_compared_in_their_effects_each_against_the_vehicle_at_its_time() -> None:
    early = [("DMSO", 0.0, 6.0), ("bortezomib", 20.0, 6.0)]
    found = contrasts(sheet({"S1": ""}, [DMSO, BORTEZOMIB, *early]))
    (member,) = found["any_time.bortezomib.S1"].jointly
    assert member.weights == {
        "S1.bortezomib.20nM.24h": 1,
        "S1.DMSO.24h": -1,
        "S1.bortezomib.20nM.6h": -1,
        "S1.DMSO.6h": 1,
    }


def test_doses_at_several_times_are_named_by_their_time() -> None:
    times = [(name, dose, time) for time in (6.0, 24.0) for name, dose, _ in (DMSO, LOW, BORTEZOMIB)]
    joint = [c for c in contrasts(sheet({"S1": ""}, times)) if c.startswith("any")]
    assert joint == [
        "any_dose.bortezomib.S1.6h",
        "any_dose.bortezomib.S1.24h",
        "any_time.bortezomib.S1.5nM",
        "any_time.bortezomib.S1.20nM",
    ]


def test_a_dose_that_lost_its_samples_leaves_the_others_to_be_compared() -> None:
    samples = sheet({"S1": ""}, [DMSO, LOW, MID, BORTEZOMIB])
    samples["kept"] = samples["dose_nM"] != 5
    (design,) = design_studies(samples, "DMSO").values()
    joint = next(c for c in design.contrasts if c.kind == "any_dose")
    assert [member.weights for member in joint.jointly] == [
        {"S1.bortezomib.20nM.24h": 1, "S1.bortezomib.10nM.24h": -1}
    ]
    assert any("any_dose.bortezomib.S1 goes without drug.bortezomib.S1.5nM" in note for note in design.notes)
    samples["kept"] = samples["dose_nM"].isin([0, 20])
    (design,) = design_studies(samples, "DMSO").values()
    joint = next(c for c in design.contrasts if c.kind == "any_dose")
    assert joint.status == "not_estimable"
    assert "no sample is left of S1.bortezomib.5nM.24h" in joint.reason


@pytest.mark.parametrize(
    ("jointly", "said"),
    [
        (("drug.bortezomib.S1", "drug.bortezomib.S9"), "there is no contrast 'drug.bortezomib.S9'"),
        (("drug.bortezomib.S1", "any_dose.bortezomib.S1"), "'any_dose.bortezomib.S1' is a joint test"),
    ],
)
def test_only_single_contrasts_that_there_are_can_be_tested_jointly(
    jointly: tuple[str, ...], said: str
) -> None:
    samples = sheet({"S1": "", "S2": ""}, [DMSO, LOW, BORTEZOMIB])
    with pytest.raises(InputError, match=said):
        plan_study(samples, "DMSO", requests=[ContrastRequest("x", jointly=jointly)])


def test_a_joint_test_falls_with_a_member_that_is_confounded() -> None:
    samples = sheet({"S1": "sensitive", "R1": "resistant"})
    samples["batch"] = samples["cell_line"].map({"S1": "june", "R1": "july"})
    ids = ("baseline.resistant_vs_sensitive", "drug.bortezomib.S1")
    (design,) = design_studies(
        samples.assign(kept=True), "DMSO", None, ["batch"], [ContrastRequest("x", jointly=ids)]
    ).values()
    assert design.contrasts[-1].reason == "confounded with batch: july on one side, june on the other"
    assert np.isin(design.contrasts[-1].jointly, ()).all()
