"""Array files of any content read back, and what is computed from any probe intensities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from array_files import CDFS, CELS, Chip, Scan
from array_fuzzing import probesets_of
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, matrices, numbers
from scipy.stats import trim_mean, wilcoxon

from rxpress.arrays.cdf import read_cdf
from rxpress.arrays.cel import read_cel
from rxpress.arrays.expression_matrix import is_natural, log2_values
from rxpress.arrays.mas5 import (
    detection_calls,
    detection_p_values,
    find_zones,
    scale_factors,
    tukey_biweight,
)
from rxpress.arrays.plm import standard_errors
from rxpress.arrays.rma import correct_background, density_mode, median_polish, normalize_quantiles


@pytest.mark.parametrize("form", CELS)
@few
@given(generators(), st.integers(2, 7), st.integers(2, 7))
def test_a_cel_file_of_any_form_reads_back(
    tmp_path: Path, form: str, generator: np.random.Generator, columns: int, rows: int
) -> None:
    cells = columns * rows
    means = np.round(generator.uniform(20, 60000, cells), 1).astype(np.float32)
    deviations = np.round(generator.uniform(0, 900, cells), 1).astype(np.float32)
    pixels = generator.integers(1, 30, cells)
    chosen = generator.choice(cells, 2, replace=False)
    places = [(int(cell % columns), int(cell // columns)) for cell in chosen]
    scan = Scan("Made-U1", columns, rows, means, deviations, pixels, places[:1], places[1:])
    path = tmp_path / "a.CEL"
    path.write_bytes(CELS[form](scan))
    found = read_cel(path)
    assert (found.chip, found.columns, found.rows) == ("Made-U1", columns, rows)
    np.testing.assert_allclose(found.intensities, means, rtol=1e-6)
    np.testing.assert_allclose(found.standard_deviations, deviations, rtol=1e-6)
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.masks.tolist() == chosen[:1].tolist()
    assert found.outliers.tolist() == chosen[1:].tolist()


@pytest.mark.parametrize("form", CDFS)
@few
@given(generators(), st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_a_cdf_file_of_any_form_reads_back(
    tmp_path: Path, form: str, generator: np.random.Generator, sizes: list[int]
) -> None:
    cells = generator.permutation(64)[: 2 * sum(sizes)].reshape(-1, 2)
    parts = np.split(cells, np.cumsum(sizes)[:-1])
    probesets = [(f"{i}_at", 1 + i % 2, pairs) for i, pairs in enumerate(parts)]
    path = tmp_path / "Made-U1.cdf"
    path.write_bytes(CDFS[form](Chip("Made-U1", 8, 8, probesets)))
    found = probesets_of(read_cdf(path))
    assert [name for name, *_ in found] == [name for name, *_ in probesets]
    assert [direction for _, direction, _ in found] == [direction for _, direction, _ in probesets]
    for (*_, read), (*_, written) in zip(found, probesets, strict=True):
        np.testing.assert_array_equal(read, written)


@few
@given(generators())
def test_arrays_without_ties_have_one_distribution_and_keep_their_order(
    generator: np.random.Generator,
) -> None:
    intensity = generator.lognormal(6, 1, (50, 4))
    found = normalize_quantiles(intensity)
    expected = np.sort(intensity, axis=0).mean(axis=1)
    np.testing.assert_allclose(np.sort(found, axis=0), np.tile(expected[:, None], 4), rtol=1e-12)
    np.testing.assert_array_equal(np.argsort(found, axis=0), np.argsort(intensity, axis=0))
    np.testing.assert_allclose(normalize_quantiles(found), found, rtol=1e-12)


@few
@given(matrices((2, 15), (1, 4), numbers(1, 1e5)))
def test_normalized_intensities_stay_within_those_measured(intensity: np.ndarray) -> None:
    found = normalize_quantiles(intensity)
    assert found.min() >= intensity.min() * (1 - 1e-12)
    assert found.max() <= intensity.max() * (1 + 1e-12)


@few
@given(generators(), st.integers(3, 12))
def test_median_polish_finds_arrays_and_probes_that_add_up(
    generator: np.random.Generator, probes: int
) -> None:
    array, probe = generator.normal(8, 2, 5), generator.normal(0, 1, probes)
    probe -= np.median(probe)
    intensity = 2 ** (array + probe[:, None])
    found = median_polish(intensity, np.zeros(probes, dtype=int))
    np.testing.assert_allclose(found[0], array, atol=1e-9)
    outlier = intensity.copy()
    outlier[0, 0] *= 64
    np.testing.assert_allclose(median_polish(outlier, np.zeros(probes, dtype=int))[0], array, atol=1e-9)
    if probes > 3:
        errors = standard_errors(
            np.log2(intensity) + generator.normal(0, 0.1, intensity.shape), np.zeros(probes, int)
        )
        assert (errors > 0).all()


@few
@given(generators())
def test_background_of_an_array_keeps_the_order_of_probes_and_leaves_them_positive(
    generator: np.random.Generator,
) -> None:
    intensity = generator.normal(100, 15, 3000).clip(20) + generator.exponential(300, 3000)
    found = correct_background(intensity[:, None])[:, 0]
    assert (found > 0).all()
    assert (np.diff(found[np.argsort(intensity)]) >= -1e-9).all()
    assert (found < intensity).all()


@few
@given(generators(), numbers(-50, 50), numbers(0.1, 20))
def test_mode_of_a_density_moves_with_the_values(
    generator: np.random.Generator, level: float, unit: float
) -> None:
    values = np.sort(generator.gamma(3, 20, 500))
    mode, spread = density_mode(values), np.ptp(values)
    assert values[0] <= mode <= values[-1]
    np.testing.assert_allclose(
        density_mode(level + unit * values), level + unit * mode, atol=unit * spread / 1e3
    )


@few
@given(generators(), numbers(-5, 5))
def test_biweight_moves_with_the_values_and_ignores_one_far_off(
    generator: np.random.Generator, level: float
) -> None:
    values = generator.normal(8, 1, (3, 11, 2))
    found = tukey_biweight(values)
    np.testing.assert_allclose(tukey_biweight(values + level), found + level, atol=1e-9)
    assert (found >= values.min(axis=1, keepdims=True)).all()
    assert (found <= values.max(axis=1, keepdims=True)).all()
    near, far = values.copy(), values.copy()
    near[:, 0], far[:, 0] = 1e3, 1e6
    np.testing.assert_allclose(tukey_biweight(near), tukey_biweight(far), atol=1e-9)


@few
@given(generators(), st.integers(5, 20))
def test_detection_is_the_signed_rank_test_of_scipy(generator: np.random.Generator, pairs: int) -> None:
    pm, mm = generator.uniform(50, 5000, (2, pairs, 1))
    found = detection_p_values(pm, mm, np.zeros(pairs, dtype=int))
    score = (pm - mm) / (pm + mm) - 0.015
    expected = wilcoxon(score[:, 0], alternative="greater", method="approx", correction=False).pvalue
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-6)
    assert detection_calls(found)[0, 0] == ("P" if expected < 0.04 else "M" if expected < 0.06 else "A")


@few
@given(generators(), numbers(50, 2000))
def test_scaled_signals_have_the_target_as_trimmed_mean(
    generator: np.random.Generator, target: float
) -> None:
    signal = generator.lognormal(5, 2, (200, 3))
    scaled = signal * scale_factors(signal, target)
    np.testing.assert_allclose(trim_mean(scaled, 0.02, axis=0), target, rtol=1e-9)


@few
@given(st.integers(8, 100), st.integers(8, 100))
def test_zones_share_a_chip_evenly_and_weights_add_up(columns: int, rows: int) -> None:
    cells = np.arange(columns * rows)
    zones = find_zones(cells % columns, cells // columns, (columns, rows))
    sizes = np.bincount(zones.number, minlength=16)
    assert (sizes >= (columns // 4) * (rows // 4)).all()
    assert (sizes <= -(-columns // 4) * -(-rows // 4)).all()
    np.testing.assert_allclose(zones.weight.sum(axis=1), 1, rtol=1e-9)


@few
@given(generators())
def test_logarithms_are_left_and_intensities_are_taken_to_log2(generator: np.random.Generator) -> None:
    log2 = generator.uniform(2, 14, (200, 4))
    assert not is_natural(log2)
    np.testing.assert_array_equal(log2_values(log2).values, log2)
    assert is_natural(2**log2)
    np.testing.assert_allclose(log2_values(2**log2).values, log2, rtol=1e-9)
