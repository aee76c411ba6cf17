"""Alignments to a genome: how many, where they lie, along transcripts, and how long fragments are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rxpress.report.palette import CATEGORIES, UNCHANGED
from rxpress.report.read_methods import QUANTIFIERS
from rxpress.report.results import Results
from rxpress.report.section import Section, colored_words, column, plain_values, table
from rxpress.report.topics import ALIGNMENTS, GENE_BODY, INSERTS, WHERE_ALIGNED

PLACES = {
    "exonic_bases": ("exons", CATEGORIES[0]),
    "intronic_bases": ("introns", CATEGORIES[1]),
    "intergenic_bases": ("between genes", UNCHANGED),
}
SHARES = {
    "percent_mapped": "mapped_fragments",
    "percent_unique": "unique_fragments",
    "percent_multiple": "multi_fragments",
}

OF_STATUS = (
    "quantifier",
    "strandedness_declared",
    "strandedness_alignments",
    "strandedness_salmon",
    "strandedness_used",
)


def alignment_sections(results: Results) -> list[Section]:
    """How good the alignments of each sample are; nothing where no reads were aligned."""
    if not results.alignments:
        return []
    frame = alignment_table(results)
    sections = [_overview(frame), _places(frame)]
    curves = {name: quality["coverage"] for name, quality in results.alignments.items()}
    sections += [_coverage(curves)] if any(curves.values()) else []
    inserts = {name: quality["insert_size"] for name, quality in results.alignments.items()}
    sections += [_inserts(inserts)] if any(inserts.values()) else []
    return sections


def alignment_table(results: Results) -> pd.DataFrame:
    """A row per aligned sample: its quality, and which strandedness was seen by whom and used."""
    statuses = {status["sample"]: status for status in results.statuses}
    rows = []
    for sample, quality in results.alignments.items():
        status = statuses.get(sample, {})
        row = {"sample": sample, **{name: quality[name] for name in quality if _is_scalar(quality[name])}}
        row |= {name: status.get(name) for name in OF_STATUS}
        rows.append(row | _shares(quality))
    return pd.DataFrame(rows)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, list | tuple | Mapping)


def _shares(quality: Mapping[str, Any]) -> dict[str, float | None]:
    """Percentages of fragments and of aligned bases, and the middle insert size."""
    fragments, bases = quality["fragments"], sum(quality[name] for name in PLACES)
    shares = {name: 100 * quality[of] / fragments if fragments else None for name, of in SHARES.items()}
    shares["percent_duplicates"] = 100 * quality["duplicate_share"]
    shares["percent_exonic"] = 100 * quality["exonic_bases"] / bases if bases else None
    return shares | {"median_insert": (quality["insert_size"] or {}).get("median")}


def _overview(frame: pd.DataFrame) -> Section:
    def percent(title: str, about: str) -> dict[str, Any]:
        return column(title, about, "{:,.1f}", suffix="%")

    colors = {"undetermined": CATEGORIES[1]}
    columns = {
        "sample": column("Sample", "Name in the samplesheet"),
        "quantifier": column("Counted by", "What made counts of alignments"),
        "fragments": column("Fragments", "Reads, or pairs of them, after trimming", "{:,.0f}"),
        "percent_mapped": percent("Mapped", "Fragments that lie on the genome"),
        "percent_unique": percent("Unique", "Fragments that lie at one place"),
        "percent_multiple": percent("Several places", "Fragments that lie at several places"),
        "percent_duplicates": percent(
            "Duplicates", "Mapped fragments whose ends and strand another one has already; none is removed"
        ),
        "percent_exonic": percent("Exonic", "Aligned bases that lie in exons"),
        "spliced_reads": column("Spliced", "Reads that span an intron", "{:,.0f}"),
        "bias_3prime": column("3' bias", "Depth at 70-90 % of transcripts over that at 10-30 %", "{:,.2f}"),
        "median_insert": column(
            "Length", "Median length of fragments without introns", "{:,.0f}", suffix=" bp"
        ),
        "strandedness_declared": column("Declared", "Strandedness in the samplesheet; auto: to be found out"),
        "strandedness_alignments": column(
            "By alignments", "Strandedness that alignments in genes show", **colored_words(colors)
        ),
        "strandedness_salmon": column("By Salmon", "Strandedness that Salmon sees"),
        "strandedness_used": column("Used", "Strandedness that fragments were counted by"),
        "forward_share": column("Forward", "Share whose first read lies on its gene's strand", "{:,.3f}"),
    }
    shown = frame.dropna(axis="columns", how="all").replace({"quantifier": QUANTIFIERS})
    return table(ALIGNMENTS, shown, "sample", columns, {"alignments": frame})


def _places(frame: pd.DataFrame) -> Section:
    parts = frame.set_index("sample")[list(PLACES)]
    categories = {name: {"name": shown, "color": color} for name, (shown, color) in PLACES.items()}
    return Section(
        WHERE_ALIGNED,
        "bargraph",
        {str(sample): plain_values(row) for sample, row in parts.to_dict("index").items()},
        pconfig={"ylab": "aligned bases", "sort_samples": False},
        extra={"categories": categories},
        tables={"alignments": frame},
    )


def _coverage(curves: Mapping[str, Sequence[float]]) -> Section:
    drawn = {
        sample: [[place, depth] for place, depth in enumerate(depths, start=1)]
        for sample, depths in curves.items()
        if depths
    }
    rows = [(sample, place, depth) for sample, pairs in drawn.items() for place, depth in pairs]
    frame = pd.DataFrame(rows, columns=["sample", "percentile", "relative_depth"])
    pconfig = {
        "xlab": "place along transcripts, from 5' to 3' (percent)",
        "ylab": "relative depth",
        "ymin": 0,
        "height": 440,
    }
    return Section(GENE_BODY, "linegraph", drawn, pconfig=pconfig, tables={"alignment_coverage": frame})


def _inserts(inserts: Mapping[str, Mapping[str, Any] | None]) -> Section:
    rows = [
        (sample, found["bin_width"] * i, fragments, fragments / max(sum(found["counts"]), 1))
        for sample, found in inserts.items()
        if found
        for i, fragments in enumerate(found["counts"])
    ]
    frame = pd.DataFrame(rows, columns=["sample", "length_from", "fragments", "share"])
    drawn = {
        str(sample): own[["length_from", "share"]].to_numpy(float).tolist()
        for sample, own in frame.groupby("sample", sort=False)
    }
    pconfig = {"xlab": "length of fragments (bp)", "ylab": "share of fragments", "ymin": 0, "height": 440}
    return Section(INSERTS, "linegraph", drawn, pconfig=pconfig, tables={"insert_sizes": frame})
