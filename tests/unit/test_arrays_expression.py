"""RMA and MAS5 against R's affy (tests/golden/arrays.R), on made arrays and, where R is, on real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import wilcoxon

from rxpress.arrays.mas5 import Mas5, correct_background, detection_p_values, find_zones, mas5, tukey_biweight
from rxpress.arrays.rma import correct_background as correct_rma_background
from rxpress.arrays.rma import density_mode, median_polish, normalize_quantiles, rma
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "arrays"
AFFY_NORMAL = 1e-7  # accuracy of the approximation to the normal distribution in affy's detection


@dataclass(frozen=True)
class Arrays:
    """Probe pairs of a folder of goldens; `golden` is what R makes of them, `mas5` what we do."""

    folder: Path
    pm: np.ndarray
    mm: np.ndarray
    probeset: np.ndarray
    pm_cell: np.ndarray
    mm_cell: np.ndarray
    chip: tuple[int, int]

    def golden(self, name: str) -> np.ndarray:
        return read_table(self.folder / f"{name}.tsv.gz").to_numpy(float)

    def calls(self) -> np.ndarray:
        return read_table(self.folder / "calls.tsv.gz").to_numpy(str)

    def mas5(self) -> Mas5:
        return mas5(self.pm, self.mm, self.probeset, self.pm_cell, self.mm_cell, self.chip)

    def shuffled(self) -> Arrays:
        order = np.random.default_rng(3).permutation(len(self.probeset))
        probes = ("pm", "mm", "probeset", "pm_cell", "mm_cell")
        return replace(self, **{name: getattr(self, name)[order] for name in probes})


def read_arrays(folder: Path) -> Arrays:
    probes = read_table(folder / "probes.tsv.gz")
    pm = probes.filter(regex=r"^pm\d").to_numpy(float)
    mm = probes.filter(regex=r"^mm\d").to_numpy(float)
    indices = (probes[name].to_numpy(int) for name in ("probeset", "pm_cell", "mm_cell"))
    columns, rows = read_table(folder / "chip.tsv.gz").iloc[0].astype(int)
    return Arrays(folder, pm, mm, *indices, chip=(columns, rows))


@pytest.fixture(scope="module")
def made() -> Arrays:
    return read_arrays(GOLDEN)


@pytest.fixture(scope="module")
def real(affy_on_real_arrays: Path) -> Arrays:
    return read_arrays(affy_on_real_arrays)


def furthest(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest relative difference; a NaN on one side only is infinitely far."""
    return float(np.max(np.nan_to_num(np.abs(ours - theirs) / np.abs(theirs), nan=np.inf)))


def assert_as_affy(arrays: Arrays, p_tolerance: float) -> None:
    assert np.abs(rma(arrays.pm, arrays.probeset) - arrays.golden("rma")).max() < 1e-8
    ours = arrays.mas5()
    assert furthest(ours.signal, arrays.golden("mas5")) < 1e-8
    assert furthest(ours.signal / ours.scale_factor, arrays.golden("mas5_unscaled")) < 1e-8
    assert np.abs(ours.p_value - arrays.golden("p_values")).max() < p_tolerance
    assert np.array_equal(ours.call, arrays.calls())


def test_made_arrays_are_summarised_as_by_affy(made: Arrays) -> None:
    assert set(np.unique(made.calls())) == {"P", "M", "A"}
    assert_as_affy(made, p_tolerance=AFFY_NORMAL)


def test_order_of_probes_does_not_matter(made: Arrays) -> None:
    assert_as_affy(made.shuffled(), p_tolerance=AFFY_NORMAL)


@pytest.mark.real
def test_real_arrays_are_summarised_as_by_affy(real: Arrays) -> None:
    assert real.pm.shape[0] > 5000
    # Pairs of equal score are real: affy's variance allows for some of them, ours for none.
    assert_as_affy(real, p_tolerance=1e-4)


def test_each_step_of_rma_is_that_of_preprocesscore(made: Arrays) -> None:
    corrected = correct_rma_background(made.pm)
    assert furthest(corrected, made.golden("rma_background")) < 1e-10
    assert furthest(normalize_quantiles(corrected), made.golden("quantiles")) < 1e-10
    assert len(np.unique(made.pm[:, 0])) < made.pm.shape[0] / 2, "the arrays should have ties"


