"""Did the drug do what it is known to do? The steps of its mechanism against the contrasts of a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rxpress.report.findings import in_order, of_study
from rxpress.report.labels import shorten
from rxpress.report.matrix import Cell, Row, cells, key, matrix
from rxpress.report.palette import VERDICTS
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, bullets
from rxpress.report.topics import MECHANISM

ARROWS = {"up": "↑", "down": "↓"}
MOST_NAMED = 5
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
    scopes = [contrast.scope for contrast in study.tested if contrast.id in labels]
    lines_only = " Verdicts speak of the lines of a contrast, not of other lines." * ("these_lines" in scopes)
    detail = (
        f"Steps of {drug}, as its drug pack lists them, in {shown_of(labels, steps)}. Arrow: the "
        "expected direction; number: mean log2 fold change of the genes of the step. Point at a cell for "
        f"its genes and p-values.{lines_only}"
    )
    return Section(MECHANISM, "html", body, results.part(drug, drug, study), detail)


def shown_of(labels: Mapping[str, str], frame: pd.DataFrame) -> str:
    """`4 contrasts`, or `12 of 40 contrasts, the others in the file`."""
    every = frame["contrast"].nunique()
    if len(labels) < every:
        return f"{len(labels)} of {every} contrasts (the others stand in the file)"
    return f"{every} contrast{'s' if every > 1 else ''}"


def step_rows(steps: pd.DataFrame, labels: Mapping[str, str]) -> list[Row]:
    """Steps against the contrasts `labels`, in the words and colours of the verdicts."""
    rows = []
    for step, own in steps.groupby("step", sort=False):
        first = own.iloc[0]
        rows.append(Row(f"{ARROWS.get(first['expected'], '')} {step}", cells(own, labels, "contrast", _cell)))
    return rows


def _cell(row: Mapping[Any, Any]) -> Cell:
    verdict = str(row["verdict"])
    known = verdict != "not measured" and not pd.isna(row["mean_log2_fold_change"])
    change = f" {row['mean_log2_fold_change']:+.2f}" if known else ""
    parts = [f"{row['gene_set']}: {row['measured']:.0f} of {row['size']:.0f} genes measured"]
    numbers = {
        "normalized_score": "GSEA normalized score",
        "p_adjusted": "GSEA adjusted p",
        "camera_p_adjusted": "CAMERA-PR adjusted p",
    }
    parts += [f"{words} {row[name]:.2g}" for name, words in numbers.items() if not pd.isna(row[name])]
    parts += [row["note"]] if row["note"] else []
    return Cell(f"{verdict}{change}", VERDICTS.get(verdict, "#FFFFFF"), "; ".join(parts))


def sentences(steps: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    """What the steps did over the contrasts `labels`, a sentence per verdict.

    `As expected in each of 4 contrasts: a; b. In some: c (sensitive lines).`
    """
    shown = steps[steps["contrast"].isin(labels)]
    short = dict(zip(labels, shorten(list(labels.values()))[0], strict=True))
    every = f" in each of {len(labels)} contrasts" if len(labels) > 1 else ""
    said = []
    for verdict in ORDER:
        own = shown[shown["verdict"] == verdict]
        where = {
            str(step): [short[id] for id in rows["contrast"]]
            for step, rows in own.groupby("step", sort=False)
        }
        whole = [step for step, ids in where.items() if len(ids) == (shown["step"] == step).sum()]
        partly = [f"{step} ({_listed(ids)})" for step, ids in where.items() if step not in whole]
        start = verdict.capitalize()
        parts = [f"{start}{every}: {'; '.join(whole)}."] if whole else []
        parts += [f"{'In' if whole else f'{start} in'} some: {'; '.join(partly)}."] if partly else []
        said += [" ".join(parts)] if parts else []
    return said


def _listed(contrasts: Sequence[str]) -> str:
    """Names of contrasts, or how many when they are too many to read."""
    return ", ".join(contrasts) if len(contrasts) <= MOST_NAMED else f"{len(contrasts)} contrasts"
