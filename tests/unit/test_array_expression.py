"""Tests of expression of arrays: R's limma, t.test and lm (tests/golden/array_tests.R), error rates."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from study_sheets import DMSO, sheet
from test_test_expression import COLUMNS, designed, planted_counts, run  # noqa: F401

from rxpress.contrasts import design_studies
from rxpress.design.conditions import final_samples
from rxpress.differential.array_expression import analyze_expression
from rxpress.differential.calls import CallRule
from rxpress.differential.study_results import StudyResults
from rxpress.errors import InputError
from rxpress.tables import GeneMatrix, read_json, read_matrix, read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "array_tests"
EXACT = 1e-10
DOSES = [DMSO, *(("drug", dose, 24.0) for dose in (5.0, 10.0, 20.0))]
GOLDEN_LINES = {"S1": "sensitive", "S2": "sensitive", "R1": "resistant"}
TESTS = [
    *("limma", "limma.weighted", "anova", "ttest", "class"),
    *("limma.patients", "ttest.patients", "anova.patients"),
]
METHODS = ("limma", "ttest", "anova")
PLANTED = slice(0, 100)
DRUG = "drug.bortezomib.S1"


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz", text=["gene_id"])


def golden_expression(name: str) -> GeneMatrix:
    table = golden(f"{name}.expression")
    ids = table["gene_id"].to_numpy(str)
    return GeneMatrix(ids, ids, table.columns[1:].tolist(), table.iloc[:, 1:].to_numpy(float))


@cache
def of_lines(method: str, fit: str = "study", batches: bool = True) -> StudyResults:
    samples, design = designed(sheet(GOLDEN_LINES, DOSES), ("batch",) if batches else ())
    return analyze_expression(golden_expression("lines"), samples, design, CallRule(), method, fit)


@cache
def of_patients(method: str) -> StudyResults:
    arrays = golden("patients.samples")
    arrays = arrays.assign(study="study", treatment=np.where(arrays["dose"] > 0, "drug", "DMSO"), kept=True)
    found_out = ("reads", "percent_mapped", "library_type", "response", "response_source", "reason")
    samples = arrays.drop(columns="dose").assign(**dict.fromkeys(found_out))
    design = design_studies(samples, "DMSO")["study"]
    samples = final_samples(samples, "DMSO").assign(kept=True)
    return analyze_expression(golden_expression("patients"), samples, design, CallRule(), method)


def ours(test: str) -> StudyResults:
    method, _, where = test.partition(".")
    if where == "patients":
        return of_patients(method)
    if method in ("ttest", "class"):
        return of_lines("ttest", batches=False)
    return of_lines(method, "cell_line" if where == "weighted" else "study")


@pytest.mark.parametrize("test", TESTS)
def test_tests_are_those_of_r(test: str) -> None:
    rows = golden("tests")
    rows = rows[rows["method"] == test]
    assert len(rows)
    tables = ours(test).tables
    for contrast, theirs in rows.groupby("contrast", sort=False):
        table = tables[f"{contrast}.tsv"]
        assert table.columns[: len(COLUMNS)].tolist() == COLUMNS
        assert table["gene_id"].tolist() == theirs["gene_id"].tolist()
        np.testing.assert_allclose(table["statistic"], theirs["statistic"], rtol=EXACT, atol=EXACT)
        np.testing.assert_allclose(table["p_value"], theirs["p_value"], rtol=1e-8)
        if theirs["estimate"].notna().any():
            np.testing.assert_allclose(table["log2_fold_change"], theirs["estimate"], atol=EXACT)
        if theirs["p_beyond"].notna().any():
            beyond = theirs["p_beyond"].to_numpy()
            np.testing.assert_allclose(table["p_adjusted_threshold"], adjusted(beyond), rtol=1e-8)
        np.testing.assert_allclose(table["p_adjusted"], adjusted(theirs["p_value"].to_numpy()), rtol=1e-8)


def adjusted(p_values: np.ndarray) -> np.ndarray:
    """Benjamini and Hochberg's by their definition: the least p_j n / rank_j among those not below p."""
    ratio = p_values * len(p_values) / (p_values[:, None] >= p_values[None, :]).sum(axis=1)
    return np.array([min(1.0, ratio[p_values >= p].min()) for p in p_values])


def test_the_variance_of_lines_is_that_of_r() -> None:
    theirs = golden("relative").set_index("line")["variance"]
    facts = of_lines("limma", "cell_line").facts
    assert facts["relative_variances"] == pytest.approx(theirs.to_dict(), rel=1e-9)
    assert of_lines("limma", "auto").facts["fit"] == "cell_line"
    assert "differ" in facts["fit_because"]