def test_background_of_mas5_is_that_of_affy(made: Arrays) -> None:
    cells, first = np.unique(np.concatenate([made.pm_cell, made.mm_cell]), return_index=True)
    intensity = np.concatenate([made.pm, made.mm])[first]
    columns = made.chip[0]
    golden = made.golden("mas5_background")
    assert np.array_equal(cells, golden[:, 0])
    ours, _ = correct_background(intensity, find_zones(cells % columns, cells // columns, made.chip))
    assert furthest(ours, golden[:, 1:]) < 1e-7


def test_mas5_treats_each_array_by_itself(made: Arrays) -> None:
    among_others = [3, 0, 1, 2, 3, 3, 1, 0, 2]
    ours = replace(made, pm=made.pm[:, among_others], mm=made.mm[:, among_others]).mas5()
    assert furthest(ours.signal, made.golden("mas5")[:, among_others]) < 1e-8
    assert np.array_equal(ours.call, made.calls()[:, among_others])


def test_input_is_left_as_it_was(made: Arrays) -> None:
    pm, mm = made.pm.copy(), made.mm.copy()
    rma(made.pm, made.probeset)
    made.mas5()
    assert np.array_equal(pm, made.pm)
    assert np.array_equal(mm, made.mm)


def test_arrays_share_one_distribution_after_normalisation() -> None:
    intensity = np.random.default_rng(1).gamma(2, 100, (500, 3)) * [1, 2, 0.5]
    ordered = np.sort(normalize_quantiles(intensity), axis=0)
    assert np.allclose(ordered, np.sort(intensity, axis=0).mean(axis=1, keepdims=True))


def test_tied_probes_take_the_value_at_their_average_rank() -> None:
    """Of 1.5, 3, 4, 8.5, 9.5 three ties take the second value, two the mean of the last two."""
    intensity = np.column_stack([[9.0, 2, 2, 9, 2], [6.0, 10, 4, 1, 8]])
    assert np.array_equal(
        normalize_quantiles(intensity), np.column_stack([[9, 3, 3, 9, 3], [4, 9.5, 3, 1.5, 8.5]])
    )


def test_intensities_far_below_the_background_stay_finite_and_positive() -> None:
    rng = np.random.default_rng(2)
    pm = np.concatenate([rng.normal(5000, 5, 5000) + rng.exponential(300, 5000), [1.0]])[:, None]
    corrected = correct_rma_background(pm)
    assert np.isfinite(corrected).all()
    assert (corrected > 0).all()


@pytest.mark.parametrize("pm", [np.full((50, 1), 7.0), np.array([[np.nan], [1], [2], [3]]), np.ones((1, 1))])
def test_an_array_without_background_is_an_error_that_names_it(pm: np.ndarray) -> None:
    with pytest.raises(ValueError, match="array 0: "):
        rma(pm, np.zeros(len(pm), dtype=int))


def test_mode_of_a_sharp_peak_is_found() -> None:
    values = np.sort(np.concatenate([np.random.default_rng(4).normal(300, 10, 20000), [65000.0]]))
    assert density_mode(values) == pytest.approx(300, abs=5)


def test_median_polish_finds_additive_effects_exactly() -> None:
    probe, array = np.array([-1.0, 0, 0, 2, 0.5]), np.array([-3.0, 0, 1])
    log2 = 7 + probe[:, None] + array
    expected = 7 + np.median(probe) + array
    assert np.allclose(median_polish(2**log2, np.zeros(5, dtype=int)), expected, atol=1e-12)


def test_a_probeset_without_probes_is_an_error() -> None:
    with pytest.raises(ValueError, match="probeset 1 has no probe"):
        median_polish(np.ones((4, 2)), np.array([0, 0, 2, 2]))


def test_detection_is_the_signed_rank_test() -> None:
    rng = np.random.default_rng(5)
    pm, mm = rng.uniform(100, 2000, (2, 15, 1))
    score = ((pm - mm) / (pm + mm))[:, 0] - 0.015
    expected = wilcoxon(score, alternative="greater", method="asymptotic", correction=False).pvalue
    assert detection_p_values(pm, mm, np.zeros(15, dtype=int))[0, 0] == pytest.approx(expected, rel=1e-10)


def test_saturated_mismatches_do_not_count_unless_all_are() -> None:
    pm, mm = np.array([[500.0], [600], [900], [60000]]), np.array([[100.0], [200], [300], [50000]])
    whole = np.zeros(4, dtype=int)
    assert detection_p_values(pm, mm, whole) == detection_p_values(pm[:3], mm[:3], whole[:3])
    saturated = np.full((4, 1), 50000.0)
    above, below = saturated * 1.2 + pm, saturated * 0.8
    assert detection_p_values(above, saturated, whole)[0, 0] < 0.05
    assert detection_p_values(below, saturated, whole)[0, 0] > 0.95


def test_pairs_without_intensity_say_nothing() -> None:
    nothing = np.zeros((3, 2))
    assert np.array_equal(detection_p_values(nothing, nothing, np.zeros(3, dtype=int)), [[0.5, 0.5]])


def test_biweight_ignores_a_far_outlier() -> None:
    values = np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1000])[None, :, None]
    assert tukey_biweight(values)[0, 0, 0] == pytest.approx(1, abs=0.03)


def test_a_chip_too_small_for_zones_is_an_error() -> None:
    cells = np.arange(400)
    with pytest.raises(ValueError, match=r"zone 1 of 16 has 25 probes, too few"):
        correct_background(np.ones((400, 1)), find_zones(cells % 20, cells // 20, (20, 20)))


def test_mas5_refuses_intensities_that_are_not_finite(made: Arrays) -> None:
    mm = made.mm.copy()
    mm[3, 1] = np.nan
    with pytest.raises(ValueError, match="not all finite"):
        replace(made, mm=mm).mas5()
