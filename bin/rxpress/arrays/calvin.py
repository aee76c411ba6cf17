"""Command Console (Calvin) generic data files: parameters and data sets; big-endian.

Source: Affymetrix Fusion SDK, "Command Console Generic Data File Format".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rxpress.arrays.contents import Reader, broken
from rxpress.errors import InputError

MAGIC = b"\x3b\x01"
# Types of columns 0 to 6; 7 and 8 are texts, of which only the size matters here.
NUMBERS = ("i1", "u1", ">i2", ">u2", ">i4", ">u4", ">f4")
LARGEST_GENERATION = 16


def read_calvin(data: bytes, path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """The parameters (name → value as text) and the data sets (name → records) of the first data group."""
    reader = Reader(data, path, ">", 2)
    _, first_group = reader.values("iI")
    parameters = _header(reader, 0)
    reader.position = first_group
    _, first_set, sets = reader.values("IIi")
    tables: dict[str, np.ndarray] = {}
    reader.position = first_set
    for i in range(sets):
        start = reader.position
        name, records, following = _data_set(reader)
        tables.setdefault(name, records)
        if i + 1 < sets and following <= start:
            raise broken(path, "its data sets do not follow one another")
        reader.position = following
    return parameters, tables


def parameter_in(head: bytes, name: str) -> str | None:
    """The first value under `name` in the beginning of a file; None when it is not among these bytes."""
    _, found, rest = head.partition(name.encode("utf-16-be"))
    reader = Reader(rest, Path(), ">")
    try:
        return _value(reader.take(reader.integer()), reader.wide_text()) if found else None
    except InputError:
        return None


def _header(reader: Reader, generation: int) -> dict[str, str]:
    """The parameters of a data header; those of its parents (the scanned image) where it lacks them."""
    if generation > LARGEST_GENERATION:
        raise broken(reader.path, "its headers are nested without end")
    for take in (reader.text, reader.text, reader.wide_text, reader.wide_text):
        take()
    parameters = _parameters(reader)
    for _ in range(reader.integer()):
        parameters = _header(reader, generation + 1) | parameters
    return parameters


def _parameters(reader: Reader) -> dict[str, str]:
    found = {}
    for _ in range(reader.integer()):
        name, value, kind = reader.wide_text(), reader.take(reader.integer()), reader.wide_text()
        found[name] = _value(value, kind)
    return found


def _value(value: bytes, kind: str) -> str:
    if kind == "text/plain":
        return value.decode("utf-16-be", errors="replace").rstrip("\0")
    if "integer" in kind and len(value) >= 4:
        return str(int.from_bytes(value[:4], "big", signed="unsigned" not in kind))
    return value.decode("latin-1").rstrip("\0")


def _data_set(reader: Reader) -> tuple[str, np.ndarray, int]:
    """The name, the records and the position of the next data set."""
    first_row, following = reader.values("II")
    name = reader.wide_text()
    _parameters(reader)
    (columns,) = reader.values("I")
    fields: list[tuple[str, str]] = []
    width = 0
    for _ in range(columns):
        reader.wide_text()
        kind, size = reader.values("bi")
        form = NUMBERS[kind] if 0 <= kind < len(NUMBERS) else f"V{size}"
        width += size
        if size < 1 or width > len(reader.data) or np.dtype(form).itemsize != size:
            raise broken(reader.path, f"data set '{name}' has a column of an unknown form")
        fields.append((f"f{len(fields)}", form))
    (rows,) = reader.values("I")
    if not fields:
        return name, np.empty(0), following
    reader.position = first_row
    return name, reader.array(np.dtype(fields), rows), following
