"""The logistic fit against R (tests/golden/dose_response.R), a published fit, and by principle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dose_curves import DOSES, draw, fitted, golden_curves, ryegrass
from scipy.optimize import least_squares

from rxpress.dose_response.logistic import (
    BOTTOM,
    CENTRE,
    LOG_HILL,
    TOP,
    ln_ic50,
    log_dose,
    response,
    response_and_slopes,
)

CURVE = np.array([[1.02, 0.1, np.log(3.0), np.log(1.5)]])


@pytest.mark.parametrize("at_half", [False, True])
def test_slopes_are_the_derivatives_of_the_response(at_half: bool) -> None:
    x = log_dose(np.array([[0.0, 0.1, 1.0, 3.0, 10.0, 100.0]]))
    slopes = response_and_slopes(x, CURVE, at_half)[1]
    for parameter in (TOP, BOTTOM, CENTRE, LOG_HILL):
        step = np.zeros((1, 4))
        step[0, parameter] = 1e-6
        up, down = (response_and_slopes(x, CURVE + s, at_half)[0] for s in (step, -step))
        np.testing.assert_allclose(slopes[..., parameter], (up - down) / 2e-6, atol=1e-8)


def test_response_at_the_third_parameter_is_half_way_or_half_of_the_control() -> None:
    at = CURVE[:, [CENTRE]]
    assert response(at, CURVE) == pytest.approx((1.02 + 0.1) / 2)
    assert response_and_slopes(at, CURVE, at_half=True)[0] == pytest.approx(0.5)
    assert response(ln_ic50(CURVE)[:, None], CURVE) == pytest.approx(0.5)


def test_without_drug_the_response_is_the_top() -> None:
    fits = response_and_slopes(log_dose(np.array([[0.0]])), CURVE)
    assert fits[0] == 1.02
    assert fits[1].tolist() == [[[1.0, 0.0, 0.0, 0.0]]]


def test_fits_are_those_of_r() -> None:
    for theirs, fits in golden_curves():
        ours = dict(zip(("top", "bottom", "centre", "log_hill"), fits.parameters[0], strict=True))
        ours["ic50"] = ln_ic50(fits.parameters)[0]
        assert fits.rss[0] == pytest.approx(theirs["rss"].iloc[0], rel=1e-9)
        for name, value in ours.items():
            assert value == pytest.approx(theirs["value"][name], abs=2e-5), name


@pytest.mark.real
def test_ryegrass_is_the_fit_that_drc_prints(real_data: Path) -> None:
    top, bottom, centre, log_hill = ryegrass(real_data).parameters[0]
    ours = [np.exp(log_hill), bottom, top, np.exp(centre)]
    assert ours == pytest.approx([2.98222, 0.48141, 7.79296, 3.05795], rel=1e-4)


def test_many_curves_at_once_are_fitted_as_each_alone() -> None:
    x, y, _ = draw(20, 3, 0.05, seed=2)
    alone = [fitted(x[[row]], y[[row]]).parameters[0] for row in range(len(y))]
    np.testing.assert_allclose(fitted(x, y).parameters, alone, rtol=0, atol=1e-10)


def test_no_better_fit_is_found_from_many_starts_by_another_optimizer() -> None:
    x, y, _ = draw(30, 1, 0.1, seed=3)
    fits, random = fitted(x, y), np.random.default_rng(4)
    for row in range(len(y)):
        bounds = fits.lower[row], fits.upper[row]

        def residuals(parameters: np.ndarray, row: int = row) -> np.ndarray:
            return y[row] - response(x[[row]], parameters[None])[0]

        starts = random.uniform(*bounds, (15, 4))
        best = min(2 * least_squares(residuals, start, bounds=bounds).cost for start in starts)
        assert fits.rss[row] <= best * (1 + 1e-6)


def test_a_rising_curve_has_its_bottom_above_its_top() -> None:
    truth = np.array([[0.6, 1.2, np.log(10.0), 0.0]])
    x = log_dose(DOSES)[None]
    np.testing.assert_allclose(fitted(x, response(x, truth)).parameters, truth, atol=1e-4)
