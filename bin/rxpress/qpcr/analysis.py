"""The qPCR of one study: wells → replicates → ΔCt → fold changes by contrast, and how far references hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.design.study_design import StudyDesign
from rxpress.qpcr.contrast_plans import plan_contrasts
from rxpress.qpcr.ct_table import CtTable
from rxpress.qpcr.delta_ct import DOUBLING, delta_ct
from rxpress.qpcr.fold_changes import fold_change_table
from rxpress.qpcr.reference_genes import reference_table
from rxpress.qpcr.replicates import (
    MAX_CT,
    MAX_CT_SD,
    NOT_MEASURED,
    JudgedWell,
    describe_replicates,
    group_wells,
    join_replicates,
    judge_wells,
)
from rxpress.qpcr.study_qpcr import StudyQpcr


@dataclass(frozen=True)
class QpcrRules:
    """max_ct_sd : beyond it replicates are flagged; max_ct : a Ct above is none; alpha : for warnings."""

    max_ct_sd: float = MAX_CT_SD
    max_ct: float = MAX_CT
    alpha: float = 0.05


@dataclass(frozen=True)
class QpcrResults:
    """Tables by file name, and a summary: what was measured, notes and warnings."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)


def analyze_qpcr(
    table: CtTable,
    samples: pd.DataFrame,
    design: StudyDesign,
    references: Sequence[str],
    rules: QpcrRules,
    others: Mapping[str, str] | None = None,
) -> QpcrResults:
    """Analyse the wells of one study.

    samples : rows of its samples.tsv, `kept` as booleans; references : names of reference genes; others :
    {sample: study} of samples of other studies, whose wells are left to these.
    """
    kept = dict(zip(samples["sample"].astype(str), samples["kept"].astype(bool), strict=True))
    judged = judge_wells(table, kept, others or {}, rules.max_ct)
    replicates = join_replicates(judged, list(kept))
    plans, notes = plan_contrasts(design, samples)
    if not plans and design.untested_because:
        notes = [design.untested_because]
    factors, unlike = _factors(table, replicates.targets)
    whole = set(references) <= set(replicates.targets)
    rows = [replicates.targets.index(gene) for gene in references] if whole else []
    delta = delta_ct(replicates.mean, replicates.sd, replicates.wells, factors, rows)
    study = StudyQpcr(design.study, replicates, delta, list(references), factors, plans)
    of_references, warnings = reference_table(study, rules.alpha)
    tables = {
        "wells": _wells(design.study, judged),
        "replicates": _replicates(study, judged, rules.max_ct_sd),
        "delta_ct": _delta_ct(study, design, samples),
        "references": of_references,
        "fold_changes": fold_change_table(study),
    }
    summary = _summary(study, judged, [*unlike, *notes], warnings, tables)
    labels = {contrast.id: contrast.label for contrast in design.contrasts}
    summary["labels"] = {plan.id: labels.get(plan.id, plan.id) for plan in plans}
    return QpcrResults(tables, summary)


def _factors(table: CtTable, targets: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Factor of amplification of each target, and a note on those that are taken to double."""
    given = {w.target: w.efficiency for w in table.wells if w.efficiency is not None and not w.control}
    lacking = [target for target in targets if target not in given]
    note = f"no efficiency is given for {listing(lacking)}: taken to double in each cycle"
    factors = np.array([given.get(target, DOUBLING) for target in targets], dtype=float)
    return factors, [note] if given and lacking else []


def _wells(study: str, judged: Iterable[JudgedWell]) -> pd.DataFrame:
    """A row per line of the table, and what became of it."""
    rows = [
        {
            "study": study,
            "line": item.well.line,
            "sample": item.well.sample or None,
            "target": item.well.target or None,
            "ct": item.well.ct,
            "efficiency": item.well.efficiency,
            "replicate": item.well.replicate or None,
            "well": item.well.well or None,
            "task": item.well.task or None,
            "used": "true" if item.used else "false",
            "reason": item.reason or None,
        }
        for item in judged
    ]
    return pd.DataFrame(rows)


def _replicates(study: StudyQpcr, judged: Sequence[JudgedWell], max_sd: float) -> pd.DataFrame:
    """A row per sample and target, references too, in the order of the table."""
    of = study.replicates
    row = {target: i for i, target in enumerate(of.targets)}
    column = {sample: j for j, sample in enumerate(of.samples)}
    rows = []
    for (target, sample), group in group_wells(judged).items():
        place = row[target], column[sample]
        flag, outlying = describe_replicates(group, max_sd)
        numbers = (of.mean[place], of.sd[place], of.wells[place], of.silent[place])
        rows.append((study.study, sample, target, *numbers, flag or None, outlying or None))
    names = ["study", "sample", "target", "mean_ct", "sd_ct", "wells", "wells_without_ct", "flag", "outlying"]
    return pd.DataFrame(rows, columns=names)


def _delta_ct(study: StudyQpcr, design: StudyDesign, samples: pd.DataFrame) -> pd.DataFrame:
    """A row per kept sample and target that is no reference gene, with the state of the target there."""
    names = samples["sample"].astype(str)
    condition_of = dict(zip(names, samples.get("condition", names), strict=True))
    replicates, delta = study.replicates, study.delta
    rows = []
    for j, sample in enumerate(replicates.samples):
        lacking = [
            gene
            for gene in study.references
            if gene not in replicates.targets or not replicates.wells[replicates.targets.index(gene), j]
        ]
        for target in study.measured:
            i = replicates.targets.index(target)
            state = replicates.state(i, j)
            if lacking and state != NOT_MEASURED:
                state = f"no Ct of {listing(lacking)}"
            row = {
                "study": study.study,
                "sample": sample,
                "condition": condition_of[sample],
                "target": target,
            }
            row |= {"mean_ct": replicates.mean[i, j], "reference_ct": delta.reference[j]}
            row |= {"delta_ct": delta.value[i, j], "delta_ct_sd": delta.sd[i, j]}
            rows.append(row | {"delta_ct_se": delta.se[i, j], "state": state})
    names_of = ["study", "sample", "condition", "target", "mean_ct", "reference_ct", "delta_ct"]
    return pd.DataFrame(rows, columns=[*names_of, "delta_ct_sd", "delta_ct_se", "state"])


def _summary(
    study: StudyQpcr,
    judged: Sequence[JudgedWell],
    notes: Sequence[str],
    warnings: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """What was measured and done, for readers and the report."""
    replicates = tables["replicates"]
    silent = replicates[replicates["wells"] == 0]
    not_detected = {
        str(target): rows["sample"].tolist() for target, rows in silent.groupby("target", sort=False)
    }
    spread = replicates[replicates["flag"].fillna("").str.contains("SD above")]
    without = set(tables["delta_ct"].loc[tables["delta_ct"]["state"].str.startswith("no Ct of"), "sample"])
    return {
        "study": study.study,
        "reference_genes": study.references,
        "targets": study.measured,
        "samples": study.replicates.samples,
        "wells": len(judged),
        "wells_used": sum(item.used for item in judged),
        "replicates_over_max_sd": len(spread),
        "not_detected": not_detected,
        "samples_without_reference": [s for s in study.replicates.samples if s in without],
        "contrasts": [plan.id for plan in study.plans],
        "notes": list(notes),
        "warnings": list(warnings),
    }
