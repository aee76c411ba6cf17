"""The gene table of a contrast: a row per gene, the same columns whatever the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rxpress.deseq.contrast import LOG2_E, evaluate_contrast
from rxpress.deseq.joint import evaluate_joint
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import coefficient_vector
from rxpress.differential.calls import CallRule, Tested, call_genes
from rxpress.differential.fit_choice import ChosenFit
from rxpress.differential.line_level import count_agreeing, evaluate_lines, leave_one_out_range
from rxpress.differential.model_data import CountData, ModelData, joint_vectors, largest_member, line_vectors
from rxpress.tables import GeneMatrix

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

# Columns that only some tests fill, and where these hold them.
OPTIONAL = {
    "p_adjusted_threshold": "p_adjusted_threshold",
    "shrunken_log2_fold_change": "shrunken",
    "shrunken_lfc_se": "shrunken_error",
}


@dataclass(frozen=True)
class Testing:
    """The fit of a model by DESeq2's model, and how its contrasts are judged."""

    data: CountData
    chosen: ChosenFit
    rule: CallRule
    inference: Inference

    def table(self, test: Tested) -> pd.DataFrame:
        return gene_table(self.data.genes, self.chosen.fit.base_means, test, self.rule)


def contrast_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """The results of a contrast by Wald test, or of several together by likelihood ratio."""
    return (_joint_table if contrast.jointly else _wald_table)(testing, contrast)


def _wald_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """One linear combination; for averages also how far its lines agree."""
    chosen, rule = testing.chosen, testing.rule
    about = testing.data.model.about(contrast.weights)
    vector = coefficient_vector(contrast.weights, chosen.coefficients)
    test = evaluate_contrast(chosen.fit, vector, testing.inference, rule.alpha, rule.threshold, about)
    vectors, signs = line_vectors(contrast, chosen.coefficients)
    return with_agreement(testing.table(test), chosen.fit.genes.coefficients @ vectors * LOG2_E, signs)


def _joint_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """Several contrasts at once; the fold change is that of the largest one, named in `largest`."""
    chosen = testing.chosen
    about = testing.data.model.about({name: 1.0 for one in contrast.jointly for name in one.weights})
    vectors = joint_vectors(contrast, chosen.coefficients)
    test = evaluate_joint(chosen.fit, vectors, testing.inference, testing.rule.alpha, about)
    return testing.table(test).assign(largest=largest_member(contrast, test.member, test.estimate))


def class_table(data: ModelData, contrast: Contrast, rule: CallRule) -> pd.DataFrame:
    """The test over lines, each with the value that least squares of log2 expression give it."""
    vectors, signs = line_vectors(contrast, data.coefficients)
    values = data.expression @ vectors
    means = data.expression[:, (vectors != 0).any(axis=1)].mean(axis=1)
    test = evaluate_lines(values, signs, data.measured_in_lines(contrast), means, rule.threshold)
    return with_agreement(gene_table(data.genes, data.base_means, test, rule), values, signs)


def gene_table(genes: GeneMatrix, base_means: np.ndarray, test: Tested, rule: CallRule) -> pd.DataFrame:
    """The columns that every gene table has; NA where a test does not give one."""
    missing = np.full(len(genes.gene_ids), np.nan)
    return pd.DataFrame(
        {
            "gene_id": genes.gene_ids,
            "gene_name": genes.gene_names,
            "base_mean": base_means,
            "log2_fold_change": test.estimate,
            "lfc_se": test.error,
            "statistic": test.statistic,
            "p_value": test.p_value,
            "p_adjusted": test.p_adjusted,
            **{name: getattr(test, field, missing) for name, field in OPTIONAL.items()},
            "call": call_genes(test, rule),
        }
    )


def with_agreement(table: pd.DataFrame, values: np.ndarray, signs: np.ndarray) -> pd.DataFrame:
    """A table of an average with how many of its lines share its sign, and its range when one is left out.

    values : (genes, lines) what the contrast is of each line, log2; signs : (lines,) of their sides. Without
    lines the table stays as it is.
    """
    if not len(signs):
        return table
    estimate = table["log2_fold_change"].to_numpy(float)
    table = table.assign(lines_same_sign=count_agreeing(values, signs, estimate), lines=len(signs))
    ends = leave_one_out_range(values, signs)
    if ends is None:
        return table
    # A gene that is silent in the whole contrast has fold change 0 by rule, and so it stays.
    least, most = (np.where(estimate == 0, 0.0, end) for end in ends)
    return table.assign(lfc_min_leave_one_out=least, lfc_max_leave_one_out=most)
