"""Precision weights that let counts be fitted as log expression (Law et al., Genome Biology 2014)."""

from __future__ import annotations

import numpy as np

from rxpress.limma import fit_linear_model
from rxpress.lowess import lowess

SPAN = 0.5
MILLION = 1e6


def voom(counts: np.ndarray, design: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log2 counts per million and their precision weights, both (genes, samples), as R's `voom`.

    counts : (genes, samples); design : (samples, p); sizes : (samples,) effective library sizes. The weight
    of an observation is the inverse of the variance that genes of its fitted count have, read off a trend
    of their residual standard deviations.
    """
    expression = np.log2((counts + 0.5) / (sizes + 1) * MILLION)
    fit = fit_linear_model(expression, design)
    level = fit.mean_expression + np.log2(sizes + 1).mean() - np.log2(MILLION)
    present = counts.any(axis=1)
    x, y = level[present], np.sqrt(fit.sigma[present])
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    trend = lowess(x, y, SPAN, delta=0.01 * (x[-1] - x[0]))
    fitted = fit.estimate @ design.T + np.log2(sizes + 1) - np.log2(MILLION)
    return expression, np.interp(fitted, x, trend) ** -4
