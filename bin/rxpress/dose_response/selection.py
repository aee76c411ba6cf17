"""Which model tells each curve: four parameters, three where the data cannot carry four, or a constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from rxpress.dose_response.intervals import Fits
from rxpress.dose_response.logistic import BOTTOM, CENTRE, TOP, dose_range, fit_curves, parameter_bounds

FOUR, THREE, CONSTANT, NONE = "4PL", "3PL", "constant", "NA"
ALPHA = 0.05
# Distinct doses, that of zero counted: fewer carry no logistic, and fewer no lower plateau of its own.
FEWEST_DOSES, DOSES_FOR_FOUR = 4, 5
# The plateau that a model of three parameters fixes, and the words for it.
FIXED = ((BOTTOM, 0.0, "bottom fixed at 0"), (TOP, 1.0, "top fixed at 1"))


@dataclass(frozen=True)
class Selection:
    """The model of each curve, all with the same number of points.

    fits : parameters of the logistic (of a constant: the best logistic that it was tested against); model,
    reason : (curves,) text; p_value : (curves,) of the F-test of that logistic against a constant, NaN where
    none was fitted; mean : (curves,) of the points.
    """

    fits: Fits
    model: np.ndarray
    reason: np.ndarray
    p_value: np.ndarray
    mean: np.ndarray

    @property
    def rss(self) -> np.ndarray:
        """Residual sums of squares (curves,) of the models chosen."""
        return np.where(self.model == CONSTANT, _rss_of_mean(self.fits.y), self.fits.rss)

    @property
    def df(self) -> np.ndarray:
        """Residual degrees of freedom (curves,) of the models chosen."""
        return np.where(self.model == CONSTANT, self.fits.y.shape[1] - 1, self.fits.df)


def select_models(x: np.ndarray, y: np.ndarray) -> Selection:
    """Fit the curves (curves, points), x ln dose and y viability as fraction, and choose each one's model.

    Four parameters where the data carry them; else the lowest AICc of these and of models with a plateau
    fixed. A logistic that is no better than a constant by an F-test gives way to it.
    """
    bounds = parameter_bounds(x, y)
    parameters, rss = fit_curves(x, y, bounds)
    fits = Fits(x, y, parameters, rss, np.ones((len(y), 4), dtype=bool), *bounds)
    reason = _why_not_four(fits)
    _fall_back(fits, np.flatnonzero(reason != ""), reason)
    reason[reason == ""] = "EC50 lies within the doses"
    model = np.where(fits.free.all(axis=1), FOUR, THREE).astype(object)
    p_value, levels = _against_constant(fits), distinct_doses(x)
    for row in np.flatnonzero(p_value > ALPHA):
        model[row] = CONSTANT
        reason[row] = f"no better than a constant (F-test, p = {p_value[row]:.2g})"
    for row in np.flatnonzero(levels < FEWEST_DOSES):
        model[row], p_value[row] = NONE, np.nan
        reason[row] = f"{levels[row]} distinct doses, {FEWEST_DOSES} are needed"
    return Selection(fits, model, reason, p_value, y.mean(axis=1))


def distinct_doses(x: np.ndarray) -> np.ndarray:
    """Number (curves,) of distinct doses, zero counted; doses within 0.01 % are one."""
    return 1 + np.sum(np.diff(np.sort(x, axis=1), axis=1) > 1e-4, axis=1)


def _why_not_four(fits: Fits) -> np.ndarray:
    """Why (curves,) the data do not carry four parameters; empty where they do."""
    first, last = dose_range(fits.x)
    centre = fits.parameters[:, CENTRE]
    why = np.full(len(centre), "", dtype=object)
    why[_against_constant(fits) > ALPHA] = "four parameters are no better than a constant"
    why[(centre < first) | (centre > last)] = "EC50 would lie outside of the doses"
    why[_too_few_for_four(fits.x)] = f"under {DOSES_FOR_FOUR} distinct doses"
    return why


def _too_few_for_four(x: np.ndarray) -> np.ndarray:
    return (distinct_doses(x) < DOSES_FOR_FOUR) | (x.shape[1] < DOSES_FOR_FOUR)


def _fall_back(fits: Fits, rows: np.ndarray, reason: np.ndarray) -> None:
    """Put models with a fixed plateau in the place of some fits where these have the lower AICc."""
    x, y, bounds = fits.x[rows], fits.y[rows], (fits.lower[rows], fits.upper[rows])
    found = [fit_curves(x, y, bounds, {plateau: value}) for plateau, value, _ in FIXED]
    sums = np.array([rss for _, rss in found])
    best = np.where(_too_few_for_four(x), np.inf, aicc(fits.rss[rows], x.shape[1], 4))
    for (plateau, _, words), (parameters, rss) in zip(FIXED, found, strict=True):
        wins = (aicc(rss, x.shape[1], 3) < best) & (rss == sums.min(axis=0)) & fits.free[rows].all(axis=1)
        chosen = rows[wins]
        fits.parameters[chosen], fits.rss[chosen] = parameters[wins], rss[wins]
        fits.free[chosen, plateau] = False
        reason[chosen] = f"{words}: " + reason[chosen]
    kept = rows[fits.free[rows].all(axis=1)]
    reason[kept] = "best by AICc, though " + reason[kept]


def aicc(rss: np.ndarray, n: int, parameters: int) -> np.ndarray:
    """Akaike's criterion corrected for small samples (Hurvich & Tsai 1989), (curves,).

    The variance counts as a parameter. Infinite without the points for the correction, but for models of
    three parameters, among which then the residuals decide.
    """
    k = parameters + 1
    fit = n * np.log(np.maximum(rss, 1e-300) / n)
    if n - k - 1 > 0:
        return fit + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    return fit if parameters == 3 else np.full_like(rss, np.inf)


def _against_constant(fits: Fits) -> np.ndarray:
    """p-value (curves,) of the F-test of each logistic against the mean; 1 without residual freedom."""
    flat, df = _rss_of_mean(fits.y), fits.df
    more = fits.free.sum(axis=1) - 1
    rss = np.maximum(fits.rss, 1e-14 * np.sum(fits.y**2, axis=1) + 1e-300)
    statistic = np.maximum(flat - fits.rss, 0.0) / more / (rss / np.maximum(df, 1))
    return np.where(df > 0, scipy.special.fdtrc(more, np.maximum(df, 1), statistic), 1.0)


def _rss_of_mean(y: np.ndarray) -> np.ndarray:
    return np.sum((y - y.mean(axis=1, keepdims=True)) ** 2, axis=1)
