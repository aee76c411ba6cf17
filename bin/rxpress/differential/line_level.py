"""Lines as replicates: how far the lines of an average agree, and a test whose n is the number of lines.

Each line has a value per gene: its share in the contrast, on log2. The contrast is the mean of the values on
the upper side minus the mean of those on the lower one, where there is a lower side.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rxpress.differential.moderated_tests import ModeratedTest, contrast_tests
from rxpress.limma import fit_linear_model, moderate

PRIOR_COUNT = 0.5
LEAST_COUNT = 10.0


def log2_cpm(counts: np.ndarray, factors: np.ndarray, size_factors: np.ndarray) -> np.ndarray:
    """log2 counts per million (genes, samples), as voom's (Law et al., Genome Biology 2014).

    counts : (genes, samples); factors : what they are divided by, (samples,) or (genes, samples);
    size_factors : (samples,). A library's size is its factor times the mean of total / size factor.
    """
    typical = np.mean(counts.sum(axis=0) / size_factors)
    return np.log2((counts + PRIOR_COUNT) / (factors * typical + 1) * 1e6)


def combine_lines(values: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """(genes,) the contrast from the values of its lines (genes, lines); signs : (lines,) 1 or -1."""
    upper, lower = values[:, signs > 0], values[:, signs < 0]
    return upper.mean(axis=1) - (lower.mean(axis=1) if lower.shape[1] else 0.0)


def count_agreeing(values: np.ndarray, signs: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """(genes,) how many lines have the sign of `estimate` when each stands for its side alone."""
    other = {sign: values[:, signs == -sign] for sign in (1, -1)}
    against = {sign: v.mean(axis=1) if v.shape[1] else np.zeros(len(v)) for sign, v in other.items()}
    alone = np.column_stack([s * (v - against[int(s)]) for v, s in zip(values.T, signs, strict=True)])
    return np.sum(np.sign(alone) == np.sign(estimate)[:, None], axis=1)


def leave_one_out_range(values: np.ndarray, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """(genes,) least and largest contrast when one line is left out; None if each side has one line.

    A line that stands alone on its side is never left out.
    """
    spare = [i for i, sign in enumerate(signs) if np.sum(signs == sign) > 1]
    if not spare:
        return None
    rest = [np.arange(len(signs)) != i for i in spare]
    without = np.column_stack([combine_lines(values[:, kept], signs[kept]) for kept in rest])
    return without.min(axis=1), without.max(axis=1)


def expressed_in_lines(line_counts: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """(genes,) whether a mean normalised count of LEAST_COUNT is reached in enough lines.

    line_counts : (genes, lines) means over the conditions of a line. Enough are as many as the smaller side
    has; with one side, half of the lines.
    """
    upper, lower = int(np.sum(signs > 0)), int(np.sum(signs < 0))
    enough = min(upper, lower) if lower else (upper + 1) // 2
    return np.sum(line_counts >= LEAST_COUNT, axis=1) >= enough


def evaluate_lines(
    values: np.ndarray, signs: np.ndarray, tested: np.ndarray, means: np.ndarray, threshold: float
) -> ModeratedTest:
    """Moderated t test (Smyth 2004) over lines, its prior variance a trend of expression.

    values : (genes, lines) log2; signs : (lines,) 1 or -1, one side only for a test against 0; tested :
    (genes,) booleans; means : (genes,) mean log2 expression of conditions; threshold : log2 fold change.
    Genes that are not tested have their estimate all the same.
    """
    sides = [signs > 0, signs < 0] if (signs < 0).any() else [signs > 0]
    design = np.column_stack(sides).astype(float)
    contrast = np.array([[1.0], [-1.0]][: len(sides)])
    estimate = combine_lines(values, signs)
    if not tested.any():
        return ModeratedTest(estimate, *(np.full(len(values), np.nan) for _ in range(5)))
    linear = fit_linear_model(values[tested], design, contrast)
    found = moderate(replace(linear, mean_expression=means[tested]), trend=True).spread(tested)
    (test,) = contrast_tests(found, threshold)
    return replace(test, estimate=estimate)
