"""Tiny CEL and CDF files with planted values, in every form the readers know."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np

COLUMNS, ROWS = 4, 3
CHIP = "Made-1"
MEANS = np.array([100.5, 90, 80.1, 70, 60, 50, 40.3, 30, 20, 10, 5, 1], np.float32)
DEVIATIONS = np.arange(12, dtype=np.float32) / 8
PIXELS = np.arange(9, 21, dtype=np.int16)
MASKS = [(1, 0)]
OUTLIERS = [(3, 2), (0, 1)]
# name, direction, probe pairs as (perfect match, mismatch) cells
PROBESETS = [("first_at", 1, [(0, 4), (1, 5)]), ("second_at", 2, [(2, 6), (3, 7), (8, 9)])]


def cel_v3(chip: str = CHIP) -> bytes:
    cells = [
        f"{i % COLUMNS}\t{i // COLUMNS}\t{m}\t{d}\t{p}"
        for i, (m, d, p) in enumerate(zip(MEANS, DEVIATIONS, PIXELS, strict=True))
    ]
    lines = ["[CEL]", "Version=3", "", "[HEADER]", f"Cols={COLUMNS}", f"Rows={ROWS}", _dat(chip), ""]
    lines += ["[INTENSITY]", "NumberCells=12", "CellHeader=X\tY\tMEAN\tSTDV\tNPIXELS", *cells, ""]
    for title, places in (("MASKS", MASKS), ("OUTLIERS", OUTLIERS)):
        lines += [f"[{title}]", f"NumberCells={len(places)}", "CellHeader=X\tY"]
        lines += [f"{x}\t{y}" for x, y in places] + [""]
    return "\r\n".join(lines).encode("latin-1")


def cel_v4(chip: str = CHIP) -> bytes:
    header = f"Cols={COLUMNS}\nRows={ROWS}\n{_dat(chip)}\n".encode("latin-1")
    parts = [struct.pack("<iiiii", 64, 4, COLUMNS, ROWS, 12), _sized(header, "<")]
    parts += [_sized(b"Percentile", "<"), _sized(b"", "<")]
    parts.append(struct.pack("<iIIi", 2, len(OUTLIERS), len(MASKS), 0))
    parts += [struct.pack("<ffh", *cell) for cell in zip(MEANS, DEVIATIONS, PIXELS, strict=True)]
    parts += [struct.pack("<hh", *place) for place in MASKS + OUTLIERS]
    return b"".join(parts)


def cel_calvin(chip: str = CHIP) -> bytes:
    size = "text/x-calvin-integer-32"
    parameters = [
        ("affymetrix-array-type", chip.encode("utf-16-be"), "text/plain"),
        ("affymetrix-cel-cols", struct.pack(">i", COLUMNS), size),
        ("affymetrix-cel-rows", struct.pack(">i", ROWS), size),
    ]
    head = _sized(b"affymetrix-calvin-intensity", ">") + _sized(b"id", ">") + _wide("") + _wide("en-US")
    head += struct.pack(">i", len(parameters))
    head += b"".join(_wide(n) + _sized(v, ">") + _wide(k) for n, v, k in parameters) + struct.pack(">i", 0)
    group = 10 + len(head)
    name = _wide("Default Group")
    first = group + 12 + len(name)
    sets = [
        ("Intensity", [(6, 4)], MEANS.astype(">f4").tobytes(), 12),
        ("StdDev", [(6, 4)], DEVIATIONS.astype(">f4").tobytes(), 12),
        ("Pixel", [(2, 2)], PIXELS.astype(">i2").tobytes(), 12),
        ("Outlier", [(2, 2), (2, 2)], np.array(OUTLIERS, ">i2").tobytes(), len(OUTLIERS)),
        ("Mask", [(2, 2), (2, 2)], np.array(MASKS, ">i2").tobytes(), len(MASKS)),
    ]
    data = b"\x3b\x01" + struct.pack(">iI", 1, group) + head
    data += struct.pack(">IIi", 0, first, len(sets)) + name
    for title, forms, records, rows in sets:
        columns = b"".join(_wide("c") + struct.pack(">bi", *form) for form in forms)
        about = _wide(title) + struct.pack(">iI", 0, len(forms)) + columns + struct.pack(">I", rows)
        start = len(data) + 8 + len(about)
        data += struct.pack(">II", start, start + len(records)) + about + records
    return data


def cdf_text(chip: str = CHIP) -> bytes:
    lines = ["[CDF]", "Version=GC3.0", "", "[Chip]", f"Name={chip}", f"Rows={ROWS}", f"Cols={COLUMNS}"]
    lines += [f"NumberOfUnits={len(PROBESETS)}", "NumQCUnits=0", ""]
    for i, (name, direction, pairs) in enumerate(PROBESETS, 1):
        lines += [f"[Unit{i}]", "Name=NONE", f"Direction={direction}", f"NumAtoms={len(pairs)}", ""]
        lines += [f"[Unit{i}_Block1]", f"Name={name}", f"NumCells={2 * len(pairs)}"]
        lines += ["CellHeader=X\tY\tPROBE\tPBASE\tTBASE\tATOM"]
        for k, (atom, cell, probe) in enumerate(_cells(pairs), 1):
            lines.append(f"Cell{k}={cell % COLUMNS}\t{cell // COLUMNS}\tN\t{probe}\tA\t{atom}")
        lines.append("")
    return "\r\n".join(lines).encode()


def cdf_xda() -> bytes:
    """The chip's name is the file's."""
    units = []
    for i, (name, direction, pairs) in enumerate(PROBESETS):
        atoms, cells = len(pairs), 2 * len(pairs)
        unit = struct.pack("<HBiiiiB", 3, direction, atoms, 1, cells, i, 2)
        unit += struct.pack("<iiBBii64s", atoms, cells, 2, direction, 0, atoms - 1, name.encode())
        for atom, cell, probe in _cells(pairs):
            x, y = cell % COLUMNS, cell // COLUMNS
            unit += struct.pack("<iHHicc", atom, x, y, cell, probe.encode(), b"A")
        units.append(unit)
    data = struct.pack("<iiHHiii", 67, 1, COLUMNS, ROWS, len(units), 0, 0) + bytes(64 * len(units))
    starts = np.cumsum([len(data) + 4 * len(units)] + [len(u) for u in units])[:-1]
    return data + starts.astype("<i4").tobytes() + b"".join(units)


CELS = {"v3": cel_v3, "v4": cel_v4, "calvin": cel_calvin}
CDFS = {"text": cdf_text, "xda": cdf_xda}


def damaged(data: bytes, seed: int) -> bytes:
    """`data` with one to four bits flipped."""
    random = np.random.default_rng(seed)
    changed = bytearray(data)
    for _ in range(random.integers(1, 5)):
        changed[random.integers(len(data))] ^= 1 << int(random.integers(8))
    return bytes(changed)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _cells(pairs: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Atom, cell and probe base: T against the target's A is a match, A is none."""
    return [(a, c, base) for a, pair in enumerate(pairs) for c, base in zip(pair, "TA", strict=True)]


def _dat(chip: str) -> str:
    return f"DatHeader=[0..100]  made:CLS=4 RWS=3 \x14  \x14 {chip}.1sq \x14 "


def _sized(value: bytes, order: str) -> bytes:
    return struct.pack(order + "i", len(value)) + value


def _wide(text: str) -> bytes:
    return struct.pack(">i", len(text)) + text.encode("utf-16-be")


def digest(data: bytes | np.ndarray) -> str:
    """SHA-256 of bytes, or of the bytes of an array."""
    return hashlib.sha256(data if isinstance(data, bytes) else data.tobytes()).hexdigest()


def golden_digests() -> dict[str, str]:
    """What affyio and makecdfenv read in the real arrays, by tests/golden/array_readers.R."""
    table = Path(__file__).parent / "golden" / "array_readers.tsv"
    return dict(line.split("\t") for line in table.read_text().splitlines()[1:])
