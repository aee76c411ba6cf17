"""Intervals by profile likelihood: how far a parameter can go before the best fit with it is refused.

A value v is inside when RSS(v), least squares over the other parameters, is at most RSS · (1 + F / (n - p))
with F the quantile of F(1, n - p) (Bates & Watts 1988, section 6.1). All curves are searched at once.
The depth of a value is sqrt((RSS(v) - RSS) / allowed): 0 at the fit, 1 at a limit, and nearly linear in v.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import scipy

from rxpress.dose_response.logistic import (
    BOTTOM,
    CENTRE,
    HALF,
    TOP,
    dose_range,
    least_squares,
    response_and_slopes,
)

LEVEL = 0.95
# An EC50 or IC50 is looked for up to this many fold outside the doses; beyond, the interval has no end.
SEARCH_FOLDS = 1e4
WIDENINGS, REFINEMENTS = 40, 40
DEPTH_TOLERANCE, VALUE_TOLERANCE = 1e-4, 1e-7
# In terms of IC50 the plateaus keep this distance from HALF.
MARGIN = 1e-6
IC50_STARTS = 8


@dataclass(frozen=True)
class Fits:
    """Curves with the same number of points, as fitted.

    x, y : (curves, points); parameters : (curves, 4), EC50 form; rss : (curves,); free : (curves, 4), which
    parameters were fitted; lower, upper : (curves, 4) bounds.
    """

    x: np.ndarray
    y: np.ndarray
    parameters: np.ndarray
    rss: np.ndarray
    free: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def df(self) -> np.ndarray:
        """Residual degrees of freedom, (curves,)."""
        return self.y.shape[1] - self.free.sum(axis=1)

    @property
    def allowed(self) -> np.ndarray:
        """How much larger than the least the residual sum of squares may be, (curves,)."""
        least = np.maximum(self.rss, 1e-14 * np.sum(self.y**2, axis=1) + 1e-300)
        return least * scipy.special.fdtri(1, self.df, LEVEL) / self.df

    def take(self, rows: np.ndarray) -> Fits:
        return Fits(*(getattr(self, field.name)[rows] for field in fields(self)))

    def refit(
        self, rows: np.ndarray, which: int, value: np.ndarray, start: np.ndarray, at_half: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Best fits (rows, 4) of some curves with one parameter at a value, and their depths (rows,)."""
        start, free = start.copy(), self.free[rows]
        start[:, which], free[:, which] = value, False
        limits = self.lower[rows], self.upper[rows]
        found, rss = least_squares(self.x[rows], self.y[rows], start, free, *limits, at_half=at_half)
        return found, np.sqrt(np.maximum(rss - self.rss[rows], 0.0) / self.allowed[rows])


def profile_interval(fits: Fits, which: int) -> np.ndarray:
    """(curves, 2) limits of a parameter: TOP, BOTTOM, CENTRE (ln EC50) or LOG_HILL.

    Where all values on a side fit, the limit is the bound of a plateau or of hill, and infinite for CENTRE.
    NaN where the parameter is fixed or no degree of freedom is left.
    """
    limits = np.full((len(fits.y), 2), np.nan)
    rows = np.flatnonzero(fits.free[:, which] & (fits.df > 0))
    own = fits.take(rows)
    if which == CENTRE:
        own = _search_far(own)
    for side, (ends, beyond) in enumerate(((own.lower, -np.inf), (own.upper, np.inf))):
        found, without_end = _search(own, which, ends[:, which], at_half=False)
        limits[rows, side] = np.where(without_end & (which == CENTRE), beyond, found)
    return limits


def ic50_interval(fits: Fits, ln_ic50: np.ndarray) -> np.ndarray:
    """(curves, 2) limits of ln IC50, infinite where the data set no end; of curves that fall.

    ln_ic50 : of the fits, infinite where they do not cross HALF. A limit of such a curve is looked for from
    outside of the doses, and both are infinite when no IC50 within reach fits. NaN where no degree of
    freedom is left or the curve rises.
    """
    limits = np.full((len(fits.y), 2), np.nan)
    falls = fits.parameters[:, TOP] >= fits.parameters[:, BOTTOM]
    rows = np.flatnonzero((fits.df > 0) & falls)
    own, ln_ic50 = fits.take(rows), ln_ic50[rows]
    never, below = _without_crossing(own, BOTTOM), _without_crossing(own, TOP)
    own, depth = _in_terms_of_ic50(own, ln_ic50)
    for side, (ends, beyond, always) in enumerate(((own.lower, -np.inf, below), (own.upper, np.inf, never))):
        found, without_end = _search(own, CENTRE, ends[:, CENTRE], at_half=True)
        found = np.where(without_end | always, beyond, found)
        nowhere = (depth > 1) & np.isinf(ln_ic50)
        limits[rows, side] = np.where(nowhere, ln_ic50, found)
    return limits


def _search_far(fits: Fits) -> Fits:
    """The same with bounds of CENTRE that leave it all the room of a search."""
    first, last = dose_range(fits.x)
    lower, upper = fits.lower.copy(), fits.upper.copy()
    lower[:, CENTRE], upper[:, CENTRE] = first - np.log(SEARCH_FOLDS), last + np.log(SEARCH_FOLDS)
    return replace(fits, lower=lower, upper=upper)


