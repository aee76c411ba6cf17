"""What a look at expression shows: principal components, distances, orders and clouds of points.

Pure functions on arrays; genes are rows and samples are columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BACKGROUND = 1000
MOST_DRAWN = 4000
SMALLEST_P = 1e-300


@dataclass(frozen=True)
class Projection:
    """Samples on their principal components.

    coordinates : (samples, components); variance : (components,) share of the variance of each, of 1;
    genes : how many genes entered.
    """

    coordinates: np.ndarray
    variance: np.ndarray
    genes: int


def complete(values: np.ndarray) -> np.ndarray:
    """The rows of a (genes, samples) array that have a finite value in every sample."""
    return values[np.isfinite(values).all(axis=1)]


def principal_components(values: np.ndarray, genes: int, components: int = 10) -> Projection | None:
    """Principal components of the most variable genes, centred, not scaled; None if there is nothing to see.

    values : (genes, samples) log2 expression. As DESeq2's plotPCA (Love et al. 2014). A component's sign is
    free: the gene that weighs most in it has a positive weight, so that the picture is always the same.
    """
    values = complete(values)
    variance = values.var(axis=1) if values.size else np.empty(0)
    chosen = np.argsort(-variance, kind="stable")[:genes]
    chosen = chosen[variance[chosen] > 0]
    if len(chosen) == 0:
        return None
    centred = values[chosen] - values[chosen].mean(axis=1, keepdims=True)
    loadings, singular, right = np.linalg.svd(centred, full_matrices=False)
    kept = min(components, values.shape[1] - 1, len(chosen))
    heaviest = np.abs(loadings[:, :kept]).argmax(axis=0)
    sign = np.sign(loadings[heaviest, np.arange(kept)])
    coordinates = (singular[:kept, None] * right[:kept]).T * sign
    return Projection(coordinates, singular[:kept] ** 2 / (singular**2).sum(), len(chosen))


def sample_distances(values: np.ndarray) -> np.ndarray:
    """Euclidean distances between the columns of a (genes, samples) array: (samples, samples)."""
    from scipy.spatial.distance import pdist, squareform

    return squareform(pdist(complete(values).T))


def cluster_order(rows: np.ndarray) -> np.ndarray:
    """Order of the rows of an array that puts like beside like: leaves of an average-linkage tree."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    if len(rows) < 3:
        return np.arange(len(rows))
    return leaves_list(linkage(rows, method="average", optimal_ordering=len(rows) <= 400))


def z_scores(values: np.ndarray) -> np.ndarray:
    """Each row less its mean, by its standard deviation (n - 1); zero where a row does not vary."""
    varies = np.ptp(values, axis=1, keepdims=True) > 0  # equal values may deviate a little from their mean
    centred = values - values.mean(axis=1, keepdims=True)
    spread = values.std(axis=1, ddof=1, keepdims=True) if values.shape[1] > 1 else np.zeros((len(values), 1))
    return np.divide(centred, spread, out=np.zeros_like(centred), where=varies)


def minus_log10(p_values: np.ndarray) -> np.ndarray:
    """−log10 p, with p below SMALLEST_P taken as SMALLEST_P so that 0 has a place."""
    return -np.log10(np.maximum(p_values, SMALLEST_P))


def p_value_histogram(p_values: np.ndarray, bins: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Counts of p-values in equal bins of [0, 1], (bins,), and the edges, (bins + 1,); NaN is left out."""
    return np.histogram(p_values[np.isfinite(p_values)], bins=bins, range=(0, 1))


def thin_cloud(
    x: np.ndarray, y: np.ndarray, keep: np.ndarray, background: int = BACKGROUND, most: int = MOST_DRAWN
) -> np.ndarray:
    """Which points of a cloud to draw: (points,) booleans.

    All of `keep` and at most `background` of the others, chosen as one per cell of a grid: the outline and
    lone points stay, the crowded middle is thinned. If `keep` alone exceeds `most - background`, it is
    thinned in the same way. Points without finite coordinates are not drawn.
    """
    finite = np.isfinite(x) & np.isfinite(y)
    drawn = np.zeros(len(x), dtype=bool)
    for wanted, limit in ((keep & finite, most - background), (~keep & finite, background)):
        at = np.flatnonzero(wanted)
        drawn[at[one_per_cell(x[at], y[at], limit)]] = True
    return drawn


def one_per_cell(x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most `most` points, the first in each cell of the finest square grid that allows it."""
    if len(x) <= most:
        return np.arange(len(x))
    for cells in np.unique(np.geomspace(most, 1, 80).astype(int))[::-1]:
        first = np.unique(_cell(x, cells) * cells + _cell(y, cells), return_index=True)[1]
        if len(first) <= most:
            break
    return np.sort(first)


def _cell(values: np.ndarray, cells: int) -> np.ndarray:
    low, width = values.min(), np.ptp(values) or 1.0
    return np.minimum(((values - low) / width * cells).astype(int), cells - 1)
