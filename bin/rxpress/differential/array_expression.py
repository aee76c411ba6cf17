"""From the log2 expression of one study, of arrays, to its tables: linear models, every contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.design.study_model import StudyModel, design_matrix
from rxpress.differential.calls import CallRule
from rxpress.differential.gene_tables import class_table
from rxpress.differential.line_variances import LineVariances, compare_lines
from rxpress.differential.linear_tables import LinearData, linear_tables
from rxpress.differential.model_data import ModelData, lines_of
from rxpress.differential.study_counts import take_samples
from rxpress.differential.study_results import ModelResults, StudyResults, check_design, gather_results
from rxpress.errors import InputError, Problem
from rxpress.tables import GeneMatrix

NOT_LOG2 = 64
SAME = 1e-9
OWN_SAMPLES = LineVariances("contrast", "a t test takes the samples of its own conditions only", {})


@dataclass(frozen=True)
class ArrayData(ModelData):
    """A model of log2 expression: the values of its samples."""

    @classmethod
    def of(cls, model: StudyModel, expression: GeneMatrix, samples: pd.DataFrame) -> ArrayData:
        """expression : of the study. Of several arrays of a patient and condition their mean is taken."""
        parts = [expression.select(model.libraries_of(sample)).values for sample in model.conditions]
        values = np.column_stack([part.mean(axis=1) for part in parts])
        genes = GeneMatrix(expression.gene_ids, expression.gene_names, list(model.conditions), values)
        return cls(model, genes, *design_matrix(model, samples), lines_of(model, samples))

    @property
    def base_means(self) -> np.ndarray:
        return 2 ** self.genes.values.mean(axis=1)

    @property
    def log2(self) -> np.ndarray:
        return self.genes.values

    @cached_property
    def measured(self) -> np.ndarray:
        """(genes,) whether a gene has a value in every sample."""
        return np.isfinite(self.log2).all(axis=1)

    @cached_property
    def tested(self) -> np.ndarray:
        """(genes,) the measured ones, but for those of one value throughout, which say nothing."""
        size = np.abs(self.log2).max(axis=1, initial=0.0)
        return self.measured & (np.ptp(self.log2, axis=1) > SAME * size)

    def measured_in_lines(self, contrast: Contrast) -> np.ndarray:
        return self.tested

    def linear(self, moderated: bool, weights: np.ndarray | None = None) -> LinearData:
        """weights : (samples,)."""
        return LinearData(self.log2[self.tested], self.tested, self.matrix, weights, moderated)


def select_expression(expression: GeneMatrix, samples: Sequence[str]) -> GeneMatrix:
    """The columns of these samples; InputError for one that is missing, or values that are no logarithms."""
    expression = take_samples(expression, samples, "expression")
    largest = np.nanmax(np.abs(expression.values), initial=0.0)
    if largest > NOT_LOG2:
        what = f"values up to {largest:g} are no log2 expression"
        raise InputError(Problem(what, "give log2 values, or counts as --counts"))
    return expression


def analyze_expression(
    expression: GeneMatrix,
    samples: pd.DataFrame,
    design: StudyDesign,
    rule: CallRule,
    method: str = "limma",
    fit: str = "auto",
) -> StudyResults:
    """Fit each model of a study to log2 expression and evaluate its contrasts.

    samples : the rows of the study's samples.tsv that are kept, each with a column in `expression`; method :
    `limma`, `ttest` (each contrast from the samples of its own conditions) or `anova` (from all samples);
    fit : whether samples weigh by the variance of their line, `study` (no), `cell_line` or `auto`. What
    cannot be tested has its reason in the summary.
    """
    expression = select_expression(expression, samples["sample"].tolist())
    untested = design.untested_because or ("" if expression.samples else "no sample was kept")
    libraries = ("numpy", "scipy", "pandas")
    facts: dict[str, Any] = {
        "method": method,
        "warnings": [],
        "untested_because": untested,
        "versions": {library: version(library) for library in libraries},
    }
    found = []
    if not untested:
        check_design(design, samples)
        found = [
            evaluate_model(
                ArrayData.of(model, expression, samples), design.of_model(model), rule, method, fit
            )
            for model in design.models
            if design.of_model(model)
        ]
    tables, more = gather_results(design, found, rule, untested)
    return StudyResults(expression, tables, facts | more)


def evaluate_model(
    data: ArrayData, contrasts: Sequence[Contrast], rule: CallRule, method: str, fit: str
) -> ModelResults:
    """Fit one model and evaluate its contrasts, and those over lines."""
    of_samples = [contrast for contrast in contrasts if contrast.test != "moderated_t"]
    variances = compare_lines(data, fit) if method != "ttest" else OWN_SAMPLES
    linear = data.linear(method == "limma", variances.weights(data.lines))
    if method == "ttest":
        each = [linear_tables(data, linear.among(about(data, c)), [c], rule) for c in of_samples]
        tables = {id: table for one in each for id, table in one.items()}
    else:
        tables = linear_tables(data, linear, of_samples, rule)
    over_lines = {c.id: class_table(data, c, rule) for c in contrasts if c not in of_samples}
    facts = {
        "model": data.model.formula or data.model.name,
        "fit": variances.kind,
        "fit_because": variances.reason,
        "relative_variances": variances.relative,
        **linear.facts(),
        "warnings": array_warnings(data, tables),
    }
    return ModelResults(data.model.name, over_lines | tables, {}, facts)


def about(data: ArrayData, contrast: Contrast) -> np.ndarray:
    """(samples,) whether a contrast, or a member of a joint test, gives weight to a sample's condition."""
    return data.model.about({name: w for weights in contrast.all_weights for name, w in weights.items() if w})


def array_warnings(data: ArrayData, tables: dict[str, pd.DataFrame]) -> list[str]:
    """What a reader of the results should know about the fit."""
    missing, still = int((~data.measured).sum()), int((data.measured & ~data.tested).sum())
    warnings = [f"{missing} genes lack a value in some sample and are not tested"] if missing else []
    if still:
        warnings.append(f"{still} genes have one value in all samples and are not tested")
    warnings += [
        f"{id}: not tested: without the other samples there are no replicates, or covariates are confounded"
        for id, table in tables.items()
        if data.tested.any() and table["p_value"].isna().all()
    ]
    return warnings
