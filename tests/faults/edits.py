"""Edits that break a sound study; each is a mapping whose first key is the edit, with the file as value."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Edit = Mapping[str, Any]


def apply_edit(folder: Path, parameters: dict[str, Any], edit: Edit) -> None:
    """Do one edit to the files of a study, or to its parameters."""
    name, target = next(iter(edit.items()))
    if name == "parameters":
        parameters.update(target)
    else:
        EDITS[name](folder / target, edit)


def _replace(path: Path, edit: Edit) -> None:
    """`old` by `new`, the first time or `everywhere`."""
    text = path.read_text()
    assert edit["old"] in text, f"{path.name} has no {edit['old']!r}"
    path.write_text(text.replace(edit["old"], edit["new"], -1 if edit.get("everywhere") else 1))


def _append(path: Path, edit: Edit) -> None:
    with path.open("a") as file:
        file.write(edit["text"])


def _write(path: Path, edit: Edit) -> None:
    """`text`, `times` over."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(edit["text"] * edit.get("times", 1))


def _write_bytes(path: Path, edit: Edit) -> None:
    path.write_bytes(bytes.fromhex(edit["hex"]))


def _encode(path: Path, edit: Edit) -> None:
    path.write_bytes(path.read_text().encode(edit["as"]))


def _gzip(path: Path, _: Edit) -> None:
    path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def _cut(path: Path, edit: Edit) -> None:
    """The last `bytes` away."""
    path.write_bytes(path.read_bytes()[: -edit["bytes"]])


def _flip(path: Path, edit: Edit) -> None:
    """Every bit of the byte that is `from_end` bytes before the end."""
    data = bytearray(path.read_bytes())
    data[-edit["from_end"]] ^= 0xFF
    path.write_bytes(bytes(data))


def _cell(path: Path, edit: Edit) -> None:
    """The cell in `line` and `column` (by the header's name) is `is`; separators as they stand."""
    lines = path.read_text().split("\n")
    separator = "\t" if "\t" in lines[0] else ","
    cells = lines[edit["line"] - 1].split(separator)
    cells[lines[0].split(separator).index(edit["column"])] = edit["is"]
    lines[edit["line"] - 1] = separator.join(cells)
    path.write_text("\n".join(lines))


def _fill(path: Path, edit: Edit) -> None:
    """Every cell of `column` is `is`."""
    for line in range(2, path.read_text().count("\n") + 1):
        _cell(path, {"line": line, **edit})


def _drop_column(path: Path, edit: Edit) -> None:
    lines = path.read_text().split("\n")
    separator = "\t" if "\t" in lines[0] else ","
    place = lines[0].split(separator).index(edit["column"])
    cells = [line.split(separator) for line in lines]
    path.write_text("\n".join(separator.join(c[:place] + c[place + 1 :]) for c in cells))


def _drop_lines(path: Path, edit: Edit) -> None:
    """Lines `from` to `to`, the header being line 1."""
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[: edit["from"] - 1] + lines[edit["to"] :]))


def _transpose(path: Path, _: Edit) -> None:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    path.write_text("".join("\t".join(cells) + "\n" for cells in zip(*rows, strict=True)))


def _remove(path: Path, _: Edit) -> None:
    path.unlink()


def _copy(path: Path, edit: Edit) -> None:
    (path.parent / edit["to"]).write_bytes(path.read_bytes())


def _swap(path: Path, edit: Edit) -> None:
    other = path.parent / edit["with"]
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


EDITS: Mapping[str, Callable[[Path, Edit], None]] = {
    "replace": _replace,
    "append": _append,
    "write": _write,
    "write_bytes": _write_bytes,
    "encode": _encode,
    "gzip": _gzip,
    "cut": _cut,
    "flip": _flip,
    "cell": _cell,
    "fill": _fill,
    "drop_column": _drop_column,
    "drop_lines": _drop_lines,
    "transpose": _transpose,
    "remove": _remove,
    "copy": _copy,
    "swap": _swap,
}
