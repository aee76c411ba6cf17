"""How active is a pathway in a sample? The genes that respond to it, weighed, as PROGENy and decoupler do.

Works as well on the statistics of contrasts: then a pathway's activity is its change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.interpretation.gene_sets import find_members
from rxpress.student import t_tail


@dataclass(frozen=True)
class PathwayWeights:
    """matrix : (genes, pathways), 0 where a gene says nothing; missing : per pathway, its genes not there."""

    pathways: tuple[str, ...]
    matrix: np.ndarray
    missing: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Activity:
    """(pathways, samples) t of the slope, its two-sided p, and p adjusted over the pathways of a sample."""

    statistic: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray


def align_weights(genes: Sequence[str], pathways: Mapping[str, Mapping[str, float]]) -> PathwayWeights:
    """Weights by pathway and gene, laid out for `genes`. ValueError when a gene stands twice there."""
    matrix = np.zeros((len(genes), len(pathways)))
    found = find_members(genes, pathways)
    for j, (name, weights) in enumerate(pathways.items()):
        matrix[found[name].rows, j] = [weights[genes[i]] for i in found[name].rows]
    return PathwayWeights(tuple(pathways), matrix, tuple(members.missing for members in found.values()))


def univariate_linear_model(values: np.ndarray, weights: np.ndarray) -> Activity:
    """ULM: regress the genes of each sample on the weights of each pathway, one pathway at a time.

    values : (genes, samples) log expression or a statistic, without NaN; weights : (genes, pathways). The
    score is t of the slope with genes - 2 degrees of freedom, r sqrt(df / (1 - r^2)) (Badia-i-Mompel et al.,
    Bioinform Adv 2022). It compares the pathway's genes with all others, so every measured gene belongs in
    `values`. NaN where a pathway's weights, or a sample, are constant.
    """
    if not np.isfinite(values).all():
        raise ValueError("the values have gaps; leave those genes out")
    df = len(values) - 2
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.clip(_unit_columns(weights).T @ _unit_columns(values), -1.0, 1.0)
        statistic = r * np.sqrt(df / (1 - r**2))
    p_value = 2 * t_tail(np.abs(statistic), np.full(statistic.shape, float(df)))
    adjusted = np.array([benjamini_hochberg(p) for p in p_value.T]).reshape(p_value.T.shape).T
    return Activity(statistic, p_value, adjusted)


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(pathways, samples) sums of weight x value over the sums of |weight|, in the unit of `values`.

    values : (genes, samples), such as log fold changes or z-scores: for values that are not centred it
    mostly measures how highly the genes are expressed; weights : (genes, pathways). NaN without a weight.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return weights.T @ values / np.abs(weights).sum(axis=0)[:, None]


def _unit_columns(columns: np.ndarray) -> np.ndarray:
    """Columns less their mean, of length 1; NaN for one that is constant."""
    constant = np.ptp(columns, axis=0) == 0
    centred = np.where(constant, np.nan, columns - columns.mean(axis=0))
    return centred / np.linalg.norm(centred, axis=0)
