"""Shrunken log fold changes of any contrast, with apeglm's prior (Zhu, Ibrahim and Love, Bioinformatics
2019).

The contrast theta = c'beta has a Cauchy prior, everything orthogonal to it a flat one. In a basis in
which theta is a coefficient that posterior is

    f(beta) = -log likelihood(beta) + log(1 + (theta / scale)^2),

and the same function of theta in every such basis; so no basis is chosen, and f is minimised over beta
itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, log_expit

from rxpress.deseq.design import Design, Gram

VARIANCE_RANGE = (1e-6, 400.0)
MAX_SCALE = 1.0
SEPARATED_SCALE = 15.0
SINGULAR = 1e-9
MAX_ITERATIONS = 100
MAX_HALVINGS = 30
TOLERANCE = 1e-10
ROUNDING = 1e-14


@dataclass(frozen=True)
class Posterior:
    """f of genes, and what its derivatives need.

    counts : (genes, samples); log_factors : of the size factors, (samples,) or (genes, samples); size :
    inverse dispersions, (genes, 1) or (genes, samples); contrast : (p,); scale : of the Cauchy prior,
    natural log; ridge : (genes, p) precisions of normal priors on coefficients, zero where flat.
    """

    counts: np.ndarray
    log_factors: np.ndarray
    design: Design
    size: np.ndarray
    contrast: np.ndarray
    scale: float
    ridge: np.ndarray

    def of(self, genes: np.ndarray) -> Posterior:
        factors = self.log_factors[genes] if self.log_factors.ndim > 1 else self.log_factors
        return Posterior(
            self.counts[genes],
            factors,
            self.design,
            self.size[genes],
            self.contrast,
            self.scale,
            self.ridge[genes],
        )

    def odds(self, beta: np.ndarray) -> np.ndarray:
        """(genes, samples) log of mean over size: the model is a logistic one of counts against `size`."""
        return beta @ self.design.matrix.T + self.log_factors - np.log(self.size)

    def value(self, beta: np.ndarray) -> np.ndarray:
        """(genes,) f up to a constant of the gene, for coefficients (genes, p)."""
        odds = self.odds(beta)
        likelihood = self.counts * log_expit(odds) + self.size * log_expit(-odds)
        prior = np.log1p((beta @ self.contrast / self.scale) ** 2) + (self.ridge * beta**2).sum(axis=1) / 2
        return prior - likelihood.sum(axis=1)

    def derivatives(self, beta: np.ndarray) -> tuple[np.ndarray, Gram, np.ndarray]:
        """Gradient (genes, p), Hessian but for the Cauchy prior, and that prior's curvature (genes,)."""
        odds = self.odds(beta)
        share, rest = expit(odds), expit(-odds)
        theta = beta @ self.contrast
        width = self.scale**2 + theta**2
        gradient = (self.size * share - self.counts * rest) @ self.design.matrix + self.ridge * beta
        gradient += (2 * theta / width)[:, None] * self.contrast
        hessian = Gram.of(self.design, (self.counts + self.size) * share * rest, self.ridge)
        return gradient, hessian, 2 * (self.scale**2 - theta**2) / width**2

    def inverse_hessian(self, beta: np.ndarray) -> np.ndarray:
        """(genes, p, p) inverse of the Hessian of f at `beta`."""
        _, hessian, curvature = self.derivatives(beta)
        inverse = hessian.inverse()
        response = inverse @ self.contrast
        factor = curvature / (1 + curvature * (response @ self.contrast))
        return inverse - factor[:, None, None] * response[:, :, None] * response[:, None, :]


@dataclass(frozen=True)
class Shrunken:
    """Mode (genes, p), its contrast and the standard error of that from the Hessian of f (genes,),
    natural log; `converged` (genes,)."""

    coefficients: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    converged: np.ndarray


def prior_scale(estimates: np.ndarray, errors: np.ndarray) -> float:
    """Scale of the Cauchy prior: the standard deviation of true effects, at most 1, natural log.

    Solves A = weighted mean of (estimate² - error²) with weights (A + error²)^-2 (Efron and Morris 1975),
    as apeglm.
    """
    from scipy.optimize import brentq

    known = np.isfinite(estimates) & np.isfinite(errors)
    squares, noise = estimates[known] ** 2, errors[known] ** 2

    def excess(variance: float) -> float:
        weights = (variance + noise) ** -2
        return float((weights * (squares - noise)).sum() / weights.sum() - variance)

    low, high = VARIANCE_RANGE
    if not known.any() or excess(low) < 0:
        return float(np.sqrt(low))
    variance = high if excess(high) > 0 else brentq(excess, low, high)
    return min(float(np.sqrt(variance)), MAX_SCALE)


