"""The model of a study: one mean per condition plus additive covariates, as a matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rxpress.cells import column, listing, number, text, text_rows
from rxpress.errors import InputError, Problem, did_you_mean

CATEGORICAL = ("batch", "replicate", "cell_line", "patient")
IN_CONDITION = ("cell_line", "treatment", "dose_nM", "time_h")


def usable_covariates(samples: pd.DataFrame, covariates: Sequence[str]) -> tuple[list[str], list[str]]:
    """The covariates that the model of a study can use, and why others are left out.

    InputError when a covariate is no column of the sheet or has cells for some samples only.
    """
    used: list[str] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for name in covariates:
        cells = column(samples, name, text)
        if name not in samples:
            fix = did_you_mean(name, samples.columns) or f"columns are {listing(samples.columns, 40)}"
            problems.append(Problem(f"--covariates: the sheet has no column '{name}'", fix))
        elif name in IN_CONDITION:
            notes.append(f"covariate {name} is left out: conditions differ by it already")
        elif len(set(cells)) == 1:
            notes.append(f"covariate {name} is left out: it has no two values")
        elif None in cells:
            lacking = [sample for sample, cell in text_rows(samples, "sample", name) if cell is None]
            what = f"--covariates: '{name}' is empty for {listing(map(str, lacking))}"
            problems.append(Problem(what, "fill it for all samples of the study or leave it out"))
        else:
            used.append(name)
    if problems:
        raise InputError(*problems)
    return used, notes


def model_matrix(samples: pd.DataFrame, covariates: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The (samples, coefficients) model matrix, whatever its rank, and the names of its columns.

    samples : rows with the column `condition`. The first columns are indicators of the conditions, named by
    their ids. Covariates follow: categorical ones as deviations that sum to zero over their levels
    (`batch[b1]`; the last level has no column), numeric ones centred and divided by their standard deviation.
    So a condition's coefficient is its mean in the average batch. Patients are blocks, each an indicator
    (`patient[p1]`) before the conditions: a condition's coefficient is then its difference, within patients,
    from the one whose column is redundant, and the solver treats many disjoint indicators cheaply.
    """
    columns: dict[str, np.ndarray] = {}
    if "patient" in covariates:
        columns |= _indicators(column(samples, "patient", text), "patient[{}]")
    columns |= _indicators(column(samples, "condition", text), "{}")
    for covariate in covariates:
        if covariate != "patient":
            columns |= _covariate_columns(samples, covariate)
    matrix = np.array(list(columns.values())).T.reshape(len(samples), len(columns))
    return matrix, list(columns)


def _indicators(cells: Sequence[str | None], name: str) -> dict[str, np.ndarray]:
    """An indicator (samples,) of each level, by `name` with the level in it."""
    return {
        name.format(x): np.array([cell == x for cell in cells], dtype=float) for x in dict.fromkeys(cells)
    }


def _covariate_columns(samples: pd.DataFrame, covariate: str) -> dict[str, np.ndarray]:
    """The columns of one covariate by name, each an array (samples,); none when it has no two values."""
    cells = column(samples, covariate, text)
    numbers = [number(cell) for cell in cells]
    if covariate not in CATEGORICAL and None not in numbers:
        values = np.array(numbers, dtype=float)
        return {covariate: (values - values.mean()) / values.std()} if len(set(numbers)) > 1 else {}
    # Replicate 1 of one line has nothing to do with replicate 1 of another: a line has its own levels.
    groups = column(samples, "cell_line", text) if covariate == "replicate" else [None] * len(cells)
    levels = list(zip(groups, cells, strict=True))
    last = dict(levels)
    columns = {}
    for group, cell in dict.fromkeys(levels):
        if cell != last[group]:
            name = f"{covariate}[{'.'.join(part for part in (group, cell) if part)}]"
            weight = {(group, cell): 1.0, (group, last[group]): -1.0}
            columns[name] = np.array([weight.get(level, 0.0) for level in levels])
    return columns


def independent_columns(matrix: np.ndarray) -> list[int]:
    """Positions of the columns that are no combination of columns before them (Gram-Schmidt, twice)."""
    basis = np.zeros_like(matrix)
    chosen: list[int] = []
    for i, values in enumerate(matrix.T):
        rest = values.copy()
        for _ in range(2):
            rest -= basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > 1e-8 * np.linalg.norm(values):
            basis[:, i] = rest / np.linalg.norm(rest)
            chosen.append(i)
    return chosen


def estimable(contrasts: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Which linear combinations of coefficients a model determines: (contrasts,) booleans.

    contrasts : (contrasts, coefficients); matrix : (samples, coefficients), of any rank. A combination is
    estimable exactly when it lies in the row space of the matrix (Searle 1971, Linear Models, 5.4).
    """
    _, singular, rows = np.linalg.svd(np.unique(matrix, axis=0), full_matrices=False)
    basis = rows[singular > 1e-9 * singular.max(initial=0.0)]
    rest = contrasts - contrasts @ basis.T @ basis
    return np.linalg.norm(rest, axis=1) <= 1e-8 * np.linalg.norm(contrasts, axis=1)
