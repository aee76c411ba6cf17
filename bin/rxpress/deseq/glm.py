"""The negative binomial generalised linear model of every gene at once, and Wald tests of its contrasts.

As R's DESeq2 fits it (Love, Huber and Anders, Genome Biology 2014): iteratively reweighted least squares
with a ridge so small that it only keeps the system solvable, and fitted means of at least MIN_MEAN in the
weights, so that a condition without any count has an estimate and a variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, ndtr, xlogy

from rxpress.deseq.design import Design, Gram

MIN_MEAN = 0.5
RIDGE = 1e-6 / np.log(2) ** 2
MAX_ITERATIONS = 100
TOLERANCE = 1e-8
MAX_COEFFICIENT = 30.0


@dataclass(frozen=True)
class GlmFit:
    """Fits of all genes: natural-log coefficients (genes, p), fitted means, not floored (genes, samples), the
    diagonal of the hat matrix (genes, samples), and which genes converged (genes,)."""

    coefficients: np.ndarray
    means: np.ndarray
    hat: np.ndarray
    converged: np.ndarray


def fit_glm(
    counts: np.ndarray,
    factors: np.ndarray,
    design: Design,
    dispersions: np.ndarray,
    min_mean: float = MIN_MEAN,
    tolerance: float = TOLERANCE,
    max_iterations: int = MAX_ITERATIONS,
    max_coefficient: float = MAX_COEFFICIENT,
) -> GlmFit:
    """Fit counts (genes, samples) ~ NB(factors · exp(X beta), dispersions) by reweighted least squares.

    factors : size factors (samples,) or normalisation factors (genes, samples); dispersions : (genes,), or
    (genes, samples) where they differ between samples. Iteration ends when the deviance changes by less than
    `tolerance`, relatively; a gene has not converged when it needs more than `max_iterations` or a
    coefficient exceeds `max_coefficient`.
    """
    factors = np.broadcast_to(factors, counts.shape)
    coefficients = design.least_squares(np.log(counts / factors + 0.1))
    means = np.maximum(factors * np.exp(coefficients @ design.matrix.T), min_mean)
    constant = _deviance_constant(counts, dispersions)
    deviance = np.zeros(len(counts))
    converged = np.zeros(len(counts), dtype=bool)
    active = np.arange(len(counts))
    for iteration in range(max_iterations):
        beta = _reweighted_step(counts[active], factors[active], design, dispersions[active], means[active])
        inside = (np.abs(beta) <= max_coefficient).all(axis=1)
        active, beta = active[inside], beta[inside]
        coefficients[active] = beta
        means[active] = np.maximum(factors[active] * np.exp(beta @ design.matrix.T), min_mean)
        found = constant[active] + _deviance_kernel(counts[active], means[active], dispersions[active])
        change = np.abs(found - deviance[active]) / (np.abs(found) + 0.1)
        deviance[active] = found
        done = (change < tolerance) & (iteration > 0)
        converged[active[done]] = True
        active = active[~done]
        if not active.size:
            break
    weights = means / (1 + by_sample(dispersions) * means)
    hat = weights * Gram.of(design, weights, RIDGE).leverage()
    return GlmFit(coefficients, factors * np.exp(coefficients @ design.matrix.T), hat, converged)


def _reweighted_step(
    counts: np.ndarray, factors: np.ndarray, design: Design, dispersions: np.ndarray, means: np.ndarray
) -> np.ndarray:
    """(genes, p) coefficients of the weighted least squares that the present means lead to."""
    weights = means / (1 + by_sample(dispersions) * means)
    working = np.log(means / factors) + (counts - means) / means
    return Gram.of(design, weights, RIDGE).solve((weights * working) @ design.matrix)


def _deviance_kernel(counts: np.ndarray, means: np.ndarray, dispersions: np.ndarray) -> np.ndarray:
    """(genes,) the part of minus twice the log likelihood that depends on the means."""
    dispersions = by_sample(dispersions)
    scaled = dispersions * means
    return 2 * ((counts + 1 / dispersions) * np.log(1 + scaled) - xlogy(counts, scaled)).sum(axis=1)


def _deviance_constant(counts: np.ndarray, dispersions: np.ndarray) -> np.ndarray:
    """(genes,) the rest of minus twice the log likelihood."""
    size = 1 / by_sample(dispersions)
    return -2 * (gammaln(counts + size) - gammaln(size) - gammaln(counts + 1)).sum(axis=1)


def log_likelihood(counts: np.ndarray, means: np.ndarray, dispersions: np.ndarray) -> np.ndarray:
    """(genes,) negative binomial log likelihood of counts and means (genes, samples)."""
    deviance = _deviance_kernel(counts, means, dispersions) + _deviance_constant(counts, dispersions)
    return -deviance / 2


def by_sample(dispersions: np.ndarray) -> np.ndarray:
    """Dispersions (genes,) as (genes, 1), to meet counts; those of (genes, samples) as they are."""
    return dispersions[:, None] if dispersions.ndim == 1 else dispersions


def wald_error(
    design: Design,
    means: np.ndarray,
    dispersions: np.ndarray,
    contrast: np.ndarray,
    ridge: float | np.ndarray = RIDGE,
    min_mean: float = MIN_MEAN,
) -> np.ndarray:
    """(genes,) standard error, natural log, of a contrast (p,) of the coefficients.

    The sandwich c' (M + R)^-1 M (M + R)^-1 c with M = X'WX and R the ridge, a number or (p,), of the fit.
    dispersions : (genes,), or (genes, samples) where they differ between samples.
    """
    means = np.maximum(means, min_mean)
    weights = means / (1 + by_sample(dispersions) * means)
    target = np.broadcast_to(contrast, (len(means), len(contrast)))
    solution = Gram.of(design, weights, ridge).solve(target)
    return np.sqrt(np.maximum(solution @ contrast - (ridge * solution**2).sum(axis=1), 0.0))


def wald_p_values(
    estimate: np.ndarray, error: np.ndarray, null: float = 0.0, alternative: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(p values, statistics) of a scalar estimate against `null`, in the units of the estimate.

    alternative : None (estimate differs from null), or as in R's DESeq2 `greaterAbs`, `lessAbs` (its size is
    above, below null), `greater`, `less`.
    """
    above, below = (estimate - null) / error, (estimate + null) / error
    if alternative is None:
        return 2 * ndtr(-np.abs(above)), above
    if alternative == "greater":
        return ndtr(-above), np.maximum(above, 0)
    if alternative == "less":
        return ndtr(below), np.minimum(below, 0)
    if alternative == "greaterAbs":
        excess = (np.abs(estimate) - null) / error
        return np.minimum(2 * ndtr(-excess), 1), np.sign(estimate) * np.maximum(excess, 0)
    if alternative == "lessAbs":
        inside = np.minimum(np.maximum(-above, 0), np.maximum(below, 0))
        return np.maximum(ndtr(above), ndtr(-below)), inside
    raise ValueError(f"no such alternative: {alternative}")
