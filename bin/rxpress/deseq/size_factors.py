"""What makes counts comparable between samples: size factors and, where gene lengths differ, offsets per
gene.

Size factors are medians of ratios (Anders and Huber, Genome Biology 2010); with lengths they are taken
after these are divided out, as R's DESeq2 does with what tximport gives it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Normalization:
    """What counts are divided by: `factors`, (samples,) or per gene (genes, samples).

    size_factors : (samples,); kind : what these rest on, `ratio` or `poscounts` as in
    `estimate_size_factors`, or `none` if all are 1.
    """

    factors: np.ndarray
    size_factors: np.ndarray
    kind: str


def normalize(
    counts: np.ndarray, lengths: np.ndarray | None = None, control: np.ndarray | None = None
) -> Normalization:
    """Normalisation of counts (genes, samples); without effect if a sample has no counts.

    lengths : (genes, samples), for offsets per gene; control : (genes,) booleans, the genes that size
    factors may rest on. ValueError if a sample has counts, but none of control genes.
    """
    samples = counts.shape[1]
    if not counts.size or not counts.any(axis=0).all():
        return Normalization(np.ones(samples), np.ones(samples), "none")
    relative = np.ones(samples) if lengths is None else lengths / _geometric_means(lengths)
    chosen = counts / relative if control is None else (counts / relative)[control]
    size_factors, kind = estimate_size_factors(chosen)
    if lengths is None:
        return Normalization(size_factors, size_factors, kind)
    factors = relative * size_factors
    return Normalization(factors / _geometric_means(factors), size_factors, kind)


def estimate_size_factors(counts: np.ndarray) -> tuple[np.ndarray, str]:
    """Size factors (samples,) of counts (genes, samples), and which geometric means they rest on.

    `ratio`: those of the genes that every sample expresses; if there is none, `poscounts`: of the positive
    counts of each gene. ValueError if a sample has no counts.
    """
    if not counts.any(axis=0).all():
        raise ValueError("a sample has no counts")
    with np.errstate(divide="ignore"):
        logs = np.log(counts)
    known = np.isfinite(logs)
    everywhere = known.all(axis=1)
    if everywhere.any():
        ratios = logs[everywhere] - logs[everywhere].mean(axis=1, keepdims=True)
        return np.exp(np.median(ratios, axis=0)), "ratio"
    ratios = logs - np.where(known, logs, 0.0).mean(axis=1, keepdims=True)
    medians = np.nanmedian(np.where(known, ratios, np.nan), axis=0)
    return np.exp(medians - medians.mean()), "poscounts"


def _geometric_means(values: np.ndarray) -> np.ndarray:
    """(genes, 1) geometric means of rows."""
    return np.exp(np.log(values).mean(axis=1, keepdims=True))
