"""Dose–response: which lines are sensitive, how sure that is, and the curves behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.report.arms import arm_notes
from rxpress.report.dose_figures import ABOVE, BELOW, REACHED, Curve, Ic50, Panel, draw_dose_curves, draw_ic50
from rxpress.report.figures import embedded
from rxpress.report.findings import in_order, of_study
from rxpress.report.palette import RESPONSES
from rxpress.report.results import Results, Study
from rxpress.report.section import (
    Section,
    as_sentence,
    bullets,
    colored_words,
    column,
    folded,
    html_table,
    paragraphs,
    table,
)
from rxpress.report.topics import DOSE

MOST_LINES = 60  # in a figure or a table of texts
NAMED_LINES = 8  # in a sentence
MOST_TREATMENTS = 4  # in the first words
MOST_FIGURES = 24  # of treatments
MOST_NOTES = 6
FLAGS = {
    "not_reached": "50 % not reached",
    "extrapolated": "beyond the doses",
    "increasing": "viability rises with dose",
    "poor_fit": "poor fit",
    "too_few_doses": "too few doses",
}
KEY = ["cell_line", "treatment", "time_h"]


def dose_sections(results: Results) -> list[Section]:
    """Per study: IC50s in order, curves, labels with their reasons, and the fits in numbers."""
    sections = []
    for study in results.studies:
        fits = told_fits(results, study)
        if len(fits):
            sections += [
                _ranking(results, study, fits),
                _curves(results, study, fits),
                *_labels(results, study),
                _numbers(results, study, fits),
            ]
    return sections


def told_fits(results: Results, study: Study) -> pd.DataFrame:
    """The fits of a study with `response` (by IC50, '' if none) and `state`; the lowest IC50 first."""
    dose = results.findings.dose
    fits, labels = of_study(dose.fits, study.name), of_study(dose.labels, study.name)
    if not len(fits):
        return fits
    said = {(row["cell_line"], row["treatment"]): row["response"] for row in labels.to_dict("records")}
    response = [said.get(pair, "") for pair in zip(fits["cell_line"], fits["treatment"], strict=True)]
    state = fits["ic50_text"].str[:1].map({">": ABOVE, "<": BELOW, "n": ""}).fillna(REACHED)
    told = fits.assign(response=response, state=state)
    rank = state.map({BELOW: 0, REACHED: 1, ABOVE: 2, "": 3})
    treatment = told.groupby("treatment", sort=False).ngroup()
    order = np.lexsort((told["ic50_nM"], rank, told["time_h"], treatment))
    return told.iloc[order].reset_index(drop=True)


def dose_words(results: Results, study: Study) -> list[str]:
    """For the first words of the report: how many IC50s, from where to where, and the labels by them."""
    fits = told_fits(results, study)
    if not len(fits):
        return []
    said = []
    labels = of_study(results.findings.dose.labels, study.name)
    for treatment, own in fits.groupby("treatment", sort=False):
        parts = [_range_words(rows, str(treatment), time) for time, rows in _by_time(own)]
        mine = labels[labels["treatment"] == treatment]
        by_response = {
            word: list(mine.loc[mine["response"] == word, "cell_line"]) for word in RESPONSES if word
        }
        told = [f"{word}: {listing(lines, NAMED_LINES)}" for word, lines in by_response.items() if lines]
        parts.append(f"By IC50, {'; '.join(told)}." if told else "No line is labelled by IC50.")
        said.append(" ".join(parts))
    more = len(said) - MOST_TREATMENTS
    return [*said[:MOST_TREATMENTS], *([f"IC50s of {more} more treatments: see Dose–response."] * (more > 0))]


def _range_words(rows: pd.DataFrame, treatment: str, time: float) -> str:
    hours = "" if np.isnan(time) else f", {time:g} h"
    reached = rows[rows["state"] == REACHED]
    beyond = [
        f"{word} in {listing(rows.loc[rows['state'] == state, 'cell_line'], NAMED_LINES)}"
        for state, word in ((BELOW, "below the doses"), (ABOVE, "not reached"), ("", "not determined"))
        if (rows["state"] == state).any()
    ]
    start = f"IC50 of {treatment} in {len(rows)} {'line' if len(rows) == 1 else 'lines'}{hours}"
    first, last = (f"{ic50_text(row)} nM ({row['cell_line']})" for row in _ends(reached))
    span = [] if reached.empty else [f"from {first} to {last}" if len(reached) > 1 else first]
    return f"{start}: {'; '.join([*span, *beyond])}."


def _ends(rows: pd.DataFrame) -> tuple[Mapping[Any, Any], Mapping[Any, Any]]:
    """The first and the last row; blanks where there is none."""
    records = rows.to_dict("records") or [{"ic50_text": "", "state": "", "cell_line": ""}]
    return records[0], records[-1]


def _by_time(fits: pd.DataFrame) -> Iterator[tuple[float, pd.DataFrame]]:
    for time, rows in fits.groupby("time_h", sort=False, dropna=False):
        yield float(str(time)), rows


def ic50_words(row: Mapping[Any, Any], unit: str = "") -> str:
    """`3.31 [2.96, 3.7]`, `> 300 [210, ∞]`; without an interval the IC50 alone."""
    lower, upper = row["ic50_lower_nM"], row["ic50_upper_nM"]
    if row["state"] == "" or not (np.isfinite(lower) or np.isfinite(upper)):
        return f"{ic50_text(row)}{unit if row['state'] else ''}"
    low, high = (three_digits(end) if np.isfinite(end) else "open" for end in (lower, upper))
    return f"{ic50_text(row)} [{low}, {high}]{unit}"


def ic50_text(row: Mapping[Any, Any]) -> str:
    """`3.31`, `> 300`, `not determined`."""
    return three_digits(row["ic50_nM"]) if row["state"] == REACHED else str(row["ic50_text"])


def three_digits(value: float) -> str:
    """`0.123`, `45.6`, `3,080`: no powers of ten up to a million."""
    return f"{float(f'{value:.3g}'):,.0f}" if 100 <= value < 1e6 else f"{value:.3g}"


def ranked_ic50(fits: pd.DataFrame) -> list[Ic50]:
    """The first IC50s of a ranking, grouped by treatment and time."""
    first = fits.head(MOST_LINES)
    return [
        Ic50(
            row["cell_line"],
            group_name(row),
            row["state"],
            row["ic50_nM"],
            row["ic50_lower_nM"],
            row["ic50_upper_nM"],
            row["lowest_dose_nM"],
            row["highest_dose_nM"],
            row["response"],
            ic50_words(row),
        )
        for row in first.to_dict("records")
    ]


def group_name(row: Mapping[Any, Any]) -> str:
    """`bortezomib, 48 h`."""
    return row["treatment"] + ("" if np.isnan(row["time_h"]) else f", {row['time_h']:g} h")


def curve_panels(results: Results, study: Study, fits: pd.DataFrame) -> list[Panel]:
    """The curves of one treatment, a panel per line, the lowest IC50 first."""
    dose = results.findings.dose
    treatment = fits["treatment"].iloc[0]
    points, courses = (
        own[own["treatment"] == treatment]
        for own in (of_study(dose.points, study.name), of_study(dose.curves, study.name))
    )
    several = len(fits["time_h"].unique()) > 1
    panels = []
    for line in in_order(fits["cell_line"])[:MOST_LINES]:
        own = fits[fits["cell_line"] == line]
        curves, texts = [], []
        for row in own.sort_values("time_h").to_dict("records"):
            name = f"{row['time_h']:g} h" if several else ""
            texts.append(" ".join(filter(None, (f"{name}:" if name else "IC50", ic50_words(row, " nM")))))
            curves.append(_curve(name, row, *(_of_curve(frame, row) for frame in (points, courses))))
        panels.append(Panel(line, "\n".join(texts), own["response"].iloc[0], curves))
    return panels


def _of_curve(frame: pd.DataFrame, row: Mapping[Any, Any]) -> pd.DataFrame:
    time = frame["time_h"].isna() if np.isnan(row["time_h"]) else frame["time_h"] == row["time_h"]
    return frame[(frame["cell_line"] == row["cell_line"]) & time]


def _curve(name: str, row: Mapping[Any, Any], points: pd.DataFrame, course: pd.DataFrame) -> Curve:
    drawn = points[np.isfinite(points["viability"]) & (points["well_type"] != "blank")]
    places = drawn[["dose_nM", "viability"]].fillna({"dose_nM": 0.0}).to_numpy(float)
    unused = (drawn["excluded"] == "true").to_numpy()
    left_out = unused & (drawn["well_type"] == "sample").to_numpy()
    course_of = course[["dose_nM", "fitted", "lower", "upper"]].to_numpy(float)
    ic50 = row["ic50_nM"] if row["state"] == REACHED else np.nan
    return Curve(name, places[~unused], places[left_out], course_of, ic50)


def _ranking(results: Results, study: Study, fits: pd.DataFrame) -> Section:
    figure = draw_ic50(ranked_ic50(fits), ic50_title(results, study, fits), threshold_of(results))
    rest = f" The first {MOST_LINES} of {len(fits)} are drawn." if len(fits) > MOST_LINES else ""
    detail = (
        "Lines from the lowest to the highest IC50 with their 95 % intervals (profile likelihood); the pale "
        "bar spans the doses. Hollow: the IC50 lies beyond the doses, as viability stays above 50 % at the "
        f"highest or is below it at the lowest; an arrow: the interval goes on.{rest} Numbers: "
        f"dose_response/fits.tsv; for papers: figures/ic50_{study.name}."
    )
    text = paragraphs(dose_words(results, study))
    body = text + embedded(figure, f"IC50 of the lines of {study.name}")
    return Section(DOSE, "html", body, results.part("At a glance", "ic50", study), detail)


def title_of(results: Results, study: Study, what: str) -> str:
    return f"{study.name}: {what}" if len(results.studies) > 1 else what


def ic50_title(results: Results, study: Study, fits: pd.DataFrame) -> str:
    """What a ranking shows; the treatment and time where it has one of them."""
    groups = {group_name(row) for row in fits.to_dict("records")}
    return title_of(results, study, f"IC50 of {groups.pop()}" if len(groups) == 1 else "IC50")


def threshold_of(results: Results) -> float | None:
    """The IC50 that the user gave to part the lines, nM."""
    value = results.parameters.get("ic50_threshold")
    return float(value) if value else None


def by_treatment(fits: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The fits of each treatment that gets a figure."""
    groups = [(str(name), own) for name, own in fits.groupby("treatment", sort=False)]
    return groups[:MOST_FIGURES]


