"""Arrays: which stand out and why, their intensities, RLE, NUSE and MA plots, and probesets made genes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from rxpress.arrays.outlier_arrays import MA_DEPENDENCE, NUSE_MEDIAN, THREE_FIVE_RATIO
from rxpress.report.comparisons import axis_ranges
from rxpress.report.palette import CATEGORIES
from rxpress.report.results import Results, Study
from rxpress.report.section import (
    Heading,
    Section,
    bullets,
    colored_words,
    column,
    html_table,
    note,
    paragraphs,
    table,
)
from rxpress.report.topics import ARRAY_BOXES, ARRAY_MA, ARRAYS, DENSITIES, PROBESETS

SHOWN_ARRAYS = 12
OUTLYING, OTHER = CATEGORIES[1], CATEGORIES[0]
STAGES = {"before": "Before normalisation", "after": "After normalisation", "given": "As given"}
MEASURES = {
    "rle": ("RLE", "relative log2 expression"),
    "nuse": ("NUSE", "normalised unscaled standard error"),
}
BOX = {
    "min": "lower_whisker",
    "q1": "lower_quartile",
    "median": "median",
    "q3": "upper_quartile",
    "max": "upper_whisker",
}
STAYS = (
    "An array that stands out is not left out: it enters all tests. To leave it out, remove its row from the "
    "samplesheet and run again. Biology, such as another tissue, can make an array stand out as well."
)


def array_sections(results: Results) -> list[Section]:
    """How good the arrays of each study are; nothing for studies without arrays."""
    studies = [study for study in results.studies if study.arrays]
    return [section for study in studies for section in _sections(study, results)]


def array_words(study: Study) -> list[str]:
    """For the first words of the report: whether arrays stand out."""
    arrays = study.arrays
    if not len(arrays.quality):
        return []
    names = arrays.flagged["sample"].astype(str).tolist()
    if not names:
        return [f"None of {len(arrays.quality):,} arrays stands out."]
    stand = "arrays stands" if len(names) == 1 else "arrays stand"
    return [f"{len(names):,} of {len(arrays.quality):,} {stand} out, see Array quality: {_some(names)}."]


def array_notes(study: Study) -> list[str]:
    """For the warnings: arrays that stand out with their reasons, and what was noted on the way."""
    flagged = study.arrays.flagged
    found = [f"array {row['sample']} stands out: {row['reasons']}" for row in flagged.to_dict("records")]
    return [*found, *map(str, study.arrays.facts.get("notes", []))]


def _sections(study: Study, results: Results) -> Iterator[Section]:
    arrays, heading = study.arrays, results.heading(study)
    if len(arrays.quality):
        yield _outlying(study, results.part("Arrays that stand out", "outlying", study))
        yield _quality(study, results.part("Every array", "quality", study))
    if len(arrays.densities):
        yield _densities(study, heading)
    if len(arrays.distributions):
        yield _boxes(study, heading)
    if len(arrays.ma):
        yield _ma(study, heading)
    if arrays.facts:
        yield _probesets(study, heading)


def _some(names: list[str], most: int = 6) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def _outlying(study: Study, heading: Heading) -> Section:
    flagged, every = study.arrays.flagged, len(study.arrays.quality)
    if not len(flagged):
        return note(ARRAYS, f"None of {every:,} does.", heading)
    rows = zip(flagged["sample"].astype(str), flagged["reasons"].astype(str), strict=True)
    said = paragraphs([f"{len(flagged):,} of {every:,}. {STAYS}"])
    return Section(ARRAYS, "html", said + html_table(["Array", "Why"], list(rows)), heading)


def _quality(study: Study, heading: Heading) -> Section:
    ratio = _column_with_limit(
        "Signal at the 3' end of its transcript over that at the 5' end", THREE_FIVE_RATIO
    )
    columns = {
        "sample": column("Array", "Name of the sample"),
        "state": column(
            "Stands out", "By the rules of docs/methods.md", **colored_words({"stands out": OUTLYING})
        ),
        "scale_factor": column(
            "Scale factor", "What MAS5 multiplies signals by to bring them to 500", "{:,.2f}"
        ),
        "percent_present": column("Present", "Probesets that MAS5 calls present", "{:,.1f}", suffix="%"),
        "actb_3_5_ratio": column("ACTB 3'/5'", **ratio),
        "gapdh_3_5_ratio": column("GAPDH 3'/5'", **ratio),
        "rle_median": column("RLE median", "Best about 0", "{:,.2f}"),
        "rle_iqr": column("RLE IQR", "Width of its box; best like that of the others", "{:,.2f}"),
        "nuse_median": column("NUSE median", **_column_with_limit("Best about 1", NUSE_MEDIAN, "{:,.3f}")),
        "ma_dependence": column(
            "MA trend",
            **_column_with_limit("Hoeffding's D of the MA plot: 0 for none", MA_DEPENDENCE),
        ),
        "mean_correlation": column("Correlation", "Mean correlation with the other arrays", "{:,.3f}"),
        "mean_background": column("Background", "Mean over the zones of MAS5", "{:,.0f}"),
        "masked_cells": column("Masked", "Cells that the scanner's software masked", "{:,.0f}"),
        "outlier_cells": column(
            "Outlier cells", "Cells that the scanner's software calls outliers", "{:,.0f}"
        ),
        "scan_date": column("Scanned", "As the file says"),
        "chip": column("Chip", "As the file says"),
    }
    quality = study.arrays.quality
    outlying = quality["sample"].isin(study.arrays.flagged["sample"])
    shown = quality.assign(state=outlying.map({True: "stands out", False: None}))
    for name in {"rle_median", "ma_dependence"} & set(shown):
        shown[name] = shown[name].round(2) + 0.0  # no -0.00
    shown = shown.sort_values("state", kind="stable").dropna(axis="columns", how="all")
    return table(ARRAYS, shown, "sample", columns, {}, heading)


def _column_with_limit(about: str, limit: float, form: str = "{:,.2f}") -> dict[str, Any]:
    """What `column` takes to colour the cells above a limit."""
    return {
        "description": f"{about}; coloured above {limit:g}",
        "form": form,
        "cond_formatting_rules": {"above": [{"gt": limit}]},
        "cond_formatting_colours": [{"above": OUTLYING}],
    }


def _densities(study: Study, heading: Heading) -> Section:
    frame, names = study.arrays.densities, study.arrays.flagged["sample"]
    on_top = frame["sample"].isin(names) & (frame["sample"].nunique() > len(names))
    stages = {STAGES.get(str(stage), str(stage)): own for stage, own in frame.groupby("stage", sort=False)}
    pconfig: dict[str, Any] = {
        "xlab": "log2 intensity",
        "ylab": "density",
        "ymin": 0,
        "colors": {str(name): OUTLYING if name in set(names) else OTHER for name in frame["sample"].unique()},
        "data_labels": [{"name": name} for name in stages] if len(stages) > 1 else [],
        "axis_controlled_by_switches": ["xaxis", "yaxis"],
        "height": 480,
    }
    if on_top.any():
        pconfig["extra_series"] = [
            [
                {"name": name, "pairs": pairs, "color": OUTLYING, "width": 3}
                for name, pairs in _curves(own[on_top[own.index]]).items()
            ]
            for own in stages.values()
        ]
    return Section(
        DENSITIES,
        "linegraph",
        [_curves(own[~on_top[own.index]]) for own in stages.values()],
        heading,
        pconfig=pconfig,
    )


def _curves(densities: pd.DataFrame) -> dict[str, list[list[float]]]:
    """{array: [[log2 intensity, density], …]}."""
    by_array = densities.groupby("sample", sort=False)
    return {
        str(sample): own[["log2_intensity", "density"]].to_numpy(float).tolist() for sample, own in by_array
    }


def _boxes(study: Study, heading: Heading) -> Section:
    frame = study.arrays.distributions
    measures = {measure: frame[frame["measure"] == measure] for measure in MEASURES}
    measures = {measure: own for measure, own in measures.items() if len(own)}
    data = [
        {
            str(row["sample"]): {part: round(row[name], 5) for part, name in BOX.items()}
            for row in own.to_dict("records")
        }
        for own in measures.values()
    ]
    labels = [{"name": MEASURES[measure][0], "ylab": MEASURES[measure][1]} for measure in measures]
    pconfig = {
        "ylab": labels[0]["ylab"],
        "sort_samples": False,
        "sort_by_median": True,
        "sort_switch_sorted_active": False,
        "data_labels": labels if len(labels) > 1 else [],
    }
    return Section(ARRAY_BOXES, "box", data, heading, pconfig=pconfig)


def drawn_arrays(study: Study) -> list[str]:
    """Arrays whose MA plot is drawn: those that stand out, then the first of the others."""
    names = study.arrays.ma["sample"].drop_duplicates().astype(str).tolist()
    flagged = set(study.arrays.flagged["sample"].astype(str))
    return sorted(names, key=lambda name: name not in flagged)[:SHOWN_ARRAYS]


def _ma(study: Study, heading: Heading) -> Section:
    points, names = study.arrays.ma, drawn_arrays(study)
    flagged = set(study.arrays.flagged["sample"].astype(str))
    own = {name: points[points["sample"].astype(str) == name] for name in names}
    drawn = pd.concat(own.values())
    pconfig = {
        "xlab": "A: mean of the array and the median array (log2)",
        "ylab": "M: the array less the median array (log2)",
        "tt_label": "<br>A: %{x:.2f}<br>M: %{y:.2f}",
        "marker_size": 4,
        "marker_line_width": 0,
        "height": 480,
        "y_lines": [{"value": 0, "dash": "dash", "width": 1, "color": "#888888"}],
        "data_labels": [{"name": name} for name in names] if len(names) > 1 else [],
        **axis_ranges(drawn["a"].to_numpy(float), drawn["m"].to_numpy(float)),
    }
    data = [{name: _points(frame, OUTLYING if name in flagged else OTHER)} for name, frame in own.items()]
    every = points["sample"].nunique()
    which = "those that stand out, then the first of the others" if flagged else "the first"
    detail = f"Drawn: {len(names)} of {every:,} arrays, {which}." if len(names) < every else ""
    return Section(ARRAY_MA, "scatter", data, heading, detail, pconfig)


def _points(frame: pd.DataFrame, color: str) -> list[dict[str, Any]]:
    places = zip(frame["gene_id"].astype(str), frame["a"].tolist(), frame["m"].tolist(), strict=True)
    return [{"x": a, "y": m, "name": gene, "color": color} for gene, a, m in places]


def _probesets(study: Study, heading: Heading) -> Section:
    facts = study.arrays.facts
    rows = [[name, f"{count:,}"] for name, count in probeset_counts(facts)]
    body = bullets(_made_of(facts)) + html_table(["Probesets", "Number"], rows)
    return Section(PROBESETS, "html", body, heading)


def probeset_counts(facts: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What became of the probesets, in words, and how many: every loss has a row."""
    annotation = facts.get("annotation") or {}
    named = {
        "on the array": facts.get("probesets"),
        "left out: they miss a value in some sample": facts.get("rows_with_missing_values") or None,
        "left out: Affymetrix's controls": annotation.get("controls_dropped"),
        "left out: of several genes": annotation.get("ambiguous_dropped"),
        "without a gene": annotation.get("unannotated"),
        "of one gene": annotation.get("annotated"),
        "left out: another probeset of the gene has a higher mean": annotation.get("reduced_probesets"),
        "genes": annotation.get("genes"),
        "rows that are tested": annotation.get("rows"),
    }
    return [(name, int(count)) for name, count in named.items() if count is not None]


def _made_of(facts: Mapping[str, Any]) -> Iterator[str]:
    """What the arrays are and what was done to them, a sentence each."""
    annotation = facts.get("annotation") or {}
    if facts.get("chip"):
        yield f"Chip: {facts['chip']}."
    if facts.get("cdf"):
        probes = f", {facts['probes']:,} perfect-match probes" if facts.get("probes") else ""
        yield f"Probesets: {facts['cdf']}{probes}."
    if facts.get("source") == "matrix":
        how = facts.get("transformation", "none")
        scale = "taken as log2, as they came" if how == "none" else f"not on a log scale: {how} was taken"
        yield f"Expression was given{_from(facts)}: values were {scale}."
    if annotation.get("file"):
        form = f" ({annotation['format']})" if annotation.get("format") else ""
        yield f"Genes of probesets: {annotation['file']}{form}."
    if annotation.get("how") == "highest_mean":
        yield "Of several probesets of a gene, the one of highest mean over all arrays stands for it."
    elif annotation:
        yield "Probesets were kept apart: what is called a gene in other sections is a probeset."


def _from(facts: Mapping[str, Any]) -> str:
    return f" ({facts['file']})" if facts.get("file") else ""
