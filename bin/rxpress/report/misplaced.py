"""Samples that lie with another condition than their own, and samples that are the same library twice.

Pure functions on arrays. A swap of two tubes leaves each among the replicates of the other (compare
Broman et al. 2015, G3 5:2177, who hold genotype against expression).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rxpress.report.exploration import complete, sample_distances

GENES = 500
# Ours. Without any effect the nearest of many others is a few percent nearer than the nearest replicate.
FARTHER = 1.25
SAME = 1 - 1e-9


@dataclass(frozen=True)
class Misplaced:
    """A sample, its nearest sample in another condition, and how much farther its nearest replicate is."""

    sample: int
    nearest: int
    fold: float


def misplaced_samples(values: np.ndarray, conditions: Sequence[str]) -> list[Misplaced]:
    """Samples whose nearest neighbour is of another condition, clearly nearer than any replicate.

    values : (genes, samples) log2 expression; conditions : (samples,). Distances are Euclidean, over the 500
    most variable genes. A sample without replicates cannot be judged.
    """
    values = complete(values)
    chosen = np.argsort(-values.var(axis=1), kind="stable")[:GENES]
    distances, own = sample_distances(values[chosen]), np.array(conditions)
    found = []
    for i, condition in enumerate(own):
        others = own != condition
        replicates = (own == condition) & (np.arange(len(own)) != i)
        if not (others.any() and replicates.any()):
            continue
        nearest = int(np.flatnonzero(others)[distances[i, others].argmin()])
        if distances[i, replicates].min() > FARTHER * distances[i, nearest] > 0:
            fold = float(distances[i, replicates].min() / distances[i, nearest])
            found.append(Misplaced(i, nearest, fold))
    return found


def same_libraries(values: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of samples whose expression correlates perfectly: (genes, samples) log2 expression."""
    values = complete(values)
    if len(values) < 3:
        return []
    varying = np.ptp(values, axis=0) > 0
    correlation = np.full((values.shape[1], values.shape[1]), 0.0)
    correlation[np.ix_(varying, varying)] = np.corrcoef(values[:, varying].T)
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(correlation, 1) > SAME)]


def misplaced_notes(samples: Sequence[str], conditions: Sequence[str], values: np.ndarray) -> list[str]:
    """What the two say, in words for the report's warnings."""
    if len(samples) < 3:
        return []
    notes = [
        f"samples {samples[i]} and {samples[j]} have the same expression (correlation 1): "
        "look whether one library came in twice"
        for i, j in same_libraries(values)
    ]
    return notes + [
        f"sample {samples[m.sample]} of {conditions[m.sample]} lies with {conditions[m.nearest]}: "
        f"its nearest replicate is {m.fold:.1f} times as far as {samples[m.nearest]}; it may be swapped"
        for m in misplaced_samples(values, conditions)
    ]
