"""A model of a study: which samples enter one fit, what its means are called, and its design matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import column, listing, text
from rxpress.design.formulas import formula_matrix
from rxpress.design.model_matrix import estimable, independent_columns, model_matrix
from rxpress.errors import InputError, Problem


@dataclass(frozen=True)
class StudyModel:
    """One fit of a study. Contrasts name it and have weights over its conditions, or over its columns.

    conditions : {sample: condition} in the order of the rows; libraries : {sample: its libraries} of samples
    that are sums, otherwise a sample is one library; covariates : additive terms, `patient` being blocks;
    paired : whether only patients with a sample in both of two conditions enter; formula : what takes the
    place of conditions and covariates, or empty; levels : of the formula's categories, the reference first.
    """

    name: str
    conditions: dict[str, str]
    libraries: dict[str, tuple[str, ...]] = field(default_factory=dict)
    covariates: tuple[str, ...] = ()
    paired: bool = False
    formula: str = ""
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StudyModel:
        lists = {key: {k: tuple(v) for k, v in value[key].items()} for key in ("libraries", "levels")}
        return cls(**{**value, **lists, "covariates": tuple(value["covariates"])})

    def libraries_of(self, sample: str) -> tuple[str, ...]:
        return self.libraries.get(sample, (sample,))

    def about(self, weights: Mapping[str, float]) -> np.ndarray:
        """(samples,) whether a contrast is about a sample: one of its conditions, or any if by a formula."""
        return np.array([bool(self.formula) or c in weights for c in self.conditions.values()], dtype=bool)

    def rows(self, samples: pd.DataFrame) -> pd.DataFrame:
        """A row for each sample of the model with its `condition`; of sums the cells of their first library.

        samples : rows of libraries, with the column `sample`.
        """
        place = {str(sample): i for i, sample in enumerate(samples["sample"])}
        first = [place[self.libraries_of(sample)[0]] for sample in self.conditions]
        rows = samples.iloc[first].reset_index(drop=True)
        return rows.assign(sample=list(self.conditions), condition=list(self.conditions.values()))

    def keep(self, samples: pd.DataFrame) -> StudyModel:
        """The model without the libraries that have no row in `samples`, and the pairs that this breaks."""
        there = set(map(str, samples["sample"]))
        left = {s: tuple(x for x in self.libraries_of(s) if x in there) for s in self.conditions}
        kept = replace(
            self,
            conditions={s: condition for s, condition in self.conditions.items() if left[s]},
            libraries={s: left[s] for s in self.libraries if left[s]},
        )
        if not self.paired or not kept.conditions:
            return kept
        patients = dict(zip(kept.conditions, column(kept.rows(samples), "patient", text), strict=True))
        times = Counter(patients.values())
        whole = {s: c for s, c in kept.conditions.items() if times[patients[s]] == 2}
        return replace(
            kept, conditions=whole, libraries={s: x for s, x in kept.libraries.items() if s in whole}
        )

    def check_sums(self, samples: pd.DataFrame) -> None:
        """InputError when libraries that are summed differ in a covariate."""
        cells = {
            name: dict(zip(samples["sample"], column(samples, name, text), strict=True))
            for name in self.covariates
        }
        problems = [
            Problem(
                f"--covariates: '{name}' differs between {listing(parts)}, which are summed",
                "libraries of one patient and condition are one sample: leave the covariate out",
            )
            for name, values in cells.items()
            for parts in self.libraries.values()
            if len({values[part] for part in parts}) > 1
        ]
        if problems:
            raise InputError(*problems)


def whole_matrix(model: StudyModel, samples: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """The (samples, coefficients) matrix of a model, whatever its rank, and the names of its columns."""
    rows = model.rows(samples)
    if model.formula:
        return formula_matrix(model.formula, rows, model.levels)
    return model_matrix(rows, model.covariates)


def design_matrix(model: StudyModel, samples: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """The matrix of a model, of full column rank, and the names of its columns.

    samples : rows of the study's samples.tsv, all libraries of the model among them. Without blocks and
    formula the first columns are those of the conditions, named by condition id: their coefficients are
    condition means. Columns that add nothing to the rank are left out: no estimable contrast notices.
    """
    matrix, names = whole_matrix(model, samples)
    independent = independent_columns(matrix)
    return matrix[:, independent], [names[i] for i in independent]


def coefficient_vector(weights: Mapping[str, float], columns: Sequence[str]) -> np.ndarray:
    """The weights of a contrast as a (coefficients,) array for the columns of `design_matrix`.

    The estimate of the contrast is this vector times the coefficients, its variance the quadratic form with
    their covariance. A weight on a column that was left out goes with it: the coefficient is 0.
    """
    return np.array([weights.get(name, 0.0) for name in columns])


def estimable_weights(
    contrasts: Sequence[Mapping[str, float]], matrix: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """Which contrasts a model can estimate: (contrasts,) booleans. matrix, names : as of `whole_matrix`."""
    vectors = [coefficient_vector(weights, names) for weights in contrasts]
    known = np.array([weights.keys() <= set(names) for weights in contrasts], dtype=bool)
    return known & estimable(np.reshape(vectors, (len(contrasts), len(names))), matrix)


def why_no_fit(model: StudyModel, samples: pd.DataFrame) -> str:
    """Why a model cannot be fitted to the samples it has; empty when it can."""
    if not model.conditions:
        return "no complete pair is left" if model.paired else "no sample is left"
    matrix, _ = whole_matrix(model, samples)
    if not model.formula and len(set(model.conditions.values())) == len(model.conditions):
        return "no replicates: no condition has two samples"
    if np.linalg.matrix_rank(matrix) == len(matrix):
        what = f"{len(matrix)} samples and as many coefficients leave nothing to estimate the variance from"
        return f"{what}: {'more pairs are needed' if model.paired else 'leave out a covariate'}"
    return ""
