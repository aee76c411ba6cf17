"""Models by a formula, for experts: `~ patient + treatment` with weights over coefficients.

The formula is Wilkinson's notation as formulaic reads it, the package that PyDESeq2 uses. Columns with a
text, and those that are categories even when numeric, have treatment coding: the first level is the
reference. Levels stand in their order of appearance in the sheet, the vehicle always first: never in
alphabetical order. formulaic would run any Python that a formula holds: terms are columns, numbers and a few
functions of one column, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import column, listing, number, text
from rxpress.design.model_matrix import CATEGORICAL
from rxpress.errors import InputError, Problem, did_you_mean

Levels = Mapping[str, Sequence[str]]

FUNCTIONS = ("C", "center", "scale")
QUOTED = re.compile(r"`[^`]*`")
HARMLESS = re.compile(r"[\w\s~+\-*:/^()]*")


def formula_levels(formula: str, samples: pd.DataFrame, vehicle: str) -> dict[str, tuple[str, ...]]:
    """The levels of the formula's categories, the reference first.

    samples : all rows of the study. InputError for a formula that cannot be read, columns that the sheet does
    not have, and cells that are missing.
    """
    problems, levels = [], {}
    for name in _columns_of(formula):
        cells = column(samples, name, text)
        if name not in samples:
            fix = did_you_mean(name, samples.columns) or f"columns are {listing(samples.columns, 40)}"
            problems.append(Problem(f"`formula:` the sheet has no column '{name}'", fix))
        elif None in cells:
            lacking = [str(x) for x, cell in zip(samples["sample"], cells, strict=True) if cell is None]
            what = f"`formula:` '{name}' is empty for {listing(lacking)}"
            problems.append(Problem(what, "fill it for all samples of the study"))
        elif name in CATEGORICAL or any(number(cell) is None for cell in cells):
            found = dict.fromkeys(filter(None, cells))
            first = [vehicle] if name == "treatment" and vehicle in found else []
            levels[name] = tuple(dict.fromkeys([*first, *found]))
    if problems:
        raise InputError(*problems)
    return levels


def formula_matrix(formula: str, samples: pd.DataFrame, levels: Levels) -> tuple[np.ndarray, list[str]]:
    """The (samples, coefficients) matrix of a formula, whatever its rank, and the names of its columns.

    A level without samples has a column of zeros, so that the meaning of a coefficient never depends on
    which samples are left. InputError if the formula cannot be computed.
    """
    if samples.empty:
        return np.zeros((0, 0)), []
    from formulaic import model_matrix

    data: dict[str, Any] = {}
    for name in _columns_of(formula):
        cells = column(samples, name, text)
        if name in levels:
            data[name] = pd.Categorical(cells, categories=list(levels[name]))
        else:
            data[name] = np.array([number(cell) for cell in cells], dtype=float)
    frame = pd.DataFrame(data, index=range(len(samples)))
    try:
        matrix: Any = model_matrix(formula, frame, context={}, na_action="raise")
        values = np.asarray(matrix, dtype=float)
    except Exception as error:  # formulaic raises whatever its terms raise
        raise _unreadable(formula, error) from None
    if not np.isfinite(values).all():
        raise InputError(Problem(f"`formula:` '{formula}' gives values that are no numbers"))
    return values, [str(name) for name in matrix.columns]


def _columns_of(formula: str) -> list[str]:
    """The columns of the sheet that a formula speaks of."""
    from formulaic import Formula

    try:
        _refuse_code(formula)
        read: Any = Formula(formula)
        if "lhs" in getattr(read, "_structure", {}):
            raise ValueError("nothing may stand before the ~")
        return sorted(map(str, read.required_variables))
    except Exception as error:
        raise _unreadable(formula, error) from None


def _refuse_code(formula: str) -> None:
    """ValueError for a formula that is more than columns, operators and the FUNCTIONS of a column."""
    plain = QUOTED.sub("x", formula)
    called = [name for name in re.findall(r"(\w+)\s*\(", plain) if name not in FUNCTIONS]
    if "__" in plain or called or not HARMLESS.fullmatch(plain):
        more = "it holds more than columns and + - * : / ^ ( )"
        what = f"{', '.join(called)}() is not known here" if called else more
        raise ValueError(f"{what}; functions are {', '.join(FUNCTIONS)}")


def _unreadable(formula: str, error: Exception) -> InputError:
    why = str(error).strip().split("\n")[0] or type(error).__name__
    return InputError(
        Problem(f"`formula:` '{formula}' cannot be read: {why}", "write e.g. ~ batch + treatment")
    )
