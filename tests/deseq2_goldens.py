"""Goldens of R's DESeq2 1.38 (made by tests/golden/deseq2.R) beside our fits of the same studies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.deseq.contrast import ContrastTest, evaluate_contrast
from rxpress.deseq.fit import StudyFit, fit_study
from rxpress.deseq.size_factors import Normalization, normalize
from rxpress.inference import BatchedInference
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parent / "golden" / "deseq2"
ALPHA = 0.05
LINES = {
    "one_line": {"A.d": 1, "A.v": -1},
    "silent_line": {"C.d": 1, "C.v": -1},
    "average": {f"{line}.{arm}": sign / 4 for line in "ABCD" for arm, sign in (("d", 1), ("v", -1))},
    "interaction": {
        f"{line}.{arm}": side * sign / 2
        for line, side in zip("ABCD", (-1, -1, 1, 1), strict=True)
        for arm, sign in (("d", 1), ("v", -1))
    },
}
TWO_GROUPS = {"drug": 1, "vehicle": -1}


@dataclass(frozen=True)
class Study:
    """A golden study: its counts, samples, design matrix, and our fit of it."""

    counts: np.ndarray
    samples: pd.DataFrame
    conditions: list[str]
    normalization: Normalization
    fit: StudyFit

    def contrast(self, weights: dict[str, float]) -> np.ndarray:
        vector = np.zeros(self.fit.design.coefficients)
        for condition, weight in weights.items():
            vector[self.conditions.index(condition)] = weight
        return vector

    def separated(self, weights: dict[str, float]) -> np.ndarray:
        """(genes,) whether a gene has no counts on one side of a contrast: its fold change is infinite."""
        sides = [[name for name, weight in weights.items() if weight * sign > 0] for sign in (1, -1)]
        silent = [~self.counts[:, self.samples["condition"].isin(side)].any(axis=1) for side in sides]
        return silent[0] | silent[1]

    def evaluate(self, weights: dict[str, float]) -> ContrastTest:
        return evaluate_contrast(self.fit, self.contrast(weights), BatchedInference(), ALPHA, 1.0)


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz", text=["gene_id", "sample", "condition", "batch"])


@cache
def study(name: str, blocked: bool = True) -> Study:
    """A study of the goldens, fitted with its batches as a covariate or (`blocked` false) without."""
    counts = golden(f"{name}.counts").drop(columns="gene_id").to_numpy(float)
    samples = golden(f"{name}.samples")
    conditions = list(dict.fromkeys(samples["condition"]))
    batches = sorted(set(samples["batch"]))[1:] if blocked else []
    columns = [samples["condition"] == level for level in conditions]
    columns += [samples["batch"] == level for level in batches]
    matrix = np.array(columns, dtype=float).T
    lengths = golden("lengths.lengths").drop(columns="gene_id").to_numpy(float) if name == "lengths" else None
    normalization = normalize(counts, lengths)
    fit = fit_study(counts, normalization.factors, matrix, BatchedInference())
    return Study(counts, samples, conditions, normalization, fit)


def relative(ours: np.ndarray, theirs: pd.Series, quantile: float = 1.0) -> float:
    """Quantile of |ours/theirs - 1|; genes that are NaN must be the same."""
    assert np.array_equal(np.isnan(ours), theirs.isna())
    with np.errstate(invalid="ignore"):
        difference = np.abs(ours / theirs.to_numpy() - 1)
    return float(np.nanquantile(difference, quantile))


def assert_same_p_values(ours: np.ndarray, theirs: pd.Series) -> None:
    """|Δlog10 p| <= max(0.02, 1 % of -log10 p) at the 99th percentile."""
    assert np.array_equal(np.isnan(ours), theirs.isna())
    size = -np.log10(np.maximum(theirs.to_numpy(), 1e-300))
    difference = np.abs(-np.log10(np.maximum(ours, 1e-300)) - size)
    assert np.nanquantile(difference / np.maximum(0.02, 0.01 * size), 0.99) <= 1


def assert_same_set(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Jaccard >= 0.99 for sets of 300 and more, else at most 3 genes differ."""
    both, either = int((ours & theirs).sum()), int((ours | theirs).sum())
    assert both >= 0.99 * either if theirs.sum() >= 300 else either - both <= 3
