"""What is seen of the files that a run names: kind, size and first bytes.

A task in a container sees only what is staged, so `main.nf` looks first and writes `peek.tsv`; outside
Nextflow `peek_sheet` and `peek_parameters` look in the same way.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rxpress.errors import Problem
from rxpress.tables import MISSING, read_rows

PATH_COLUMNS = ("fastq_1", "fastq_2", "quant", "bam", "cel")
MAY_BE_EMPTY = ("fastq_1", "fastq_2")
HEAD_BYTES = 4096
BAM_END_BYTES = 28
# Files that ready indexes need; indexes themselves are too large to be staged for a look.
INDEX_FILES = {
    "star_index": ("genomeParameters.txt", "Genome", "SA", "SAindex", "exons.sha256"),
    "hisat2_index": ("*.1.ht2",),
}


@dataclass(frozen=True)
class Peek:
    """One file or folder: as typed (`path`), where it was looked for last (`resolved`), and what was seen.

    `column` is the sheet's, or `--name` of a parameter; of a Salmon folder, `quant_file` is its quant.sf(.gz)
    and `quant_info` its meta_info.json, both under the folder's path; of a BAM file, `bam_end` has its last
    bytes for `head`; of a ready index, `<parameter>_file` are its files under their names. `kind` is file,
    folder, missing, unreadable or device (a pipe too); `head` holds the first 4096 bytes.
    """

    line: int
    column: str
    path: str
    resolved: str
    kind: str
    size: int
    head: bytes

    @property
    def whole(self) -> bool:
        """Whether `head` is all there is."""
        return self.size <= len(self.head)

    def fault(self, kind: str) -> tuple[str, str] | None:
        """What is wrong, and what to do, when this is not a readable `file`, `folder` or `file or folder`."""
        if self.kind == "missing":
            fix = "correct the path: relative ones start at the samplesheet or at the folder of the launch"
            return f"{kind} '{self.path}' does not exist (looked for {self.resolved})", fix
        if self.kind == "unreadable":
            return f"{kind} '{self.path}' cannot be read", "look at its permissions"
        if self.kind not in kind:
            return f"'{self.path}' is a {self.kind}, not a {kind}", f"give a {kind}"
        if self.kind == "file" and self.size == 0 and self.column not in MAY_BE_EMPTY:
            return f"file '{self.path}' is empty", "get the file again"
        return None

    def problem(self, what: str, fix: str = "", file: str = "") -> Problem:
        """A problem at this cell of the sheet, or with this parameter."""
        if self.column.startswith("--"):
            return Problem(what, fix, self.column)
        return Problem(what, fix, file, self.line, self.column)


Peeks = Mapping[tuple[str, str], Peek]


def by_path(peeks: Iterable[Peek]) -> Peeks:
    """Peeks by column and path as typed, which together say what is meant; the first line of each."""
    found: dict[tuple[str, str], Peek] = {}
    for peek in peeks:
        found.setdefault((peek.column, peek.path), peek)
    return found


def read_peeks(path: str | Path) -> list[Peek]:
    """The rows of a peek.tsv."""
    header, rows = read_rows(path)
    return [_from_row(dict(zip(header, cells, strict=False))) for _, cells in rows]


def _from_row(row: Mapping[str, str]) -> Peek:
    head = base64.b64decode(row.get("head", ""))
    line, size = int(row["line"]), int(row["size"])
    return Peek(line, row["column"], row["path"], row["resolved"], row["kind"], size, head)


def peek_sheet(path: str | Path) -> list[Peek]:
    """A look at each path cell of a samplesheet: relative to the sheet, then to the current folder."""
    header, rows = read_rows(path)
    peeks = []
    for line, cells in rows:
        for column, cell in zip(header, cells, strict=False):
            if column in PATH_COLUMNS and cell not in ("", MISSING) and "://" not in cell:
                peeks += _peek_cell(line, column, cell, Path(path).parent)
    return peeks


def _peek_cell(line: int, column: str, cell: str, folder: Path) -> list[Peek]:
    beside = folder / cell
    place = beside if beside.exists() else Path(cell)
    peek = _look(line, column, cell, place)
    if column == "bam" and peek.kind == "file":
        return [peek, _look_at_end(peek, place)]
    if column != "quant" or peek.kind != "folder":
        return [peek]
    table = place / "quant.sf" if (place / "quant.sf").exists() else place / "quant.sf.gz"
    info = place / "aux_info" / "meta_info.json"
    return [peek, _look(line, "quant_file", cell, table), _look(line, "quant_info", cell, info)]


def peek_parameters(params: Mapping[str, Any], names: Iterable[str]) -> list[Peek]:
    """A look at each file that a parameter names, relative to the current folder."""
    given = {name: str(params[name]) for name in names if isinstance(params.get(name), str) and params[name]}
    peeks = []
    for name, text in given.items():
        if "://" not in text:
            peeks.append(_look(0, f"--{name}", text, Path(text)))
            if peeks[-1].kind == "folder":
                needed = INDEX_FILES.get(name, ())
                peeks += [_look(0, f"{name}_file", one, _file_in(Path(text), one)) for one in needed]
    return peeks


def _file_in(folder: Path, name: str) -> Path:
    """A file of a folder; `*` stands for a beginning, and HISAT2 gives large indexes a letter more."""
    found = sorted([*folder.glob(name), *folder.glob(f"{name}l")]) if "*" in name else []
    return found[0] if found else folder / name


def _look(line: int, column: str, typed: str, place: Path) -> Peek:
    resolved = str(place.absolute())
    if not place.exists():
        return Peek(line, column, typed, resolved, "missing", 0, b"")
    if place.is_dir():
        return Peek(line, column, typed, resolved, "folder", 0, b"")
    if not place.is_file():  # a pipe would be waited for, a device read for ever
        return Peek(line, column, typed, resolved, "device", 0, b"")
    size = place.stat().st_size
    try:
        with place.open("rb") as stream:
            return Peek(line, column, typed, resolved, "file", size, stream.read(HEAD_BYTES))
    except OSError:
        return Peek(line, column, typed, resolved, "unreadable", size, b"")


def _look_at_end(peek: Peek, place: Path) -> Peek:
    """The last bytes of a BAM file, which are the same in all that are whole."""
    try:
        with place.open("rb") as stream:
            stream.seek(max(0, peek.size - BAM_END_BYTES))
            return replace(peek, column="bam_end", head=stream.read())
    except OSError:
        return replace(peek, column="bam_end", kind="unreadable", head=b"")
