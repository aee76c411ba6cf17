"""Contrasts that the user asks for in a YAML file (`--contrasts`).

    contrasts:
      - id: high_vs_low                     # letters, digits, _.- ; names the result table
        label: 20 nM against 5 nM           # optional, shown in the report
        study: myeloma                      # optional (a name or a list); else every study that can answer
        up:   {treatment: bortezomib, dose_nM: 20}
        down: {treatment: bortezomib, dose_nM: 5}
      - id: escape
        up:                                 # a list of selections: conditions that match any of them
          - {cell_line: MM1S, dose_nM: 5}
          - {cell_line: U266, dose_nM: [20, 40]}
        down: {treatment: DMSO, cell_line: [MM1S, U266]}
      - id: more_in_u266
        difference: [drug.bortezomib.U266, drug.bortezomib.MM1S]    # the first minus the second

`up` and `down` select conditions by the values of columns of the sheet (any column, also `condition`); a value
matches as text, or as a number when both are numbers; a list matches any of its values. Each side is the average
over its cell lines of the average over a line's conditions. When both sides have the same lines, lines are
compared within themselves: a line that later loses a condition leaves both sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.conditions import Condition, listing, number, text
from rxpress.contrast_families import Part, PlannedContrast, combine
from rxpress.errors import InputError, Problem, Problems, did_you_mean
from rxpress.tables import read_yaml_lines

KEYS = ("id", "label", "study", "up", "down", "difference")
RESERVED = ("samples", "contrasts", "summary", "size_factors", "dispersions", "log2_expression", "fit")
ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
Selection = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class ContrastRequest:
    """One entry of a contrasts file: either `up` and `down`, or `difference`.

    `studies` : where it applies, empty for wherever it can be answered; `file` and `line_of` (line of each key,
    and of the entry under '') say where it stands.
    """

    id: str
    label: str = ""
    studies: tuple[str, ...] = ()
    up: tuple[Selection, ...] = ()
    down: tuple[Selection, ...] = ()
    difference: tuple[str, ...] = ()
    file: str = ""
    line_of: Mapping[str, int] | None = None

    def problem(self, what: str, fix: str = "", key: str = "") -> Problem:
        lines = self.line_of or {}
        return Problem(f"contrast '{self.id}': {what}", fix, self.file, lines.get(key, lines.get("")))


def read_requests(path: str | Path) -> list[ContrastRequest]:
    """The entries of a contrasts file; everything wrong with its form is one InputError."""
    file = Path(path).name
    value, lines = read_yaml_lines(path)
    inside: tuple[str | int, ...] = ()
    problems = Problems()
    if isinstance(value, Mapping):
        inside = ("contrasts",)
        for key in value:
            if key != "contrasts":
                problems.add(f"unknown key '{key}'", did_you_mean(key, inside), file, lines[key,])
        value = value.get("contrasts")
    if not isinstance(value, list) or not value:
        raise InputError(*problems.found, Problem("has no list `contrasts:`", "see docs/usage.md", file))
    requests = []
    for i, entry in enumerate(value):
        line_of = {str(where[-1]): n for where, n in lines.items() if where[:-1] == (*inside, i)}
        try:
            requests.append(_request(entry, file, {**line_of, "": lines[(*inside, i)]}))
        except InputError as error:
            problems.take(error)
    seen: set[str] = set()
    for request in requests:
        if request.id in seen:
            problems.found.append(request.problem("there are two of this id", "rename one", "id"))
        seen.add(request.id)
    problems.stop_if_any()
    return requests


def _request(entry: Any, file: str, line_of: Mapping[str, int]) -> ContrastRequest:
    if not isinstance(entry, Mapping):
        raise InputError(Problem("a contrast is a mapping with an `id:`", "", file, line_of[""]))
    name = entry.get("id")
    bare = ContrastRequest(name if isinstance(name, str) else "", file=file, line_of=line_of)
    found = [
        bare.problem(f"unknown key '{key}'", did_you_mean(key, KEYS) or f"known are {', '.join(KEYS)}", key)
        for key in entry
        if key not in KEYS
    ]
    if not re.fullmatch(ID, bare.id):
        found.append(
            bare.problem("needs an id", "letters, digits, `_.-`, beginning with a letter or digit", "id")
        )
    if bare.id in RESERVED:
        found.append(bare.problem("is the name of another result table", "choose another id", "id"))
    if ({"up", "down"} & entry.keys() and "difference" in entry) or not (
        {"up", "down"} <= entry.keys() or "difference" in entry
    ):
        found.append(bare.problem("needs either both `up:` and `down:`, or `difference:`"))
    difference = entry.get("difference", [])
    if "difference" in entry and (len(_texts(difference)) != 2 or not isinstance(difference, list)):
        found.append(bare.problem("`difference:` is a list of two contrast ids", "", "difference"))
    sides = {}
    for side in ("up", "down"):
        sides[side] = _selections(entry.get(side, []))
        if side in entry and (not sides[side] or not all(sides[side])):
            found.append(bare.problem(f"`{side}:` selects conditions as {{column: value}}", "", side))
    if found:
        raise InputError(*found)
    return ContrastRequest(
        bare.id,
        str(entry.get("label", "")),
        _texts(entry.get("study", [])),
        sides["up"],
        sides["down"],
        _texts(difference),
        file,
        line_of,
    )


def _texts(value: Any) -> tuple[str, ...]:
    """One text or a list of texts; anything else gives nothing."""
    items = value if isinstance(value, list) else [value]
    return tuple(items) if all(isinstance(item, str) for item in items) else ()


def _selections(value: Any) -> tuple[Selection, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, Mapping) for item in items):
        return ()
    selections = tuple({str(key): _texts(cell) for key, cell in item.items()} for item in items)
    return selections if all(cells for selection in selections for cells in selection.values()) else ()


def plan_requests(
    requests: Sequence[ContrastRequest],
    samples: pd.DataFrame,
    conditions: Sequence[Condition],
    derived: Sequence[PlannedContrast],
) -> tuple[list[PlannedContrast], list[str], dict[str, InputError]]:
    """What the requests mean in one study: contrasts, notes, and for each request it cannot answer the reason.

    samples : rows of the study with column `condition`; derived : the contrasts that a difference may name.
    """
    planned: dict[str, PlannedContrast] = {contrast.id: contrast for contrast in derived}
    answers: list[PlannedContrast] = []
    notes: list[str] = []
    refused: dict[str, InputError] = {}
    # Differences come last, those of differences after these: each pass answers what rests on answers.
    waiting = sorted(requests, key=lambda request: bool(request.difference))
    while waiting:
        later = [r for r in waiting if any(name in {w.id for w in waiting} for name in r.difference)]
        ready = [r for r in waiting if r not in later] or waiting
        for request in ready:
            try:
                contrast = _answer(request, samples, conditions, planned)
                planned[contrast.id] = contrast
                answers.append(contrast)
                notes += _unpaired(contrast)
            except InputError as error:
                refused[request.id] = error
        waiting = [r for r in later if r not in ready]
    return answers, notes, refused


def _answer(
    request: ContrastRequest,
    samples: pd.DataFrame,
    conditions: Sequence[Condition],
    planned: Mapping[str, PlannedContrast],
) -> PlannedContrast:
    if request.id in planned:
        raise InputError(request.problem("this id is that of a derived contrast", "choose another id", "id"))
    if request.difference:
        unknown = [name for name in request.difference if name not in planned]
        if unknown:
            known = f"there are {listing(planned)}" if planned else "the sheet gives none"
            raise InputError(
                *(
                    request.problem(
                        f"there is no contrast '{name}'", did_you_mean(name, planned) or known, "difference"
                    )
                    for name in unknown
                )
            )
        label = request.label or " minus ".join(request.difference)
        return PlannedContrast(request.id, label, "custom", difference=request.difference)
    up = _select(request, "up", samples, conditions)
    down = _select(request, "down", samples, conditions)
    contrast = PlannedContrast(request.id, request.label or request.id, "custom", _parts(up, down))
    if not combine(contrast.parts):
        raise InputError(
            request.problem("`up:` and `down:` select the same conditions", "change one of them", "up")
        )
    return contrast


def _select(
    request: ContrastRequest, side: str, samples: pd.DataFrame, conditions: Sequence[Condition]
) -> dict[str, list[str]]:
    """Ids of the conditions that one side selects, by cell line ('' for none)."""
    chosen = pd.Series(False, index=samples.index)
    for selection in getattr(request, side):
        match = pd.Series(True, index=samples.index)
        for name, wanted in selection.items():
            match &= _matches(request, side, samples, name, wanted)
        chosen |= match
    if not chosen.any():
        there = f"the conditions are {listing(c.id for c in conditions)}"
        raise InputError(request.problem(f"`{side}:` selects no condition", there, side))
    selected = set(samples.loc[chosen, "condition"])
    split = selected & set(samples.loc[~chosen, "condition"])
    if split:
        what = f"`{side}:` selects only some samples of {listing(sorted(split))}"
        raise InputError(request.problem(what, "select whole conditions (line, treatment, dose, time)", side))
    lines: dict[str, list[str]] = {}
    for condition in conditions:
        if condition.id in selected:
            lines.setdefault(condition.line or "", []).append(condition.id)
    return lines


def _matches(
    request: ContrastRequest, side: str, samples: pd.DataFrame, name: str, wanted: Sequence[str]
) -> pd.Series:
    if name not in samples:
        fix = did_you_mean(name, samples.columns) or f"the columns are {listing(samples.columns, 40)}"
        raise InputError(
            request.problem(f"`{side}:` names a column '{name}' that the sheet has not", fix, side)
        )
    cells = [text(cell) for cell in samples[name]]
    there = {cell for cell in cells if cell is not None}
    for value in wanted:
        if not any(_same(cell, value) for cell in there):
            fix = did_you_mean(value, there) or f"there are {listing(sorted(there))}"
            raise InputError(request.problem(f"`{side}:` no sample has {name} '{value}'", fix, side))
    return pd.Series([any(_same(cell, value) for value in wanted) for cell in cells], index=samples.index)


def _same(cell: str | None, value: str) -> bool:
    """Equal as text, or as numbers when both are."""
    return cell is not None and (
        cell == value or (number(cell) is not None and number(cell) == number(value))
    )


def _parts(up: Mapping[str, Sequence[str]], down: Mapping[str, Sequence[str]]) -> tuple[Part, ...]:
    """A part per line: within lines when both sides have the same ones, else upper and lower lines apart."""

    def average(ids: Sequence[str], sign: float) -> dict[str, float]:
        return {name: sign / len(ids) for name in ids}

    if up.keys() == down.keys():
        side = "paired" if len(up) > 1 else ""
        return tuple(
            Part(line, side, 1, _sum(average(up[line], 1.0), average(down[line], -1.0))) for line in up
        )
    return tuple(
        Part(line, side, sign, average(ids, 1.0))
        for side, sign, lines in (("up", 1, up), ("down", -1, down))
        for line, ids in lines.items()
    )


def _sum(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {name: first.get(name, 0.0) + second.get(name, 0.0) for name in {**first, **second}}


def _unpaired(contrast: PlannedContrast) -> list[str]:
    """A note when the two sides share some lines but not all: line differences then enter the contrast."""
    up, down = ({part.line for part in contrast.parts if part.sign == sign} for sign in (1, -1))
    if up & down and up ^ down:
        return [
            f"{contrast.id}: {listing(sorted(up ^ down))} stands on one side only, so lines differ between the sides"
        ]
    return []
