"""Counts that one sample alone dictates: Cook's distances (Cook 1977) and their replacement, as R's DESeq2.

The dispersion in these distances is a robust one, from trimmed variances within groups of replicates, so that
an outlier does not hide itself.
"""

from __future__ import annotations

import numpy as np
from scipy.special import fdtri

from rxpress.deseq.design import Design

REPLICATES_TO_FLAG = 3
REPLICATES_TO_REPLACE = 7
MIN_ROBUST_DISPERSION = 0.04
REPLACEMENT_TRIM = 0.2
WHOLE_TRIM, WHOLE_SCALE = 1 / 8, 1.51
TRIMS = ((3, 1 / 3, 2.04), (23, 1 / 4, 1.86), (np.inf, 1 / 8, 1.51))


def cooks_distances(
    counts: np.ndarray, factors: np.ndarray, means: np.ndarray, hat: np.ndarray, design: Design
) -> np.ndarray:
    """How far each count moves its gene's fit, in units of the distance that makes it an outlier.

    All arrays (genes, samples), factors also (samples,). An outlier's distance exceeds the 99 % quantile of
    the F distribution.
    """
    cutoff = fdtri(design.coefficients, design.residual_df, 0.99)
    dispersions = robust_dispersions(counts / factors, design)[:, None]
    squared = (counts - means) ** 2 / (means + dispersions * means**2)
    return squared / design.coefficients * hat / (1 - hat) ** 2 / cutoff


def robust_dispersions(normalized: np.ndarray, design: Design) -> np.ndarray:
    """(genes,) moments dispersion from the largest trimmed variance of any group of replicates."""
    groups = [
        design.cells == cell for cell in np.unique(design.cells[design.cell_sizes >= REPLICATES_TO_FLAG])
    ]
    if groups:
        variances = np.max([_trimmed_group_variance(normalized[:, group]) for group in groups], axis=0)
    else:
        variances = _trimmed_variance(normalized, WHOLE_TRIM, WHOLE_SCALE)
    means = normalized.mean(axis=1)
    return np.maximum((variances - means) / means**2, MIN_ROBUST_DISPERSION)


def replace_outliers(
    counts: np.ndarray, factors: np.ndarray, cooks: np.ndarray, design: Design
) -> np.ndarray:
    """Counts with outliers replaced by what the gene's trimmed mean predicts, where replicates abound."""
    outlying = (cooks > 1) & (design.cell_sizes >= REPLICATES_TO_REPLACE)
    typical = trimmed_mean(counts / factors, REPLACEMENT_TRIM)[:, None]
    return np.where(outlying, np.trunc(typical * factors), counts)


def flag_outliers(
    counts: np.ndarray, cooks: np.ndarray, design: Design, samples: np.ndarray, spare_low: bool
) -> np.ndarray:
    """(genes,) whether a gene's test rests on an outlier among `samples` (booleans) that nothing could
    replace.

    Only samples with two replicates or more beside them count. `spare_low` : a gene is not flagged if
    three or more of the samples have higher counts than the one farthest out.
    """
    judged = samples & (design.cell_sizes >= REPLICATES_TO_FLAG) & (design.cell_sizes < REPLICATES_TO_REPLACE)
    flagged = np.any(cooks[:, judged] > 1, axis=1)
    if spare_low and flagged.any():
        among = counts[flagged][:, samples]
        farthest = np.take_along_axis(among, cooks[flagged][:, samples].argmax(axis=1)[:, None], axis=1)
        flagged[flagged] = np.sum(among > farthest, axis=1) < REPLICATES_TO_FLAG
    return flagged


def trimmed_mean(values: np.ndarray, trim: float) -> np.ndarray:
    """(genes,) mean of each row of (genes, samples) without the lowest and the highest `trim` part of it."""
    samples = values.shape[1]
    cut = int(samples * trim)
    return np.sort(values, axis=1)[:, cut : samples - cut].mean(axis=1)


def _trimmed_group_variance(values: np.ndarray) -> np.ndarray:
    trim, scale = next((trim, scale) for most, trim, scale in TRIMS if values.shape[1] <= most)
    return _trimmed_variance(values, trim, scale)


def _trimmed_variance(values: np.ndarray, trim: float, scale: float) -> np.ndarray:
    """(genes,) trimmed mean of squared distances from the trimmed mean, scaled to a normal's variance."""
    center = trimmed_mean(values, trim)[:, None]
    return scale * trimmed_mean((values - center) ** 2, trim)
