"""From the counts of one study to its tables: size factors, log expression, the fits, every contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rxpress.calls import CALLS, CallRule
from rxpress.cells import listing
from rxpress.deseq.glm import by_sample
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.errors import InputError, Problem
from rxpress.fit_choice import ChosenFit, choose_fit
from rxpress.fit_facts import call_facts, fit_facts, fit_warnings, method_facts
from rxpress.gene_tables import Testing, contrast_table
from rxpress.study_counts import StudyCounts
from rxpress.study_design import Contrast, StudyDesign
from rxpress.study_model import StudyModel
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
) -> StudyResults:
    """Fit each model of a study once and evaluate its contrasts.

    samples : the rows of the study's samples.tsv that belong to the columns of `counts`; fit : `study`,
    `cell_line` or `auto`. Log expression, size factors and the summary are always there; what cannot be
    tested has its reason.
    """
    factors = counts.normalization.factors
    expression, transformation = stabilize_variance(counts.values, factors, inference)
    untested = design.untested_because or why_untested(counts)
    facts = method_facts(counts, inference) | {"transformation": transformation, "untested_because": untested}
    tables = {"size_factors.tsv": size_factor_table(counts)}
    tested: dict[str, pd.DataFrame] = {}
    if not untested:
        found = [
            evaluate_model(counts, samples, model, asked, rule, inference, fit)
            for model, asked in models_to_fit(design, samples)
        ]
        tables["dispersions.tsv"] = join_dispersions(found)
        by_id = {id: table for one in found for id, table in one.tables.items()}
        tested = {c.id: by_id[c.id] for c in design.contrasts if c.id in by_id}
        facts |= join_facts(found) | call_facts(tested, rule)
        facts["genes_rescued"] = getattr(inference, "rescued", 0)
    tables |= {f"{contrast}.tsv": table for contrast, table in tested.items()}
    tables["summary.tsv"] = summary_table(design.contrasts, tested, untested)
    return StudyResults(replace(counts.genes, values=expression), tables, facts)


def models_to_fit(design: StudyDesign, samples: pd.DataFrame) -> list[tuple[StudyModel, list[Contrast]]]:
    """The models that contrasts need, with these. InputError when design and samples are not of one run."""
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
    return [(model, design.of_model(model)) for model in design.models if design.of_model(model)]


@dataclass(frozen=True)
class ModelResults:
    """What is kept of a model once its contrasts are evaluated; the fit itself is large."""

    name: str
    tables: dict[str, pd.DataFrame]
    dispersions: pd.DataFrame
    facts: dict[str, Any]


def evaluate_model(
    counts: StudyCounts,
    samples: pd.DataFrame,
    model: StudyModel,
    contrasts: Sequence[Contrast],
    rule: CallRule,
    inference: Inference,
    fit: str,
) -> ModelResults:
    """Fit one model on its samples and evaluate its contrasts."""
    own = counts.of_model(model)
    chosen = choose_fit(own, samples, model, contrasts, fit, inference)
    testing = Testing(own, chosen, rule, inference)
    facts = fit_facts(chosen) | {"warnings": fit_warnings(own, chosen, contrasts)}
    if own is not counts:
        sizes = own.normalization.size_factors.tolist()
        facts["sample_size_factors"] = dict(zip(own.samples, sizes, strict=True))
    return ModelResults(
        model.name,
        {contrast.id: contrast_table(testing, contrast) for contrast in contrasts},
        dispersion_table(own, chosen),
        facts,
    )


def join_facts(models: Sequence[ModelResults]) -> dict[str, Any]:
    """What fit.json says of the fits: of one at the top, of several under `models`, by name."""
    if len(models) == 1:
        return models[0].facts
    warnings = [text for one in models for text in one.facts["warnings"]]
    each = {one.name: {k: fact for k, fact in one.facts.items() if k != "warnings"} for one in models}
    return {"models": each, "warnings": list(dict.fromkeys(warnings))}


def why_untested(counts: StudyCounts) -> str:
    """Why no test is possible with the counts of the kept samples, or ''."""
    totals = np.sum(counts.values, axis=0)
    empty = [name for name, total in zip(counts.samples, totals, strict=True) if not total]
    if not counts.samples:
        return "no sample was kept"
    return f"no counts at all in {', '.join(empty)}" if empty else ""


def size_factor_table(counts: StudyCounts) -> pd.DataFrame:
    return pd.DataFrame({"sample": counts.samples, "size_factor": counts.normalization.size_factors})


def join_dispersions(models: Sequence[ModelResults]) -> pd.DataFrame:
    """The dispersions of all models, with the column `model` if there are several."""
    if len(models) == 1:
        return models[0].dispersions
    return pd.concat([one.dispersions.assign(model=one.name) for one in models], ignore_index=True)


def dispersion_table(counts: StudyCounts, chosen: ChosenFit) -> pd.DataFrame:
    """Dispersions, one row per gene; of fits by line, one per line and gene."""
    parts = []
    for line in chosen.fit.trends:
        first = int(np.argmax(chosen.lines == line))
        values = {
            name: by_sample(getattr(chosen.fit.genes, name))[:, first if chosen.kind == "cell_line" else 0]
            for name in ("gene_wise", "fitted", "final")
        }
        genes = {"gene_id": counts.genes.gene_ids, "gene_name": counts.genes.gene_names}
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
