"""The model of DESeq2 against R's DESeq2 1.38, and what its results mean."""

from __future__ import annotations

import numpy as np
import pytest
from deseq2_goldens import (
    ALPHA,
    LINES,
    TWO_GROUPS,
    assert_same_p_values,
    assert_same_set,
    golden,
    relative,
    study,
)

from rxpress.deseq.contrast import evaluate_contrast
from rxpress.deseq.fit import fit_study
from rxpress.deseq.size_factors import normalize
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.inference import BatchedInference

STUDIES = ["lines", "replicates", "groups", "pairs", "lengths"]


@pytest.mark.parametrize("name", STUDIES)
def test_size_factors_are_those_of_r(name: str) -> None:
    assert relative(study(name).normalization.size_factors, golden(f"{name}.samples")["size_factor"]) < 1e-7


@pytest.mark.parametrize("name", STUDIES)
def test_dispersions_and_their_trend_are_those_of_r(name: str) -> None:
    fit, genes, trend = study(name).fit, golden(f"{name}.dispersions"), golden(f"{name}.trend").iloc[0]
    assert relative(fit.base_means, genes["base_mean"]) < 1e-7
    assert relative(fit.genes.gene_wise, genes["gene_wise"], 0.95) < 1e-6
    assert relative(fit.genes.fitted, genes["fitted"], 0.95) < 1e-6
    assert relative(fit.genes.final, genes["final"], 0.95) < 1e-6
    for field in ("asymptotic", "extra_poisson", "residual_variance", "prior_variance"):
        assert getattr(fit.trends["study"], field) == pytest.approx(trend[field], rel=1e-6)


@pytest.mark.parametrize("name", LINES)
def test_contrasts_of_lines_with_a_batch_covariate_are_those_of_r(name: str) -> None:
    lines, theirs = study("lines"), golden(f"lines.{name}")
    ours = lines.evaluate(LINES[name])
    likely = ((theirs["p_value"] < 0.1) & ~lines.separated(LINES[name])).to_numpy()
    assert relative(ours.estimate[likely], theirs["log2_fold_change"][likely], 0.99) < 1e-6
    assert relative(ours.error, theirs["lfc_se"], 0.95) < 1e-6
    assert_same_p_values(ours.p_value, theirs["p_value"])
    beyond = np.nan_to_num(ours.p_adjusted_threshold, nan=1.0) < ALPHA
    called = np.nan_to_num(ours.p_adjusted, nan=1.0) < ALPHA
    assert_same_set(called, (theirs["p_adjusted"] < ALPHA).to_numpy())
    assert_same_set(beyond, (theirs["p_adjusted_threshold"] < ALPHA).to_numpy())


@pytest.mark.parametrize("name", ["replicates", "groups", "pairs", "lengths"])
def test_two_groups_with_outliers_or_length_offsets_are_tested_as_by_r(name: str) -> None:
    ours, theirs = study(name).evaluate(TWO_GROUPS), golden(f"{name}.drug")
    likely = ((theirs["p_value"] < 0.1) & ~study(name).separated(TWO_GROUPS)).to_numpy()
    assert relative(ours.estimate[likely], theirs["log2_fold_change"][likely], 0.99) < 1e-6
    assert_same_p_values(ours.p_value, theirs["p_value"])
    assert np.array_equal(np.isnan(ours.p_adjusted), theirs["p_adjusted"].isna())
    assert relative(ours.p_adjusted, theirs["p_adjusted"], 0.95) < 1e-6
    for adjusted, column in (
        (ours.p_adjusted, "p_adjusted"),
        (ours.p_adjusted_threshold, "p_adjusted_threshold"),
    ):
        assert_same_set(np.nan_to_num(adjusted, nan=1.0) < ALPHA, (theirs[column] < ALPHA).to_numpy())


