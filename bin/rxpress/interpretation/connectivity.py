"""Does a study's response look like a published one? Its up and down lists in the ranking of all genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rxpress.interpretation.gene_sets import Ranking, draw_positions, running_sum_peaks, score_draws


@dataclass(frozen=True)
class Connectivity:
    """score : in [-1, 1], positive when the response is like the published one, negative when it reverses
    it, 0 when both lists lie at the same end; normalized_score : over the mean size of random scores of its
    sign; p_value : two-sided; up_score, down_score : enrichment scores of the lists, NaN for an empty one.
    """

    score: float
    normalized_score: float
    p_value: float
    up_score: float
    down_score: float


def connectivity(
    statistic: np.ndarray, up: np.ndarray, down: np.ndarray, permutations: int = 10_000, seed: int = 0
) -> Connectivity:
    """Weighted connectivity score (ES of `up` - ES of `down`) / 2, or 0 if both have the same sign.

    statistic : (genes,) of one contrast, all finite; up, down : distinct rows of it, not in common; one of
    them may be empty, then the score is that of the other. Lamb et al., Science 2006; Subramanian et al.,
    Cell 2017 (weighted by |statistic|). p = (1 + as extreme) / (1 + permutations) over random lists of
    these sizes; genes that move together make it too small, so look at the size of the score too.
    ValueError for missing values, overlapping lists and two empty ones.
    """
    ranking = Ranking.of(statistic)
    both = np.concatenate([up, down])
    if not 0 < len(both) < len(statistic) or len(np.unique(both)) < len(both):
        raise ValueError("the lists must hold some of the genes, and none twice")
    up_score, down_score = (
        running_sum_peaks(ranking.weights, ranking.hits(rows)[None, :]) for rows in (up, down)
    )
    score = float(_combine(up_score, down_score)[0])
    generator = np.random.default_rng(seed)
    blocks = [
        _combine(*(score_draws(ranking.weights, part) for part in np.split(draws, [len(up)], axis=1)))
        for draws in draw_positions(len(statistic), len(both), permutations, generator)
    ]
    null = np.concatenate(blocks)
    p_value = (1 + np.count_nonzero(np.abs(null) >= abs(score))) / (1 + permutations)
    same = null[null * score > 0]
    normalized = float(score / np.abs(same).mean()) if len(same) else np.nan
    normalized = 0.0 if score == 0 else normalized
    return Connectivity(score, normalized, p_value, float(up_score[0]), float(down_score[0]))


def _combine(up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Connectivity of pairs of enrichment scores; NaN stands for an empty list."""
    apart = np.where(up * down < 0, (up - down) / 2, 0.0)
    return np.where(np.isnan(up), -down, np.where(np.isnan(down), up, apart))
