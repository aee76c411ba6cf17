"""The running sum of pre-ranked GSEA as plots draw it: how a set's genes lie along the ranking."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rxpress.interpretation.gene_sets import Ranking

CURVE_COLUMNS = ("gene_set", "position", "running_sum", "rank_statistic", "hit")
MOST_BETWEEN = 300


def enrichment_curve(statistic: np.ndarray, rows: np.ndarray) -> pd.DataFrame:
    """Points of the running sum of a set, `rows` of `statistic` (genes,), from left to right.

    position : from 1, the gene of the largest statistic; running_sum : after it; rank_statistic : its
    statistic; hit : whether it is of the set. Every hit is there, and the gene before each, between which the
    sum is straight; of the latter at most 300, with the lowest among them.
    """
    ranking = Ranking.of(statistic)
    hits = ranking.hits(rows)
    height = running_sum(ranking.weights, hits)
    between = np.setdiff1d([0, *(hits - 1), len(height) - 1], [-1, *hits])
    if len(between) > MOST_BETWEEN:
        kept = np.linspace(0, len(between) - 1, MOST_BETWEEN - 1).round().astype(int)
        between = between[np.union1d(kept, np.argmin(height[between]))]
    positions = np.union1d(hits, between)
    return pd.DataFrame(
        {
            "gene_set": "",
            "position": positions + 1,
            "running_sum": height[positions],
            "rank_statistic": statistic[ranking.order[positions]],
            "hit": np.isin(positions, hits),
        }
    )


def running_sum(weights: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """(genes,) the sum after each position of a ranking (Subramanian et al. 2005, equation 1).

    weights : (genes,) by position; hits : sorted positions of a set, some but not all. It ends at 0.
    """
    steps = np.full(len(weights), -1 / (len(weights) - len(hits)))
    steps[hits] = weights[hits] / weights[hits].sum()
    return np.cumsum(steps)
