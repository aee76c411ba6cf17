"""Expression of all samples: principal components, distances, the strongest genes, dispersions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from rxpress.report.exploration import (
    Projection,
    cluster_order,
    complete,
    principal_components,
    sample_distances,
    thin_cloud,
    z_scores,
)
from rxpress.report.palette import CATEGORIES, DIVERGING, SEQUENTIAL, UNCHANGED
from rxpress.report.results import Results, Study
from rxpress.report.section import Heading, Section, heatmap, note, unique
from rxpress.report.topics import DISPERSIONS, DISTANCES, HEATMAP, PCA
from rxpress.tables import GeneMatrix

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "triangle-down")
VARIABLE_GENES = 500
HEATMAP_GENES = 40
MOST_SAMPLES = 300
DISPERSION_POINTS = 800
NO_EXPRESSION = "There is no expression table: no sample could be used."


def expression_sections(results: Results) -> list[Section]:
    """How samples lie to each other, whatever was asked of them."""
    if not results.studies:
        return [note(PCA, NO_EXPRESSION)]
    headed = [(study, results.heading(study)) for study in results.with_expression]
    return [
        *(_pca(*one) for one in headed),
        *(_distances(*one) for one in headed),
        *(_heatmap(*one) for one in headed),
        *(_dispersions(*one) for one in headed if len(one[0].dispersions)),
    ]


def study_projection(study: Study) -> Projection | None:
    """Principal components of a study's samples; None with fewer than three samples or without variation."""
    if study.log2 is None or len(study.log2.samples) < 3:
        return None
    return principal_components(study.log2.values, VARIABLE_GENES)


def _pca(study: Study, heading: Heading) -> Section:
    projection = study_projection(study)
    if study.log2 is None:
        return note(PCA, NO_EXPRESSION, heading)
    if projection is None:
        return note(PCA, "Principal components need three samples that differ.", heading)
    pairs = [(0, 1), (1, 2)] if projection.coordinates.shape[1] > 2 else [(0, 1)]
    axes = [axis_labels(projection.variance, pair) for pair in pairs]
    tabs = [
        {"name": f"PC{a + 1} and PC{b + 1}", "xlab": x, "ylab": y}
        for (a, b), (x, y) in zip(pairs, axes, strict=True)
    ]
    pconfig = {
        "xlab": axes[0][0],
        "ylab": axes[0][1],
        "xsuffix": "",
        "ysuffix": "",
        "marker_size": 12,
        "marker_line_width": 0,
        "showlegend": True,
        "height": 520,
        "data_labels": tabs if len(tabs) > 1 else [],
    }
    data = [_pca_points(study, study.log2, projection.coordinates[:, pair]) for pair in pairs]
    few = f"Only {projection.genes:,} genes vary." if projection.genes < VARIABLE_GENES else ""
    tables = _pca_tables(study, study.log2, projection)
    return Section(PCA, "scatter", data, heading, few, pconfig, tables=tables)


def axis_labels(variance: np.ndarray, pair: tuple[int, int]) -> tuple[str, str]:
    """Labels of two components with their share of the variance."""
    x, y = (f"PC{i + 1} ({variance[i]:.1%} of variance)" for i in pair)
    return x, y


def _pca_points(study: Study, log2: GeneMatrix, coordinates: np.ndarray) -> dict[str, list[dict[str, Any]]]:
    points = zip(log2.samples, study.looks(log2.samples), coordinates.tolist(), strict=True)
    return {
        sample: [
            {"x": x, "y": y, "name": sample, "group": look.group, "color": look.color}
            | {"marker_symbol": SYMBOLS[look.shape]}
        ]
        for sample, look, (x, y) in points
    }


def _pca_tables(study: Study, log2: GeneMatrix, projection: Projection) -> dict[str, pd.DataFrame]:
    names = [f"PC{i + 1}" for i in range(len(projection.variance))]
    groups = [look.group for look in study.looks(log2.samples)]
    first = pd.DataFrame({"sample": log2.samples, "group": groups})
    coordinates = pd.concat([first, pd.DataFrame(projection.coordinates, columns=names)], axis=1)
    variance = pd.DataFrame({"component": names, "share_of_variance": projection.variance})
    return {f"pca_{study.name}": coordinates, f"pca_variance_{study.name}": variance}


def _distances(study: Study, heading: Heading) -> Section:
    if study.log2 is None or len(study.log2.samples) < 2:
        return note(DISTANCES, "Distances need two samples with expression.", heading)
    if len(study.log2.samples) > MOST_SAMPLES:
        return note(DISTANCES, f"Not drawn for more than {MOST_SAMPLES} samples.", heading)
    frame = distance_table(study.log2)
    tables = {f"sample_distances_{study.name}": frame}
    shown = frame.set_index("sample")
    return heatmap(DISTANCES, shown, tables, SEQUENTIAL, heading, zlab="distance", min=0)


