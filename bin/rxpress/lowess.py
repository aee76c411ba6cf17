"""Robust local linear regression (Cleveland, J Am Stat Assoc 1979), as R's `lowess`."""

from __future__ import annotations

import numpy as np

ROUNDS = 3


def lowess(x: np.ndarray, y: np.ndarray, span: float, delta: float = 0.0) -> np.ndarray:
    """Fitted values at each x, ascending.

    span : share of the points that a fit rests on; delta : fits are made at points about this far apart, and
    joined by lines.
    """
    n = len(x)
    neighbours = min(max(int(span * n + 1e-7), 2), n)
    anchors = _anchors(x, delta)
    distance = np.abs(x[anchors, None] - x)
    width = np.partition(distance, neighbours - 1, axis=1)[:, neighbours - 1 : neighbours]
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = np.where(distance <= 0.001 * width, 1.0, (1 - (distance / width) ** 3) ** 3)
    kernel[distance > 0.999 * width] = 0.0
    robust = np.ones(n)
    for final in [False] * ROUNDS + [True]:
        fitted = np.interp(x, x[anchors], _weighted_lines(x, y, kernel * robust, anchors))
        residuals = np.abs(y - fitted)
        scale = 6 * np.median(residuals)
        if final or scale <= 1e-7 * residuals.mean():
            break
        robust = np.where(residuals <= 0.001 * scale, 1.0, (1 - (residuals / scale) ** 2) ** 2)
        robust[residuals > 0.999 * scale] = 0.0
    return fitted


def _anchors(x: np.ndarray, delta: float) -> np.ndarray:
    """Positions where lines are fitted: the first of equal x, then the last within `delta` or the next."""
    firsts = np.flatnonzero(np.diff(x, prepend=-np.inf) > 0)
    values = x[firsts]
    chosen = [0]
    while chosen[-1] < len(values) - 1:
        beyond = int(np.searchsorted(values, values[chosen[-1]] + delta, side="right"))
        chosen.append(max(chosen[-1] + 1, beyond - 1))
    return firsts[chosen]


def _weighted_lines(x: np.ndarray, y: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """At the points `at`, the value of the line fitted with that point's row of `weights` (at, points).

    A point that all weights pass over keeps its own y.
    """
    total = weights.sum(axis=1, keepdims=True)
    own = np.arange(len(x)) == at[:, None]
    weights = np.where(total > 0, weights / np.where(total > 0, total, 1.0), own)
    center = weights @ x
    away = x - center[:, None]
    spread = (weights * away**2).sum(axis=1)
    steep = np.sqrt(spread) > 0.001 * (x[-1] - x[0])
    tilt = np.where(steep, (x[at] - center) / np.where(steep, spread, 1.0), 0.0)
    return (weights * (1 + tilt[:, None] * away)) @ y