def _curves(results: Results, study: Study, fits: pd.DataFrame) -> Section:
    treatments = by_treatment(fits)
    body = ""
    for i, (treatment, own) in enumerate(treatments):
        figure = draw_dose_curves(curve_panels(results, study, own), title_of(results, study, treatment))
        image = embedded(figure, f"Dose–response curves of {treatment} in {study.name}")
        body += folded(treatment, image, i == 0) if len(treatments) > 1 else image
    lines = fits["cell_line"].nunique()
    rest = f" The first {MOST_LINES} of {lines} lines are drawn." if lines > MOST_LINES else ""
    every = len(fits["treatment"].unique())
    rest += f" The first {MOST_FIGURES} of {every} treatments are drawn." if every > MOST_FIGURES else ""
    detail = (
        "Viability against dose: points as measured (or normalised to their plate), the fitted curve and its "
        "95 % band; the diamond is the IC50. Points left of the lowest dose are the vehicle, where it was "
        f"fitted; crosses were left out.{rest} Numbers: dose_response/points.tsv, dose_response/curves.tsv; "
        f"for papers: figures/dose_response_{study.name}_<treatment>."
    )
    return Section(DOSE, "html", body, results.part("Curves", "curves", study), detail)


def _labels(results: Results, study: Study) -> Iterator[Section]:
    """What IC50 says of each line, what the sheet says, and why; and what was noted."""
    labels = of_study(results.findings.dose.labels, study.name)
    if not len(labels):
        return
    sheet = sheet_responses(study)
    rows = [
        [
            row["cell_line"],
            row["treatment"],
            row["response"] or "none",
            sheet.get(row["cell_line"], ""),
            row["reason"],
        ]
        for row in labels.head(MOST_LINES).to_dict("records")
    ]
    header = ["Line", "Treatment", "By IC50", "By the samplesheet", "Why"]
    if len(labels["treatment"].unique()) < 2:
        header, rows = header[:1] + header[2:], [row[:1] + row[2:] for row in rows]
    if not sheet:
        header, rows = header[:-2] + header[-1:], [row[:-2] + row[-1:] for row in rows]
    notes = [as_sentence(text) for text in arm_notes(results.findings.dose, study.name)]
    more = len(notes) - MOST_NOTES
    notes = [*notes[:MOST_NOTES], *([f"{more} more stand under Warnings and notes."] * (more > 0))]
    rest = f" The first {MOST_LINES} of {len(labels)} are shown." if len(labels) > MOST_LINES else ""
    detail = (
        "Sensitive and resistant by IC50: by --ic50_threshold, else by a gap of more than two-fold between "
        "lines whose intervals are apart, two or more on each side. They compare these lines with each "
        f"other. A response that the samplesheet gives wins.{rest} Numbers: dose_response/labels.tsv."
    )
    heading = results.part("Labels", "labels", study)
    yield Section(DOSE, "html", bullets(notes) + html_table(header, rows), heading, detail)


