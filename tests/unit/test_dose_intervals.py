"""Profile likelihood against R's (MASS::confint of nls), and whether intervals hold what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dose_curves import DOSES, draw, fitted, golden_curves, ryegrass

from rxpress.dose_response.intervals import ic50_interval, profile_interval
from rxpress.dose_response.logistic import BOTTOM, CENTRE, LOG_HILL, TOP, ln_ic50, log_dose, response
from rxpress.dose_response.selection import select_models

PARAMETERS = {"top": TOP, "bottom": BOTTOM, "centre": CENTRE, "log_hill": LOG_HILL}


def test_limits_are_those_of_r() -> None:
    for theirs, fits in golden_curves():
        ours = {name: profile_interval(fits, which)[0] for name, which in PARAMETERS.items()}
        ours["ic50"] = ic50_interval(fits, ln_ic50(fits.parameters))[0]
        for name, limits in ours.items():
            expected = theirs.loc[name, ["lower", "upper"]].to_numpy(float)
            assert np.abs(limits - expected).max() < 2e-3 * np.ptp(expected), (theirs["curve"].iloc[0], name)


@pytest.mark.real
def test_limits_of_ryegrass_are_those_of_r(real_data: Path) -> None:
    """Numbers that MASS::confint prints for the same model by nls."""
    fits = ryegrass(real_data)
    assert np.exp(profile_interval(fits, CENTRE)[0]) == pytest.approx([2.691097, 3.475402], rel=1e-4)
    assert np.exp(profile_interval(fits, LOG_HILL)[0]) == pytest.approx([2.182048, 4.233283], rel=1e-3)
    assert profile_interval(fits, TOP)[0] == pytest.approx([7.405379, 8.192464], rel=1e-4)
    assert profile_interval(fits, BOTTOM)[0] == pytest.approx([0.01017677, 0.9067257], abs=1e-3)


@pytest.mark.parametrize("replicates", [1, 3])
def test_intervals_of_selected_models_hold_the_truth_95_times_in_100(replicates: int) -> None:
    """1,000 curves, as benchmarks/dose_response.py draws more of; three standard errors are 2 %."""
    x, y, truth = draw(1000, replicates, 0.05, seed=11)
    fits = select_models(x, y).fits
    limits = ic50_interval(fits, ln_ic50(fits.parameters))
    held = (limits[:, 0] <= ln_ic50(truth)) & (ln_ic50(truth) <= limits[:, 1])
    assert 0.93 <= held.mean() <= 0.98


def test_an_ic50_that_the_doses_do_not_reach_has_an_open_interval() -> None:
    x = np.tile(log_dose(np.repeat(DOSES, 3)), (1, 1))
    noise = np.random.default_rng(1).normal(0, 0.05, x.shape)
    partial = fitted(x, response(x, np.array([[1.0, 0.5, np.log(100.0), 0.0]])) + noise)
    lower, upper = ic50_interval(partial, ln_ic50(partial.parameters))[0]
    assert np.exp(lower) > 300
    assert upper == np.inf
    high = fitted(x, response(x, np.array([[1.0, 0.8, np.log(10.0), 0.0]])) + noise / 5)
    assert ic50_interval(high, ln_ic50(high.parameters)).tolist() == [[np.inf, np.inf]]


def test_an_ic50_below_the_doses_has_no_lower_limit_when_none_can_be_told() -> None:
    x = log_dose(np.repeat(DOSES, 3))[None]
    y = response(x, np.array([[0.45, 0.1, np.log(10.0), 0.0]]))
    fits = fitted(x, y + np.random.default_rng(2).normal(0, 0.05, x.shape))
    lower, upper = ic50_interval(fits, ln_ic50(fits.parameters))[0]
    assert lower == -np.inf
    assert upper < np.log(DOSES[2])


def test_a_curve_without_noise_has_an_interval_of_no_width() -> None:
    truth = np.array([[1.0, 0.1, np.log(10.0), np.log(2.0)]])
    x = log_dose(DOSES)[None]
    fits = fitted(x, response(x, truth))
    assert np.exp(ic50_interval(fits, ln_ic50(fits.parameters))[0]) == pytest.approx(
        np.exp(ln_ic50(truth)[0]), rel=1e-4
    )
