"""How many different fragments there are among many, in bounded memory."""

from __future__ import annotations

import numpy as np

CAPACITY = 1 << 21
TOP = (1 << 64) - 1


class DistinctCounter:
    """Counts different keys: exactly up to `capacity`, beyond it by a sample of them.

    Kept are the different hashes below a threshold that is halved whenever there are too many (Bar-Yossef et
    al. 2002, algorithm 1): with 2 million the standard error is at most 0.1 %. Memory: 32 bytes per key kept.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._halvings = 0
        self._kept = np.zeros(0, dtype=np.uint64)
        self._waiting: list[np.ndarray] = []
        self._waits = 0

    def add(self, *columns: np.ndarray) -> None:
        """Take keys, one per row of the integer columns."""
        hashes = hash_rows(*columns)
        hashes = hashes[hashes <= self._threshold]
        self._waiting.append(hashes)
        self._waits += len(hashes)
        if self._waits > self._capacity:
            self._settle()

    @property
    def exact(self) -> bool:
        """Whether all keys are still kept."""
        self._settle()
        return self._halvings == 0

    @property
    def count(self) -> int:
        """How many different keys there were."""
        self._settle()
        return len(self._kept) << self._halvings

    @property
    def _threshold(self) -> np.uint64:
        return np.uint64(TOP >> self._halvings)

    def _settle(self) -> None:
        self._kept = np.unique(np.concatenate([self._kept, *self._waiting]))
        self._waiting, self._waits = [], 0
        while len(self._kept) > self._capacity:
            self._halvings += 1
            self._kept = self._kept[: np.searchsorted(self._kept, self._threshold, side="right")]


def hash_rows(*columns: np.ndarray) -> np.ndarray:
    """A 64-bit hash per row of integer columns (splitmix64: Steele, Lea & Flood 2014)."""
    hashes = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        hashes = hashes * np.uint64(31) + column.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        hashes ^= hashes >> np.uint64(31)
    return hashes
