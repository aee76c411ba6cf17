"""Probe-level model: how surely each array's expression is known, from how well its probes agree.

Bolstad, PhD thesis, UC Berkeley 2004; the numbers are those of `preprocessCore::rcModelPLM` (the model of
Bioconductor's affyPLM): log2 intensity = array effect + probe effect, fitted by Huber's M-estimation.
"""

from __future__ import annotations

import numpy as np

from rxpress.arrays.probesets import batches_by_size, median

HUBER_K = 1.345
ITERATIONS = 20
TOLERANCE = 1e-4
NO_SCALE = 1e-10


def sample_probesets(probeset: np.ndarray, most: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the probes of at most `most` probesets, evenly spaced, and their probesets numbered from 0.

    probeset : (probes,) index of each probe's probeset, 0 to n - 1. With these rows `standard_errors` takes
    seconds; a NUSE is a median over probesets and needs no more of them.
    """
    n = int(probeset.max()) + 1
    chosen = np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
    number = np.full(n, -1)
    number[chosen] = np.arange(len(chosen))
    rows = np.flatnonzero(number[probeset] >= 0)
    return rows, number[probeset[rows]]


def standard_errors(log2_pm: np.ndarray, probeset: np.ndarray) -> np.ndarray:
    """Standard error of each probeset's log2 expression on each array.

    log2_pm : (probes, arrays) log2 of corrected and normalised intensities; probeset : (probes,) index of
    each probe's probeset, 0 to n - 1. Returns (n, arrays), NaN for probesets of one probe or studies of one
    array, whose errors cannot be told.
    """
    arrays = log2_pm.shape[1]
    errors = np.full((int(probeset.max()) + 1, arrays), np.nan)
    for sets, rows in batches_by_size(probeset, arrays):
        if rows.shape[1] > 1 and arrays > 1:
            errors[sets] = _fit(log2_pm[rows])
    return errors


def _fit(y: np.ndarray) -> np.ndarray:
    """Standard errors (k, arrays) of the array effects of k models at once; y : (k, probes, arrays).

    Each model stops when its residuals changed by less than 1e-4 of their length; the finished leave.
    """
    errors = np.empty((len(y), y.shape[2]))
    going = np.arange(len(y))
    weight = np.ones(y.shape)
    residual = _residuals(y, weight)
    for turn in range(ITERATIONS):
        scale = median(np.abs(residual).reshape(len(y), -1), axis=1)[:, :, None] / 0.6745
        exact = scale[:, 0, 0] < NO_SCALE
        size = np.maximum(np.abs(residual), NO_SCALE)
        new_weight = np.where(exact[:, None, None], weight, np.minimum(1, HUBER_K * scale / size))
        new_residual = _residuals(y, new_weight)
        change = np.sqrt(
            ((new_residual - residual) ** 2).sum(axis=(1, 2))
            / np.maximum(1e-20, (residual**2).sum(axis=(1, 2)))
        )
        done = exact | (change < TOLERANCE) | (turn == ITERATIONS - 1)
        errors[going[done]] = _errors(new_residual[done], new_weight[done])
        if done.all():
            break
        going, y, weight, residual = (part[~done] for part in (going, y, new_weight, new_residual))
    return errors


def _residuals(y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Residuals of weighted least squares, (k, probes, arrays), by eliminating the array effects."""
    share = weight / weight.sum(axis=1, keepdims=True)
    array_mean = (share * y).sum(axis=1, keepdims=True)
    right = (weight * (y - array_mean)).sum(axis=2)
    probe = _probe_covariance(weight, share) @ right[:, :, None]
    effects = probe - (share * probe).sum(axis=1, keepdims=True)
    residual: np.ndarray = y - array_mean - effects
    return residual


def _probe_covariance(weight: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Unscaled covariance (k, probes, probes) of the probe effects, which sum to zero.

    The Schur complement of the array effects, S = diag(sum of weights) - W' D^-1 W, is singular along 1; on
    effects that sum to zero its inverse is (S + J)^-1 - J, with J = 11'/probes.
    """
    probes = weight.shape[1]
    complement = -weight @ share.transpose(0, 2, 1)
    diagonal = np.arange(probes)
    complement[:, diagonal, diagonal] += weight.sum(axis=2)
    return np.linalg.inv(complement + 1 / probes) - 1 / probes


def _errors(residual: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Standard errors (k, arrays): residual error times the root of diag(D^-1 + D^-1 W S^- W' D^-1)."""
    probes, arrays = residual.shape[1:]
    totals = weight.sum(axis=1)
    share = weight / totals[:, None]
    spread = (share * (_probe_covariance(weight, share) @ share)).sum(axis=1)
    freedom = (probes - 1) * (arrays - 1)
    variance = (weight * residual**2).sum(axis=(1, 2)) / freedom
    result: np.ndarray = np.sqrt(variance[:, None] * (1 / totals + spread))
    return result
