"""CDF files, which say which cell is a probe of which probeset: text and XDA binary; or a table of probes.

A probe is a perfect match when its base and the target's are complementary at the interrogated position, as
affyio has it; every other cell of the block is a mismatch. Source of the formats: Affymetrix "CDF file
format".
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from rxpress.arrays.contents import HEAD_BYTES, Reader, broken, facts_of, inflated_head, number, read_bytes
from rxpress.errors import InputError, Problem

XDA_MAGIC = b"\x43\0\0\0\x01\0\0\0"
XDA_NAME = 64
XDA_CELL = np.dtype(
    [("atom", "<i4"), ("x", "<u2"), ("y", "<u2"), ("index", "<i4"), ("probe", "u1"), ("target", "u1")]
)
TEXT_CELL = ["X", "Y", "PBASE", "TBASE", "ATOM"]
PROBE_TABLE = ["x", "y", "probeset", "type"]
BRAINARRAY_SUFFIX = re.compile(r"_[A-Z][a-z]_[A-Z0-9]+(_[0-9]+)?$")
COMPLEMENT = np.zeros(256, np.uint8)
for _base, _other in zip(b"ACGTacgt", b"TGCATGCA", strict=True):
    COMPLEMENT[_base] = _other


@dataclass(frozen=True)
class Cdf:
    """The probesets of a chip.

    Probeset `i`, `names[i]`, has the probe pairs `offsets[i]` to `offsets[i + 1]` (offsets: (probesets + 1,))
    of `pm` and `mm`, cell numbers `x + y * columns` in the order of the atoms; `mm` is -1 where a probe
    has no mismatch. `directions` (probesets,): 1 sense, 2 antisense, 0 unknown.
    """

    chip: str
    rows: int
    columns: int
    names: tuple[str, ...]
    offsets: np.ndarray
    pm: np.ndarray
    mm: np.ndarray
    directions: np.ndarray
    path: Path


@dataclass(frozen=True)
class CdfFacts:
    """What the beginning of a CDF file says; `units` is about the number of probesets."""

    chip: str
    rows: int
    columns: int
    units: int


def cdf_facts(head: bytes, name: str) -> CdfFacts:
    """Facts from the first 4096 bytes, plain or gzip, of a file of that name. ValueError when none."""
    data = inflated_head(head)
    path = Path(name)
    try:
        if data.startswith(XDA_MAGIC):
            columns, rows, units = Reader(data, path, "<", len(XDA_MAGIC)).values("HHi")
            return CdfFacts(_chip_of_name(path), rows, columns, units)
        if data.lstrip().startswith(b"[CDF]"):
            text = data.decode("latin-1").partition("[Chip]")[2].partition("\n[")[0]
            chip = facts_of(text)
            columns, rows, units = (number(chip, key, path) for key in ("Cols", "Rows", "NumberOfUnits"))
            return CdfFacts(chip.get("Name", ""), rows, columns, units)
    except InputError:
        raise ValueError("is truncated or corrupt: it ends within its header") from None
    raise ValueError("is not a CDF file (text or XDA)")


def find_cdf(path: Path, chip: str) -> Path:
    """`path`, or in a folder the one CDF file of the chip. InputError when there is none, or several."""
    if not path.is_dir():
        return path
    chips: dict[str, list[Path]] = {}
    for file in sorted(path.iterdir()):
        if file.is_file():
            with contextlib.suppress(ValueError), file.open("rb") as stream:
                chips.setdefault(cdf_facts(stream.read(HEAD_BYTES), file.name).chip, []).append(file)
    found = [file for other, files in chips.items() if same_chip(other, chip) for file in files]
    if len(found) == 1:
        return found[0]
    if found:
        what = f"has several CDF files of the chip '{chip}': {', '.join(file.name for file in found)}"
        raise InputError(Problem(what, "name the one to use", str(path)))
    there = f"its CDF files are of {', '.join(sorted(chips))}" if chips else "there is no CDF file in it"
    raise InputError(Problem(f"has no CDF file of the chip '{chip}'", f"add it; {there}", str(path)))


def read_cdf(path: Path) -> Cdf:
    """Read a CDF file, text or XDA, plain or gzip by content. InputError when it is none or is broken."""
    data = read_bytes(path)
    if data.startswith(XDA_MAGIC):
        return _read_xda(data, path)
    if data.lstrip().startswith(b"[CDF]"):
        return _read_text(data, path)
    raise broken(path, "is not a CDF file (text or XDA)", "give the chip's CDF file")


def read_probe_table(path: Path, chip: str, rows: int, columns: int) -> Cdf:
    """Read a tab-separated table `x y probeset type` (pm or mm), plain or gzip, for a chip of that size.

    The i-th mismatch of a probeset belongs to its i-th perfect match.
    """
    try:
        table = pd.read_csv(io.BytesIO(read_bytes(path)), sep="\t", dtype=str, keep_default_na=False)
    except ValueError as error:
        raise broken(path, f"is not a table ({error})", "give columns x, y, probeset and type") from None
    if missing := [c for c in PROBE_TABLE if c not in table]:
        raise broken(path, f"has no column '{missing[0]}'", f"give the columns {', '.join(PROBE_TABLE)}")
    kinds = table["type"].str.lower()
    if not kinds.isin(["pm", "mm"]).all():
        raise broken(path, "has a type that is neither 'pm' nor 'mm'", "correct the column 'type'")
    x, y = (_whole_numbers(table[c], path) for c in ("x", "y"))
    blocks, names = pd.factorize(table["probeset"])
    atoms = table.groupby([blocks, kinds.to_numpy()]).cumcount().to_numpy()
    is_pm = (kinds == "pm").to_numpy()
    directions = np.zeros(len(names), np.int8)
    return _cdf(path, chip, rows, columns, [str(n) for n in names], directions, blocks, atoms, x, y, is_pm)


class OnChip(Protocol):
    """An array, or what describes one."""

    @property
    def chip(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def columns(self) -> int: ...
    @property
    def path(self) -> Path: ...


def check_chip(array: OnChip, other: OnChip) -> None:
    """InputError, naming both chips, when an array is of another chip than the CDF, or than another array."""
    same_size = (array.rows, array.columns) == (other.rows, other.columns)
    if not (same_size and same_chip(array.chip, other.chip)):
        one, two = (f"'{a.chip}' ({a.columns} × {a.rows} cells)" for a in (array, other))
        what = f"is of the chip {one}, but {other.path} is of {two}"
        raise broken(array.path, what, "give arrays of one chip and the CDF of this chip")


def same_chip(one: str, other: str) -> bool:
    """Whether two names are of one chip, as makers of CDF files write it."""
    return _plain(one) == _plain(other)


def _plain(chip: str) -> str:
    """The chip's name as the makers of CDF packages write it: `HG-U133_Plus_2` is `hgu133plus2`.

    What Brainarray appends for its own probesets (`_Hs_ENTREZG`) is no part of it.
    """
    return re.sub(r"[^a-z0-9]", "", BRAINARRAY_SUFFIX.sub("", chip).lower())


def _chip_of_name(path: Path) -> str:
    """An XDA file does not hold the chip's name: it is the file's name up to the first dot."""
    return path.name.split(".")[0]


def _read_xda(data: bytes, path: Path) -> Cdf:
    reader = Reader(data, path, "<", len(XDA_MAGIC))
    columns, rows, units, controls = reader.values("HHii")
    reader.take(reader.integer())
    reader.take(XDA_NAME * units)
    reader.take(4 * controls)
    names: list[str] = []
    directions: list[int] = []
    cells: list[bytes] = []
    taken = 0
    for position in reader.array(np.dtype("<i4"), units).tolist():
        if position < 0:
            raise broken(path, "has a unit outside the file")
        reader.position = position
        _, direction, _, blocks, _, _, _ = reader.values("HBiiiiB")
        for _ in range(blocks):
            _, count, _, _, _, _ = reader.values("iiBBii")
            names.append(reader.take(XDA_NAME).split(b"\0")[0].decode("latin-1"))
            directions.append(direction)
            cells.append(reader.take(XDA_CELL.itemsize * count))
            taken += len(cells[-1]) + XDA_NAME
            if taken > len(data):
                raise broken(path, "its units overlap")
    probes = np.frombuffer(b"".join(cells), XDA_CELL)
    counts = np.array([len(c) // XDA_CELL.itemsize for c in cells], np.int64)
    block = np.repeat(np.arange(len(names)), counts)
    return _cdf(
        path,
        _chip_of_name(path),
        rows,
        columns,
        names,
        np.array(directions, np.uint8),
        block,
        probes["atom"],
        probes["x"].astype(np.int64),
        probes["y"].astype(np.int64),
        COMPLEMENT[probes["probe"]] == (probes["target"] & 0xDF),
    )


def _read_text(data: bytes, path: Path) -> Cdf:
    text = data.decode("latin-1").replace("\r\n", "\n")
    sections = [s.partition("]\n")[::2] for s in ("\n" + text).split("\n[")[1:]]
    chip = facts_of(dict(sections).get("Chip", ""))
    columns, rows, units = (number(chip, key, path) for key in ("Cols", "Rows", "NumberOfUnits"))
    names, directions, cells, header = _text_blocks(sections, units, path)
    probes = _text_cells(cells, header, path)
    counts = np.array([c.count("\n") + 1 if c else 0 for c in cells], np.int64)
    if counts.sum() != len(probes):
        raise broken(path, "has lines among its cells that are none")
    x, y, atoms = (_whole_numbers(probes[c], path) for c in ("X", "Y", "ATOM"))
    probe, target = (_bases(probes[c], path) for c in ("PBASE", "TBASE"))
    return _cdf(
        path,
        chip.get("Name", ""),
        rows,
        columns,
        names,
        np.array(directions, np.uint8),
        np.repeat(np.arange(len(names)), counts),
        atoms,
        x,
        y,
        COMPLEMENT[probe] == (target & 0xDF),
    )


def _text_blocks(
    sections: list[tuple[str, str]], units: int, path: Path
) -> tuple[list[str], list[int], list[str], list[str]]:
    """Of each block its name, its unit's direction and its lines of cells; and the columns of these."""
    names: list[str] = []
    directions: list[int] = []
    cells: list[str] = []
    headers = set()
    direction, found = 0, 0
    for title, body in sections:
        facts, _, listing = body.partition("CellHeader=")
        if re.fullmatch(r"Unit\d+", title):
            direction, found = number(facts_of(facts), "Direction", path) & 0xFF, found + 1
        elif re.fullmatch(r"Unit\d+_Block\d+", title):
            head, _, lines = listing.partition("\n")
            block = facts_of(facts)
            headers.add(head)
            cells.append(lines.strip("\n"))
            names.append(block.get("Name", ""))
            directions.append(direction)
            if len(re.findall(r"^Cell\d+=", cells[-1], re.MULTILINE)) != number(block, "NumCells", path):
                raise broken(path, f"truncated or corrupt: probeset '{names[-1]}' has not all its cells")
    if found != units or len(headers) != 1:
        raise broken(path, f"truncated or corrupt: {found} of {units} units")
    return names, directions, cells, headers.pop().split("\t")


