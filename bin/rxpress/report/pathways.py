"""Gene sets and pathways: three tests side by side, running sums of the first sets, activities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rxpress.report.exploration import cluster_order
from rxpress.report.findings import in_order, of_study
from rxpress.report.matrix import Cell, Row, cells, matrix
from rxpress.report.palette import CATEGORIES, DIVERGING, shade
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, column, heatmap, note, table
from rxpress.report.topics import ACTIVITY, ENRICHMENT, PATHWAYS

MOST_SETS = 40
MOST_ROWS = 200
STRONG = 2.5  # normalized scores beyond it have the full colour
STRONG_ACTIVITY = 6.0
FIRST_GENES = 10
MOST_SAMPLES = 100


def pathway_sections(results: Results) -> list[Section]:
    """Gene sets against contrasts, their tests, running sums, and activities of pathways."""
    found = results.findings
    return [
        *(
            s
            for study in results.studies
            for s in _sets(results, study, of_study(found.pathways, study.name))
        ),
        *_curves(results),
        *(
            s
            for study in results.studies
            for s in _activity(results, study, of_study(found.activity, study.name))
        ),
    ]


def pathway_words(results: Results, study: Study) -> list[str]:
    """For the first words of the report: the sets that both tests find in the drug effect of most samples."""
    pathways = of_study(results.findings.pathways, study.name)
    drugs = {contrast.id for contrast in study.tested if contrast.kind == "drug"}
    contrast = study.widest(drugs.intersection(pathways.get("contrast", [])))
    if contrast is None:
        return []
    own = pathways[pathways["contrast"] == contrast.id]
    found = own[(own["p_adjusted"] < results.alpha) & (own["camera_p_adjusted"] < results.alpha)]
    found = found.sort_values("camera_p_value", kind="stable")
    sides = {"rise": found[found["normalized_score"] > 0], "fall": found[found["normalized_score"] < 0]}
    parts = [_first_named(in_order(rows["gene_set"]), verb) for verb, rows in sides.items() if len(rows)]
    tested = own["normalized_score"].notna().sum()
    said = ", ".join(parts) or "none moves by both GSEA and CAMERA-PR"
    return [f"Gene sets in “{contrast.label}”: {said}; {tested} tested."]


def _first_named(names: list[str], verb: str, most: int = 4) -> str:
    """`6 rise (A, B, C, D and 2 more)`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)} {verb} ({', '.join(names[:most])}{more})"


def chosen_sets(pathways: pd.DataFrame, labels: Mapping[str, str], most: int = MOST_SETS) -> pd.DataFrame:
    """The sets of smallest adjusted p by the better of GSEA and CAMERA-PR in any of the contrasts `labels`.

    A row per set (`collection gene_set`), in the order of the table.
    """
    rows = pathways[pathways["contrast"].isin(labels)]
    smallest = rows[["p_adjusted", "camera_p_adjusted"]].min(axis=1)
    by_set = smallest.groupby([rows["collection"], rows["gene_set"]], sort=False).min()
    first = by_set.sort_values(kind="stable").index[:most]
    return by_set[by_set.index.isin(first)].index.to_frame(index=False)


def _sets(results: Results, study: Study, pathways: pd.DataFrame) -> Iterator[Section]:
    if not len(pathways):
        return
    labels = study.named(in_order(pathways["contrast"]))
    rows = set_rows(pathways, labels, results.alpha)
    every = pathways[["collection", "gene_set"]].drop_duplicates().shape[0]
    which = (
        f"{every} sets"
        if every == len(rows)
        else f"the {len(rows)} of {every} sets of smallest adjusted p in any contrast"
    )
    detail = (
        f"Normalized score of {which}. G: adjusted p of GSEA below {results.alpha:g}; C: that of CAMERA-PR, "
        "which allows for genes that move together. Bold: both."
    )
    body = matrix("Gene set", list(labels.values()), rows)
    yield Section(PATHWAYS, "html", body, results.part("Across contrasts", "sets", study), detail)
    yield _tests(results, study, pathways)


