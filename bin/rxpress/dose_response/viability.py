"""The viability table: wells of an assay, and everything that is wrong with them, told together.

What a column may hold is data: assets/schema/viability.schema.json. CHECK_INPUTS calls `check_viability` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rxpress.cells import listing
from rxpress.dose_response.plates import plate_scales
from rxpress.dose_response.wells import Assay, Well
from rxpress.errors import Problems, nearest
from rxpress.samplesheet import Row, Schema, Sheet, cell_number, check_cells, plain_name, read_sheet
from rxpress.tables import read_rows

MEASURES = ("viability", "signal")
# Above this fraction of the vehicle's, viabilities must be in percent.
LARGEST_FRACTION = 3.0
# No noise brings viability as far below zero.
LOWEST_FRACTION = -0.5
SHARE_OF_REPEATS = 0.25
NEEDED = {
    "sample": ("cell_line", "treatment", "dose_nM"),
    "vehicle": ("cell_line",),
    "time_zero": ("cell_line",),
    "blank": (),
}
TOLD_APART = ("cell_line", "treatment", "study")
FOLDS_OF_UNITS = {"p": "divide by 1,000", "u": "multiply by 1,000", "µ": "multiply by 1,000"}
FOLDS_OF_UNITS |= {"μ": "multiply by 1,000", "m": "multiply by 1,000,000", "": "multiply by 1,000,000,000"}


def check_viability(
    path: str | Path,
    schema: Schema,
    samples: Sequence[Mapping[str, str | None]],
    problems: Problems,
    vehicle: str = "DMSO",
) -> Assay | None:
    """Read and check a viability table; None when it cannot be understood at all.

    samples : rows of samples.tsv (`study`, `cell_line`, `treatment`), empty when there is no sheet. Adds what
    is wrong to `problems`, by line; InputError if it is not a table of text.
    """
    found = Problems()
    sheet = read_sheet(path, schema, found)
    _check_unit_of_dose(path, found)
    check_cells(sheet, {**schema, "required": []}, found)
    measure = _measure(sheet, found)
    assay = None
    if measure and set(schema["required"]) <= set(sheet.columns):
        study = _only_study(sheet, samples, schema, found)
        wells = [_well(row, measure, study, vehicle) for row in sheet.rows]
        _check_needed(sheet, wells, found)
        _check_names(sheet, samples, vehicle, found)
        _check_repeats(sheet, found)
        if measure == "signal":
            assay = Assay(measure, False, tuple(wells), plate_scales(wells, sheet.file, found))
        else:
            percent = max((well.value or 0.0 for well in wells), default=0.0) > LARGEST_FRACTION
            _check_viabilities(sheet.file, wells, percent, found)
            assay = Assay(measure, percent, tuple(_as_fraction(well, percent) for well in wells), {})
    problems.found += sorted(found.found, key=lambda problem: problem.line or 0)
    problems.warnings += sorted(found.warnings, key=lambda problem: problem.line or 0)
    return assay


def _check_unit_of_dose(path: str | Path, problems: Problems) -> None:
    for name in read_rows(path)[0]:
        unit = re.fullmatch(r"(?:dose|conc\w*?)[ _.(\[]*([munpµμ]?)M[)\]]?", name)
        if unit and unit[1] in FOLDS_OF_UNITS:
            fix = f"{FOLDS_OF_UNITS[unit[1]]} and call the column 'dose_nM'"
            problems.add("doses are given in another unit than nM", fix, Path(path).name, 1, name)


def _measure(sheet: Sheet, problems: Problems) -> str | None:
    given = [name for name in MEASURES if name in sheet.columns]
    if len(given) == 2:
        what = "both 'viability' and 'signal' are given"
        problems.add(what, "keep one of the two columns", sheet.file, 1, "signal")
    elif not given:
        fix = "add a column 'viability', or 'signal' and 'well_type'"
        problems.add("has no response", fix, sheet.file, 1)
    elif given == ["signal"] and "well_type" not in sheet.columns:
        fix = "add it: sample, vehicle, blank or time_zero of every well"
        problems.add("is missing: signals are relative to vehicle wells", fix, sheet.file, 1, "well_type")
        return None
    return given[0] if len(given) == 1 else None


def _only_study(
    sheet: Sheet, samples: Sequence[Mapping[str, str | None]], schema: Schema, problems: Problems
) -> str:
    """The study of wells that name none: the samplesheet's only one, else the default."""
    studies = list(dict.fromkeys(str(sample["study"]) for sample in samples if sample.get("study")))
    silent = next((row for row in sheet.rows if "study" not in row.cells), None)
    if len(studies) > 1 and silent:
        what = f"does not say which study it belongs to: the samplesheet has {', '.join(studies)}"
        problems.add(what, "fill the column 'study'", sheet.file, silent.line, "study")
    return studies[0] if len(studies) == 1 else str(schema["properties"]["study"]["default"])


