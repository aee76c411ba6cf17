"""Conditions of a study: which samples share a mean of the model, and what that mean is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from rxpress.cells import column, number, plain, text, text_rows
from rxpress.design.responses import unit_responses
from rxpress.errors import InputError, Problem

UNITS = ("cell_line", "patient")
SOURCE = "data_source"  # found out by CHECK_INPUTS, the others by DESIGN_CONTRASTS
FOUND_OUT = ("reads", "percent_mapped", "library_type", "response_source", "condition", "kept", "reason")


@dataclass(frozen=True)
class Condition:
    """One mean of the model: a line under a treatment at a dose (nM) and time (h).

    None where the sheet is silent. The vehicle has no dose: its wells are pooled. In a study of patients,
    conditions are of all patients of one response: they have no line, and ids begin with the response.
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
    hold, or a patient is called both sensitive and resistant.
    """
    if study_unit(samples) != "patient":
        lines = column(samples, "cell_line", text)
        return _name_conditions(samples, vehicle, lines, lines)
    responses = unit_responses(samples, vehicle, "patient")
    heads = [
        responses.get(treatment or "", {}).get(patient or "")
        for patient, treatment in text_rows(samples, "patient", "treatment")
    ]
    return _name_conditions(samples, vehicle, heads, [None] * len(heads))


def patient_conditions(samples: pd.DataFrame, vehicle: str) -> tuple[list[Condition], list[str]]:
    """As `find_conditions`, but apart for each patient, who stands in the place of a line."""
    patients = column(samples, "patient", text)
    return _name_conditions(samples, vehicle, patients, patients)


def _name_conditions(
    samples: pd.DataFrame, vehicle: str, heads: Sequence[str | None], lines: Sequence[str | None]
) -> tuple[list[Condition], list[str]]:
    """heads : what the condition id of each sample begins with; lines : the line of each sample."""
    conditions: dict[str, Condition] = {}
    of_sample = []
    rows = text_rows(samples, "treatment", "dose_nM", "time_h")
    for head, line, (treatment, dose_nM, time_h) in zip(heads, lines, rows, strict=True):
        dose, time = None if treatment == vehicle else number(dose_nM), number(time_h)
        parts = (id_part(head), id_part(treatment), dose_part(dose), time_part(time))
        name = ".".join(part for part in parts if part) or "untreated"
        condition = Condition(name, line, treatment, dose, time)
        if conditions.setdefault(name, condition) != condition:
            what = f"two conditions would both be called '{name}'"
            raise InputError(Problem(what, "rename a cell line, patient or treatment"))
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


def id_part(name: str | None) -> str:
    """A name as part of an id: characters other than letters, digits, `_.-` become `_`."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name or "")


def dose_part(dose: float | None) -> str:
    return f"{plain(dose)}nM" if dose is not None else ""


def time_part(time: float | None) -> str:
    return f"{plain(time)}h" if time is not None else ""
