"""Probesets taken together by their number of probes, so that each step runs over many of them at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BATCH_PROBES = 2**20


def batches_by_size(probeset: np.ndarray, arrays: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Probesets of equal size, and the rows of their probes.

    probeset : (probes,) index of each probe's probeset, 0 to n - 1, in any order. Yields (k,) indices of
    probesets and (k, size) rows; k keeps k * size * arrays near BATCH_PROBES. Raises ValueError when an index
    has no probe.
    """
    rows = np.argsort(probeset, kind="stable")
    sizes = np.bincount(probeset)
    if not sizes.all():
        raise ValueError(f"probeset {int(np.argmin(sizes))} has no probe")
    first = np.cumsum(sizes) - sizes
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        step = max(1, BATCH_PROBES // int(size * arrays))
        for start in range(0, len(alike), step):
            sets = alike[start : start + step]
            yield sets, rows[first[sets][:, None] + np.arange(size)]


def median(values: np.ndarray, axis: int) -> np.ndarray:
    """Median along one axis, which is kept with length 1; on short axes far faster than np.median."""
    n = values.shape[axis]
    ordered = np.sort(values, axis=axis)
    upper = ordered.take([n // 2], axis=axis)
    return upper if n % 2 else (ordered.take([n // 2 - 1], axis=axis) + upper) / 2
