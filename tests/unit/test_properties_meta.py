"""Studies together, on any effects: bounds, scipy's answers, and what must not matter."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers
from scipy.stats import combine_pvalues, norm

from rxpress.comparison.joining import id_type, plain_ids
from rxpress.comparison.overview import mean_correlation
from rxpress.meta import (
    common_sign,
    fixed_effect,
    hartung_knapp,
    heterogeneity,
    normal_errors,
    normal_p_value,
    restricted_tau2,
    stouffer,
)


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


def restricted_likelihood(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    """Of effects y with variances v and tau2 between studies (Viechtbauer 2005, equation 10)."""
    w = 1 / (v + tau2)
    mean = (w * y).sum() / w.sum()
    return float(np.log(w).sum() - np.log(w.sum()) - (w * (y - mean) ** 2).sum()) / 2


@few
@given(generators(), st.integers(3, 6))
def test_variance_between_studies_is_likelier_than_those_about_it(
    generator: np.random.Generator, studies: int
) -> None:
    effects, errors = generator.normal(0, 1, (20, studies)), generator.uniform(0.1, 1, (20, studies))
    found = restricted_tau2(effects, errors)
    assert (found >= 0).all()
    for y, v, tau2 in zip(effects, errors**2, found, strict=True):
        here = restricted_likelihood(y, v, tau2)
        for other in (tau2 * 0.9, tau2 * 1.1, tau2 + 0.01):
            assert here >= restricted_likelihood(y, v, other) - 1e-4


@few
@given(generators(), numbers(0.1, 10))
def test_studies_together_do_not_see_the_unit_nor_the_order(
    generator: np.random.Generator, unit: float
) -> None:
    effects, errors = generator.normal(0, 1, (10, 4)), generator.uniform(0.1, 1, (10, 4))
    order = generator.permutation(4)
    one, other = (
        heterogeneity(effects, errors),
        heterogeneity(unit * effects[:, order], unit * errors[:, order]),
    )
    np.testing.assert_allclose(other.q, one.q, rtol=1e-9)
    np.testing.assert_allclose(other.i2, one.i2, atol=1e-3)
    np.testing.assert_allclose(other.tau2, unit**2 * one.tau2, rtol=1e-2, atol=1e-5 * unit**2)


@few
@given(generators())
def test_widened_errors_give_the_p_values_that_they_are_widened_for(generator: np.random.Generator) -> None:
    effects, errors = generator.normal(0, 1, (10, 3)), generator.uniform(0.1, 0.3, (10, 3))
    plain = 2 * norm.sf(np.abs(effects / errors))
    p_values = np.minimum(1, plain * generator.uniform(1, 50, plain.shape))
    widened = normal_errors(effects, errors, p_values)
    sure = p_values < 0.99
    np.testing.assert_allclose(normal_p_value(effects / widened)[sure], p_values[sure], rtol=1e-6)
    assert (widened >= errors * (1 - 1e-9)).all()


@few
@given(generators(), st.integers(2, 4))
def test_correlation_of_studies_is_the_mean_over_pairs(generator: np.random.Generator, studies: int) -> None:
    effects = generator.normal(0, 1, (30, studies))
    matrix = np.corrcoef(effects.T)
    expected = matrix[np.triu_indices(studies, 1)].mean()
    np.testing.assert_allclose(mean_correlation(effects), expected, rtol=1e-9)


@few
@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=8), st.integers(1, 30))
def test_ids_of_ensembl_are_known_and_lose_their_version(numbered: list[int], version: int) -> None:
    ids = np.array([f"ENSG{number:011d}" for number in numbered])
    versioned = np.array([f"{id}.{version}" for id in ids])
    assert id_type(versioned, np.array(["x"] * len(ids))) == "ensembl"
    assert plain_ids(versioned).tolist() == ids.tolist() == plain_ids(ids).tolist()
    assert plain_ids(np.array(["H3.3A"])).tolist() == ["H3.3A"]