def set_rows(pathways: pd.DataFrame, labels: Mapping[str, str], alpha: float) -> list[Row]:
    """The first gene sets, by collection, against the contrasts `labels`: scores, and by whom found."""
    rows = []
    for collection, name in chosen_sets(pathways, labels).itertuples(index=False):
        own = pathways[(pathways["collection"] == collection) & (pathways["gene_set"] == name)]
        scores = cells(own, labels, "contrast", lambda row: _score(row, alpha))
        rows.append(Row(name, scores, group=collection))
    return rows


def found_by(row: Mapping[Any, Any], alpha: float) -> str:
    """Which of the tests find a set: `GC`, `G`, `C` or ''."""
    return "G" * bool(row["p_adjusted"] < alpha) + "C" * bool(row["camera_p_adjusted"] < alpha)


def _score(row: Mapping[Any, Any], alpha: float) -> Cell:
    if pd.isna(row["normalized_score"]):
        return Cell("–", hint=f"{row['measured']:.0f} of {row['size']:.0f} genes measured: not tested")
    marks = found_by(row, alpha)
    hint = (
        f"{row['measured']:.0f} of {row['size']:.0f} genes measured; "
        f"GSEA adjusted p {row['p_adjusted']:.2g}, CAMERA-PR {row['camera_p_adjusted']:.2g}"
    )
    score = float(row["normalized_score"])
    return Cell(f"{score:+.2f} {marks}".strip(), shade(0.5 + score / STRONG / 2), hint, marks == "GC")


