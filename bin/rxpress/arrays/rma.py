"""Robust multi-array average (RMA): probe intensities to log2 expression of probesets.

Irizarry et al., Biostatistics 2003; Bolstad et al., Bioinformatics 2003 (quantile normalisation).
The numbers are those of Bioconductor's `affy::rma`: the estimates of its background, ranks of ties and the
stopping rule of its median polish are part of the method as published values know it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from rxpress.arrays.probesets import batches_by_size, median

DENSITY_POINTS = 2**14
POLISH_ITERATIONS = 10
POLISH_TOLERANCE = 0.01


@dataclass(frozen=True)
class Background:
    """Intensity as normal noise plus exponential signal: noise mean mu and sd sigma, signal rate alpha."""

    alpha: float
    mu: float
    sigma: float


def rma(pm: np.ndarray, probeset: np.ndarray) -> np.ndarray:
    """Log2 expression of probesets.

    pm : (probes, arrays) intensities of perfect-match probes; probeset : (probes,) index of each probe's
    probeset, 0 to n - 1. Returns (n, arrays). Beside `pm` one more array of its size is held. Raises
    ValueError where an array has no background to estimate.
    """
    return median_polish(normalize_quantiles(correct_background(pm), overwrite=True), probeset)


def correct_background(pm: np.ndarray) -> np.ndarray:
    """Expected signal given the observed intensity, each array with a background of its own.

    pm : (probes, arrays) intensities. Returns (probes, arrays), all positive, in column order.
    """
    corrected = np.empty(pm.shape, order="F")
    for array in range(pm.shape[1]):
        intensity = pm[:, array].astype(float)
        try:
            corrected[:, array] = expected_signal(intensity, estimate_background(intensity))
        except ValueError as error:
            raise ValueError(f"array {array}: {error}") from None
    return corrected


def estimate_background(intensity: np.ndarray) -> Background:
    """Background of one array, (probes,): modes of densities, as `preprocessCore::rma.background.correct`.

    mu is the mode of the probes below the mode of all; sigma comes from the probes below mu, a half normal;
    1 / alpha is the mode of what the others exceed mu by.
    """
    ordered = np.sort(intensity)
    if not (np.isfinite(ordered[-1]) and np.isfinite(ordered[0])):
        raise ValueError("intensities are not all finite")
    mu = density_mode(ordered[: np.searchsorted(ordered, density_mode(ordered), side="left")])
    below = ordered[: np.searchsorted(ordered, mu, side="left")]
    above = ordered[np.searchsorted(ordered, mu, side="right") :]
    if len(below) < 2:
        raise ValueError("too few intensities below their mode to estimate a background")
    sigma = np.sqrt(2 * np.sum((below - mu) ** 2) / (len(below) - 1))
    return Background(alpha=1 / density_mode(above - mu), mu=mu, sigma=float(sigma))


def density_mode(ordered: np.ndarray) -> float:
    """Mode of a kernel density of sorted values: Epanechnikov, bandwidth nrd0, 2^14 points, as R's `density`.

    The density is computed on a grid that reaches 7 bandwidths beyond the values and read off, by linear
    interpolation, on one that reaches 3: the mode is a point of the second.
    """
    if len(ordered) < 2:
        raise ValueError("too few intensities on one side of their mode to estimate a background")
    bandwidth = bandwidth_nrd0(ordered)
    low, high = ordered[0] - 7 * bandwidth, ordered[-1] + 7 * bandwidth
    n = DENSITY_POINTS

    position = (ordered - low) / ((high - low) / (n - 1))
    cell = position.astype(np.int64)
    part = position - cell
    mass = np.bincount(cell, 1 - part, 2 * n) + np.bincount(cell + 1, part, 2 * n)

    distance = np.arange(n + 1) / (2 * n - 1) * 2 * (high - low)
    reach = bandwidth * np.sqrt(5)
    kernel = np.maximum(0, 1 - (distance / reach) ** 2)
    kernel = np.concatenate([kernel, kernel[-2:0:-1]])
    density = np.fft.irfft(np.fft.rfft(mass) * np.fft.rfft(kernel), 2 * n)[:n]

    steps = np.arange(n) / (n - 1)
    seen_low, seen_high = low + 4 * bandwidth, high - 4 * bandwidth
    seen = steps * (seen_high - seen_low) + seen_low
    return float(seen[np.argmax(np.interp(seen, steps * (high - low) + low, density))])


def bandwidth_nrd0(ordered: np.ndarray) -> float:
    """Silverman's rule of thumb, with R's ways out where the spread is zero."""
    deviation = float(np.std(ordered, ddof=1))
    lower, upper = np.quantile(ordered, [0.25, 0.75])
    spread = min(deviation, float(upper - lower) / 1.34) or deviation or abs(float(ordered[0])) or 1.0
    return 0.9 * spread * len(ordered) ** -0.2


def expected_signal(intensity: np.ndarray, background: Background) -> np.ndarray:
    """E(signal | intensity) = a + sigma phi(a / sigma) / Phi(a / sigma), a = intensity - mu - alpha sigma^2.

    intensity : (probes,) of one array. Returns (probes,).
    """
    sigma = background.sigma
    a = intensity - background.mu - background.alpha * sigma**2
    # phi(z) / Phi(z) by the scaled erfc: the quotient itself is 0 / 0 for intensities far below mu.
    return a + sigma * np.sqrt(2 / np.pi) / scipy.special.erfcx(-a / (sigma * np.sqrt(2)))


def normalize_quantiles(intensity: np.ndarray, overwrite: bool = False) -> np.ndarray:
    """Give every array the same distribution: the mean, over arrays, of their sorted intensities.

    intensity : (probes, arrays). Tied probes get the value at their average rank (between two values their
    mean), as `preprocessCore::normalize.quantiles`. Returns (probes, arrays).
    """
    target = np.zeros(intensity.shape[0])
    for column in intensity.T:
        target += np.sort(column)
    target /= intensity.shape[1]

    normalized = intensity if overwrite else np.empty(intensity.shape, order="F")
    for array, column in enumerate(intensity.T):
        order = np.argsort(column)
        ordered = column[order]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        end = np.append(first[1:], len(ordered))
        twice_middle = first + end - 1
        at_rank = 0.5 * (target[twice_middle // 2] + target[(twice_middle + 1) // 2])
        normalized[order, array] = np.repeat(at_rank, end - first)
    return normalized


def median_polish(intensity: np.ndarray, probeset: np.ndarray) -> np.ndarray:
    """Log2 expression of each probeset on each array: overall plus array effect of Tukey's median polish.

    intensity : (probes, arrays), positive; probeset : (probes,) index of each probe's probeset, 0 to n - 1.
    Returns (n, arrays).
    """
    arrays = intensity.shape[1]
    expression = np.empty((int(probeset.max()) + 1, arrays))
    for sets, rows in batches_by_size(probeset, arrays):
        expression[sets] = _polish(np.log2(intensity[rows]))
    return expression


def _polish(residual: np.ndarray) -> np.ndarray:
    """Median polish of (k, probes, arrays) at once, probes first; returns (k, arrays). Overwrites `residual`.

    A probeset is finished when its sum of absolute residuals changed by less than 1 % (at most 10 rounds);
    the finished ones leave, so that each stops where it would alone.
    """
    k, probes, arrays = residual.shape
    result = np.empty((k, arrays))
    going = np.arange(k)
    overall, probe, array = np.zeros((k, 1, 1)), np.zeros((k, probes, 1)), np.zeros((k, 1, arrays))
    before = np.zeros(k)
    for _ in range(POLISH_ITERATIONS):
        overall, probe, array = _sweep(residual, overall, probe, array)
        now = np.abs(residual).sum(axis=(1, 2))
        result[going] = (overall + array)[:, 0]
        on = (now > 0) & (np.abs(now - before) >= POLISH_TOLERANCE * now)
        if not on.any():
            break
        if not on.all():
            going, residual, overall, probe, array, now = (
                part[on] for part in (going, residual, overall, probe, array, now)
            )
        before = now
    return result


def _sweep(
    residual: np.ndarray, overall: np.ndarray, probe: np.ndarray, array: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One round: medians of probes, then of arrays, leave `residual` (in place) and join the effects."""
    change = median(residual, axis=2)
    residual -= change
    probe = probe + change
    centre = median(array, axis=2)
    array, overall = array - centre, overall + centre

    change = median(residual, axis=1)
    residual -= change
    array = array + change
    centre = median(probe, axis=1)
    return overall + centre, probe - centre, array
