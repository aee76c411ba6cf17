"""The four-parameter logistic in log dose, fitted to many curves at once by bounded least squares.

    f(x) = bottom + (top - bottom) / (1 + (x / EC50)^hill)

`top` is the response without drug and `bottom` that at endless dose, so `hill` is positive, and a curve with
bottom above top rises. Parameters stand in arrays (curves, 4) in this order, as optimised:

    TOP, BOTTOM    in units of the response
    CENTRE         ln EC50; with `at_half` ln IC50, the dose at which f is HALF of the control
    LOG_HILL       ln hill
"""

from __future__ import annotations

import numpy as np
import scipy

TOP, BOTTOM, CENTRE, LOG_HILL = range(4)
HALF = 0.5
# ln of a dose of zero: so far below any dose that f is `top` to the last bit.
NO_DRUG = -1e5
HILL_BOUNDS = (0.1, 10.0)
# EC50 may lie this many fold outside the doses; beyond, all curves look alike there.
CENTRE_FOLDS = 100.0
# A plateau of which only the beginning is seen may lie so far above the points.
HEADROOM = 0.25
GRID_CENTRES, GRID_HILLS, STARTS = 16, (0.5, 1.0, 2.0, 5.0), 3
ITERATIONS, STEP_TOLERANCE = 200, 1e-8


def log_dose(dose: np.ndarray) -> np.ndarray:
    """ln of doses ≥ 0, zero as NO_DRUG."""
    positive = dose > 0
    return np.where(positive, np.log(np.where(positive, dose, 1.0)), NO_DRUG)


