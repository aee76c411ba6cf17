"""CEL files, one per array: version 3 (text), version 4 (binary) and Command Console (Calvin).

Cells are numbered `x + y * columns` from 0, as CDF files number probes. Source of the formats: Affymetrix
"CEL file format" of the GCOS and Command Console file format documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rxpress.arrays.calvin import MAGIC as CALVIN_MAGIC
from rxpress.arrays.calvin import parameter_in, read_calvin
from rxpress.arrays.contents import Reader, broken, facts_of, inflated_head, number, read_bytes
from rxpress.errors import InputError
from rxpress.tables import read_columns

VERSION_4_MAGIC = b"\x40\0\0\0\x04\0\0\0"
VERSION_4_CELL = np.dtype([("mean", "<f4"), ("sd", "<f4"), ("pixels", "<i2")])
VERSION_4_PLACE = np.dtype([("x", "<i2"), ("y", "<i2")])
DAT_HEADERS = ("DatHeader", "affymetrix-dat-header", "affymetrix-partial-dat-header")
DATE_IN_DAT_HEADER = re.compile(r"(\d\d)/(\d\d)/(\d\d)\s+(\d\d:\d\d:\d\d)")
CHIP_IN_DAT_HEADER = re.compile(r"([^\s\x14]+)\.1sq")


@dataclass(frozen=True)
class Cel:
    """One array as scanned.

    `intensities`, `standard_deviations` (float32) and `pixels` (int16) are (rows * columns,); `masks` and
    `outliers` hold the cell numbers so marked, ascending; `header` has the file's own facts as text.
    """

    chip: str
    rows: int
    columns: int
    intensities: np.ndarray
    standard_deviations: np.ndarray
    pixels: np.ndarray
    masks: np.ndarray
    outliers: np.ndarray
    header: dict[str, str]
    path: Path


@dataclass(frozen=True)
class CelFacts:
    """What the beginning of a CEL file says; None for what it does not reach.

    `expected_size` : bytes that the file must have at least, where it is not gzip and its form tells.
    """

    chip: str | None
    rows: int | None
    columns: int | None
    expected_size: int | None


def cel_facts(head: bytes, whole: bool, size: int) -> CelFacts:
    """Facts from the first 4096 bytes, plain or gzip, of a file of `size` bytes (`whole`: there are no more).

    Raises ValueError, with the reason, when it is no CEL file or is seen to be truncated.
    """
    data = inflated_head(head)
    if data.startswith(VERSION_4_MAGIC):
        facts = _facts_of_version_4(data)
    elif data.startswith(CALVIN_MAGIC):
        facts = _facts_of_calvin(data)
    elif data.lstrip().startswith(b"[CEL]"):
        header = facts_of(data.partition(b"[HEADER]")[2].partition(b"[INTENSITY]")[0].decode("latin-1"))
        columns, rows = (_whole_number(header.get(key)) for key in ("Cols", "Rows"))
        facts = CelFacts(_chip_of(header), rows, columns, None)
    else:
        raise ValueError("is not a CEL file of version 3, 4 or Command Console")
    plain = data is head
    if whole and facts.rows is None:
        raise ValueError("is truncated or corrupt: it ends within its header")
    if plain and facts.expected_size and size < facts.expected_size:
        raise ValueError(f"is truncated: it has {size} of {facts.expected_size} bytes")
    return facts if plain else replace(facts, expected_size=None)


def _facts_of_version_4(data: bytes) -> CelFacts:
    reader = Reader(data, Path(), "<", len(VERSION_4_MAGIC))
    try:
        columns, rows, cells = reader.values("iii")
        chip = _chip_of(facts_of(reader.text()))
        reader.text(), reader.text()
        _, outliers, masks, _ = reader.values("iIIi")
    except InputError:
        return CelFacts(None, None, None, None)
    size = reader.position + VERSION_4_CELL.itemsize * cells + VERSION_4_PLACE.itemsize * (outliers + masks)
    return CelFacts(chip, rows, columns, size)


def _facts_of_calvin(data: bytes) -> CelFacts:
    """Its cells alone, intensity, deviation and pixels, make up ten bytes each."""
    keys = ("affymetrix-array-type", "affymetrix-dat-header")
    header = {key: value for key in keys if (value := parameter_in(data, key)) is not None}
    columns, rows = (_whole_number(parameter_in(data, f"affymetrix-cel-{side}")) for side in ("cols", "rows"))
    size = 10 * columns * rows if columns and rows else None
    return CelFacts(_chip_of(header), rows, columns, size)


def _whole_number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def read_cel(path: Path) -> Cel:
    """Read a CEL file of any version, plain or gzip by content. InputError when it is none or is broken."""
    data = read_bytes(path)
    if data.startswith(VERSION_4_MAGIC):
        return _read_version_4(data, path)
    if data.startswith(CALVIN_MAGIC):
        return _read_command_console(data, path)
    if data.lstrip().startswith(b"[CEL]"):
        return _read_version_3(data, path)
    raise broken(path, "is not a CEL file of version 3, 4 or Command Console", "give the scanner's CEL file")


def _read_version_4(data: bytes, path: Path) -> Cel:
    reader = Reader(data, path, "<", len(VERSION_4_MAGIC))
    columns, rows, cells = reader.values("iii")
    header = facts_of(reader.text())
    header["Algorithm"], header["AlgorithmParameters"] = reader.text(), reader.text()
    _, outliers, masks, _ = reader.values("iIIi")
    if columns * rows != cells:
        raise broken(path, f"says {cells} cells of {columns} × {rows}")
    values = reader.array(VERSION_4_CELL, cells)
    masked = reader.array(VERSION_4_PLACE, masks)
    outlying = reader.array(VERSION_4_PLACE, outliers)
    places = [np.column_stack([p["x"], p["y"]]) for p in (masked, outlying)]
    return _cel(path, header, columns, rows, [values["mean"], values["sd"], values["pixels"]], places)


def _read_command_console(data: bytes, path: Path) -> Cel:
    header, tables = read_calvin(data, path)
    columns = number(header, "affymetrix-cel-cols", path)
    rows = number(header, "affymetrix-cel-rows", path)
    try:
        values = [tables[name]["f0"] for name in ("Intensity", "StdDev", "Pixel")]
        places = [_pairs(tables.get(name), path) for name in ("Mask", "Outlier")]
    except (KeyError, ValueError, IndexError):
        raise broken(path, "has no data sets Intensity, StdDev and Pixel") from None
    if any(v.dtype.kind not in "iuf" for v in values):
        raise broken(path, "its intensities are not numbers")
    return _cel(path, header, columns, rows, values, places)


def _pairs(table: np.ndarray | None, path: Path) -> np.ndarray:
    if table is None or not len(table):
        return np.empty((0, 2), np.int64)
    x, y = table["f0"], table["f1"]
    if x.dtype.kind not in "iu" or y.dtype.kind not in "iu":
        raise broken(path, "its masks or outliers are not pairs of whole numbers")
    return np.column_stack([x, y])


def _read_version_3(data: bytes, path: Path) -> Cel:
    parts = (part.partition(b"]") for part in (b"\n" + data).split(b"\n[")[1:])
    sections = {title.decode("latin-1"): body for title, _, body in parts}
    missing = [s for s in ("HEADER", "INTENSITY", "MASKS", "OUTLIERS") if s not in sections]
    if missing:
        raise broken(path, f"truncated or corrupt: no section [{missing[0]}]")
    header = facts_of(sections["HEADER"].decode("latin-1"))
    columns, rows = number(header, "Cols", path), number(header, "Rows", path)
    x, y, *values = _table(sections["INTENSITY"], 5, path)
    places = [np.column_stack(_table(sections[s], 2, path)) for s in ("MASKS", "OUTLIERS")]
    if len(x) != rows * columns:
        raise broken(path, f"has {len(x)} cells, not the {columns} × {rows} of its header")
    numbers = _cell_numbers(np.column_stack([x, y]), columns, rows, path)
    if not np.array_equal(numbers, np.arange(rows * columns)):
        order = np.argsort(numbers, kind="stable")
        if not np.array_equal(numbers[order], np.arange(rows * columns)):
            raise broken(path, "has cells twice and others not at all")
        values = [v[order] for v in values]
    return _cel(path, header, columns, rows, values, places)


def _table(section: bytes, columns: int, path: Path) -> list[np.ndarray]:
    """The columns of a section below `CellHeader=`: as many rows as its `NumberCells` says."""
    facts, _, rest = section.partition(b"CellHeader=")
    count = number(facts_of(facts.decode("latin-1")), "NumberCells", path)
    body = rest.partition(b"\n")[2]
    if count == 0 and not body.strip():
        return [np.empty(0)] * columns
    names = [str(i) for i in range(columns)]
    try:
        table = read_columns(body, str(path), numbers=names, header=False, quoted=False)
    except InputError:
        raise broken(path, "has a line among its cells that is not of numbers") from None
    if table.num_rows != count or table.num_columns != columns:
        raise broken(path, f"truncated or corrupt: {table.num_rows} lines for {count} cells")
    return [table[name].to_numpy() for name in names]


def _cel(
    path: Path,
    header: dict[str, str],
    columns: int,
    rows: int,
    values: list[np.ndarray],
    places: list[np.ndarray],
) -> Cel:
    """Check what every version must hold, and number the masked and the outlying cells."""
    if columns < 1 or rows < 1 or any(len(v) != rows * columns for v in values):
        raise broken(path, f"its values are not those of {columns} × {rows} cells")
    with np.errstate(over="ignore", invalid="ignore"):
        means, deviations = values[0].astype(np.float32), values[1].astype(np.float32)
        pixels = values[2].astype(np.int16)
    if not np.isfinite(means).all():
        raise broken(path, "has intensities that are not finite numbers")
    masks, outliers = (np.unique(_cell_numbers(p, columns, rows, path)) for p in places)
    chip = _chip_of(header)
    if chip is None:
        raise broken(path, "does not name its chip (no '.1sq' in its DatHeader)")
    return Cel(chip, rows, columns, means, deviations, pixels, masks, outliers, header, path)


def _cell_numbers(places: np.ndarray, columns: int, rows: int, path: Path) -> np.ndarray:
    x, y = places[:, 0], places[:, 1]
    inside = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    if not inside.all():
        raise broken(path, f"names a cell outside its {columns} × {rows}")
    return x.astype(np.int64) + columns * y.astype(np.int64)


def _chip_of(header: dict[str, str]) -> str | None:
    if chip := header.get("affymetrix-array-type", "").strip():
        return chip
    for key in DAT_HEADERS:
        if found := CHIP_IN_DAT_HEADER.search(header.get(key, "")):
            return found[1]
    return None


def scan_date(header: dict[str, str]) -> str | None:
    """When the array was scanned, `2004-03-15 11:20:33`; None when its header does not say."""
    if "affymetrix-scan-date" in header:
        return header["affymetrix-scan-date"].replace("T", " ").rstrip("Z")
    for key in DAT_HEADERS:
        if found := DATE_IN_DAT_HEADER.search(header.get(key, "")):
            month, day, year, time = found.groups()
            century = "19" if int(year) > 80 else "20"
            return f"{century}{year}-{month}-{day} {time}"
    return None