def _text_cells(cells: list[str], header: list[str], path: Path) -> pd.DataFrame:
    lines = re.sub(r"^Cell\d+=", "", "\n".join(c for c in cells if c), flags=re.MULTILINE)
    if any(c not in header for c in TEXT_CELL):
        raise broken(path, "its CellHeader lacks X, Y, PBASE, TBASE or ATOM")
    places = [header.index(c) for c in TEXT_CELL]
    try:
        table = pd.read_csv(
            io.StringIO(lines), sep="\t", header=None, dtype=str, usecols=places, quoting=3, na_filter=False
        )
        return table[places].set_axis(TEXT_CELL, axis=1)
    except (ValueError, KeyError) as error:
        raise broken(path, f"has a cell that cannot be read ({str(error).strip()})") from None


def _bases(column: pd.Series, path: Path) -> np.ndarray:
    letters = column.to_numpy(dtype="U2")
    if not all(len(s) == 1 and ord(s) < 128 for s in np.unique(letters)):
        raise broken(path, "has a base that is not one letter")
    return letters.astype("S1").view(np.uint8)


def _whole_numbers(column: pd.Series, path: Path) -> np.ndarray:
    if not column.str.fullmatch(r"[0-9]{1,9}").all():
        raise broken(path, f"has a value of '{column.name}' that is not a whole number")
    return column.to_numpy(dtype=np.int64)


