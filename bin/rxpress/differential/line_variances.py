"""How much each line of a study varies about its conditions, and the weights that make lines comparable."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy

from rxpress.design.model_matrix import independent_columns
from rxpress.differential.fit_choice import UNEQUAL, Coding, check_wish, line_coding, why_not_by_line
from rxpress.differential.model_data import ModelData
from rxpress.limma import fit_linear_model

LEAST_GENES = 50


@dataclass(frozen=True)
class LineVariances:
    """Whether samples weigh by the variance of their line (kind `cell_line`) or all alike (`study`), and why.

    relative : variance of each line, 1 being their median; empty if lines were not compared.
    """

    kind: str
    reason: str
    relative: dict[str, float]

    def weights(self, lines: np.ndarray) -> np.ndarray | None:
        """(samples,) relative precisions of samples of these lines; None if all are alike."""
        return np.array([1 / self.relative[line] for line in lines]) if self.kind == "cell_line" else None


def compare_lines(data: ModelData, wanted: str) -> LineVariances:
    """Weigh samples as `wanted`: `study`, `cell_line`, or `auto`: if variances of lines differ UNEQUAL-fold.

    A model by formula has one variance. InputError if `cell_line` is wanted and lines lack replicates.
    """
    whole = LineVariances("study", "asked for", {})
    if data.model.formula:
        return replace(whole, reason="the model is given by a formula")
    if wanted == "study":
        return whole
    obstacle = why_not_by_line(
        line_coding(Coding(data.matrix, data.coefficients), data.lines), data.lines, []
    )
    if obstacle:
        check_wish(wanted, obstacle)
        return replace(whole, reason=obstacle)
    relative = relative_variances(data.log2[np.isfinite(data.log2).all(axis=1)], data.matrix, data.lines)
    ratio = max(relative.values(), default=np.nan) / min(relative.values(), default=np.nan)
    reason = f"variances differ {ratio:.2f}-fold" if relative else "too few genes to compare lines by"
    apart = relative and (wanted == "cell_line" or ratio >= UNEQUAL)
    return LineVariances("cell_line" if apart else "study", reason, relative)


def relative_variances(log2: np.ndarray, matrix: np.ndarray, lines: np.ndarray) -> dict[str, float]:
    """Residual variance of each line, 1 being their median: geometric means over genes.

    log2 : (genes, samples), finite; matrix : (samples, p); lines : (samples,). A gene that does not vary in
    some line has no say; with fewer than LEAST_GENES others the answer is empty. The mean log of s² with d
    degrees of freedom lies log(d / 2) - digamma(d / 2) below that of the variance (Smyth 2004).
    """
    names, logs = list(dict.fromkeys(lines.tolist())), []
    for name in names:
        own = lines == name
        part = matrix[own]
        fit = fit_linear_model(log2[:, own], part[:, independent_columns(part)])
        half = np.where(fit.residual_df > 0, fit.residual_df / 2, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs.append(2 * np.log(fit.sigma) + np.log(half) - scipy.special.digamma(half))
    together = np.array(logs)
    used = np.isfinite(together).all(axis=0)
    if used.sum() < LEAST_GENES:
        return {}
    means = together[:, used].mean(axis=1)
    return dict(zip(names, np.exp(means - np.median(means)).tolist(), strict=True))
