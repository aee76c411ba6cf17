"""What is told of each curve: IC50, EC50, hill, plateaus and area with intervals, quality, flags, course."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from rxpress.cells import plain
from rxpress.dose_response.intervals import LEVEL, ic50_interval, profile_interval
from rxpress.dose_response.logistic import (
    BOTTOM,
    CENTRE,
    HALF,
    LOG_HILL,
    TOP,
    dose_range,
    ln_ic50,
    response,
    response_and_slopes,
)
from rxpress.dose_response.selection import CONSTANT, DOSES_FOR_FOUR, NONE, Selection, distinct_doses

FLAGS = ("not_reached", "extrapolated", "increasing", "poor_fit", "too_few_doses")
REACHED, NOT_REACHED, BELOW, UNDETERMINED = "reached", "not_reached", "below", "undetermined"
UNKNOWN = "not determined"
# A fit is poor when points scatter by more than a fifth of the control, or when a logistic tells less than
# half of their variance.
POOR_SD, POOR_R_SQUARED = 0.2, 0.5
CURVE_POINTS = 61


def estimate(selection: Selection, dose: np.ndarray) -> pd.DataFrame:
    """A row per curve with the columns of fits.tsv that follow its name (docs/output.md).

    dose : (curves, points) nM, of the points that the models were selected for.
    """
    model = selection.model
    logistic = (model != CONSTANT) & (model != NONE)
    state = _ic50_state(selection, logistic)
    columns = {
        "points": np.full(len(model), dose.shape[1]),
        "doses": distinct_doses(selection.fits.x),
        "lowest_dose_nM": np.where(dose > 0, dose, np.inf).min(axis=1),
        "highest_dose_nM": dose.max(axis=1),
    }
    columns |= _ic50_columns(selection, logistic, state)
    columns["ic50_text"] = _ic50_texts(state, columns)
    columns |= _parameter_columns(selection, logistic) | _quality_columns(selection, logistic)
    columns |= {"model": model, "model_reason": selection.reason, "f_p_value": selection.p_value}
    columns["flags"] = _flags(selection, logistic, state, columns)
    return pd.DataFrame(columns)


def _ic50_columns(selection: Selection, logistic: np.ndarray, state: np.ndarray) -> dict[str, np.ndarray]:
    """IC50 of curves that cross HALF up to the highest dose, and its limits also where it lies above."""
    fits = selection.fits
    centre = np.where(logistic, ln_ic50(fits.parameters), np.nan)
    limits = np.full((len(centre), 2), np.nan)
    rows = np.flatnonzero(logistic & (state != UNDETERMINED))
    limits[rows] = ic50_interval(fits.take(rows), centre[rows])
    told = np.isfinite(centre) & ((state == REACHED) | (state == BELOW))
    lower, upper = _exp(limits).T
    return {
        "ic50_nM": _exp(np.where(told, centre, np.nan)),
        "ic50_lower_nM": lower,
        "ic50_upper_nM": upper,
    }


def _ic50_texts(state: np.ndarray, columns: dict[str, np.ndarray]) -> np.ndarray:
    """IC50 (curves,) as it may be said: a number of three digits, or which dose it lies beyond."""
    words = {
        REACHED: ("", "ic50_nM", 3),
        NOT_REACHED: ("> ", "highest_dose_nM", 4),
        BELOW: ("< ", "lowest_dose_nM", 4),
    }
    texts = np.full(len(state), UNKNOWN, dtype=object)
    for word, (sign, name, digits) in words.items():
        for row in np.flatnonzero(state == word):
            texts[row] = sign + plain(float(f"{columns[name][row]:.{digits}g}"))
    return texts


def _flags(
    selection: Selection, logistic: np.ndarray, state: np.ndarray, columns: dict[str, np.ndarray]
) -> np.ndarray:
    """The flags (curves,) that hold, in the order of FLAGS, joined by `;`."""
    parameters = selection.fits.parameters
    first, last = dose_range(selection.fits.x)
    outside = (parameters[:, CENTRE] < first) | (parameters[:, CENTRE] > last)
    undecided = (selection.model == CONSTANT) & (state == UNDETERMINED)
    scattered = (columns["residual_sd"] > POOR_SD) | (logistic & (columns["r_squared"] < POOR_R_SQUARED))
    holds = (
        state == NOT_REACHED,
        (state == BELOW) | (logistic & outside),
        logistic & (parameters[:, TOP] < parameters[:, BOTTOM]),
        scattered | undecided,
        columns["doses"] < DOSES_FOR_FOUR,
    )
    of_curves = zip(*holds, strict=True)
    told = [[flag for flag, on in zip(FLAGS, of_curve, strict=True) if on] for of_curve in of_curves]
    return np.array([";".join(flags) for flags in told], dtype=object)


def _ic50_state(selection: Selection, logistic: np.ndarray) -> np.ndarray:
    """Where the IC50 of each curve (curves,) lies: REACHED within the doses, NOT_REACHED by them, BELOW them.

    UNDETERMINED when a rising curve crosses HALF, when a constant contradicts the points at the end of the
    doses that it speaks for, or when nothing was fitted.
    """
    fits = selection.fits
    first, last = dose_range(fits.x)
    falls = fits.parameters[:, TOP] >= fits.parameters[:, BOTTOM]
    centre = ln_ic50(fits.parameters)
    ends = response(np.stack([first, last], axis=1), fits.parameters)
    of_falling = np.select([centre < first, centre > last], [BELOW, NOT_REACHED], REACHED)
    of_rising = np.select(
        [(ends > HALF).all(axis=1), (ends <= HALF).all(axis=1)], [NOT_REACHED, BELOW], UNDETERMINED
    )
    at_first, at_last = (_mean_at(fits.x, fits.y, dose) for dose in (first, last))
    stays = (selection.mean > HALF) & (at_last > HALF)
    of_constant = np.select(
        [stays, (selection.mean <= HALF) & (at_first <= HALF)], [NOT_REACHED, BELOW], UNDETERMINED
    )
    state = np.where(logistic, np.where(falls, of_falling, of_rising), of_constant)
    return np.where(selection.model == NONE, UNDETERMINED, state)


def _mean_at(x: np.ndarray, y: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Mean response (curves,) at a dose of each curve."""
    there = np.abs(x - place[:, None]) < 1e-4
    return np.sum(y * there, axis=1) / there.sum(axis=1)


