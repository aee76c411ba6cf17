"""Do the genes of a set move together? Pre-ranked enrichment, over-representation, CAMERA.

Each takes sets as rows of a vector over genes (`find_members`). Pre-ranked GSEA (Subramanian et al., PNAS
2005) and over-representation take genes for independent, so sets of co-regulated genes come out too often;
CAMERA (Wu and Smyth, Nucleic Acids Res 2012) does not, and stands beside them for that reason.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.student import t_tail

BLOCK_ELEMENTS = 2**20
CHUNK_ELEMENTS = 2**15
MORE_PERMUTATIONS = 10


@dataclass(frozen=True)
class Members:
    """A set among the genes measured: rows, increasing, and the names that are not there, as listed."""

    rows: np.ndarray
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Enrichment:
    """Pre-ranked GSEA, one entry per set.

    size : genes; score : in [-1, 1], positive when the set is at the top; normalized_score : score over the
    mean size of random scores of its sign; p_value, p_adjusted : one-sided among those, then
    Benjamini-Hochberg; permutations : random sets that p rests on, of both signs; leading_edge : rows of the
    genes up to the peak of the running sum, the most extreme first. NaN, 0 and no rows for a set without
    genes or with all.
    """

    size: np.ndarray
    score: np.ndarray
    normalized_score: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray
    permutations: np.ndarray
    leading_edge: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class OverRepresentation:
    """One entry per set: its genes in the universe, those found, those expected by chance, and p."""

    size: np.ndarray
    found: np.ndarray
    expected: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray


@dataclass(frozen=True)
class Camera:
    """One entry per set: statistic (t, or z of ranks; positive is up) and its two-sided p, adjusted too."""

    size: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray


@dataclass(frozen=True)
class Ranking:
    """Genes by falling statistic, (genes,) each: order : rows; position : of a row; weights : by position."""

    order: np.ndarray
    position: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, statistic: np.ndarray, power: float = 1.0) -> Ranking:
        """Weights are |statistic| to `power`. Genes that tie keep their order. ValueError for NaN."""
        statistic = _finite(statistic)
        order = np.argsort(-statistic, kind="stable")
        position = np.empty(len(order), dtype=np.int32)
        position[order] = np.arange(len(order))
        return cls(order, position, np.abs(statistic[order]) ** power)

    def hits(self, rows: np.ndarray) -> np.ndarray:
        """Sorted positions of `rows`."""
        return np.sort(self.position[rows])


def find_members(genes: Sequence[str], sets: Mapping[str, Collection[str]]) -> dict[str, Members]:
    """Each set's rows among `genes`. ValueError when a name stands twice there: which row is it?"""
    row = {gene: i for i, gene in enumerate(genes)}
    if len(row) < len(genes):
        twice = sorted({gene for i, gene in enumerate(genes) if row[gene] != i})
        raise ValueError(f"genes occur more than once: {', '.join(twice[:5])}")
    found = {}
    for name, members in sets.items():
        distinct = list(dict.fromkeys(members))
        rows = sorted(row[gene] for gene in distinct if gene in row)
        found[name] = Members(np.array(rows, dtype=int), tuple(g for g in distinct if g not in row))
    return found