def sheet_responses(study: Study) -> dict[str, str]:
    """{line: response} of the lines whose response the samplesheet gives."""
    samples = study.samples
    if not {"cell_line", "response"} <= set(samples):
        return {}
    of_sheet = samples[samples["response"].notna()]
    if "response_source" in samples:
        of_sheet = of_sheet[of_sheet["response_source"] == "sheet"]
    return dict(zip(of_sheet["cell_line"], of_sheet["response"], strict=True))


def flag_words(flags: str) -> str:
    return ", ".join(FLAGS.get(flag, flag) for flag in flags.split(";") if flag)


def _numbers(results: Results, study: Study, fits: pd.DataFrame) -> Section:
    several = [name for name in ("treatment", "time_h") if len(fits[name].unique()) > 1]
    shown = fits.assign(
        line=[
            " · ".join([row["cell_line"], *([group_name(row)] if several else [])])
            for row in fits.to_dict("records")
        ],
        ic50=[ic50_words(row) for row in fits.to_dict("records")],
        ec50=_with_limits(fits, "ec50", "_nM"),
        hill=_with_limits(fits, "hill"),
        top=_with_limits(fits, "top", form="{:z.2f}".format),
        bottom=_with_limits(fits, "bottom", form="{:z.2f}".format),
        flags=fits["flags"].map(flag_words),
        response=fits["response"].replace("", "none"),
    )
    columns = _number_columns()
    if not shown["flags"].any():
        columns.pop("flags")
    heading = results.part("Numbers", "numbers", study)
    detail = f"{len(fits)} curves, the lowest IC50 first. Numbers: dose_response/fits.tsv."
    return table(DOSE, shown, "line", columns, {}, heading, detail)


