"""MAS 5.0: signal and detection call of each probeset on each array, from perfect-match and mismatch probes.

Affymetrix, Statistical Algorithms Description Document, 2002 (signal); Liu et al., Bioinformatics 2002
(detection). The numbers are those of Bioconductor's `affy::mas5` and `affy::mas5calls`, which part from the
paper in that the test is the normal approximation, for few probe pairs too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from rxpress.arrays.probesets import batches_by_size, median

ZONES = 4
LOWEST_SHARE = 0.02
SMOOTH = 100.0
NOISE_SHARE = 0.5
CONTRAST_TAU = 0.03
SCALE_TAU = 10.0
LEAST_SIGNAL = 2.0**-20
BIWEIGHT_REACH = 5.0
BIWEIGHT_FLOOR = 1e-4
TRIMMED = 0.02
SATURATED = 46000.0
ARRAYS_AT_ONCE = 4


@dataclass(frozen=True)
class Mas5:
    """signal : (probesets, arrays), not logged, trimmed mean 500; scale_factor : (arrays,) what it took;
    background : (arrays,) mean over the zones; p_value, call : (probesets, arrays) of detection, P (present),
    M (marginal) or A (absent)."""

    signal: np.ndarray
    scale_factor: np.ndarray
    background: np.ndarray
    p_value: np.ndarray
    call: np.ndarray


def mas5(
    pm: np.ndarray,
    mm: np.ndarray,
    probeset: np.ndarray,
    pm_cell: np.ndarray,
    mm_cell: np.ndarray,
    chip: tuple[int, int],
    target: float = 500.0,
) -> Mas5:
    """Signal, detection p-values and calls.

    pm, mm : (probes, arrays) raw intensities of probe pairs; probeset : (probes,) index of each pair's
    probeset, 0 to n - 1; pm_cell, mm_cell : (probes,) where each lies, y * columns + x from 0; chip : its
    columns and rows. Raises ValueError where a zone of the chip has too few probes, and for intensities that
    are not finite.
    """
    if not (np.isfinite(pm).all() and np.isfinite(mm).all()):
        raise ValueError("intensities are not all finite")
    # A cell may serve several probesets; the background counts it once.
    cells, first, back = np.unique(np.concatenate([pm_cell, mm_cell]), return_index=True, return_inverse=True)
    zones = find_zones(cells % chip[0], cells // chip[0], chip)

    def process(perfect: np.ndarray, mismatch: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        corrected, background = correct_background(np.concatenate([perfect, mismatch])[first], zones)
        corrected = corrected[back]
        signal = probeset_signal(corrected[: len(perfect)], corrected[len(perfect) :], probeset)
        return signal, background.mean(axis=0), detection_p_values(perfect, mismatch, probeset)

    # Arrays do not depend on each other: a few at a time keep memory small.
    blocks = [slice(start, start + ARRAYS_AT_ONCE) for start in range(0, pm.shape[1], ARRAYS_AT_ONCE)]
    parts = [process(pm[:, block].astype(float), mm[:, block].astype(float)) for block in blocks]
    signal, background, p_value = (np.concatenate(part, axis=-1) for part in zip(*parts, strict=True))
    factor = scale_factors(signal, target)
    return Mas5(signal * factor, factor, background, p_value, detection_calls(p_value))


@dataclass(frozen=True)
class Zones:
    """number : (cells,) which of the 4 x 4 zones a cell lies in; weight : (cells, 16) of each zone there."""

    number: np.ndarray
    weight: np.ndarray


def find_zones(x: np.ndarray, y: np.ndarray, chip: tuple[int, int]) -> Zones:
    """Zones of cells x, y, (cells,) from 0, on a chip of so many columns and rows.

    Weights are 1 / (squared distance to the zone's centre + 100), and add up to 1.
    """
    from_x, from_y = ((at[:, None] - _centres(side)) ** 2 for at, side in zip((x, y), chip, strict=True))
    weight = (from_x[:, :, None] + from_y[:, None, :] + SMOOTH).reshape(len(x), ZONES**2)
    np.reciprocal(weight, out=weight)
    weight /= weight.sum(axis=1, keepdims=True)
    return Zones(_zone(x, chip[0]) * ZONES + _zone(y, chip[1]), weight)


def correct_background(intensity: np.ndarray, zones: Zones) -> tuple[np.ndarray, np.ndarray]:
    """Subtract each cell's background, leaving at least half its noise.

    intensity : (cells, arrays). Background and noise are mean and standard deviation of the lowest 2 % in
    each zone, smoothed over the zones. Returns (cells, arrays), and the background of zones, (16, arrays).
    """
    background, noise = _zone_levels(intensity, zones.number)
    smooth_background, smooth_noise = np.hsplit(zones.weight @ np.hstack([background, noise]), 2)
    return np.maximum(intensity - smooth_background, NOISE_SHARE * smooth_noise), background


def _zone(position: np.ndarray, length: int) -> np.ndarray:
    """Zone 0 to 3 along one side of the chip."""
    return np.searchsorted(np.arange(1, ZONES) * length // ZONES, position, side="right")


def _centres(length: int) -> np.ndarray:
    """Middles of the zones along one side, in cells from 0."""
    return (np.arange(ZONES) + 0.5) * length / ZONES - 0.5


def _zone_levels(intensity: np.ndarray, zone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation, (zones, arrays) each, of the lowest intensities of each zone."""
    levels = np.empty((2, ZONES**2, intensity.shape[1]))
    for number in range(ZONES**2):
        within = intensity[zone == number]
        lowest = int(LOWEST_SHARE * len(within))
        if lowest < 2:
            raise ValueError(
                f"zone {number + 1} of {ZONES**2} has {len(within)} probes, too few for a background"
            )
        darkest = np.partition(within, lowest - 1, axis=0)[:lowest]
        levels[:, number] = darkest.mean(axis=0), darkest.std(axis=0, ddof=1)
    return levels[0], levels[1]


def probeset_signal(pm: np.ndarray, mm: np.ndarray, probeset: np.ndarray) -> np.ndarray:
    """Unscaled signal, (probesets, arrays), of background-corrected probe pairs (probes, arrays)."""
    arrays = pm.shape[1]
    signal = np.empty((int(probeset.max()) + 1, arrays))
    for sets, rows in batches_by_size(probeset, arrays):
        perfect = pm[rows]
        value = np.maximum(perfect - ideal_mismatch(perfect, mm[rows]), LEAST_SIGNAL)
        signal[sets] = 2 ** tukey_biweight(np.log2(value))[:, 0]
    return signal


def ideal_mismatch(pm: np.ndarray, mm: np.ndarray) -> np.ndarray:
    """The mismatch where it is below its perfect match, else what the probeset says it should be.

    pm, mm : (k, size, arrays), background-corrected. The probeset's typical log ratio stands in; where that
    is small too, a value a little below the perfect match.
    """
    ratio = tukey_biweight(np.log2(pm) - np.log2(mm))
    # The second branch is not used above tau, where its denominator may vanish.
    weak = CONTRAST_TAU / (1 + (CONTRAST_TAU - np.minimum(ratio, CONTRAST_TAU)) / SCALE_TAU)
    return np.where(mm < pm, mm, pm / 2 ** np.where(ratio > CONTRAST_TAU, ratio, weak))


def tukey_biweight(values: np.ndarray) -> np.ndarray:
    """One-step Tukey biweight along axis 1 of (k, size, arrays), which is kept with length 1."""
    distance = values - median(values, axis=1)
    u = distance / (BIWEIGHT_REACH * median(np.abs(distance), axis=1) + BIWEIGHT_FLOOR)
    weight = np.where(np.abs(u) <= 1, (1 - u**2) ** 2, 0)
    return (weight * values).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)


