"""Signature scores compared between the groups of a study's contrasts, under the study's own models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from rxpress.design.study_design import Contrast
from rxpress.design.study_model import StudyModel, coefficient_vector, design_matrix
from rxpress.differential.model_data import line_vectors
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.signatures import ScoreTests, compare_scores

TEST_COLUMNS = (
    "study",
    "contrast",
    "scope",
    "signature",
    "source",
    "method",
    "estimate",
    "lower",
    "upper",
    "statistic",
    "p_value",
    "p_adjusted",
    "samples",
)
NamedScore = tuple[str, str, str, np.ndarray]  # signature, source, method, (samples,) score


def test_scores(study: StudyEvidence, samples: Sequence[str], scores: Sequence[NamedScore]) -> pd.DataFrame:
    """A row per contrast and score that was not withheld, with the columns TEST_COLUMNS.

    samples : (samples,) names. Contrasts of samples are tested by t with the variance pooled over all
    conditions of their model; contrasts over lines (scope `class`) by t over the values of the lines, their
    number in `samples`. p is adjusted over the signatures of a contrast scored by one method. Joint tests
    have no direction and are left out.
    """
    groups: dict[str, list[NamedScore]] = {}
    for one in scores:
        if np.isfinite(one[3]).all():
            groups.setdefault(one[2], []).append(one)
    parts = [
        _rows(contrast, group, tests, number)
        for group in groups.values()
        for contrast, tests, number in _tests(study, samples, np.array([one[3] for one in group]))
    ]
    if not parts:
        return pd.DataFrame(columns=list(TEST_COLUMNS))
    table = pd.concat(parts, ignore_index=True).assign(study=study.name)
    order = {contrast.id: i for i, contrast in enumerate(study.tested)}
    return table.sort_values("contrast", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)[
        list(TEST_COLUMNS)
    ]


def _tests(
    study: StudyEvidence, samples: Sequence[str], scores: np.ndarray
) -> Iterator[tuple[Contrast, ScoreTests, int]]:
    """Each contrast with the tests of all scores (scores, samples), and on how many samples or lines."""
    for model in study.design.models:
        contrasts = [c for c in study.tested if c.model == model.name and not c.jointly]
        if not contrasts:
            continue
        matrix, coefficients = design_matrix(model, study.samples)
        values = sample_scores(model, samples, scores)
        for contrast in contrasts:
            if contrast.test == "moderated_t":
                vectors, signs = line_vectors(contrast, coefficients)
                yield contrast, compare_lines(values @ np.linalg.pinv(matrix).T @ vectors, signs), len(signs)
            else:
                vector = coefficient_vector(contrast.weights, coefficients)
                number = int(model.about(contrast.weights).sum())
                yield contrast, compare_scores(values, matrix, vector[:, None]), number


def sample_scores(model: StudyModel, samples: Sequence[str], scores: np.ndarray) -> np.ndarray:
    """(scores, samples of the model); the mean over its libraries for a sample that is their sum."""
    place = {name: i for i, name in enumerate(samples)}
    columns = [
        scores[:, [place[library] for library in model.libraries_of(name)]] for name in model.conditions
    ]
    return np.column_stack([values.mean(axis=1) for values in columns])


def compare_lines(values: np.ndarray, signs: np.ndarray) -> ScoreTests:
    """t test over lines: their mean against 0, or the upper side against the lower one, variance pooled.

    values : (scores, lines) what the contrast is of each line; signs : (lines,) 1 or -1.
    """
    sides = [side for side in (signs > 0, signs < 0) if side.any()]
    contrast = np.array([[1.0], [-1.0]][: len(sides)])
    return compare_scores(values, np.column_stack(sides).astype(float), contrast)


def _rows(contrast: Contrast, group: Sequence[NamedScore], tests: ScoreTests, number: int) -> pd.DataFrame:
    signatures, sources, methods, _ = zip(*group, strict=True)
    return pd.DataFrame(
        {
            "contrast": contrast.id,
            "scope": contrast.scope,
            "signature": signatures,
            "source": sources,
            "method": methods,
            "estimate": tests.estimate[:, 0],
            "lower": tests.low[:, 0],
            "upper": tests.high[:, 0],
            "statistic": tests.statistic[:, 0],
            "p_value": tests.p_value[:, 0],
            "p_adjusted": tests.p_adjusted[:, 0],
            "samples": number,
        }
    )
