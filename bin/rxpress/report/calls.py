"""How many genes got which call, contrast by contrast: the table behind the report's first words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rxpress.design.study_design import Contrast
from rxpress.report.palette import CALLS
from rxpress.report.results import Results, Study

WHAT = ("id", "label", "kind", "test", "scope", "status", "reason")


def call_table(results: Results) -> pd.DataFrame:
    """A row per contrast of every study: what it is, if it could be tested, how many genes got which call.

    `beyond_fold_change`: genes whose change beyond --fold_change is itself significant, by
    `p_adjusted_threshold`, NaN of joint tests, which do not ask that; `strongest`: called genes of smallest
    p-value; under a rule on raw p-values also `expected_false_positives`: how many genes would pass it by
    chance if none changed.
    """
    rows = []
    for study, contrast in planned_contrasts(results):
        row = {name: getattr(contrast, name) for name in WHAT}
        row |= {"study": study.name, "samples": len(contrast.samples)}
        if contrast.id in study.tests:
            row |= _count_calls(study.tests[contrast.id], results.alpha)
        rows.append(row | {"lines_agree": _lines_agree(study, contrast)})
    first = ["study", *WHAT, "samples"]
    counts = [
        "tested",
        "up",
        "down",
        "unchanged",
        "untested",
        "beyond_fold_change",
        "strongest",
        "lines_agree",
    ]
    table = pd.DataFrame(rows, columns=first + counts)
    if not results.raw_p_values:
        return table
    return table.assign(expected_false_positives=results.alpha * table["tested"].astype(float))


def planned_contrasts(results: Results) -> Iterator[tuple[Study, Contrast]]:
    """Every contrast of every study with expression, tested or not."""
    for study in results.with_expression:
        for contrast in study.design.contrasts if study.design else ():
            yield study, contrast


def _count_calls(genes: pd.DataFrame, alpha: float) -> dict[str, object]:
    called = genes[genes["call"].isin(("up", "down"))].sort_values("p_value", kind="stable")
    names = called["gene_name"] + called["call"].map({"up": "↑", "down": "↓"})
    beyond = genes["p_adjusted_threshold"]
    counts = {call: int((genes["call"] == call).sum()) for call in (*CALLS, "untested")}
    return {
        "tested": len(genes) - counts["untested"],
        **counts,
        "beyond_fold_change": int((beyond < alpha).sum()) if beyond.notna().any() else np.nan,
        "strongest": ", ".join(names.head(3)),
    }


def _lines_agree(study: Study, contrast: Contrast) -> object:
    """Share of an average's lines that agree in sign, the median over called genes; NaN for a single line."""
    rows = study.summary[study.summary["id"] == contrast.id]
    told = len(contrast.lines) > 1 and len(rows) and "lines_agree" in rows
    return rows["lines_agree"].iloc[0] if told else np.nan
