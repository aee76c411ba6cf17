"""Tiny CEL and CDF files with planted values, in every form the readers know."""

from __future__ import annotations

import hashlib
from pathlib import Path

import array_files
import numpy as np
from array_files import Chip, Scan

COLUMNS, ROWS = 4, 3
CHIP = "Made-1"
MEANS = np.array([100.5, 90, 80.1, 70, 60, 50, 40.3, 30, 20, 10, 5, 1], np.float32)
DEVIATIONS = np.arange(12, dtype=np.float32) / 8
PIXELS = np.arange(9, 21, dtype=np.int16)
MASKS = [(1, 0)]
OUTLIERS = [(3, 2), (0, 1)]
# name, direction, probe pairs as (perfect match, mismatch) cells
PROBESETS = [("first_at", 1, [(0, 4), (1, 5)]), ("second_at", 2, [(2, 6), (3, 7), (8, 9)])]


def scan(chip: str = CHIP) -> Scan:
    return Scan(chip, COLUMNS, ROWS, MEANS, DEVIATIONS, PIXELS, MASKS, OUTLIERS)


def layout(chip: str = CHIP) -> Chip:
    return Chip(chip, COLUMNS, ROWS, [(n, d, np.array(pairs)) for n, d, pairs in PROBESETS])


CELS = {form: write(scan()) for form, write in array_files.CELS.items()}
CDFS = {form: write(layout()) for form, write in array_files.CDFS.items()}


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


def digest(data: bytes | np.ndarray) -> str:
    """SHA-256 of bytes, or of the bytes of an array."""
    return hashlib.sha256(data if isinstance(data, bytes) else data.tobytes()).hexdigest()


def golden_digests() -> dict[str, str]:
    """What affyio and makecdfenv read in the real arrays, by tests/golden/array_readers.R."""
    table = Path(__file__).parent / "golden" / "array_readers.tsv"
    return dict(line.split("\t") for line in table.read_text().splitlines()[1:])
