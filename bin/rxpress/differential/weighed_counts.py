"""Counts as limma-voom takes them: a method of its own, and a second opinion on DESeq2's calls."""

from __future__ import annotations

import numpy as np

from rxpress.differential.linear_tables import LinearData
from rxpress.differential.model_data import CountData
from rxpress.differential.study_counts import StudyCounts
from rxpress.voom import residual_df, voom

LEAST_COUNT = 10
LEAST_TOTAL = 15
LARGE_GROUP = 10
SHARE_OF_LARGE = 0.7
LEAST_GENES = 10


def voom_data(data: CountData, by_line: bool) -> LinearData:
    """The counts of a model as limma takes them.

    by_line : whether each cell line has a trend of the variance of its own, as far as lines have replicates.
    """
    return weigh_counts(data.counts, data.matrix, data.lines if by_line and not data.model.formula else None)


def weigh_counts(counts: StudyCounts, matrix: np.ndarray, lines: np.ndarray | None = None) -> LinearData:
    """Counts as voom weighs them. matrix : (samples, p) of full rank with residual degrees of freedom.

    Library sizes are those that the size factors stand for; where genes have lengths of their own in each
    sample, counts are scaled to their mean length first. lines : (samples,) the cell line of each, for a
    trend of the variance of its own, which is not possible for lines without replicates.
    """
    factors, size_factors = counts.normalization.factors, counts.normalization.size_factors
    values = counts.values if factors.ndim == 1 else counts.values / factors * size_factors
    sizes = effective_sizes(values, size_factors)
    tested = worthwhile(values, matrix, sizes)
    if tested.sum() < LEAST_GENES:
        return LinearData(np.empty((0, len(matrix))), np.zeros(len(values), dtype=bool), matrix)
    if lines is not None and min(residual_df(matrix, lines)) < 1:
        lines = None
    expression, weights = voom(values[tested], matrix, sizes, lines)
    return LinearData(expression, tested, matrix, weights)


def effective_sizes(values: np.ndarray, size_factors: np.ndarray) -> np.ndarray:
    """(samples,) library sizes in proportion to size factors, with the geometric mean of the totals."""
    return size_factors * np.exp(np.mean(np.log(values.sum(axis=0)) - np.log(size_factors)))


def worthwhile(values: np.ndarray, matrix: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(genes,) which genes have enough counts in enough samples, by the rule of edgeR's `filterByExpr`.

    Enough samples are those of the smallest condition, and of those beyond ten seven in ten; enough counts
    are what ten are in the middle library, and fifteen in all (Chen, Lun and Smyth, F1000Research 2016).
    """
    basis, _ = np.linalg.qr(matrix)
    smallest = 1 / (basis**2).sum(axis=1).max()
    needed = min(smallest, LARGE_GROUP + SHARE_OF_LARGE * (smallest - LARGE_GROUP))
    enough = values / sizes >= LEAST_COUNT / np.median(sizes)
    return (enough.sum(axis=1) >= needed - 1e-8) & (values.sum(axis=1) >= LEAST_TOTAL)
