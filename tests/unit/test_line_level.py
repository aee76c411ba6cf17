"""Lines as replicates: tests over lines against R's limma, agreement and leave-one-out ranges by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_sheets import LINES, sheet

from rxpress.contrasts import design_studies, plan_study
from rxpress.design.conditions import final_samples
from rxpress.design.study_design import StudyDesign
from rxpress.differential.calls import CallRule
from rxpress.differential.expression import StudyResults, analyze_study
from rxpress.differential.line_level import combine_lines, count_agreeing, evaluate_lines, leave_one_out_range
from rxpress.differential.study_counts import prepare_counts
from rxpress.inference import BatchedInference
from rxpress.tables import GeneMatrix, read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "line_level"
FOUND_OUT = dict.fromkeys(("reads", "percent_mapped", "library_type", "response_source", "reason"))
CONTRASTS = {
    "baseline": "baseline.resistant_vs_sensitive",
    "interaction": "interaction.drug.resistant_vs_sensitive",
    "drug": "drug.drug.all",
}


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz", text=["gene_id"])


@cache
def seven_lines() -> tuple[StudyDesign, StudyResults]:
    """The study of the goldens: three sensitive and four resistant lines."""
    table = golden("counts")
    ids, names = table["gene_id"].to_numpy(str), table.columns[1:].tolist()
    counts = GeneMatrix(ids, ids, names, table[names].to_numpy(float))
    cells = [name.split("_") for name in names]
    samples = pd.DataFrame(
        {
            "sample": names,
            "study": "study",
            "cell_line": [line for line, _, _ in cells],
            "treatment": [treatment for _, treatment, _ in cells],
            "response": ["resistant" if line[0] == "R" else "sensitive" for line, _, _ in cells],
            "kept": True,
            **FOUND_OUT,
        }
    )
    design = design_studies(samples, "DMSO")["study"]
    final = final_samples(samples, "DMSO").assign(kept=True)
    ready = prepare_counts(counts, None, names)
    return design, analyze_study(ready, final, design, CallRule(), BatchedInference(), "auto")


@pytest.mark.parametrize("name", CONTRASTS)
def test_tests_over_lines_are_those_of_limma(name: str) -> None:
    ours, theirs = seven_lines()[1].tables[f"{CONTRASTS[name]}.class.tsv"], golden(name)
    assert ours["p_value"].notna().tolist() == (theirs["tested"] == 1).tolist()
    assert ours["log2_fold_change"].to_numpy() == pytest.approx(theirs["lfc"].to_numpy(), abs=1e-9)
    pairs = {"statistic": "t", "p_value": "p_value", "p_adjusted": "p_adjusted"}
    for our_name, their_name in {**pairs, "p_adjusted_threshold": "p_adjusted_threshold"}.items():
        truth = theirs[their_name].to_numpy()
        assert ours[our_name].to_numpy() == pytest.approx(truth, rel=1e-8, abs=1e-12, nan_ok=True), our_name
    assert ours["shrunken_log2_fold_change"].isna().all()
    called = (ours["p_adjusted"] < 0.05) & (ours["log2_fold_change"].abs() >= 1)
    assert ours["call"].isin(["up", "down"]).equals(called)


def test_a_test_over_lines_is_listed_with_its_scope() -> None:
    design, results = seven_lines()
    found = {c.id: c for c in design.contrasts if c.scope == "class"}
    assert set(found) == {
        *(f"{name}.class" for name in CONTRASTS.values()),
        "treated.drug.resistant_vs_sensitive.class",
        "drug.drug.sensitive.class",
        "drug.drug.resistant.class",
    }
    assert {c.test for c in found.values()} == {"moderated_t"}
    summary = results.tables["summary.tsv"].set_index("id")
    assert summary.loc["drug.drug.all.class", "scope"] == "class"
    assert summary.loc["drug.drug.all", "scope"] == "these_lines"


def test_two_lines_a_side_are_too_few_for_a_test_over_lines() -> None:
    classes = [c.id for c in plan_study(sheet(LINES), "DMSO").contrasts if c.scope == "class"]
    assert classes == ["drug.bortezomib.all.class"]


def test_a_side_that_falls_below_three_lines_loses_its_test_over_lines_and_says_why() -> None:
    lines = {f"{side[0].upper()}{i}": side for side in ("sensitive", "resistant") for i in range(3)}
    samples = sheet(lines)
    samples["kept"] = ~samples["sample"].str.startswith("R1_DMSO")
    (design,) = design_studies(samples, "DMSO").values()
    found = {c.id: c for c in design.contrasts}
    assert found["baseline.resistant_vs_sensitive"].status == "ok"
    lost = found["baseline.resistant_vs_sensitive.class"]
    assert (lost.status, lost.reason) == ("not_estimable", "a test over lines needs 3 on each side")
    assert found["treated.bortezomib.resistant_vs_sensitive.class"].status == "ok"


def test_batches_are_adjusted_for_in_tests_over_lines() -> None:
    """A batch that holds more of the treated samples in some lines must not look like a drug effect."""
    samples = sheet({f"{side[0].upper()}{i}": side for side in ("sensitive", "resistant") for i in range(3)})
    treated_in_3 = (samples["batch"] == "3") & (samples["treatment"] == "DMSO")
    samples = samples[~(treated_in_3 & samples["cell_line"].isin(["R0", "R1", "R2"]))].reset_index(drop=True)
    rng = np.random.default_rng(2)
    means = 2 ** rng.uniform(5, 10, (300, 1)) * np.ones(len(samples))
    means[:100, samples["batch"] == "3"] *= 16
    ids, names = np.array([f"g{i}" for i in range(300)]), samples["sample"].tolist()
    counts = GeneMatrix(ids, ids, names, rng.negative_binomial(20, 20 / (20 + means)).astype(float))
    final = final_samples(samples.assign(kept=True, **FOUND_OUT), "DMSO").assign(kept=True)
    changes = {}
    for covariates in ([], ["batch"]):
        design = design_studies(samples.assign(kept=True), "DMSO", covariates=covariates)["study"]
        results = analyze_study(
            prepare_counts(counts, None, names), final, design, CallRule(), BatchedInference()
        )
        table = results.tables["interaction.bortezomib.resistant_vs_sensitive.class.tsv"]
        changes[len(covariates)] = table["log2_fold_change"][:100].median()
    assert changes[0] > 0.5
    assert changes[1] == pytest.approx(0, abs=0.1)


def test_the_average_is_equal_to_the_mean_of_lines_left_out_in_turn() -> None:
    design, results = seven_lines()
    for contrast in design.contrasts:
        if len(contrast.lines) > 1:
            table = results.tables[f"{contrast.id}.tsv"]
            change = table["log2_fold_change"]
            seen = change.notna()
            assert (table["lfc_min_leave_one_out"] <= change + 1e-9)[seen].all(), contrast.id
            assert (table["lfc_max_leave_one_out"] >= change - 1e-9)[seen].all(), contrast.id


def test_agreement_and_ranges_are_those_worked_out_by_hand() -> None:
    values = np.array([[3.0, 1.0, -4.0, 0.0, 2.0]])
    signs = np.array([1, 1, 1, -1, -1])
    estimate = combine_lines(values, signs)
    assert estimate == pytest.approx(-1)
    # Against the lower mean 1: 2, 0, -5; the upper mean 0 against each lower line: 0, -2.
    assert count_agreeing(values, signs, estimate).tolist() == [2]
    # Without the upper lines -2.5, -1.5, 1; without the lower ones -2, 0.
    least, most = leave_one_out_range(values, signs) or (np.nan, np.nan)
    assert (least.tolist(), most.tolist()) == ([-2.5], [1.0])
    least, most = leave_one_out_range(values[:, 2:], signs[2:]) or (np.nan, np.nan)
    assert (least.tolist(), most.tolist()) == ([-6.0], [-4.0])
    assert leave_one_out_range(values[:, [0, 4]], signs[[0, 4]]) is None


def test_a_test_over_lines_keeps_its_error_rate_where_lines_differ_among_themselves() -> None:
    """The drug effect varies between lines and is 0 on average: only this test may speak of the class."""
    rng = np.random.default_rng(4)
    values = rng.normal(0, rng.gamma(4, 0.25, (20000, 1)), (20000, 6))
    signs = np.array([1, 1, 1, -1, -1, -1])
    test = evaluate_lines(values, signs, np.ones(20000, dtype=bool), rng.normal(6, 2, 20000), 1.0)
    assert np.mean(test.p_value < 0.05) == pytest.approx(0.05, abs=0.006)
    assert np.mean(test.p_value < 0.01) == pytest.approx(0.01, abs=0.003)


def test_without_any_expressed_gene_nothing_is_tested() -> None:
    values = np.zeros((4, 3))
    test = evaluate_lines(values, np.ones(3), np.zeros(4, dtype=bool), np.zeros(4), 1.0)
    assert np.isnan(test.p_value).all()
    assert (test.estimate == 0).all()
