"""Log-like expression whose variance does not depend on its mean (Anders and Huber, Genome Biology 2010)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rxpress.deseq.design import Design
from rxpress.deseq.dispersions import Trend, fit_trend, gene_wise_dispersions

if TYPE_CHECKING:
    from pydeseq2.inference import Inference


def stabilize_variance(
    counts: np.ndarray, factors: np.ndarray, inference: Inference
) -> tuple[np.ndarray, str]:
    """log2-like expression (genes, samples) of counts, and the name of the transformation.

    Blind to conditions: the dispersion trend comes from a design of one mean. `vst` where that trend can be
    fitted, else `log2` of normalised counts + 1.
    """
    normalized = counts / factors
    expressed = counts.any(axis=1)
    if counts.shape[1] > 1 and expressed.any():
        design = Design.split(np.ones((counts.shape[1], 1)))
        of_genes = factors if factors.ndim == 1 else factors[expressed]
        gene_wise, _ = gene_wise_dispersions(counts[expressed], of_genes, design, inference)
        trend = fit_trend(normalized[expressed].mean(axis=1), gene_wise, design.residual_df, inference)
        if trend.kind != "none":
            return stabilize_by_trend(normalized, trend), "vst"
    return np.log2(normalized + 1), "log2"


def stabilize_by_trend(normalized: np.ndarray, trend: Trend) -> np.ndarray:
    """The integral of 1/sqrt(variance) over the mean for variance = mean + trend(mean) · mean², on a log2
    scale.

    With a = asymptotic dispersion and e = extra-Poisson part it is
    log2((1 + e + 2aq + 2 sqrt(aq (1 + e + aq))) / 4a) for a normalised count q.
    """
    a, e = trend.asymptotic, trend.extra_poisson
    scaled = a * normalized
    return np.log2((1 + e + 2 * scaled + 2 * np.sqrt(scaled * (1 + e + scaled))) / (4 * a))
