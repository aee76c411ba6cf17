"""Which model tells a curve, what is told of it, and when something is flagged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from dose_curves import DOSES
from scipy.integrate import trapezoid

from rxpress.dose_response.fit_table import CURVE_COLUMNS, FIT_COLUMNS, fit_points
from rxpress.dose_response.logistic import log_dose, response
from rxpress.dose_response.selection import aicc, select_models


def points(dose: np.ndarray, viability: np.ndarray, line: str = "A") -> pd.DataFrame:
    frame = pd.DataFrame({"dose_nM": dose, "viability": viability})
    return frame.assign(study="s", cell_line=line, treatment="drug", time_h=72.0, excluded=False)


def curve(
    top: float, bottom: float, ec50: float, hill: float, sd: float = 0.02, dose: np.ndarray | None = None
) -> pd.DataFrame:
    """Triplicates of a planted curve with noise."""
    dose = np.repeat(DOSES, 3) if dose is None else dose
    truth = np.array([[top, bottom, np.log(ec50), np.log(hill)]])
    noise = np.random.default_rng(5).normal(0, sd, len(dose))
    return points(dose, response(log_dose(dose)[None], truth)[0] + noise)


def fit(frame: pd.DataFrame) -> pd.Series:
    return fit_points(frame).fits.iloc[0]


def test_a_whole_curve_is_told_by_four_parameters_within_their_intervals() -> None:
    found = fit(curve(1.0, 0.1, 10.0, 1.5))
    assert (found["model"], found["flags"]) == ("4PL", "")
    assert found["ic50_lower_nM"] < 10 * (0.5 / 0.4) ** (1 / 1.5) < found["ic50_upper_nM"]
    for name, truth in (("ec50", 10.0), ("hill", 1.5), ("top", 1.0), ("bottom", 0.1)):
        unit = "_nM" if name == "ec50" else ""
        assert found[f"{name}_lower{unit}"] < truth < found[f"{name}_upper{unit}"]
        assert found[f"{name}{unit}"] == pytest.approx(truth, rel=0.2)
    assert found["ic50_text"] == f"{found['ic50_nM']:.3g}"
    assert found["residual_sd"] == pytest.approx(0.02, rel=0.5)
    assert found["r_squared"] > 0.99


def test_the_area_is_the_mean_of_the_curve_over_the_logarithm_of_the_dose() -> None:
    fitted = fit_points(curve(1.0, 0.1, 10.0, 1.5))
    course = fitted.curves
    width = np.log(DOSES[-1] / DOSES[0])
    area = trapezoid(course["fitted"], np.log(course["dose_nM"])) / width
    assert fitted.fits["auc"][0] == pytest.approx(area, rel=1e-3)
    assert list(course) == CURVE_COLUMNS
    assert (course["lower"] < course["fitted"]).all()
    assert (course["upper"] > course["fitted"]).all()


def test_three_parameters_serve_where_only_the_beginning_of_a_fall_is_seen() -> None:
    found = fit(curve(1.0, 0.0, 3000.0, 1.0))
    assert found["model"] == "3PL"
    assert "EC50 would lie outside of the doses" in found["model_reason"]
    assert found["flags"] == "not_reached;extrapolated"
    assert found["ic50_text"] == "> 1000"
    assert np.isnan(found["ic50_nM"])
    assert found["ic50_lower_nM"] < 3000 < found["ic50_upper_nM"]


def test_a_flat_curve_is_a_constant_and_its_ic50_not_reached() -> None:
    found = fit(curve(0.95, 0.95, 10.0, 1.0))
    assert (found["model"], found["flags"], found["ic50_text"]) == ("constant", "not_reached", "> 1000")
    assert found["top"] == found["bottom"] == found["auc"] == pytest.approx(0.95, abs=0.02)
    assert found["top_lower"] < 0.95 < found["top_upper"]
    assert found["f_p_value"] > 0.05


def test_flat_curves_are_taken_for_falling_ones_no_more_often_than_the_test_allows() -> None:
    x = np.tile(log_dose(np.repeat(DOSES, 3)), (500, 1))
    flat = select_models(x, 1 + np.random.default_rng(6).normal(0, 0.08, x.shape))
    assert np.mean(flat.model != "constant") < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 500)


def test_a_line_that_even_the_lowest_dose_kills_has_its_ic50_below_the_doses() -> None:
    found = fit(curve(0.1, 0.1, 10.0, 1.0))
    assert (found["model"], found["flags"], found["ic50_text"]) == ("constant", "extrapolated", "< 0.1")
    found = fit(curve(1.0, 0.0, 0.05, 1.0))
    assert found["ic50_text"] == "< 0.1"
    assert "extrapolated" in found["flags"]
    assert found["ic50_nM"] == pytest.approx(0.05, rel=0.2)


def test_a_rising_curve_is_flagged_and_does_not_reach_its_ic50() -> None:
    found = fit(curve(0.8, 1.4, 10.0, 1.0))
    assert found["flags"] == "not_reached;increasing"
    assert found["bottom"] > found["top"]


def test_scatter_is_flagged() -> None:
    assert "poor_fit" in fit(curve(1.0, 0.1, 10.0, 1.0, sd=0.4))["flags"]


def test_few_doses_carry_three_parameters_and_very_few_none() -> None:
    four = fit(curve(1.0, 0.0, 10.0, 1.0, dose=np.repeat([1.0, 5.0, 20.0, 100.0], 3)))
    assert (four["model"], four["doses"], four["flags"]) == ("3PL", 4, "too_few_doses")
    assert four["ic50_lower_nM"] < 10 < four["ic50_upper_nM"]
    three = fit(curve(1.0, 0.0, 10.0, 1.0, dose=np.repeat([1.0, 10.0, 100.0], 3)))
    assert (three["model"], three["ic50_text"], three["flags"]) == ("NA", "not determined", "too_few_doses")
    assert three["model_reason"] == "3 distinct doses, 4 are needed"


def test_wells_without_drug_tell_the_top() -> None:
    doses = np.array([0.0] * 12 + [30.0, 60.0, 120.0, 240.0, 480.0, 960.0])
    found = fit(curve(1.0, 0.0, 60.0, 2.0, dose=doses))
    assert found["top_lower"] < 1.0 < found["top_upper"]
    assert found["top_upper"] - found["top_lower"] < 0.05
    assert (found["lowest_dose_nM"], found["highest_dose_nM"], found["doses"]) == (30.0, 960.0, 7)


def test_a_step_between_two_doses_is_as_steep_as_hill_may_be_and_its_ic50_lies_between_them() -> None:
    viability = np.where(np.repeat(DOSES, 3) < 10, 1.0, 0.1) + np.random.default_rng(7).normal(0, 0.01, 24)
    found = fit(points(np.repeat(DOSES, 3), viability))
    before, after = DOSES[DOSES < 10].max(), DOSES[DOSES > 10].min()
    assert found["hill"] == found["hill_upper"] == pytest.approx(10)
    assert before < found["ic50_lower_nM"] < 0.9 * np.sqrt(before * after)
    assert after > found["ic50_upper_nM"] > 1.1 * np.sqrt(before * after)


def test_corrected_akaike_criterion_by_hand() -> None:
    assert aicc(np.array([0.5]), 10, 3)[0] == pytest.approx(10 * np.log(0.05) + 8 + 40 / 5)
    assert aicc(np.array([0.5]), 6, 4)[0] == np.inf


def test_curves_keep_their_order_whatever_their_number_of_points() -> None:
    short, long = curve(1.0, 0.1, 10.0, 1.0, dose=DOSES), curve(1.0, 0.1, 10.0, 1.0)
    frame = pd.concat([long.assign(cell_line="B"), short.assign(cell_line="C"), long.assign(cell_line="A")])
    fitted = fit_points(frame)
    assert fitted.fits["cell_line"].tolist() == ["B", "C", "A"]
    assert fitted.curves["cell_line"].unique().tolist() == ["B", "C", "A"]
    assert list(fitted.fits) == FIT_COLUMNS
    assert fit_points(frame.assign(excluded=True)).fits.empty
