"""Gamma regression with identity link, for the trend of dispersions over the mean."""

from __future__ import annotations

import numpy as np

START = np.array([0.1, 1.0])


def fit_gamma_glm(
    covariate: np.ndarray,
    targets: np.ndarray,
    start: np.ndarray = START,
    tolerance: float = 1e-8,
    max_iterations: int = 25,
) -> tuple[np.ndarray, bool]:
    """Gamma regression with identity link, targets ~ a + b · covariate: ((a, b), converged).

    Reweighted least squares as R's glm: from `start`, a step halved while it makes a mean negative, ended
    when the deviance changes by less than `tolerance`, relatively.
    """
    matrix = np.column_stack([np.ones_like(covariate), covariate])
    coefficients = start
    deviance = _deviance(targets, matrix @ start)
    for _ in range(max_iterations):
        means = matrix @ coefficients
        proposed = np.linalg.lstsq(matrix / means[:, None], targets / means, rcond=None)[0]
        for _ in range(max_iterations):
            if (matrix @ proposed > 0).all():
                break
            proposed = (proposed + coefficients) / 2
        else:
            return coefficients, False
        coefficients = proposed
        before, deviance = deviance, _deviance(targets, matrix @ coefficients)
        if abs(deviance - before) / (abs(deviance) + 0.1) < tolerance:
            return coefficients, True
    return coefficients, False


def _deviance(targets: np.ndarray, means: np.ndarray) -> float:
    ratio = targets / means
    return float(2 * (ratio - 1 - np.log(ratio)).sum())
