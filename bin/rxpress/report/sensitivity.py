"""Sensitivity as a number: genes whose expression or response follows the IC50 of the lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rxpress.report.findings import of_study
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, column, table, unique
from rxpress.report.topics import SENSITIVITY

TOP = 25
MEASURES = {"ic50_nM": "log10 IC50", "auc": "AUC"}
QUESTIONS = {"baseline": "Expression of untreated lines", "drug": "Response to the drug"}


def sensitivity_sections(results: Results) -> list[Section]:
    """The first genes of each study, measure and question; none where no study has enough lines."""
    return [
        section
        for study in results.studies
        for section in _of_study(results, study, of_study(results.findings.sensitivity, study.name))
    ]


def _of_study(results: Results, study: Study, genes: pd.DataFrame) -> Iterator[Section]:
    if not len(genes):
        return
    for (measure, question), own in genes.groupby(["measure", "question"], sort=False):
        yield _table(results, study, str(measure), str(question), own)


def _table(results: Results, study: Study, measure: str, question: str, genes: pd.DataFrame) -> Section:
    tested = genes.dropna(subset="p_value")
    top = tested.iloc[np.argsort(tested["p_value"].to_numpy(), kind="stable")[:TOP]]
    names = top["gene_name"].where(top["gene_name"] != "", top["gene_id"])
    ends = top[["slope", "lower", "upper"]].to_numpy(float)
    shown = top.assign(gene_name=unique(names), interval=[f"{a:.2f} [{b:.2f}, {c:.2f}]" for a, b, c in ends])
    against = MEASURES.get(measure, measure)
    columns = {
        "gene_name": column("Gene", "Symbol"),
        "gene_id": column("Gene id", "As in the annotation"),
        "interval": column(
            "Slope [95 %]", f"Change of log2 expression, or of its response, per unit of {against}"
        ),
        "correlation": column("Correlation", "Pearson", "{:+.2f}", scale="RdYlBu-rev", min=-1, max=1),
        "p_value": column("p", "Moderated t test of the slope", "{:.1e}"),
        "p_adjusted": column("Adjusted p", "Over all genes", "{:.1e}"),
        "lines": column("Lines", "That enter the regression", "{:,.0f}"),
    }
    called = int((genes["p_adjusted"] < results.alpha).sum())
    detail = (
        f"{called:,} of {len(tested):,} genes have an adjusted p below {results.alpha:g}. The "
        f"{len(top)} of smallest p-value; all in interpretation/sensitivity.tsv."
    )
    text = f"{QUESTIONS.get(question, question)} against {against}"
    return table(
        SENSITIVITY,
        shown,
        "gene_name",
        columns,
        {},
        results.part(text, f"{measure}_{question}", study),
        detail,
    )
