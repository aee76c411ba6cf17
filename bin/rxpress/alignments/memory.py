"""The memory that aligners take for a genome."""

from __future__ import annotations

import math
from dataclasses import dataclass

WORKING = 1_000_000_000  # reads, junctions and BAM in flight

# STAR pads each sequence to whole bins, and packs places in the genome into no fewer bits than these.
PADDED = 1.02
LEAST_BITS = 32
DEEPEST_PREFIX = 14
FOR_BUILDING = 1.15

HISAT2_BUILDING, HISAT2_HELD = 6.0, 1.6  # bytes per base


@dataclass(frozen=True)
class AlignerMemory:
    """Bytes to make the index (0 when it is ready) and to align one sample with it."""

    index: int
    alignment: int

    @property
    def most(self) -> int:
        return max(self.index, self.alignment)


def memory_of_index(size: int) -> AlignerMemory:
    """With a ready index of `size` bytes, which aligners hold as it is."""
    return AlignerMemory(0, size + WORKING)


def star_memory(bases: int) -> AlignerMemory:
    """STAR on a genome of `bases`.

    It holds a byte per base, the suffixes of both strands packed into bits, and an index of their prefixes
    (genomeGenerate of STAR 2.7).
    """
    bits = max(LEAST_BITS, math.floor(math.log2(bases)) + 1)
    suffixes = 2 * bases * (bits + 1) / 8
    prefixes = sum(4**length for length in range(1, prefix_length(bases) + 1)) * (bits + 3) / 8
    held = round(PADDED * bases + suffixes + prefixes)
    return AlignerMemory(round(FOR_BUILDING * held) + WORKING, held + WORKING)


def prefix_length(bases: int) -> int:
    """STAR's genomeSAindexNbases for a genome of `bases` (its manual, 2.2.5)."""
    return max(1, min(DEEPEST_PREFIX, int(math.log2(bases) / 2 - 1)))


def hisat2_memory(bases: int) -> AlignerMemory:
    """HISAT2 on a genome of `bases`, without transcripts in its index."""
    return AlignerMemory(
        round(HISAT2_BUILDING * bases) + WORKING,
        round(HISAT2_HELD * bases) + WORKING,
    )
