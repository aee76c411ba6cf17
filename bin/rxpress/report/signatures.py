"""Signature scores by group of samples, what they may say, classes, and likeness to published responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rxpress.report.findings import in_order, of_study
from rxpress.report.matrix import Cell, Row, cells, matrix
from rxpress.report.palette import CATEGORIES, shade
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, column, html_table, paragraphs, table
from rxpress.report.topics import CONNECTIVITY, SIGNATURES

MOST_SIGNATURES = 20
MOST_ROWS = 300
STRIP_WIDTH = 0.6  # of a line or patient, of 1
SHOWN_METHODS = ("weighted_z", "classifier")
METHODS = {
    "weighted_z": "weighted z-score",
    "rank": "rank score",
    "ssgsea": "ssGSEA",
    "classifier": "classifier",
}


def signature_sections(results: Results) -> list[Section]:
    """What signatures may say, their scores, tests and classes; then likeness to published responses."""
    sections: list[Section] = []
    for study in results.studies:
        found = results.findings
        sections += [
            *_statements(results, study, of_study(found.coverage, study.name)),
            *_scores(results, study, of_study(found.signatures, study.name)),
            *_classes(results, study, of_study(found.signatures, study.name)),
            *_tests(results, study, of_study(found.score_tests, study.name)),
        ]
    return sections + [
        section
        for study in results.studies
        for section in _connectivity(results, study, of_study(results.findings.connectivity, study.name))
    ]


def _statements(results: Results, study: Study, coverage: pd.DataFrame) -> Iterator[Section]:
    if not len(coverage):
        return
    header = ["Signature", "From", "Kind", "Genes measured", "Missing", "Score", "What it may say"]
    rows = [
        [
            row["signature"],
            row["source"],
            row["kind"],
            f"{row['measured']:.0f} of {row['genes']:.0f} ({row['coverage']:.0%})",
            _shortened(row["missing"]),
            f"withheld: {row['withheld']}" if row["withheld"] else "given",
            row["statement"],
        ]
        for row in coverage.to_dict("records")
    ]
    detail = (
        "Genes found, and how, stand in interpretation/signature_genes.tsv; this table in "
        "interpretation/signature_coverage.tsv."
    )
    heading = results.part("About each signature", "statements", study)
    yield Section(SIGNATURES, "html", html_table(header, rows), heading, detail)


def _shortened(names: str, most: int = 12) -> str:
    """The first of names joined by `;`, or by blanks or commas, and how many more there are."""
    parts = [name for name in names.replace(";", " ").replace(",", " ").split() if name]
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more


def score_points(study: Study, scores: pd.DataFrame) -> pd.DataFrame:
    """The scores that are drawn, `signature sample unit state score`, samples in the order of the sheet.

    unit : the line or patient; state : what was done to it.
    """
    samples = study.samples["sample"].astype(str).tolist()
    looks = dict(zip(samples, study.looks(samples), strict=True))
    known = scores[scores["method"].isin(SHOWN_METHODS) & scores["sample"].isin(samples)].dropna(
        subset="score"
    )
    place = {sample: i for i, sample in enumerate(samples)}
    signatures = {signature: i for i, signature in enumerate(in_order(known["signature"]))}
    order = np.lexsort((known["sample"].map(place), known["signature"].map(signatures)))
    points = known[["signature", "sample", "score"]].iloc[order].reset_index(drop=True)
    units = [looks[sample].unit or "all" for sample in points["sample"]]
    return points.assign(unit=units, state=[looks[sample].state or "sample" for sample in points["sample"]])


def _scores(results: Results, study: Study, scores: pd.DataFrame) -> Iterator[Section]:
    """A tab per signature: lines or patients side by side, a colour and place for each treatment."""
    points = score_points(study, scores) if len(scores) else pd.DataFrame()
    if not len(points):
        return
    units, states = in_order(points["unit"]), in_order(points["state"])
    signatures = in_order(points["signature"])
    tabs = [
        _strips(points[points["signature"] == name], units, states) for name in signatures[:MOST_SIGNATURES]
    ]
    pconfig = {
        "categories": units,
        "xlab": "",
        "ylab": "score",
        "xmin": -0.6,
        "xmax": len(units) - 0.4,
        "marker_size": 8,
        "height": 480,
        "showlegend": True,
        "tt_label": "<br>score: %{y:.2f}",
        "data_labels": [{"name": name, "ylab": "score"} for name in signatures[:MOST_SIGNATURES]],
    }
    rest = f" The first {MOST_SIGNATURES} of {len(signatures)}." if len(signatures) > MOST_SIGNATURES else ""
    detail = (
        "A point per sample: lines or patients side by side, treatments in colour. Scores are weighted "
        "z-scores, or the published sum of a classifier; rank scores and ssGSEA stand beside them in "
        f"interpretation/signatures.tsv.{rest}"
    )
    heading = results.part("Scores by group", "scores", study)
    yield Section(SIGNATURES, "scatter", tabs, heading, detail, pconfig)


def _strips(
    points: pd.DataFrame, units: Sequence[str], states: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Points of a MultiQC scatter plot by state: within a unit, states stand beside each other."""
    step = STRIP_WIDTH / len(states)
    series: dict[str, list[dict[str, Any]]] = {state: [] for state in states}
    for row in points.to_dict("records"):
        i = states.index(row["state"])
        x = units.index(row["unit"]) + (i - (len(states) - 1) / 2) * step
        look = {"color": CATEGORIES[i % len(CATEGORIES)], "group": row["state"], "annotate": False}
        point = {"x": round(x, 4), "y": round(row["score"], 4), "name": row["sample"]}
        series[row["state"]].append(point | look)
    return {state: those for state, those in series.items() if those}


