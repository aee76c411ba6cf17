"""Linear models of log expression, all genes at once, and moderated tests of their contrasts, as R's limma.

Smyth, Stat Appl Genet Mol Biol 2004 (moderated t, the prior of the variances); Law et al., Genome Biology
2014 (the prior as a trend of mean expression); McCarthy and Smyth, Bioinformatics 2009 (tests beyond a
threshold).

With weights or missing values every gene has a covariance of its own. R's `contrasts.fit` then takes the
correlations of the coefficients from the unweighted design; here contrasts and F are exact: what R gives
when the design is rewritten so that the contrast is a coefficient. F has the degrees of freedom of t, which
never exceed those of all genes together (R's F may).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy

from rxpress.deseq.design import Design, Gram
from rxpress.student import t_tail

CHUNK_ELEMENTS = 2**18
SINGULAR = 1e-10
DEPENDENT = 1e-8
LEAST_VARIANCE = 1e-5
ROUNDING = 1e-12


@dataclass(frozen=True)
class LinearFit:
    """Least squares of every gene, seen through k contrasts of its coefficients.

    estimate, unscaled_error : (genes, k) contrasts and their standard errors at unit variance, NaN where
    missing values leave a contrast undetermined; sigma : (genes,) residual standard deviation, NaN without
    residual degrees of freedom; residual_df, mean_expression : (genes,); joint_squares, joint_rank :
    (genes,) b'V^-1 b of all contrasts b with covariance V at unit variance, and the rank of V; NaN and 0
    unless asked for.
    """

    estimate: np.ndarray
    unscaled_error: np.ndarray
    sigma: np.ndarray
    residual_df: np.ndarray
    mean_expression: np.ndarray
    joint_squares: np.ndarray
    joint_rank: np.ndarray


@dataclass(frozen=True)
class ModeratedFit:
    """Tests whose variances borrow from all genes, or as much as `prior_df` says.

    estimate, error, statistic, p_value : (genes, k); joint_statistic, joint_p_value : (genes,) F that all k
    contrasts are zero, its degrees of freedom `LinearFit.joint_rank` and total_df; total_df,
    posterior_variance : (genes,); prior_df : may be infinite; prior_variance : (genes,), all one value
    unless there is a trend.
    """

    estimate: np.ndarray
    error: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    joint_statistic: np.ndarray
    joint_p_value: np.ndarray
    total_df: np.ndarray
    posterior_variance: np.ndarray
    prior_df: float
    prior_variance: np.ndarray

    def p_value_beyond(self, threshold: float) -> np.ndarray:
        """(genes, k) p values that |contrast| exceeds `threshold`: limma's `treat`."""
        size, df = np.abs(self.estimate), self.total_df[:, None]
        near, far = ((size + side * threshold) / self.error for side in (-1, 1))
        return t_tail(near, df) + t_tail(far, df)

    def spread(self, tested: np.ndarray) -> ModeratedFit:
        """The fit with its genes at those `tested` of (genes,), and NaN at the others."""

        def place(values: np.ndarray) -> np.ndarray:
            full = np.full((len(tested), *values.shape[1:]), np.nan)
            full[tested] = values
            return full

        fields: dict[str, Any] = {name: place(x) for name, x in vars(self).items() if name != "prior_df"}
        return replace(self, **fields)


