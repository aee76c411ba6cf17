"""From the counts of one study to its tables: size factors, log expression, the fits, every contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rxpress.deseq.glm import by_sample
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.differential.calls import CallRule
from rxpress.differential.fit_choice import ChosenFit, choose_fit
from rxpress.differential.fit_facts import fit_facts, fit_warnings, method_facts
from rxpress.differential.gene_tables import Testing, class_table, contrast_table
from rxpress.differential.linear_tables import linear_tables
from rxpress.differential.model_data import CountData
from rxpress.differential.second_opinion import second_opinion
from rxpress.differential.study_counts import StudyCounts
from rxpress.differential.study_results import ModelResults, StudyResults, check_design, gather_results
from rxpress.differential.weighed_counts import voom_data

if TYPE_CHECKING:
    from pydeseq2.inference import Inference


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
    found = []
    if not untested:
        check_design(design, samples)
        wanted = Wanted(rule, inference, fit, method)
        found = [
            evaluate_model(CountData.of(model, counts, samples), design.of_model(model), wanted)
            for model in design.models
            if design.of_model(model)
        ]
        facts |= {"method": method, "genes_rescued": getattr(inference, "rescued", 0)}
    tables, more = gather_results(design, found, rule, untested)
    tables["size_factors.tsv"] = size_factor_table(counts)
    facts |= more
    return StudyResults(replace(counts.genes, values=expression), tables, facts)


@dataclass(frozen=True)
class Wanted:
    """How contrasts are to be tested and judged; the fields are those of `analyze_study`."""

    rule: CallRule
    inference: Inference
    fit: str
    method: str


def evaluate_model(data: CountData, contrasts: Sequence[Contrast], wanted: Wanted) -> ModelResults:
    """Fit one model and evaluate its contrasts by both methods, and those over lines."""
    rule = wanted.rule
    of_samples = [contrast for contrast in contrasts if contrast.test != "moderated_t"]
    chosen = choose_fit(data, contrasts, wanted.fit, wanted.inference)
    testing = Testing(data, chosen, rule, wanted.inference)
    by_deseq2 = {c.id: contrast_table(testing, c) for c in of_samples}
    weighed = voom_data(data, by_line=wanted.fit != "study")
    by_limma = linear_tables(data, weighed, of_samples, rule)
    over_lines = {c.id: class_table(data, c, rule) for c in contrasts if c not in of_samples}
    facts, tables = fit_facts(data, chosen), by_deseq2
    if wanted.method == "limma":
        tables = by_limma
        facts = {"model": facts["model"], **weighed.facts(), "second_opinion": facts}
    return ModelResults(
        data.model.name,
        over_lines | tables,
        {"dispersions.tsv": dispersion_table(data, chosen)} | second_opinion(by_deseq2, by_limma),
        facts | {"warnings": fit_warnings(data, chosen, contrasts)},
    )


def why_untested(counts: StudyCounts) -> str:
    """Why no test is possible with the counts of the kept samples, or ''."""
    totals = np.sum(counts.values, axis=0)
    empty = [name for name, total in zip(counts.samples, totals, strict=True) if not total]
    if not counts.samples:
        return "no sample was kept"
    return f"no counts at all in {', '.join(empty)}" if empty else ""


def size_factor_table(counts: StudyCounts) -> pd.DataFrame:
    return pd.DataFrame({"sample": counts.samples, "size_factor": counts.normalization.size_factors})


def dispersion_table(data: CountData, chosen: ChosenFit) -> pd.DataFrame:
    """Dispersions, one row per gene; of fits by line, one per line and gene."""
    parts = []
    for line in chosen.fit.trends:
        first = int(np.argmax(data.lines == line)) if chosen.kind == "cell_line" else 0
        values = {
            name: by_sample(getattr(chosen.fit.genes, name))[:, first]
            for name in ("gene_wise", "fitted", "final")
        }
        genes = {"gene_id": data.genes.gene_ids, "gene_name": data.genes.gene_names}
        part = pd.DataFrame({**genes, "base_mean": chosen.fit.base_means, **values})
        parts.append(part.assign(cell_line=line) if chosen.kind == "cell_line" else part)
    return pd.concat(parts, ignore_index=True)
