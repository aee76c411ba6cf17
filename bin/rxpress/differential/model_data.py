"""A model of a study with what its tests rest on: what was measured in its samples, and its design."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from rxpress.cells import column, text
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import StudyModel, coefficient_vector, design_matrix
from rxpress.differential.line_level import expressed_in_lines, log2_cpm
from rxpress.differential.study_counts import StudyCounts
from rxpress.tables import GeneMatrix


@dataclass(frozen=True)
class ModelData(ABC):
    """What tests of a model rest on, whatever its samples were measured by.

    genes : what was measured, a column per sample of the model; matrix : (samples, p) of full rank;
    coefficients : names of its columns; lines : (samples,) the cell line of each sample, '' where there is
    none.
    """

    model: StudyModel
    genes: GeneMatrix
    matrix: np.ndarray
    coefficients: list[str]
    lines: np.ndarray

    @property
    @abstractmethod
    def base_means(self) -> np.ndarray:
        """(genes,) mean expression, not on a log scale."""

    @property
    @abstractmethod
    def log2(self) -> np.ndarray:
        """(genes, samples) expression on a log2 scale that needs no model of counts."""

    @abstractmethod
    def measured_in_lines(self, contrast: Contrast) -> np.ndarray:
        """(genes,) whether a test over the lines of an average can speak of a gene."""

    @cached_property
    def expression(self) -> np.ndarray:
        """(genes, p) least squares of `log2`: what conditions have on that scale."""
        return self.log2 @ np.linalg.pinv(self.matrix).T


@dataclass(frozen=True)
class CountData(ModelData):
    """A model of counts: of its samples, with their normalisation."""

    counts: StudyCounts

    @classmethod
    def of(cls, model: StudyModel, counts: StudyCounts, samples: pd.DataFrame) -> CountData:
        """counts : of the study; samples : rows of its libraries."""
        own = counts.of_model(model)
        return cls(model, own.genes, *design_matrix(model, samples), lines_of(model, samples), own)

    @property
    def normalized(self) -> np.ndarray:
        """(genes, samples) normalised counts."""
        return self.counts.values / self.counts.normalization.factors

    @cached_property
    def base_means(self) -> np.ndarray:
        """(genes,) means of normalised counts."""
        return self.normalized.mean(axis=1)

    @property
    def log2(self) -> np.ndarray:
        """(genes, samples) log2 counts per million."""
        normalization = self.counts.normalization
        return log2_cpm(self.counts.values, normalization.factors, normalization.size_factors)

    def measured_in_lines(self, contrast: Contrast) -> np.ndarray:
        counts = [
            np.mean([self.condition_counts[c] for c in part.weights], axis=0) for part in contrast.lines
        ]
        return expressed_in_lines(np.column_stack(counts), np.array([part.sign for part in contrast.lines]))

    @cached_property
    def condition_counts(self) -> dict[str, np.ndarray]:
        """{condition: (genes,) mean normalised counts}."""
        normalized, of_sample = self.normalized, np.array(list(self.model.conditions.values()))
        names = dict.fromkeys(of_sample.tolist())
        return {name: normalized[:, of_sample == name].mean(axis=1) for name in names}


def lines_of(model: StudyModel, samples: pd.DataFrame) -> np.ndarray:
    """(samples of the model,) the cell line of each, '' where there is none."""
    return np.array(column(model.rows(samples), "cell_line", lambda cell: text(cell) or ""))


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
