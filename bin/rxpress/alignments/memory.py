"""The memory that an aligner takes for a genome, or for an index of it, as CHECK_INPUTS tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rxpress.alignments.star import star_memory

THREADS = 4  # of the tasks
WORKING = 1_000_000_000  # reads, junctions and BAM in flight
HEADROOM = 1.05
HISAT2_BUILDING, HISAT2_HELD = 6.0, 1.6  # bytes per base


@dataclass(frozen=True)
class AlignerMemory:
    """Bytes to make the index (0 when it is ready) and to align one sample with it."""

    index: int
    alignment: int

    @property
    def most(self) -> int:
        return max(self.index, self.alignment)


def memory_of_star_index(genome: int, suffixes: int, with_exons: bool) -> AlignerMemory:
    """With a ready index: bytes of its Genome, and of its SA and SAindex.

    with_exons : whether rxpress built it. Into others STAR puts the annotation as it starts, and holds the
    suffixes twice.
    """
    return AlignerMemory(0, genome + suffixes * (1 if with_exons else 2) + WORKING)


def memory_for_genome(aligner: str, genome: Mapping[str, int]) -> AlignerMemory:
    """`star` or `hisat2` on a genome, whose sequences have these lengths in bases."""
    bases = sum(genome.values())
    if aligner == "star":
        needed = star_memory(bases, len(genome), THREADS)
        return AlignerMemory(round(HEADROOM * needed.building) + WORKING // 2, needed.alignment)
    return AlignerMemory(round(HISAT2_BUILDING * bases) + WORKING, round(HISAT2_HELD * bases) + WORKING)
