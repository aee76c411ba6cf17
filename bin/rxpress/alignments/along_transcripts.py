"""Reads along transcripts: coverage from 5' to 3', and the length of fragments without their introns."""

from __future__ import annotations

import numpy as np

from rxpress.alignments.gene_models import GeneModels, TranscriptModels

BINS = 100
SHORTEST_MODEL = 500
LEAST_DEPTH = 1.0
MOST_MODELS = 1000
# Shares of a transcript that are compared, as bins: away from the ends, where fragments run out.
NEAR_5_PRIME, NEAR_3_PRIME = slice(10, 30), slice(70, 90)


class Coverage:
    """Depth along each model in 100 bins; the memory is that of (models, 102) numbers, whatever the reads."""

    def __init__(self, models: TranscriptModels) -> None:
        self._models = models
        self._steps = np.zeros((len(models.lengths), BINS + 2), dtype=np.float64)

    def add(self, starts: np.ndarray, ends: np.ndarray) -> None:
        """Take aligned blocks [start, end), as places.

        A block that begins within bin i, a share f of the way, adds 1 - f to it and 1 to the bins after:
        steps of 1 - f at i and f at i + 1; its end takes the same away.
        """
        models = self._models
        exon = models.exon_at(starts)
        inside = exon >= 0
        exon, starts, ends = exon[inside], starts[inside], ends[inside]
        owner = models.owner[exon]
        ends = np.minimum(ends, models.ends[exon])
        for places, sign in ((starts, 1.0), (ends, -1.0)):
            along = (models.offset[exon] + places - models.starts[exon]) * (BINS / models.lengths[owner])
            first = along.astype(np.int64)
            share = along - first
            np.add.at(self._steps, (owner, first), sign * (1 - share))
            np.add.at(self._steps, (owner, first + 1), sign * share)

    def profile(self) -> tuple[np.ndarray, int]:
        """Mean depth from 5' to 3' over well-covered models, each of mean 1, (100,) and how many there are.

        Well covered: at least 500 bases, each covered once on average; of more than 1,000 the deepest.
        """
        depth = np.cumsum(self._steps, axis=1)[:, :BINS].clip(min=0)
        mean = depth.mean(axis=1)
        fit = np.flatnonzero((self._models.lengths >= SHORTEST_MODEL) & (mean >= LEAST_DEPTH))
        fit = fit[np.argsort(-mean[fit], kind="stable")][:MOST_MODELS]
        if not len(fit):
            return np.zeros(0), 0
        depth, backwards = depth[fit] / mean[fit, None], self._models.strands[fit] < 0
        depth[backwards] = depth[backwards, ::-1]
        return depth.mean(axis=0), len(fit)


def bias_3prime(profile: np.ndarray) -> float | None:
    """Mean depth at 70–90 % of transcripts over that at 10–30 %: 1 when even, more when RNA was degraded."""
    if not len(profile) or not profile[NEAR_5_PRIME].any():
        return None
    return float(profile[NEAR_3_PRIME].mean() / profile[NEAR_5_PRIME].mean())


def lengths_without_introns(genes: GeneModels, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Exonic bases of fragments [start, end), as places, that begin and end in exons of one model.

    Others are left out, and so are those within which another transcript has an intron that the model has
    not: they may be of that one.
    """
    models, (intron_starts, nearest_ends) = genes.models, genes.other_introns
    first, last = models.exon_at(starts), models.exon_at(ends - 1)
    beyond = np.append(nearest_ends, np.iinfo(np.int64).max)
    certain = beyond[np.searchsorted(intron_starts, starts)] > ends
    inside = (first >= 0) & (last >= 0) & (starts < ends) & certain
    first, last, starts, ends = first[inside], last[inside], starts[inside], ends[inside]
    lengths = models.offset[last] + ends - models.starts[last]
    lengths -= models.offset[first] + starts - models.starts[first]
    return lengths[models.owner[first] == models.owner[last]]
