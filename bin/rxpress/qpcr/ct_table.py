"""The wells of a qPCR run: a long table (`sample, target, ct`), or the results sheet of an instrument.

Both are tables of one well per line that name a sample, a target and a Ct. Instruments (SDS, StepOne, 7500,
QuantStudio, CFX) call the columns differently, write lines about the run before the table and notes after it,
and list wells that are no samples. What a column may hold and its other names are data:
assets/schema/qpcr.schema.json.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rxpress.errors import InputError, Problem, Problems, nearest
from rxpress.samplesheet import Row, Schema, Sheet, cell_number, check_cells
from rxpress.tables import MISSING, SPREADSHEETS
from rxpress.user_tables import read_rows_below

# Instruments that do not write UTF-8 write Windows' code page for µ and Δ.
FALLBACK = "cp1252"
# Cyrillic т, which StepOne writes in Cт.
LOOKALIKES = str.maketrans("т", "t")
# Tasks of wells that are no samples: no-template and no-enzyme controls, standards, internal controls.
NO_TEMPLATE = ("ntc", "notemplate")
NO_ENZYME = ("nac", "noamp", "nrt", "nort")
KNOWN_AMOUNT = ("std", "standard", "ipc", "blockedipc", "negative", "negctrl", "positive", "posctrl")
CONTROLS = (*NO_TEMPLATE, *NO_ENZYME, *KNOWN_AMOUNT)
SHORTEST_GUESS = 5
FRACTION, FACTOR, PERCENT = (0.5, 1.3), (1.3, 2.3), (50.0, 130.0)


@dataclass(frozen=True)
class Well:
    """One line of the table.

    ct : None where the instrument found no signal (`reading` is `undetermined`) or nothing stands in the cell
    (`empty`); efficiency : factor of amplification per cycle, 2 is doubling; replicate, well, task : as
    written, empty when missing; omitted : left out at the instrument.
    """

    line: int
    sample: str
    target: str
    ct: float | None
    reading: str
    efficiency: float | None
    replicate: str
    well: str
    task: str
    omitted: bool

    @property
    def control(self) -> bool:
        """Whether it is a control or a standard, not a sample."""
        return plain_name(self.task).startswith(CONTROLS)

    @property
    def no_template(self) -> bool:
        return plain_name(self.task).startswith(NO_TEMPLATE)

    @property
    def endogenous(self) -> bool:
        """Whether the instrument was told that the target is a reference gene."""
        return plain_name(self.task).startswith("endogenous")


@dataclass(frozen=True)
class CtTable:
    """The wells of a file in its order.

    instrument : whether it is the results sheet of an instrument; noted_controls : the reference genes that
    its notes below the table name.
    """

    file: str
    instrument: bool
    wells: tuple[Well, ...]
    noted_controls: tuple[str, ...] = ()

    @property
    def of_samples(self) -> list[Well]:
        """The wells that name a sample and a target and are no controls."""
        return [well for well in self.wells if well.sample and well.target and not well.control]

    @property
    def samples(self) -> dict[str, int]:
        """The samples that have wells, each with its first line."""
        return {well.sample: well.line for well in reversed(self.of_samples)}

    @property
    def targets(self) -> list[str]:
        """Targets of wells that are no controls, in order of appearance."""
        return list(dict.fromkeys(well.target for well in self.wells if well.target and not well.control))

    @property
    def endogenous_controls(self) -> list[str]:
        """The reference genes that the instrument was told of, by the tasks of wells or by its notes."""
        by_task = [well.target for well in self.wells if well.endogenous]
        return list(dict.fromkeys(by_task or [name for name in self.noted_controls if name in self.targets]))


def read_ct_table(path: str | Path, schema: Schema, problems: Problems) -> CtTable | None:
    """Read a long table or an instrument's results, text or CSV; add what is wrong, by line and column.

    None when it has no wells to speak of. Cells that the schema refuses are read as empty. Of two columns for
    the place on the plate (Well, Well Position) the last counts. InputError for a spreadsheet.
    """
    file = Path(path).name
    with Path(path).open("rb") as stream:
        if stream.read(4) in SPREADSHEETS:
            what, fix = "is a spreadsheet", "save its results sheet as CSV or tab-separated text"
            raise InputError(Problem(what, fix, file))
    columns_of = _names(schema)
    required = schema["required"]

    def likeness(cells: list[str]) -> int:
        return len({columns_of.get(plain_name(cell)) for cell in cells} & set(required))

    found = read_rows_below(path, likeness, FALLBACK)
    columns = [columns_of.get(plain_name(name), name) for name in found.header]
    whole = set(required) <= set(columns)
    instrument = whole and (found.preamble or bool({"task", "omit"} & set(columns)))
    if not instrument:
        _check_header(columns, schema, file, found.line, problems)
    header = list(found.header)  # before a misspelt column is put right
    for line, cells in found.rows:
        if instrument and cells == header:
            fix = "give the wells of all plates under one header; these would be left out"
            problems.add("another plate begins here", fix, file, line)
    rows = _table_rows(found.rows, columns, instrument, file, problems)
    if not rows:
        problems.add("has no wells", "give it a header line and a line for each well", file)
    if not rows or not set(required) <= set(columns):  # a misspelt one has been put right
        return None
    sheet = Sheet(file, columns, rows)
    check_cells(sheet, {**schema, "required": [] if instrument else required}, problems)
    noted = tuple(_noted_controls(cells for _, cells in found.rows)) if instrument else ()
    return CtTable(file, instrument, tuple(_well(row, file, problems) for row in rows), noted)


def plain_name(name: str) -> str:
    """A name without case, blanks and marks; Cт is Ct."""
    return re.sub(r"[^a-z0-9]", "", name.casefold().translate(LOOKALIKES))


def _names(schema: Schema) -> dict[str, str]:
    """The column that a plain name means."""
    rules = schema["properties"]
    return {plain_name(word): name for name in rules for word in (name, *rules[name].get("aliases", ()))}


def _check_header(columns: list[str], schema: Schema, file: str, line: int, problems: Problems) -> None:
    """Add missing, doubled and misspelt columns; put the right name of a misspelt one in its place."""
    known = schema["properties"]
    absent = [name for name in known if name not in columns]
    for i, name in enumerate(columns):
        guesses = [column for column in absent if len(column) >= SHORTEST_GUESS]
        meant = nearest(name, guesses) if name and name not in known else None
        if meant:
            fix = f"did you mean '{meant}'? Otherwise choose a name less like it"
            problems.add("is not a column of the qPCR table", fix, file, line, name)
            absent.remove(meant)
            columns[i] = meant
        elif name in known and name != "well" and name in columns[:i]:
            problems.add("stands twice in the header", "remove one of the two columns", file, line, name)
    for name in schema["required"]:
        if name not in columns:
            problems.add("is missing", f"add it: {known[name]['description'].lower()}", file, line, name)


def _table_rows(
    lines: Sequence[tuple[int, list[str]]],
    columns: Sequence[str],
    instrument: bool,
    file: str,
    problems: Problems,
) -> list[Row]:
    """The filled cells of each line; an instrument's table ends at a blank line or the next section.

    Instruments leave off empty cells at the end of a line, and some add further ones.
    """
    rows = []
    for line, cells in lines:
        if not any(cells) or (instrument and cells[0].startswith("[")):
            if instrument:
                break
            continue
        while len(cells) > len(columns) and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != len(columns) and not instrument:
            what = f"has {len(cells)} cells, but the header has {len(columns)}"
            problems.add(what, "fill the gap, or quote a cell that holds the separator", file, line)
            continue
        pairs = zip(columns, cells, strict=False)
        rows.append(Row(line, {name: cell for name, cell in pairs if cell not in ("", MISSING)}))
    return rows


def _noted_controls(lines: Iterable[Sequence[str]]) -> list[str]:
    """The targets of a note `Endogenous Control = GAPDH`, or with a tab in place of the sign."""
    notes = ("=".join(cell for cell in cells if cell).partition("=") for cells in lines)
    named = [text for name, _, text in notes if plain_name(name) == "endogenouscontrol"]
    return [target.strip() for text in named for target in text.strip(" =").split(",")]


def _well(row: Row, file: str, problems: Problems) -> Well:
    """A row as a well; add a problem for a Ct of 0."""
    cell = row.cells.get("ct", "")
    ct = cell_number(cell)
    if ct == 0:
        fix = "write Undetermined where the instrument found no signal"
        problems.add("0 is not a Ct", fix, file, row.line, "ct")
    return Well(
        line=row.line,
        sample=row.cells.get("sample", ""),
        target=row.cells.get("target", ""),
        ct=ct or None,
        reading="ct" if ct else "undetermined" if cell else "empty",
        efficiency=amplification_factor(cell_number(row.cells.get("efficiency"))),
        replicate=row.cells.get("replicate", ""),
        well=row.cells.get("well", ""),
        task=row.cells.get("task", ""),
        omitted=row.cells.get("omit", "").casefold() in ("true", "yes", "1"),
    )


def amplification_factor(efficiency: float | None) -> float | None:
    """Copies per copy and cycle, from a fraction (0.95), percent (95) or the factor (1.95); else None."""
    if efficiency is None:
        return None
    readings = ((FRACTION, 1 + efficiency), (FACTOR, efficiency), (PERCENT, 1 + efficiency / 100))
    return next((factor for (low, high), factor in readings if low <= efficiency <= high), None)


def with_sheet_names(table: CtTable, known: Container[str]) -> CtTable:
    """The table with the names of an instrument as the samplesheet writes them: it has `_` for blanks."""
    if not table.instrument:
        return table
    names = {well.sample: re.sub(r"\s+", "_", well.sample) for well in table.wells}
    wells = [
        replace(well, sample=names[well.sample])
        if well.sample not in known and names[well.sample] in known
        else well
        for well in table.wells
    ]
    return replace(table, wells=tuple(wells))
