"""The qPCR of a run: every study that has wells, by the contrasts of its design, beside its expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.contrasts import design_studies
from rxpress.design.conditions import find_conditions
from rxpress.design.study_design import StudyDesign
from rxpress.errors import InputError, Problem
from rxpress.qpcr.analysis import QpcrRules, analyze_qpcr
from rxpress.qpcr.concordance import compare_with_expression, read_expression_study
from rxpress.qpcr.ct_table import CtTable
from rxpress.tables import read_json

DEFAULT_STUDY = "study"


@dataclass(frozen=True)
class QpcrRun:
    """Tables by file name, rows study by study, and a summary by study."""

    tables: dict[str, pd.DataFrame]
    summary: dict[str, Any]


def with_study_and_kept(samples: pd.DataFrame) -> pd.DataFrame:
    """Rows of samples.tsv with `study` and `kept` filled: before DESIGN_CONTRASTS nothing is left out."""
    studies = samples.get("study", pd.Series(DEFAULT_STUDY, samples.index)).fillna(DEFAULT_STUDY)
    kept = samples.get("kept", pd.Series(True, samples.index)).astype(bool)
    return samples.assign(study=studies.astype(str), kept=kept, sample=samples["sample"].astype(str))


def find_designs(
    samples: pd.DataFrame, contrasts: Sequence[Path], differential: Sequence[Path], vehicle: str
) -> dict[str, StudyDesign]:
    """The design of each study: of `contrasts`, else of the folders that have the study, else derived.

    samples : as `with_study_and_kept` makes them; contrasts : files contrasts.json, whose studies are then
    the only ones. InputError for a file whose study has no sample.
    """
    studies = list(dict.fromkeys(samples["study"]))
    files = contrasts or [folder / "contrasts.json" for folder in differential]
    found = [StudyDesign.from_json(read_json(path)) for path in files if contrasts or path.exists()]
    designs = {design.study: design for design in found if design.study in studies}
    strange = [design.study for design in found if design.study not in studies]
    if contrasts and strange:
        what = f"contrasts are of study '{strange[0]}', of which --samples has no sample"
        raise InputError(Problem(what, "give both of the same studies", "--contrasts"))
    others = samples[~samples["study"].isin(list(designs))]
    return designs if contrasts or others.empty else {**designs, **design_studies(others, vehicle)}


def analyze_run(
    table: CtTable,
    samples: pd.DataFrame,
    designs: Mapping[str, StudyDesign],
    references: Sequence[str],
    rules: QpcrRules,
    differential: Sequence[Path] = (),
) -> QpcrRun:
    """Analyse each study that has a design, and hold its fold changes against gene tables.

    samples : as `with_study_and_kept` makes them; differential : folders with the gene tables of studies.
    """
    study_of = dict(zip(samples["sample"], samples["study"], strict=True))
    there = {study_of.get(well.sample) for well in table.wells}
    results = {}
    for name in [name for name in designs if name in there] or designs:
        design, rows = designs[name], samples[samples["study"] == name]
        rows = rows.assign(condition=find_conditions(rows, design.vehicle)[1])
        others = {sample: study for sample, study in study_of.items() if study != name}
        results[name] = analyze_qpcr(table, rows, design, references, rules, others)
    tables = {
        file: pd.concat([result.tables[file] for result in results.values()], ignore_index=True)
        for file in next(iter(results.values())).tables
    }
    tables["wells"] = _each_line_once(tables["wells"])
    changes = tables["fold_changes"]
    expression = [read_expression_study(folder, changes["contrast"].tolist()) for folder in differential]
    pairs, summary = compare_with_expression(changes, expression, rules.alpha)
    tables |= {"concordance": pairs, "concordance_summary": summary}
    return QpcrRun(tables, {"studies": {name: result.summary for name, result in results.items()}})


def _each_line_once(wells: pd.DataFrame) -> pd.DataFrame:
    """The wells of several studies, each under the study that has its sample."""
    foreign = wells["reason"].fillna("").str.startswith("of study ")
    order = wells.assign(foreign=foreign).sort_values(["line", "foreign"], kind="stable")
    return order.drop_duplicates("line").drop(columns="foreign").reset_index(drop=True)
