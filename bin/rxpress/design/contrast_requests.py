"""Contrasts that the user asks for in a YAML file (`--contrasts`).

    contrasts:
      - id: high_vs_low                     # names the result table
        label: 20 nM against 5 nM           # optional, shown in the report
        study: myeloma                      # optional, a name or a list; else each study that can answer
        up: {treatment: bortezomib, dose_nM: 20}
        down: {treatment: bortezomib, dose_nM: 5}
      - id: own_dose
        up:                                 # a list of selections: conditions that match any of them
          - {cell_line: MM1S, dose_nM: 5}
          - {cell_line: U266, dose_nM: [20, 40]}
        down: {treatment: DMSO, cell_line: [MM1S, U266]}
      - id: more_in_u266
        difference: [drug.bortezomib.U266, drug.bortezomib.MM1S]    # the first minus the second
      - id: any_line
        jointly: [drug.bortezomib.U266, drug.bortezomib.MM1S]       # are all of them zero?
      - id: by_formula
        formula: ~ batch + treatment                                # a model of its own
        coefficients: {"treatment[T.bortezomib]": 1}

`up` and `down` select conditions by the values of columns: any column of the sheet, or `condition`. A value
matches as text, or as a number when both are numbers; a list matches any of its values; all columns of a
selection must match. A side is the average over its cell lines of the average over a line's conditions. When
both sides have the same lines, each line is compared with itself. `difference` and `jointly` name derived
contrasts or entries above, all of one model. For formulas see formulas.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import column, listing, number, text
from rxpress.design.conditions import Condition
from rxpress.design.formulas import formula_levels, formula_matrix
from rxpress.design.planned_contrasts import Part, PlannedContrast, Weights, combine
from rxpress.design.study_model import StudyModel
from rxpress.errors import InputError, Problem, Problems, did_you_mean
from rxpress.tables import read_yaml_lines

KINDS = ({"up", "down"}, {"difference"}, {"jointly"}, {"formula", "coefficients"})
KEYS = ("id", "label", "study", "up", "down", "difference", "jointly", "formula", "coefficients")
ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
OTHER_TABLES = (
    "samples",
    "summary",
    "size_factors",
    "dispersions",
    "log2_expression",
    "second_opinion",
    "second_opinion_genes",
)

Selection = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ContrastRequest:
    """One entry of a contrasts file: `up` and `down`, `difference`, `jointly`, or by `formula`.

    `studies` : where it applies, empty for wherever it can be answered; `file`, `line_of` : where it
    stands, the line of each key and, under '', of the entry.
    """

    id: str
    label: str = ""
    studies: tuple[str, ...] = ()
    up: tuple[Selection, ...] = ()
    down: tuple[Selection, ...] = ()
    difference: tuple[str, ...] = ()
    jointly: tuple[str, ...] = ()
    formula: str = ""
    coefficients: Mapping[str, float] = field(default_factory=dict)
    file: str = ""
    line_of: Mapping[str, int] = field(default_factory=dict)

    def problem(self, what: str, fix: str = "", key: str = "") -> Problem:
        line = self.line_of.get(key, self.line_of.get(""))
        return Problem(f"contrast '{self.id}': {what}" if self.id else what, fix, self.file, line)


def read_requests(path: str | Path) -> list[ContrastRequest]:
    """The entries of a contrasts file; everything wrong with its form is one InputError."""
    file = Path(path).name
    value, lines = read_yaml_lines(path)
    inside: tuple[str | int, ...] = ("contrasts",)
    if isinstance(value, Mapping) and value.keys() - set(inside):
        unknown = sorted(value.keys() - set(inside))
        raise InputError(
            *(
                Problem(f"unknown key '{key}'", "only `contrasts:` stands here", file, lines[key,])
                for key in unknown
            )
        )
    entries = value.get("contrasts") if isinstance(value, Mapping) else None
    if not isinstance(entries, list) or not entries:
        raise InputError(Problem("has no list `contrasts:`", "begin with `contrasts:`, then `- id: …`", file))
    problems = Problems()
    requests: dict[str, ContrastRequest] = {}
    for i, entry in enumerate(entries):
        line_of = {str(where[-1]): n for where, n in lines.items() if where[:-1] == (*inside, i)}
        try:
            request = _read_request(entry, file, {**line_of, "": lines[(*inside, i)]})
            if request.id in requests:
                raise InputError(request.problem("this id stands here twice", "rename one", "id"))
            requests[request.id] = request
        except InputError as error:
            problems.take(error)
    problems.stop_if_any()
    return list(requests.values())


def _read_request(entry: Any, file: str, line_of: Mapping[str, int]) -> ContrastRequest:
    if not isinstance(entry, Mapping):
        raise InputError(Problem("a contrast is a set of keys with an `id:`", "", file, line_of[""]))
    request = ContrastRequest(
        id="".join(_texts(entry.get("id", ""))),
        label=" ".join(_texts(entry.get("label", ""))),
        studies=_texts(entry.get("study", [])),
        up=_selections(entry.get("up", [])),
        down=_selections(entry.get("down", [])),
        difference=_texts(entry.get("difference", [])),
        jointly=_texts(entry.get("jointly", [])),
        formula=_formula(entry.get("formula", "")),
        coefficients=_numbers(entry.get("coefficients", {})),
        file=file,
        line_of=line_of,
    )
    problems = [*_key_problems(request, entry), *_id_problems(request)]
    if problems:
        raise InputError(*problems)
    return request


def _id_problems(request: ContrastRequest) -> list[Problem]:
    if not re.fullmatch(ID, request.id):
        what = f"the `id:` {request.id!r} cannot name a table" if request.id else "needs an `id:`"
        return [request.problem(what, "use letters, digits and `_.-`, a letter or digit first", "id")]
    if request.id in OTHER_TABLES:
        return [request.problem("another result table has this name", "choose another id", "id")]
    return []


def _key_problems(request: ContrastRequest, entry: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the keys of an entry and the form of their values."""
    problems = [
        request.problem(
            f"unknown key '{key}'", did_you_mean(key, KEYS) or f"known are {', '.join(KEYS)}", key
        )
        for key in entry
        if key not in KEYS
    ]
    if entry.keys() & set().union(*KINDS) not in KINDS:
        what = (
            "needs both `up:` and `down:`, or `difference:`, or `jointly:`, or `formula:` and `coefficients:`"
        )
        problems.append(request.problem(what))
    forms = (
        ("up", request.up, "is no selection", "write `{column: value}` with at least one column"),
        ("down", request.down, "is no selection", "write `{column: value}` with at least one column"),
        ("difference", len(request.difference) == 2, "takes two ids", "write `[first, second]`"),
        ("jointly", len(set(request.jointly)) > 1, "takes two ids or more", "write `[first, second]`"),
        ("formula", request.formula, "is no formula", "write e.g. `~ batch + treatment`"),
        ("coefficients", request.coefficients, "gives no weights", "write `{coefficient: number}`"),
    )
    return problems + [
        request.problem(f"`{key}:` {what}", fix, key)
        for key, good, what, fix in forms
        if key in entry and not good
    ]


