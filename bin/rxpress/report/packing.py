"""Numbers and text as one short text that a page can hold: rounded, by byte planes, gzip, base64.

A payload is `length of header (4 bytes, little-endian) | header (JSON, UTF-8) | arrays`. An array of n
numbers of w bytes is kept as n lowest bytes, then n next ones, and so on: high bytes are nearly equal and
take no room. A page finds number i without unpacking the array.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

WIDTHS = (1, 2, 4)  # bytes
LARGEST = 2**31 - 1
LEVEL = 6  # of gzip: 9 takes six times as long and saves 0.4 % of 43 MB


class Packer:
    """Gathers arrays; the header that goes before them refers to each by what `add` returned."""

    def __init__(self) -> None:
        self._arrays: list[bytes] = []
        self._size = 0

    def add(self, values: np.ndarray, step: float) -> dict[str, Any]:
        """Take numbers in any shape, rounded to multiples of `step`; NaN and infinite are missing.

        Numbers beyond ±LARGEST steps become that. Returns where the array is: `at` (bytes after the header),
        `count`, `width` (bytes per number) and `step`. Missing is the lowest integer of that width.
        """
        wanted = np.rint(np.asarray(values, float).ravel() / step)
        there = np.isfinite(wanted)
        wanted = np.clip(wanted, -LARGEST, LARGEST)
        width = next(width for width in WIDTHS if np.abs(wanted[there]).max(initial=0) < 2 ** (8 * width - 1))
        whole = np.where(there, wanted, -(2.0 ** (8 * width - 1))).astype(f"<i{width}")
        planes = whole.view(np.uint8).reshape(-1, width).T.tobytes()
        place = {"at": self._size, "count": len(whole), "width": width, "step": step}
        self._arrays.append(planes)
        self._size += len(planes)
        return place

    def pack(self, header: Mapping[str, Any]) -> str:
        """The payload as base64 of gzip; the same content gives the same text. NaN in it is refused."""
        text = json.dumps(header, allow_nan=False, separators=(",", ":")).encode()
        whole = b"".join([len(text).to_bytes(4, "little"), text, *self._arrays])
        return base64.b64encode(gzip.compress(whole, LEVEL, mtime=0)).decode("ascii")
