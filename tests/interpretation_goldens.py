"""Golden values of gene sets, activity and signatures, and the running sum of GSEA as its definition says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.interpretation.gene_sets import find_members
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parent / "golden" / "interpretation"


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz")


def golden_expression() -> pd.DataFrame:
    return golden("expression").set_index("gene")


def golden_sets() -> list[np.ndarray]:
    listed = {name: list(group["gene"]) for name, group in golden("sets").groupby("set", sort=False)}
    return [found.rows for found in find_members(list(golden_expression().index), listed).values()]


def walk(statistic: np.ndarray, rows: np.ndarray) -> float:
    """The peak of the running sum, gene by gene."""
    order = np.argsort(-statistic, kind="stable")
    inside = np.isin(order, rows)
    steps = np.where(inside, np.abs(statistic[order]), 0.0)
    steps = steps / steps.sum() - ~inside / np.count_nonzero(~inside)
    height = np.cumsum(steps)
    return float(height[np.argmax(np.abs(height))])
