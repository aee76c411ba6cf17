"""Linear models, their weights and smooth trends on any data: SciPy, least squares by hand, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers
from scipy.special import polygamma
from scipy.stats import f as f_distribution
from scipy.stats import f_oneway, ttest_ind
from scipy.stats import t as t_distribution

from rxpress.design.model_matrix import estimable, independent_columns
from rxpress.differential.line_level import combine_lines, count_agreeing, leave_one_out_range
from rxpress.limma import (
    estimate_prior,
    fit_linear_model,
    inverse_trigamma,
    moderate,
    natural_spline,
    ordinary,
)
from rxpress.lowess import lowess
from rxpress.student import t_tail
from rxpress.voom import residual_df, voom

TWO_GROUPS = np.array([[1.0, 0.0]] * 4 + [[1.0, 1.0]] * 3)
THREE = np.repeat(np.eye(3), 3, axis=0)


@few
@given(generators())
def test_ordinary_t_of_two_groups_is_that_of_student(generator: np.random.Generator) -> None:
    expression = generator.normal(8, 2, (10, 7))
    fit = ordinary(fit_linear_model(expression, TWO_GROUPS))
    expected = ttest_ind(expression[:, 4:], expression[:, :4], axis=1)
    np.testing.assert_allclose(fit.statistic[:, 1], expected.statistic, rtol=1e-8)
    np.testing.assert_allclose(fit.p_value[:, 1], expected.pvalue, rtol=1e-8)


@few
@given(generators(), numbers(-50, 50), numbers(0.1, 10))
def test_moderated_tests_do_not_see_the_level_and_unit_of_expression(
    generator: np.random.Generator, level: float, unit: float
) -> None:
    expression = generator.normal(8, generator.uniform(0.2, 2, (40, 1)), (40, 7))
    before = moderate(fit_linear_model(expression, TWO_GROUPS))
    after = moderate(fit_linear_model(level + unit * expression, TWO_GROUPS))
    np.testing.assert_allclose(after.statistic[:, 1], before.statistic[:, 1], rtol=1e-5)
    np.testing.assert_allclose(after.estimate[:, 1], unit * before.estimate[:, 1], rtol=1e-6, atol=1e-9)


@few
@given(numbers(1e-5, 1e5))
def test_inverse_of_trigamma_undoes_it(value: float) -> None:
    np.testing.assert_allclose(polygamma(1, inverse_trigamma(value)), value, rtol=1e-8)


@few
@given(generators())
def test_weighted_fit_is_that_of_numpy(generator: np.random.Generator) -> None:
    design = np.column_stack([np.ones(9), generator.normal(size=(9, 2))])
    expression, weights = generator.normal(8, 2, (5, 9)), generator.uniform(0.1, 5, (5, 9))
    fit = fit_linear_model(expression, design, weights=weights)
    for gene in range(5):
        root = np.sqrt(weights[gene])
        expected, squares, *_ = np.linalg.lstsq(design * root[:, None], expression[gene] * root, rcond=None)
        np.testing.assert_allclose(fit.estimate[gene], expected, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(fit.sigma[gene] ** 2, squares[0] / 6, rtol=1e-7)


@few
@given(generators(), st.integers(0, 8))
def test_an_observation_without_weight_is_a_missing_one(generator: np.random.Generator, where: int) -> None:
    expression, weights = generator.normal(8, 2, (5, 9)), np.ones((5, 9))
    weights[2, where] = 0
    missing = expression.copy()
    missing[2, where] = np.nan
    one, other = fit_linear_model(expression, THREE, weights=weights), fit_linear_model(missing, THREE)
    np.testing.assert_allclose(one.estimate, other.estimate, rtol=1e-9)
    np.testing.assert_allclose(one.sigma, other.sigma, rtol=1e-7)
    np.testing.assert_array_equal(one.residual_df, other.residual_df)


@few
@given(generators())
def test_joint_test_of_three_groups_is_the_analysis_of_variance(generator: np.random.Generator) -> None:
    expression = generator.normal(8, 2, (6, 9))
    contrasts = np.array([[-1.0, -1.0], [1.0, 0.0], [0.0, 1.0]])
    found = ordinary(fit_linear_model(expression, THREE, contrasts, joint=True))
    expected = f_oneway(expression[:, :3], expression[:, 3:6], expression[:, 6:], axis=1)
    np.testing.assert_allclose(found.joint_statistic, expected.statistic, rtol=1e-8)
    np.testing.assert_allclose(found.joint_p_value, expected.pvalue, rtol=1e-7)


@few
@given(generators())
def test_moderated_variances_lie_between_the_gene_and_the_prior(generator: np.random.Generator) -> None:
    spread = generator.uniform(0.2, 3, (50, 1))
    fit = fit_linear_model(generator.normal(8, spread, (50, 9)), THREE)
    found = moderate(fit)
    own, prior = fit.sigma**2, found.prior_variance
    assert (found.posterior_variance >= np.minimum(own, prior) * (1 - 1e-9)).all()
    assert (found.posterior_variance <= np.maximum(own, prior) * (1 + 1e-9)).all()
    assert (found.total_df >= fit.residual_df).all()


@few
@given(generators(), numbers(1.0, 20), numbers(0.1, 10))
def test_prior_of_variances_is_that_they_were_drawn_from(
    generator: np.random.Generator, prior_df: float, variance: float
) -> None:
    """Smyth (2004): variances are scaled F with the degrees of freedom of the gene and of the prior."""
    prior_df = prior_df + 2
    drawn = variance * f_distribution.rvs(6, prior_df, size=20_000, random_state=generator)
    df, prior = estimate_prior(drawn, np.full(20_000, 6.0))
    assert df == pytest.approx(prior_df, rel=0.25)
    np.testing.assert_allclose(prior, variance, rtol=0.1)


@few
@given(st.lists(numbers(0, 100), min_size=8, max_size=20, unique=True), numbers(-5, 5), numbers(-5, 5))
def test_smooth_lines_give_back_a_straight_line(points: list[float], a: float, b: float) -> None:
    x = np.sort(np.array(points))
    line = a + b * x
    if np.diff(x).min() > 1e-6:
        np.testing.assert_allclose(lowess(x, line, 0.7), line, atol=1e-6 * (1 + np.abs(line).max()))
    basis = natural_spline(x, x, 3)
    assert basis.shape == (len(x), 3)
    assert np.isfinite(basis).all()


@few
@given(generators(), numbers(-5, 5), numbers(0.1, 5))
def test_smooth_trend_follows_level_and_unit(
    generator: np.random.Generator, level: float, unit: float
) -> None:
    x, y = np.sort(generator.uniform(0, 10, 40)), generator.normal(size=40)
    np.testing.assert_allclose(lowess(x, level + unit * y, 0.5), level + unit * lowess(x, y, 0.5), atol=1e-8)
    np.testing.assert_allclose(lowess(unit * x, y, 0.5), lowess(x, y, 0.5), atol=1e-8)


@few
@given(generators(), numbers(1, 300))
def test_tails_of_t_are_those_of_scipy(generator: np.random.Generator, df: float) -> None:
    statistic = generator.normal(0, 5, 500)
    expected = t_distribution.sf(statistic, df)
    np.testing.assert_allclose(t_tail(statistic, np.array(df)), expected, rtol=1e-9)


@few
@given(generators())
def test_voom_is_log2_of_counts_per_million_whatever_the_order(generator: np.random.Generator) -> None:
    counts = generator.poisson(generator.lognormal(4, 1.5, (80, 1)) * np.ones(9)).astype(float)
    sizes = counts.sum(axis=0)
    values, weights = voom(counts, THREE, sizes)
    np.testing.assert_allclose(values, np.log2((counts + 0.5) / (sizes + 1) * 1e6), rtol=1e-12)
    assert (weights > 0).all()
    genes, samples = generator.permutation(80), generator.permutation(9)
    again = voom(counts[np.ix_(genes, samples)], THREE[samples], sizes[samples])
    np.testing.assert_allclose(again[1], weights[np.ix_(genes, samples)], rtol=1e-6)
    assert residual_df(THREE, np.repeat([0, 1, 2], 3)) == [2, 2, 2]


@few
@given(generators(), st.integers(1, 4))
def test_columns_and_contrasts_are_judged_by_rank(generator: np.random.Generator, rank: int) -> None:
    matrix = generator.integers(-2, 3, (8, rank)) @ generator.integers(-2, 3, (rank, 5))
    matrix = matrix.astype(float)
    kept = independent_columns(matrix)
    assert len(kept) == np.linalg.matrix_rank(matrix) == np.linalg.matrix_rank(matrix[:, kept])
    contrasts = np.vstack([generator.integers(-2, 3, (3, 5)), generator.integers(-2, 3, 8) @ matrix])
    expected = [
        np.linalg.matrix_rank(np.vstack([matrix, contrast])) == np.linalg.matrix_rank(matrix)
        for contrast in contrasts
    ]
    assert estimable(contrasts.astype(float), matrix).tolist() == expected


@few
@given(generators(), st.lists(st.sampled_from([1, -1]), min_size=1, max_size=5))
def test_average_over_lines_lies_within_what_leaving_one_out_gives(
    generator: np.random.Generator, sides: list[int]
) -> None:
    signs = np.array([1, *sides])
    values = generator.normal(size=(20, len(signs)))
    upper, lower = values[:, signs > 0], values[:, signs < 0]
    means = [part.mean(axis=1) for part in (upper, lower) if part.size]
    combined = combine_lines(values, signs)
    expected = means[0] - means[1] if len(means) == 2 else means[0]
    np.testing.assert_allclose(combined, expected, atol=1e-12)
    agreeing = count_agreeing(values, signs, combined)
    assert (agreeing >= 0).all()
    assert (agreeing <= len(signs)).all()
    around = leave_one_out_range(values, signs)
    if around is not None:
        assert (around[0] <= combined + 1e-12).all()
        assert (around[1] >= combined - 1e-12).all()
