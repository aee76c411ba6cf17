"""A study after its tests, made by hand: gene tables of chosen statistics, without data behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.tables import GeneMatrix


def gene_table(names: Sequence[str], statistic: np.ndarray) -> pd.DataFrame:
    """A gene table of a Wald test with p below 0.01 called; ids are ENSG00000000000.1 and so on."""
    p_value = 2 * norm.sf(np.abs(statistic))
    call = np.where(p_value < 0.01, np.where(statistic > 0, "up", "down"), "unchanged")
    return pd.DataFrame(
        {
            "gene_id": [f"ENSG{i:011d}.1" for i in range(len(names))],
            "gene_name": list(names),
            "base_mean": 100.0,
            "log2_fold_change": statistic / 3,
            "lfc_se": 1 / 3,
            "statistic": statistic,
            "p_value": p_value,
            "p_adjusted": p_value,
            "call": np.where(np.isnan(p_value), "untested", call),
        }
    )


def evidence(
    tests: Mapping[str, pd.DataFrame], log2: GeneMatrix | None = None, joint: Sequence[str] = ()
) -> StudyEvidence:
    """The study `made` with these gene tables; `joint` names those of likelihood-ratio tests."""
    contrasts = tuple(
        Contrast(
            id,
            label=id,
            kind=id.split(".")[0],
            model="conditions",
            weights={},
            jointly=(),
            samples=(),
            test="lrt" if id in joint else "wald",
            status="ok",
            reason="",
            scope="these_lines",
            lines=(),
        )
        for id in tests
    )
    design = StudyDesign("made", "cell_line", "DMSO", (), (), "", (), (), contrasts)
    samples = pd.DataFrame({"sample": log2.samples if log2 else []})
    return StudyEvidence("made", design, samples, tests, log2)