def _parameter_columns(selection: Selection, logistic: np.ndarray) -> dict[str, np.ndarray]:
    """EC50, hill, top and bottom, each with its limits; of a constant, top and bottom are the mean."""
    fits, flat = selection.fits, selection.model == CONSTANT
    half = _t_quantile(selection.df) * np.sqrt(selection.rss / np.maximum(selection.df, 1) / fits.y.shape[1])
    mean = np.where(flat, selection.mean, np.nan)
    columns: dict[str, np.ndarray] = {}
    rows = np.flatnonzero(logistic)
    for name, unit, which, convert in (
        ("ec50", "_nM", CENTRE, _exp),
        ("hill", "", LOG_HILL, _exp),
        ("top", "", TOP, np.asarray),
        ("bottom", "", BOTTOM, np.asarray),
    ):
        plateau = which in (TOP, BOTTOM)
        value = np.where(logistic, fits.parameters[:, which], mean if plateau else np.nan)
        limits = np.full((len(flat), 2), np.nan)
        limits[rows] = profile_interval(fits.take(rows), which)
        if plateau:
            limits[flat] = np.stack([mean - half, mean + half], axis=1)[flat]
        columns[f"{name}{unit}"] = convert(value)
        columns[f"{name}_lower{unit}"], columns[f"{name}_upper{unit}"] = convert(limits).T
    return columns


def _quality_columns(selection: Selection, logistic: np.ndarray) -> dict[str, np.ndarray]:
    """Area under the curve, residual standard deviation and share of variance told."""
    fits, fitted = selection.fits, selection.model != NONE
    spread = np.sum((fits.y - selection.mean[:, None]) ** 2, axis=1)
    r_squared = 1 - selection.rss / np.where(spread > 0, spread, np.nan)
    area = np.where(logistic, _area(fits.parameters, *dose_range(fits.x)), selection.mean)
    sd = np.sqrt(selection.rss / np.where(selection.df > 0, selection.df, np.nan))
    columns = {"auc": area, "residual_sd": sd, "r_squared": r_squared}
    return {name: np.where(fitted, values, np.nan) for name, values in columns.items()}


def _area(parameters: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Mean of the curve over ln dose from `first` to `last`, (curves,): 1 means no effect. NaN for one dose.

    The integral of 1 / (1 + exp(hill (x - centre))) is -ln(1 + exp(hill (centre - x))) / hill.
    """
    top, bottom, centre, log_hill = parameters.T
    hill = np.exp(log_hill)
    share = np.logaddexp(0, hill * (centre - first)) - np.logaddexp(0, hill * (centre - last))
    width = np.where(last > first, last - first, np.nan)
    return bottom + (top - bottom) * share / hill / width


def curve_rows(names: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """The fitted curves: `names` of each curve, then `dose_nM fitted lower upper` at CURVE_POINTS doses.

    lower, upper : 95 % limits of the curve at that dose by the delta method. Curves not fitted have no rows.
    """
    rows = np.flatnonzero(selection.model != NONE)
    fits = selection.fits.take(rows)
    first, last = dose_range(fits.x)
    grid = first[:, None] + np.linspace(0, 1, CURVE_POINTS) * (last - first)[:, None]
    fitted, slopes = response_and_slopes(grid, fits.parameters)
    inside = (fits.parameters > fits.lower) & (fits.parameters < fits.upper) & fits.free
    of_points = response_and_slopes(fits.x, fits.parameters)[1] * inside[:, None, :]
    normal = of_points.transpose(0, 2, 1) @ of_points
    normal[:, np.arange(4), np.arange(4)] += np.where(inside, 1e-12, 1.0)
    slopes *= inside[:, None, :]
    variance = np.einsum("cgi,cij,cgj->cg", slopes, np.linalg.inv(normal), slopes)
    flat = (selection.model == CONSTANT)[rows, None]
    fitted = np.where(flat, selection.mean[rows, None], fitted)
    variance = np.where(flat, 1 / fits.y.shape[1], variance)
    df = selection.df[rows]
    sigma = np.sqrt(selection.rss[rows] / np.where(df > 0, df, np.nan))
    half = (_t_quantile(df) * sigma)[:, None] * np.sqrt(np.maximum(variance, 0.0))
    frame = names.iloc[np.repeat(rows, CURVE_POINTS)]
    columns = {"dose_nM": np.exp(grid), "fitted": fitted, "lower": fitted - half, "upper": fitted + half}
    return frame.assign(**{name: values.ravel() for name, values in columns.items()})


def _t_quantile(df: np.ndarray) -> np.ndarray:
    return scipy.special.stdtrit(np.where(df > 0, df, np.nan), (1 + LEVEL) / 2)


def _exp(values: np.ndarray) -> np.ndarray:
    """exp, infinite without complaint."""
    with np.errstate(over="ignore"):
        return np.exp(values)