def distance_table(log2: GeneMatrix) -> pd.DataFrame:
    """`sample`, then a column per sample: distances, rows and columns in the order of a clustering."""
    distances = sample_distances(log2.values)
    order = cluster_order(complete(log2.values).T)
    names = [log2.samples[i] for i in order]
    return pd.DataFrame(distances[np.ix_(order, order)], names, names).reset_index(names="sample")


def strongest_genes(study: Study, log2: GeneMatrix, most: int = HEATMAP_GENES) -> np.ndarray:
    """Rows of the expression table that say most, (genes,): those of smallest p-value over all contrasts.

    Where nothing was tested, the most variable genes.
    """
    variance = np.var(log2.values, axis=1)
    rank = study.smallest_p().reindex(log2.gene_ids).to_numpy(float) if study.tests else -variance
    usable = np.isfinite(rank) & np.isfinite(variance) & (variance > 0)
    order = np.lexsort((-variance, rank))
    return order[usable[order]][:most]


def heatmap_table(study: Study, log2: GeneMatrix) -> pd.DataFrame:
    """`gene_id gene_name`, then z-scores per sample; genes and samples in the order of a clustering."""
    rows = strongest_genes(study, log2)
    scores = z_scores(np.take(log2.values, rows, axis=0))
    genes, samples = cluster_order(scores), cluster_order(scores.T)
    names = pd.DataFrame({"gene_id": log2.gene_ids[rows[genes]], "gene_name": log2.gene_names[rows[genes]]})
    ordered = pd.DataFrame(scores[np.ix_(genes, samples)], columns=[log2.samples[i] for i in samples])
    return pd.concat([names, ordered], axis=1)


def _heatmap(study: Study, heading: Heading) -> Section:
    if study.log2 is None or len(study.log2.samples) < 2:
        return note(HEATMAP, "A heatmap needs two samples with expression.", heading)
    frame = heatmap_table(study, study.log2)
    if frame.empty:
        return note(HEATMAP, "No gene varies.", heading)
    chosen = "smallest p-value in any contrast" if study.tests else "largest variance, as nothing was tested"
    shown = frame.drop(columns=["gene_id", "gene_name"]).set_axis(unique(frame["gene_name"]))
    limit = float(np.abs(shown.to_numpy()).max())
    return heatmap(
        HEATMAP,
        shown,
        {f"heatmap_{study.name}": frame},
        DIVERGING,
        heading,
        f"Genes of {chosen}.",
        zlab="z",
        min=-limit,
        max=limit,
        square=False,
        ycats_samples=False,
    )


def _dispersions(study: Study, heading: Heading) -> Section:
    frame = drawn_dispersions(study.dispersions)
    kinds = {
        "gene_wise": (UNCHANGED, "each gene alone"),
        "final": (CATEGORIES[0], "used in the tests"),
        "fitted": (CATEGORIES[5], "trend"),
    }
    data = {label: _log_points(frame, kind, color, label) for kind, (color, label) in kinds.items()}
    pconfig = {"xlab": "mean of normalised counts (log10)", "ylab": "dispersion (log10)", "height": 520}
    pconfig |= {"marker_size": 4, "marker_line_width": 0, "showlegend": True}
    drawn = f"Drawn: {len(frame):,} of {len(study.dispersions):,} genes."
    tables = {f"dispersions_{study.name}": frame}
    return Section(DISPERSIONS, "scatter", data, heading, drawn, pconfig, tables=tables)


def drawn_dispersions(dispersions: pd.DataFrame) -> pd.DataFrame:
    """The genes whose dispersions are drawn: a thinned cloud of those with an estimate above 1e-7."""
    usable = dispersions[(dispersions["base_mean"] > 0) & (dispersions["gene_wise"] > 1e-7)]
    x, y = np.log10(usable[["base_mean", "gene_wise"]].to_numpy(float)).T
    drawn = thin_cloud(x, y, np.zeros(len(usable), dtype=bool), background=DISPERSION_POINTS)
    return usable[drawn].reset_index(drop=True)


def _log_points(frame: pd.DataFrame, kind: str, color: str, label: str) -> list[dict[str, Any]]:
    shown = frame[frame[kind] > 0]
    x, y = np.log10(shown[["base_mean", kind]].to_numpy(float)).round(4).T
    points = zip(x.tolist(), y.tolist(), shown["gene_name"], strict=True)
    return [{"x": a, "y": b, "name": gene, "color": color, "group": label} for a, b, gene in points]
