"""Kernels for any numbers, against SciPy or what must hold by definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import combine_pvalues, false_discovery_control

from rxpress.arrays.rma import normalize_quantiles
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.meta import fixed_effect, stouffer

FEW = settings(max_examples=60, derandomize=True, deadline=None)
P_VALUES = st.floats(1e-12, 1.0)
EFFECTS = arrays(np.float64, (4, 3), elements=st.floats(-8, 8))
ERRORS = arrays(np.float64, (4, 3), elements=st.floats(0.01, 5))


@FEW
@given(arrays(np.float64, st.integers(1, 20), elements=P_VALUES), st.integers(0, 3))
def test_adjusted_p_values_are_those_of_scipy_and_missing_ones_do_not_count(
    p: np.ndarray, missing: int
) -> None:
    adjusted = benjamini_hochberg(np.append(p, [np.nan] * missing))
    np.testing.assert_allclose(adjusted[: len(p)], false_discovery_control(p), rtol=1e-12)
    assert np.isnan(adjusted[len(p) :]).all()


@FEW
@given(EFFECTS, ERRORS)
def test_fixed_effect_is_the_least_squares_mean_and_no_study_can_leave_its_range(
    effects: np.ndarray, errors: np.ndarray
) -> None:
    combined = fixed_effect(effects, errors)
    for gene in range(4):
        ones = np.ones((3, 1)) / errors[gene][:, None]
        mean = np.linalg.lstsq(ones, effects[gene] / errors[gene], rcond=None)[0][0]
        np.testing.assert_allclose(combined.estimate[gene], mean, rtol=1e-8, atol=1e-9)
    assert (combined.estimate >= effects.min(axis=1) - 1e-9).all()
    assert (combined.estimate <= effects.max(axis=1) + 1e-9).all()
    assert (combined.error <= errors.min(axis=1) * (1 + 1e-12)).all()


@FEW
@given(arrays(np.float64, (1, 4), elements=st.floats(1e-8, 0.999)))
def test_stouffer_of_effects_of_one_sign_is_that_of_scipy(p: np.ndarray) -> None:
    z, _ = stouffer(np.ones_like(p), p)
    expected = combine_pvalues(p[0] / 2, method="stouffer").statistic
    np.testing.assert_allclose(z[0], expected, rtol=1e-7, atol=1e-9)


@FEW
@given(st.lists(st.lists(st.integers(1, 10**6), min_size=6, max_size=6, unique=True), min_size=2, max_size=4))
def test_normalised_arrays_have_one_distribution_and_keep_their_order(columns: list[list[int]]) -> None:
    intensity = np.asfortranarray(np.array(columns, dtype=float).T)
    normalised = normalize_quantiles(intensity)
    mean = np.sort(intensity, axis=0).mean(axis=1)
    for before, after in zip(intensity.T, normalised.T, strict=True):
        np.testing.assert_allclose(np.sort(after), mean, rtol=1e-12)
        assert (np.argsort(before) == np.argsort(after)).all()