def _without_crossing(fits: Fits, plateau: int) -> np.ndarray:
    """Whether a curve (curves,) whose BOTTOM stays above HALF, or whose TOP stays below, is not refused."""
    lower, upper, start = fits.lower.copy(), fits.upper.copy(), fits.parameters.copy()
    (lower if plateau == BOTTOM else upper)[:, plateau] = HALF
    np.clip(start, lower, upper, out=start)
    rss = least_squares(fits.x, fits.y, start, fits.free, lower, upper)[1]
    return fits.free[:, plateau] & (rss - fits.rss <= fits.allowed)


def _in_terms_of_ic50(fits: Fits, ln_ic50: np.ndarray) -> tuple[Fits, np.ndarray]:
    """The fits with ln IC50 as CENTRE, and the depths (curves,) of these.

    A curve that does not cross HALF takes the best of some crossings outside of its doses.
    """
    fits = _search_far(fits)
    fits.lower[:, TOP] = np.where(fits.free[:, TOP], np.maximum(fits.lower[:, TOP], HALF + MARGIN), 1.0)
    fits.upper[:, BOTTOM] = np.where(
        fits.free[:, BOTTOM], np.minimum(fits.upper[:, BOTTOM], HALF - MARGIN), 0.0
    )
    first, last = dose_range(fits.x)
    low, high = fits.lower[:, CENTRE], fits.upper[:, CENTRE]
    parameters = np.clip(fits.parameters, fits.lower, fits.upper)
    parameters[:, CENTRE] = np.clip(ln_ic50, low, high)
    depth = np.zeros(len(ln_ic50))
    away = np.flatnonzero(parameters[:, CENTRE] != ln_ic50)
    depth[away] = np.inf
    for share in np.linspace(0, 1, IC50_STARTS):
        place = np.where(ln_ic50 > last, last + share * (high - last), first + share * (low - first))[away]
        found, deep = fits.refit(away, CENTRE, place, parameters[away], at_half=True)
        better = deep < depth[away]
        parameters[away[better]], depth[away[better]] = found[better], deep[better]
    return replace(fits, parameters=parameters), depth


def _search(fits: Fits, which: int, end: np.ndarray, at_half: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where (curves,) the depth reaches 1 on the way to `end`, and whether (curves,) it never does.

    Curves that start too deep or at the end stay where they are, the latter as never reaching it.
    """
    inner = fits.parameters.copy()
    everyone = np.arange(len(inner))
    depth_in = fits.refit(everyone, which, inner[:, which], inner, at_half)[1] if len(inner) else np.zeros(0)
    outer, depth_out = inner.copy(), np.full(len(inner), np.nan)
    step = np.minimum(_first_step(fits, which, at_half), np.abs(end - inner[:, which]))
    toward = np.sign(end - inner[:, which])
    rows = np.flatnonzero((depth_in <= 1) & (toward != 0))
    for _ in range(WIDENINGS):
        if not len(rows):
            break
        value = inner[rows, which] + toward[rows] * step[rows]
        value = np.where((value - end[rows]) * toward[rows] > 0, end[rows], value)
        found, depth = fits.refit(rows, which, value, inner[rows], at_half)
        inside = depth <= 1
        inner[rows[inside]], depth_in[rows[inside]] = found[inside], depth[inside]
        outer[rows[~inside]], depth_out[rows[~inside]] = found[~inside], depth[~inside]
        step[rows] *= 2
        rows = rows[inside & (value != end[rows])]
    without_end = np.isnan(depth_out) & (depth_in <= 1)
    return _narrow(fits, which, (inner, depth_in), (outer, depth_out), at_half), without_end


def _first_step(fits: Fits, which: int, at_half: bool) -> np.ndarray:
    """(curves,) distance at which the depth would be 1 if the model were linear; 1 where it has no slope."""
    slopes = response_and_slopes(fits.x, fits.parameters, at_half)[1] * fits.free[:, None, :]
    normal = slopes.transpose(0, 2, 1) @ slopes
    normal[:, np.arange(4), np.arange(4)] += np.where(fits.free, 1e-9, 1.0)
    variance = np.linalg.inv(normal)[:, which, which] if len(normal) else np.zeros(0)
    step = np.sqrt(np.maximum(variance, 0.0) * fits.allowed)
    return np.where(np.isfinite(step), np.clip(step, 1e-6, 2.0), 1.0)


def _narrow(
    fits: Fits,
    which: int,
    inside: tuple[np.ndarray, np.ndarray],
    outside: tuple[np.ndarray, np.ndarray],
    at_half: bool,
) -> np.ndarray:
    """(curves,) values of depth 1 between fits inside and outside, each (parameters, depths).

    Where nothing lies outside, the value inside. Secants of the depth, every third step a bisection.
    """
    (inner, depth_in), (outer, depth_out) = inside, outside
    value = inner[:, which].copy()
    rows = np.flatnonzero(np.isfinite(depth_out))
    for turn in range(REFINEMENTS):
        if not len(rows):
            break
        share = (1 - depth_in[rows]) / (depth_out[rows] - depth_in[rows])
        share = np.full(len(rows), 0.5) if turn % 3 == 2 else np.clip(share, 0.02, 0.98)
        start = inner[rows] + share[:, None] * (outer[rows] - inner[rows])
        found, depth = fits.refit(rows, which, start[:, which], start, at_half)
        value[rows] = found[:, which]
        low = depth <= 1
        inner[rows[low]], depth_in[rows[low]] = found[low], depth[low]
        outer[rows[~low]], depth_out[rows[~low]] = found[~low], depth[~low]
        width = np.abs(outer[rows, which] - inner[rows, which])
        rows = rows[(np.abs(depth - 1) > DEPTH_TOLERANCE) & (width > VALUE_TOLERANCE)]
    return value
