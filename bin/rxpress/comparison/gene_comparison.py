"""A contrast in several studies, gene by gene: the columns of comparison/<contrast>.tsv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rxpress import meta
from rxpress.comparison.joining import JoinedGenes
from rxpress.comparison.studies import GeneTests
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.tables import MISSING

SIGNIFICANT = 0.05
ENOUGH_SIGNIFICANT = 2
RANDOM_EFFECTS_FROM = 5


@dataclass(frozen=True)
class Evidence:
    """What studies say of a contrast, (genes, studies); NaN where a study does not test the gene.

    A study speaks of a gene when it has an estimate, a standard error above 0 and a p value: DESeq2 gives no
    p value where one outlying sample dictates the estimate.
    """

    effects: np.ndarray
    errors: np.ndarray
    p_values: np.ndarray
    p_adjusted: np.ndarray

    @classmethod
    def of(cls, studies: Sequence[GeneTests], genes: JoinedGenes) -> Evidence:
        columns = [
            genes.gather([getattr(study, name) for study in studies])
            for name in ("estimate", "error", "p_value", "p_adjusted")
        ]
        effects, errors, p_values, _ = columns
        speaks = np.isfinite(effects) & np.isfinite(errors) & (errors > 0) & np.isfinite(p_values)
        return cls(*(np.where(speaks, values, np.nan) for values in columns))

    @property
    def studies(self) -> np.ndarray:
        """(genes,) how many studies speak of the gene."""
        return np.isfinite(self.effects).sum(axis=1)

    @property
    def significant(self) -> np.ndarray:
        """(genes, studies) whether the study's adjusted p value is below 0.05."""
        return np.nan_to_num(self.p_adjusted, nan=1.0) < SIGNIFICANT


def compare_genes(evidence: Evidence) -> dict[str, np.ndarray]:
    """Meta-analysis, agreement and rank of every gene, by column of the table."""
    errors = meta.normal_errors(evidence.effects, evidence.errors, evidence.p_values)
    fixed = meta.fixed_effect(evidence.effects, errors)
    spread = meta.heterogeneity(evidence.effects, errors)
    random = meta.hartung_knapp(evidence.effects, errors, spread.tau2)
    z, z_p_value = meta.stouffer(evidence.effects, evidence.p_values)
    return {
        "studies": evidence.studies,
        "log2_fold_change": fixed.estimate,
        "lfc_se": fixed.error,
        "lfc_lower": fixed.lower,
        "lfc_upper": fixed.upper,
        "statistic": fixed.statistic,
        "p_value": fixed.p_value,
        "p_adjusted": benjamini_hochberg(fixed.p_value),
        "hk_log2_fold_change": random.estimate,
        "hk_se": random.error,
        "hk_lower": random.lower,
        "hk_upper": random.upper,
        "hk_p_value": random.p_value,
        "hk_p_adjusted": benjamini_hochberg(random.p_value),
        "tau2": spread.tau2,
        "q": spread.q,
        "q_p_value": spread.q_p_value,
        "i2": spread.i2,
        "stouffer_z": z,
        "stouffer_p_value": z_p_value,
        "stouffer_p_adjusted": benjamini_hochberg(z_p_value),
        **_agreement(evidence),
        "rank": _rank(random.p_value if evidence.effects.shape[1] >= RANDOM_EFFECTS_FROM else z_p_value, z),
    }


def study_columns(evidence: Evidence, names: Sequence[str]) -> dict[str, np.ndarray]:
    """What each study says, by column of the table."""
    shown = {
        "log2_fold_change": evidence.effects,
        "lfc_se": evidence.errors,
        "p_adjusted": evidence.p_adjusted,
    }
    return {
        f"{column}.{name}": values[:, i] for i, name in enumerate(names) for column, values in shown.items()
    }


def _agreement(evidence: Evidence) -> dict[str, np.ndarray]:
    """Whether all studies agree in sign, in how many the gene is significant, and the call of both."""
    sign, significant = meta.common_sign(evidence.effects), evidence.significant.sum(axis=1)
    consistent = significant >= ENOUGH_SIGNIFICANT
    return {
        "same_sign": np.select([sign == 0, np.abs(sign) == 1], ["no", "yes"], MISSING),
        "significant_in": significant,
        "consistent": np.select([consistent & (sign > 0), consistent & (sign < 0)], ["up", "down"], "no"),
    }


def _rank(p_values: np.ndarray, z: np.ndarray) -> np.ndarray:
    """(genes,) 1 for the smallest p value, of equal ones the larger |z|; NaN for genes without."""
    rank = np.full(len(p_values), np.nan)
    order = np.lexsort((-np.abs(z), p_values))
    order = order[np.isfinite(p_values[order])]
    rank[order] = np.arange(1, len(order) + 1)
    return rank
