"""Files of a results folder that need not be there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.tables import read_json, read_table


def read_or_empty(path: Path, text: Sequence[str]) -> pd.DataFrame:
    """A table whose columns `text` are text, or an empty one with these columns if it is absent."""
    return read_table(path, text) if path.exists() else pd.DataFrame(columns=list(text))


def read_filled(path: Path, text: Sequence[str]) -> pd.DataFrame:
    """A table of studies whose columns `text` are text, empty where missing; without rows if it is absent."""
    if not path.exists():
        return pd.DataFrame({"study": []})
    frame = read_table(path, text)
    there = [name for name in text if name in frame]
    return frame.assign(**frame[there].fillna(""))


def read_json_or_empty(path: Path) -> Any:
    return read_json(path) if path.exists() else {}
