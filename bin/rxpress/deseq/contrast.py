"""What a fit says about one contrast, on log2: estimate, error, tests, and the shrunken estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rxpress.deseq.design import Design
from rxpress.deseq.fit import StudyFit, select
from rxpress.deseq.glm import MIN_MEAN, RIDGE, by_sample, wald_p_values
from rxpress.deseq.multiple_testing import adjust_with_filter
from rxpress.deseq.outliers import flag_outliers
from rxpress.deseq.shrinkage import Posterior, prior_scale, separated_ridge, shrink

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

LOG2_E = float(np.log2(np.e))
CHUNK_ELEMENTS = 2**16


@dataclass(frozen=True)
class ContrastTest:
    """All (genes,), NaN for a gene without counts.

    estimate, error : log2 fold change and its standard error; p_value : that it is not 0, NaN where an
    outlier dictates it; p_adjusted : NaN also where filtered for low counts; p_adjusted_threshold : that
    it is beyond the threshold, up or down; shrunken, shrunken_error : with apeglm's prior.
    """

    estimate: np.ndarray
    error: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray
    p_adjusted_threshold: np.ndarray
    shrunken: np.ndarray
    shrunken_error: np.ndarray


def evaluate_contrast(
    fit: StudyFit,
    contrast: np.ndarray,
    inference: Inference,
    alpha: float,
    threshold: float,
    about: np.ndarray | None = None,
) -> ContrastTest:
    """Test c'beta of a fit.

    contrast : (p,), c; alpha : the level to tune the filter for; threshold : log2 fold change; about :
    (samples,) those that the contrast is about, by default those of coefficients with a weight. Outliers
    count only in these. A gene without counts in all of them, or left without any when its outliers were
    replaced, has no fold change and p = 1.
    """
    samples = involved_samples(fit, contrast) if about is None else about
    estimate, error, absent = estimate_contrast(fit, contrast, inference, about)
    flagged = flag_outliers(fit.counts, fit.cooks, fit.design, samples, spare_low=fit.design.two_groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        p_value, statistic = wald_p_values(estimate, error)
        beyond, _ = wald_p_values(estimate, error, threshold / LOG2_E, "greaterAbs")
    p_value, beyond = (np.where(absent, 1.0, np.where(flagged, np.nan, p)) for p in (p_value, beyond))
    shrunken, shrunken_error = shrink_contrast(fit, contrast, estimate, error)
    return ContrastTest(
        estimate * LOG2_E,
        error * LOG2_E,
        np.where(absent, 0.0, statistic),
        p_value,
        adjust_with_filter(p_value, fit.base_means, alpha)[0],
        adjust_with_filter(beyond, fit.base_means, alpha)[0],
        np.where(absent, 0.0, shrunken * LOG2_E),
        shrunken_error * LOG2_E,
    )


def estimate_contrast(
    fit: StudyFit, contrast: np.ndarray, inference: Inference, about: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """c'beta and its standard error, natural log, and which genes are absent from c's samples; (genes,)."""
    absent = _absent(fit, contrast, about)
    estimate = np.where(absent, 0.0, fit.genes.coefficients @ contrast)
    emptied = absent & ~np.any(fit.fitted_counts > 0, axis=1)
    return estimate, np.where(emptied, 0.0, standard_error(fit, contrast, inference)), absent


def involved_samples(fit: StudyFit, contrast: np.ndarray) -> np.ndarray:
    """(samples,) whether a sample belongs to a coefficient with a weight."""
    return (fit.design.matrix[:, contrast != 0] != 0).any(axis=1)


def relevant_part(fit: StudyFit, contrast: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(samples,) and (p,) booleans: what c'beta depends on.

    Without covariates the likelihood falls apart into one of each condition, and only those with a weight
    matter; else all do.
    """
    if fit.design.dense.size:
        return np.ones(fit.design.samples, dtype=bool), np.ones(len(contrast), dtype=bool)
    return involved_samples(fit, contrast), contrast != 0


def standard_error(fit: StudyFit, contrast: np.ndarray, inference: Inference) -> np.ndarray:
    """(genes,) standard error of c'beta, natural log, NaN for genes without counts."""
    samples, columns = relevant_part(fit, contrast)
    fitted = fit.fitted_genes
    error = np.full(len(fit.counts), np.nan)
    _, _, error[fitted] = inference.wald_test(
        fit.design.matrix[np.ix_(samples, columns)],
        select_dispersions(fit, fitted, samples).T,
        fit.genes.coefficients[np.ix_(fitted, columns)],
        np.maximum(fit.genes.means[np.ix_(fitted, samples)], MIN_MEAN).T,
        RIDGE * np.eye(columns.sum()),
        contrast[columns],
        0.0,
    )
    return error


def shrink_contrast(
    fit: StudyFit, contrast: np.ndarray, estimate: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shrunken estimates (genes,) and their errors, from those of maximum likelihood; all natural log."""
    samples, columns = relevant_part(fit, contrast)
    design = Design.split(fit.design.matrix[np.ix_(samples, columns)])
    scale = prior_scale(estimate, error)
    shrunken, shrunken_error = np.full(len(estimate), np.nan), np.full(len(estimate), np.nan)
    fitted = fit.fitted_genes
    step = max(1, CHUNK_ELEMENTS // design.samples)
    for first in range(0, len(fitted), step):
        genes = fitted[first : first + step]
        counts = fit.fitted_counts[np.ix_(genes, samples)]
        log_factors = np.log(select(fit.factors, genes)[..., samples])
        size = 1 / by_sample(select_dispersions(fit, genes, samples))
        ridge = separated_ridge(counts, design)
        posterior = Posterior(counts, log_factors, design, size, contrast[columns], scale, ridge)
        found = shrink(posterior, fit.genes.coefficients[np.ix_(genes, columns)])
        shrunken[genes], shrunken_error[genes] = found.estimate, found.error
    return shrunken, shrunken_error


def select_dispersions(fit: StudyFit, genes: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Final dispersions of some genes, and of some samples if these have their own."""
    final = fit.genes.final
    return final[genes] if final.ndim == 1 else final[np.ix_(genes, samples)]


def _absent(fit: StudyFit, contrast: np.ndarray, about: np.ndarray | None) -> np.ndarray:
    """(genes,) whether no sample of the contrast has a count although others have, or none is left."""
    somewhere = np.any(fit.counts > 0, axis=1)
    emptied = somewhere & ~np.any(fit.fitted_counts > 0, axis=1)
    if about is None:
        if (contrast >= 0).all() or (contrast <= 0).all():
            return emptied
        about = involved_samples(fit, contrast)
    return emptied | (somewhere & ~np.any(fit.counts[:, about] > 0, axis=1))
