"""How far true dispersions scatter about the trend, judged by their estimates as R's DESeq2 does."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import polygamma

from rxpress.tables import read_table

MIN_VARIANCE = 0.25
BINS = np.arange(-20, 21) / 2
GRID = np.linspace(0, 8, 200)
FINE_GRID = np.linspace(0, 8, 1000)
LOESS_SPAN = 0.2
LOESS_LEAF = 8
LOESS_MARGIN = 0.005


def robust_variance(values: np.ndarray) -> float:
    """Square of the median absolute deviation, scaled to a normal's standard deviation."""
    return float((1.4826 * np.median(np.abs(values - np.median(values)))) ** 2)


def prior_variance(residuals: np.ndarray, residual_df: int) -> float:
    """Variance of true log dispersions about the trend: that of the estimates less their sampling error's.

    residuals : (genes,) log gene-wise dispersion less log trend. The sampling error of a log dispersion
    with d residual degrees of freedom has variance trigamma(d/2). With three or fewer it is too skewed
    for the difference, and the variance is matched to the whole distribution of residuals.
    """
    if residual_df > 3:
        return max(robust_variance(residuals) - float(polygamma(1, residual_df / 2)), MIN_VARIANCE)
    return max(match_residuals(residuals, residual_df), MIN_VARIANCE)


def match_residuals(residuals: np.ndarray, residual_df: int) -> float:
    """The variance v of N(0, v) which, added to log(chi-squared_d / d), comes nearest to the residuals.

    Nearest by Kullback-Leibler divergence of histograms, smoothed over a grid of v. R draws the second
    histogram at random, with a fixed seed; its very draws are kept here, since v may differ by a tenth
    with others.
    """
    inside = residuals[(residuals > BINS[0]) & (residuals < BINS[-1])]
    observed = _density(np.bincount(np.searchsorted(BINS, inside, side="left") - 1, minlength=len(BINS) - 1))
    divergences = [_divergence(observed, _density(row)) for row in simulated_histograms()[residual_df]]
    return float(FINE_GRID[np.argmin(loess(GRID, np.array(divergences), FINE_GRID))])


@cache
def simulated_histograms() -> dict[int, np.ndarray]:
    """R's histograms by residual degrees of freedom: (variances of GRID, bins) numbers of draws."""
    table = read_table(Path(__file__).with_name("prior_histograms.tsv.gz"))
    return {df: table[table["residual_df"] == df].iloc[:, 1:].to_numpy(float) for df in (1, 2, 3)}


def loess(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Local quadratic regression (Cleveland and Devlin 1988) of y on x, ascending, at other places.

    As R's `loess`: exact, value and slope, at the vertices of a k-d tree on x, and cubic between these.
    """
    from scipy.interpolate import CubicHermiteSpline

    margin = LOESS_MARGIN * (x[-1] - x[0])
    vertices = np.array([x[0] - margin, *_split(x, 0, len(x) - 1), x[-1] + margin])
    values, slopes = np.transpose([_local_quadratic(x, y, vertex) for vertex in vertices])
    return CubicHermiteSpline(vertices, values, slopes)(at)


def _split(x: np.ndarray, first: int, last: int) -> list[float]:
    """Medians at which x[first..last] is halved until LOESS_LEAF points or fewer are left."""
    if last - first + 1 <= LOESS_LEAF:
        return []
    middle = (first + last) // 2
    return [*_split(x, first, middle), x[middle], *_split(x, middle + 1, last)]


def _local_quadratic(x: np.ndarray, y: np.ndarray, at: float) -> tuple[float, float]:
    """Value and slope at one place of the parabola through its neighbours, weighted by their distance."""
    distance = np.abs(x - at)
    width = np.sort(distance)[int(LOESS_SPAN * len(x) + 1e-5) - 1]
    root = np.maximum(1 - (distance / width) ** 3, 0) ** 1.5
    _, slope, value = np.linalg.lstsq(np.vander(x - at, 3) * root[:, None], y * root, rcond=None)[0]
    return value, slope


def _density(numbers: np.ndarray) -> np.ndarray:
    return numbers / numbers.sum() / np.diff(BINS)


def _divergence(observed: np.ndarray, expected: np.ndarray) -> float:
    """Kullback-Leibler divergence of two densities; empty bins count as the smallest one that is not."""
    both = np.concatenate([observed, expected])
    least = both[both > 0].min()
    return float((observed * (np.log(observed + least) - np.log(expected + least))).sum())
