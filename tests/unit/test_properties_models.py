"""Properties of models and tests on any data: scipy's answers, invariances and bounds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers
from scipy.special import polygamma
from scipy.stats import combine_pvalues, hypergeom, rankdata, ttest_ind

from rxpress.deseq.joint import null_space
from rxpress.dose_response.logistic import ln_ic50, response, response_and_slopes
from rxpress.interpretation.gene_sets import average_ranks, over_representation, running_sum_peaks
from rxpress.interpretation.signatures import weighted_z
from rxpress.limma import fit_linear_model, inverse_trigamma, moderate, ordinary
from rxpress.meta import common_sign, fixed_effect, hartung_knapp, heterogeneity, stouffer
from rxpress.qpcr.delta_ct import delta_ct

TWO_GROUPS = np.array([[1.0, 0.0]] * 4 + [[1.0, 1.0]] * 3)


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
@given(generators(), st.integers(2, 5))
def test_combined_effect_lies_between_those_of_studies(generator: np.random.Generator, studies: int) -> None:
    effects, errors = generator.normal(0, 2, (20, studies)), generator.uniform(0.1, 2, (20, studies))
    tau2 = heterogeneity(effects, errors).tau2
    assert (tau2 >= 0).all()
    fixed, random = fixed_effect(effects, errors), hartung_knapp(effects, errors, tau2)
    for combined in (fixed, random):
        assert (combined.estimate >= effects.min(axis=1) - 1e-9).all()
        assert (combined.estimate <= effects.max(axis=1) + 1e-9).all()
    opposite = fixed_effect(-effects, errors)
    np.testing.assert_allclose(opposite.estimate, -fixed.estimate)
    np.testing.assert_allclose(opposite.p_value, fixed.p_value)
    weights = errors**-2
    np.testing.assert_allclose(fixed.estimate, (effects * weights).sum(axis=1) / weights.sum(axis=1))
    assert (fixed.error <= errors.min(axis=1) * (1 + 1e-12)).all()


@few
@given(generators(), st.integers(2, 5))
def test_combined_p_of_effects_in_one_direction_is_that_of_scipy(
    generator: np.random.Generator, studies: int
) -> None:
    p_values = generator.uniform(1e-6, 1, studies)
    z, p = stouffer(np.ones((1, studies)), p_values[None])
    expected = combine_pvalues(p_values / 2, method="stouffer")
    np.testing.assert_allclose(z[0], expected.statistic, rtol=1e-9)
    assert 0 < p[0] <= 1
    np.testing.assert_array_equal(common_sign(-np.ones((1, studies))), [-1.0])


@few
@given(generators())
def test_slopes_of_dose_curves_are_those_of_finite_differences(generator: np.random.Generator) -> None:
    top, bottom = generator.uniform(0.7, 1.1, 5), generator.uniform(0, 0.3, 5)
    parameters = np.column_stack([top, bottom, generator.uniform(-2, 4, 5), generator.uniform(-0.5, 1, 5)])
    x = np.tile(np.linspace(-4, 6, 9), (5, 1))
    values, slopes = response_and_slopes(x, parameters)
    assert (values <= top[:, None] + 1e-12).all()
    assert (values >= bottom[:, None] - 1e-12).all()
    assert (np.diff(values, axis=1) <= 0).all()
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-6
        difference = (response(x, parameters + step) - response(x, parameters - step)) / 2e-6
        np.testing.assert_allclose(slopes[..., k], difference, atol=1e-7)
    np.testing.assert_allclose(response(ln_ic50(parameters)[:, None], parameters), 0.5, atol=1e-9)


@few
@given(generators(), numbers(-5, 5))
def test_delta_ct_does_not_see_how_much_of_a_sample_was_loaded(
    generator: np.random.Generator, cycles: float
) -> None:
    mean, sd = generator.uniform(15, 35, (4, 3)), generator.uniform(0, 0.5, (4, 3))
    wells, factors = np.full((4, 3), 3), np.full(4, 2.0)
    before = delta_ct(mean, sd, wells, factors, [2, 3])
    after = delta_ct(mean + np.array([cycles, 0, 0]), sd, wells, factors, [2, 3])
    np.testing.assert_allclose(after.value, before.value, atol=1e-9)
    np.testing.assert_allclose(before.value[2:].sum(axis=0), 0, atol=1e-9)
    assert (before.sd >= before.se).all()


@few
@given(generators())
def test_enrichment_of_chosen_genes_is_the_hypergeometric_tail(generator: np.random.Generator) -> None:
    selected = generator.random(60) < 0.3
    members = generator.choice(60, generator.integers(1, 30), replace=False)
    found = over_representation(selected, [members])
    expected = hypergeom.sf(selected[members].sum() - 1, 60, selected.sum(), len(members))
    np.testing.assert_allclose(found.p_value, [expected], rtol=1e-8)


@few
@given(generators())
def test_peak_of_a_running_sum_is_that_of_a_walk_gene_by_gene(generator: np.random.Generator) -> None:
    weights = np.sort(generator.exponential(1, 30))[::-1]
    hits = np.sort(generator.choice(30, 6, replace=False))
    steps = np.full(30, -1 / 24)
    steps[hits] = weights[hits] / weights[hits].sum()
    walk = np.cumsum(steps)
    extreme = walk[np.argmax(np.abs(walk))]
    np.testing.assert_allclose(running_sum_peaks(weights, hits[None])[0], extreme, rtol=1e-9)


@few
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30))
def test_ranks_with_ties_are_those_of_scipy(values: list[int]) -> None:
    np.testing.assert_allclose(average_ranks(np.array(values, dtype=float)), rankdata(values))


@few
@given(generators(), numbers(0.1, 20))
def test_signature_scores_see_neither_unit_of_expression_nor_of_weights(
    generator: np.random.Generator, unit: float
) -> None:
    expression, weight = generator.normal(8, 2, (6, 5)), generator.normal(0, 1, 6)
    score = weighted_z(expression, weight)
    np.testing.assert_allclose(weighted_z(3 + unit * expression, unit * weight), score, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted_z(expression, -weight), -score)
    np.testing.assert_allclose(score.sum(), 0, atol=1e-9)


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
