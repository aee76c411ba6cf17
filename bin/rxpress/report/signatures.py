"""Signature scores by group of samples, what they may say, classes, and likeness to published responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rxpress.report.findings import in_order, of_study
from rxpress.report.matrix import Cell, Row, cells, matrix
from rxpress.report.palette import shade
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, column, html_table, paragraphs, table
from rxpress.report.topics import CONNECTIVITY, SIGNATURES

MOST_SIGNATURES = 20
MOST_ROWS = 300
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


def groups_of(study: Study) -> dict[str, str]:
    """{sample: its line or patient and its treatment}, in the order of the sheet."""
    samples = study.samples["sample"].astype(str).tolist()
    return {name: look.group for name, look in zip(samples, study.looks(samples), strict=True)}


def score_groups(study: Study, scores: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """{signature: {group of samples: scores}}, groups in the order of the sheet."""
    groups = groups_of(study)
    rows = scores[scores["method"].isin(SHOWN_METHODS)].dropna(subset="score")
    tabs: dict[str, dict[str, list[float]]] = {}
    for signature, own in rows.groupby("signature", sort=False):
        by_group: dict[str, list[float]] = {}
        of_sample = dict(zip(own["sample"], own["score"], strict=True))
        for sample, group in groups.items():
            if sample in of_sample:
                by_group.setdefault(group, []).append(float(of_sample[sample]))
        tabs[str(signature)] = by_group
    return {signature: by_group for signature, by_group in tabs.items() if by_group}


def _scores(results: Results, study: Study, scores: pd.DataFrame) -> Iterator[Section]:
    tabs = score_groups(study, scores) if len(scores) else {}
    if not tabs:
        return
    shown = dict(list(tabs.items())[:MOST_SIGNATURES])
    pconfig = {
        "xlab": "score",
        "ylab": "",
        "boxpoints": "all",
        "height": 180 + 18 * max(map(len, shown.values())),  # lower ones lose names of groups
        "sort_samples": False,
        "data_labels": [{"name": signature} for signature in shown],
    }
    rest = f" The first {MOST_SIGNATURES} of {len(tabs)} signatures." if len(tabs) > len(shown) else ""
    detail = (
        "A point per sample, grouped by line or patient and treatment. Scores are weighted z-scores, or the "
        f"published sum of a classifier; rank scores and ssGSEA stand beside them in "
        f"interpretation/signatures.tsv.{rest}"
    )
    heading = results.part("Scores by group", "scores", study)
    yield Section(SIGNATURES, "box", list(shown.values()), heading, detail, pconfig)


def _classes(results: Results, study: Study, scores: pd.DataFrame) -> Iterator[Section]:
    classed = scores[scores["class"].isin(("high", "low"))] if len(scores) else scores
    if not len(classed):
        return
    frame = classed.assign(group=classed["sample"].map(groups_of(study)))
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
