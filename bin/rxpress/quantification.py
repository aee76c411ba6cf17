"""From transcripts to genes, as R's tximport defines it (Soneson et al. 2015, F1000Research 4:1521).

Matrices are (transcripts or genes, samples). `gene` is (transcripts,): the position of each transcript's
gene, or -1 for a transcript without one, which counts nowhere. Matrices whose columns are contiguous
(order "F") are the quick ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Estimates:
    """Estimates for transcripts or genes: reads, transcripts per million, and effective length in bases."""

    counts: np.ndarray
    tpm: np.ndarray
    lengths: np.ndarray


def summarize_to_genes(transcripts: Estimates, gene: np.ndarray, genes: int) -> Estimates:
    """Counts and TPM summed over each gene's transcripts, and the length averaged with TPM as weights.

    A gene without TPM in a sample has the geometric mean of its lengths in the others there; without any
    TPM it has the plain mean over its transcripts and samples.
    """
    samples = transcripts.counts.shape[1]
    bins = _bins(gene, genes)
    counts, tpm, lengths = (np.empty((genes, samples), order="F") for _ in range(3))
    for j in range(samples):
        weights, length = transcripts.tpm[:, j], transcripts.lengths[:, j]
        counts[:, j] = _sums(transcripts.counts[:, j], bins, genes)
        tpm[:, j] = _sums(weights, bins, genes)
        with np.errstate(invalid="ignore"):
            lengths[:, j] = _sums(weights * length, bins, genes) / tpm[:, j]
    isoforms = np.bincount(bins, minlength=genes + 1)[:genes]
    average = _sums(transcripts.lengths.mean(axis=1), bins, genes) / isoforms
    return Estimates(counts, tpm, fill_missing_lengths(lengths, average))


def _bins(gene: np.ndarray, genes: int) -> np.ndarray:
    """`gene` with transcripts of no gene in an extra last bin."""
    return np.where(gene < 0, genes, gene)


def _sums(values: np.ndarray, bins: np.ndarray, genes: int) -> np.ndarray:
    return np.bincount(bins, weights=values, minlength=genes + 1)[:genes]


def fill_missing_lengths(lengths: np.ndarray, average: np.ndarray) -> np.ndarray:
    """Replace NaN by the geometric mean of the gene's other samples, or where there are none by `average`.

    lengths : (genes, samples); average : (genes,).
    """
    rows = np.isnan(lengths).any(axis=1)
    known = ~np.isnan(lengths[rows])
    logs = np.log(lengths[rows], where=known, out=np.zeros(known.shape))
    seen = known.sum(axis=1)
    geometric = np.exp(logs.sum(axis=1) / np.maximum(seen, 1))
    filling = np.where(seen > 0, geometric, average[rows])
    filled = lengths.copy(order="K")
    filled[rows] = np.where(known, lengths[rows], filling[:, None])
    return filled


def scaled_counts(estimates: Estimates) -> np.ndarray:
    """tximport's `scaledTPM`: TPM scaled in each sample to the sum of its counts."""
    return _scale(estimates.tpm.copy(order="K"), estimates.counts.sum(axis=0))


def length_scaled_counts(estimates: Estimates) -> np.ndarray:
    """tximport's `lengthScaledTPM`: TPM times the mean length over samples, scaled to the sums of counts."""
    weighted = estimates.tpm * estimates.lengths.mean(axis=1)[:, None]
    return _scale(weighted, estimates.counts.sum(axis=0))


def dtu_scaled_counts(transcripts: Estimates, gene: np.ndarray, genes: int) -> np.ndarray:
    """tximport's `dtuScaledTPM`, for tests of differential transcript usage.

    TPM times the median, over the gene's transcripts, of their mean lengths, scaled to the sums of counts of
    all transcripts with a gene; NaN for transcripts without one.
    """
    mapped = gene >= 0
    median = group_medians(transcripts.lengths.mean(axis=1)[mapped], gene[mapped], genes)
    length = np.where(mapped, median[gene], np.nan)
    scaled = transcripts.tpm * length[:, None]
    totals, sums = (np.array([column[mapped].sum() for column in m.T]) for m in (transcripts.counts, scaled))
    return _scale(scaled, totals, sums)


def _scale(values: np.ndarray, totals: np.ndarray, sums: np.ndarray | None = None) -> np.ndarray:
    """`values`, changed in place, with columns that sum to `totals`; a column of zeros stays so."""
    sums = values.sum(axis=0) if sums is None else sums
    values *= np.divide(totals, sums, where=sums > 0, out=np.zeros(len(totals)))
    return values


def group_medians(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Median of `values` in each group; NaN for an empty one. values, group : (n,) → (groups,)."""
    ordered = values[np.lexsort((values, group))]
    sizes = np.bincount(group, minlength=groups)
    starts = np.cumsum(sizes) - sizes
    medians = np.full(groups, np.nan)
    some = sizes > 0
    low, high = starts + (sizes - 1) // 2, starts + sizes // 2
    medians[some] = (ordered[low[some]] + ordered[high[some]]) / 2
    return medians


def inferential_variance(replicates: Iterable[np.ndarray], gene: np.ndarray, genes: int) -> np.ndarray:
    """Variance of each gene's count over the inferential replicates of a sample, as tximport's `varReduce`.

    replicates : counts (transcripts,), taken one at a time and not kept (Welford 1962). NaN below two.
    """
    bins = _bins(gene, genes)
    mean, squares, n = np.zeros(genes), np.zeros(genes), 0
    for replicate in replicates:
        n += 1
        counts = _sums(replicate, bins, genes)
        change = counts - mean
        mean += change / n
        squares += change * (counts - mean)
    return squares / (n - 1) if n > 1 else np.full(genes, np.nan)
