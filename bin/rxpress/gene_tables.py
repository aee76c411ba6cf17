"""The gene table of a contrast: a row per gene, the same columns whatever the test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rxpress.calls import CallRule, Tested, call_genes
from rxpress.deseq.contrast import LOG2_E, evaluate_contrast
from rxpress.deseq.joint import evaluate_joint
from rxpress.fit_choice import ChosenFit
from rxpress.line_level import (
    count_agreeing,
    evaluate_lines,
    expressed_in_lines,
    leave_one_out_range,
    log2_cpm,
)
from rxpress.study_counts import StudyCounts
from rxpress.study_design import Contrast
from rxpress.study_model import coefficient_vector

if TYPE_CHECKING:
    from pydeseq2.inference import Inference


@dataclass(frozen=True)
class Testing:
    """All that tests of one model rest on. counts : of the model's samples."""

    counts: StudyCounts
    chosen: ChosenFit
    rule: CallRule
    inference: Inference

    def vector(self, weights: dict[str, float]) -> np.ndarray:
        return coefficient_vector(weights, self.chosen.coefficients)

    def line_vectors(self, contrast: Contrast) -> tuple[np.ndarray, np.ndarray]:
        """(p, lines) weights of the lines of an average over coefficients; (lines,) signs of their sides."""
        vectors = np.array([self.vector(part.weights) for part in contrast.lines]).T
        return vectors, np.array([part.sign for part in contrast.lines])

    @cached_property
    def expression(self) -> np.ndarray:
        """(genes, p) least squares of log2 CPM: what conditions have on that scale."""
        normalization = self.counts.normalization
        cpm = log2_cpm(self.counts.values, normalization.factors, normalization.size_factors)
        return self.chosen.fit.design.least_squares(cpm)

    @cached_property
    def condition_counts(self) -> dict[str, np.ndarray]:
        """{condition: (genes,) mean normalised counts}."""
        normalized = self.counts.values / self.counts.normalization.factors
        of_sample = np.array(list(self.chosen.model.conditions.values()))
        return {
            name: normalized[:, of_sample == name].mean(axis=1) for name in dict.fromkeys(of_sample.tolist())
        }


def contrast_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """The results of a contrast by the test that it names."""
    tables = {"wald": _wald_table, "lrt": _joint_table, "moderated_t": _class_table}
    return tables[contrast.test](testing, contrast)


def _wald_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """One linear combination; for averages also how far its lines agree."""
    chosen, rule = testing.chosen, testing.rule
    about, vector = chosen.model.about(contrast.weights), testing.vector(contrast.weights)
    test = evaluate_contrast(chosen.fit, vector, testing.inference, rule.alpha, rule.threshold, about)
    table = _gene_table(
        testing,
        test,
        lfc_se=test.error,
        statistic=test.statistic,
        p_adjusted_threshold=test.p_adjusted_threshold,
        shrunken_log2_fold_change=test.shrunken,
        shrunken_lfc_se=test.shrunken_error,
    )
    if not contrast.lines:
        return table
    vectors, signs = testing.line_vectors(contrast)
    values = chosen.fit.genes.coefficients @ vectors * LOG2_E
    return _with_agreement(table, values, signs)


def _joint_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """Several contrasts at once; the fold change is that of the largest one, named in `largest`."""
    chosen = testing.chosen
    weights = [member.weights for member in contrast.jointly]
    about = chosen.model.about({name: 1.0 for member in weights for name in member})
    vectors = np.array([testing.vector(member) for member in weights])
    test = evaluate_joint(chosen.fit, vectors, testing.inference, testing.rule.alpha, about)
    names = np.array([member.id for member in contrast.jointly], dtype=object)
    largest = pd.Series(names[test.member]).mask(np.isnan(test.estimate))
    return _gene_table(testing, test, lfc_se=test.error, statistic=test.statistic).assign(largest=largest)


def _class_table(testing: Testing, contrast: Contrast) -> pd.DataFrame:
    """The test over lines, each with the value that least squares of log2 CPM give it."""
    vectors, signs = testing.line_vectors(contrast)
    counts = np.column_stack(
        [
            np.mean([testing.condition_counts[name] for name in part.weights], axis=0)
            for part in contrast.lines
        ]
    )
    values = testing.expression @ vectors
    means = testing.expression[:, (vectors != 0).any(axis=1)].mean(axis=1)
    test = evaluate_lines(values, signs, expressed_in_lines(counts, signs), means, testing.rule.threshold)
    table = _gene_table(
        testing,
        test,
        lfc_se=test.error,
        statistic=test.statistic,
        p_adjusted_threshold=test.p_adjusted_threshold,
    )
    return _with_agreement(table, values, signs)


def _gene_table(testing: Testing, test: Tested, **columns: np.ndarray) -> pd.DataFrame:
    """The columns that every gene table has; NA where a test does not give one."""
    genes = testing.counts.genes
    missing = np.full(len(genes.gene_ids), np.nan)
    return pd.DataFrame(
        {
            "gene_id": genes.gene_ids,
            "gene_name": genes.gene_names,
            "base_mean": testing.chosen.fit.base_means,
            "log2_fold_change": test.estimate,
            "lfc_se": columns["lfc_se"],
            "statistic": columns["statistic"],
            "p_value": test.p_value,
            "p_adjusted": test.p_adjusted,
            "p_adjusted_threshold": columns.get("p_adjusted_threshold", missing),
            "shrunken_log2_fold_change": columns.get("shrunken_log2_fold_change", missing),
            "shrunken_lfc_se": columns.get("shrunken_lfc_se", missing),
            "call": call_genes(test, testing.rule),
        }
    )


def _with_agreement(table: pd.DataFrame, values: np.ndarray, signs: np.ndarray) -> pd.DataFrame:
    """A table of an average with how many of its lines share its sign, and its range when one is left out."""
    estimate = table["log2_fold_change"].to_numpy(float)
    table = table.assign(lines_same_sign=count_agreeing(values, signs, estimate), lines=len(signs))
    ends = leave_one_out_range(values, signs)
    if ends is None:
        return table
    # A gene that is silent in the whole contrast has fold change 0 by rule, and so it stays.
    least, most = (np.where(estimate == 0, 0.0, end) for end in ends)
    return table.assign(lfc_min_leave_one_out=least, lfc_max_leave_one_out=most)
