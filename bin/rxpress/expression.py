"""From the counts of one study to its tables: size factors, log expression, the fits, every contrast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rxpress.calls import CALLS, CallRule
from rxpress.cells import listing
from rxpress.deseq.glm import by_sample
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.errors import InputError, Problem
from rxpress.fit_choice import choose_fit
from rxpress.fit_facts import call_facts, fit_facts, fit_warnings, method_facts
from rxpress.gene_tables import Testing, class_table, contrast_table
from rxpress.limma_tables import limma_tables
from rxpress.model_data import ModelData
from rxpress.second_opinion import second_opinion
from rxpress.study_counts import StudyCounts
from rxpress.study_design import Contrast, StudyDesign
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
        models = {m.name: ModelData.of(m, counts, samples) for m in design.models if design.of_model(m)}
        asked = [contrast for contrast in design.contrasts if contrast.status == "ok"]
        of_samples = [contrast for contrast in asked if contrast.test != "moderated_t"]
        over_lines = {c.id: class_table(models[c.model], c, rule) for c in asked if c not in of_samples}
        fits = fit_models(models, design, rule, inference, fit)
        by_deseq2 = {c.id: contrast_table(fits[c.model], c) for c in of_samples}
        by_limma = limma_tables(models, of_samples, rule, by_line=fit != "study")
        tested = over_lines | (by_limma if method == "limma" else by_deseq2)
        tables |= {"dispersions.tsv": dispersion_table(fits)} | second_opinion(by_deseq2, by_limma)
        facts |= {"method": method} | facts_of_models(fits, design) | call_facts(tested, rule)
        facts["genes_rescued"] = getattr(inference, "rescued", 0)
    tables |= {f"{contrast}.tsv": table for contrast, table in tested.items()}
    tables["summary.tsv"] = summary_table(design.contrasts, tested, untested)
    return StudyResults(replace(counts.genes, values=expression), tables, facts)


def fit_models(
    models: Mapping[str, ModelData], design: StudyDesign, rule: CallRule, inference: Inference, fit: str
) -> dict[str, Testing]:
    """The fits of models, by name."""
    return {
        name: Testing(data, choose_fit(data, design.of_model(data.model), fit, inference), rule, inference)
        for name, data in models.items()
    }


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


def facts_of_models(models: Mapping[str, Testing], design: StudyDesign) -> dict[str, Any]:
    """What fit.json says of the fits: of one at the top, of several under `models`, by name."""
    each = {
        name: fit_facts(one.data, one.chosen)
        | {"warnings": fit_warnings(one.data, one.chosen, design.of_model(one.data.model))}
        for name, one in models.items()
    }
    if len(each) == 1:
        return next(iter(each.values()))
    warnings = [text for facts in each.values() for text in facts.pop("warnings")]
    for name, one in models.items():
        counts = one.data.counts
        sizes = zip(counts.samples, counts.normalization.size_factors.tolist(), strict=True)
        each[name]["size_factors"] = dict(sizes)
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


def dispersion_table(models: Mapping[str, Testing]) -> pd.DataFrame:
    """Dispersions, one row per gene; of fits by line and of several models one per line or model and gene."""
    parts = []
    for name, one in models.items():
        own = _dispersions_of(one)
        parts.append(own.assign(model=name) if len(models) > 1 else own)
    return pd.concat(parts, ignore_index=True)


def _dispersions_of(one: Testing) -> pd.DataFrame:
    chosen, genes = one.chosen, one.data.counts.genes
    parts = []
    for line in chosen.fit.trends:
        first = int(np.argmax(one.data.lines == line))
        values = {
            name: by_sample(getattr(chosen.fit.genes, name))[:, first if chosen.kind == "cell_line" else 0]
            for name in ("gene_wise", "fitted", "final")
        }
        names = {"gene_id": genes.gene_ids, "gene_name": genes.gene_names}
        part = pd.DataFrame({**names, "base_mean": chosen.fit.base_means, **values})
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
