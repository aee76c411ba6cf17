"""Local regression against values of R's `lowess`."""

from __future__ import annotations

import numpy as np
import pytest

from rxpress.lowess import lowess


def test_lowess_is_that_of_r() -> None:
    x = np.linspace(0.1, 0.95, 50)
    y = np.rint(200 * np.exp(-3 * (x - 0.3) ** 2) + 10 * np.sin(20 * x))
    y[[6, 29]] += 60
    at = lowess(x, y, 0.2)[[0, 6, 24, 29, 49]]
    assert at == pytest.approx(
        [187.395038646, 187.927220598, 167.114238253, 147.894982671, 55.4733605767], rel=1e-9
    )


def test_lowess_keeps_points_that_all_weights_pass_over() -> None:
    x = np.arange(1, 51) / 10
    y = np.sin(x)
    y[19:23] += [50, -50, 50, -50]
    theirs = [1.03363075645, 0.997494986604, 50.9092974268, -49.1367906334, 50.8084964038, -49.2542947878]
    assert lowess(x, y, 0.2)[17:23] == pytest.approx(theirs, rel=1e-9)


def test_lowess_between_anchors_is_that_of_r() -> None:
    """lowess(x, y, f = 0.5, delta = 0.05 * diff(range(x))) with many equal x."""
    x = np.repeat((np.arange(1, 201) / 20) ** 2, 2)[:399]
    y = np.sin(x / 9) + np.cos(np.arange(399.0)) / 3
    at = lowess(x, y, 0.5, delta=0.05 * (x[-1] - x[0]))[[0, 1, 57, 200, 311, 398]]
    assert at == pytest.approx(
        [
            0.1097362870741,
            0.1097362870741,
            0.2449072871408,
            0.1964443266227,
            0.04378318413678,
            -0.1590779460902,
        ],
        rel=1e-11,
    )
