"""A model of a study with what its tests rest on: the counts of its samples and its design."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from rxpress.cells import column, text
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import StudyModel, coefficient_vector, design_matrix
from rxpress.differential.line_level import log2_cpm
from rxpress.differential.study_counts import StudyCounts


@dataclass(frozen=True)
class ModelData:
    """What tests of a model rest on.

    counts : of its samples; matrix : (samples, p) of full rank; coefficients : names of its columns; lines :
    (samples,) the cell line of each sample, '' where there is none.
    """

    model: StudyModel
    counts: StudyCounts
    matrix: np.ndarray
    coefficients: list[str]
    lines: np.ndarray

    @classmethod
    def of(cls, model: StudyModel, counts: StudyCounts, samples: pd.DataFrame) -> ModelData:
        """counts : of the study; samples : rows of its libraries."""
        lines = np.array(column(model.rows(samples), "cell_line", lambda cell: text(cell) or ""))
        return cls(model, counts.of_model(model), *design_matrix(model, samples), lines)

    @property
    def normalized(self) -> np.ndarray:
        """(genes, samples) normalised counts."""
        return self.counts.values / self.counts.normalization.factors

    @cached_property
    def mean_counts(self) -> np.ndarray:
        """(genes,) means of normalised counts."""
        return self.normalized.mean(axis=1)

    @cached_property
    def expression(self) -> np.ndarray:
        """(genes, p) least squares of log2 CPM: what conditions have on that scale."""
        normalization = self.counts.normalization
        cpm = log2_cpm(self.counts.values, normalization.factors, normalization.size_factors)
        return cpm @ np.linalg.pinv(self.matrix).T

    @cached_property
    def condition_counts(self) -> dict[str, np.ndarray]:
        """{condition: (genes,) mean normalised counts}."""
        normalized, of_sample = self.normalized, np.array(list(self.model.conditions.values()))
        names = dict.fromkeys(of_sample.tolist())
        return {name: normalized[:, of_sample == name].mean(axis=1) for name in names}


def line_vectors(contrast: Contrast, coefficients: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """(p, lines) weights of the lines of an average over coefficients; (lines,) signs of their sides."""
    vectors = np.array([coefficient_vector(part.weights, coefficients) for part in contrast.lines])
    return vectors.reshape(-1, len(coefficients)).T, np.array([part.sign for part in contrast.lines])


def joint_vectors(contrast: Contrast, coefficients: list[str]) -> np.ndarray:
    """(members, p) weights of the contrasts that a joint test asks about."""
    return np.array([coefficient_vector(member.weights, coefficients) for member in contrast.jointly])


def largest_member(contrast: Contrast, member: np.ndarray, estimate: np.ndarray) -> pd.Series:
    """(genes,) the id of the member whose estimate a joint test reports; missing where there is none."""
    names = np.array([one.id for one in contrast.jointly], dtype=object)
    return pd.Series(names[member]).mask(np.isnan(estimate))