def _classes(results: Results, study: Study, scores: pd.DataFrame) -> Iterator[Section]:
    classed = scores[scores["class"].isin(("high", "low"))] if len(scores) else scores
    if not len(classed):
        return
    samples = study.samples["sample"].astype(str).tolist()
    groups = {sample: look.group for sample, look in zip(samples, study.looks(samples), strict=True)}
    frame = classed.assign(group=classed["sample"].map(groups))
    counts = pd.crosstab([frame["signature"], frame["group"]], frame["class"])
    counts = counts.reindex(columns=["high", "low"], fill_value=0).reset_index()
    rows = [[str(cell) for cell in row] for row in counts.itertuples(index=False)]
    detail = (
        "Samples above and not above the published cutoff. Numbers: tables/classes_<study>.tsv, each sample: "
        "interpretation/signatures.tsv."
    )
    yield Section(
        SIGNATURES,
        "html",
        html_table(["Signature", "Group", "High", "Low"], rows),
        results.part("Scores by group, classes", "classes", study),
        detail,
        tables={f"classes_{study.name}": counts},
    )


def _tests(results: Results, study: Study, tests: pd.DataFrame) -> Iterator[Section]:
    known = tests.dropna(subset="p_value") if len(tests) else tests
    if not len(known):
        return
    first = known[known["method"].isin(SHOWN_METHODS)]
    labels = {contrast.id: contrast.label for contrast in study.tested}
    rows = first.iloc[np.argsort(first["p_value"].to_numpy(), kind="stable")[:MOST_ROWS]]
    shown = rows.assign(
        number=range(1, len(rows) + 1),
        label=rows["contrast"].map(labels).fillna(rows["contrast"]),
        method=rows["method"].map(METHODS).fillna(rows["method"]),
        interval=[
            f"{a:.2f} [{b:.2f}, {c:.2f}]" for a, b, c in rows[["estimate", "lower", "upper"]].to_numpy(float)
        ],
    ).drop(columns="contrast")
    columns = {
        "number": column("No.", "By p-value"),
        "signature": column("Signature", "Its name"),
        "label": column("Contrast", "What is compared"),
        "interval": column("Difference [95 %]", "Of scores, with its 95 % interval"),
        "p_value": column("p-value", "Two-sided", "{:.2e}"),
        "p_adjusted": column("Adjusted p-value", "Over the signatures of the contrast", "{:.2e}"),
        "method": column("Score", "How it is computed"),
        "samples": column("Samples", "That enter the test", "{:,.0f}"),
    }
    detail = (
        f"The {len(rows):,} of smallest p-value; all, with ranks and ssGSEA, in "
        "interpretation/signature_tests.tsv."
    )
    yield table(
        SIGNATURES,
        shown,
        "number",
        columns,
        {},
        results.part("Tests of scores", "tests", study),
        detail,
    )


def _connectivity(results: Results, study: Study, rows: pd.DataFrame) -> Iterator[Section]:
    if not len(rows):
        return
    labels = study.named(in_order(rows["contrast"]))
    lines, withheld = [], []
    for (signature, source), own in rows.groupby(["signature", "source"], sort=False):
        if own["withheld"].all():
            withheld.append(f"{signature}: withheld, {own['withheld'].iloc[0]}.")
            continue
        scores = cells(own, labels, "contrast", lambda row: _likeness(row, results.alpha))
        lines.append(Row(str(signature), scores, str(source)))
    body = paragraphs(withheld) + (
        matrix("Published response", list(labels.values()), lines) if lines else ""
    )
    detail = f"Bold: adjusted p below {results.alpha:g}. Point at a cell for its numbers." if lines else ""
    yield Section(CONNECTIVITY, "html", body, results.part("Likeness", "likeness", study), detail)


def _likeness(row: Mapping[Any, Any], alpha: float) -> Cell:
    if row["withheld"] or pd.isna(row["score"]):
        return Cell("withheld", hint=row["withheld"])
    score = float(row["score"])
    word = "like it" if score > 0 else "reverses it" if score < 0 else "neither"
    hint = (
        f"up list: {row['up_score']:.2f} of {row['up_measured']:.0f} genes; "
        f"down list: {row['down_score']:.2f} of {row['down_measured']:.0f}; "
        f"normalized {row['normalized_score']:.2f}; p {row['p_value']:.2g}, adjusted {row['p_adjusted']:.2g}"
    )
    sure = bool(row["p_adjusted"] < alpha)
    return Cell(f"{score:+.2f} {word if sure else 'not sure'}", shade(0.5 + score / 2), hint, sure)
