"""From the counts of one study to its tables: size factors, log expression, the fits, every contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.deseq.glm import by_sample
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.differential.calls import CALLS, CallRule
from rxpress.differential.fit_choice import ChosenFit, choose_fit
from rxpress.differential.fit_facts import call_facts, fit_facts, fit_warnings, method_facts
from rxpress.differential.gene_tables import Testing, class_table, contrast_table
from rxpress.differential.limma_tables import limma_tables
from rxpress.differential.model_data import ModelData
from rxpress.differential.second_opinion import second_opinion
from rxpress.differential.study_counts import StudyCounts
from rxpress.errors import InputError, Problem
from rxpress.tables import GeneMatrix

if TYPE_CHECKING:
    from pydeseq2.inference import Inference


@dataclass(frozen=True)
class StudyResults:
    """A study's log2 expression, its tables by file name, and facts of the fit for fit.json."""

    expression: GeneMatrix
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def analyze_study(
    counts: StudyCounts,
    samples: pd.DataFrame,
    design: StudyDesign,
    rule: CallRule,
    inference: Inference,
    fit: str = "study",
    method: str = "deseq2",
) -> StudyResults:
    """Fit each model of a study once and evaluate its contrasts.

    samples : the rows of the study's samples.tsv that belong to the columns of `counts`; fit : `study`,
    `cell_line` or `auto`; method : `deseq2` or `limma`, whose tables are the result; the other one gives a
    second opinion. Log expression, size factors and the summary are always there; what cannot be tested has
    its reason.
    """
    factors = counts.normalization.factors
    expression, transformation = stabilize_variance(counts.values, factors, inference)
    untested = design.untested_because or why_untested(counts)
    facts = method_facts(counts, inference) | {"transformation": transformation, "untested_because": untested}
    tables = {"size_factors.tsv": size_factor_table(counts)}
    tested: dict[str, pd.DataFrame] = {}
    if not untested:
        check_design(design, samples)
        wanted = Wanted(rule, inference, fit, method)
        found = [
            evaluate_model(ModelData.of(model, counts, samples), design.of_model(model), wanted)
            for model in design.models
            if design.of_model(model)
        ]
        by_id = {id: table for one in found for id, table in one.tables.items()}
        tested = {c.id: by_id[c.id] for c in design.contrasts if c.id in by_id}
        tables |= join_tables(found)
        facts |= {"method": method} | join_facts(found) | call_facts(tested, rule)
        facts["genes_rescued"] = getattr(inference, "rescued", 0)
    tables |= {f"{contrast}.tsv": table for contrast, table in tested.items()}
    tables["summary.tsv"] = summary_table(design.contrasts, tested, untested)
    return StudyResults(replace(counts.genes, values=expression), tables, facts)


@dataclass(frozen=True)
class Wanted:
    """How contrasts are to be tested and judged; the fields are those of `analyze_study`."""

    rule: CallRule
    inference: Inference
    fit: str
    method: str


@dataclass(frozen=True)
class ModelResults:
    """What is kept of a model once its contrasts are evaluated; the fit itself is large.

    tables : {contrast: gene table}; more : the model's part of tables by file name; facts : for fit.json.
    """

    name: str
    tables: dict[str, pd.DataFrame]
    more: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def evaluate_model(data: ModelData, contrasts: Sequence[Contrast], wanted: Wanted) -> ModelResults:
    """Fit one model and evaluate its contrasts by both methods, and those over lines."""
    rule = wanted.rule
    of_samples = [contrast for contrast in contrasts if contrast.test != "moderated_t"]
    chosen = choose_fit(data, contrasts, wanted.fit, wanted.inference)
    testing = Testing(data, chosen, rule, wanted.inference)
    by_deseq2 = {c.id: contrast_table(testing, c) for c in of_samples}
    by_limma = limma_tables(data, of_samples, rule, by_line=wanted.fit != "study")
    over_lines = {c.id: class_table(data, c, rule) for c in contrasts if c not in of_samples}
    return ModelResults(
        data.model.name,
        over_lines | (by_limma if wanted.method == "limma" else by_deseq2),
        {"dispersions.tsv": dispersion_table(data, chosen)} | second_opinion(by_deseq2, by_limma),
        fit_facts(data, chosen) | {"warnings": fit_warnings(data, chosen, contrasts)},
    )


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
    if len(models) > 1:
        for one, part in zip(models, parts, strict=True):
            part["dispersions.tsv"] = part["dispersions.tsv"].assign(model=one.name)
    return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}


def why_untested(counts: StudyCounts) -> str:
    """Why no test is possible with the counts of the kept samples, or ''."""
    totals = np.sum(counts.values, axis=0)
    empty = [name for name, total in zip(counts.samples, totals, strict=True) if not total]
    if not counts.samples:
        return "no sample was kept"
    return f"no counts at all in {', '.join(empty)}" if empty else ""


def size_factor_table(counts: StudyCounts) -> pd.DataFrame:
    return pd.DataFrame({"sample": counts.samples, "size_factor": counts.normalization.size_factors})


def dispersion_table(data: ModelData, chosen: ChosenFit) -> pd.DataFrame:
    """Dispersions, one row per gene; of fits by line, one per line and gene."""
    parts = []
    for line in chosen.fit.trends:
        first = int(np.argmax(data.lines == line)) if chosen.kind == "cell_line" else 0
        values = {
            name: by_sample(getattr(chosen.fit.genes, name))[:, first]
            for name in ("gene_wise", "fitted", "final")
        }
        genes = {"gene_id": data.counts.genes.gene_ids, "gene_name": data.counts.genes.gene_names}
        part = pd.DataFrame({**genes, "base_mean": chosen.fit.base_means, **values})
        parts.append(part.assign(cell_line=line) if chosen.kind == "cell_line" else part)
    return pd.concat(parts, ignore_index=True)


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
