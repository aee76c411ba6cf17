"""Contrasts of counts by limma-voom: a method of its own, and a second opinion on DESeq2's calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import coefficient_vector
from rxpress.differential.calls import CallRule
from rxpress.differential.gene_tables import gene_table, with_agreement
from rxpress.differential.model_data import ModelData, joint_vectors, largest_member, line_vectors
from rxpress.differential.moderated_tests import ModeratedTest, contrast_tests
from rxpress.differential.study_counts import StudyCounts
from rxpress.limma import ModeratedFit, fit_linear_model, moderate
from rxpress.voom import residual_df, voom

LEAST_COUNT = 10
LEAST_TOTAL = 15
LARGE_GROUP = 10
SHARE_OF_LARGE = 0.7
LEAST_GENES = 10


@dataclass(frozen=True)
class WeighedCounts:
    """Log2 counts per million and their precision weights, of the genes with enough counts to be tested.

    expression, weights : (tested genes, samples); tested : (genes,) booleans; matrix : (samples, p).
    """

    expression: np.ndarray
    weights: np.ndarray
    tested: np.ndarray
    matrix: np.ndarray

    def fit(self, contrasts: np.ndarray, joint: bool = False) -> ModeratedFit:
        """Moderated tests of contrasts (k, p), a row for each; NaN for genes that are not tested."""
        if not self.tested.any():
            each = np.full(len(self.tested), np.nan)
            none = np.full((len(each), len(contrasts)), np.nan)
            return ModeratedFit(none, none, none, none, each, each, each, each, np.nan, each)
        linear = fit_linear_model(self.expression, self.matrix, contrasts.T, self.weights, joint)
        return moderate(linear).spread(self.tested)


def limma_tables(
    data: ModelData, contrasts: Sequence[Contrast], rule: CallRule, by_line: bool
) -> dict[str, pd.DataFrame]:
    """The gene tables of a model's contrasts, with the columns of tests by DESeq2; nothing is shrunken.

    by_line : whether each cell line has a trend of the variance of its own, as far as lines have replicates.
    """
    weighed = weigh_counts(
        data.counts, data.matrix, data.lines if by_line and not data.model.formula else None
    )
    tables = _wald_tables(data, weighed, [c for c in contrasts if not c.jointly], rule)
    return tables | {c.id: _joint_table(data, weighed, c, rule) for c in contrasts if c.jointly}


def _wald_tables(
    data: ModelData, weighed: WeighedCounts, contrasts: Sequence[Contrast], rule: CallRule
) -> dict[str, pd.DataFrame]:
    """All from one fit: the contrasts, then the lines of each."""
    vectors = [coefficient_vector(c.weights, data.coefficients) for c in contrasts]
    of_lines = [line_vectors(c, data.coefficients) for c in contrasts]
    rows = np.vstack([*vectors, *(weights.T for weights, _ in of_lines)]) if vectors else data.matrix[:0]
    fit = weighed.fit(rows)
    tables, first = {}, len(vectors)
    for contrast, test, (_, signs) in zip(
        contrasts, contrast_tests(fit, rule.threshold), of_lines, strict=False
    ):
        table = gene_table(data.counts.genes, data.mean_counts, test, rule)
        tables[contrast.id] = with_agreement(table, fit.estimate[:, first : first + len(signs)], signs)
        first += len(signs)
    return tables


def _joint_table(data: ModelData, weighed: WeighedCounts, contrast: Contrast, rule: CallRule) -> pd.DataFrame:
    """Several contrasts at once by moderated F; the fold change is that of the largest one."""
    fit = weighed.fit(joint_vectors(contrast, data.coefficients), joint=True)
    member = np.argmax(np.abs(np.nan_to_num(fit.estimate)), axis=1)
    genes, p_value = np.arange(len(member)), fit.joint_p_value
    estimate, error = fit.estimate[genes, member], fit.error[genes, member]
    none = np.full(len(member), np.nan)
    test = ModeratedTest(estimate, error, fit.joint_statistic, p_value, benjamini_hochberg(p_value), none)
    table = gene_table(data.counts.genes, data.mean_counts, test, rule)
    return table.assign(largest=largest_member(contrast, member, estimate))


def weigh_counts(counts: StudyCounts, matrix: np.ndarray, lines: np.ndarray | None = None) -> WeighedCounts:
    """Counts as voom weighs them. matrix : (samples, p) of full rank with residual degrees of freedom.

    Library sizes are those that the size factors stand for; where genes have lengths of their own in each
    sample, counts are scaled to their mean length first. lines : (samples,) the cell line of each, for a
    trend of the variance of its own, which is not possible for lines without replicates.
    """
    factors, size_factors = counts.normalization.factors, counts.normalization.size_factors
    values = counts.values if factors.ndim == 1 else counts.values / factors * size_factors
    sizes = effective_sizes(values, size_factors)
    tested = worthwhile(values, matrix, sizes)
    if tested.sum() < LEAST_GENES:
        none = np.empty((0, len(matrix)))
        return WeighedCounts(none, none, np.zeros(len(values), dtype=bool), matrix)
    if lines is not None and min(residual_df(matrix, lines)) < 1:
        lines = None
    return WeighedCounts(*voom(values[tested], matrix, sizes, lines), tested, matrix)


def effective_sizes(values: np.ndarray, size_factors: np.ndarray) -> np.ndarray:
    """(samples,) library sizes in proportion to size factors, with the geometric mean of the totals."""
    return size_factors * np.exp(np.mean(np.log(values.sum(axis=0)) - np.log(size_factors)))


def worthwhile(values: np.ndarray, matrix: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(genes,) which genes have enough counts in enough samples, by the rule of edgeR's `filterByExpr`.

    Enough samples are those of the smallest condition, and of those beyond ten seven in ten; enough counts
    are what ten are in the middle library, and fifteen in all (Chen, Lun and Smyth, F1000Research 2016).
    """
    basis, _ = np.linalg.qr(matrix)
    smallest = 1 / (basis**2).sum(axis=1).max()
    needed = min(smallest, LARGE_GROUP + SHARE_OF_LARGE * (smallest - LARGE_GROUP))
    enough = values / sizes >= LEAST_COUNT / np.median(sizes)
    return (enough.sum(axis=1) >= needed - 1e-8) & (values.sum(axis=1) >= LEAST_TOTAL)
