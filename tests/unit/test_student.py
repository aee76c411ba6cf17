"""Interpolated tails of t against those that are computed one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr

from rxpress.student import t_tail


@pytest.mark.parametrize("df", [0.7, 3.0, 8.4, 61.3, 4e3, 1e6])
def test_tails_of_many_statistics_are_right_to_twelve_digits(df: float) -> None:
    statistic = np.random.default_rng(1).standard_cauchy((200_000, 2))
    statistic = np.clip(statistic, -37, 37) if df > 1000 else statistic
    tail = t_tail(statistic, np.full((200_000, 1), df))
    np.testing.assert_allclose(tail, stdtr(df, -statistic), rtol=2e-12)


def test_what_is_not_finite_or_beyond_floating_point_comes_out_as_it_should() -> None:
    statistic = np.concatenate([np.linspace(-3, 3, 50_000), [np.nan, np.inf, -np.inf, 80.0]])
    tail = t_tail(statistic, np.full(statistic.shape, 1e6))
    assert np.isnan(tail[-4])
    assert tail[-3:].tolist() == [0, 1, 0]


def test_statistics_with_their_own_degrees_of_freedom_are_computed_one_by_one() -> None:
    statistic, df = np.linspace(-9, 9, 5000), np.repeat([2.5, 7.0], 2500)
    np.testing.assert_array_equal(t_tail(statistic, df), stdtr(df, -statistic))
