"""Fold changes of targets by contrast, from ΔCt.

The contrast of ΔCt is ΔΔCt, and log2 fold change = -ΔΔCt: positive is up. Intervals are those of the test
(95 %, Student's t), on log2 and, as powers of 2, on the fold change. Where two conditions are compared there
is also the range of Livak and Schmittgen (2001): 2^-(ΔΔCt ± s) with s the standard deviation of ΔCt in the
upper condition, from its samples or, if it has one sample, from that sample's wells. It is no confidence
interval.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.qpcr.contrast_tests import LINES, PAIRED, WELCH, ContrastPlan, Evaluated, GroupTest, evaluate
from rxpress.qpcr.delta_ct import DOUBLING
from rxpress.qpcr.replicates import NOT_DETECTED
from rxpress.qpcr.study_qpcr import StudyQpcr

DDCT, PFAFFL, NO_TEST = "ddct", "pfaffl", "none"
LOST_LINES = "leaves out"
UNIT = {WELCH: "sample in a condition", PAIRED: "pair", LINES: "line on a side"}
COLUMNS = (
    "study",
    "contrast",
    "target",
    "method",
    "test",
    "delta_delta_ct",
    "delta_delta_ct_se",
    "log2_fold_change",
    "lfc_lower",
    "lfc_upper",
    "fold_change",
    "fold_lower",
    "fold_upper",
    "statistic",
    "df",
    "p_value",
    "p_adjusted",
    "samples_up",
    "samples_down",
    "range_sd",
    "range_lower",
    "range_upper",
    "note",
)


def fold_change_table(study: StudyQpcr) -> pd.DataFrame:
    """A row per contrast and target that is no reference gene; p adjusted over the targets of a contrast."""
    parts = []
    for plan in study.plans:
        rows = pd.DataFrame([_row(study, plan, target) for target in study.measured])
        if len(rows):
            parts.append(rows.assign(p_adjusted=benjamini_hochberg(rows["p_value"].to_numpy(float))))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _row(study: StudyQpcr, plan: ContrastPlan, target: str) -> dict[str, object]:
    values = study.by_library(study.delta.value, target)
    found = evaluate(plan, values)
    test = found.test if plan.testable else GroupTest(found.test.estimate)
    lfc, margin = 0.0 - test.estimate, test.margin
    spread = _range_sd(plan, values, study.by_library(study.delta.sd, target))
    return {
        "study": study.study,
        "contrast": plan.id,
        "target": target,
        "method": _method(study, target),
        "test": plan.test if np.isfinite(test.p_value) else NO_TEST,
        "delta_delta_ct": test.estimate,
        "delta_delta_ct_se": test.error,
        "log2_fold_change": lfc,
        "lfc_lower": lfc - margin,
        "lfc_upper": lfc + margin,
        "fold_change": 2.0**lfc,
        "fold_lower": 2.0 ** (lfc - margin),
        "fold_upper": 2.0 ** (lfc + margin),
        "statistic": -test.statistic,
        "df": test.df,
        "p_value": test.p_value,
        "samples_up": found.up,
        "samples_down": found.down,
        "range_sd": spread,
        "range_lower": 2.0 ** (lfc - spread),
        "range_upper": 2.0 ** (lfc + spread),
        "note": "; ".join(_notes(study, plan, target, found)) or None,
    }


def _method(study: StudyQpcr, target: str) -> str:
    """`ddct` when target and references double in each cycle, otherwise `pfaffl`."""
    rows = [i for i, name in enumerate(study.replicates.targets) if name in (target, *study.references)]
    return DDCT if (study.factors[rows] == DOUBLING).all() else PFAFFL


def _range_sd(plan: ContrastPlan, values: dict[str, float], well_sds: dict[str, float]) -> float:
    """s of the range: SD of ΔCt in the upper one of two conditions; NaN for other contrasts."""
    if plan.test != WELCH or sorted(plan.weights.values()) != [-1.0, 1.0]:
        return np.nan
    upper = max(plan.weights, key=lambda name: plan.weights[name])
    own = [
        library
        for sample, condition in plan.conditions.items()
        for library in plan.libraries[sample]
        if condition == upper and np.isfinite(values.get(library, np.nan))
    ]
    if len(own) == 1:
        return well_sds[own[0]]
    return float(np.std([values[name] for name in own], ddof=1)) if own else np.nan


def _notes(study: StudyQpcr, plan: ContrastPlan, target: str, found: Evaluated) -> list[str]:
    """Why there is no estimate or no test, and what a fold change does not show."""
    notes = []
    if found.lost_lines:
        notes.append(f"{LOST_LINES} {listing(found.lost_lines)}, without ΔCt in one of its conditions")
    if plan.note:
        notes.append(plan.note)
    if found.missing:
        notes.append(f"no ΔCt{' of a pair' * (plan.test == PAIRED)} in {listing(found.missing)}")
    elif plan.testable and np.isnan(found.test.p_value):
        few = f"one {UNIT[plan.test]}" if found.smallest < 2 else "values do not vary"
        notes.append(f"no test: {few}")
    row = study.replicates.targets.index(target)
    place = {name: j for j, name in enumerate(study.replicates.samples)}
    members = [name for name in plan.members() if name in place]
    silent = [name for name in members if study.replicates.state(row, place[name]) == NOT_DETECTED]
    if silent:
        notes.append(f"not detected in {len(silent)} of {len(members)} samples: {listing(silent)}")
    return notes
