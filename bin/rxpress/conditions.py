"""Conditions of a study: which samples share a mean of the model, and what that mean is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from rxpress.errors import InputError, Problem

UNITS = ("cell_line", "patient")
FOUND_OUT = ("reads", "percent_mapped", "library_type", "response_source", "condition", "kept", "reason")

Cell = TypeVar("Cell")


@dataclass(frozen=True)
class Condition:
    """One mean of the model: a line under a treatment at a dose (nM) and time (h).

    None where the sheet is silent. The vehicle has no dose: its wells are pooled.
    """

    id: str
    line: str | None
    treatment: str | None
    dose: float | None
    time: float | None


def study_unit(samples: pd.DataFrame) -> str:
    """`cell_line` or `patient`, whichever column is filled; `none` if neither is. Both: InputError."""
    filled = [unit for unit in UNITS if any(column(samples, unit, text))]
    if len(filled) > 1:
        study = next(iter(column(samples, "study", text)), None) or "study"
        raise InputError(
            Problem(f"study '{study}' has both cell_line and patient", "fill one of the two columns")
        )
    return filled[0] if filled else "none"


def find_conditions(samples: pd.DataFrame, vehicle: str) -> tuple[list[Condition], list[str]]:
    """The conditions of one study in order of first appearance, and the condition id of every sample.

    Missing cells compare equal. InputError when two conditions differ only in characters that ids cannot
    hold.
    """
    conditions: dict[str, Condition] = {}
    of_sample = []
    for line, treatment, dose_nM, time_h in text_rows(samples, "cell_line", "treatment", "dose_nM", "time_h"):
        dose, time = None if treatment == vehicle else number(dose_nM), number(time_h)
        parts = (id_part(line), id_part(treatment), dose_part(dose), time_part(time))
        name = ".".join(part for part in parts if part) or "untreated"
        condition = Condition(name, line, treatment, dose, time)
        if conditions.setdefault(name, condition) != condition:
            what = f"two conditions would both be called '{name}'"
            raise InputError(Problem(what, "rename a cell line or treatment"))
        of_sample.append(name)
    return list(conditions.values()), of_sample


def final_samples(samples: pd.DataFrame, vehicle: str) -> pd.DataFrame:
    """The rows of every study's final samples.tsv: with `condition`, what was found out last, `kept` as text.

    samples : rows of any studies with `kept` (boolean) and the other columns of `FOUND_OUT`.
    """
    studies = [name or "study" for name in column(samples, "study", text)]
    named = [rows.assign(condition=find_conditions(rows, vehicle)[1]) for _, rows in samples.groupby(studies)]
    final = pd.concat(named).loc[samples.index]
    final["kept"] = final["kept"].map({True: "true", False: "false"})
    return final[[*final.columns.drop(list(FOUND_OUT)), *FOUND_OUT]]


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


def id_part(name: str | None) -> str:
    """A name as part of an id: characters other than letters, digits, `_.-` become `_`."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name or "")


def dose_part(dose: float | None) -> str:
    return f"{plain(dose)}nM" if dose is not None else ""


def time_part(time: float | None) -> str:
    return f"{plain(time)}h" if time is not None else ""


def plain(value: float) -> str:
    """A number without exponent or trailing zeros: `20`, `2.5`, `0.001`."""
    return np.format_float_positional(value, trim="-")


def listing(names: Iterable[str], most: int = 12) -> str:
    """Names joined by commas, cut after `most`."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
