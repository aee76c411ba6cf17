"""Dose–response curves and qPCR on any values: planted curves, scipy's tests, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers
from scipy.stats import ttest_1samp, ttest_ind

from rxpress.dose_response.logistic import (
    fit_curves,
    ln_ic50,
    log_dose,
    parameter_bounds,
    response,
    response_and_slopes,
)
from rxpress.dose_response.selection import aicc, distinct_doses, select_models
from rxpress.qpcr.concordance import Assay, judge_pairs, lin_concordance
from rxpress.qpcr.contrast_tests import sum_of_means
from rxpress.qpcr.ct_table import amplification_factor
from rxpress.qpcr.delta_ct import delta_ct, stability

DOSES = np.append(0, np.logspace(-1, 3, 9))


def planted(generator: np.random.Generator, curves: int = 3) -> np.ndarray:
    """Parameters of curves that fall from about 1 through a half within the doses."""
    columns = (
        generator.uniform(0.9, 1.05, curves),
        generator.uniform(0.0, 0.2, curves),
        np.log(generator.uniform(2, 60, curves)),
        np.log(generator.uniform(0.7, 3, curves)),
    )
    return np.column_stack(columns)


@few
@given(generators())
def test_slopes_of_dose_curves_are_those_of_finite_differences(generator: np.random.Generator) -> None:
    parameters = planted(generator, 5)
    x = np.tile(np.linspace(-4, 6, 9), (5, 1))
    values, slopes = response_and_slopes(x, parameters)
    assert (np.diff(values, axis=1) <= 0).all()
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-6
        difference = (response(x, parameters + step) - response(x, parameters - step)) / 2e-6
        np.testing.assert_allclose(slopes[..., k], difference, atol=1e-7)
    np.testing.assert_allclose(response(ln_ic50(parameters)[:, None], parameters), 0.5, atol=1e-9)


@few
@given(generators())
def test_curves_without_noise_are_found_again(generator: np.random.Generator) -> None:
    parameters = planted(generator)
    x = np.tile(log_dose(DOSES), (3, 1))
    y = response(x, parameters)
    found, rss = fit_curves(x, y, parameter_bounds(x, y))
    np.testing.assert_allclose(rss, 0, atol=1e-7)
    np.testing.assert_allclose(ln_ic50(found), ln_ic50(parameters), atol=0.01)


@few
@given(generators(), numbers(0.01, 100))
def test_another_unit_of_dose_moves_ic50_by_as_much(generator: np.random.Generator, unit: float) -> None:
    y = response(np.tile(log_dose(DOSES), (3, 1)), planted(generator)) + generator.normal(0, 0.03, (3, 10))
    found = []
    for doses in (DOSES, unit * DOSES):
        selection = select_models(np.tile(log_dose(doses), (3, 1)), y)
        found.append((ln_ic50(selection.fits.parameters), selection.model.tolist()))
    assert found[0][1] == found[1][1]
    np.testing.assert_allclose(found[1][0], found[0][0] + np.log(unit), atol=0.02)


@few
@given(generators(), st.integers(1, 4))
def test_doses_are_counted_and_criterion_is_that_of_hurvich_and_tsai(
    generator: np.random.Generator, parameters: int
) -> None:
    doses = generator.choice(DOSES, (1, 12))
    assert distinct_doses(log_dose(doses)).tolist() == [len(set(doses[0]))]
    rss, n, k = generator.uniform(0.01, 5, 6), 12, parameters + 1
    expected = n * np.log(rss / n) + 2 * k * n / (n - k - 1)
    np.testing.assert_allclose(aicc(rss, n, parameters), expected, rtol=1e-9)


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
def test_stability_does_not_see_loading_and_finds_the_gene_that_moves(
    generator: np.random.Generator,
) -> None:
    quantities = generator.normal(0, 0.1, (4, 8))
    found = stability(quantities)
    np.testing.assert_allclose(stability(quantities + generator.normal(0, 3, 8)), found, atol=1e-9)
    quantities[2] += np.arange(8)
    assert np.argmax(stability(quantities)) == 2


@few
@given(generators(), st.integers(2, 8), st.integers(2, 8))
def test_sums_of_means_are_tested_as_by_welch(generator: np.random.Generator, n: int, m: int) -> None:
    one, other = generator.normal(1, 1, n), generator.normal(0, 2, m)
    found, expected = sum_of_means([one, -other]), ttest_ind(one, other, equal_var=False)
    assert found.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-7)
    assert found.df == pytest.approx(expected.df, rel=1e-9)
    single, expected = sum_of_means([one]), ttest_1samp(one, 0)
    assert single.p_value == pytest.approx(expected.pvalue, rel=1e-7)


@few
@given(numbers(0.6, 1.05))
def test_efficiency_is_the_same_as_fraction_percent_and_factor(fraction: float) -> None:
    for told in (fraction, 100 * fraction, 1 + fraction):
        assert amplification_factor(told) == pytest.approx(1 + fraction)


@few
@given(generators())
def test_agreement_of_values_is_symmetric_and_full_with_themselves(generator: np.random.Generator) -> None:
    x, y = generator.normal(0, 2, (2, 12))
    one, other = lin_concordance(x, y), lin_concordance(y, x)
    np.testing.assert_allclose(one, other, atol=1e-9)
    assert abs(one[0]) <= abs(np.corrcoef(x, y)[0, 1]) + 1e-12
    assert lin_concordance(x, x)[0] == pytest.approx(1)
    assert one[1] <= one[0] <= one[2]


@few
@given(generators())
def test_verdicts_do_not_depend_on_which_method_is_named_first_or_on_the_direction(
    generator: np.random.Generator,
) -> None:
    def draw(sign: float, estimate: np.ndarray, reach: np.ndarray, p: np.ndarray) -> Assay:
        ends = np.sort([sign * (estimate - reach), sign * (estimate + reach)], axis=0)
        return Assay(sign * estimate, ends[0], ends[1], p)

    values = [
        (generator.normal(0, 1.5, 40), generator.uniform(0.05, 1, 40), generator.uniform(size=40) ** 3)
        for _ in range(2)
    ]
    one = judge_pairs(*(draw(1, *own) for own in values), 0.05)
    assert one.tolist() == judge_pairs(*(draw(1, *own) for own in values[::-1]), 0.05).tolist()
    assert one.tolist() == judge_pairs(*(draw(-1, *own) for own in values), 0.05).tolist()
    assert len(set(one.tolist())) > 1
