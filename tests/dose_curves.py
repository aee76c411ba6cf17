"""Planted and golden dose–response curves for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.dose_response.intervals import Fits
from rxpress.dose_response.logistic import fit_curves, log_dose, parameter_bounds, response
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parent / "golden" / "dose_response"
DOSES = np.logspace(-1, 3, 8)


def fitted(x: np.ndarray, y: np.ndarray) -> Fits:
    """Four parameters fitted to curves (curves, points)."""
    bounds = parameter_bounds(x, y)
    parameters, rss = fit_curves(x, y, bounds)
    return Fits(x, y, parameters, rss, np.ones(parameters.shape, dtype=bool), *bounds)


def golden_curves() -> list[tuple[pd.DataFrame, Fits]]:
    """R's answers (by parameter) and our fit of each golden curve."""
    points, answers = read_table(GOLDEN / "points.tsv.gz"), read_table(GOLDEN / "fits.tsv.gz")
    return [
        (answers[answers["curve"] == name].set_index("parameter"), fitted(*_arrays(own)))
        for name, own in points.groupby("curve", sort=False)
    ]


def _arrays(points: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    dose, viability = (points[name].to_numpy(float)[None] for name in ("dose", "viability"))
    return log_dose(dose), viability


def ryegrass(folder: Path) -> Fits:
    """Root length of ryegrass by dose of ferulic acid (Inderjit et al. 2002), the example of R's drc."""
    table = pd.read_csv(folder / "dose" / "ryegrass.csv")
    return fitted(*_arrays(table.rename(columns={"conc": "dose", "rootl": "viability"})))


def draw(curves: int, replicates: int, sd: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ln doses and viabilities (curves, points), and true parameters (curves, 4); doses bracket the IC50."""
    random = np.random.default_rng(seed)
    bottom, centre = random.uniform(0, 0.3, curves), np.log(10 ** random.uniform(0, 2, curves))
    hill = random.uniform(0.7, 3, curves)
    truth = np.stack([np.ones(curves), bottom, centre, np.log(hill)], axis=1)
    x = np.tile(log_dose(np.repeat(DOSES, replicates)), (curves, 1))
    return x, response(x, truth) + random.normal(0, sd, x.shape), truth
