"""Adjusted p values: Benjamini-Hochberg over the genes that are expressed enough to be worth a test."""

from __future__ import annotations

import numpy as np

from rxpress.lowess import lowess

GRID_POINTS = 50
MIN_REJECTIONS = 10
SMOOTHING_SPAN = 0.2


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
    smooth = lowess(quantiles, rejections.astype(float), SMOOTHING_SPAN)
    some = rejections > 0
    noise = np.sqrt(np.mean((rejections[some] - smooth[some]) ** 2))
    return int(np.argmax(rejections > smooth.max() - noise))
