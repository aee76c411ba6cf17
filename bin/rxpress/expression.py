"""From the counts of one study to its tables: size factors, log expression, one fit, every contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rxpress.calls import CALLS, CallRule, gene_table
from rxpress.contrasts import Contrast, StudyDesign, coefficient_vector, design_matrix
from rxpress.deseq.contrast import evaluate_contrast
from rxpress.deseq.glm import by_sample
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.fit_choice import ChosenFit, choose_fit
from rxpress.fit_facts import call_facts, fit_facts, fit_warnings, method_facts
from rxpress.second_opinion import second_opinion, voom_tables
from rxpress.study_counts import StudyCounts
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
    """Fit a study once and evaluate all its contrasts.

    samples : the rows of the study's samples.tsv that belong to the columns of `counts`; fit : `study`,
    `cell_line` or `auto`; method : `deseq2` or `limma`, whose tables are the result; the other one gives a
    second opinion. Log expression, size factors and the summary are always there; what cannot be tested has
    its reason.
    """
    factors = counts.normalization.factors
    expression, transformation = stabilize_variance(counts.values, factors, inference)
    untested = design.untested_because or why_untested(counts, samples, design)
    facts = method_facts(counts, inference) | {"transformation": transformation, "untested_because": untested}
    tables = {"size_factors.tsv": size_factor_table(counts)}
    tested: dict[str, pd.DataFrame] = {}
    if not untested:
        asked = [contrast for contrast in design.contrasts if contrast.status == "ok"]
        chosen = choose_fit(counts, samples, design, fit, inference)
        by_deseq2 = {c.id: contrast_table(counts, chosen, c, rule, inference) for c in asked}
        by_limma = limma_tables(counts, chosen, asked, rule, by_line=fit != "study")
        tested = by_limma if method == "limma" else by_deseq2
        tables["dispersions.tsv"] = dispersion_table(counts, chosen)
        tables |= second_opinion(by_deseq2, by_limma)
        facts |= fit_facts(chosen, inference) | call_facts(tested, rule)
        facts |= {"method": method, "warnings": fit_warnings(counts, chosen, asked)}
    tables |= {f"{contrast}.tsv": table for contrast, table in tested.items()}
    tables["summary.tsv"] = summary_table(design.contrasts, tested, untested)
    return StudyResults(replace(counts.genes, values=expression), tables, facts)


def limma_tables(
    counts: StudyCounts, chosen: ChosenFit, contrasts: Sequence[Contrast], rule: CallRule, by_line: bool
) -> dict[str, pd.DataFrame]:
    """The gene tables of the contrasts by limma-voom on the design of a fit, `by_line` with a trend each."""
    vectors = {c.id: coefficient_vector(c.weights, chosen.coefficients) for c in contrasts}
    parts = {
        c.id: np.array([coefficient_vector(part.weights, chosen.coefficients) for part in c.lines])
        for c in contrasts
        if c.lines
    }
    lines = chosen.lines if by_line else None
    return voom_tables(counts, chosen.fit.design.matrix, vectors, rule, parts, lines)


def why_untested(counts: StudyCounts, samples: pd.DataFrame, design: StudyDesign) -> str:
    """Why no test is possible with the counts and rows of the kept samples, or ''."""
    totals = np.sum(counts.values, axis=0)
    empty = [name for name, total in zip(counts.samples, totals, strict=True) if not total]
    if not counts.samples:
        return "no sample was kept"
    if empty:
        return f"no counts at all in {', '.join(empty)}"
    coefficients = len(design_matrix(samples, design)[1])
    if len(samples) <= coefficients:
        return f"no replicates: {len(samples)} samples for {coefficients} coefficients"
    return ""


def contrast_table(
    counts: StudyCounts, chosen: ChosenFit, contrast: Contrast, rule: CallRule, inference: Inference
) -> pd.DataFrame:
    """The results of a contrast, one row per gene; for averages also how many of its lines share the sign."""
    fit, coefficients = chosen.fit, chosen.coefficients
    vector = coefficient_vector(contrast.weights, coefficients)
    test = evaluate_contrast(fit, vector, inference, rule.alpha, rule.threshold)
    table = gene_table(counts.genes, fit.base_means, test, rule)
    if not contrast.lines:
        return table
    parts = np.array([coefficient_vector(part.weights, coefficients) for part in contrast.lines])
    same = np.sign(fit.genes.coefficients @ parts.T) == np.sign(test.estimate)[:, None]
    return table.assign(lines_same_sign=same.sum(axis=1), lines=len(parts))


def size_factor_table(counts: StudyCounts) -> pd.DataFrame:
    return pd.DataFrame({"sample": counts.samples, "size_factor": counts.normalization.size_factors})


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