def fit_linear_model(
    expression: np.ndarray,
    design: np.ndarray,
    contrasts: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    joint: bool = False,
) -> LinearFit:
    """Least squares of each gene on `design`, and `contrasts` of the coefficients.

    expression : (genes, samples), NaN for missing; design : (samples, p) of full rank; contrasts : (p, k),
    default each coefficient; weights : relative precisions, (samples,) or (genes, samples), an observation of
    weight 0 is missing; joint : also prepare the F test of all contrasts together. ValueError for a design
    that is rank-deficient.
    """
    design = np.asarray(design, dtype=float)
    scale = np.abs(np.diag(np.linalg.qr(design, mode="r")))
    if len(scale) < design.shape[1] or scale.min() <= SINGULAR * scale.max():
        raise ValueError("the design has columns that depend on each other")
    contrasts = np.eye(design.shape[1]) if contrasts is None else np.asarray(contrasts, dtype=float)
    observed = np.isfinite(expression)
    weights = np.ones(len(design)) if weights is None else weights
    if weights.ndim == 1 and weights.all() and observed.all():
        return _fit_complete(expression, design, contrasts, weights, joint)
    weights = np.where(observed, weights, 0.0)
    basis, directions = _well_conditioned(design, contrasts)
    samples, p = design.shape
    step = max(1, CHUNK_ELEMENTS // max(samples, p * directions.shape[1]))
    parts = [
        _fit_weighted(
            expression[first : first + step], weights[first : first + step], basis, directions, joint
        )
        for first in range(0, len(expression), step)
    ]
    fields = LinearFit.__dataclass_fields__
    return LinearFit(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def _fit_complete(
    expression: np.ndarray, design: np.ndarray, contrasts: np.ndarray, weights: np.ndarray, joint: bool
) -> LinearFit:
    """Nothing missing, and weights by sample: one covariance for all genes."""
    genes, samples = expression.shape
    root = np.sqrt(weights)
    values = expression * root
    basis, triangle = np.linalg.qr(design * root[:, None])
    directions = np.linalg.solve(triangle.T, contrasts)
    scores = values @ basis
    residual_df = samples - basis.shape[1]
    squares = _residual_squares(values, scores @ basis.T)
    estimate = scores @ directions
    return LinearFit(
        estimate,
        np.broadcast_to(np.linalg.norm(directions, axis=0), estimate.shape),
        np.sqrt(squares / residual_df) if residual_df else np.full(genes, np.nan),
        np.full(genes, float(residual_df)),
        expression.mean(axis=1),
        *_joint_squares(estimate, directions.T @ directions, joint),
    )


def _residual_squares(values: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """(genes,) sums of squared residuals; 0 where there is nothing but rounding."""
    residuals = values - fitted
    squares = np.einsum("gs,gs->g", residuals, residuals)
    return np.where(squares > ROUNDING**2 * np.einsum("gs,gs->g", values, values), squares, 0.0)


def _well_conditioned(design: np.ndarray, contrasts: np.ndarray) -> tuple[Design, np.ndarray]:
    """Columns that span those of a design: its disjoint indicators, and what is orthonormal to them; and the
    contrasts in terms of their coefficients.
    """
    split = Design.split(design)
    groups, others = design[:, split.indicator], design[:, split.dense]
    within = others - groups @ (groups.T @ others / groups.sum(axis=0)[:, None])
    basis = Design.split(np.hstack([groups, np.linalg.qr(within)[0]]))
    return basis, np.linalg.solve((basis.pseudo_inverse @ design).T, contrasts)


def _fit_weighted(
    expression: np.ndarray, weights: np.ndarray, basis: Design, directions: np.ndarray, joint: bool
) -> LinearFit:
    """Weights by gene and sample, 0 where missing: a covariance per gene."""
    observed = weights > 0
    values = np.where(observed, expression, 0.0)
    right = (weights * values) @ basis.matrix
    whole = np.all(observed, axis=1)
    scores, rank = np.empty_like(right), np.full(len(right), basis.coefficients)
    spread = np.empty((*right.shape, directions.shape[1]))
    scores[whole], spread[whole] = _solve(basis, weights[whole], right[whole], directions)
    if not whole.all():
        scores[~whole], spread[~whole], rank[~whole] = _solve_with_gaps(
            basis.matrix, weights[~whole], right[~whole], directions
        )
    root = np.sqrt(weights)
    squares = _residual_squares(root * values, root * (scores @ basis.matrix.T))
    residual_df = observed.sum(axis=1) - rank
    variance = np.einsum("pk,gpk->gk", directions, spread)
    estimate = np.where(np.isnan(variance), np.nan, scores @ directions)
    covariance = directions.T @ np.nan_to_num(spread) if joint else variance
    with np.errstate(invalid="ignore", divide="ignore"):
        return LinearFit(
            estimate,
            np.sqrt(variance),
            np.where(residual_df > 0, np.sqrt(squares / residual_df), np.nan),
            residual_df.astype(float),
            np.nansum(expression, axis=1) / np.isfinite(expression).sum(axis=1),
            *_joint_squares(estimate, covariance, joint),
        )


def _solve(
    basis: Design, weights: np.ndarray, right: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Solutions of the normal equations A x = right of each gene (genes, p), and A^-1 `directions`
    (genes, p, k).
    """
    gram = Gram.of(basis, weights)
    first, second = directions[basis.indicator], directions[basis.dense]
    dense = np.linalg.solve(gram.schur, second - gram.ratio.transpose(0, 2, 1) @ first)
    spread = np.empty((len(right), *directions.shape))
    spread[:, basis.indicator] = first / gram.diagonal[:, :, None] - gram.ratio @ dense
    spread[:, basis.dense] = dense
    return gram.solve(right), spread


def _solve_with_gaps(
    basis: np.ndarray, weights: np.ndarray, right: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`_solve` for genes that may lack all samples of a coefficient, and the rank of their equations.

    A direction that the observations leave open is NaN.
    """
    genes, p = right.shape
    products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
    values, vectors = np.linalg.eigh((weights @ products).reshape(genes, p, p))
    positive = values > SINGULAR * values[:, -1:]
    inverted = np.where(positive, 1 / np.where(positive, values, 1.0), 0.0)
    inverse = (vectors * inverted[:, None, :]) @ vectors.transpose(0, 2, 1)
    open_parts = (vectors * ~positive[:, None, :]).transpose(0, 2, 1) @ directions
    undetermined = (open_parts**2).sum(axis=1) > DEPENDENT**2 * (directions**2).sum(axis=0)
    spread = np.where(undetermined[:, None, :], np.nan, inverse @ directions)
    return np.einsum("gpq,gq->gp", inverse, right), spread, positive.sum(axis=1)


def _joint_squares(
    estimate: np.ndarray, covariance: np.ndarray, joint: bool
) -> tuple[np.ndarray, np.ndarray]:
    """b'V^-1 b (genes,) of estimates b (genes, k) with covariance V, (k, k) or one per gene, and V's rank."""
    genes = len(estimate)
    if not joint:
        return np.full(genes, np.nan), np.zeros(genes, dtype=int)
    scale = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(covariance / (scale[..., :, None] * scale[..., None, :]))
    kept = values > DEPENDENT * values[..., -1:]
    along = ((estimate / scale)[:, None, :] @ vectors)[:, 0, :]
    squares = np.where(kept, along**2 / np.where(kept, values, 1.0), 0.0).sum(axis=1)
    return squares, np.broadcast_to(kept.sum(axis=-1), genes)


def moderate(fit: LinearFit, trend: bool = False) -> ModeratedFit:
    """Empirical Bayes tests: each gene's variance is drawn towards a common prior, or a trend of the mean.

    ValueError if no gene has residual degrees of freedom.
    """
    variance = np.where(fit.residual_df > 0, fit.sigma**2, 0.0)
    prior_df, prior = estimate_prior(fit.sigma**2, fit.residual_df, fit.mean_expression if trend else None)
    posterior = prior
    if np.isfinite(prior_df):
        posterior = (prior_df * prior + fit.residual_df * variance) / (prior_df + fit.residual_df)
    total_df = np.minimum(fit.residual_df + prior_df, fit.residual_df.sum())
    return _tests(fit, posterior, total_df, prior_df, prior)


def ordinary(fit: LinearFit) -> ModeratedFit:
    """Student's t and F tests, each gene with its own variance: nothing is borrowed.

    NaN for genes without residual degrees of freedom or without any variance.
    """
    return _tests(fit, fit.sigma**2, fit.residual_df, 0.0, np.full(len(fit.sigma), np.nan))


def _tests(
    fit: LinearFit, variance: np.ndarray, total_df: np.ndarray, prior_df: float, prior: np.ndarray
) -> ModeratedFit:
    """t and F tests with these variances (genes,) and their degrees of freedom."""
    variance = np.where(variance > 0, variance, np.nan)
    error = np.sqrt(variance)[:, None] * fit.unscaled_error
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = fit.estimate / error
        joint = fit.joint_squares / fit.joint_rank / variance
    return ModeratedFit(
        fit.estimate,
        error,
        statistic,
        2 * t_tail(np.abs(statistic), total_df[:, None]),
        joint,
        scipy.special.fdtrc(fit.joint_rank, total_df, joint),
        total_df,
        variance,
        prior_df,
        prior,
    )


def estimate_prior(
    variance: np.ndarray, df: np.ndarray, covariate: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """Prior degrees of freedom and prior variance (genes,) of residual variances: moments of their logs.

    variance, df : (genes,) residual variances and their degrees of freedom; covariate : (genes,) what the
    prior variance follows as a natural spline, NaN for genes without one.
    """
    used = np.isfinite(variance) & (df > 0) & (covariate is None or np.isfinite(covariate))
    if not used.any():
        raise ValueError("no gene has residual degrees of freedom")
    half, genes = df[used] / 2, int(used.sum())
    middle = float(np.median(variance[used]))
    offset = np.maximum(variance[used], LEAST_VARIANCE * (middle if middle > 0 else 1.0))
    if genes == 1:
        return 0.0, np.full(len(variance), offset[0])
    logs = np.log(offset) - scipy.special.digamma(half) + np.log(half)
    center, excess = _location_and_spread(logs, used, covariate)
    distinct, times = np.unique(half, return_counts=True)
    excess -= float(scipy.special.polygamma(1, distinct) @ times) / genes
    if excess > 0:
        prior_half = inverse_trigamma(excess)
        return 2 * prior_half, np.exp(center + scipy.special.digamma(prior_half) - np.log(prior_half))
    return np.inf, np.exp(center) if covariate is not None else np.full(len(variance), offset.mean())


def _location_and_spread(
    logs: np.ndarray, used: np.ndarray, covariate: np.ndarray | None
) -> tuple[np.ndarray, float]:
    """Centre (genes,) and variance of the used genes' log variances, about a mean or a spline."""
    genes = len(logs)
    distinct = 1 if covariate is None else len(np.unique(covariate[used]))
    columns = min(1 + sum(genes >= least for least in (3, 6, 30)), distinct)
    if covariate is None or columns < 2:
        return np.full(len(used), logs.mean()), float(logs.var(ddof=1))
    basis = natural_spline(covariate, covariate[used], columns)
    coefficients, _, rank, _ = np.linalg.lstsq(basis[used], logs, rcond=None)
    center = basis @ coefficients
    return center, float(((logs - center[used]) ** 2).sum() / (genes - rank))


def natural_spline(x: np.ndarray, data: np.ndarray, columns: int) -> np.ndarray:
    """(len(x), columns) basis of cubics that are straight outside the range of `data`.

    Knots at that range and at equal quantiles between (Hastie, Tibshirani and Friedman 2009, equation 5.4).
    """
    knots = np.quantile(data, np.linspace(0, 1, columns))
    position, knots = ((values - knots[0]) / (knots[-1] - knots[0]) for values in (x, knots))

    def bend(knot: float) -> np.ndarray:
        cubes = [np.maximum(position - end, 0.0) ** 3 for end in (knot, knots[-1])]
        return (cubes[0] - cubes[1]) / (knots[-1] - knot)

    inner = [bend(knot) - bend(knots[-2]) for knot in knots[:-2]]
    return np.column_stack([np.ones_like(position), position, *inner])


def inverse_trigamma(value: float) -> float:
    """x > 0 with trigamma(x) = value, by Newton on 1/trigamma, which is convex (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = scipy.special.polygamma(1, x)
        step = float(trigamma * (1 - trigamma / value) / scipy.special.polygamma(2, x))
        x += step
        if abs(step) < 1e-12 * x:
            break
    return float(x)