def scale_factors(signal: np.ndarray, target: float = 500.0) -> np.ndarray:
    """Per array, what brings the mean signal, without the 2 % at either end, to `target`."""
    return target / scipy.stats.trim_mean(signal, TRIMMED, axis=0)


def detection_p_values(
    pm: np.ndarray, mm: np.ndarray, probeset: np.ndarray, tau: float = 0.015
) -> np.ndarray:
    """One-sided Wilcoxon signed rank test that the pairs' (pm - mm) / (pm + mm) exceed tau.

    pm, mm : (probes, arrays), raw. Returns (probesets, arrays). Pairs whose mismatch is saturated do not
    count, unless all are; nor do pairs exactly at tau or without any intensity. Without a pair left p is 0.5.
    """
    arrays = pm.shape[1]
    p_value = np.empty((int(probeset.max()) + 1, arrays))
    for sets, rows in batches_by_size(probeset, arrays):
        perfect, mismatch = pm[rows].astype(float), mm[rows].astype(float)
        saturated = mismatch > SATURATED
        total = perfect + mismatch
        counts = (total > 0) & (~saturated | saturated.all(axis=1, keepdims=True))
        score = np.divide(perfect - mismatch, total, out=np.full(total.shape, tau), where=counts) - tau
        p_value[sets] = _signed_rank_p(score)
    return p_value


def _signed_rank_p(score: np.ndarray) -> np.ndarray:
    """Normal approximation to the signed rank test that scores (k, size, arrays) exceed 0, ties uncorrected.

    Scores of 0 do not count.
    """
    some = score != 0
    n = some.sum(axis=1)
    # Zeros take the lowest ranks; without them all others move down by their number.
    rank = scipy.stats.rankdata(np.abs(score), axis=1) - (~some).sum(axis=1, keepdims=True)
    above = np.where(score > 0, rank, 0).sum(axis=1) - n * (n + 1) / 4
    deviation = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return scipy.special.ndtr(-np.divide(above, deviation, out=np.zeros(above.shape), where=deviation > 0))


def detection_calls(p_value: np.ndarray, alpha1: float = 0.04, alpha2: float = 0.06) -> np.ndarray:
    """P below alpha1, M below alpha2, else A."""
    return np.where(p_value < alpha1, "P", np.where(p_value < alpha2, "M", "A"))
