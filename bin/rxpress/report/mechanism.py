"""Did the drug do what it is known to do? The steps of its mechanism against the contrasts of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rxpress.report.findings import in_order, of_study
from rxpress.report.matrix import Cell, Row, cells, key, matrix
from rxpress.report.palette import VERDICTS
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, bullets
from rxpress.report.topics import MECHANISM

ARROWS = {"up": "↑", "down": "↓"}
ORDER = ("as expected", "opposite", "inconclusive", "not measured")


def mechanism_sections(results: Results) -> list[Section]:
    """A section per study and drug; none where no drug pack applies."""
    return [
        _section(results, study, drug, steps)
        for study in results.studies
        for drug, steps in by_drug(results.findings.mechanism, study.name)
    ]


def by_drug(frame: pd.DataFrame, study: str) -> list[tuple[str, pd.DataFrame]]:
    """The rows of a study by the drug that they speak of."""
    own = of_study(frame, study)
    return [(str(drug), rows) for drug, rows in own.groupby("drug", sort=False)] if len(own) else []


def _section(results: Results, study: Study, drug: str, steps: pd.DataFrame) -> Section:
    labels = study.named(in_order(steps["contrast"]))
    body = (
        bullets(sentences(steps, labels))
        + key(VERDICTS.items())
        + matrix("Step", list(labels.values()), step_rows(steps, labels))
    )
    scopes = {contrast.scope for contrast in study.tested if contrast.id in labels}
    detail = (
        f"Steps of {drug}, as its drug pack lists them, in {shown_of(labels, steps)}. Number in a cell: "
        "mean log2 fold change of the genes of the step. Point at a cell for its genes and p-values. "
        + (
            "Verdicts speak of the lines of a contrast, not of other lines."
            if "these_lines" in scopes
            else ""
        )
    )
    return Section(MECHANISM, "html", body, results.part(drug, drug, study), detail.strip())


def shown_of(labels: Mapping[str, str], frame: pd.DataFrame) -> str:
    """`4 contrasts`, or `the first 12 of 40 contrasts`."""
    every = frame["contrast"].nunique()
    if len(labels) < every:
        return f"the first {len(labels)} of {every} contrasts"
    return f"{every} contrast{'s' if every > 1 else ''}"


def step_rows(steps: pd.DataFrame, labels: Mapping[str, str]) -> list[Row]:
    """Steps against the contrasts `labels`, in the words and colours of the verdicts."""
    rows = []
    for step, own in steps.groupby("step", sort=False):
        first = own.iloc[0]
        remark = f"{ARROWS.get(first['expected'], '')} expected · {first['gene_set']}"
        rows.append(Row(str(step), cells(own, labels, "contrast", _cell), remark))
    return rows


def _cell(row: Mapping[Any, Any]) -> Cell:
    verdict = str(row["verdict"])
    change = "" if pd.isna(row["mean_log2_fold_change"]) else f" {row['mean_log2_fold_change']:+.2f}"
    parts = [f"{row['measured']:.0f} of {row['size']:.0f} genes measured"]
    numbers = {
        "normalized_score": "GSEA normalized score",
        "p_adjusted": "GSEA adjusted p",
        "camera_p_adjusted": "CAMERA-PR adjusted p",
    }
    parts += [f"{words} {row[name]:.2g}" for name, words in numbers.items() if not pd.isna(row[name])]
    parts += [row["note"]] if row["note"] else []
    return Cell(f"{verdict}{change}", VERDICTS.get(verdict, "#FFFFFF"), "; ".join(parts))


def sentences(steps: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """What the steps did, first over all contrasts, then contrast by contrast."""
    said = [_over_all(steps[steps["contrast"].isin(labels)])] if len(labels) > 1 else []
    return said + [_of_contrast(steps[steps["contrast"] == id], label) for id, label in labels.items()]


def _over_all(steps: pd.DataFrame) -> str:
    """`In all 4 contrasts as expected: a. In some: b (3). In none: c.`"""
    hits = (steps["verdict"] == "as expected").groupby(steps["step"], sort=False).agg(["sum", "size"])
    everywhere = [str(step) for step, n in hits.iterrows() if n["sum"] == n["size"]]
    some = [f"{step} ({n['sum']} of {n['size']})" for step, n in hits.iterrows() if 0 < n["sum"] < n["size"]]
    never = [str(step) for step, n in hits.iterrows() if n["sum"] == 0]
    parts = {
        f"As expected in each of {steps['contrast'].nunique()} contrasts": everywhere,
        "As expected in some": some,
        "In none": never,
    }
    return " ".join(f"{words}: {listed(names)}." for words, names in parts.items() if names)


def _of_contrast(steps: pd.DataFrame, label: str) -> str:
    """`In “drug vs vehicle, sensitive lines” as expected: a; opposite: b; inconclusive: c.`"""
    parts = [
        f"{verdict}: {listed(in_order(steps.loc[steps['verdict'] == verdict, 'step']))}"
        for verdict in ORDER
        if (steps["verdict"] == verdict).any()
    ]
    return f"“{label}” – {'; '.join(parts)}."


def listed(names: Sequence[str]) -> str:
    return ", ".join(names)