def made(
    samples: pd.DataFrame, genes: int = 1000, seed: int = 0, noisy: str = "", effect: float = 0.0
) -> GeneMatrix:
    """Normal log2 expression: gene variances around 0.05, a `noisy` line of twice their root; the drug raises
    PLANTED genes by `effect`.
    """
    rng = np.random.default_rng(seed)
    sd = np.sqrt(0.05 / rng.gamma(3, 1 / 3, (genes, 1))) * np.where(samples["cell_line"] == noisy, 2.0, 1.0)
    values = rng.uniform(4, 12, (genes, 1)) + sd * rng.normal(size=(genes, len(samples)))
    values[PLANTED] += effect * (samples["treatment"] != "DMSO").to_numpy()
    ids = np.array([f"g{i}" for i in range(genes)])
    return GeneMatrix(ids, ids, samples["sample"].tolist(), values)


def analyzed(
    expression: GeneMatrix, samples: pd.DataFrame, method: str = "limma", fit: str = "auto", **rule
) -> StudyResults:
    samples, design = designed(samples)
    return analyze_expression(expression, samples, design, CallRule(**rule), method, fit)


@pytest.mark.parametrize("method", METHODS)
def test_p_values_are_uniform_when_nothing_changes(method: str) -> None:
    samples = sheet()
    results = analyzed(made(samples, genes=4000), samples, method)
    for name in (DRUG, "drug.bortezomib.all", "baseline.resistant_vs_sensitive"):
        p_values = np.sort(results.tables[f"{name}.tsv"]["p_value"].to_numpy())
        assert np.abs(p_values - (np.arange(4000) + 0.5) / 4000).max() < 1.95 / np.sqrt(4000)  # p = 0.001


@pytest.mark.parametrize("method", ["limma", "anova"])
def test_a_line_that_varies_more_keeps_its_error_rate_and_the_others_their_power(method: str) -> None:
    """With one variance for all lines, 19 % of its p-values are below 0.05, and 1.6 % of theirs."""
    samples = sheet()
    expression = made(samples, genes=4000, noisy="S1")
    shared, weighed = (analyzed(expression, samples, method, fit) for fit in ("study", "auto"))

    def below(results: StudyResults, contrast: str) -> float:
        return (results.tables[f"{contrast}.tsv"]["p_value"] < 0.05).mean()

    assert below(shared, DRUG) > 0.15
    assert below(shared, "drug.bortezomib.S2") < 0.025
    asked = [DRUG, "drug.bortezomib.S2", "drug.bortezomib.sensitive", "drug.bortezomib.all"]
    for contrast in [*asked, "baseline.resistant_vs_sensitive"]:
        assert below(weighed, contrast) == pytest.approx(0.05, abs=0.012), contrast
    assert shared.facts["fit"] == "study"
    assert weighed.facts["relative_variances"]["S1"] == pytest.approx(4, rel=0.1)


def test_lines_are_not_weighed_by_a_handful_of_genes_or_without_need() -> None:
    samples = sheet()
    few = analyzed(made(samples, genes=49, noisy="S1"), samples).facts
    assert (few["fit"], few["fit_because"]) == ("study", "too few genes to compare lines by")
    alike = analyzed(made(samples, genes=2000), samples).facts
    assert alike["fit"] == "study"
    assert max(alike["relative_variances"].values()) < 1.1


def test_planted_effects_are_called_and_few_others() -> None:
    samples = sheet()
    results = analyzed(made(samples, effect=2.0), samples)
    table = results.tables["drug.bortezomib.all.tsv"]
    assert (table["call"][PLANTED] == "up").mean() > 0.95
    assert (table["call"][PLANTED.stop :] != "unchanged").sum() <= 5
    assert table["lines"].eq(4).all()
    assert (table["lines_same_sign"][PLANTED] == 4).mean() > 0.95
    assert table[["shrunken_log2_fold_change", "shrunken_lfc_se"]].isna().all(axis=None)
    summary = results.tables["summary.tsv"].set_index("id")
    assert summary.loc["drug.bortezomib.all", "up"] == (table["call"] == "up").sum()
    assert set(results.facts) >= {
        "prior_df",
        "prior_variance",
        "relative_variances",
        "versions",
        "genes_tested",
    }
    assert not {"size_factors", "dispersion_trends", "inference", "length_correction"} & set(results.facts)
    assert not {"size_factors.tsv", "dispersions.tsv", "second_opinion.tsv"} & set(results.tables)


def test_base_means_are_not_on_a_log_scale() -> None:
    samples = sheet({"S1": "sensitive"})
    expression = made(samples)
    table = analyzed(expression, samples).tables[f"{DRUG}.tsv"]
    np.testing.assert_allclose(table["base_mean"], 2 ** expression.values.mean(axis=1))


