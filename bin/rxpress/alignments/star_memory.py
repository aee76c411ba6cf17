"""The memory that STAR takes for a genome, from the structures that it holds (genomeGenerate of STAR 2.7)."""

from __future__ import annotations

import math
from dataclasses import dataclass

PADDED = 1.02  # each sequence is padded to whole bins
LEAST_BITS = 32
DEEPEST_PREFIX = 14
WORKING = 1_000_000_000  # reads, junctions and BAM in flight
FOR_BUILDING = 1.15


@dataclass(frozen=True)
class StarMemory:
    """Bytes to make the index (0 when it is ready) and to align one sample with it."""

    index: int
    alignment: int

    @property
    def most(self) -> int:
        return max(self.index, self.alignment)

    @classmethod
    def of_index(cls, size: int) -> StarMemory:
        """For a ready index of `size` bytes, which STAR holds as it is."""
        return cls(0, size + WORKING)


def star_memory(bases: int) -> StarMemory:
    """For a genome of `bases`: a byte per base, both strands' suffixes packed, and the index of prefixes."""
    bits = max(LEAST_BITS, math.floor(math.log2(bases)) + 1)
    deepest = prefix_length(bases)
    suffixes = 2 * bases * (bits + 1) / 8
    prefixes = sum(4**length for length in range(1, deepest + 1)) * (bits + 3) / 8
    held = round(PADDED * bases + suffixes + prefixes)
    return StarMemory(round(FOR_BUILDING * held) + WORKING, held + WORKING)


def prefix_length(bases: int) -> int:
    """STAR's genomeSAindexNbases for a genome of `bases`."""
    return max(1, min(DEEPEST_PREFIX, int(math.log2(bases) / 2 - 1)))
