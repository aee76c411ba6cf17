"""Files of the sheet that serve twice: under one path, or as copies of each other."""

from __future__ import annotations

from rxpress.checking.inputs import Inputs
from rxpress.checking.peek import PATH_COLUMNS
from rxpress.errors import Problems


def check_same_files(inputs: Inputs, problems: Problems) -> None:
    """No file may serve twice, in two samples or as two lanes."""
    seen: dict[str, tuple[int, str]] = {}
    alike: dict[tuple[int, bytes], tuple[int, str, str]] = {}
    for row in inputs.sheet.rows:
        for column in PATH_COLUMNS:
            path = row.cells.get(column)
            if path is not None:
                peek = inputs.peek(column, path)
                place = (row.line, column)
                _tell_a_copy(inputs, place, path, alike, problems)
                line, name = seen.setdefault(peek.resolved if peek else path, place)
                if (line, name) != place:
                    what = f"'{path}' is used in line {line}, column '{name}', already"
                    problems.add(what, "give each lane its own file", inputs.sheet.file, row.line, column)


def _tell_a_copy(
    inputs: Inputs,
    place: tuple[int, str],
    path: str,
    alike: dict[tuple[int, bytes], tuple[int, str, str]],
    problems: Problems,
) -> None:
    """Warn when a file has size and beginning of one above; of a Salmon folder, when its quant.sf has.

    (BAM files begin with the sequences of the genome, which are the same in all.)
    """
    line, column = place
    peek = inputs.peek({"quant": "quant_file"}.get(column, column), path)
    if peek and peek.kind == "file" and peek.size and column != "bam":
        other, name, first = alike.setdefault((peek.size, peek.head), (line, column, path))
        if path != first:
            what = f"'{path}' looks like a copy of what line {other} has in column '{name}'"
            problems.warn(what, "look whether one library stands here twice", inputs.sheet.file, line, column)
