"""Dispersions: one per gene, their trend over the mean, and estimates shrunken towards it.

The steps and their constants are those of R's DESeq2 (Love, Huber and Anders, Genome Biology 2014).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rxpress.deseq.design import Design
from rxpress.deseq.gamma_glm import START
from rxpress.deseq.glm import MIN_MEAN, TOLERANCE
from rxpress.deseq.outliers import trimmed_mean
from rxpress.deseq.prior_variance import prior_variance, robust_variance
from rxpress.inference import BatchedInference

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

MIN_DISPERSION = 1e-8
OUTLIER_DEVIATIONS = 2.0
START_SHARE = 0.1
TREND_ROUNDS = 10


@dataclass(frozen=True)
class Trend:
    """Dispersion as a function of the mean of normalised counts, and how far genes scatter about it.

    kind : `parametric` (asymptotic + extra_poisson / mean), `mean` (asymptotic alone) or `none` (every gene's
    dispersion is next to nothing). residual_variance : of log gene-wise dispersions about the trend, robust;
    prior_variance : of true log dispersions about it.
    """

    kind: str
    asymptotic: float = np.nan
    extra_poisson: float = 0.0
    residual_variance: float = np.nan
    prior_variance: float = np.nan

    def at(self, means: np.ndarray) -> np.ndarray:
        return self.asymptotic + self.extra_poisson / means


@dataclass(frozen=True)
class Dispersions:
    """Of each gene (genes,): by maximum likelihood, by the trend, and the one to use."""

    gene_wise: np.ndarray
    fitted: np.ndarray
    final: np.ndarray


def estimate_dispersions(
    counts: np.ndarray, factors: np.ndarray, design: Design, inference: Inference, trend: Trend | None = None
) -> tuple[Dispersions, Trend]:
    """Dispersions of counts (genes, samples) without genes that are zero everywhere, and their trend.

    factors : (samples,) or (genes, samples); trend : one that is known already, else it is fitted.
    """
    gene_wise, means = gene_wise_dispersions(counts, factors, design, inference)
    base_means = (counts / factors).mean(axis=1)
    trend = trend or fit_trend(base_means, gene_wise, design.residual_df, inference)
    fitted = trend.at(base_means)
    if trend.kind == "none":
        return Dispersions(gene_wise, fitted, gene_wise), trend
    posterior = shrink_dispersions(counts, means, design, gene_wise, fitted, trend.prior_variance, inference)
    highest = np.log(fitted) + OUTLIER_DEVIATIONS * np.sqrt(trend.residual_variance)
    return Dispersions(gene_wise, fitted, np.where(np.log(gene_wise) > highest, gene_wise, posterior)), trend


def shrink_dispersions(
    counts: np.ndarray,
    means: np.ndarray,
    design: Design,
    gene_wise: np.ndarray,
    fitted: np.ndarray,
    prior_variance: float,
    inference: Inference,
) -> np.ndarray:
    """Maximum a posteriori dispersions (genes,) with a normal prior about the log of the trend `fitted`.

    The search starts from the gene-wise dispersion unless that is far below the trend.
    """
    start = np.where(gene_wise > START_SHARE * fitted, gene_wise, fitted)
    return inference.alpha_mle(
        counts.T,
        design.matrix,
        means.T,
        fitted,
        MIN_DISPERSION,
        max_dispersion(design.samples),
        prior_disp_var=prior_variance,
        prior_reg=True,
        **_from(start, inference),
    )[0]


def _from(start: np.ndarray, inference: Inference) -> dict[str, np.ndarray]:
    """Where to start from, as an argument for an inference that can be told: R's estimates depend on it."""
    return {"start": start} if isinstance(inference, BatchedInference) else {}


def max_dispersion(samples: int) -> float:
    return max(10.0, samples)


def start_dispersions(
    counts: np.ndarray, factors: np.ndarray, design: Design, inference: Inference
) -> np.ndarray:
    """(genes,) the lower of two rough estimates, from residuals of a linear model and from moments."""
    import pandas as pd

    normalized = (counts / factors).T
    rough = inference.fit_rough_dispersions(normalized, pd.DataFrame(design.matrix))
    moments = inference.fit_moments_dispersions(normalized, factors.T)
    return np.clip(np.minimum(rough, moments), MIN_DISPERSION, max_dispersion(design.samples))


def gene_wise_dispersions(
    counts: np.ndarray, factors: np.ndarray, design: Design, inference: Inference
) -> tuple[np.ndarray, np.ndarray]:
    """Cox-Reid maximum likelihood dispersions (genes,), and the fitted means (genes, samples) they rest on,
    floored at MIN_MEAN before the fit."""
    start = start_dispersions(counts, factors, design, inference)
    if design.saturated:
        means = inference.lin_reg_mu(counts.T, factors.T, design.matrix, MIN_MEAN)
    else:
        means = inference.irls(counts.T, factors.T, design.matrix, start, MIN_MEAN, TOLERANCE)[1]
    means = np.maximum(means.T, MIN_MEAN)
    limit = max_dispersion(design.samples)
    found, _ = inference.alpha_mle(counts.T, design.matrix, means.T, start, MIN_DISPERSION, limit)
    return found, means


def fit_trend(base_means: np.ndarray, gene_wise: np.ndarray, residual_df: int, inference: Inference) -> Trend:
    """The trend of gene-wise dispersions over mean normalised counts, both (genes,).

    A gamma regression on 1/mean, repeated without the genes far off it until it stands still. Where that
    fails, R fits a local regression; here the mean dispersion takes its place.
    """
    usable = gene_wise > 100 * MIN_DISPERSION
    if not usable.any():
        return Trend("none")
    coefficients = _parametric_trend(base_means[usable], gene_wise[usable], inference)
    if coefficients is None:
        shared = float(trimmed_mean(gene_wise[None, gene_wise > 10 * MIN_DISPERSION], 0.001)[0])
        trend = Trend("mean", shared)
    else:
        trend = Trend("parametric", *map(float, coefficients))
    residuals = np.log(gene_wise[usable]) - np.log(trend.at(base_means[usable]))
    prior = prior_variance(residuals, residual_df)
    return replace(trend, residual_variance=robust_variance(residuals), prior_variance=prior)


def _parametric_trend(means: np.ndarray, gene_wise: np.ndarray, inference: Inference) -> np.ndarray | None:
    """(asymptotic, extra-Poisson), or None when a coefficient is not positive or the rounds do not settle."""
    import pandas as pd

    coefficients = START
    for _ in range(TREND_ROUNDS + 1):
        residuals = gene_wise / (coefficients[0] + coefficients[1] / means)
        good = (residuals > 1e-4) & (residuals < 15)
        before = coefficients
        coefficients, _, converged = inference.dispersion_trend_gamma_glm(
            pd.Series(1 / means[good]), pd.Series(gene_wise[good]), **_from(before, inference)
        )
        if not (np.isfinite(coefficients).all() and (coefficients > 0).all()):
            return None
        if converged and (np.log(coefficients / before) ** 2).sum() < 1e-6:
            return coefficients
    return None
