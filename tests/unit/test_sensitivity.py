"""Regression on sensitivity: against R's limma (tests/golden/sensitivity.R), and planted in a made study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_sheets import sheet

from rxpress.contrasts import plan_study
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.conditions import find_conditions
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.sensitivity import COLUMNS, regress, sensitivity_table
from rxpress.tables import GeneMatrix, read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "sensitivity"
GENES, LINES = 400, 12
PLANTED = 20


def test_slope_interval_and_p_are_those_of_limma() -> None:
    made, theirs = read_table(GOLDEN / "values.tsv.gz"), read_table(GOLDEN / "regression.tsv.gz")
    sensitivity = read_table(GOLDEN / "lines.tsv.gz")["sensitivity"].to_numpy(float)
    ours = regress(made.filter(like="line").to_numpy(float), sensitivity, made["level"].to_numpy(float))
    assert ours.lines.tolist() == theirs["lines"].tolist()
    assert theirs["lines"].min() == 8
    for field in ("slope", "lower", "upper", "statistic", "p_value", "correlation"):
        np.testing.assert_allclose(getattr(ours, field), theirs[field], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(benjamini_hochberg(ours.p_value), theirs["p_adjusted"], rtol=1e-9)


def test_a_gene_that_does_not_vary_or_lacks_lines_is_not_tested() -> None:
    values = np.random.default_rng(1).normal(size=(50, 9))
    values[0] = 3.0
    values[1, :2] = np.nan
    found = regress(values, np.arange(9.0), np.full(50, np.nan))
    assert np.isnan(found.p_value[:2]).all()
    assert np.isnan(found.correlation[:2]).all()
    assert np.isfinite(found.p_value[2:]).all()
    assert found.lines[1] == 7


def made_study(**given: dict[str, str]) -> StudyEvidence:
    """Twelve lines, IC50 1 to 1000 nM. Per ten-fold IC50 the first 20 of 400 genes are expressed twice
    as much before treatment, and the next 20 are induced half as much.
    """
    rng = np.random.default_rng(7)
    samples = sheet({f"L{i}": "" for i in range(LINES)}, replicates=2)
    _, samples["condition"] = find_conditions(samples, "DMSO")
    log_ic50 = dict(zip(samples["cell_line"].unique(), np.linspace(0, 3, LINES), strict=True))
    x = samples["cell_line"].map(log_ic50).to_numpy()
    samples["ic50_nM"] = [f"{10**value:.10g}" for value in x]
    for name, values in given.items():
        samples[name] = samples["cell_line"].map(values)
    design = plan_study(samples, "DMSO")
    genes = pd.DataFrame(
        {"gene_id": [f"g{i}" for i in range(GENES)], "gene_name": [f"G{i}" for i in range(GENES)]}
    )
    level = rng.uniform(4, 12, GENES)
    higher = np.where(np.arange(GENES) < PLANTED, 1.0, 0.0)
    values = level[:, None] + np.outer(higher, x) + rng.normal(0, 0.4, (GENES, len(samples)))
    log2 = GeneMatrix(*(genes[c].to_numpy(str) for c in genes), samples["sample"].tolist(), values)
    less = np.where((np.arange(GENES) // PLANTED) == 1, -1.0, 0.0)
    tests = {
        f"drug.bortezomib.{line}": genes.assign(
            base_mean=2**level, log2_fold_change=1 + less * value + rng.normal(0, 0.4, GENES), p_value=0.5
        )
        for line, value in log_ic50.items()
    }
    return StudyEvidence("made", design, samples, tests, log2)


def called(table: pd.DataFrame, question: str) -> pd.Series:
    found = table[(table["question"] == question) & (table["p_adjusted"] < 0.05)]
    return found.set_index("gene_id")["slope"]


def test_planted_slopes_are_found_and_hardly_any_other() -> None:
    table = sensitivity_table(made_study())
    assert tuple(table.columns) == COLUMNS
    assert table.attrs["notes"] == []
    assert table[["question", "setting"]].drop_duplicates().to_numpy().tolist() == [
        ["baseline", "untreated"],
        ["drug", "bortezomib, 20 nM, 24 h"],
    ]
    for question, first, slope in (("baseline", 0, 1.0), ("drug", PLANTED, -1.0)):
        planted = [f"g{i}" for i in range(first, first + PLANTED)]
        found = called(table, question)
        assert set(planted) <= set(found.index)
        assert len(found) <= PLANTED + 4
        assert found[planted].mean() == pytest.approx(slope, abs=0.1)
        null = table[(table["question"] == question) & ~table["gene_id"].isin(planted)]
        assert 0.02 < (null["p_value"] < 0.05).mean() < 0.09
        covered = table.set_index(["question", "gene_id"]).loc[question].loc[planted]
        assert ((covered["lower"] < slope) & (slope < covered["upper"])).mean() >= 0.8
    assert (table["lines"] == LINES).all()


def test_a_line_weighs_the_same_however_often_it_was_measured() -> None:
    study = made_study()
    assert study.log2 is not None
    own = study.samples[study.samples["sample"].str.startswith("L0_DMSO")]
    columns = [study.log2.samples.index(sample) for sample in own["sample"]]
    names, values = list(study.log2.samples), study.log2.values
    samples = study.samples
    for copy in range(5):
        names += [f"{sample}_{copy}" for sample in own["sample"]]
        values = np.hstack([values, values[:, columns]])
        samples = pd.concat([samples, own.assign(sample=own["sample"] + f"_{copy}")])
    more = replace(
        study, samples=samples, log2=GeneMatrix(study.log2.gene_ids, study.log2.gene_names, names, values)
    )
    first, second = (sensitivity_table(one) for one in (study, more))
    np.testing.assert_allclose(first["slope"], second["slope"], atol=1e-12)
    np.testing.assert_allclose(first["p_value"], second["p_value"], rtol=1e-9)


def test_auc_is_taken_as_it_is() -> None:
    auc = {f"L{i}": f"{0.1 + 0.05 * i:.2f}" for i in range(LINES)}
    table = sensitivity_table(made_study(auc=auc))
    assert table["measure"].unique().tolist() == ["ic50_nM", "auc"]
    by_auc = table[table["measure"] == "auc"]
    # IC50 rises by 3/11 of a log10 per line, AUC by 0.05.
    planted = by_auc[(by_auc["question"] == "baseline")]["slope"].head(PLANTED)
    assert planted.mean() == pytest.approx(3 / 11 / 0.05, rel=0.1)


def test_a_limit_is_no_number_and_lines_that_are_left_out_are_named() -> None:
    values = {f"L{i}": str(10.0 * (i + 1)) for i in range(LINES)} | {"L3": ">1000", "L5": "many", "L6": "-1"}
    table = sensitivity_table(made_study(ic50_nM=values))
    said = "\n".join(table.attrs["notes"])
    assert "L3 is left out of the regression on ic50_nM: '>1000' was not reached" in said
    assert "L5 is left out of the regression on ic50_nM: 'many' is not a positive number" in said
    assert "L6 is left out" in said
    assert (table["lines"] == LINES - 3).all()


def test_samples_of_a_line_that_disagree_cost_the_line() -> None:
    study = made_study()
    samples = study.samples.copy()
    samples.loc[samples["sample"] == "L2_DMSO_0_24_1", "ic50_nM"] = "77"
    table = sensitivity_table(replace(study, samples=samples))
    assert (
        "L2 is left out of the regression on ic50_nM: its samples have different values"
        in table.attrs["notes"][0]
    )
    assert (table["lines"] == LINES - 1).all()


def test_a_line_without_untreated_samples_is_named() -> None:
    study = made_study()
    samples = study.samples[~study.samples["sample"].str.startswith("L4_DMSO")]
    table = sensitivity_table(replace(study, samples=samples))
    assert table.attrs["notes"] == ["without samples for the baseline (untreated) against ic50_nM: L4"]
    assert table.groupby("question")["lines"].max().to_dict() == {"baseline": LINES - 1, "drug": LINES}


def test_under_eight_lines_there_is_a_reason_and_no_row() -> None:
    study = made_study(ic50_nM={f"L{i}": str(i + 1) for i in range(7)})
    table = sensitivity_table(study)
    assert table.empty
    assert tuple(table.columns) == COLUMNS
    assert table.attrs["notes"] == [
        "7 lines have a number in ic50_nM, 7 of them different: a regression needs 8 lines"
    ]
    nothing = sensitivity_table(replace(study, samples=study.samples.drop(columns="ic50_nM")))
    assert nothing.empty
    assert "no column ic50_nM or auc" in nothing.attrs["notes"][0]


def test_patients_are_regressed_at_baseline_only() -> None:
    study = made_study()
    patients = study.samples.rename(columns={"cell_line": "patient"})
    table = sensitivity_table(replace(study, samples=patients, design=replace(study.design, unit="patient")))
    assert set(table["question"]) == {"baseline"}
    assert "a patient has no tested drug effect" in table.attrs["notes"][0]


def test_a_change_that_one_outlying_sample_dictates_is_no_value() -> None:
    study = made_study()
    name = "drug.bortezomib.L0"
    table = study.tests[name].copy()
    table.loc[99, ["log2_fold_change", "p_value"]] = [50.0, np.nan]
    found = sensitivity_table(replace(study, tests={**study.tests, name: table}))
    row = found[(found["question"] == "drug") & (found["gene_id"] == "g99")].iloc[0]
    assert row["lines"] == LINES - 1
    assert abs(row["slope"]) < 1
