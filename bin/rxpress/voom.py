"""Precision weights that let counts be fitted as log expression (Law et al., Genome Biology 2014)."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from rxpress.design.model_matrix import independent_columns
from rxpress.limma import fit_linear_model
from rxpress.lowess import lowess

SPAN = 0.5
LEAST_TREND = 0.01
MILLION = 1e6


def voom(
    counts: np.ndarray, design: np.ndarray, sizes: np.ndarray, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Log2 counts per million and their precision weights, both (genes, samples), as R's `voom`.

    counts : (genes, samples); design : (samples, p) of full rank; sizes : (samples,) effective library
    sizes. The weight of an observation is the inverse of the variance that genes of its fitted count have,
    read off a trend of their residual standard deviations. groups : (samples,) of which each has a trend of
    its own (You et al., Genome Biology 2023), where one varies more than another; every group needs
    residual degrees of freedom.
    """
    expression = np.log2((counts + 0.5) / (sizes + 1) * MILLION)
    if groups is None:
        return expression, _precision(counts, expression, design, sizes)
    weights = np.empty_like(expression)
    for group in np.unique(groups):
        own = groups == group
        part = design[own][:, independent_columns(design[own])]
        precision = _precision(counts[:, own], expression[:, own], part, sizes[own])
        weights[:, own] = precision * _root_bias(part) ** 4
    return expression, weights


def residual_df(design: np.ndarray, groups: np.ndarray) -> list[int]:
    """Residual degrees of freedom within each group of samples."""
    own = [design[groups == group] for group in np.unique(groups)]
    return [len(part) - int(np.linalg.matrix_rank(part)) for part in own]


def _precision(
    counts: np.ndarray, expression: np.ndarray, design: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """(genes, samples) inverse variances, read off one trend."""
    fit = fit_linear_model(expression, design)
    level = np.log2(sizes + 1) - np.log2(MILLION)
    present = counts.any(axis=1)
    x, y = fit.mean_expression[present] + level.mean(), np.sqrt(fit.sigma[present])
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    trend = lowess(x, y, SPAN, delta=0.01 * (x[-1] - x[0]))
    trend = np.maximum(trend, LEAST_TREND * trend.max() or 1.0)  # copies of a sample do not vary at all
    return np.interp(fit.estimate @ design.T + level, x, trend) ** -4


def _root_bias(design: np.ndarray) -> float:
    """Mean of the square root of a residual standard deviation whose true value is 1."""
    df = design.shape[0] - design.shape[1]
    return float(np.exp(gammaln(df / 2 + 0.25) - gammaln(df / 2)) * (2 / df) ** 0.25)
