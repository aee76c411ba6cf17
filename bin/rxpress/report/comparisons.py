"""Contrasts in pictures: volcano and MA plots, first genes, fold changes across contrasts, p-values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from rxpress.design.study_design import Contrast
from rxpress.report.exploration import cluster_order, minus_log10, p_value_histogram, thin_cloud
from rxpress.report.palette import CALLS, CATEGORIES, DIVERGING
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, colored_words, column, heatmap, table, unique
from rxpress.report.topics import FOLD_CHANGES, MA, P_VALUES, TOP_GENES, VOLCANO, Topic

VOLCANO_AXES = ("log2 fold change", "−log10 p-value")
COUNT_MEAN = column("Mean count", "Mean of normalised counts over all samples", "{:,.0f}")
ARRAY_MEAN = column("Mean level", "Geometric mean of expression over all samples", "{:,.0f}")
TOP = 20
COMPARED_GENES = 40


def comparison_sections(results: Results) -> list[Section]:
    """What differs between conditions, by contrast and across contrasts; nothing if nothing was tested."""
    if not any(study.tests for study in results.studies):
        return []
    return [
        _clouds(results, VOLCANO, volcano_points, VOLCANO_AXES),
        _clouds(results, MA, ma_points, ma_axes(results.studies)),
        *(_top_genes(results, *test) for test in results.each_test()),
        *(_fold_changes(results, study) for study in results.studies if len(study.tests) > 1),
        _p_values(results),
    ]


def volcano_points(genes: pd.DataFrame) -> pd.DataFrame:
    """A gene table with places in a volcano plot: `x` log2 fold change, `y` −log10 of the raw p-value."""
    return genes.assign(x=genes["log2_fold_change"], y=minus_log10(genes["p_value"].to_numpy(float)))


def ma_points(genes: pd.DataFrame) -> pd.DataFrame:
    """A gene table with places in an MA plot: `x` log10 mean, `y` log2 fold change, shrunken if known."""
    means = genes["base_mean"].to_numpy(float)
    x = np.log10(means, where=means > 0, out=np.full(len(means), np.nan))
    return genes.assign(x=x, y=genes["shrunken_log2_fold_change"].fillna(genes["log2_fold_change"]))


def ma_axes(studies: Iterable[Study]) -> tuple[str, str]:
    """What the axes of an MA plot of these studies show."""
    tested = [study for study in studies if study.tests]
    of_arrays = any(study.of_arrays for study in tested)
    shrunken = "shrunken " if all(study.shrinks for study in tested) else ""
    mean = "mean expression" if of_arrays else "mean of normalised counts"
    return f"{mean} (log10)", f"{shrunken}log2 fold change"


def drawn_points(points: pd.DataFrame) -> pd.DataFrame:
    """The tested genes that are drawn: the called ones and a thinned background, called ones last, on top."""
    tested = points[points["call"] != "untested"]
    called = tested["call"].isin(("up", "down")).to_numpy()
    drawn = tested[thin_cloud(tested["x"].to_numpy(float), tested["y"].to_numpy(float), called)]
    return drawn.sort_values("call", key=lambda call: call != "unchanged", kind="stable")


def _clouds(
    results: Results, topic: Topic, place: Callable[[pd.DataFrame], pd.DataFrame], axes: tuple[str, str]
) -> Section:
    """One scatter plot with a tab per contrast; `place` gives genes their x and y."""
    tabs = {
        results.heading(study, contrast).text: drawn_points(place(genes)).assign(
            study=study.name, contrast=contrast.id
        )
        for study, contrast, genes in results.each_test()
    }
    lines = [{"value": at, "dash": "dash", "width": 1, "color": "#888888"} for at in _fold_lines(results)]
    pconfig = {
        "xlab": axes[0],
        "ylab": axes[1],
        "tt_label": f"<br>{axes[0]}: %{{x:.2f}}<br>{axes[1]}: %{{y:.2f}}",
        "marker_size": 5,
        "marker_line_width": 0,
        "height": 560,
        "showlegend": True,
        "x_lines" if topic is VOLCANO else "y_lines": lines,
    }
    ranges = [axis_ranges(tab["x"].to_numpy(float), tab["y"].to_numpy(float)) for tab in tabs.values()]
    if len(tabs) > 1:
        pconfig["data_labels"] = [{"name": n, **limits} for n, limits in zip(tabs, ranges, strict=True)]
    else:
        pconfig |= ranges[0]
    columns = ["study", "contrast", "gene_id", "gene_name", "call", "x", "y"]
    tables = {f"{topic.id.removeprefix('rxpress_')}_genes": pd.concat(tabs.values())[columns]}
    return Section(topic, "scatter", [_by_call(tab) for tab in tabs.values()], pconfig=pconfig, tables=tables)


def _fold_lines(results: Results) -> tuple[float, float]:
    limit = float(np.log2(results.fold_change))
    return -limit, limit


def axis_ranges(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """MultiQC's limits of both axes, with a margin: beside lines it would end an axis at the last point."""
    limits = {}
    for axis, values in (("x", x), ("y", y)):
        margin = 0.04 * float(np.ptp(values)) or 1.0
        limits[f"{axis}min"] = float(values.min()) - margin
        limits[f"{axis}max"] = float(values.max()) + margin
    return limits


