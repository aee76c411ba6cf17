"""Properties of what is computed from any probe intensities."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from properties import few, generators, matrices, numbers

from rxpress.arrays.rma import normalize_quantiles


@few
@given(generators())
def test_arrays_without_ties_have_one_distribution_and_keep_their_order(
    generator: np.random.Generator,
) -> None:
    intensity = generator.lognormal(6, 1, (50, 4))
    found = normalize_quantiles(intensity)
    expected = np.sort(intensity, axis=0).mean(axis=1)
    np.testing.assert_allclose(np.sort(found, axis=0), np.tile(expected[:, None], 4), rtol=1e-12)
    np.testing.assert_array_equal(np.argsort(found, axis=0), np.argsort(intensity, axis=0))
    np.testing.assert_allclose(normalize_quantiles(found), found, rtol=1e-12)


@few
@given(matrices((2, 15), (1, 4), numbers(1, 1e5)))
def test_normalized_intensities_stay_within_those_measured(intensity: np.ndarray) -> None:
    found = normalize_quantiles(intensity)
    assert found.min() >= intensity.min() * (1 - 1e-12)
    assert found.max() <= intensity.max() * (1 + 1e-12)
