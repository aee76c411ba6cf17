"""Bytes of CEL and CDF files, in every form the readers know, from the values they should hold."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv

SCAN_DATE = "03/15/04 11:20:33"
CORNERS = ("UL", "UR", "LR", "LL")
ALGORITHM = "Percentile:75;CellMargin:2;OutlierHigh:1.500;OutlierLow:1.004"
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scan:
    """One array: `means`, `deviations`, `pixels` (rows * columns,); masked and outlying cells as x, y."""

    chip: str
    columns: int
    rows: int
    means: np.ndarray
    deviations: np.ndarray
    pixels: np.ndarray
    masks: Sequence[tuple[int, int]] = ()
    outliers: Sequence[tuple[int, int]] = ()


@dataclass(frozen=True)
class Chip:
    """Probesets with a name, a direction, and (pairs, 2) cells of their perfect matches and mismatches.

    A mismatch of -1 is none.
    """

    name: str
    columns: int
    rows: int
    probesets: Sequence[tuple[str, int, np.ndarray]]


def cel_v3(scan: Scan) -> bytes:
    cell = np.arange(scan.rows * scan.columns)
    values = {"MEAN": scan.means, "STDV": scan.deviations, "NPIXELS": scan.pixels}
    parts = [b"[CEL]\nVersion=3\n\n[HEADER]\n", _header(scan), b"\n"]
    parts.append(_section("INTENSITY", {"X": cell % scan.columns, "Y": cell // scan.columns} | values))
    for title, places in (("MASKS", scan.masks), ("OUTLIERS", scan.outliers)):
        x, y = np.array(places, np.int64).reshape(-1, 2).T
        parts.append(_section(title, {"X": x, "Y": y}))
    return b"".join(parts).replace(b"\n", b"\r\n")


def cel_v4(scan: Scan) -> bytes:
    cells = np.empty(scan.rows * scan.columns, [("mean", "<f4"), ("sd", "<f4"), ("pixels", "<i2")])
    cells["mean"], cells["sd"], cells["pixels"] = scan.means, scan.deviations, scan.pixels
    parts = [struct.pack("<iiiii", 64, 4, scan.columns, scan.rows, len(cells))]
    parts += [_sized(text, "<") for text in (_header(scan), b"Percentile", ALGORITHM.encode())]
    parts.append(struct.pack("<iIIi", 2, len(scan.outliers), len(scan.masks), 0))
    places = np.array([*scan.masks, *scan.outliers], "<i2")
    return b"".join([*parts, cells.tobytes(), places.tobytes()])


def cel_calvin(scan: Scan) -> bytes:
    size = "text/x-calvin-integer-32"
    grid = [f"affymetrix-algorithm-param-Grid{corner}{axis}" for corner in CORNERS for axis in "XY"]
    image = [("affymetrix-dat-header", _dat(scan)), ("affymetrix-scan-date", "2004-03-15T11:20:33")]
    own = [(name, struct.pack(">f12x", 0), "text/x-calvin-float") for name in grid]
    own += [_wide_parameter("affymetrix-algorithm-name", "Percentile")]
    own += [_wide_parameter("affymetrix-array-type", scan.chip.ljust(100, "\0"))]
    own += [("affymetrix-cel-cols", struct.pack(">i12x", scan.columns), size)]
    own += [("affymetrix-cel-rows", struct.pack(">i12x", scan.rows), size)]
    parent = _calvin_header("scan-acquisition", [_wide_parameter(*fact) for fact in image], b"")
    head = _calvin_header("intensity", own, parent)
    group = 10 + len(head)
    name = _wide("Default Group")
    first = group + 12 + len(name)
    sets = [
        ("Intensity", [(6, 4)], scan.means.astype(">f4")),
        ("StdDev", [(6, 4)], scan.deviations.astype(">f4")),
        ("Pixel", [(2, 2)], scan.pixels.astype(">i2")),
        ("Outlier", [(2, 2), (2, 2)], np.array(scan.outliers, ">i2").reshape(-1, 2)),
        ("Mask", [(2, 2), (2, 2)], np.array(scan.masks, ">i2").reshape(-1, 2)),
    ]
    parts = [
        b"\x3b\x01" + struct.pack(">iI", 1, group) + head,
        struct.pack(">IIi", 0, first, len(sets)) + name,
    ]
    position = sum(map(len, parts))
    for title, forms, records in sets:
        columns = b"".join(_wide("c") + struct.pack(">bi", *form) for form in forms)
        about = _wide(title) + struct.pack(">iI", 0, len(forms)) + columns + struct.pack(">I", len(records))
        start = position + 8 + len(about)
        position = start + records.nbytes
        parts += [struct.pack(">II", start, position), about, records.tobytes()]
    return b"".join(parts)


def cdf_text(chip: Chip) -> bytes:
    lines = ["[CDF]", "Version=GC3.0", "", "[Chip]", f"Name={chip.name}", f"Rows={chip.rows}"]
    lines += [f"Cols={chip.columns}", f"NumberOfUnits={len(chip.probesets)}", "NumQCUnits=0", ""]
    for i, (name, direction, pairs) in enumerate(chip.probesets, 1):
        cells = _cells(pairs)
        lines += [f"[Unit{i}]", "Name=NONE", f"Direction={direction}", f"NumAtoms={len(pairs)}", ""]
        lines += [f"[Unit{i}_Block1]", f"Name={name}", f"NumCells={len(cells)}"]
        lines += ["CellHeader=X\tY\tPROBE\tPBASE\tTBASE\tATOM"]
        for k, (atom, cell, probe) in enumerate(cells, 1):
            lines.append(f"Cell{k}={cell % chip.columns}\t{cell // chip.columns}\tN\t{probe}\tA\t{atom}")
        lines.append("")
    return "\r\n".join(lines).encode()


def cdf_xda(chip: Chip) -> bytes:
    """The chip's name is the file's."""
    units = []
    for i, (name, direction, pairs) in enumerate(chip.probesets):
        listed = _cells(pairs)
        atoms, cells = len(pairs), len(listed)
        unit = struct.pack("<HBiiiiB", 1, direction, atoms, 1, cells, i, 2)
        unit += struct.pack("<iiBBii64s", atoms, cells, 2, direction, 0, atoms - 1, name.encode())
        for atom, cell, probe in listed:
            x, y = cell % chip.columns, cell // chip.columns
            unit += struct.pack("<iHHicc", atom, x, y, cell, probe.encode(), b"A")
        units.append(unit)
    data = struct.pack("<iiHHiii", 67, 1, chip.columns, chip.rows, len(units), 0, 0) + bytes(64 * len(units))
    starts = np.cumsum([len(data) + 4 * len(units)] + [len(u) for u in units])[:-1]
    return data + starts.astype("<i4").tobytes() + b"".join(units)


CELS = {"v3": cel_v3, "v4": cel_v4, "calvin": cel_calvin}
CDFS = {"text": cdf_text, "xda": cdf_xda}


def _cells(pairs: np.ndarray) -> list[tuple[int, int, str]]:
    """Atom, cell and probe base: T against the target's A is a match, A is none."""
    listed = enumerate(np.asarray(pairs).tolist())
    return [(a, c, base) for a, pair in listed for c, base in zip(pair, "TA", strict=True) if c >= 0]


