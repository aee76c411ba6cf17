"""From points to the tables of dose–response: a row per curve, and the curves for plots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rxpress.dose_response.estimates import curve_rows, estimate
from rxpress.dose_response.logistic import log_dose
from rxpress.dose_response.plates import KEY
from rxpress.dose_response.selection import select_models

FIT_COLUMNS = [
    *KEY,
    *("points", "doses", "lowest_dose_nM", "highest_dose_nM"),
    *("ic50_nM", "ic50_lower_nM", "ic50_upper_nM", "ic50_text", "ec50_nM", "ec50_lower_nM", "ec50_upper_nM"),
    *("hill", "hill_lower", "hill_upper", "top", "top_lower", "top_upper"),
    *("bottom", "bottom_lower", "bottom_upper", "auc", "residual_sd", "r_squared"),
    *("model", "model_reason", "f_p_value", "flags"),
]
CURVE_COLUMNS = [*KEY, "dose_nM", "fitted", "lower", "upper"]
# Curves that are fitted together; more would not fit into the processor's cache.
BATCH = 2000


@dataclass(frozen=True)
class DoseResponse:
    """`fits`, a row per curve (FIT_COLUMNS), and `curves`, rows of each for plots (CURVE_COLUMNS)."""

    fits: pd.DataFrame
    curves: pd.DataFrame


def fit_points(points: pd.DataFrame) -> DoseResponse:
    """Fit every curve: the points of one study, cell line, treatment and time that are not excluded.

    points : as of `curve_points`. Curves keep the order in which they appear there.
    """
    used = points[~points["excluded"]]
    curve = used.groupby(KEY, sort=False, dropna=False).ngroup().to_numpy()
    order = np.argsort(curve, kind="stable")
    size = np.bincount(curve) if len(curve) else np.zeros(0, dtype=int)
    begin = np.concatenate([[0], np.cumsum(size)[:-1]]) if len(size) else size
    dose, viability = (used[name].to_numpy(float)[order] for name in ("dose_nM", "viability"))
    fits, curves = [], []
    for number in np.unique(size):
        own = np.flatnonzero(size == number)
        for some in np.split(own, range(BATCH, len(own), BATCH)):
            at = begin[some][:, None] + np.arange(number)
            names = used[KEY].iloc[order[at[:, 0]]].set_index(some)
            selection = select_models(log_dose(dose[at]), viability[at])
            fits.append(names.join(estimate(selection, dose[at]).set_index(some)))
            curves.append(curve_rows(names, selection))
    return DoseResponse(_joined(fits, FIT_COLUMNS), _joined(curves, CURVE_COLUMNS))


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames)[columns].sort_index(kind="stable").reset_index(drop=True)
