"""Do studies agree? Contrasts that several studies share, gene by gene and over all genes."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rxpress.intervals import NORMAL_QUANTILE
from rxpress.report.figures import as_svg
from rxpress.report.findings import in_order
from rxpress.report.meaning_figures import Forest, draw_forest
from rxpress.report.palette import CALLS, CATEGORIES
from rxpress.report.results import SHOWN_CONTRASTS, Results
from rxpress.report.section import Heading, Section, colored_words, column, note, slug, table, unique
from rxpress.report.topics import ACROSS

FOREST_GENES = 12
TOP = 10
MOST_NOTES = 3
SAME, OPPOSITE = "same direction", "directions differ"


def across_sections(results: Results) -> list[Section]:
    """Agreement per contrast, forests of the first genes, overlap of called genes, where studies part."""
    consistency = results.findings.consistency
    if consistency is None or (results.studies and not results.with_expression):
        return []
    labels = shared_contrasts(results)
    if not labels:
        return [note(ACROSS, _why_not(results))]
    return [
        _agreement(consistency, labels),
        _forests(results, labels),
        *_first_genes(results, labels),
        _overlap(results, labels),
        *_parted_genes(results, labels),
    ]


def _why_not(results: Results) -> str:
    if len(results.studies) < 2:
        return (
            "There is one study, so that nothing can be compared. Several studies go into one samplesheet, "
            "told apart by its column study; contrasts of the same id are then compared."
        )
    return f"No contrast was tested in two of the {len(results.studies)} studies: nothing can be compared."


def shared_contrasts(results: Results) -> dict[str, str]:
    """{contrast id: label} of those compared across studies that are shown, tests over lines last.

    When they are too many, averages over lines stay rather than single lines.
    """
    consistency = results.findings.consistency
    if consistency is None or not len(consistency):
        return {}
    labels = dict(zip(consistency["contrast"], consistency["label"], strict=True))
    averages = {contrast.id for study in results.studies for contrast in study.tested if contrast.lines}
    ordered = sorted(results.findings.together, key=lambda id: id.endswith(".class"))
    first = sorted(ordered, key=lambda id: id not in averages)[:SHOWN_CONTRASTS]
    ids = [id for id in ordered if id in first]
    return dict(zip(ids, unique(labels.get(id) or id for id in ids), strict=True))


def studies_of(genes: pd.DataFrame) -> list[str]:
    """The studies whose fold changes a table of comparison/ holds."""
    start = "log2_fold_change."
    return [str(name).removeprefix(start) for name in genes.columns if str(name).startswith(start)]


def _agreement(consistency: pd.DataFrame, labels: dict[str, str]) -> Section:
    whole, share = "{:,.0f}", "{:.0%}"
    shown = consistency.assign(label=unique(consistency["label"]))
    columns = {
        "label": column("Contrast", "The question that the studies share"),
        "genes_joined": column("Genes", "Found in at least two studies", whole),
        "genes_lost": column(
            "Lost", "Genes of a study that found no partner; comparison/join.tsv says why", whole
        ),
        "same_sign_share": column("Same sign", "Share of genes that change in the same direction", share),
        "correlation": column("Correlation", "Of log2 fold changes, mean over pairs of studies", "{:.2f}"),
        "consistent_up": column("Up in all", "Genes that rise, consistently", whole, scale="Oranges", min=0),
        "consistent_down": column(
            "Down in all", "Genes that fall, consistently", whole, scale="Blues", min=0
        ),
        "fixed_significant": column("Together", "Genes of small adjusted p, all studies together", whole),
        "median_i2": column(
            "Median I²", "Share of the spread beyond chance, in %, median over genes", "{:.0f}"
        ),
        "studies": column("Studies", "Those that tested it"),
        "doses_nM": column("Doses (nM)", "By study"),
        "times_h": column("Times (h)", "By study"),
    }
    shown = shown.drop(columns=[name for name in ("doses_nM", "times_h") if not shown[name].any()])
    notes = in_order(consistency.loc[consistency["note"] != "", "note"])
    more = f" (and {len(notes) - MOST_NOTES} more notes in the file)" if len(notes) > MOST_NOTES else ""
    noticed = f" Noticed: {'; '.join(notes[:MOST_NOTES])}{more}." if notes else ""
    detail = f"{len(consistency)} contrasts; {len(labels)} of them are shown gene by gene below.{noticed}"
    return table(ACROSS, shown, "label", columns, {}, Heading("Agreement", "agreement"), detail)


def overlap_table(genes: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """In which studies genes are significant: `significant_in genes same_direction directions_differ`.

    A row per set of studies in which the adjusted p of a gene is below alpha, the most studies first; the
    direction is compared among these.
    """
    studies = studies_of(genes)
    hit = np.column_stack([genes[f"p_adjusted.{study}"].to_numpy(float) < alpha for study in studies])
    sign = np.column_stack([np.sign(genes[f"log2_fold_change.{study}"].to_numpy(float)) for study in studies])
    alike = np.abs(np.where(hit, sign, 0).sum(axis=1)) == hit.sum(axis=1)
    rows: list[tuple[int, str, int, int, int]] = []
    for pattern in np.unique(hit[hit.any(axis=1)], axis=0):
        own = (hit == pattern).all(axis=1)
        where = [study for study, there in zip(studies, pattern, strict=True) if there]
        name = " + ".join(where) if len(where) > 1 else f"{where[0]} only"
        rows.append((len(where), name, int(own.sum()), int((own & alike).sum()), int((own & ~alike).sum())))
    rows.sort(key=lambda row: (-row[0], -row[2]))
    return pd.DataFrame(
        [row[1:] for row in rows], columns=["significant_in", "genes", "same_direction", "directions_differ"]
    )


def _overlap(results: Results, labels: dict[str, str]) -> Section:
    frames = {id: overlap_table(results.findings.together[id], results.alpha) for id in labels}
    bars = [
        {
            str(row["significant_in"]): {SAME: row["same_direction"], OPPOSITE: row["directions_differ"]}
            for row in frame.to_dict("records")
        }
        or {"none": {SAME: 0, OPPOSITE: 0}}
        for frame in frames.values()
    ]
    colors = {SAME: CATEGORIES[2], OPPOSITE: CATEGORIES[3]}
    pconfig = {
        "ylab": "genes",
        "sort_samples": False,
        "hide_zero_cats": False,
        "data_labels": [{"name": label, "ylab": "genes"} for label in labels.values()],
    }
    detail = (
        f"Genes whose adjusted p is below {results.alpha:g} in each of the studies named, and whether they "
        "change in the same direction there. A gene that is significant in one study only may well change in "
        "the other, less surely: the forests show it. Numbers: tables/overlap.tsv."
    )
    every = pd.concat([frame.assign(contrast=id) for id, frame in frames.items()])
    columns = ["contrast", "significant_in", "genes", "same_direction", "directions_differ"]
    return Section(
        ACROSS,
        "bargraph",
        bars,
        Heading("Significant in the same studies", "overlap"),
        detail,
        pconfig,
        {
            "categories": [{name: {"name": name, "color": color} for name, color in colors.items()}]
            * len(bars)
        },
        {"overlap": every[columns]},
    )


def top_genes(genes: pd.DataFrame, most: int) -> pd.DataFrame:
    """Genes of smallest p-value, all studies together; of equal ones the larger change first."""
    known = genes.dropna(subset="p_value").assign(size=genes["log2_fold_change"].abs())
    return known.sort_values(["p_value", "size"], ascending=[True, False], kind="stable").head(most)


def first_forest(genes: pd.DataFrame) -> Forest:
    """The effects of the first genes of a table of comparison/, by study and together (fixed effect)."""
    genes, studies = top_genes(genes, FOREST_GENES), studies_of(genes)
    estimate, error = (
        np.column_stack([genes[f"{name}.{study}"].to_numpy(float) for study in studies])
        for name in ("log2_fold_change", "lfc_se")
    )
    reach = NORMAL_QUANTILE * error
    together = genes[["log2_fold_change", "lfc_lower", "lfc_upper"]].to_numpy(float)
    names = genes["gene_name"].where(genes["gene_name"] != "", genes["gene_id"])
    return Forest(names.tolist(), studies, estimate, estimate - reach, estimate + reach, together)


def _forests(results: Results, labels: dict[str, str]) -> Section:
    """The forests of each contrast, the first of them open."""
    body = ""
    for i, (id, label) in enumerate(labels.items()):
        figure = draw_forest(first_forest(results.findings.together[id]), label)
        data = base64.b64encode(as_svg(figure).encode()).decode()
        name, source = html.escape(label, quote=True), f"data:image/svg+xml;base64,{data}"
        body += f"<details{' open' * (i == 0)}><summary>{name}</summary>"
        body += f'<img alt="Forest plots: {name}" src="{source}" style="max-width:100%"></details>'
    detail = (
        f"The {FOREST_GENES} genes of smallest p-value, all studies together: log2 fold change and 95 % "
        "interval by study (1.96 standard errors); the diamond is the fixed effect. Numbers: "
        "comparison/<contrast>.tsv; for papers: figures/forest_<contrast>."
    )
    return Section(ACROSS, "html", body, Heading("Forests of the first genes", "forests"), detail)


def parted(genes: pd.DataFrame, alpha: float, most: int) -> pd.DataFrame:
    """Genes that are significant in two studies, in opposite directions; those of smallest p of Q first."""
    studies = studies_of(genes)
    signs = np.column_stack(
        [
            np.where(
                genes[f"p_adjusted.{s}"].to_numpy(float) < alpha, np.sign(genes[f"log2_fold_change.{s}"]), 0
            )
            for s in studies
        ]
    )
    apart = genes.iloc[np.flatnonzero((signs > 0).any(axis=1) & (signs < 0).any(axis=1))]
    return apart.sort_values("q_p_value", kind="stable").head(most)


def _first_genes(results: Results, labels: dict[str, str]) -> Iterator[Section]:
    frames = [_told(top_genes(results.findings.together[id], TOP), label) for id, label in labels.items()]
    detail = f"The first {TOP} of each contrast, all studies together. All: comparison/<contrast>.tsv."
    yield from _genes("Genes of smallest p-value", frames, detail)


def _parted_genes(results: Results, labels: dict[str, str]) -> Iterator[Section]:
    genes = {label: parted(results.findings.together[id], results.alpha, TOP) for id, label in labels.items()}
    detail = (
        f"Genes that are significant in two studies, in opposite directions; up to {TOP} per contrast, those "
        "that differ most surely first. All: comparison/<contrast>.tsv."
    )
    yield from _genes("Studies disagree", [_told(own, label) for label, own in genes.items()], detail)


def _genes(what: str, frames: Sequence[pd.DataFrame], detail: str) -> Iterator[Section]:
    """A table of genes of several contrasts; none if there is no gene."""
    frame = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    if len(frame):
        studies = [str(name).removeprefix("in.") for name in frame if str(name).startswith("in.")]
        shown = frame.assign(number=range(1, len(frame) + 1))
        columns = _gene_columns(studies, max(1.0, float(frame["log2_fold_change"].abs().max())))
        yield table(ACROSS, shown, "number", columns, {}, Heading(what, slug(what)), detail)


def _told(genes: pd.DataFrame, label: str) -> pd.DataFrame:
    """Genes of a contrast with its label, a name each, and what each study says of them."""
    names = genes["gene_name"].where(genes["gene_name"] != "", genes["gene_id"])
    consistent = genes["consistent"].replace("no", "not in all")
    return genes.assign(label=label, gene_name=names, consistent=consistent, **_by_study(genes))


def _by_study(frame: pd.DataFrame) -> dict[str, list[str]]:
    """`1.21, p 0.003` of each gene, per study."""
    texts = {}
    for study in studies_of(frame):
        numbers = frame[[f"log2_fold_change.{study}", f"p_adjusted.{study}"]].to_numpy(float)
        texts[f"in.{study}"] = ["not tested" if np.isnan(b) else f"{b:.2f}, p {p:.1e}" for b, p in numbers]
    return texts


def _gene_columns(studies: Sequence[str], largest: float) -> dict[str, dict[str, object]]:
    change: dict[str, object] = {"scale": "RdYlBu-rev", "min": -largest, "max": largest}
    return {
        "number": column("No.", "Place in this table"),
        "gene_name": column("Gene", "Symbol"),
        "label": column("Contrast", "What is compared"),
        "log2_fold_change": column("log2 FC", "All studies together, fixed effect", "{:,.2f}", **change),
        "p_adjusted": column("Adjusted p", "Fixed effect, adjusted over all genes", "{:.1e}"),
        "hk_p_adjusted": column(
            "Hartung-Knapp p", "Adjusted; allows for studies that truly differ", "{:.1e}"
        ),
        "stouffer_p_adjusted": column(
            "Stouffer p", "Adjusted; of z-scores, which need no common scale", "{:.1e}"
        ),
        "i2": column("I²", "Share of the spread between studies beyond chance, in %", "{:.0f}"),
        "q_p_value": column("p-value of Q", "That the studies differ more than by chance", "{:.1e}"),
        "consistent": column(
            "Consistent", "Same direction in all studies, and surely", **colored_words(CALLS)
        ),
        **{f"in.{s}": column(s, "log2 fold change and adjusted p in this study") for s in studies},
    }