def _section(title: str, columns: Columns) -> bytes:
    """A section of a text CEL; numbers have as many digits as tell them from others of their type."""
    head = f"[{title}]\nNumberCells={len(columns['X'])}\nCellHeader=" + "\t".join(columns) + "\n"
    to = io.BytesIO()
    csv.write_csv(pa.table(columns), to, csv.WriteOptions(include_header=False, delimiter="\t"))
    return head.encode() + to.getvalue() + b"\n"


def _header(scan: Scan) -> bytes:
    """The lines that versions 3 and 4 share; affyio wants each of them."""
    facts = {"Cols": scan.columns, "Rows": scan.rows, "TotalX": scan.columns, "TotalY": scan.rows}
    facts |= {"OffsetX": 0, "OffsetY": 0} | {f"GridCorner{corner}": "0 0" for corner in CORNERS}
    facts |= {"Axis-invertX": 0, "AxisInvertY": 0, "swapXY": 0, "DatHeader": _dat(scan)}
    facts |= {"Algorithm": "Percentile", "AlgorithmParameters": ALGORITHM}
    return "".join(f"{key}={value}\n" for key, value in facts.items()).encode("latin-1")


def _dat(scan: Scan) -> str:
    size = f"CLS={scan.columns} RWS={scan.rows} XIN=3  YIN=3  VE=17        2.0 {SCAN_DATE}"
    return f"[0..65000]  made:{size}    \x14  \x14 {scan.chip}.1sq" + " \x14 " * 9 + "6"


def _calvin_header(kind: str, parameters: list[tuple[str, bytes, str]], parent: bytes) -> bytes:
    head = (
        _sized(b"affymetrix-calvin-" + kind.encode(), ">") + _sized(b"id", ">") + _wide("") + _wide("en-US")
    )
    head += struct.pack(">i", len(parameters))
    head += b"".join(_wide(n) + _sized(v, ">") + _wide(k) for n, v, k in parameters)
    return head + struct.pack(">i", bool(parent)) + parent


def _wide_parameter(name: str, text: str) -> tuple[str, bytes, str]:
    return name, text.encode("utf-16-be"), "text/plain"


def _sized(value: bytes, order: str) -> bytes:
    return struct.pack(order + "i", len(value)) + value


def _wide(text: str) -> bytes:
    return struct.pack(">i", len(text)) + text.encode("utf-16-be")
