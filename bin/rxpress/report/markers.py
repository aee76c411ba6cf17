"""Markers of a drug pack: which of them did what their publication says, and which the opposite."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from rxpress.report.findings import in_order
from rxpress.report.matrix import Cell, Row, cells, key, matrix
from rxpress.report.mechanism import ARROWS, by_drug, shown_of
from rxpress.report.palette import VERDICT_BADGES, VERDICT_BARS, VERDICTS
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, colored_words, column, note, paragraphs, table
from rxpress.report.topics import MARKERS

MOST_ROWS = 300
COMPARISONS = {
    "drug": "response to the drug",
    "treated": "resistant vs sensitive, treated",
    "baseline": "resistant vs sensitive, untreated",
    "interaction": "response of resistant vs that of sensitive lines",
    "acquired": "resistant lines vs their parents",
}
SCOPES = {
    "these_lines": "these lines",
    "class": "lines of this kind",
    "patients": "patients",
    "these_samples": "these samples",
}
FIRST = ("opposite", "as expected", "inconclusive", "no change", "not measured")


def marker_sections(results: Results) -> list[Section]:
    """Verdicts counted, marker by marker, and in numbers; or why no marker was looked at."""
    markers = results.findings.markers
    if not len(markers):
        reasons = [f"{s.name}: {text}" for s in results.studies for text in results.findings.notes(s.name)]
        return [note(MARKERS, " ".join(reasons))] if reasons else []
    pairs = [(s, drug, rows) for s in results.studies for drug, rows in by_drug(markers, s.name)]
    return [
        _counted(results, pairs),
        *(_one_by_one(results, study, drug, rows) for study, drug, rows in pairs),
        *(_numbers(results, study, drug, rows) for study, drug, rows in pairs),
    ]


def marker_words(results: Results, study: Study) -> list[str]:
    """For the first words of the report: how many markers are as expected, and which are the opposite.

    Of each comparison the contrast with the most samples speaks.
    """
    said = []
    for drug, markers in by_drug(results.findings.markers, study.name):
        parts = []
        for _, rows in by_comparison(markers):
            contrast = study.widest(rows["contrast"])
            own = rows[rows["contrast"] == contrast.id] if contrast else rows[:0]
            measured = own[own["verdict"] != "not measured"]
            if contrast and len(measured):
                expected = (measured["verdict"] == "as expected").sum()
                opposite = in_order(measured.loc[measured["verdict"] == "opposite", "gene"])
                against = f"opposite: {', '.join(opposite)}" if opposite else "none opposite"
                parts.append(f"{expected} of {len(measured)} in “{contrast.label}” ({against})")
        said += [f"Markers of {drug} as expected, of those measured: {'; '.join(parts)}."] if parts else []
    return said


def by_comparison(markers: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each comparison, the response to the drug first."""
    found = in_order(markers["comparison"])
    names = [name for name in COMPARISONS if name in found] + [
        name for name in found if name not in COMPARISONS
    ]
    return [(name, markers[markers["comparison"] == name]) for name in names]


def verdict_counts(markers: pd.DataFrame) -> pd.DataFrame:
    """A row per contrast, in order, and a column per verdict: how many markers have it."""
    counts = pd.crosstab(markers["contrast"], markers["verdict"])
    return counts.reindex(index=in_order(markers["contrast"]), columns=list(VERDICTS), fill_value=0)


def _counted(results: Results, pairs: list[tuple[Study, str, pd.DataFrame]]) -> Section:
    bars: dict[str, dict[Any, Any]] = {}
    frames = []
    for study, drug, rows in pairs:
        counts, labels = verdict_counts(rows), study.named(rows["contrast"])
        where = " · ".join(
            [study.name] * (len(results.studies) > 1) + [drug] * (len({name for _, name, _ in pairs}) > 1)
        )
        for id, label in labels.items():
            bars[f"{where}: {label}" if where else label] = counts.loc[id].astype(int).to_dict()
        frames.append(counts.reset_index().assign(study=study.name, drug=drug))
    every = pd.concat(frames)[["study", "drug", "contrast", *VERDICTS]]
    return Section(
        MARKERS,
        "bargraph",
        bars,
        results.part("At a glance", "counted"),
        "How many markers of each contrast got which verdict. Numbers: tables/marker_verdicts.tsv.",
        {"ylab": "markers", "sort_samples": False, "hide_zero_cats": False, "cpswitch_c_active": True},
        {"categories": {word: {"name": word, "color": color} for word, color in VERDICT_BARS.items()}},
        {"marker_verdicts": every},
    )


