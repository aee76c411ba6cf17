"""One fit for all lines of a model, or one per line when their dispersions differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rxpress.deseq.fit import StudyFit, fit_study
from rxpress.deseq.line_fits import block_matrix, fit_lines
from rxpress.design.model_matrix import estimable, independent_columns
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import coefficient_vector
from rxpress.differential.model_data import CountData
from rxpress.errors import InputError, Problem
from rxpress.inference import BatchedInference, Inference

# With a shared fit and one line 1.25, 1.5 or 3 times as dispersed as the others, 7, 9 or 16 % of its p values
# are below 0.05 where there is no effect.
UNEQUAL = 1.25


@dataclass(frozen=True)
class ChosenFit:
    """The fit that contrasts of a model are taken from.

    coefficients : names of the design's columns; kind : `study` or `cell_line`; reason : why this one;
    relative_dispersions : of each line, 1 being their median, empty if lines were not fitted apart.
    """

    fit: StudyFit
    coefficients: list[str]
    kind: str
    reason: str
    relative_dispersions: dict[str, float]


@dataclass(frozen=True)
class Coding:
    """A design matrix (samples, p) of full rank and the names of its columns."""

    matrix: np.ndarray
    names: list[str]


def choose_fit(
    data: CountData, contrasts: Sequence[Contrast], wanted: str, inference: Inference
) -> ChosenFit:
    """Fit a model as `wanted`: `study`, `cell_line`, or `auto`.

    contrasts : what will be taken from the fit. `auto` fits lines apart when the most dispersed one is
    UNEQUAL times as dispersed as the least. A model by formula has one fit. InputError if `cell_line` is
    wanted and lines cannot be fitted apart.
    """
    counts, coding, lines = data.counts, Coding(data.matrix, data.coefficients), data.lines
    study = fit_study(counts.values, counts.normalization.factors, coding.matrix, inference)
    whole = ChosenFit(study, coding.names, "study", "asked for", {})
    if data.model.formula:
        return replace(whole, reason="the model is given by a formula")
    if wanted == "study":
        return whole
    by_line = line_coding(coding, lines)
    obstacle = why_not_by_line(by_line, lines, contrasts)
    if not isinstance(inference, BatchedInference):
        obstacle = obstacle or "PyDESeq2's inference knows one dispersion per gene"
    if obstacle:
        check_wish(wanted, obstacle)
        return replace(whole, reason=obstacle)
    apart, relative = fit_lines(study, by_line.matrix, lines, inference)
    ratio = max(relative.values()) / min(relative.values())
    known = np.isfinite(ratio)
    reason = f"dispersions differ {ratio:.2f}-fold" if known else "too few genes to compare dispersions by"
    if wanted == "auto" and not (known and ratio >= UNEQUAL):
        return replace(whole, reason=reason, relative_dispersions=relative)
    reason = "asked for" if wanted == "cell_line" else reason
    return ChosenFit(apart, by_line.names, "cell_line", reason, relative)


def line_coding(coding: Coding, lines: np.ndarray) -> Coding:
    """The coding with each column cut into one per line, without those that add nothing."""
    matrix, names = block_matrix(coding.matrix, coding.names, lines)
    kept = independent_columns(matrix)
    return Coding(matrix[:, kept], [names[i] for i in kept])


def check_wish(wanted: str, obstacle: str) -> None:
    """InputError if `cell_line` is wanted in spite of what stands against it."""
    if wanted == "cell_line":
        what = f"--fit cell_line is not possible: {obstacle}"
        raise InputError(Problem(what, "use --fit study or --fit auto"))


def why_not_by_line(coding: Coding, lines: np.ndarray, contrasts: Sequence[Contrast]) -> str:
    """What stands against fitting lines apart, or ''."""
    names = list(dict.fromkeys(lines.tolist()))
    if "" in names or len(names) < 2:
        return "the study does not have several lines"
    bare = [name for name in names if _residual_df(coding.matrix, lines == name) < 1]
    if bare:
        return f"no replicates within {', '.join(bare)}"
    vectors = [coefficient_vector(weights, coding.names) for c in contrasts for weights in c.all_weights]
    if vectors and not estimable(np.array(vectors), coding.matrix).all():
        return "covariates are confounded with conditions within a line"
    return ""


def _residual_df(matrix: np.ndarray, rows: np.ndarray) -> int:
    return int(rows.sum()) - int(np.any(matrix[rows] != 0, axis=0).sum())