def first_tests(pathways: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """The tests of smallest p-value by the worse of GSEA and CAMERA-PR."""
    worse = pathways[["p_value", "camera_p_value"]].max(axis=1, skipna=False).to_numpy(float)
    return pathways.iloc[np.argsort(worse, kind="stable")[:most]]


def _tests(results: Results, study: Study, pathways: pd.DataFrame) -> Section:
    labels = {contrast.id: contrast.label for contrast in study.tested}
    frame = first_tests(pathways)
    shown = frame.assign(
        number=range(1, len(frame) + 1),
        label=frame["contrast"].map(labels).fillna(frame["contrast"]),
        of=[f"{a:.0f} of {b:.0f}" for a, b in frame[["measured", "size"]].to_numpy(float)],
        up=_over(frame, "up"),
        down=_over(frame, "down"),
        leading=[", ".join(genes.split(";")[:FIRST_GENES]) for genes in frame["leading_edge"]],
    ).drop(columns="contrast")
    columns = {
        "number": column("No.", "By p-value"),
        "gene_set": column("Gene set", "Its name"),
        "label": column("Contrast", "What is compared"),
        "of": column("Genes", "Measured, of those in the set"),
        "normalized_score": column("Score", "Normalized enrichment score", "{:+.2f}"),
        "p_adjusted": column("GSEA p", "Adjusted over the sets of the collection", "{:.1e}"),
        "camera_p_adjusted": column("CAMERA p", "Adjusted over the sets of the collection", "{:.1e}"),
        "up": column("Called up", "Genes of the set called up, those expected by chance, adjusted p"),
        "down": column("Called down", "Genes of the set called down, those expected by chance, adjusted p"),
        "leading": column("Leading genes", f"The first {FIRST_GENES} that make the score"),
        "collection": column("Collection", "Where the set comes from"),
    }
    detail = (
        f"The {len(frame):,} of {len(pathways):,} tests of smallest p-value, by the worse of GSEA and "
        "CAMERA-PR. All tests, and all leading genes, in interpretation/pathways.tsv."
    )
    return table(PATHWAYS, shown, "number", columns, {}, results.part("Three tests", "tests", study), detail)


def _over(frame: pd.DataFrame, direction: str) -> list[str]:
    """`7, 1.2 expected, p 0.003` for each set."""
    numbers = frame[[f"{direction}_found", f"{direction}_expected", f"{direction}_p_adjusted"]].to_numpy(
        float
    )
    return [f"{a:.0f}, {b:.1f} expected, p {p:.2g}" if np.isfinite(a) else "" for a, b, p in numbers]


def curve_tabs(results: Results) -> dict[str, dict[str, list[list[float]]]]:
    """{contrast: {set: [[position in the ranking, running sum], …]}} of the contrasts that are shown."""
    tabs = {}
    for study in results.studies:
        curves = of_study(results.findings.curves, study.name)
        if not len(curves):
            continue
        for id, label in study.named(curves["contrast"]).items():
            own = curves[curves["contrast"] == id]
            name = f"{study.name}: {label}" if len(results.studies) > 1 else label
            tabs[name] = {
                str(gene_set): rows[["position", "running_sum"]].round(4).to_numpy(float).tolist()
                for gene_set, rows in own.groupby("gene_set", sort=False)
            }
    return tabs


def _curves(results: Results) -> Iterator[Section]:
    tabs = curve_tabs(results)
    if not tabs:
        return
    sets = dict.fromkeys(gene_set for lines in tabs.values() for gene_set in lines)
    colors = {gene_set: CATEGORIES[i % len(CATEGORIES)] for i, gene_set in enumerate(sets)}
    pconfig = {
        "xlab": "genes, from the most raised to the most lowered",
        "ylab": "running sum",
        "height": 480,
        "colors": colors,
        "data_labels": [{"name": name} for name in tabs],
        "y_lines": [{"value": 0, "width": 1, "color": "#888888"}],
    }
    yield Section(ENRICHMENT, "linegraph", list(tabs.values()), pconfig=pconfig)


def _activity(results: Results, study: Study, activity: pd.DataFrame) -> Iterator[Section]:
    if not len(activity):
        return
    scored = activity.dropna(subset="score")
    without = activity[~activity["pathway"].isin(scored["pathway"])].drop_duplicates("pathway")
    reasons = [
        f"{', '.join(own['pathway'])} ({reason})" for reason, own in without.groupby("withheld", sort=False)
    ]
    withheld = f" Without a score: {', '.join(reasons)}." if reasons else ""
    if not len(scored):
        yield note(ACTIVITY, withheld.strip(), results.part("No pathway has a score", "none", study))
        return
    contrasts, samples = (scored[scored["level"] == level] for level in ("contrast", "sample"))
    if len(contrasts):
        labels = study.named(in_order(contrasts["id"]))
        rows = [
            Row(str(pathway), cells(own, labels, "id", lambda row: _active(row, results.alpha)))
            for pathway, own in contrasts.groupby("pathway", sort=False)
        ]
        detail = f"Bold: adjusted p below {results.alpha:g}.{withheld}"
        body = matrix("Pathway", list(labels.values()), rows)
        yield Section(ACTIVITY, "html", body, results.part("Contrasts", "contrasts", study), detail)
    if 2 <= samples["id"].nunique() <= MOST_SAMPLES:
        yield _of_samples(results, study, samples)


def _active(row: Mapping[Any, Any], alpha: float) -> Cell:
    score, sure = float(row["score"]), bool(row["p_adjusted"] < alpha)
    hint = f"{row['genes']:.0f} genes; adjusted p {row['p_adjusted']:.2g}"
    return Cell(f"{score:+.1f}", shade(0.5 + score / STRONG_ACTIVITY / 2), hint, sure)


def _of_samples(results: Results, study: Study, samples: pd.DataFrame) -> Section:
    frame = samples.pivot_table(index="pathway", columns="id", values="score", sort=False)
    shown = frame.iloc[:, cluster_order(frame.fillna(0).to_numpy(float).T)]
    limit = float(np.nanmax(np.abs(shown.to_numpy(float)))) or 1.0
    return heatmap(
        ACTIVITY,
        shown,
        {},
        DIVERGING,
        results.part("Samples", "samples", study),
        "Against the mean of the study's samples; samples in the order of an average-linkage clustering.",
        zlab="activity",
        min=-limit,
        max=limit,
        square=False,
        xcats_samples=True,
        ycats_samples=False,
    )
