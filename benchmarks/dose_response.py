#!/usr/bin/env python3
"""Dose–response: speed of fits and intervals, and how often 95 % intervals hold the truth.

Speed: 10,000 planted curves of eight doses in triplicate, one thread. Coverage: per setting 1,000 planted
curves whose doses bracket the IC50 (single points and triplicates; noise, lower plateau and slope vary),
intervals of the models that are chosen. False calls: flat curves that are not told by a constant, at 5 %.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
from rxpress.dose_response.intervals import ic50_interval, profile_interval
from rxpress.dose_response.logistic import BOTTOM, CENTRE, LOG_HILL, TOP, ln_ic50, log_dose, response
from rxpress.dose_response.selection import CONSTANT, select_models

DOSES = np.logspace(-1, 3, 8)
PARAMETERS = {"EC50": CENTRE, "hill": LOG_HILL, "top": TOP, "bottom": BOTTOM}


def draw(curves, replicates, sd, bottoms, decades, seed):
    """ln dose, viability (curves, points) and true parameters (curves, 4); EC50 in 10^decades nM."""
    random = np.random.default_rng(seed)
    centre = np.log(10 ** random.uniform(*decades, curves))
    truth = [
        np.ones(curves),
        random.uniform(*bottoms, curves),
        centre,
        np.log(random.uniform(0.7, 3, curves)),
    ]
    truth = np.stack(truth, axis=1)
    x = np.tile(log_dose(np.repeat(DOSES, replicates)), (curves, 1))
    return x, response(x, truth) + random.normal(0, sd, x.shape), truth


def time_speed(curves=10_000):
    x, y, _ = draw(curves, 3, 0.05, (0, 0.3), (0, 2), seed=1)
    start = time.perf_counter()
    fits = select_models(x, y).fits
    fitted = time.perf_counter()
    ic50_interval(fits, ln_ic50(fits.parameters))
    for which in PARAMETERS.values():
        profile_interval(fits, which)
    print(f"{curves:,} curves, models chosen: {fitted - start:.1f} s")
    print(f"their intervals (IC50, EC50, hill, top, bottom): {time.perf_counter() - fitted:.1f} s")


def measure_coverage(replicates, sd, bottoms, decades, seed, curves=1000):
    """Share of intervals that hold the truth: IC50, then PARAMETERS."""
    x, y, truth = draw(curves, replicates, sd, bottoms, decades, seed)
    fits = select_models(x, y).fits
    pairs = [(ic50_interval(fits, ln_ic50(fits.parameters)), ln_ic50(truth))]
    pairs += [(profile_interval(fits, which), truth[:, which]) for which in PARAMETERS.values()]
    told = [~np.isnan(limits[:, 0]) for limits, _ in pairs]
    return [
        np.mean(((limits[:, 0] <= value) & (value <= limits[:, 1]))[known])
        for (limits, value), known in zip(pairs, told, strict=True)
    ]


def show_coverage():
    print("replicates   sd  bottom     EC50, log10   " + "  ".join(f"{n:>6}" for n in ("IC50", *PARAMETERS)))
    seed = 0
    for replicates in (1, 3):
        for sd in (0.03, 0.08):
            for bottoms in ((0, 0), (0.1, 0.1), (0, 0.3)):
                for decades in ((0, 2), (-0.5, 2.5)):
                    seed += 1
                    held = measure_coverage(replicates, sd, bottoms, decades, seed)
                    place = f"{bottoms[0]}-{bottoms[1]:<6}  {decades[0]} to {decades[1]}"
                    setting = f"{replicates:>10} {sd:.2f}  {place}"
                    print(f"{setting:<42}" + "  ".join(f"{share:6.3f}" for share in held), flush=True)


def show_false_calls(curves=2000):
    for replicates in (1, 3):
        flat = np.ones((curves, 8 * replicates)) + np.random.default_rng(9).normal(
            0, 0.08, (curves, 8 * replicates)
        )
        model = select_models(np.tile(log_dose(np.repeat(DOSES, replicates)), (curves, 1)), flat).model
        print(
            f"flat curves, replicates {replicates}: {np.mean(model != CONSTANT):.3f} are told by a logistic"
        )


if __name__ == "__main__":
    time_speed()
    show_false_calls()
    show_coverage()
