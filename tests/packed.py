"""Reads a payload as the description in rxpress/report/packing.py says, not by the page's code."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import numpy as np


def unpack(payload: str) -> tuple[dict[str, Any], bytes]:
    """Header and arrays of a payload."""
    whole = gzip.decompress(base64.b64decode(payload))
    end = 4 + int.from_bytes(whole[:4], "little")
    return json.loads(whole[4:end]), whole[end:]


def numbers(place: dict[str, Any], arrays: bytes) -> np.ndarray:
    """(count,) the numbers of one array: byte planes, lowest first; the lowest integer is missing."""
    at, count, width = place["at"], place["count"], place["width"]
    planes = [arrays[at + k * count : at + (k + 1) * count] for k in range(width)]
    whole = [int.from_bytes(bytes(one), "little", signed=True) for one in zip(*planes, strict=True)]
    return np.array([np.nan if n == -(2 ** (8 * width - 1)) else n * place["step"] for n in whole])