def response(x: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Values (curves, points) of curves with parameters (curves, 4), EC50 form, at ln doses x."""
    top, bottom, centre, log_hill = parameters.T[..., None]
    return bottom + (top - bottom) * scipy.special.expit(np.exp(log_hill) * (centre - x))


def response_and_slopes(
    x: np.ndarray, parameters: np.ndarray, at_half: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Values (curves, points) and their derivatives (curves, points, 4) by the parameters.

    x : (curves, points) ln dose. With `at_half` the third parameter is ln IC50, which needs
    bottom < HALF < top: ln EC50 = ln IC50 - shift, shift = ln((top - HALF) / (HALF - bottom)) / hill.
    """
    top, bottom, centre, log_hill = parameters.T[..., None]
    hill = np.exp(log_hill)
    shift = np.zeros_like(hill)
    if at_half:
        shift = np.log((top - HALF) / (HALF - bottom)) / hill
    z = hill * (x - centre + shift)
    share = scipy.special.expit(-z)
    bend = (top - bottom) * share * (1 - share)
    slopes = np.stack([share, 1 - share, hill * bend, -bend * z], axis=-1)
    if at_half:
        by_centre = slopes[..., CENTRE]
        slopes[..., TOP] -= by_centre / (hill * (top - HALF))
        slopes[..., BOTTOM] -= by_centre / (hill * (HALF - bottom))
        slopes[..., LOG_HILL] += by_centre * shift
    return bottom + (top - bottom) * share, slopes


def ln_ic50(parameters: np.ndarray) -> np.ndarray:
    """ln IC50 of curves in EC50 form; inf where a curve never falls to HALF, -inf where it lies below it."""
    top, bottom, centre, log_hill = parameters.T
    crosses = (bottom < HALF) & (top > HALF)
    ratio = np.where(crosses, top - HALF, 1.0) / np.where(crosses, HALF - bottom, 1.0)
    found = centre + np.log(ratio) / np.exp(log_hill)
    return np.where(crosses, found, np.where(np.maximum(top, bottom) <= HALF, -np.inf, np.inf))


def parameter_bounds(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds, each (curves, 4).

    No plateau lies below zero and all points, or above one (the control) and HEADROOM of the range of the
    points above the highest of them.
    """
    low = np.minimum(y.min(axis=1), 0.0)
    high = np.maximum(y.max(axis=1) + HEADROOM * np.ptp(y, axis=1), 1.0)
    first, last = dose_range(x)
    room = np.log(CENTRE_FOLDS)
    hills = np.broadcast_to(np.log(HILL_BOUNDS)[:, None], (2, len(y)))
    lower = np.stack([low, low, first - room, hills[0]], axis=1)
    return lower, np.stack([high, high, last + room, hills[1]], axis=1)


def dose_range(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ln of the lowest dose above zero and of the highest, per curve."""
    return np.where(x > NO_DRUG, x, np.inf).min(axis=1), x.max(axis=1)


def fit_curves(
    x: np.ndarray, y: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], fixed: dict[int, float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Parameters (curves, 4), EC50 form, and residual sums of squares (curves,) of the best fits.

    x, y : (curves, points) ln dose and response; fixed : value of parameters (TOP, BOTTOM) not fitted.
    Starts are the best places of a grid of EC50 and hill, with the plateaus that are least squares there.
    """
    lower, upper = bounds
    free = np.ones((len(y), 4), dtype=bool)
    free[:, list(fixed or {})] = False
    best, rss = np.empty((len(y), 4)), np.full(len(y), np.inf)
    for start in _starts(x, y, bounds, fixed or {}):
        found, left = least_squares(x, y, start, free, lower, upper)
        better = left < rss
        best[better], rss[better] = found[better], left[better]
    return best, rss


def _starts(
    x: np.ndarray, y: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], fixed: dict[int, float]
) -> np.ndarray:
    """(STARTS, curves, 4) distinct places of the grid, the one of smallest residuals first."""
    first, last = dose_range(x)
    places, sums = [], []
    for share in np.linspace(-0.1, 1.1, GRID_CENTRES):
        for hill in GRID_HILLS:
            centre = first + share * (last - first)
            place = np.stack([centre, centre, centre, np.full(len(y), np.log(hill))], axis=1)
            weight = scipy.special.expit(hill * (centre[:, None] - x))
            place[:, TOP], place[:, BOTTOM] = _plateaus(weight, y, fixed)
            np.clip(place, *bounds, out=place)
            places.append(place)
            sums.append(np.sum((y - response(x, place)) ** 2, axis=1))
    of_hill, order = np.array(places), np.array(sums).reshape(GRID_CENTRES, len(GRID_HILLS), -1)
    # The best centre for each hill, so that starts differ in kind and not by a step of the grid.
    centres = order.argmin(axis=0)
    at = centres * len(GRID_HILLS) + np.arange(len(GRID_HILLS))[:, None]
    ranks = np.argsort(np.take_along_axis(np.array(sums), at, axis=0), axis=0)[:STARTS]
    return of_hill[np.take_along_axis(at, ranks, axis=0), np.arange(len(y))]


def _plateaus(
    share: np.ndarray, y: np.ndarray, fixed: dict[int, float]
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Top and bottom that are least squares for y ≈ top · share + bottom · (1 - share)."""
    rest = 1 - share
    if TOP in fixed or BOTTOM in fixed:
        known = fixed.get(TOP, 0.0) * share + fixed.get(BOTTOM, 0.0) * rest
        weight = rest if TOP in fixed else share
        free = np.sum(weight * (y - known), axis=1) / np.maximum(np.sum(weight**2, axis=1), 1e-12)
        return fixed.get(TOP, free), fixed.get(BOTTOM, free)
    a, b, c = (np.sum(one * two, axis=1) for one, two in ((share, share), (share, rest), (rest, rest)))
    d, e = np.sum(share * y, axis=1), np.sum(rest * y, axis=1)
    determinant = a * c - b * b
    singular = determinant < 1e-9
    determinant = np.where(singular, 1.0, determinant)
    mean = y.mean(axis=1)
    top = np.where(singular, mean, (d * c - b * e) / determinant)
    return top, np.where(singular, mean, (a * e - b * d) / determinant)


def least_squares(
    x: np.ndarray,
    y: np.ndarray,
    start: np.ndarray,
    free: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    at_half: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg–Marquardt within bounds, all curves at once: parameters (curves, 4), residual sums (curves,).

    free : (curves, 4), which parameters move. A parameter at a bound that the gradient pushes on is held
    there for the step (projected Newton, Bertsekas 1982).
    """
    parameters, damping = start.copy(), np.full(len(y), 1e-2)
    fitted, slopes = response_and_slopes(x, parameters, at_half)
    rss = np.sum((y - fitted) ** 2, axis=1)
    active = np.arange(len(y))
    for _ in range(ITERATIONS):
        if not len(active):
            break
        own, low, high = parameters[active], lower[active], upper[active]
        fitted, slopes = response_and_slopes(x[active], own, at_half)
        step = _step(y[active] - fitted, slopes, own, free[active], low, high, damping[active])
        tried = np.clip(own + step, low, high)
        left = np.sum((y[active] - response_and_slopes(x[active], tried, at_half)[0]) ** 2, axis=1)
        better = left <= rss[active]
        gain = np.where(better, rss[active] - left, 0.0)
        moved = np.abs(tried - own).max(axis=1)
        done = (moved < STEP_TOLERANCE) | (better & (gain <= 1e-13 * rss[active]))
        damping[active] = np.clip(damping[active] * np.where(better, 0.1, 10.0), 1e-12, 1e12)
        parameters[active[better]], rss[active[better]] = tried[better], left[better]
        active = active[~done]
    return parameters, rss


def _step(
    residuals: np.ndarray,
    slopes: np.ndarray,
    parameters: np.ndarray,
    free: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    damping: np.ndarray,
) -> np.ndarray:
    """(curves, 4) steps of Levenberg–Marquardt; zero for parameters that are held."""
    gradient = (slopes * residuals[..., None]).sum(axis=1)
    normal = slopes.transpose(0, 2, 1) @ slopes
    held = ~free | ((parameters <= lower) & (gradient < 0)) | ((parameters >= upper) & (gradient > 0))
    gradient[held] = 0.0
    normal[held[:, :, None] | held[:, None, :]] = 0.0
    scale = np.diagonal(normal, axis1=1, axis2=2)
    diagonal = np.arange(4)
    normal[:, diagonal, diagonal] = np.where(held, 1.0, scale * (1 + damping[:, None]) + 1e-14)
    return np.linalg.solve(normal, gradient[..., None])[..., 0]
