"""One fit per study: dispersions, coefficients, Cook's distances; genes with outliers fitted anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from rxpress.deseq.design import Design
from rxpress.deseq.dispersions import Trend, estimate_dispersions
from rxpress.deseq.glm import MIN_MEAN, TOLERANCE
from rxpress.deseq.outliers import cooks_distances, replace_outliers

if TYPE_CHECKING:
    from pydeseq2.inference import Inference


@dataclass(frozen=True)
class GeneFits:
    """Per gene: dispersion by maximum likelihood, by the trend and the one used, natural-log coefficients
    (genes, p), fitted means and hat values (genes, samples). NaN where a gene has no counts.

    Dispersions are (genes,), or (genes, samples) where groups of samples have their own.
    """

    gene_wise: np.ndarray
    fitted: np.ndarray
    final: np.ndarray
    coefficients: np.ndarray
    means: np.ndarray
    hat: np.ndarray


@dataclass(frozen=True)
class StudyFit:
    """The fit of a study.

    counts : (genes, samples) as they came; fitted_counts : the same with outliers replaced; factors :
    (samples,) or (genes, samples); trends : of dispersions, by group of samples if these are fitted apart,
    else under `study`; base_means : (genes,) means of normalised fitted counts; cooks : (genes, samples)
    Cook's distances before any replacement, in units of their cutoff.
    """

    counts: np.ndarray
    fitted_counts: np.ndarray
    factors: np.ndarray
    design: Design
    genes: GeneFits
    trends: dict[str, Trend]
    base_means: np.ndarray
    cooks: np.ndarray

    @property
    def fitted_genes(self) -> np.ndarray:
        """Positions of the genes that have a fit."""
        return np.flatnonzero(np.isfinite(self.genes.coefficients).all(axis=1))

    @property
    def replaced(self) -> np.ndarray:
        """(genes,) whether a count was replaced."""
        return (self.counts != self.fitted_counts).any(axis=1)


def fit_study(counts: np.ndarray, factors: np.ndarray, matrix: np.ndarray, inference: Inference) -> StudyFit:
    """Fit whole counts (genes, samples) on a design matrix (samples, p) of full rank with p < samples.

    factors : size factors (samples,), or normalisation factors (genes, samples).
    """
    design = Design.split(matrix)
    expressed = np.flatnonzero(counts.any(axis=1))
    found, trend = fit_genes(counts[expressed], select(factors, expressed), design, inference)
    genes = _spread(found, expressed, len(counts))
    with np.errstate(invalid="ignore", divide="ignore"):
        cooks = cooks_distances(counts, factors, genes.means, genes.hat, design)
    fitted_counts = replace_outliers(counts, factors, cooks, design)
    changed = (fitted_counts != counts).any(axis=1)
    anew = np.flatnonzero(changed & fitted_counts.any(axis=1))
    if anew.size:
        again, _ = fit_genes(fitted_counts[anew], select(factors, anew), design, inference, trend)
        genes = _combine(lambda old, new: _placed(old, anew, new), genes, again)
    base_means = (fitted_counts / factors).mean(axis=1)
    return StudyFit(counts, fitted_counts, factors, design, genes, {"study": trend}, base_means, cooks)


def fit_genes(
    counts: np.ndarray, factors: np.ndarray, design: Design, inference: Inference, trend: Trend | None = None
) -> tuple[GeneFits, Trend]:
    """Dispersions, then the model, of genes (genes, samples) none of which is zero everywhere."""
    found, trend = estimate_dispersions(counts, factors, design, inference, trend)
    beta, means, hat, _ = inference.irls(
        counts.T, factors.T, design.matrix, found.final, min_mu=MIN_MEAN, beta_tol=TOLERANCE
    )
    return GeneFits(found.gene_wise, found.fitted, found.final, beta, means.T, hat.T), trend


def select(factors: np.ndarray, genes: np.ndarray) -> np.ndarray:
    """The factors of some genes: the same for all if they are (samples,)."""
    return factors if factors.ndim == 1 else factors[genes]


def _spread(fits: GeneFits, genes: np.ndarray, total: int) -> GeneFits:
    """The fits as rows `genes` of `total`, NaN elsewhere."""
    return _combine(lambda values: _placed(np.full((total, *values.shape[1:]), np.nan), genes, values), fits)


def _combine(function: Callable[..., np.ndarray], *fits: GeneFits) -> GeneFits:
    """`function` of each array of the fits."""
    return GeneFits(*(function(*(getattr(fit, field.name) for fit in fits)) for field in fields(GeneFits)))


def _placed(values: np.ndarray, genes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    values = values.copy()
    values[genes] = rows
    return values