@pytest.mark.parametrize("question", ["drug", "interaction", "baseline"])
def test_a_paired_cohort_is_tested_as_by_r(question: str) -> None:
    """Drug effects from pairs with a block per patient, the baseline from all untreated samples without."""
    counts = golden("patients.counts").drop(columns="gene_id").to_numpy(float)
    samples = golden("patients.samples")
    drug, resistant = samples["drug"].to_numpy(float), samples["resistant"].to_numpy(float)
    if question == "baseline":
        used = drug == 0
        matrix, contrast = np.column_stack([resistant, 1 - resistant])[used], np.array([1.0, -1.0])
    else:
        used = np.arange(len(samples)) < 24
        matrix = np.column_stack([np.tile(np.eye(12), 2).T, drug[used], (drug * resistant)[used]])
        contrast = np.eye(14)[12 if question == "drug" else 13]
    fit = fit_study(counts[:, used], normalize(counts[:, used]).factors, matrix, BatchedInference())
    ours, theirs = (
        evaluate_contrast(fit, contrast, BatchedInference(), ALPHA, 1.0),
        golden(f"patients.{question}"),
    )
    likely = (theirs["p_value"] < 0.1).to_numpy()
    assert relative(ours.estimate[likely], theirs["log2_fold_change"][likely], 0.99) < 1e-5
    assert_same_p_values(ours.p_value, theirs["p_value"])
    for adjusted, column in (
        (ours.p_adjusted, "p_adjusted"),
        (ours.p_adjusted_threshold, "p_adjusted_threshold"),
    ):
        assert_same_set(np.nan_to_num(adjusted, nan=1.0) < ALPHA, (theirs[column] < ALPHA).to_numpy())


def test_outliers_are_replaced_where_replicates_abound_and_flagged_where_they_do_not() -> None:
    assert study("replicates").fit.replaced.sum() > 10
    assert not np.isnan(study("replicates").evaluate(TWO_GROUPS).p_value).any()
    assert not study("groups").fit.replaced.any()
    assert np.isnan(study("groups").evaluate(TWO_GROUPS).p_value).sum() > 10


def test_outliers_matter_only_to_contrasts_that_weigh_their_condition() -> None:
    lines, theirs = study("lines", blocked=False), golden("lines.one_line.unblocked")
    ours = lines.evaluate(LINES["one_line"])
    assert_same_p_values(ours.p_value, theirs["p_value"])
    assert relative(ours.p_adjusted, theirs["p_adjusted"], 0.95) < 1e-6
    in_line_a = lines.samples["condition"].str.startswith("A").to_numpy()
    outlying = lines.fit.cooks > 1
    elsewhere = outlying[:, ~in_line_a].any(axis=1) & ~outlying[:, in_line_a].any(axis=1)
    assert elsewhere.sum() >= 5
    assert not np.isnan(ours.p_value[elsewhere]).any()
    assert np.isnan(lines.evaluate(LINES["average"]).p_value[elsewhere]).all()


def test_a_gene_silent_in_a_contrast_has_no_fold_change_and_p_1() -> None:
    lines = study("lines")
    result = lines.evaluate(LINES["silent_line"])
    line_c = lines.samples["condition"].str.startswith("C").to_numpy()
    silent = ~lines.counts[:, line_c].any(axis=1) & lines.counts.any(axis=1)
    assert silent.sum() >= 70
    assert (result.estimate[silent] == 0).all()
    assert (result.shrunken[silent] == 0).all()
    assert (result.p_value[silent] == 1).all()


def test_genes_without_counts_are_not_tested() -> None:
    lines = study("lines")
    result = lines.evaluate(LINES["average"])
    empty = ~lines.counts.any(axis=1)
    assert empty.sum() >= 6
    for values in vars(result).values():
        assert np.isnan(values[empty]).all()


def test_variance_stabilized_expression_is_that_of_r() -> None:
    lines, theirs = study("lines"), golden("lines.vst").drop(columns="gene_id").to_numpy()
    expression, transformation = stabilize_variance(lines.counts, lines.fit.factors, BatchedInference())
    assert transformation == "vst"
    assert np.abs(expression[: len(theirs)] - theirs).max() < 1e-3
