"""Gene tables from linear models of log2 expression: moderated tests, or ordinary ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.model_matrix import estimable, independent_columns
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import coefficient_vector
from rxpress.differential.calls import CallRule
from rxpress.differential.gene_tables import gene_table, with_agreement
from rxpress.differential.model_data import ModelData, joint_vectors, largest_member, line_vectors
from rxpress.differential.moderated_tests import ModeratedTest, contrast_tests
from rxpress.limma import ModeratedFit, fit_linear_model, moderate, ordinary


@dataclass(frozen=True)
class LinearData:
    """Log2 expression as linear models take it.

    expression : (tested genes, samples); tested : (genes,) booleans; matrix : (samples, p); weights :
    relative precisions, (samples,) or (tested genes, samples), None for all alike; moderated : whether
    variances borrow from all genes.
    """

    expression: np.ndarray
    tested: np.ndarray
    matrix: np.ndarray
    weights: np.ndarray | None = None
    moderated: bool = True

    def fit(self, contrasts: np.ndarray, joint: bool = False) -> ModeratedFit:
        """Tests of contrasts (k, p), a row for each; NaN for genes that are not tested.

        All are NaN when the samples do not determine every contrast, or leave no degrees of freedom.
        """
        kept = independent_columns(self.matrix)
        determined = len(kept) < len(self.matrix) and estimable(contrasts, self.matrix).all()
        if not (determined and self.tested.any()):
            each = np.full(len(self.tested), np.nan)
            none = np.full((len(each), len(contrasts)), np.nan)
            return ModeratedFit(none, none, none, none, each, each, each, each, np.nan, each)
        design, of_kept = self.matrix[:, kept], contrasts[:, kept].T
        linear = fit_linear_model(self.expression, design, of_kept, self.weights, joint)
        return (moderate if self.moderated else ordinary)(linear).spread(self.tested)

    def facts(self) -> dict[str, Any]:
        """What fit.json says of the fit; of moderated tests also their prior, a common variance."""
        facts: dict[str, Any] = {
            "samples": len(self.matrix),
            "coefficients": self.matrix.shape[1],
            "genes": len(self.tested),
            "genes_tested": int(self.tested.sum()),
        }
        if self.moderated and self.tested.any():
            prior = self.fit(np.empty((0, self.matrix.shape[1])))
            facts["prior_df"] = prior.prior_df if np.isfinite(prior.prior_df) else "infinite"
            facts["prior_variance"] = float(prior.prior_variance[self.tested][0])
        return facts

    def among(self, samples: np.ndarray) -> LinearData:
        """Of `samples` (samples,) only, all alike."""
        return replace(
            self, expression=self.expression[:, samples], matrix=self.matrix[samples], weights=None
        )


def linear_tables(
    data: ModelData, linear: LinearData, contrasts: Sequence[Contrast], rule: CallRule
) -> dict[str, pd.DataFrame]:
    """The gene tables of a model's contrasts, with the columns of tests by DESeq2; nothing is shrunken."""
    tables = _wald_tables(data, linear, [c for c in contrasts if not c.jointly], rule)
    return tables | {c.id: _joint_table(data, linear, c, rule) for c in contrasts if c.jointly}


def _wald_tables(
    data: ModelData, linear: LinearData, contrasts: Sequence[Contrast], rule: CallRule
) -> dict[str, pd.DataFrame]:
    """All from one fit: the contrasts, then the lines of each."""
    vectors = [coefficient_vector(c.weights, data.coefficients) for c in contrasts]
    of_lines = [line_vectors(c, data.coefficients) for c in contrasts]
    rows = np.vstack([*vectors, *(weights.T for weights, _ in of_lines)]) if vectors else data.matrix[:0]
    fit = linear.fit(rows)
    tables, first = {}, len(vectors)
    for contrast, test, (_, signs) in zip(
        contrasts, contrast_tests(fit, rule.threshold), of_lines, strict=False
    ):
        table = gene_table(data.genes, data.base_means, test, rule)
        tables[contrast.id] = with_agreement(table, fit.estimate[:, first : first + len(signs)], signs)
        first += len(signs)
    return tables


def _joint_table(data: ModelData, linear: LinearData, contrast: Contrast, rule: CallRule) -> pd.DataFrame:
    """Several contrasts at once by F; the fold change is that of the largest one."""
    fit = linear.fit(joint_vectors(contrast, data.coefficients), joint=True)
    member = np.argmax(np.abs(np.nan_to_num(fit.estimate)), axis=1)
    genes, p_value = np.arange(len(member)), fit.joint_p_value
    estimate, error = fit.estimate[genes, member], fit.error[genes, member]
    none = np.full(len(member), np.nan)
    test = ModeratedTest(estimate, error, fit.joint_statistic, p_value, benjamini_hochberg(p_value), none)
    table = gene_table(data.genes, data.base_means, test, rule)
    return table.assign(largest=largest_member(contrast, member, estimate))
