"""Contrasts of a linear model by moderated t, as gene tables hold them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.limma import ModeratedFit


@dataclass(frozen=True)
class ModeratedTest:
    """A contrast, or the largest of several: all (genes,), log2, NaN for genes that are not tested.

    error, statistic, p_value : moderated t, or F of several; p_adjusted, p_adjusted_threshold : of no change,
    and of none beyond the threshold, NaN for several.
    """

    estimate: np.ndarray
    error: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray
    p_adjusted_threshold: np.ndarray


def contrast_tests(fit: ModeratedFit, threshold: float) -> list[ModeratedTest]:
    """The contrasts of a fit; threshold : log2 fold change to test beyond."""
    columns = (fit.estimate, fit.error, fit.statistic, fit.p_value, fit.p_value_beyond(threshold))
    return [
        ModeratedTest(
            estimate, error, statistic, p_value, benjamini_hochberg(p_value), benjamini_hochberg(beyond)
        )
        for estimate, error, statistic, p_value, beyond in zip(*(x.T for x in columns), strict=True)
    ]
