"""Tables as users, instruments and collections give them: matrices, tables within a text, GMT files.

They are read through `tables`, which opens every table.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.errors import InputError, Problem
from rxpress.tables import MISSING, delimiter_of, read_text

if TYPE_CHECKING:
    import pandas as pd

ONLY_NA: dict[str, Any] = {"keep_default_na": False, "na_values": [MISSING, ""]}


@dataclass(frozen=True)
class TableWithin:
    """A table within a text: the line of its header, its header, and the rows below with their lines.

    Rows are as they are, blank ones too, cells stripped. preamble : whether lines stand above the header
    that are no comments (`#`).
    """

    line: int
    header: list[str]
    rows: list[tuple[int, list[str]]]
    preamble: bool


def read_rows_below(
    path: str | Path, likeness: Callable[[list[str]], int], fallback: str = ""
) -> TableWithin:
    """A table that begins somewhere in a text, at the first of the lines whose cells have most `likeness`."""
    lines = read_text(path, fallback).split("\n")
    top = int(np.argmax([likeness(_cells(line)) if line.strip() else -1 for line in lines]))
    reader = csv.reader(lines[top:], delimiter=delimiter_of(lines[top]))
    try:
        header, *rows = [(top + reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error:
        what, fix = "a cell has no end", "look for a quote that is not closed"
        raise InputError(Problem(what, fix, Path(path).name, top + reader.line_num)) from None
    preamble = any(line.strip() and not line.startswith("#") for line in lines[:top])
    return TableWithin(*header, rows, preamble)


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter_of(line)), [])
    except csv.Error:
        return []


def read_gmt(path: str | Path) -> list[tuple[int, list[str]]]:
    """Lines of a GMT file (tab-separated: name, description, genes) with their numbers, cells stripped.

    Blank lines and empty cells at the end of a line are passed over; nothing else is checked.
    """
    lines = [[cell.strip() for cell in line.rstrip().split("\t")] for line in read_text(path).split("\n")]
    return [(number, cells) for number, cells in enumerate(lines, 1) if any(cells)]


def read_matrix_names(path: str | Path) -> list[str]:
    """The names in the header of a user's matrix, as `read_user_matrix` finds them."""
    return matrix_names(read_text(path))


def matrix_names(text: str) -> list[str]:
    """`read_matrix_names` of a matrix in a text."""
    while text.startswith("#"):
        text = text.partition("\n")[2]
    header = text.partition("\n")[0]
    return [name.strip() for name in next(csv.reader([header], delimiter=delimiter_of(header)), [])]


def read_user_matrix(path: str | Path) -> pd.DataFrame:
    """A user's matrix, CSV or TSV (told by its header line): first column text, types of others inferred.

    Lines of comment before the header are passed over; R's row names without a header become the first
    column. The index is the number of each row's line. InputError for ragged lines or a name given twice.
    """
    return user_matrix(read_text(path), Path(path).name)


def user_matrix(text: str, file: str, above: int = 0) -> pd.DataFrame:
    """`read_user_matrix` of a matrix in the text of `file`, below `above` lines."""
    import pandas as pd

    while text.startswith("#"):
        text = text.partition("\n")[2]
        above += 1
    header, _, body = text.partition("\n")
    delimiter = delimiter_of(header)
    lines = [header, body.lstrip("\n").partition("\n")[0]]
    names, first = (next(csv.reader([line], delimiter=delimiter), []) or [""] for line in lines)
    names = ["gene_id", *names] if len(first) == len(names) + 1 else [names[0] or "gene_id", *names[1:]]
    names = [name.strip() for name in names]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        what, fix = "stands twice in the header", "remove one of the two columns"
        raise InputError(*(Problem(what, fix, file, above + 1, name) for name in twice))
    ragged = (1, len(first)) if body.strip() and len(first) != len(names) else None
    try:
        frame = pd.read_csv(
            io.StringIO(body),
            sep=delimiter,
            names=names,
            dtype={names[0]: str},
            low_memory=False,
            float_precision="round_trip",
            **ONLY_NA,
        )
    except pd.errors.ParserError as error:
        if open_at := re.search(r"inside string starting at row (\d+)", str(error)):
            what, fix = "a cell has no end", "look for a quote that is not closed"
            raise InputError(Problem(what, fix, file, above + 2 + int(open_at[1]))) from None
        ragged = _ragged_line(error)
    if ragged:
        what = f"has {ragged[1]} cells, but the header has {len(names)}"
        fix = "give every line the cells of the header, and close every quote"
        raise InputError(Problem(what, fix, file, above + 1 + ragged[0]))
    frame.index = pd.RangeIndex(above + 2, above + 2 + len(frame))
    return frame


def _ragged_line(error: Exception) -> tuple[int, int]:
    """Number of the line that pandas cannot fit into the columns, and of its cells (0 if it does not say)."""
    places = re.findall(r"in line (\d+), saw (\d+)|at row (\d+)", str(error))
    line, cells, row = places[0] if places else ("", "", "")
    return int(line or row or 0), int(cells or 0)