def prerank(
    statistic: np.ndarray,
    sets: Sequence[np.ndarray],
    permutations: int = 1000,
    most_permutations: int = 100_000,
    seed: int = 0,
    power: float = 1.0,
) -> Enrichment:
    """Pre-ranked GSEA of `sets`, each the distinct rows of its genes in `statistic` (genes,).

    A random set is as many genes drawn without replacement; sets of one size share theirs, and a draw of a
    smaller size is the start of one of a larger. p = (1 + as extreme) / (1 + of the same sign). While none is
    as extreme, ten times as many are drawn, up to `most_permutations`. power : of |statistic|, by which hits
    weigh. Genes that tie keep their order.
    """
    ranking = Ranking.of(statistic, power)
    weights = ranking.weights
    hits = [ranking.hits(rows) for rows in sets]
    score = np.array([float(running_sum_peaks(weights, h[None, :])[0]) for h in hits])
    null = _random_sets(
        weights, score, np.array([len(h) for h in hits]), permutations, most_permutations, seed
    )
    p_value = np.where(np.isfinite(score), (1 + null.extreme) / (1 + null.same_sign), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        normalized = np.where(null.same_sign > 0, score / (null.total / null.same_sign), np.nan)
    edges = tuple(_leading_edge(ranking, h, s) for h, s in zip(hits, score, strict=True))
    return Enrichment(null.size, score, normalized, p_value, benjamini_hochberg(p_value), null.drawn, edges)


def running_sum_peaks(weights: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Enrichment score of each row of `hits` (n, k), sorted positions in a ranking with `weights` (genes,).

    The running sum rises at a hit by its share of the weights and falls at a miss by 1 / misses, so it is
    highest right after a hit and lowest right before one (Subramanian 2005, equation 1). NaN for no hits,
    for all genes, and when all hits weigh nothing.
    """
    size = hits.shape[1]
    misses = len(weights) - size
    if not size or not misses:
        return np.full(len(hits), np.nan)
    share = weights[hits]
    with np.errstate(invalid="ignore", divide="ignore"):
        share /= share.sum(axis=1, keepdims=True)
    height = np.cumsum(share, axis=1)
    height -= (hits - np.arange(size, dtype=hits.dtype)) * (1 / misses)
    top = np.maximum(height.max(axis=1), 0.0)
    height -= share
    bottom = np.minimum(height.min(axis=1), 0.0)
    return np.where(top >= -bottom, top, bottom)


@dataclass(frozen=True)
class _Null:
    """Random scores seen so far, per set: drawn, of the set's sign, as extreme as it, and the sum of sizes.

    The arrays are filled in place, block by block, so that random scores are never held together.
    """

    score: np.ndarray
    size: np.ndarray
    drawn: np.ndarray
    same_sign: np.ndarray
    extreme: np.ndarray
    total: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, size: np.ndarray) -> _Null:
        drawn, same_sign, extreme = np.zeros((3, len(score)), dtype=int)
        return cls(score, size, drawn, same_sign, extreme, np.zeros(len(score)))

    def extend(
        self, weights: np.ndarray, sets: np.ndarray, permutations: int, generator: np.random.Generator
    ) -> None:
        """Add random sets of the sizes of `sets` (a mask)."""
        sizes = np.unique(self.size[sets])
        for draws in draw_positions(len(weights), int(sizes[-1]), permutations, generator):
            for size in sizes:
                scores = score_draws(weights, draws[:, :size])
                for i in np.flatnonzero(sets & (self.size == size)):
                    same = scores[scores * self.score[i] > 0] * np.sign(self.score[i])
                    self.drawn[i] += len(draws)
                    self.same_sign[i] += len(same)
                    self.extreme[i] += np.count_nonzero(same >= abs(self.score[i]))
                    self.total[i] += same.sum()


def _random_sets(
    weights: np.ndarray, score: np.ndarray, size: np.ndarray, permutations: int, most: int, seed: int
) -> _Null:
    """Scores of random sets, more of them for sets that none has reached.

    Going on only from the floor keeps p valid: it ends below the floor no more often than the p of `most`
    permutations would, and above it no more often than the first p.
    """
    null = _Null.of(score, size)
    still, drawn, wanted = np.isfinite(score), 0, permutations
    while np.any(still):
        null.extend(weights, still, wanted - drawn, np.random.default_rng([seed, drawn]))
        drawn, wanted = wanted, min(wanted * MORE_PERMUTATIONS, most)
        still = still & (null.extreme == 0) & (wanted > drawn)
    return null


def draw_positions(
    genes: int, largest: int, permutations: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Blocks of rows, each `largest` distinct positions in random order, the same for any size of block."""
    # Some more than `largest`, to make up for repeats: n (H(n) - H(n - k)) draws hold k distinct on average.
    needed = genes * (scipy.special.digamma(genes + 1) - scipy.special.digamma(genes - largest + 1))
    width = math.ceil(needed + 4 * np.sqrt(max(needed - largest, 0.0))) + 2
    block = max(1, BLOCK_ELEMENTS // width)
    spare = generator.spawn(1)[0]
    for first in range(0, permutations, block):
        draws = generator.integers(genes, size=(min(block, permutations - first), width))
        rows, enough = _first_distinct(draws, genes, largest)
        for i in np.flatnonzero(~enough):
            rows[i] = spare.choice(genes, largest, replace=False)
        yield rows


def _first_distinct(draws: np.ndarray, genes: int, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `wanted` distinct values of each row, in order, and which rows have as many.

    draws : (rows, width) in 0 … genes - 1. Dropping repeats of draws with replacement leaves draws without.
    """
    width = draws.shape[1]
    none = genes * width
    kind = np.int32 if none < np.iinfo(np.int32).max else np.int64
    columns = np.arange(width, dtype=kind)
    # By value, then by column: a repeat follows its first occurrence.
    value, column = np.divmod(np.sort(draws.astype(kind) * width + columns, axis=1), kind(width))
    again = np.zeros(draws.shape, dtype=bool)
    again[:, 1:] = value[:, 1:] == value[:, :-1]
    ordered = np.sort(np.where(again, kind(none), column * genes + value), axis=1)[:, :wanted]
    return (ordered % genes).astype(np.int32), ordered[:, -1] < none


def score_draws(weights: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """`running_sum_peaks` of rows of positions in any order, a few rows at a time."""
    rows = max(1, CHUNK_ELEMENTS // max(1, draws.shape[1]))
    parts = [
        running_sum_peaks(weights, np.sort(draws[first : first + rows], axis=1))
        for first in range(0, len(draws), rows)
    ]
    return np.concatenate(parts)


def _leading_edge(ranking: Ranking, hits: np.ndarray, score: float) -> np.ndarray:
    """Rows of the hits before the peak, or after it when the score is negative."""
    if not np.isfinite(score):
        return np.empty(0, dtype=int)
    share = ranking.weights[hits] / ranking.weights[hits].sum()
    misses = (hits - np.arange(len(hits))) / (len(ranking.weights) - len(hits))
    height = np.cumsum(share) - misses
    if score < 0:
        return ranking.order[hits[np.argmin(height - share) :]][::-1]
    return ranking.order[hits[: np.argmax(height) + 1]]


def over_representation(selected: np.ndarray, sets: Sequence[np.ndarray]) -> OverRepresentation:
    """Are genes of a set among the `selected` more often than by chance?

    selected : (genes,) boolean over the universe, the genes that were tested; sets : rows of it. Upper tail
    of the hypergeometric distribution.
    """
    universe, chosen = len(selected), int(np.count_nonzero(selected))
    size = np.array([len(rows) for rows in sets])
    found = np.array([np.count_nonzero(selected[rows]) for rows in sets])
    p_value = np.array(
        [
            _hypergeometric_tail(f, s, chosen, universe) if s else np.nan
            for f, s in zip(found, size, strict=True)
        ]
    )
    return OverRepresentation(size, found, size * chosen / universe, p_value, benjamini_hochberg(p_value))


def _hypergeometric_tail(found: int, size: int, chosen: int, universe: int) -> float:
    """P(at least `found` of `size` marked genes among `chosen` of a universe)."""

    def log_binomial(n: int, k: np.ndarray) -> np.ndarray:
        log_factorial = scipy.special.gammaln
        return log_factorial(n + 1) - log_factorial(k + 1) - log_factorial(n - k + 1)

    fewest = max(chosen - (universe - size), 0)
    if found <= fewest:
        return 1.0
    k = np.arange(found, min(size, chosen) + 1)
    ways = log_binomial(size, k) + log_binomial(universe - size, chosen - k)
    return min(1.0, float(np.exp(ways - log_binomial(universe, np.array(chosen))).sum()))


def camera(
    statistic: np.ndarray,
    sets: Sequence[np.ndarray],
    correlation: float | np.ndarray = 0.01,
    ranks: bool = False,
) -> Camera:
    """Competitive test of each set against the other genes, with `correlation` among its genes.

    statistic : (genes,), about normal, such as moderated t; sets : rows of it; correlation : one for all sets
    or (sets,), 0.01 as limma's `cameraPR`; ranks : Wilcoxon's statistic in place of t, for statistics far
    from normal. NaN for a set without genes or with all.
    """
    statistic = _finite(statistic)
    size = np.array([len(rows) for rows in sets])
    usable = (size > 0) & (size < len(statistic))
    values = average_ranks(statistic) if ranks else statistic
    mean = np.array([values[rows].mean() if use else np.nan for rows, use in zip(sets, usable, strict=True)])
    correlation = np.broadcast_to(np.asarray(correlation, dtype=float), size.shape)
    if ranks:
        value, p_value = _rank_sum(values, size, mean, correlation)
    else:
        value, p_value = _two_samples(values, size, mean, correlation)
    return Camera(size, value, p_value, benjamini_hochberg(p_value))


def _two_samples(
    values: np.ndarray, size: np.ndarray, mean: np.ndarray, correlation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """t of the mean of a set against the others', its variance inflated by 1 + (size - 1) correlation.

    Wu and Smyth 2012, section "Camera"; genes - 2 degrees of freedom.
    """
    genes = len(values)
    others = genes - size
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = (mean - values.mean()) * genes / others
        pooled = ((genes - 1) * values.var(ddof=1) - difference**2 * size * others / genes) / (genes - 2)
        inflation = 1 + (size - 1) * correlation
        t = difference / np.sqrt(pooled * (inflation / size + 1 / others))
    return t, 2 * t_tail(np.abs(t), np.full(t.shape, genes - 2.0))


def _rank_sum(
    ranks: np.ndarray, size: np.ndarray, mean: np.ndarray, correlation: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """z of Wilcoxon's rank sum with correlated genes (Barry, Nobel and Wright, Ann Appl Stat 2008).

    That two pairs of a gene of the set and another are both in order has the covariance asin(r) / 2 pi, where
    r is the correlation of their differences. Corrected for ties and continuity.
    """
    genes = len(ranks)
    others = genes - size
    above = size * mean - size * (size + 1) / 2 - size * others / 2
    angles = (
        np.arcsin(1)
        + np.arcsin(0.5) * (others - 1)
        + np.arcsin(correlation / 2) * (size - 1) * (others - 1)
        + np.arcsin((correlation + 1) / 2) * (size - 1)
    )
    variance = size * others * angles / (2 * np.pi)
    ties = np.unique(ranks, return_counts=True)[1].astype(float)
    variance *= 1 - (ties**3 - ties).sum() / (float(genes) ** 3 - genes)
    with np.errstate(invalid="ignore", divide="ignore"):
        lower, upper = ((above + shift) / np.sqrt(variance) for shift in (0.5, -0.5))
    p_value = np.minimum(2 * np.minimum(scipy.special.ndtr(lower), scipy.special.ndtr(-upper)), 1.0)
    return np.where(above < 0, lower, upper), p_value


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 within a vector; values that tie share their mean rank."""
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values) + np.searchsorted(ordered, values, "right") + 1) / 2


def _finite(statistic: np.ndarray) -> np.ndarray:
    statistic = np.asarray(statistic, dtype=float)
    if not np.isfinite(statistic).all():
        raise ValueError("the statistic has values that are missing or infinite; leave those genes out")
    return statistic
