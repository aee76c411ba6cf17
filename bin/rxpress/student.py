"""Tails of Student's t for very many statistics."""

from __future__ import annotations

import numpy as np
import scipy

STEP = 0.02


def t_tail(statistic: np.ndarray, df: np.ndarray) -> np.ndarray:
    """P(T > statistic), of the broadcast shape; df : degrees of freedom.

    Of many statistics with the same df the log of the tail is interpolated, right to 1e-12.
    """
    shared = float(df.flat[0])
    if np.any(df != shared):
        return scipy.special.stdtr(df, -statistic)
    place = np.sqrt(shared) * np.arcsinh(np.abs(statistic) / np.sqrt(shared))
    nodes = int(np.max(place, where=np.isfinite(place), initial=0.0) / STEP) + 2
    if not 8 * nodes < statistic.size:
        return scipy.special.stdtr(df, -statistic)
    cell, within = np.divmod(np.where(np.isfinite(place), place / STEP, 0.0), 1.0)
    cell, log_tail = cell.astype(int), np.zeros_like(within)
    with np.errstate(invalid="ignore", over="ignore"):
        for coefficient in _log_tail(shared, nodes)[::-1]:
            log_tail = log_tail * within + coefficient[cell]
    tail = np.exp(log_tail)
    tail = np.where(statistic < 0, 1 - tail, tail)
    strange = ~(np.isfinite(place) & np.isfinite(log_tail))
    tail[strange] = scipy.special.stdtr(shared, -statistic[strange])
    return tail


def _log_tail(df: float, nodes: int) -> np.ndarray:
    """(6, nodes - 1) polynomials of degree 5 for log P(T > sqrt(df) sinh(v / sqrt(df))) in steps of v.

    They agree with it and two derivatives at every node (Hermite). The density of u = v / sqrt(df)
    is cosh(u)^-df / B(1/2, df/2).
    """
    u = STEP * np.arange(nodes) / np.sqrt(df)
    with np.errstate(divide="ignore"):
        value = np.log(scipy.special.stdtr(df, -np.sqrt(df) * np.sinh(u)))
    log_cosh = np.log1p(2 * np.sinh(u / 2) ** 2)
    hazard = scipy.special.poch(df / 2, 0.5) / np.sqrt(np.pi) * np.exp(-df * log_cosh - value)
    slope = -STEP * hazard / np.sqrt(df)
    bend = -(STEP**2) * hazard * (hazard - df * np.tanh(u)) / df
    rise = np.diff(value) - slope[:-1] - bend[:-1] / 2
    turn, change = np.diff(slope) - bend[:-1], np.diff(bend)
    return np.array(
        [
            value[:-1],
            slope[:-1],
            bend[:-1] / 2,
            10 * rise - 4 * turn + change / 2,
            -15 * rise + 7 * turn - change,
            6 * rise - 3 * turn + change / 2,
        ]
    )
