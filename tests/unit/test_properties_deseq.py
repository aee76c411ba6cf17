"""The DESeq2 model on any counts: closed forms, brute force, SciPy, and what must not matter."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers
from scipy.stats import chi2, median_abs_deviation, nbinom, norm, trim_mean

from rxpress.deseq.contrast import evaluate_contrast
from rxpress.deseq.design import Design
from rxpress.deseq.dispersions import gene_wise_dispersions, max_dispersion, shrink_dispersions
from rxpress.deseq.fit import StudyFit, fit_study
from rxpress.deseq.gamma_glm import fit_gamma_glm
from rxpress.deseq.glm import fit_glm, wald_error, wald_p_values
from rxpress.deseq.joint import evaluate_joint, null_space
from rxpress.deseq.line_fits import block_matrix
from rxpress.deseq.outliers import trimmed_mean
from rxpress.deseq.prior_variance import loess, robust_variance
from rxpress.deseq.shrinkage import prior_scale
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.inference import BatchedInference

GROUPS = np.repeat(np.eye(2), 4, axis=0)
BATCHED = np.column_stack([GROUPS, np.tile([1.0, -1.0], 4)])
INFERENCE = BatchedInference()


def draw(generator: np.random.Generator, genes: int = 30, samples: int = 8) -> np.ndarray:
    """Negative binomial counts of which a third differ between the halves of the samples."""
    effect = np.where(np.arange(genes) % 3 == 0, generator.normal(0, 1, genes), 0)
    means = 2 ** (generator.uniform(4, 10, genes)[:, None] + effect[:, None] * (np.arange(samples) >= 4))
    size = 1 / generator.uniform(0.02, 0.4, genes)[:, None]
    return generator.negative_binomial(size, size / (size + means)).astype(float) + 1


@cache
def study(seed: int, matrix: str = "groups") -> tuple[np.ndarray, StudyFit]:
    counts = draw(np.random.default_rng(seed), 200)
    return counts, fit_study(counts, np.ones(8), {"groups": GROUPS, "batched": BATCHED}[matrix], INFERENCE)


@few
@given(generators())
def test_fitted_means_of_groups_are_means_of_their_samples(generator: np.random.Generator) -> None:
    """The likelihood of a saturated negative binomial model is highest there, whatever the dispersion."""
    counts = draw(generator)
    fit = fit_glm(counts, np.ones(8), Design.split(GROUPS), generator.uniform(0.01, 1, 30))
    expected = np.log(np.column_stack([counts[:, :4].mean(axis=1), counts[:, 4:].mean(axis=1)]))
    assert fit.converged.all()
    np.testing.assert_allclose(fit.coefficients, expected, atol=1e-4)


@few
@given(generators(), numbers(0.1, 10))
def test_deeper_sequencing_moves_factors_and_not_coefficients(
    generator: np.random.Generator, depth: float
) -> None:
    counts, dispersions = draw(generator), generator.uniform(0.05, 0.5, 30)
    design = Design.split(BATCHED)
    one = fit_glm(counts, np.full(8, 1.0), design, dispersions)
    other = fit_glm(counts, np.full(8, depth), design, dispersions)
    shift = np.array([np.log(depth), np.log(depth), 0])
    np.testing.assert_allclose(other.coefficients, one.coefficients - shift, atol=1e-3)
    np.testing.assert_allclose(other.means, one.means, rtol=1e-3)


@few
@given(generators())
def test_order_of_samples_and_genes_does_not_matter(generator: np.random.Generator) -> None:
    counts, dispersions = draw(generator), generator.uniform(0.05, 0.5, 30)
    samples, genes = generator.permutation(8), generator.permutation(30)
    one = fit_glm(counts, np.ones(8), Design.split(BATCHED), dispersions)
    other = fit_glm(
        counts[np.ix_(genes, samples)], np.ones(8), Design.split(BATCHED[samples]), dispersions[genes]
    )
    np.testing.assert_allclose(other.coefficients, one.coefficients[genes], atol=1e-5)
    np.testing.assert_allclose(other.hat, one.hat[np.ix_(genes, samples)], atol=1e-5)


@few
@given(generators())
def test_hat_values_sum_to_the_number_of_coefficients(generator: np.random.Generator) -> None:
    fit = fit_glm(draw(generator), np.ones(8), Design.split(BATCHED), np.full(30, 0.1))
    np.testing.assert_allclose(fit.hat.sum(axis=1), 3, rtol=1e-3)


@few
@given(generators())
def test_error_of_a_group_is_that_of_fisher(generator: np.random.Generator) -> None:
    """A group of n samples of mean m and dispersion a: its information is n m / (1 + a m)."""
    means, dispersions = generator.uniform(2, 1000, 10), generator.uniform(0.01, 1, 10)
    error = wald_error(
        Design.split(GROUPS), np.tile(means[:, None], 8), dispersions, np.array([-1.0, 1.0]), ridge=0.0
    )
    np.testing.assert_allclose(error, np.sqrt(2 * (1 + dispersions * means) / (4 * means)), rtol=1e-6)


def cox_reid(counts: np.ndarray, means: np.ndarray, matrix: np.ndarray, dispersion: float) -> float:
    """The adjusted profile likelihood, term by term (McCarthy, Chen and Smyth 2012)."""
    size = 1 / dispersion
    weights = means / (1 + dispersion * means)
    _, determinant = np.linalg.slogdet(matrix.T @ (weights[:, None] * matrix))
    return float(nbinom.logpmf(counts, size, size / (size + means)).sum() - determinant / 2)


@few
@given(generators(), st.sampled_from([GROUPS, BATCHED]))
def test_gene_wise_dispersions_maximise_the_adjusted_likelihood(
    generator: np.random.Generator, matrix: np.ndarray
) -> None:
    counts = draw(generator, 6)
    found, means = gene_wise_dispersions(counts, np.ones(8), Design.split(matrix), INFERENCE)
    for gene in np.flatnonzero((found > 1e-3) & (found < 0.4 * max_dispersion(8))):
        here, *others = (
            cox_reid(counts[gene], means[gene], matrix, found[gene] * factor)
            for factor in (1, 0.5, 0.8, 1.25, 2)
        )
        assert here >= max(others) - 0.01, "R's search stops where it is as flat"


@few
@given(generators(), numbers(0.05, 2))
def test_shrunken_dispersions_lie_between_the_gene_and_the_trend(
    generator: np.random.Generator, prior: float
) -> None:
    counts, design = draw(generator, 20), Design.split(GROUPS)
    own, means = gene_wise_dispersions(counts, np.ones(8), design, INFERENCE)
    trend = np.full(20, 0.15)
    shrunken = shrink_dispersions(counts, means, design, own, trend, prior, INFERENCE)
    plain = (own > 1e-3) & (own < 0.9 * max_dispersion(8))
    assert (shrunken >= np.minimum(own, trend) * 0.97)[plain].all()
    assert (shrunken <= np.maximum(own, trend) * 1.03)[plain].all()


@few
@given(generators(), numbers(0.01, 0.5), numbers(0.1, 5))
def test_gamma_regression_has_the_least_deviance(
    generator: np.random.Generator, constant: float, slope: float
) -> None:
    covariate = generator.uniform(0.001, 1, 200)
    targets = (constant + slope * covariate) * generator.gamma(2, 0.5, 200)
    (a, b), converged = fit_gamma_glm(covariate, targets)
    assert converged

    def deviance(a: float, b: float) -> float:
        means = a + b * covariate
        return float(2 * (targets / means - 1 - np.log(targets / means)).sum())

    least = deviance(a, b)
    for step in (0.9, 0.99, 1.01, 1.1):
        assert deviance(a * step, b) >= least * (1 - 1e-6)
        assert deviance(a, b * step) >= least * (1 - 1e-6)


@few
@given(generators(), numbers(0, 0.4))
def test_trimmed_means_and_robust_variances_are_those_of_scipy(
    generator: np.random.Generator, trim: float
) -> None:
    values = generator.lognormal(3, 1, (5, 11))
    np.testing.assert_allclose(trimmed_mean(values, trim), trim_mean(values, trim, axis=1), rtol=1e-10)
    expected = median_abs_deviation(values[0], scale="normal") ** 2
    np.testing.assert_allclose(robust_variance(values[0]), expected, rtol=1e-4)


@few
@given(generators(), st.tuples(*[numbers(-3, 3)] * 3))
def test_local_regression_gives_back_a_parabola(
    generator: np.random.Generator, terms: tuple[float, float, float]
) -> None:
    x = np.sort(generator.uniform(0, 1, 40))
    y = terms[0] + terms[1] * x + terms[2] * x**2
    at = np.linspace(x[0], x[-1], 9)
    np.testing.assert_allclose(loess(x, y, at), terms[0] + terms[1] * at + terms[2] * at**2, atol=0.05)


@few
@given(generators(), numbers(0, 2))
def test_p_values_of_a_wald_test_are_tails_of_a_normal(generator: np.random.Generator, null: float) -> None:
    estimate, error = generator.normal(0, 2, 20), generator.uniform(0.1, 2, 20)
    p_values, _ = wald_p_values(estimate, error)
    np.testing.assert_allclose(p_values, 2 * norm.sf(np.abs(estimate / error)), rtol=1e-9)
    greater, _ = wald_p_values(estimate, error, null, "greater")
    less, _ = wald_p_values(-estimate, error, null, "less")
    np.testing.assert_allclose(greater, less)
    beyond, _ = wald_p_values(estimate, error, null, "greaterAbs")
    assert (beyond >= p_values - 1e-12).all(), "a larger change is never surer than a change"


@few
@given(generators(), numbers(0.05, 0.8))
def test_scale_of_the_prior_is_that_of_true_effects(generator: np.random.Generator, scale: float) -> None:
    error = generator.uniform(0.05, 0.3, 20_000)
    estimate = generator.normal(0, np.hypot(scale, error))
    assert prior_scale(estimate, error) == pytest.approx(scale, rel=0.1)
    assert prior_scale(np.append(estimate, np.nan), np.append(error, 1.0)) == prior_scale(estimate, error)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("matrix", ["groups", "batched"])
def test_contrast_turned_round_changes_its_sign_and_nothing_else(seed: int, matrix: str) -> None:
    _, fit = study(seed, matrix)
    contrast = np.array([-1.0, 1.0, 0.0])[: fit.design.coefficients]
    one, other = (evaluate_contrast(fit, sign * contrast, INFERENCE, 0.05, 1.0) for sign in (1, -1))
    for name in ("estimate", "statistic", "shrunken"):
        np.testing.assert_allclose(getattr(other, name), -getattr(one, name), rtol=1e-4, atol=1e-6)
    for name in ("error", "p_value", "p_adjusted", "p_adjusted_threshold", "shrunken_error"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_shrinkage_keeps_the_sign_and_never_enlarges(seed: int) -> None:
    _, fit = study(seed)
    test = evaluate_contrast(fit, np.array([-1.0, 1.0]), INFERENCE, 0.05, 1.0)
    assert (np.abs(test.shrunken) <= np.abs(test.estimate) + 1e-4).all()
    assert (test.shrunken * test.estimate >= -1e-8).all()
    surer = np.abs(test.statistic) > 8
    np.testing.assert_allclose(test.shrunken[surer], test.estimate[surer], rtol=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_joint_test_is_a_likelihood_ratio_of_the_mean_model(seed: int) -> None:
    """Of two groups: twice the rise of the likelihood over that of one mean, by chi-squared."""
    counts, fit = study(seed)
    joint = evaluate_joint(fit, np.array([[-1.0, 1.0]]), INFERENCE, 0.05)
    size = 1 / fit.genes.final[:, None]

    def likelihood(means: np.ndarray) -> np.ndarray:
        return nbinom.logpmf(counts, size, size / (size + means)).sum(axis=1)

    halves = np.repeat([counts[:, :4].mean(axis=1), counts[:, 4:].mean(axis=1)], 4, axis=0).T
    expected = 2 * (likelihood(halves) - likelihood(np.tile(counts.mean(axis=1)[:, None], 8)))
    plain = fit.cooks.max(axis=1) <= 1
    np.testing.assert_allclose(joint.statistic[plain], expected[plain], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(joint.p_value[plain], chi2.sf(expected[plain], 1), rtol=5e-3, atol=1e-9)


@few
@given(st.integers(0, 2))
def test_stabilised_counts_rise_with_the_counts(seed: int) -> None:
    counts, _ = study(seed)
    values, kind = stabilize_variance(counts, np.ones(8), INFERENCE)
    order = np.argsort(counts, axis=None)
    assert kind in ("vst", "log2")
    assert (np.diff(values.ravel()[order]) >= -1e-9).all()


@few
@given(st.lists(st.sampled_from("ABC"), min_size=6, max_size=12))
def test_design_cut_by_lines_spans_each_line_alone(lines: list[str]) -> None:
    matrix = np.column_stack([np.ones(len(lines)), np.arange(len(lines)) % 2])
    blocks, names = block_matrix(matrix, ["a", "b"], np.array(lines))
    assert len(set(names)) == len(names) == blocks.shape[1]
    expected = sum(np.linalg.matrix_rank(matrix[np.array(lines) == line]) for line in set(lines))
    assert np.linalg.matrix_rank(blocks) == expected
    np.testing.assert_allclose(blocks.sum(axis=1), matrix.sum(axis=1))


@few
@given(generators(), st.integers(1, 3))
def test_null_space_of_contrasts_is_all_that_they_do_not_see(
    generator: np.random.Generator, contrasts: int
) -> None:
    seen = generator.normal(size=(contrasts, 5))
    space = null_space(seen)
    space = space if space.shape[0] == 5 else space.T
    assert space.shape == (5, 5 - contrasts)
    np.testing.assert_allclose(seen @ space, 0, atol=1e-9)
    assert np.linalg.matrix_rank(space) == 5 - contrasts