@pytest.mark.parametrize("method", METHODS)
def test_genes_that_do_not_vary_have_no_test_by_themselves(method: str) -> None:
    samples = sheet({"S1": "sensitive"})
    expression = made(samples)
    drug = (samples["treatment"] != "DMSO").to_numpy()
    expression.values[0] = 7.3  # the same everywhere: no test says anything of it
    expression.values[1] = np.where(drug, 8.1, 7.3)  # no variance of its own: only the moderated test has one
    expression.values[2, 0] = np.nan
    results = analyzed(expression, samples, method)
    table = results.tables[f"{DRUG}.tsv"]
    numbers = table.select_dtypes("number").drop(columns=["shrunken_log2_fold_change", "shrunken_lfc_se"])
    assert not np.isinf(numbers.to_numpy(float)).any()
    assert table.loc[[0, 2], "call"].tolist() == ["untested", "untested"]
    assert (table["call"][1] == "untested") == (method != "limma")
    assert table["p_value"][3:].notna().all()
    assert results.facts["genes_tested"] == 998
    assert [text.split(" genes")[0] for text in results.facts["warnings"]] == ["1", "1"]


def test_a_t_test_without_replicates_of_its_own_is_not_made_and_the_warning_says_so() -> None:
    samples = sheet()
    lonely = samples["cell_line"].eq("S1") & samples["replicate"].ne("1")
    samples = samples[~lonely].reset_index(drop=True)
    by_t, by_anova = (analyzed(made(samples), samples, method) for method in ("ttest", "anova"))
    assert by_t.tables[f"{DRUG}.tsv"]["call"].eq("untested").all()
    assert by_anova.tables[f"{DRUG}.tsv"]["p_value"].notna().all()
    assert [text for text in by_t.facts["warnings"] if text.startswith(DRUG)]
    assert by_anova.facts["warnings"] == []
    assert by_anova.facts["fit_because"] == "no replicates within S1"
    with pytest.raises(InputError, match="--fit cell_line is not possible"):
        analyzed(made(samples), samples, "limma", "cell_line")


def test_raw_p_values_come_with_the_false_positives_to_expect() -> None:
    samples = sheet({"S1": "sensitive"})
    results = analyzed(made(samples), samples, "ttest", p_value="raw")
    assert results.facts["expected_false_positives"][DRUG] == 50.0
    table = results.tables[f"{DRUG}.tsv"]
    called = (table["p_value"] < 0.05) & (table["log2_fold_change"].abs() >= 1)
    assert table["call"].isin(["up", "down"]).tolist() == called.tolist()


def test_what_is_no_log2_expression_or_lacks_a_sample_is_refused() -> None:
    samples = sheet({"S1": "sensitive"})
    expression = made(samples)
    with pytest.raises(InputError, match="no log2 expression"):
        analyzed(GeneMatrix(*list(vars(expression).values())[:3], 2**expression.values), samples)
    with pytest.raises(InputError, match="no expression of S1_bortezomib_20_24_3"):
        analyzed(expression.select(expression.samples[:-1]), samples)


def test_a_study_without_kept_samples_is_reported() -> None:
    samples = sheet().assign(kept=False, reason="RIN")
    final, design = designed(samples)
    results = analyze_expression(made(samples), final[final["kept"]], design, CallRule())
    assert results.facts["untested_because"]
    assert list(results.tables) == ["summary.tsv"]
    assert results.expression.values.shape == (1000, 0)


def test_the_command_tests_expression_and_says_what_it_put_in_the_place_of_deseq2(run) -> None:  # noqa: F811
    samples, design = designed(sheet())
    expression = made(samples, effect=2.0)
    done, out = run(expression, samples, design, "--test_method", "deseq2", measured="expression")
    said = "--test_method deseq2 is not for expression of arrays: limma was taken"
    assert (done.returncode, done.stderr) == (0, f"warning: {said}\n")
    names = {path.name for path in out.iterdir()}
    assert {"fit.json", "summary.tsv", "log2_expression.tsv", f"{DRUG}.tsv"} <= names
    assert not {"size_factors.tsv", "dispersions.tsv", "second_opinion.tsv"} & names
    facts = read_json(out / "fit.json")
    assert (facts["method"], facts["warnings"], facts["expression"]) == ("limma", [said], "expression.tsv")
    np.testing.assert_array_equal(read_matrix(out / "log2_expression.tsv").values, expression.values)


def test_the_command_takes_deseq2_where_a_t_test_of_counts_is_wanted(run) -> None:  # noqa: F811
    samples, design = designed(sheet({"S1": "sensitive"}))
    done, out = run(planted_counts(samples), samples, design, "--test_method", "ttest")
    said = "--test_method ttest is not for counts: deseq2 was taken"
    assert (done.returncode, done.stderr) == (0, f"warning: {said}\n")
    facts = read_json(out / "fit.json")
    assert (facts["method"], facts["warnings"][0]) == ("deseq2", said)
