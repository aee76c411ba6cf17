"""Single steps of the DESeq2 model against values of R's functions (4.2) and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from rxpress.deseq.design import Design, Gram
from rxpress.deseq.dispersions import fit_trend
from rxpress.deseq.gamma_glm import fit_gamma_glm
from rxpress.deseq.glm import log_likelihood, wald_p_values
from rxpress.deseq.multiple_testing import adjust_with_filter, benjamini_hochberg
from rxpress.deseq.outliers import flag_outliers, replace_outliers, trimmed_mean
from rxpress.deseq.prior_variance import loess
from rxpress.deseq.size_factors import estimate_size_factors, normalize
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.inference import BatchedInference

ONE_HOT = np.repeat(np.eye(3), 4, axis=0)
DESIGNS = {
    "conditions": ONE_HOT,
    "conditions and covariates": np.column_stack([ONE_HOT, np.tile([1, -1, 0, 0], 3), np.arange(12) / 10]),
    "intercept": np.column_stack([np.ones(12), ONE_HOT[:, 1:]]),
    "numbers": np.column_stack([np.ones(12), np.arange(12) / 7, np.sin(np.arange(12))]),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_block_algebra_is_that_of_the_whole_matrix(name: str) -> None:
    matrix, rng = DESIGNS[name], np.random.default_rng(0)
    weights, right = rng.uniform(0.1, 9, (7, 12)), rng.normal(size=(7, matrix.shape[1]))
    whole = np.einsum("ia,gi,ib->gab", matrix, weights, matrix) + 0.01 * np.eye(matrix.shape[1])
    inverse = np.linalg.inv(whole)
    gram = Gram.of(Design.split(matrix), weights, 0.01)
    assert gram.log_determinant() == pytest.approx(np.linalg.slogdet(whole)[1], rel=1e-10)
    assert gram.solve(right) == pytest.approx(np.einsum("gab,gb->ga", inverse, right), rel=1e-8)
    assert gram.inverse() == pytest.approx(inverse, rel=1e-8)
    assert gram.leverage() == pytest.approx(np.einsum("ia,gab,ib->gi", matrix, inverse, matrix), rel=1e-8)


def test_conditions_are_split_off_as_indicators() -> None:
    split = {name: Design.split(matrix) for name, matrix in DESIGNS.items()}
    assert split["conditions and covariates"].indicator.tolist() == [0, 1, 2]
    assert split["intercept"].dense.tolist() == [0]
    assert split["numbers"].indicator.tolist() == [0]
    assert split["conditions"].saturated
    assert not split["conditions and covariates"].saturated


def test_size_factors_are_those_of_r() -> None:
    everywhere = np.array([[10, 20, 40], [5, 8, 20], [0, 3, 9], [100, 210, 390]], dtype=float)
    nowhere = np.array([[0, 20, 40], [5, 0, 20], [7, 3, 0], [0, 210, 390]], dtype=float)
    factors, kind = estimate_size_factors(everywhere)
    assert kind == "ratio"
    assert factors == pytest.approx([0.5, 1, 2], rel=1e-12)
    factors, kind = estimate_size_factors(nowhere)
    assert kind == "poscounts"
    assert factors == pytest.approx([0.665255259577, 0.866943597777, 1.73388719555], rel=1e-11)


def test_size_factors_rest_on_control_genes_alone() -> None:
    counts = np.array([[10, 20, 40], [7, 0, 0], [900, 10, 3]], dtype=float)
    control = np.array([True, False, False])
    assert normalize(counts, control=control).size_factors == pytest.approx([0.5, 1, 2], rel=1e-12)
    with pytest.raises(ValueError, match="no counts"):
        normalize(counts, control=~control & (counts[:, 1] == 0))


def test_counts_of_a_study_with_an_empty_sample_are_left_as_they_are() -> None:
    normalization = normalize(np.array([[1.0, 0.0], [4.0, 0.0]]))
    assert normalization.kind == "none"
    assert normalization.factors.tolist() == [1, 1]


def test_log_likelihood_is_that_of_the_negative_binomial() -> None:
    rng = np.random.default_rng(1)
    means, alpha = rng.uniform(0.5, 400, (5, 6)), rng.uniform(0.01, 2, 5)
    counts = rng.poisson(means).astype(float)
    size = 1 / alpha[:, None]
    truth = nbinom.logpmf(counts, size, size / (size + means)).sum(axis=1)
    assert log_likelihood(counts, means, alpha) == pytest.approx(truth, rel=1e-9)


def test_p_values_against_a_threshold_follow_their_definition() -> None:
    estimate, error = np.array([-2.0, -0.4, 0.0, 1.5]), np.full(4, 0.5)
    p_value = {
        kind: wald_p_values(estimate, error, 1.0, kind)[0]
        for kind in ("greaterAbs", "lessAbs", "greater", "less")
    }
    assert p_value["greaterAbs"] == pytest.approx([0.04550026, 1, 1, 0.3173105], rel=1e-6)
    assert p_value["lessAbs"] == pytest.approx([0.9772499, 0.1150697, 0.02275013, 0.8413447], rel=1e-6)
    assert p_value["greater"] == pytest.approx([1, 0.9974449, 0.9772499, 0.1586553], rel=1e-6)
    assert p_value["less"] == pytest.approx([0.02275013, 0.8849303, 0.9772499, 0.9999997], rel=1e-6)


def test_benjamini_hochberg_passes_over_missing_p_values() -> None:
    adjusted = benjamini_hochberg(np.array([0.01, 0.02, np.nan, 0.03, 0.5, 0.04]))
    assert adjusted == pytest.approx([0.05, 0.05, np.nan, 0.05, 0.5, 0.05], nan_ok=True)


def test_filtering_by_mean_count_finds_more_without_more_false_ones() -> None:
    rng = np.random.default_rng(2)
    means = np.exp(rng.uniform(-3, 7, 4000))
    changed = (rng.random(4000) < 0.2) & (means > 5)
    p_value = np.where(changed, rng.beta(0.2, 20, 4000), rng.random(4000))
    adjusted, cutoff = adjust_with_filter(p_value, means, 0.05)
    called = adjusted < 0.05
    assert 0.2 < cutoff < 20
    assert called.sum() > (benjamini_hochberg(p_value) < 0.05).sum()
    assert (called & ~changed).sum() < 0.08 * called.sum()


def test_loess_is_that_of_r() -> None:
    x = np.linspace(0, 8, 200)
    smooth = loess(x, np.cos(x) + x**2 / 9, np.array([0, 0.1, 4.004004, 7.9]))
    assert smooth == pytest.approx([1.00627977492, 0.997245109793, 1.1306100762, 6.88725846581], rel=1e-8)


def test_a_trimmed_mean_drops_as_many_values_as_r() -> None:
    values = np.array([[1.0, 2, 3, 100], [9, 8, 7, 0]])
    assert trimmed_mean(values, 1 / 4).tolist() == [2.5, 7.5]
    assert trimmed_mean(values[:, :3], 1 / 3).tolist() == [2, 8]


def test_gamma_regression_finds_a_planted_trend() -> None:
    rng = np.random.default_rng(3)
    covariate = 1 / np.exp(rng.uniform(1, 9, 20_000))
    targets = (0.05 + 4 * covariate) * rng.gamma(3, 1 / 3, 20_000)
    coefficients, converged = fit_gamma_glm(covariate, targets)
    assert converged
    assert coefficients == pytest.approx([0.05, 4], rel=0.03)


def test_a_trend_that_does_not_fall_gives_way_to_the_mean() -> None:
    rng = np.random.default_rng(4)
    means = np.exp(rng.uniform(2, 9, 500))
    rising = 0.01 * means**0.3 * rng.gamma(3, 1 / 3, 500)
    trend = fit_trend(means, rising, 6, BatchedInference())
    assert trend.kind == "mean"
    assert trend.at(means[:3]) == pytest.approx(np.full(3, rising.mean()), rel=0.05)
    assert fit_trend(means, np.full(500, 1e-8), 6, BatchedInference()).kind == "none"


@pytest.mark.parametrize(("replicates", "replaced"), [(6, False), (7, True)])
def test_an_outlier_is_replaced_from_seven_replicates_on_and_flagged_below(
    replicates: int, replaced: bool
) -> None:
    design = Design.split(np.repeat(np.eye(2), replicates, axis=0))
    counts, cooks = np.full((1, 2 * replicates), 10.0), np.zeros((1, 2 * replicates))
    counts[0, 0], cooks[0, 0] = 500, 9
    everyone = np.ones(2 * replicates, dtype=bool)
    expected = np.full_like(counts, 10) if replaced else counts
    np.testing.assert_array_equal(replace_outliers(counts, np.ones(2 * replicates), cooks, design), expected)
    assert flag_outliers(counts, cooks, design, everyone, spare_low=False).tolist() == [not replaced]


def test_a_low_count_far_out_is_no_outlier_while_three_others_are_higher() -> None:
    design = Design.split(np.repeat(np.eye(2), 4, axis=0))
    counts = np.array([[0.0, 9, 0, 0, 10, 11, 12, 0], [0, 90, 0, 0, 10, 11, 12, 0]])
    cooks = np.zeros((2, 8))
    cooks[:, 1] = 1e3
    everyone = np.ones(8, dtype=bool)
    assert flag_outliers(counts, cooks, design, everyone, spare_low=True).tolist() == [False, True]
    assert flag_outliers(counts, cooks, design, everyone, spare_low=False).all()
    assert not flag_outliers(counts, cooks, design, np.arange(8) >= 4, spare_low=False).any()


def test_stabilized_expression_is_log2_of_counts_far_above_the_noise() -> None:
    rng = np.random.default_rng(5)
    means = np.exp(rng.uniform(1, 12, (400, 1)))
    counts = rng.negative_binomial(20, 20 / (20 + means * np.ones(8))).astype(float)
    expression, kind = stabilize_variance(counts, np.ones(8), BatchedInference())
    high = means[:, 0] > 5000
    assert kind == "vst"
    assert expression[high] == pytest.approx(np.log2(counts[high]), abs=0.1)
    assert np.median(expression.std(axis=1)[~high]) < 0.6


@pytest.mark.parametrize("counts", [np.ones((3, 1)), np.zeros((3, 4)), np.full((3, 4), 7.0), np.ones((3, 0))])
def test_expression_without_a_trend_is_log2_of_counts_plus_1(counts: np.ndarray) -> None:
    expression, kind = stabilize_variance(counts, np.ones(counts.shape[1]), BatchedInference())
    assert kind == "log2"
    assert np.array_equal(expression, np.log2(counts + 1))