def _one_by_one(results: Results, study: Study, drug: str, markers: pd.DataFrame) -> Section:
    """A matrix per comparison: what a publication says of resistance is not asked of the drug's effect."""
    body = key(VERDICTS.items())
    for comparison, rows in by_comparison(markers):
        labels = study.named(rows["contrast"])
        name = COMPARISONS.get(comparison, comparison).capitalize()
        counts = [
            f"{n} {verdict}"
            for verdict, n in verdict_counts(rows[rows["contrast"].isin(labels)]).sum().items()
            if n
        ]
        body += f"<h5>{html.escape(name)}</h5>"
        asked = f"{rows['gene'].nunique()} markers in {shown_of(labels, rows)}"
        body += paragraphs([f"{asked}: {', '.join(counts)}."])
        body += matrix("Marker", list(labels.values()), marker_rows(rows, labels))
    scopes = [SCOPES.get(scope, scope) for scope in in_order(markers["scope"])]
    detail = (
        "Arrow: the expected direction; number: log2 fold change; * a remark: point at the cell. The "
        f"verdicts speak of {' or '.join(scopes)}; the table in numbers says which."
    )
    heading = results.part(f"{drug}, marker by marker", f"{drug}_markers", study)
    return Section(MARKERS, "html", body, heading, detail)


def marker_rows(rows: pd.DataFrame, labels: Mapping[str, str]) -> list[Row]:
    """Markers of one comparison, grouped by role, against the contrasts `labels`."""
    lines = []
    for role in in_order(rows["role"]):
        for gene, own in rows[rows["role"] == role].groupby("gene", sort=False):
            arrow = ARROWS.get(str(own["expected"].iloc[0]), "?")
            lines.append(Row(f"{arrow} {gene}", cells(own, labels, "contrast", _cell), group=role))
    return lines


def _cell(row: Mapping[Any, Any]) -> Cell:
    verdict = str(row["verdict"])
    known = np.isfinite(row["log2_fold_change"]) and verdict != "not measured"
    change = f" {row['log2_fold_change']:+.2f}" if known else ""
    hint = [f"{_interval(row)}, adjusted p in the panel {row['p_adjusted_panel']:.2g}"] if known else []
    hint += [row["remark"]] if row["remark"] else []
    remarked = "*" if row["remark"] else ""
    return Cell(f"{verdict}{change}{remarked}", VERDICTS.get(verdict, "#FFFFFF"), "; ".join(hint))


def _interval(row: Mapping[Any, Any]) -> str:
    """`1.21 [0.9, 1.5]`, empty where it is not known."""
    if not np.isfinite(row["lfc_lower"]):
        return ""
    return f"{row['log2_fold_change']:.2f} [{row['lfc_lower']:.2f}, {row['lfc_upper']:.2f}]"


def first_rows(markers: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """At most so many markers × contrasts, the opposite ones first, then by p-value."""
    rank = markers["verdict"].map({verdict: i for i, verdict in enumerate(FIRST)})
    order = np.lexsort((markers["p_adjusted_panel"].fillna(2), rank))
    return markers.iloc[order[:most]]


def _numbers(results: Results, study: Study, drug: str, markers: pd.DataFrame) -> Section:
    every = study.named(markers["contrast"]) | {c.id: c.label for c in study.tested}
    frame = first_rows(markers)
    shown = frame.assign(
        number=range(1, len(frame) + 1),
        label=frame["contrast"].map(every),
        interval=[_interval(row) for row in frame.to_dict("records")],
        scope=frame["scope"].replace(SCOPES),
    ).drop(columns="contrast")
    columns = {
        "number": column("No.", "Place in this table"),
        "gene": column("Marker", "Symbol"),
        "label": column("Contrast", "What is compared"),
        "verdict": column("Verdict", "Against what its publication says", **colored_words(VERDICT_BADGES)),
        "expected": column("Expected", "Direction that its publication gives"),
        "interval": column("log2 FC [95 %]", "log2 fold change and its 95 % interval"),
        "p_adjusted_panel": column("Panel p-value", "Adjusted over the markers of this contrast", "{:.2e}"),
        "scope": column("Speaks of", "Whom the verdict speaks of"),
        "role": column("Role", "What the gene stands for"),
        "remark": column("Remark", "How the gene was found: old symbols, several genes of a name"),
        "note": column("Literature", "Where publications disagree, and when and where it was seen"),
        "reference": column("Reference", "Where it was published"),
    }
    shown = shown.drop(columns=[name for name in ("remark", "note") if not shown[name].any()])
    rest = f" All {len(markers):,} stand in the file." if len(markers) > len(frame) else ""
    detail = f"{len(frame):,} markers × contrasts, the opposite ones first, then by p-value.{rest}"
    return table(
        MARKERS,
        shown,
        "number",
        columns,
        {},
        results.part(f"{drug}, numbers", f"{drug}_numbers", study),
        detail,
    )
