"""The samplesheet: lines of a CSV or TSV → samples, and everything that is wrong with them.

What a column may hold, and what a user is told otherwise, is data: assets/schema/samplesheet.schema.json.
Problems carry file, line and column; nothing here stops at the first one.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rxpress.checking.peek import PATH_COLUMNS
from rxpress.design.conditions import FOUND_OUT, SOURCE, UNITS
from rxpress.design.gates import Gates, sheet_reasons
from rxpress.errors import InputError, Problem, Problems, did_you_mean, nearest
from rxpress.tables import MISSING, is_formula, read_rows

Schema = Mapping[str, Any]

CONDITION = (*UNITS, "treatment", "dose_nM", "time_h")
# Columns in which replicates of one condition may differ.
WHOLE = {"quant": "a Salmon folder", "bam": "a BAM file", "cel": "a CEL file"}
NOT_TELLING = {"sample", "strandedness", "rin", "purity"}
# Of the parts of a name; word processors make long dashes of short ones.
SEPARATORS = r"-\u2010-\u2015_. "
# Short names are near to too many words: `cel` to `cell`, `rin` to `run`.
SHORTEST_GUESS = 5


@dataclass(frozen=True)
class Row:
    """A line of the sheet: its line number and its filled cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A samplesheet as read. `columns` are in the order of the sheet, a misspelt one under its right name."""

    file: str
    columns: list[str]
    rows: list[Row]


@dataclass(frozen=True)
class Sample:
    """A sample with all its lines (lanes). `cells` holds what the lines say about it, paths left out."""

    name: str
    rows: tuple[Row, ...]
    cells: Mapping[str, str]

    @property
    def line(self) -> int:
        return self.rows[0].line

    def paths(self, column: str) -> list[str]:
        """The paths in a column, as typed, lane by lane."""
        return [row.cells[column] for row in self.rows if column in row.cells]


def read_sheet(path: str | Path, schema: Schema, problems: Problems) -> Sheet:
    """Read a samplesheet, CSV or TSV, columns in any order; add what is wrong with its form.

    Lines with too many or too few cells are named and left out. InputError if it is not a table of text.
    """
    file = Path(path).name
    header, lines = read_rows(path)
    if not lines:
        row = schema.get("row", "sample")
        raise InputError(Problem(f"has no {row}s", f"give it a header line and a line for each {row}", file))
    empty = {i for i, name in enumerate(header) if not name and not any(any(cells[i:]) for _, cells in lines)}
    columns = _name_columns([name for i, name in enumerate(header) if i not in empty], schema, file, problems)
    rows = []
    for line, cells in lines:
        while len(cells) > len(columns) and not cells[-1]:
            cells.pop()
        if len(cells) != len(columns):
            what = f"has {len(cells)} cells, but the header has {len(columns)}"
            problems.add(what, "fill the gap, or quote a cell that holds the separator", file, line)
        else:
            pairs = zip(columns, cells, strict=True)
            rows.append(Row(line, {name: cell for name, cell in pairs if cell not in ("", MISSING)}))
    return Sheet(file, columns, rows)


def _name_columns(header: Sequence[str], schema: Schema, file: str, problems: Problems) -> list[str]:
    """The column names, misspelt ones told and corrected, so that their cells are checked as well."""
    known = schema["properties"]
    absent = [name for name in known if name not in header]
    columns: list[str] = []
    for name in header:
        meant = _meant(name, absent, schema) if name and name not in known else None
        if not name:
            problems.add("has no name", "name the column or remove it", file, 1, "")
        elif meant:
            fix = f"did you mean '{meant}'? Otherwise choose a name less like it"
            table = schema.get("table", "samplesheet")
            problems.add(f"is not a column of the {table}", fix, file, 1, name)
            absent.remove(meant)
        elif name in columns:
            problems.add("stands twice in the header", "remove one of the two columns", file, 1, name)
        elif name in (*FOUND_OUT, SOURCE):
            problems.add("is a column that rxpress adds itself", f"call it 'my_{name}'", file, 1, name)
        columns.append(meant or name)
    for name in schema["required"]:
        if name not in columns:
            problems.add("is missing", f"add it: {known[name]['description'].lower()}", file, 1, name)
    return columns


def _meant(name: str, absent: Sequence[str], schema: Schema) -> str | None:
    """The known column, absent from the sheet, that a name is a slip or another word for; else None."""
    rules = schema["properties"]
    names = {word: column for column in absent for word in (column, *rules[column].get("aliases", ()))}
    same = nearest(name, names, cutoff=1)
    near = nearest(name, [column for column in absent if len(column) >= SHORTEST_GUESS])
    return names[same] if same else near


def check_cells(sheet: Sheet, schema: Schema, problems: Problems) -> None:
    """Add a problem for each cell, and each line as a whole, that the schema refuses."""
    from jsonschema import Draft202012Validator

    rules = schema["properties"]
    cell_is_valid = {name: Draft202012Validator(rule).is_valid for name, rule in rules.items()}
    line_rules = [(rule, Draft202012Validator(rule).is_valid) for rule in schema["allOf"]]
    accepted: dict[tuple[str, str], bool] = {}
    for row in sheet.rows:
        for column in schema["required"]:
            if column in sheet.columns and column not in row.cells:
                problems.add("is empty", "fill it", sheet.file, row.line, column)
        for column, value in row.cells.items():
            if any(mark in value for mark in '\n\t"'):
                what = "the cell holds a tab, a quote or a line break"
                problems.add(what, "look for a quote that is not closed", sheet.file, row.line, column)
            elif not value.isprintable():
                what, fix = "the cell holds characters that cannot be seen", "type it anew"
                problems.add(what, fix, sheet.file, row.line, column)
            elif is_formula(value) and column not in PATH_COLUMNS:
                what = f"'{value}' would be a formula in a spreadsheet"
                problems.add(what, "begin with a letter or digit", sheet.file, row.line, column)
            elif column in rules:
                if (column, value) not in accepted:
                    accepted[column, value] = cell_is_valid[column](_typed(value, rules[column]))
                if not accepted[column, value]:
                    what = rules[column]["errorMessage"].replace("{value}", value)
                    problems.add(what, rules[column]["errorFix"], sheet.file, row.line, column)
        for rule, is_valid in line_rules:
            if not is_valid(row.cells):
                what, column = rule["errorMessage"], rule["errorColumn"]
                problems.add(what, rule["errorFix"], sheet.file, row.line, column)


def _typed(value: str, rule: Schema) -> str | float:
    """A cell as its column's type; what is not a number stays text, which the schema then refuses."""
    number = cell_number(value) if rule.get("type") == "number" else None
    return value if number is None else number


