"""Conditions of a study: which samples share a mean of the model, what each is called, and its line's response."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from rxpress.errors import InputError, Problem

UNITS = ("cell_line", "patient")
RESPONSES = ("sensitive", "resistant")

Cell = TypeVar("Cell")


@dataclass(frozen=True)
class Condition:
    """One mean of the model: a line under a treatment at a dose (nM) and time (h); None where the sheet is silent.

    The vehicle has no dose: its wells are pooled.
    """

    id: str
    line: str | None
    treatment: str | None
    dose: float | None
    time: float | None


def study_unit(samples: pd.DataFrame) -> str:
    """`cell_line` or `patient`, whichever column is filled; `none` if neither is. Both: InputError."""
    filled = [unit for unit in UNITS if unit in samples and any(text(v) for v in samples[unit])]
    if len(filled) > 1:
        study = text(samples["study"].iloc[0]) if "study" in samples else ""
        raise InputError(
            Problem(f"study '{study}' has both cell_line and patient", "fill one of the two columns")
        )
    return filled[0] if filled else "none"


def find_conditions(samples: pd.DataFrame, vehicle: str) -> tuple[list[Condition], list[str]]:
    """The conditions of one study in order of first appearance, and the condition id of every sample.

    Missing cells compare equal. Two conditions whose names differ only in characters that an id cannot hold
    are an InputError.
    """
    lines = column(samples, "cell_line", text)
    treatments = column(samples, "treatment", text)
    doses = column(samples, "dose_nM", number)
    times = column(samples, "time_h", number)
    conditions: dict[str, Condition] = {}
    of_sample = []
    for line, treatment, dose, time in zip(lines, treatments, doses, times, strict=True):
        dose = None if treatment == vehicle else dose
        name = condition_id(line, treatment, dose, time)
        condition = Condition(name, line, treatment, dose, time)
        if conditions.setdefault(name, condition) != condition:
            raise InputError(Problem(f"two conditions would both be called '{name}'", "rename one of them"))
        of_sample.append(name)
    return list(conditions.values()), of_sample


def condition_id(line: str | None, treatment: str | None, dose: float | None, time: float | None) -> str:
    """`MM1S.bortezomib.20nM.24h`; parts that are None are left out."""
    parts = [id_part(line), id_part(treatment), dose_part(dose), time_part(time)]
    return ".".join(part for part in parts if part) or "untreated"


def line_responses(samples: pd.DataFrame, vehicle: str) -> dict[str, dict[str, str]]:
    """Response of each line to each treatment: `{treatment: {line: 'sensitive' | 'resistant'}}`.

    A line's response to a drug stands in the rows of that drug; where these are silent, its other rows speak if
    they agree. Under the vehicle stands what all rows of a line agree on. InputError if a line is called both.
    """
    columns = [column(samples, name, text) for name in ("cell_line", "treatment", "response")]
    said: dict[str, dict[str, set[str]]] = {}
    for line, treatment, response in zip(*columns, strict=True):
        if line and response in RESPONSES:
            said.setdefault(line, {}).setdefault(treatment or "", set()).add(response)
    answer: dict[str, dict[str, str]] = {treatment: {} for treatment in columns[1] if treatment}
    for line, by_treatment in said.items():
        _check_response(line, by_treatment, vehicle)
        agreed = set().union(*by_treatment.values())
        for treatment, responses in answer.items():
            own = by_treatment.get(treatment, set()) if treatment != vehicle else agreed
            found = own or agreed
            if len(found) == 1:
                responses[line] = next(iter(found))
    return answer


def _check_response(line: str, by_treatment: dict[str, set[str]], vehicle: str) -> None:
    drugs = [responses for treatment, responses in by_treatment.items() if treatment != vehicle]
    strange = by_treatment.get(vehicle, set()) - set().union(*drugs) if drugs else set()
    if strange or any(len(responses) > 1 for responses in by_treatment.values()):
        what = f"cell line '{line}' is called both sensitive and resistant"
        raise InputError(Problem(what, "give each line one response to a drug", column="response"))


def column(samples: pd.DataFrame, name: str, convert: Callable[[object], Cell]) -> list[Cell]:
    """Cells of a column through `convert` (`text` or `number`); all None when the column is absent."""
    values = samples[name] if name in samples else [None] * len(samples)
    return [convert(value) for value in values]


def text(value: object) -> str | None:
    """A cell as text, whole numbers without `.0`; None when missing."""
    if value is None or value is pd.NA or (isinstance(value, float | np.floating) and np.isnan(value)):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip() or None


def number(value: object) -> float | None:
    """A cell as a number; None when missing or not a number."""
    try:
        return float(cell) if (cell := text(value)) is not None else None
    except ValueError:
        return None


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
