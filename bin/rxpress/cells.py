"""Cells of a sample table, one column or several, as text or as numbers; None where a cell is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
import pandas as pd

Cell = TypeVar("Cell")


def column(samples: pd.DataFrame, name: str, convert: Callable[[object], Cell]) -> list[Cell]:
    """Cells of a column through `convert` (`text` or `number`); all missing when the column is absent."""
    values = samples[name] if name in samples else [None] * len(samples)
    return [convert(value) for value in values]


def text_rows(samples: pd.DataFrame, *names: str) -> list[tuple[str | None, ...]]:
    """The cells of some columns as text, row by row."""
    return list(zip(*(column(samples, name, text) for name in names), strict=True))


def text(value: object) -> str | None:
    """A cell as text, whole numbers without `.0`; None when missing."""
    if value is None or value is pd.NA:
        return None
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else plain(float(value))
    return str(value).strip() or None


def number(value: object) -> float | None:
    """A cell as a number; None when missing or not a finite number."""
    try:
        found = float(text(value) or "nan")
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def plain(value: float) -> str:
    """A number without exponent or trailing zeros: `20`, `2.5`, `0.001`."""
    return np.format_float_positional(value, trim="-")


def listing(names: Iterable[str], most: int = 12) -> str:
    """Names joined by commas, cut after `most`."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