def _formula(value: Any) -> str:
    """A formula in the form that models are named by: `~ ` and single blanks."""
    return (
        f"~ {' '.join(value.split()).removeprefix('~').strip()}" if isinstance(value, str) and value else ""
    )


def _numbers(value: Any) -> dict[str, float]:
    """`{name: number}`, zeros left out; empty when a value is no number."""
    if not isinstance(value, Mapping):
        return {}
    found = {str(name): number(cell) for name, cell in value.items()}
    return {} if None in found.values() else {name: cell for name, cell in found.items() if cell}


def _texts(value: Any) -> tuple[str, ...]:
    """One text or a list of texts; anything else gives nothing."""
    items = value if isinstance(value, list) else [value]
    return tuple(items) if all(isinstance(item, str) for item in items) else ()


def _selections(value: Any) -> tuple[Selection, ...]:
    """One selection or a list of them; nothing when one of them is empty or malformed."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, Mapping) and item for item in items):
        return ()
    selections = tuple({name: _texts(cells) for name, cells in item.items()} for item in items)
    return selections if all(all(selection.values()) for selection in selections) else ()


def plan_requests(
    requests: Sequence[ContrastRequest],
    samples: pd.DataFrame,
    conditions: Sequence[Condition],
    derived: Sequence[PlannedContrast],
    model: StudyModel,
    vehicle: str,
) -> tuple[list[PlannedContrast], dict[str, InputError]]:
    """What the requests mean in one study, and for each request that it cannot answer, why.

    samples : rows of the study with the column `condition`; derived : contrasts that others may rest on;
    model : of the conditions, on all samples.
    """
    planned = {contrast.id: contrast for contrast in derived}
    answers: list[PlannedContrast] = []
    refused: dict[str, InputError] = {}
    for request in requests:
        try:
            if request.id in planned:
                raise InputError(request.problem("a derived contrast has this id", "choose another", "id"))
            if request.difference or request.jointly:
                answer = _plan_combination(request, planned)
            elif request.formula:
                answer = _plan_formula(request, samples, model, vehicle)
            else:
                answer = _plan_sides(request, samples, conditions)
        except InputError as error:
            refused[request.id] = error
        else:
            planned[answer.id] = answer
            answers.append(answer)
    return answers, refused


def _plan_combination(request: ContrastRequest, planned: Mapping[str, PlannedContrast]) -> PlannedContrast:
    """A difference, or a joint test, of contrasts that one model answers."""
    key = "difference" if request.difference else "jointly"
    names = request.difference or request.jointly
    problems = [
        request.problem(
            f"there is no contrast '{name}' above it or derived",
            did_you_mean(name, planned) or f"there are: {listing(planned, 40) or 'none'}",
            key,
        )
        for name in names
        if name not in planned
    ]
    joint = [name for name in names if name in planned and (planned[name].jointly or planned[name].equal)]
    problems += [request.problem(f"'{name}' is a joint test", "name single contrasts", key) for name in joint]
    if not problems and len({planned[name].model for name in names}) > 1:
        models = ", ".join(f"{name}: {planned[name].model}" for name in names)
        fix = "only contrasts of one model can be combined"
        problems.append(request.problem(f"these contrasts come from different models ({models})", fix, key))
    if problems:
        raise InputError(*problems)
    label = request.label or (" minus " if request.difference else ", ").join(names)
    return PlannedContrast(
        request.id,
        label,
        "custom",
        difference=request.difference,
        jointly=request.jointly,
        model=planned[names[0]].model,
    )


def _plan_formula(
    request: ContrastRequest, samples: pd.DataFrame, model: StudyModel, vehicle: str
) -> PlannedContrast:
    try:
        levels = formula_levels(request.formula, samples, vehicle)
        _, names = formula_matrix(request.formula, model.rows(samples), levels)
    except InputError as error:
        problems = [request.problem(p.what, p.fix, "formula") for p in error.problems]
        raise InputError(*problems) from None
    problems = [
        request.problem(
            f"`formula:` has no coefficient '{name}'",
            f"{did_you_mean(name, names)} there are: {listing(names, 60)}".strip(),
            "coefficients",
        )
        for name in request.coefficients
        if name not in names
    ]
    if problems:
        raise InputError(*problems)
    weights = dict(request.coefficients)
    label = request.label or request.id
    return PlannedContrast(request.id, label, "custom", coefficients=weights, model=request.formula)


def _plan_sides(
    request: ContrastRequest, samples: pd.DataFrame, conditions: Sequence[Condition]
) -> PlannedContrast:
    there = f"the conditions are {listing((c.id for c in conditions), 40)}"
    sides = []
    for key in ("up", "down"):
        chosen = _select(request, key, samples, there)
        lines: dict[str, list[str]] = {}
        for condition in conditions:
            if condition.id in chosen:
                lines.setdefault(condition.line or "", []).append(condition.id)
        sides.append(lines)
    contrast = PlannedContrast(request.id, request.label or request.id, "custom", _parts(*sides))
    if not combine(contrast.parts):
        raise InputError(request.problem("`up:` and `down:` select the same conditions", there, "down"))
    return contrast


def _select(request: ContrastRequest, key: str, samples: pd.DataFrame, there: str) -> set[str]:
    """Ids of the conditions that `up` or `down` selects; `there` tells the user which there are."""
    chosen = pd.Series(False, index=samples.index)
    for selection in getattr(request, key):
        match = pd.Series(True, index=samples.index)
        for name, wanted in selection.items():
            if name not in samples:
                fix = did_you_mean(name, samples.columns) or f"columns are {listing(samples.columns, 40)}"
                raise InputError(request.problem(f"`{key}:` the sheet has no column '{name}'", fix, key))
            cells = column(samples, name, text)
            for value in wanted:
                if not any(_same(cell, value) for cell in cells):
                    fix = "; ".join(filter(None, (did_you_mean(value, filter(None, cells)), there)))
                    raise InputError(request.problem(f"`{key}:` no sample has {name} '{value}'", fix, key))
            match &= np.array([any(_same(cell, value) for value in wanted) for cell in cells])
        chosen |= match
    if not chosen.any():
        raise InputError(request.problem(f"`{key}:` selects no condition", there, key))
    inside = set(samples.loc[chosen, "condition"])
    split = inside & set(samples.loc[~chosen, "condition"])
    if split:
        what = f"`{key}:` selects only some of the samples of {listing(sorted(split))}"
        fix = "a condition is a cell line, treatment, dose and time: select whole ones"
        raise InputError(request.problem(what, fix, key))
    return inside


def _same(cell: str | None, value: str) -> bool:
    """Equal as text, or as numbers when both are."""
    return cell is not None and (
        cell == value or (number(cell) is not None and number(cell) == number(value))
    )


def _parts(up: Mapping[str, Sequence[str]], down: Mapping[str, Sequence[str]]) -> tuple[Part, ...]:
    """A part per line: within lines when both sides have the same ones, else upper and lower lines apart."""
    if up.keys() == down.keys():
        side = "paired" if len(up) > 1 else ""
        return tuple(Part(line, side, 1, _within(up[line], down[line])) for line in up)
    upper = [Part(line, "up", 1, _within(names, ())) for line, names in up.items()]
    lower = [Part(line, "down", -1, _within(names, ())) for line, names in down.items()]
    return (*upper, *lower)


def _within(up: Sequence[str], down: Sequence[str]) -> Weights:
    """The mean of some conditions minus the mean of others."""
    weights = dict.fromkeys((*up, *down), 0.0)
    for names, sign in ((up, 1.0), (down, -1.0)):
        for name in names:
            weights[name] += sign / len(names)
    return weights
