"""Which figures a report has, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rxpress.report.calls import call_table
from rxpress.report.comparisons import VOLCANO_AXES, ma_axes, ma_points, volcano_points
from rxpress.report.expression import (
    MOST_SAMPLES,
    axis_labels,
    distance_table,
    heatmap_table,
    study_projection,
)
from rxpress.report.figures import Cloud, draw_calls, draw_cloud, draw_heatmap, draw_samples, save_figure
from rxpress.report.findings import Findings, of_study
from rxpress.report.markers import by_comparison, marker_rows
from rxpress.report.meaning_figures import draw_curves, draw_words
from rxpress.report.mechanism import by_drug, step_rows
from rxpress.report.palette import DIVERGING, SEQUENTIAL
from rxpress.report.pathways import set_rows
from rxpress.report.results import Results, Study
from rxpress.report.section import unique


def draw_figures(results: Results, folder: Path) -> None:
    """Write all figures of a report as SVG and PNG."""
    for study in results.studies:
        figures = (_study_figures(study), _contrast_figures(results, study), _meanings(results, study))
        for name, figure in chain.from_iterable(figures):
            save_figure(figure, folder / name)
    if _has_arms(results.findings):
        from rxpress.report.arm_figures import arm_figures  # what few runs need is not loaded by all

        for name, figure in arm_figures(results):
            save_figure(figure, folder / name)
    calls = call_table(results).dropna(subset="tested")
    if len(calls):
        labels = (calls["study"] + ": " if len(results.studies) > 1 else "") + calls["label"]
        save_figure(draw_calls(labels.tolist(), *calls[["up", "down"]].to_numpy(int).T), folder / "calls")


def _has_arms(found: Findings) -> bool:
    """Whether studies were compared, or there are doses or qPCR."""
    qpcr = len(found.qpcr.fold_changes) + len(found.qpcr.concordance)
    return found.consistency is not None or bool(len(found.dose.fits) + qpcr)


def _study_figures(study: Study) -> Iterator[tuple[str, Figure]]:
    """`pca_<study>`, `sample_distances_<study>` and `heatmap_<study>`, where there is something to see."""
    log2, projection = study.log2, study_projection(study)
    if log2 is None or not 2 <= len(log2.samples) <= MOST_SAMPLES:
        return
    if projection is not None:
        points, axes = projection.coordinates[:, :2], axis_labels(projection.variance, (0, 1))
        yield f"pca_{study.name}", draw_samples(points, study.looks(log2.samples), axes)
    distances = distance_table(log2).set_index("sample")
    names, values = distances.index.tolist(), distances.to_numpy(float)
    limits, looks = (0.0, float(values.max())), study.looks(names)
    figure = draw_heatmap(values, names, names, SEQUENTIAL, limits, "Euclidean distance", looks)
    yield f"sample_distances_{study.name}", figure
    scores = heatmap_table(study, log2)
    if len(scores):
        values, samples = scores.iloc[:, 2:].to_numpy(float), scores.columns[2:].tolist()
        top, genes = float(np.abs(values).max()), unique(scores["gene_name"])
        figure = draw_heatmap(values, genes, samples, DIVERGING, (-top, top), "z-score", study.looks(samples))
        yield f"heatmap_{study.name}", figure


def _contrast_figures(results: Results, study: Study) -> Iterator[tuple[str, Figure]]:
    """`volcano_<study>_<contrast>` and `ma_<study>_<contrast>`."""
    limit = float(np.log2(results.fold_change))
    kinds = {
        "volcano": (volcano_points, VOLCANO_AXES, {"x": (-limit, limit)}),
        "ma": (ma_points, ma_axes([study]), {"y": (-limit, limit)}),
    }
    for contrast in study.shown:
        for kind, (place, axes, lines) in kinds.items():
            figure = draw_cloud(cloud(place(study.tests[contrast.id])), axes, contrast.label, lines)
            yield f"{kind}_{study.name}_{contrast.id}", figure


def _meanings(results: Results, study: Study) -> Iterator[tuple[str, Figure]]:
    """`mechanism_<study>_<drug>`, `markers_<study>_<drug>_<comparison>`, `gene_sets_<study>` and
    `enrichment_<study>_<contrast>`, with the rows and contrasts that the report shows.
    """
    found = results.findings
    for drug, steps in by_drug(found.mechanism, study.name):
        labels = study.named(steps["contrast"])
        yield f"mechanism_{study.name}_{drug}", draw_words(list(labels.values()), step_rows(steps, labels))
    for drug, markers in by_drug(found.markers, study.name):
        for comparison, rows in by_comparison(markers):
            labels = study.named(rows["contrast"])
            figure = draw_words(list(labels.values()), marker_rows(rows, labels))
            yield f"markers_{study.name}_{drug}_{comparison}", figure
    pathways, curves = of_study(found.pathways, study.name), of_study(found.curves, study.name)
    if len(pathways):
        labels = study.named(pathways["contrast"])
        figure = draw_words(list(labels.values()), set_rows(pathways, labels, results.alpha))
        yield f"gene_sets_{study.name}", figure
    for id, label in study.named(curves.get("contrast", [])).items():
        own = curves[curves["contrast"] == id].groupby("gene_set", sort=False)
        lines = {str(name): rows[["position", "running_sum"]].to_numpy(float) for name, rows in own}
        yield f"enrichment_{study.name}_{id}", draw_curves(lines, label)


def cloud(points: pd.DataFrame) -> Cloud:
    """The tested genes of a table with `x` and `y`, for drawing."""
    shown = points[(points["call"] != "untested") & np.isfinite(points["x"]) & np.isfinite(points["y"])]
    x, y, p_values = (shown[name].to_numpy(float) for name in ("x", "y", "p_value"))
    return Cloud(x, y, shown["call"].to_numpy(str), shown["gene_name"].to_numpy(str), p_values)
