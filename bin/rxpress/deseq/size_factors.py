"""Size factors by the median of ratios (Anders and Huber, Genome Biology 2010), as in R's DESeq2."""

from __future__ import annotations

import numpy as np


def estimate_size_factors(counts: np.ndarray) -> tuple[np.ndarray, str]:
    """Size factors (samples,) of counts (genes, samples), and which geometric means they rest on.

    `ratio`: those of the genes that every sample expresses; if there is none, `poscounts`: of the
    positive counts of each gene. ValueError if a sample has no counts.
    """
    if not counts.any(axis=0).all():
        raise ValueError("a sample has no counts")
    with np.errstate(divide="ignore"):
        logs = np.log(counts)
    everywhere = np.isfinite(logs).all(axis=1)
    if everywhere.any():
        return np.exp(
            np.median(logs[everywhere] - logs[everywhere].mean(axis=1, keepdims=True), axis=0)
        ), "ratio"
    means = np.where(np.isfinite(logs), logs, 0.0).mean(axis=1, keepdims=True)
    ratios = np.where(np.isfinite(logs), logs - means, np.nan)
    medians = np.nanmedian(ratios, axis=0)
    return np.exp(medians - medians.mean()), "poscounts"
