"""Whether any contrast of a set differs from 0: the likelihood-ratio test of a fit, as R's `nbinomLRT`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import qr, solve_triangular
from scipy.special import chdtrc

from rxpress.deseq.contrast import (
    LOG2_E,
    estimate_contrast,
    involved_samples,
    relevant_part,
    select_dispersions,
)
from rxpress.deseq.fit import StudyFit, select
from rxpress.deseq.glm import MIN_MEAN, TOLERANCE, log_likelihood
from rxpress.deseq.multiple_testing import adjust_with_filter
from rxpress.deseq.outliers import flag_outliers

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

SAME = 1e-9


@dataclass(frozen=True)
class JointTest:
    """All (genes,) but `df`; NaN for a gene without counts.

    statistic : twice the gain in log likelihood by the contrasts; df : how many of them are independent;
    p_value : that all are 0, NaN where an outlier dictates it; p_adjusted : NaN also where filtered for low
    counts; member : position of the contrast with the largest estimate, either way; estimate, error : its
    log2 fold change and standard error.
    """

    statistic: np.ndarray
    df: int
    p_value: np.ndarray
    p_adjusted: np.ndarray
    member: np.ndarray
    estimate: np.ndarray
    error: np.ndarray


def evaluate_joint(
    fit: StudyFit,
    contrasts: np.ndarray,
    inference: Inference,
    alpha: float,
    about: np.ndarray | None = None,
) -> JointTest:
    """Test that several c'beta of a fit are all 0.

    contrasts : (k, p), a row for each c; alpha : the level to tune the filter for; about : (samples,) those
    that the set is about, by default those of coefficients with a weight in it. Dispersions are those of
    the fit, in the reduced model too. What `evaluate_contrast` says of outliers and of genes without counts
    holds for these samples.
    """
    weights = np.abs(contrasts).sum(axis=0)
    samples = involved_samples(fit, weights) if about is None else about
    counted = np.any(fit.counts[:, samples] > 0, axis=1) & np.any(fit.fitted_counts > 0, axis=1)
    silent = np.any(fit.counts > 0, axis=1) & ~counted
    basis = null_space(contrasts)
    df = contrasts.shape[1] - basis.shape[1]
    statistic = np.where(silent, 0.0, likelihood_ratio(fit, basis, weights, inference))
    flagged = flag_outliers(fit.counts, fit.cooks, fit.design, samples, spare_low=fit.design.two_groups)
    p_value = np.where(flagged & ~silent, np.nan, chdtrc(df, statistic))
    members = [estimate_contrast(fit, contrast, inference) for contrast in contrasts]
    estimates, errors = (np.column_stack([member[part] for member in members]) for part in (0, 1))
    member = np.argmax(np.abs(np.nan_to_num(estimates)), axis=1)
    gene = np.arange(len(member))
    return JointTest(
        statistic,
        df,
        p_value,
        adjust_with_filter(p_value, fit.base_means, alpha)[0],
        member,
        estimates[gene, member] * LOG2_E,
        errors[gene, member] * LOG2_E,
    )


def likelihood_ratio(
    fit: StudyFit, basis: np.ndarray, weights: np.ndarray, inference: Inference
) -> np.ndarray:
    """(genes,) twice the log likelihood of a fit less that of the reduced model, at least 0.

    basis : (p, p - df), what is left of the coefficients' space; weights : (p,), not 0 for coefficients
    that the reduction touches. The rest of a likelihood that falls apart is the same in both models. NaN for
    genes without counts.
    """
    samples, columns = relevant_part(fit, weights)
    reduced = fit.design.matrix[np.ix_(samples, columns)] @ basis[columns][:, basis[columns].any(axis=0)]
    genes = fit.fitted_genes
    counts, dispersions = fit.fitted_counts[np.ix_(genes, samples)], select_dispersions(fit, genes, samples)
    factors = select(fit.factors, genes)[..., samples]
    if samples.all() and np.ptp(reduced) == 0:
        # Where one mean is left, R takes the mean of normalised counts for it.
        means = fit.base_means[genes, None] * factors
    else:
        means = inference.irls(counts.T, factors.T, reduced, dispersions.T, MIN_MEAN, TOLERANCE)[1].T
    full = log_likelihood(counts, fit.genes.means[np.ix_(genes, samples)], dispersions)
    ratio = np.full(len(fit.counts), np.nan)
    ratio[genes] = np.maximum(2 * (full - log_likelihood(counts, means, dispersions)), 0.0)
    return ratio


def null_space(contrasts: np.ndarray) -> np.ndarray:
    """(p, p - rank) basis of the coefficients for which all contrasts (rank of k, p) are 0.

    A coefficient without weight keeps a column of its own, and two that only their difference ties share
    one: columns of conditions in a design stay indicators as far as possible.
    """
    triangle, order = qr(contrasts, mode="r", pivoting=True)
    size = np.abs(np.diag(triangle))
    rank = int((size > SAME * size.max()).sum())
    bound = -solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
    basis = np.empty((contrasts.shape[1], contrasts.shape[1] - rank))
    whole = np.round(bound)
    basis[order[:rank]] = np.where(np.abs(bound - whole) < SAME, whole, bound)
    basis[order[rank:]] = np.eye(basis.shape[1])
    return basis
