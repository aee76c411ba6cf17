"""The dose–response arm as a whole: from a viability table to its tables and what is to be said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.design.responses import unit_responses
from rxpress.dose_response.fit_table import fit_points
from rxpress.dose_response.labels import label_lines
from rxpress.dose_response.plates import COLUMNS, curve_points
from rxpress.dose_response.viability import check_viability
from rxpress.dose_response.wells import Assay
from rxpress.errors import Problems
from rxpress.samplesheet import Schema
from rxpress.tables import MISSING


@dataclass(frozen=True)
class DoseResponseResult:
    """`tables` : fits, curves, points and labels by name; `summary` : notes by study, warnings, for JSON."""

    tables: Mapping[str, pd.DataFrame]
    summary: Mapping[str, Any]


def analyze_viability(
    path: str | Path,
    schema: Schema,
    samples: Sequence[Mapping[str, str]],
    problems: Problems,
    vehicle: str = "DMSO",
    threshold: float | None = None,
) -> DoseResponseResult:
    """Everything that a viability table says. InputError with all that is wrong with it.

    samples : rows of samples.tsv as text, empty when there is no sheet; threshold : nM, or None for a gap.
    """
    if threshold is not None and not threshold > 0:
        problems.add("must be above 0", "give an IC50 in nM", "--ic50_threshold")
    rows = [{name: cell for name, cell in sample.items() if cell != MISSING} for sample in samples]
    assay = check_viability(path, schema, rows, problems, vehicle)
    problems.stop_if_any()
    assert assay is not None
    points = curve_points(assay)
    fitted = fit_points(points)
    labels, notes = label_lines(fitted.fits, sheet_responses(rows, vehicle), threshold)
    shown = points[COLUMNS].assign(excluded=points["excluded"].map({True: "true", False: "false"}))
    tables = {"fits": fitted.fits, "curves": fitted.curves, "points": shown, "labels": labels}
    studies = list(dict.fromkeys(points["study"]))
    summary = {
        "studies": {study: {"notes": [_measure(assay), *notes.get(study, [])]} for study in studies},
        "warnings": [str(warning) for warning in problems.warnings],
    }
    return DoseResponseResult(tables, summary)


def _measure(assay: Assay) -> str:
    """How the response of the table was understood."""
    if assay.measure == "signal":
        return "viability is (signal - mean blank) / (mean vehicle - mean blank), by plate and cell line"
    if assay.percent:
        return "viability stands in percent of the vehicle (values above 3 are there) and was divided by 100"
    return "viability stands as fraction of the vehicle (no value is above 3)"


def sheet_responses(
    samples: Sequence[Mapping[str, str | None]], vehicle: str
) -> dict[tuple[str, str, str], str]:
    """Responses that the samplesheet names, by study, cell line and treatment."""
    frame = pd.DataFrame([dict(sample) for sample in samples])
    if not {"cell_line", "treatment", "response"} <= set(frame):
        return {}
    frame = frame.assign(study=frame["study"].fillna("study") if "study" in frame else "study")
    return {
        (str(study), line, treatment): response
        for study, own in frame.groupby("study", sort=False)
        for treatment, lines in unit_responses(own, vehicle).items()
        for line, response in lines.items()
    }
