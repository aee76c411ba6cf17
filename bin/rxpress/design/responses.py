"""Which lines are sensitive and which resistant, from the sheet and from labels by IC50."""

from __future__ import annotations

import pandas as pd

from rxpress.cells import column, number, text, text_rows
from rxpress.errors import InputError, Problem

RESPONSES = ("sensitive", "resistant")


def unit_responses(samples: pd.DataFrame, vehicle: str, unit: str = "cell_line") -> dict[str, dict[str, str]]:
    """Response of the lines (or patients) of one study to each treatment: `{treatment: {line: response}}`.

    A line's response to a drug stands in the rows of that drug; where these are silent, its other rows speak
    if they agree. Under the vehicle stands what all rows of a line agree on. InputError if a line is called
    both.
    """
    said: dict[str, dict[str, set[str]]] = {}
    for line, treatment, response in text_rows(samples, unit, "treatment", "response"):
        if line and response in RESPONSES:
            said.setdefault(line, {}).setdefault(treatment or "", set()).add(response)
    answer: dict[str, dict[str, str]] = {name: {} for name in column(samples, "treatment", text) if name}
    for line, by_treatment in said.items():
        _refuse_contradiction(f"{unit.replace('_', ' ')} '{line}'", by_treatment, vehicle)
        anywhere = set().union(*by_treatment.values())
        for treatment, lines in answer.items():
            own = set() if treatment == vehicle else by_treatment.get(treatment, set())
            found = own or anywhere
            if len(found) == 1:
                lines[line] = next(iter(found))
    return answer


def _refuse_contradiction(who: str, by_treatment: dict[str, set[str]], vehicle: str) -> None:
    """InputError when a drug's rows differ, or when the vehicle's rows say what no drug's rows say."""
    drugs = [responses for treatment, responses in by_treatment.items() if treatment != vehicle]
    strange = by_treatment.get(vehicle, set()) - set().union(*drugs) if drugs else set()
    if strange or any(len(responses) > 1 for responses in by_treatment.values()):
        what = f"{who} is called both sensitive and resistant"
        raise InputError(Problem(what, "give each one response to a drug", column="response"))


def fill_responses(
    samples: pd.DataFrame, labels: pd.DataFrame | None, vehicle: str
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Samples with empty responses filled from labels, and notes by study.

    samples : the rows of samples.tsv; labels : `study cell_line treatment response source ic50_nM reason`,
    or None. The sheet wins; where it contradicts a label, a note says so. The vehicle's rows take a label
    when all labels of the line agree. The new column `response_source` is `sheet`, `ic50` or `none`. Without
    a column `ic50_nM` in the sheet, that of the labels is added.
    """
    if labels is not None and "ic50_nM" not in samples:
        samples = samples.assign(ic50_nM=_fitted_ic50(samples, labels))
    labelled = _labels(labels)
    notes: dict[str, list[str]] = {}
    responses, sources = [], []
    for study, line, treatment, response in text_rows(samples, "study", "cell_line", "treatment", "response"):
        of_line = labelled.get((study or "study", line or ""), {})
        agreed = set(of_line.values())
        label = of_line.get(treatment or "")
        if treatment == vehicle and len(agreed) == 1:
            label = next(iter(agreed))
        if response and label and response != label:
            note = f"{line} is {response} by the sheet and {label} by IC50: the sheet is followed"
            notes.setdefault(study or "study", []).append(note)
        responses.append(response or label)
        sources.append("sheet" if response else "ic50" if label else "none")
    unique = {study: list(dict.fromkeys(found)) for study, found in notes.items()}
    filled = pd.Series(responses, index=samples.index, dtype=object)
    return samples.assign(response=filled, response_source=sources), unique


def _fitted_ic50(samples: pd.DataFrame, labels: pd.DataFrame) -> pd.Series:
    """IC50 of each sample's line, nM: to its treatment, or the line's only one (of the vehicle's rows)."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    who = text_rows(labels, "study", "cell_line", "treatment")
    for (study, line, treatment), value in zip(who, column(labels, "ic50_nM", number), strict=True):
        if line and treatment and value is not None:
            found.setdefault((study or "study", line), {})[treatment] = value
    answer = []
    for study, line, treatment in text_rows(samples, "study", "cell_line", "treatment"):
        of_line = found.get((study or "study", line or ""), {})
        only = next(iter(of_line.values())) if len(of_line) == 1 else None
        answer.append(of_line.get(treatment or "", only))
    return pd.Series(answer, index=samples.index, dtype=float)


def _labels(labels: pd.DataFrame | None) -> dict[tuple[str, str], dict[str, str]]:
    """`{(study, line): {treatment: response}}` of those labels that name a response."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    if labels is not None:
        for study, line, treatment, response in text_rows(
            labels, "study", "cell_line", "treatment", "response"
        ):
            if line and treatment and response in RESPONSES:
                found.setdefault((study or "study", line), {})[treatment] = response
    return found
