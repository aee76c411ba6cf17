"""From the models of a study to its results: tables by file name, and the facts of fit.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.differential.calls import CALLS, CallRule
from rxpress.differential.fit_facts import call_facts
from rxpress.errors import InputError, Problem
from rxpress.tables import GeneMatrix


@dataclass(frozen=True)
class StudyResults:
    """A study's log2 expression, its tables by file name, and facts of the fit for fit.json."""

    expression: GeneMatrix
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]


@dataclass(frozen=True)
class ModelResults:
    """What is kept of a model once its contrasts are evaluated; the fit itself is large.

    tables : {contrast: gene table}; more : the model's part of tables by file name; facts : for fit.json.
    """

    name: str
    tables: dict[str, pd.DataFrame]
    more: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def gather_results(
    design: StudyDesign, models: Sequence[ModelResults], rule: CallRule, untested: str
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The tables of a study, with its summary, and the facts of its fits; untested : why there are none."""
    by_id = {id: table for one in models for id, table in one.tables.items()}
    tested = {c.id: by_id[c.id] for c in design.contrasts if c.id in by_id}
    tables = join_tables(models) | {f"{contrast}.tsv": table for contrast, table in tested.items()}
    tables["summary.tsv"] = summary_table(design.contrasts, tested, untested)
    return tables, {} if untested else join_facts(models) | call_facts(tested, rule)


def check_design(design: StudyDesign, samples: pd.DataFrame) -> None:
    """InputError when contrasts.json and samples.tsv are not of one run."""
    kept = set(samples["sample"])
    unknown = set()
    for model in design.models:
        unknown |= {x for sample in model.conditions for x in model.libraries_of(sample)} - kept
        if not model.formula:
            asked = {name for c in design.of_model(model) for weights in c.all_weights for name in weights}
            unknown |= asked - set(model.conditions.values())
    if unknown:
        what = f"contrasts.json speaks of what samples.tsv does not keep: {listing(sorted(unknown))}"
        raise InputError(Problem(what, "give both as design_contrasts.py wrote them"))


def join_facts(models: Sequence[ModelResults]) -> dict[str, Any]:
    """What fit.json says of the fits: of one at the top, of several under `models`, by name."""
    if len(models) == 1:
        return models[0].facts
    warnings = [text for one in models for text in one.facts["warnings"]]
    each = {one.name: {k: fact for k, fact in one.facts.items() if k != "warnings"} for one in models}
    return {"models": each, "warnings": list(dict.fromkeys(warnings))}


def join_tables(models: Sequence[ModelResults]) -> dict[str, pd.DataFrame]:
    """The tables of all models by file name; dispersions with the column `model` if there are several."""
    parts = [dict(one.more) for one in models]
    for one, part in zip(models, parts, strict=True):
        if len(models) > 1 and "dispersions.tsv" in part:
            part["dispersions.tsv"] = part["dispersions.tsv"].assign(model=one.name)
    names = parts[0] if parts else ()
    return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in names}


def summary_table(
    contrasts: Sequence[Contrast], tested: dict[str, pd.DataFrame], untested: str
) -> pd.DataFrame:
    """One row per contrast: status, numbers of genes by call, and the share of lines that agree in sign.

    `lines_agree` is the median of that share over the called genes.
    """
    rows = []
    for contrast in contrasts:
        row = {name: getattr(contrast, name) for name in ("id", "label", "kind", "scope", "status", "reason")}
        if contrast.status == "ok" and untested:
            row |= {"status": "not_estimable", "reason": untested}
        if contrast.id in tested:
            row |= _counts_of_calls(tested[contrast.id])
        rows.append(row)
    columns = ("id", "label", "kind", "scope", "status", "reason", "tested", *CALLS, "lines_agree")
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("tested", *CALLS), "Int64"))


def _counts_of_calls(table: pd.DataFrame) -> dict[str, float]:
    calls = {call: int((table["call"] == call).sum()) for call in CALLS}
    called = table[table["call"].isin(("up", "down"))]
    agree = (called["lines_same_sign"] / called["lines"]).median() if "lines" in table else np.nan
    return {"tested": len(table) - calls["untested"], **calls, "lines_agree": agree}