def _well(row: Row, measure: str, study: str, vehicle: str) -> Well:
    cells = row.cells
    kind = cells.get("well_type", "sample")
    if kind == "sample" and cells.get("treatment") == vehicle:
        kind = "vehicle"
    of_drug = kind == "sample"
    return Well(
        row.line,
        cells.get("study", study),
        cells.get("cell_line"),
        cells.get("treatment") if of_drug else None,
        cell_number(cells.get("dose_nM")) if of_drug else None,
        cell_number(cells.get("time_h")),
        kind,
        cell_number(cells.get(measure)),
        cells.get("plate"),
        cells.get("replicate"),
    )


def _as_fraction(well: Well, percent: bool) -> Well:
    return replace(well, value=well.value / 100) if percent and well.value is not None else well


def _check_needed(sheet: Sheet, wells: Iterable[Well], problems: Problems) -> None:
    for row, well in zip(sheet.rows, wells, strict=True):
        for column in NEEDED.get(well.well_type, ()):
            if column not in row.cells:
                what = f"is empty in a well of type '{well.well_type}'"
                problems.add(what, "fill it", sheet.file, row.line, column)


def _check_viabilities(file: str, wells: Sequence[Well], percent: bool, problems: Problems) -> None:
    """Values must be of one unit: all fractions, or all percent."""
    lowest = LOWEST_FRACTION * (100 if percent else 1)
    largest: dict[tuple[Any, ...], tuple[float, Well]] = {}
    for well in wells:
        if well.value is not None and well.value < lowest:
            what = f"{well.value:g} is far below no living cell"
            problems.add(what, "correct it, or leave the cell empty", file, well.line, "viability")
        if well.value is not None:
            key = (well.study, well.cell_line, well.time)
            largest[key] = max(largest.get(key, (well.value, well)), (well.value, well), key=lambda p: p[0])
    for value, well in largest.values():
        if percent and value <= LARGEST_FRACTION:
            what = f"no viability of '{well.cell_line}' exceeds {value:g}, but other lines are in percent"
            problems.add(what, "give all lines in percent, or all as fractions", file, well.line, "viability")


def _check_names(
    sheet: Sheet, samples: Sequence[Mapping[str, str | None]], vehicle: str, problems: Problems
) -> None:
    """Two spellings of a name (MM1S, MM.1S) would silently be two; those of the samplesheet count."""
    for column in TOLD_APART:
        known = {str(sample[column]): None for sample in samples if sample.get(column)}
        known |= {vehicle: None} if column == "treatment" else {}
        spellings = {plain_name(name): name for name in known}
        first: dict[str, int] = {}
        meant = set()
        for row in sheet.rows:
            if column in row.cells:
                first.setdefault(row.cells[column], row.line)
        for name, line in first.items():
            spelt = spellings.setdefault(plain_name(name), name)
            near = None if name in known or spelt in known else _likely(name, list(known))
            meant |= {spelt, near}
            if spelt != name and name not in known:
                what = f"'{name}' is another spelling of '{spelt}'"
                fix = "write both in one way" if spelt not in known else f"did you mean '{spelt}'?"
                problems.add(what, fix, sheet.file, line, column)
            elif near:
                what = f"'{name}' is not in the samplesheet"
                problems.warn(what, f"did you mean '{near}'?", sheet.file, line, column)
        there, strangers = known.keys() - {vehicle}, [name for name in first if name != vehicle]
        if column != "study" and there and strangers and not there & meant:
            what = f"{listing(strangers)}: none of them is in the samplesheet"
            fix = "no sample gets a response by them; look whether both are called alike"
            problems.warn(what, fix, sheet.file, column=column)


def _check_repeats(sheet: Sheet, problems: Problems) -> None:
    """Wells that were pasted twice would make intervals too narrow; a few may be alike by chance."""
    first: dict[frozenset[tuple[str, str]], Row] = {}
    again = [row for row in sheet.rows if first.setdefault(frozenset(row.cells.items()), row) is not row]
    if again and len(again) >= SHARE_OF_REPEATS * len(sheet.rows):
        line = first[frozenset(again[0].cells.items())].line
        what = (
            f"{len(again):,} of {len(sheet.rows):,} lines repeat another in every cell, this one line {line}"
        )
        problems.warn(what, "look whether wells stand here twice", sheet.file, again[0].line)


def _likely(name: str, known: Sequence[str]) -> str | None:
    """A known name that another may be a slip of: alike, and with the same digits (KMS-11 is not KMS-12)."""
    near = nearest(name, known, cutoff=0.8)
    return near if near and re.findall(r"\d", near) == re.findall(r"\d", name) else None
