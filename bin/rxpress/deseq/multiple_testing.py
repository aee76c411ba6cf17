"""Adjusted p values: Benjamini-Hochberg over the genes that are expressed enough to be worth a test."""

from __future__ import annotations

import numpy as np

GRID_POINTS = 50
MIN_REJECTIONS = 10
LOWESS_SPAN = 0.2
LOWESS_ROUNDS = 3


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p values (Benjamini and Hochberg 1995); NaN stays NaN and does not count as a test."""
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(np.isfinite(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    scaled = p_values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return adjusted


def adjust_with_filter(
    p_values: np.ndarray, base_means: np.ndarray, alpha: float
) -> tuple[np.ndarray, float]:
    """Adjusted p values after independent filtering by mean count, as R's DESeq2, and the mean that was
    asked.

    Genes below a quantile of the mean are left out (NaN). The quantile is the lowest whose number of
    rejections at `alpha` comes within the noise of the best one (Bourgon, Gentleman and Huber, PNAS
    2010).
    """
    lowest = float((base_means == 0).mean())
    quantiles = np.linspace(lowest, 0.95 if lowest < 0.95 else 1.0, GRID_POINTS)
    cutoffs = np.quantile(base_means, quantiles)
    adjusted = np.array([benjamini_hochberg(np.where(base_means >= c, p_values, np.nan)) for c in cutoffs])
    chosen = _choose_cutoff(quantiles, (adjusted < alpha).sum(axis=1))
    return adjusted[chosen], float(cutoffs[chosen])


def _choose_cutoff(quantiles: np.ndarray, rejections: np.ndarray) -> int:
    """The first quantile whose rejections exceed the smoothed maximum less the scatter about it."""
    if rejections.max() <= MIN_REJECTIONS:
        return 0
    smooth = lowess(quantiles, rejections.astype(float))
    some = rejections > 0
    noise = np.sqrt(np.mean((rejections[some] - smooth[some]) ** 2))
    return int(np.argmax(rejections > smooth.max() - noise))


def lowess(
    x: np.ndarray, y: np.ndarray, span: float = LOWESS_SPAN, rounds: int = LOWESS_ROUNDS
) -> np.ndarray:
    """Robust local linear regression (Cleveland 1979) as R's `lowess`: fitted values at each x, ascending."""
    n = len(x)
    neighbours = min(max(int(span * n + 1e-7), 2), n)
    distance = np.abs(x[:, None] - x)
    width = np.sort(distance, axis=1)[:, neighbours - 1 : neighbours]
    with np.errstate(divide="ignore", invalid="ignore"):
        kernel = np.where(distance <= 0.001 * width, 1.0, (1 - (distance / width) ** 3) ** 3)
    kernel[distance > 0.999 * width] = 0.0
    robust = np.ones(n)
    for final in [False] * rounds + [True]:
        fitted = _weighted_lines(x, y, kernel * robust)
        residuals = np.abs(y - fitted)
        scale = 6 * np.median(residuals)
        if final or scale <= 1e-7 * residuals.mean():
            break
        robust = np.where(residuals <= 0.001 * scale, 1.0, (1 - (residuals / scale) ** 2) ** 2)
        robust[residuals > 0.999 * scale] = 0.0
    return fitted


def _weighted_lines(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """At each x, the value of the line fitted with that point's row of `weights` (points, points).

    A point that all weights pass over keeps its own y.
    """
    total = weights.sum(axis=1, keepdims=True)
    weights = np.where(total > 0, weights / np.where(total > 0, total, 1.0), np.eye(len(x)))
    center = weights @ x
    away = x - center[:, None]
    spread = (weights * away**2).sum(axis=1)
    steep = np.sqrt(spread) > 0.001 * (x[-1] - x[0])
    tilt = np.where(steep, (x - center) / np.where(steep, spread, 1.0), 0.0)
    return (weights * (1 + tilt[:, None] * away)) @ y
