"""Which genes are called changed by a contrast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rxpress.deseq.contrast import ContrastTest
from rxpress.errors import InputError, Problem
from rxpress.tables import GeneMatrix

CALLS = ("up", "down", "unchanged", "untested")


@dataclass(frozen=True)
class CallRule:
    """A call needs a p value, `adjusted` or `raw`, below `alpha` and a change by `fold_change` or more."""

    alpha: float = 0.05
    fold_change: float = 2.0
    p_value: str = "adjusted"

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(
                Problem(f"--alpha {self.alpha} is not between 0 and 1", "give a level such as 0.05")
            )
        if self.fold_change < 1:
            raise InputError(
                Problem(f"--fold_change {self.fold_change} is below 1", "give a ratio such as 2")
            )

    @property
    def threshold(self) -> float:
        """The fold change on log2."""
        return float(np.log2(self.fold_change))


def call_genes(test: ContrastTest, rule: CallRule) -> np.ndarray:
    """(genes,) up, down, unchanged or untested."""
    p_value = test.p_adjusted if rule.p_value == "adjusted" else test.p_value
    with np.errstate(invalid="ignore"):
        called = (p_value < rule.alpha) & (np.abs(test.estimate) >= rule.threshold)
    directions = np.where(test.estimate > 0, "up", "down")
    return np.where(np.isnan(p_value), "untested", np.where(called, directions, "unchanged"))


def gene_table(genes: GeneMatrix, base_means: np.ndarray, test: ContrastTest, rule: CallRule) -> pd.DataFrame:
    """The results of a contrast, one row per gene."""
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
            "p_adjusted_threshold": test.p_adjusted_threshold,
            "shrunken_log2_fold_change": test.shrunken,
            "shrunken_lfc_se": test.shrunken_error,
            "call": call_genes(test, rule),
        }
    )
