"""One study fitted line by line, for lines whose counts vary differently between replicates.

With one dispersion per gene for all lines, a noisy line has false positives and the others lose true
ones. Here each line has dispersions, a trend and outliers of its own; what joins them is a design in
which no column spans two lines, so that a contrast over lines adds up their estimates and their
variances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma

from rxpress.deseq.design import Design
from rxpress.deseq.fit import GeneFits, StudyFit, fit_study
from rxpress.deseq.glm import by_sample

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

MIN_BASE_MEAN = 10.0
MIN_GENES = 200


def block_matrix(matrix: np.ndarray, names: Sequence[str], lines: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """The design of (samples, p) with each column cut into one per line, and the names of its columns.

    lines : (samples,) text. A column that touches one line only keeps its name.
    """
    columns, cut_names = [], []
    for values, name in zip(matrix.T, names, strict=True):
        touched = [line for line in dict.fromkeys(lines.tolist()) if values[lines == line].any()]
        for line in touched:
            columns.append(np.where(lines == line, values, 0.0))
            cut_names.append(name if len(touched) == 1 else f"{name}@{line}")
    return np.array(columns).T, cut_names


def fit_lines(
    study: StudyFit, matrix: np.ndarray, lines: np.ndarray, inference: Inference
) -> tuple[StudyFit, dict[str, float]]:
    """The samples of `study` fitted line by line, and how dispersed each line is relative to their median.

    matrix : (samples, p) of full rank, each column within one line; lines : (samples,) text. Where a line has
    no counts of a gene, it has the dispersion and coefficients that the fit of the study gives the gene.
    """
    spread = (len(study.counts), len(lines))
    joined = {name: np.broadcast_to(values, spread).copy() for name, values in _samplewise(study).items()}
    coefficients = np.empty((spread[0], matrix.shape[1]))
    fitted_counts, cooks = study.counts.copy(), np.zeros(spread)
    trends, levels = {}, {}
    for line in dict.fromkeys(lines.tolist()):
        rows = lines == line
        columns = matrix[rows].any(axis=0)
        own = fit_study(
            study.counts[:, rows], study.factors[..., rows], matrix[np.ix_(rows, columns)], inference
        )
        seen = own.fitted_genes
        for name, values in _samplewise(own).items():
            joined[name][np.ix_(seen, rows)] = values[seen]
        coefficients[:, columns] = _as_in(study, rows, own.design)
        coefficients[np.ix_(seen, columns)] = own.genes.coefficients[seen]
        fitted_counts[:, rows], cooks[:, rows] = own.fitted_counts, own.cooks
        trends[line], levels[line] = own.trends["study"], _level(own)
    genes = GeneFits(coefficients=coefficients, **joined)
    base_means = (fitted_counts / study.factors).mean(axis=1)
    design = Design.split(matrix)
    fit = StudyFit(study.counts, fitted_counts, study.factors, design, genes, trends, base_means, cooks)
    middle = np.median(list(levels.values()))
    return fit, {line: float(np.exp(level - middle)) for line, level in levels.items()}


def _samplewise(fit: StudyFit) -> dict[str, np.ndarray]:
    """What a fit has for every sample, (genes, samples), or for all of them, (genes, 1), by name."""
    return {name: by_sample(values) for name, values in vars(fit.genes).items() if name != "coefficients"}


def _as_in(study: StudyFit, rows: np.ndarray, design: Design) -> np.ndarray:
    """(genes, p) coefficients that give a line's samples, `rows`, the means of the study's fit."""
    return design.least_squares(study.genes.coefficients @ study.design.matrix[rows].T)


def _level(fit: StudyFit) -> float:
    """Median log dispersion of a line's expressed genes, freed of the bias that few replicates bring.

    The log of a variance estimate with d degrees of freedom lies digamma(d/2) - log(d/2) below the truth.
    NaN when too few genes are expressed to judge by.
    """
    expressed = fit.base_means >= MIN_BASE_MEAN
    if expressed.sum() < MIN_GENES:
        return np.nan
    half = fit.design.residual_df / 2
    return float(np.median(np.log(fit.genes.gene_wise[expressed])) - digamma(half) + np.log(half))