def separated_ridge(counts: np.ndarray, design: Design) -> np.ndarray:
    """(genes, p) ridge: none, except for genes whose samples with counts do not determine all coefficients.

    There the likelihood may rise without end (a condition without any count), and a normal prior as wide as
    apeglm's for nuisance coefficients keeps the mode finite.
    """
    expressed = Gram.of(design, (counts > 0).astype(float), ridge=SINGULAR)
    separated = (expressed.diagonal < 1).any(axis=1) | (expressed.least_eigenvalue() < 10 * SINGULAR)
    return np.where(separated[:, None], SEPARATED_SCALE**-2, np.zeros(design.coefficients))


def most_likely(posterior: Posterior, start: np.ndarray) -> np.ndarray:
    """Coefficients (genes, p) that minimise f without the contrast's prior, from others `start`."""
    return minimize(replace(posterior, contrast=np.zeros_like(posterior.contrast)), start)[0]


def shrink(posterior: Posterior, start: np.ndarray) -> Shrunken:
    """The mode of f from coefficients `start` (genes, p), near the maximum of the likelihood.

    Where the data say little, f may have a second mode near theta = 0: such genes start there too, and the
    lower mode counts.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        beta, converged = minimize(posterior, start)
        response, curvature = _contrast_response(posterior, beta)
        unsure = np.flatnonzero(~(response @ posterior.contrast < posterior.scale**2))
        if unsure.size:
            some = posterior.of(unsure)
            again, also = minimize(some, _without_effect(some, start[unsure]))
            lower = some.value(again) < some.value(beta[unsure])
            beta[unsure[lower]], converged[unsure[lower]] = again[lower], also[lower]
            response[unsure], curvature[unsure] = _contrast_response(some, beta[unsure])
        error = 1 / np.sqrt(1 / (response @ posterior.contrast) + curvature)
    return Shrunken(beta, beta @ posterior.contrast, error, converged)


def minimize(posterior: Posterior, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method with halved steps: coefficients (genes, p), and which genes converged."""
    beta, value = start.copy(), posterior.value(start)
    converged = np.zeros(len(start), dtype=bool)
    active = np.arange(len(start))
    for _ in range(MAX_ITERATIONS):
        current = posterior.of(active)
        step, decrement = _newton_step(current, beta[active])
        moved, reached = _halve_until_lower(current, beta[active], value[active], step)
        beta[active], value[active] = moved, reached
        done = decrement < TOLERANCE
        converged[active[done]] = True
        active = active[~done]
        if not active.size:
            break
    return beta, converged


def _newton_step(posterior: Posterior, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Newton's step (genes, p), and how far it leads down (genes,), by the Sherman-Morrison formula.

    The prior's curvature is negative for large effects; where that makes the Hessian indefinite, the
    curvature of the parabola that touches the prior from above takes its place.
    """
    gradient, hessian, curvature = posterior.derivatives(beta)
    target = np.broadcast_to(posterior.contrast, gradient.shape)
    along, response = hessian.solve(gradient), hessian.solve(target)
    variance = response @ posterior.contrast
    theta = beta @ posterior.contrast
    curvature = np.where(1 + curvature * variance > 0.1, curvature, 2 / (posterior.scale**2 + theta**2))
    factor = curvature * (along @ posterior.contrast) / (1 + curvature * variance)
    step = factor[:, None] * response - along
    return step, -(gradient * step).sum(axis=1)


def _halve_until_lower(
    posterior: Posterior, beta: np.ndarray, value: np.ndarray, step: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients after the longest of step, step/2, … that does not raise f, but for rounding."""
    moved, reached = beta.copy(), value.copy()
    highest = value + ROUNDING * np.abs(value)
    waiting = np.arange(len(beta))
    length = 1.0
    for _ in range(MAX_HALVINGS):
        tried = beta[waiting] + length * step[waiting]
        found = posterior.of(waiting).value(tried)
        good = found <= highest[waiting]
        moved[waiting[good]], reached[waiting[good]] = tried[good], found[good]
        waiting = waiting[~good]
        length /= 2
        if not waiting.size:
            break
    return moved, reached


def _contrast_response(posterior: Posterior, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H^-1 c (genes, p), with H the Hessian but for the Cauchy prior, and that prior's curvature (genes,)."""
    _, hessian, curvature = posterior.derivatives(beta)
    return hessian.solve(np.broadcast_to(posterior.contrast, beta.shape)), curvature


def _without_effect(posterior: Posterior, beta: np.ndarray) -> np.ndarray:
    """Coefficients with theta = 0, nearest to `beta` in the metric of the likelihood's Hessian."""
    response, _ = _contrast_response(posterior, beta)
    return beta - response * (beta @ posterior.contrast / (response @ posterior.contrast))[:, None]
