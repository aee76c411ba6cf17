"""DESeq2 and limma-voom side by side: how far they call the same genes, and where they part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from rxpress.contrasts import Contrast
from rxpress.report.comparisons import axis_ranges
from rxpress.report.exploration import thin_cloud
from rxpress.report.palette import CATEGORIES, UNCHANGED
from rxpress.report.results import Results, Study
from rxpress.report.section import Heading, Section, column, html_table, table
from rxpress.report.topics import SECOND_OPINION

HANDFUL = 6
FIRST = 5
DRAWN_BOTH = 500
WHOSE = {
    "both": ("both", UNCHANGED),
    "deseq2": ("only DESeq2", CATEGORIES[0]),
    "limma": ("only limma-voom", CATEGORIES[1]),
    "opposite": ("opposite directions", CATEGORIES[3]),
}


def second_opinion_sections(results: Results) -> list[Section]:
    """Agreement of the methods in numbers, fold changes of both, and genes that one alone calls."""
    studies = [study for study in results.studies if len(study.second_opinion)]
    if not studies:
        return []
    cloud = _fold_changes(results)
    return [
        *(_agreement(results, study) for study in studies),
        *([cloud] if cloud else []),
        *(_parted(results, study) for study in studies),
    ]


def _heading(results: Results, text: str, study: Study | None = None) -> Heading:
    several = study is not None and len(results.studies) > 1
    key = f"{text.split()[0].lower()}_{study.name}" if study else text.split()[0].lower()
    return Heading(f"{study.name}: {text}" if study and several else text, key)


def _agreement(results: Results, study: Study) -> Section:
    whole = "{:,.0f}"
    columns = {
        "label": column("Contrast", "The question"),
        "called_by_both": column("Both", "Genes that both call, in the same direction", whole),
        "only_deseq2": column("Only DESeq2", "Genes that only DESeq2 calls", whole),
        "only_limma": column("Only limma", "Genes that only limma-voom calls", whole),
        "opposite": column("Opposite", "Genes that both call, in opposite directions", whole),
        "jaccard": column("Overlap", "Share of those by both among all called genes", "{:.0%}"),
        "lfc_correlation": column("Correlation", "Correlation of log2 fold changes (Pearson)", "{:.3f}"),
        "genes_compared": column("Compared", "Genes that both tested", whole),
    }
    labels = {contrast.id: contrast.label for contrast in study.tested}
    frame = study.second_opinion
    shown = frame.assign(label=frame["contrast"].map(labels).fillna(frame["contrast"]))
    heading = _heading(results, "Called by both methods", study)
    return table(SECOND_OPINION, shown, "label", columns, {f"second_opinion_{study.name}": frame}, heading)


def _shown(results: Results) -> Iterator[tuple[Study, Contrast, pd.DataFrame]]:
    """The contrasts of each study with the most called genes, with the genes that either method calls."""
    for study in results.studies:
        genes = {str(id): own for id, own in study.opinion_genes.groupby("contrast", sort=False)}
        most = sorted(genes, key=lambda id: -len(genes[id]))[:HANDFUL]
        for contrast in study.tested:
            if contrast.id in most:
                yield study, contrast, genes[contrast.id]


def drawn_genes(genes: pd.DataFrame) -> pd.DataFrame:
    """Called genes with fold changes by both methods: all that these part on, the others thinned."""
    known = genes.dropna(subset=["deseq2_log2_fold_change", "limma_log2_fold_change"])
    x, y = known[["deseq2_log2_fold_change", "limma_log2_fold_change"]].to_numpy(float).T
    drawn = thin_cloud(x, y, (known["called_by"] != "both").to_numpy(), background=DRAWN_BOTH)
    return known[drawn]


def _fold_changes(results: Results) -> Section | None:
    """A tab per contrast: log2 fold changes by one method against those by the other."""
    tabs = {
        results.heading(study, contrast).text: drawn_genes(genes)
        for study, contrast, genes in _shown(results)
    }
    tabs = {name: genes for name, genes in tabs.items() if len(genes)}
    if not tabs:
        return None
    pconfig: dict[str, Any] = {
        "xlab": "log2 fold change by DESeq2",
        "ylab": "log2 fold change by limma-voom",
        "marker_size": 5,
        "marker_line_width": 0,
        "height": 520,
        "showlegend": True,
    }
    ranges = [
        axis_ranges(*genes[["deseq2_log2_fold_change", "limma_log2_fold_change"]].to_numpy(float).T)
        for genes in tabs.values()
    ]
    if len(tabs) > 1:
        pconfig["data_labels"] = [{"name": n, **limits} for n, limits in zip(tabs, ranges, strict=True)]
    else:
        pconfig |= ranges[0]
    data = [_points(genes) for genes in tabs.values()]
    return Section(
        SECOND_OPINION, "scatter", data, _heading(results, "Fold changes by both methods"), pconfig=pconfig
    )


def _points(genes: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    series = {}
    for whose, (label, color) in WHOSE.items():
        own = genes[genes["called_by"] == whose]
        x, y = own[["deseq2_log2_fold_change", "limma_log2_fold_change"]].to_numpy(float).round(4).T
        series[label] = [
            {"x": a, "y": b, "name": gene, "color": color, "group": label}
            for a, b, gene in zip(x.tolist(), y.tolist(), own["gene_name"], strict=True)
        ]
    return {label: points for label, points in series.items() if points}


def parted_genes(genes: pd.DataFrame, most: int = FIRST) -> pd.DataFrame:
    """The genes of one contrast that a method alone calls, of smallest adjusted p-value, so many of each."""
    alone = [
        genes[genes["called_by"] == method].sort_values(f"{method}_p_adjusted", kind="stable").head(most)
        for method in ("deseq2", "limma")
    ]
    return pd.concat(alone)


def _parted(results: Results, study: Study) -> Section:
    chosen = [parted_genes(genes) for own, _, genes in _shown(results) if own is study]
    frame = pd.concat(chosen) if chosen else study.opinion_genes[:0]
    labels = {contrast.id: contrast.label for contrast in study.tested}
    rows = [
        [
            labels[row["contrast"]],
            row["gene_name"],
            WHOSE[row["called_by"]][0],
            _said(row, "deseq2"),
            _said(row, "limma"),
        ]
        for row in frame.to_dict("records")
    ]
    header = ["Contrast", "Gene", "Called by", "DESeq2", "limma-voom"]
    body = html_table(header, rows) if rows else "<p>The methods call the same genes.</p>"
    detail = (
        f"At most {FIRST} of each method and contrast, those of smallest adjusted p-value first, in the "
        f"{HANDFUL} contrasts with the most called genes."
    )
    heading = _heading(results, "Genes that one method alone calls", study)
    return Section(
        SECOND_OPINION, "html", body, heading, detail, tables={f"parted_genes_{study.name}": frame}
    )


def _said(row: dict[Any, Any], method: str) -> str:
    """What a method says of a gene: `2.9-fold up, adjusted p 0.003`."""
    change, p_value = row[f"{method}_log2_fold_change"], row[f"{method}_p_adjusted"]
    if row[f"{method}_call"] == "untested":
        return "not tested"
    return f"{2 ** np.abs(change):.3g}-fold {'up' if change > 0 else 'down'}, adjusted p {p_value:.2g}"