def _cdf(
    path: Path,
    chip: str,
    rows: int,
    columns: int,
    names: list[str],
    directions: np.ndarray,
    block: np.ndarray,
    atom: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    is_pm: np.ndarray,
) -> Cdf:
    """Pair perfect matches and mismatches by block and atom. Blocks without a perfect match are left out."""
    if len(x) and (x.max() >= columns or y.max() >= rows or x.min() < 0 or y.min() < 0):
        raise broken(path, f"names a cell outside its {columns} × {rows}")
    cells = x + columns * y
    key = block.astype(np.int64) * (1 << 32) + atom.astype(np.int64)
    order = np.argsort(key, kind="stable")
    pm, mm = order[is_pm[order]], order[~is_pm[order]]
    mismatch = np.full(len(pm), -1, np.int64)
    if len(mm):
        at = np.minimum(np.searchsorted(key[mm], key[pm]), len(mm) - 1)
        mismatch = np.where(key[mm][at] == key[pm], cells[mm][at], -1)
    counts = np.bincount(block[pm], minlength=len(names))
    kept = np.flatnonzero(counts)
    if not len(kept):
        raise broken(path, "has no probeset with a perfect match")
    offsets = np.concatenate([[0], np.cumsum(counts[kept])])
    kept_names = tuple(names[i] for i in kept)
    if not all(kept_names) or len(set(kept_names)) < len(kept_names):
        raise broken(path, "has a probeset without a name, or a name twice")
    return Cdf(chip, rows, columns, kept_names, offsets, cells[pm], mismatch, directions[kept], path)
