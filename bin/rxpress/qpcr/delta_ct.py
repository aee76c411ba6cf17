"""Targets related to reference genes, and how stable these are.

With the factor E of a target (copies per copy and cycle; 2 unless an efficiency is given) a Ct is worth
Ct · log2 E doublings. Over k reference genes r, in one sample,

    ΔCt = Ct_t log2 E_t - (1/k) Σ_r Ct_r log2 E_r

which divides the target's quantity by the geometric mean of the references' (Vandesompele et al. 2002, Genome
Biology 3:research0034). With E = 2 everywhere it is the ΔCt of Livak and Schmittgen (2001, Methods 25:402),
and differences of it are their ΔΔCt; otherwise they are -log2 of the ratio of Pfaffl (2001, NAR 29:e45).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DOUBLING = 2.0


@dataclass(frozen=True)
class DeltaCt:
    """ΔCt of targets in samples, each (targets, samples), NaN where the target or a reference has no Ct.

    reference : (samples,) mean of the references, in doublings. sd : spread of a single pair of wells, se :
    standard error of the mean, both from technical replicates (NaN when one of them has no second well).
    """

    value: np.ndarray
    reference: np.ndarray
    sd: np.ndarray
    se: np.ndarray


def delta_ct(
    mean: np.ndarray, sd: np.ndarray, wells: np.ndarray, factors: np.ndarray, references: Sequence[int]
) -> DeltaCt:
    """ΔCt with its technical error, propagated in quadrature as Livak and Schmittgen do for separate tubes.

    mean, sd, wells : (targets, samples) of Ct; factors : (targets,) E; references : rows of the references.
    A sample without a Ct of every reference has no ΔCt: the mean over fewer is not comparable. Without
    references nothing has.
    """
    doublings = np.log2(factors)[:, None]
    rows = list(references)
    if not rows:
        nothing = np.full(mean.shape, np.nan)
        return DeltaCt(nothing, np.full(mean.shape[1], np.nan), nothing, nothing)
    reference = (doublings * mean)[rows].mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        single, of_mean = (doublings * sd) ** 2, (doublings * sd) ** 2 / wells

    def combined(variance: np.ndarray) -> np.ndarray:
        return np.sqrt(variance + variance[rows].sum(axis=0) / len(rows) ** 2)

    return DeltaCt(doublings * mean - reference, reference, combined(single), combined(of_mean))


def stability(quantities: np.ndarray) -> np.ndarray:
    """geNorm's M of each reference gene: the mean over the others of the SD of their log2 ratio over samples.

    quantities : (genes, samples) log2 quantities up to a constant, as -Ct log2 E; samples with a NaN are left
    out. Small is stable. NaN with one gene or fewer than two samples. (Vandesompele et al. 2002)
    """
    whole = quantities[:, np.isfinite(quantities).all(axis=0)]
    genes = len(whole)
    if genes < 2 or whole.shape[1] < 2:
        return np.full(genes, np.nan)
    ratios = whole[:, None, :] - whole[None, :, :]
    return ratios.std(axis=2, ddof=1).sum(axis=1) / (genes - 1)