def cell_number(value: str | None) -> float | None:
    """A cell as a finite number; None when it is missing or anything else."""
    if value is None or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def join_lanes(sheet: Sheet) -> list[Sample]:
    """The samples in order of first appearance; lines of one name are its lanes.

    What the sheet says of a sample must agree between its lines; an extra column that differs (a lane number)
    keeps all its values, joined by `;`.
    """
    lines: dict[str, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        if "sample" in row.cells:
            lines[row.cells["sample"]].append(row)
    return [Sample(name, tuple(rows), _common_cells(rows, sheet)) for name, rows in lines.items()]


def check_lanes(samples: Iterable[Sample], schema: Schema, file: str, problems: Problems) -> None:
    """Lines of one sample must agree on the known columns and be lanes that can be joined."""
    for sample in samples:
        first, *others = sample.rows
        for column in schema["properties"]:
            if column not in PATH_COLUMNS:
                _check_agreement(sample, column, file, problems)
        for row in others:
            what = ""
            if not any(column in row.cells for column in PATH_COLUMNS):
                what = f"sample '{sample.name}' stands in line {first.line} already"
            elif whole := [kind for name, kind in WHOLE.items() if name in row.cells or name in first.cells]:
                what = f"sample '{sample.name}' has other lines, but {whole[0]} is a whole sample"
            elif ("fastq_2" in row.cells) != ("fastq_2" in first.cells):
                what = f"sample '{sample.name}' has paired and single lanes (line {first.line})"
            if what:
                problems.add(what, "give the lines different sample names", file, row.line, "sample")


def _check_agreement(sample: Sample, column: str, file: str, problems: Problems) -> None:
    said = [(row.line, row.cells[column]) for row in sample.rows if column in row.cells]
    for line, value in said[1:]:
        if value != said[0][1]:
            what = f"sample '{sample.name}' has '{value}' here and '{said[0][1]}' in line {said[0][0]}"
            problems.add(what, "make them agree, or give the samples different names", file, line, column)


def _common_cells(rows: Sequence[Row], sheet: Sheet) -> dict[str, str]:
    cells = {}
    for column in dict.fromkeys(sheet.columns):
        values = list(dict.fromkeys(row.cells[column] for row in rows if column in row.cells))
        if values and column not in PATH_COLUMNS:
            cells[column] = ";".join(values) if len(values) > 1 else values[0]
    return cells


def by_study(samples: Iterable[Sample], schema: Schema) -> dict[str, list[Sample]]:
    """Samples of each study, in order of appearance."""
    studies: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        studies[sample.cells.get("study", schema["properties"]["study"]["default"])].append(sample)
    return dict(studies)


def check_study(study: str, samples: Sequence[Sample], file: str, problems: Problems) -> None:
    """What must hold among the samples of a study: one unit, distinct replicates."""
    _check_unit(study, samples, file, problems)
    _check_replicates(samples, file, problems)


def check_parents(samples: Sequence[Sample], schema: Schema, file: str, problems: Problems) -> None:
    """A parent must be a cell line of the sheet; a line whose parent is in another study is not compared."""
    lines = list(_first_of("cell_line", samples))
    for study, own in by_study(samples, schema).items():
        here = _first_of("cell_line", own)
        for parent, sample in _first_of("parent", own).items():
            if parent not in lines:
                fix = did_you_mean(parent, lines) or f"cell lines are {', '.join(lines[:12]) or 'not given'}"
                problems.add(f"no sample has the cell line '{parent}'", fix, file, sample.line, "parent")
            elif parent not in here:
                problems.warn(
                    f"'{parent}' is no cell line of study '{study}'", "", file, sample.line, "parent"
                )


def _check_unit(study: str, samples: Sequence[Sample], file: str, problems: Problems) -> None:
    lines, patients = ([s for s in samples if s.cells.keys() & set(UNITS) == {unit}] for unit in UNITS)
    without = [sample for sample in samples if not sample.cells.keys() & set(UNITS)]
    if lines and patients:
        other = max(lines[0], patients[0], key=lambda sample: sample.line)
        column = "patient" if other is patients[0] else "cell_line"
        what = f"study '{study}' has both cell lines and patients"
        problems.add(what, "fill one of the columns, or make two studies", file, other.line, column)
    elif without and (lines or patients):
        what = f"is empty, while other samples of study '{study}' have one"
        fix = "fill it, or these samples make up conditions of their own"
        problems.warn(what, fix, file, without[0].line, "patient" if patients else "cell_line")


def check_spellings(samples: Sequence[Sample], file: str, problems: Problems) -> None:
    """Two spellings of one name (MM1S, MM.1S) would silently be two lines or drugs, in one study or two."""
    for column in ("cell_line", "treatment"):
        spellings: dict[str, str] = {}
        for value, sample in _first_of(column, samples).items():
            first = spellings.setdefault(plain_name(value), value)
            if first != value:
                what = f"'{value}' is another spelling of '{first}'"
                fix = "write both in one way, or choose names less alike"
                problems.add(what, fix, file, sample.line, column)


def plain_name(name: str) -> str:
    """A name without case and separators, dashes of any length among them; those between digits count.

    1.5 is not 15. Letters are the same however they are encoded.
    """
    one_form = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(rf"(?<!\d)[{SEPARATORS}]+|[{SEPARATORS}]+(?!\d)", "", one_form)


def _first_of(column: str, samples: Iterable[Sample]) -> dict[str, Sample]:
    """The values of a column, each with the first sample that has it."""
    first: dict[str, Sample] = {}
    for sample in samples:
        if column in sample.cells:
            first.setdefault(sample.cells[column], sample)
    return first


def _check_replicates(samples: Sequence[Sample], file: str, problems: Problems) -> None:
    """Samples alike in all that describes them must not share a replicate.

    An extra column with a value of its own for every sample (an accession) describes nothing.
    """
    columns = {column for sample in samples for column in sample.cells} - NOT_TELLING
    several = {c for c in columns if len({s.cells.get(c) for s in samples}) < len(samples)}
    telling = sorted(several | columns & set(CONDITION))
    seen: dict[tuple[str | None, ...], Sample] = {}
    for sample in samples:
        if "replicate" in sample.cells and any(column in sample.cells for column in CONDITION):
            key = (sample.cells["replicate"], *(sample.cells.get(column) for column in telling))
            first = seen.setdefault(key, sample)
            if first is not sample:
                what = f"sample '{sample.name}' is the same replicate of one condition as '{first.name}'"
                fix = f"number them apart, or correct what else differs from line {first.line}"
                problems.add(what, fix, file, sample.line, "replicate")


def check_gates(
    samples: Iterable[Sample], gates: Gates, fix: str, file: str, tell: Callable[..., None]
) -> None:
    """Tell each sample whose `rin` or `purity` does not pass its gate, and with `fix` what becomes of it."""
    for sample in samples:
        rin, purity = (_fraction(cell_number(sample.cells.get(c)), c) for c in ("rin", "purity"))
        for column, reasons in (
            ("rin", sheet_reasons(rin, None, gates)),
            ("purity", sheet_reasons(None, purity, gates)),
        ):
            for reason in reasons:
                tell(f"sample '{sample.name}' has {reason}", fix, file, sample.line, column)


def _fraction(value: float | None, column: str) -> float | None:
    """Purity above 1 is in percent."""
    return value / 100 if value is not None and column == "purity" and value > 1 else value


def sample_table(
    samples: Sequence[Sample], sheet: Sheet, schema: Schema, vehicle: str, resolve: Callable[[str, str], str]
) -> tuple[list[str], list[list[str | None]]]:
    """Header and rows of samples.tsv: one row per sample, all known columns, then the sheet's extra ones.

    `resolve(column, path)` gives the absolute path; lanes are joined by `;`. None is missing.
    """
    known = list(schema["properties"])
    header = known + [column for column in dict.fromkeys(sheet.columns) if column not in known]
    rows = []
    for sample in samples:
        cells = {**_defaults(schema), **sample.cells}
        if cells.get("treatment") == vehicle:
            cells["dose_nM"] = "0"
        for column, rule in schema["properties"].items():
            if column in PATH_COLUMNS:
                cells[column] = ";".join(resolve(column, path) for path in sample.paths(column))
            elif rule.get("type") == "number" and column in cells:
                cells[column] = _shortest(_fraction(cell_number(cells[column]), column))
        rows.append([cells.get(column) or None for column in header])
    return header, rows


def _defaults(schema: Schema) -> dict[str, str]:
    return {name: rule["default"] for name, rule in schema["properties"].items() if "default" in rule}


def _shortest(number: float | None) -> str:
    """A number as text that reads back equal, whole ones without a decimal point."""
    if number is None:
        return ""
    return str(int(number)) if number.is_integer() else repr(number)