def _by_call(points: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    series = {}
    for call, color in reversed(CALLS.items()):
        own = points[points["call"] == call]
        places = zip(own["gene_name"], own["x"].round(4).tolist(), own["y"].round(4).tolist(), strict=True)
        series[call] = [
            {"x": x, "y": y, "name": gene, "color": color, "group": call} for gene, x, y in places
        ]
    return {call: those for call, those in series.items() if those}


def top_genes(genes: pd.DataFrame, most: int = TOP) -> pd.DataFrame:
    """The tested genes of smallest p-value; of equal p-values, the larger change first."""
    tested = genes[genes["call"] != "untested"]
    order = np.lexsort((-tested["log2_fold_change"].abs(), tested["p_value"]))
    return tested.iloc[order[:most]].reset_index(drop=True)


def _top_genes(results: Results, study: Study, contrast: Contrast, genes: pd.DataFrame) -> Section:
    change: dict[str, Any] = {"scale": "RdYlBu-rev", "bars_zero_centrepoint": True}
    beyond = f"Adjusted p-value of a change beyond {results.fold_change:g}-fold"
    columns = {
        "gene_name": column("Gene", "Symbol"),
        "gene_id": column("Gene id", "As in the annotation"),
        "base_mean": ARRAY_MEAN if study.of_arrays else COUNT_MEAN,
        "log2_fold_change": column("log2 FC", "log2 fold change", "{:,.2f}", **change),
        "shrunken_log2_fold_change": column("Shrunken", "Drawn to zero if uncertain", "{:,.2f}", **change),
        "p_value": column("p", "p-value of no change at all", "{:.2e}"),
        "p_adjusted": column("Adjusted p", "For the number of genes, Benjamini-Hochberg", "{:.2e}"),
        "p_adjusted_threshold": column("Beyond", beyond, "{:.2e}"),
        "lines_agree": column(
            "Lines agree", "Lines of the average that change in the direction of the average"
        ),
        "left_out": column("One left out", "Range of log2 FC when one line of the average is left out"),
        "call": column("Call", "By p-value and fold change", **colored_words(CALLS)),
    }
    frame = top_genes(genes)
    shown = frame.assign(lines_agree=_lines_agree(frame)) if len(contrast.lines) > 1 else frame
    shown = shown.assign(left_out=_left_out(frame)) if "lfc_min_leave_one_out" in frame else shown
    shown = shown if study.shrinks else shown.drop(columns="shrunken_log2_fold_change")
    up, down = (int((genes["call"] == call).sum()) for call in ("up", "down"))
    detail = f"{up:,} genes up and {down:,} down of {(genes['call'] != 'untested').sum():,} tested."
    tables = {f"top_genes_{study.name}_{contrast.id}": frame}
    return table(TOP_GENES, shown, "gene_name", columns, tables, results.heading(study, contrast), detail)


def _lines_agree(genes: pd.DataFrame) -> pd.Series:
    return genes["lines_same_sign"].astype(str) + " of " + genes["lines"].astype(str)


def _left_out(genes: pd.DataFrame) -> list[str]:
    """`-0.3 to 1.2` for each gene."""
    ends = zip(genes["lfc_min_leave_one_out"], genes["lfc_max_leave_one_out"], strict=True)
    return [f"{least:.2f} to {most:.2f}" for least, most in ends]


def fold_change_table(study: Study) -> pd.DataFrame:
    """`gene_id gene_name`, then shrunken log2 fold changes per contrast, of the genes of smallest p-value.

    Genes stand in the order of a clustering.
    """
    chosen = study.smallest_p().sort_values(kind="stable").index[:COMPARED_GENES]
    tables = {c.id: study.tests[c.id].set_index("gene_id").reindex(chosen) for c in _compared(study)}
    changes = {
        id: genes["shrunken_log2_fold_change"].fillna(genes["log2_fold_change"])
        for id, genes in tables.items()
    }
    frame = pd.DataFrame(changes)
    order = cluster_order(frame.fillna(0).to_numpy(float))
    frame.insert(0, "gene_name", next(iter(tables.values()))["gene_name"])
    return frame.iloc[order].reset_index(names="gene_id")


def _compared(study: Study) -> list[Contrast]:
    """Contrasts with a fold change of their own: tests over lines and joint tests have that of others."""
    return [contrast for contrast in study.tested if contrast.test == "wald"] or study.tested


def _fold_changes(results: Results, study: Study) -> Section:
    frame = fold_change_table(study)
    labels = unique(contrast.label for contrast in _compared(study))
    shown = frame.drop(columns=["gene_id", "gene_name"]).set_axis(labels, axis="columns")
    shown = shown.set_axis(unique(frame["gene_name"]))
    limit = float(np.nanquantile(np.abs(shown.to_numpy(float)), 0.98)) or 1.0
    return heatmap(
        FOLD_CHANGES,
        shown,
        {f"fold_changes_{study.name}": frame},
        DIVERGING,
        results.heading(study),
        zlab="log2 fold change",
        min=-limit,
        max=limit,
        square=False,
        series_label="genes",
        xcats_samples=False,
        ycats_samples=False,
    )


def _p_values(results: Results) -> Section:
    tables, data = [], {}
    for study, contrast, genes in results.each_test():
        counts, edges = p_value_histogram(genes["p_value"].to_numpy(float))
        bins = {"from": edges[:-1].round(6), "to": edges[1:].round(6), "genes": counts}
        tables.append(pd.DataFrame({"study": study.name, "contrast": contrast.id, **bins}))
        middles = ((edges[:-1] + edges[1:]) / 2).round(6)
        data[results.heading(study, contrast).text] = dict(
            zip(middles.tolist(), counts.tolist(), strict=True)
        )
    colors = {name: CATEGORIES[i % len(CATEGORIES)] for i, name in enumerate(data)}
    pconfig = {"xlab": "p-value", "ylab": "genes", "xmin": 0, "xmax": 1, "ymin": 0, "colors": colors}
    return Section(P_VALUES, "linegraph", data, pconfig=pconfig, tables={"p_values": pd.concat(tables)})