def _number_columns() -> dict[str, dict[str, Any]]:
    return {
        "line": column("Line", "Called as in the samplesheet"),
        "ic50": column(
            "IC50 (nM) [95 %]", "Dose at which viability is 50 % of the control; profile likelihood"
        ),
        "response": column(
            "By IC50",
            "Label of the line by its IC50",
            **colored_words({k: v for k, v in RESPONSES.items() if k}),
        ),
        "ec50": column("EC50 (nM) [95 %]", "Dose half-way between top and bottom"),
        "hill": column("Hill [95 %]", "Steepness of the curve"),
        "top": column("Top [95 %]", "Upper plateau, fraction of the control"),
        "bottom": column("Bottom [95 %]", "Lower plateau, fraction of the control"),
        "auc": column(
            "AUC",
            "Mean viability over log dose, by the curve; 1 is no effect",
            "{:.3f}",
            scale="YlGn",
            min=0,
            max=1,
        ),
        "r_squared": column("R²", "Share of the variance that the curve tells", "{:.3f}"),
        "points": column("Points", "That were fitted", "{:,.0f}"),
        "model": column("Model", "Four parameters (4PL), three, or a constant"),
        "model_reason": column("Why this model", "Why it has so many parameters", hidden=True),
        "flags": column("Beware", "What to beware of"),
    }


def _with_limits(
    fits: pd.DataFrame, name: str, unit: str = "", form: Callable[[float], str] = three_digits
) -> list[str]:
    """`1.57 [1.25, 2.01]` of each curve; an end that is not known is open, and a fixed value has none."""
    numbers = fits[[f"{name}{unit}", f"{name}_lower{unit}", f"{name}_upper{unit}"]].to_numpy(float)
    texts = []
    for value, *ends in numbers:
        low, high = (form(end) if np.isfinite(end) else "open" for end in ends)
        limits = f" [{low}, {high}]" if np.isfinite(ends).any() else ""
        texts.append("" if np.isnan(value) else f"{form(value)}{limits}")
    return texts
