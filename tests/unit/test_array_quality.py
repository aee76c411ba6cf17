"""Quality of arrays against R (tests/golden/array_quality.R), and arrays planted to stand out."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rxpress.arrays.outlier_arrays import flag_arrays
from rxpress.arrays.plm import sample_probesets, standard_errors
from rxpress.arrays.quality import (
    BOX,
    Quality,
    assess_arrays,
    hoeffding_d,
    three_five_ratios,
    with_columns,
)
from rxpress.arrays.rma import correct_background, normalize_quantiles, rma
from rxpress.tables import GeneMatrix, read_table

GOLDENS = Path(__file__).resolve().parents[1] / "golden"
SAMPLES = [f"a{i}" for i in range(4)]


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDENS / f"{name}.tsv.gz")


def matrix(values: np.ndarray, samples: list[str] | None = None) -> GeneMatrix:
    ids = np.array([f"{i}_at" for i in range(len(values))])
    return GeneMatrix(ids, ids, samples or [f"a{i}" for i in range(values.shape[1])], values)


@pytest.fixture(scope="module")
def quality() -> Quality:
    """Of the four made arrays that R has seen, by R's own RMA."""
    probes = golden("arrays/probes")
    errors = standard_errors(
        np.log2(golden("arrays/quantiles").to_numpy(float)), probes["probeset"].to_numpy()
    )
    raw = probes.filter(regex=r"^pm\d").to_numpy(float)
    after = golden("arrays/quantiles").to_numpy(float)
    return assess_arrays(matrix(golden("arrays/rma").to_numpy(float)), raw, after, errors)


def test_standard_errors_are_those_of_rcmodelplm() -> None:
    probeset = golden("arrays/probes")["probeset"].to_numpy()
    log2_pm = np.log2(golden("arrays/quantiles").to_numpy(float))
    expected = golden("array_quality/standard_errors").to_numpy(float)
    np.testing.assert_allclose(standard_errors(log2_pm, probeset), expected, rtol=1e-9, equal_nan=True)
    shuffled = np.random.default_rng(1).permutation(len(probeset))
    again = standard_errors(log2_pm[shuffled], probeset[shuffled])
    np.testing.assert_allclose(again, expected, rtol=1e-9, equal_nan=True)


def test_standard_errors_of_sampled_probesets_are_the_same() -> None:
    probeset = golden("arrays/probes")["probeset"].to_numpy()
    log2_pm = np.log2(golden("arrays/quantiles").to_numpy(float))
    rows, numbered = sample_probesets(probeset, most=50)
    sampled = standard_errors(log2_pm[rows], numbered)
    chosen = np.unique(np.linspace(0, probeset.max(), 50).round().astype(int))
    assert sampled.shape == (50, 4)
    np.testing.assert_allclose(sampled, standard_errors(log2_pm, probeset)[chosen], equal_nan=True)


def test_probesets_without_any_noise_have_no_error() -> None:
    exact = np.add.outer(np.arange(5.0), np.arange(3.0))
    np.testing.assert_allclose(standard_errors(exact, np.zeros(5, int)), 0, atol=1e-12)


def test_boxes_of_rle_and_nuse_are_those_of_r(quality: Quality) -> None:
    expected = golden("array_quality/boxes")[list(BOX)].to_numpy(float)
    assert quality.distributions["measure"].tolist() == ["rle"] * 4 + ["nuse"] * 4
    np.testing.assert_allclose(quality.distributions[list(BOX)].to_numpy(float), expected, atol=1e-9)
    by_r = golden("array_quality/boxes").groupby("measure")
    for measure in ("rle", "nuse"):
        box = by_r.get_group(measure)
        table = quality.tables["quality.tsv"]
        np.testing.assert_allclose(table[f"{measure}_median"], box["median"], atol=1e-9)
        iqr = box["upper_quartile"] - box["lower_quartile"]
        np.testing.assert_allclose(table[f"{measure}_iqr"], iqr, atol=1e-9)


def test_mean_correlation_is_that_of_r(quality: Quality) -> None:
    expected = golden("array_quality/measures")["mean_correlation"]
    np.testing.assert_allclose(quality.arrays["mean_correlation"], expected, rtol=1e-10)


def test_densities_are_near_those_of_r(quality: Quality) -> None:
    ours = quality.densities[quality.densities["stage"] == "before"]
    by_r = golden("array_quality/density")
    np.testing.assert_allclose(ours["log2_intensity"], by_r["x"], atol=1e-4)
    assert (
        np.abs(ours["density"].to_numpy() - by_r["density"].to_numpy()).max() < 0.01 * by_r["density"].max()
    )


def test_normalised_arrays_share_one_density(quality: Quality) -> None:
    after = quality.densities[quality.densities["stage"] == "after"]
    curves = after["density"].to_numpy().reshape(4, -1)
    assert np.ptp(curves, axis=0).max() < 0.02 * curves.max()


def test_hoeffdings_d_is_that_of_its_definition() -> None:
    """Hoeffding 1948, section 5: the mean of a kernel over all ordered five of the points."""
    x, y = np.random.default_rng(2).normal(size=(2, 8))

    def psi(values: np.ndarray, i: int, j: int, k: int) -> int:
        return int(values[i] >= values[j]) - int(values[i] >= values[k])

    kernel = [
        psi(x, i, j, k) * psi(x, i, m, n) * psi(y, i, j, k) * psi(y, i, m, n) / 4
        for i, j, k, m, n in permutations(range(8), 5)
    ]
    assert hoeffding_d(x, y) == pytest.approx(30 * np.mean(kernel))


def test_hoeffdings_d_is_one_for_dependence_and_zero_for_none() -> None:
    x, y = np.random.default_rng(2).normal(size=(2, 1000))
    assert hoeffding_d(x, np.exp(-x)) == pytest.approx(1)
    assert abs(hoeffding_d(x, y)) < 0.01


def test_ratios_of_control_probesets_are_of_signals_not_logarithms() -> None:
    ids = np.array(
        [
            *("AFFX-HSAC07/X00351_5_at", "AFFX-HSAC07/X00351_M_at", "AFFX-HSAC07/X00351_3_at"),
            *("AFFX-HUMGAPDH/M33197_3_at", "AFFX-HUMGAPDH/M33197_5_at", "1007_s_at"),
        ]
    )
    values = np.log2([[500, 400], [800, 500], [1000, 2000], [900, 900], [900, 300], [1, 1]])
    ratios = three_five_ratios(GeneMatrix(ids, ids, ["a", "b"], values))
    np.testing.assert_allclose(ratios["actb_3_5_ratio"], [2, 5])
    np.testing.assert_allclose(ratios["gapdh_3_5_ratio"], [1, 3])
    assert list(three_five_ratios(matrix(values))) == ["sample"]


def test_flags_count_columns_that_came_later() -> None:
    values = np.random.default_rng(4).normal(8, 2, (2000, 1)) + np.random.default_rng(5).normal(
        0, 0.2, (2000, 6)
    )
    quality = assess_arrays(matrix(values), None, None, None)
    assert (quality.tables["quality.tsv"]["flagged"] == "false").all()
    more = pd.DataFrame(
        {
            "sample": [f"a{i}" for i in range(6)],
            "scale_factor": [1.0, 1.2, 0.9, 1.1, 5.0, 1.0],
            "percent_present": [50.0, 48.0, 52.0, 30.0, 50.0, 51.0],
            "actb_3_5_ratio": [1.0, 1.1, 1.2, 1.3, 1.0, np.nan],
        }
    )
    table = with_columns(quality, more).tables["quality.tsv"]
    assert table["flagged"].tolist() == ["false", "false", "false", "true", "true", "false"]
    assert "30.0 % present" in table["reasons"][3]
    assert "scale factor 5" in table["reasons"][4]
    assert list(table)[:3] == ["sample", "scale_factor", "percent_present"]


def test_three_to_five_prime_ratio_above_three_is_flagged() -> None:
    table = flag_arrays(pd.DataFrame({"sample": ["a", "b"], "gapdh_3_5_ratio": [2.9, 3.1]}))
    assert table["reasons"].fillna("").tolist() == ["", "3'/5' ratio of GAPDH 3.1 is above 3"]


@pytest.mark.parametrize(
    ("column", "others", "near", "far"),
    [
        ("scale_factor", 1.0, 2.9, 3.1),
        ("scale_factor", 1.0, 1 / 2.9, 1 / 3.1),
        ("percent_present", 50.0, 59.5, 60.5),
        ("actb_3_5_ratio", 1.0, 2.9, 3.1),
        ("nuse_median", 1.0, 1.04, 1.06),
        ("rle_median", 0.0, -0.19, -0.21),
        ("rle_iqr", 0.4, 0.49, 0.51),
        ("ma_dependence", 0.01, 0.14, 0.16),
        ("mean_correlation", 0.99, 0.985, 0.975),
    ],
)
def test_an_array_stands_out_beyond_the_limit_of_its_rule_alone(
    column: str, others: float, near: float, far: float
) -> None:
    for value, flagged in ((near, "false"), (far, "true")):
        arrays = pd.DataFrame({"sample": list("abcdef"), column: [others] * 5 + [value]})
        assert flag_arrays(arrays)["flagged"].tolist() == ["false"] * 5 + [flagged], value


def test_a_matrix_has_the_densities_of_its_values_and_no_nuse() -> None:
    values = np.random.default_rng(6).normal(8, 2, (500, 3))
    values[::7, 1] = np.nan
    tables = assess_arrays(matrix(values), None, None, None).tables
    assert set(tables["densities.tsv"]["stage"]) == {"given"}
    assert set(tables["distributions.tsv"]["measure"]) == {"rle"}
    assert "nuse_median" not in tables["quality.tsv"]
    kept = values[np.isfinite(values).all(axis=1)]
    median = np.median(kept - np.median(kept, axis=1, keepdims=True), axis=0)
    np.testing.assert_allclose(tables["quality.tsv"]["rle_median"], median)


def test_a_single_array_is_assessed_alone() -> None:
    tables = assess_arrays(matrix(np.arange(10.0)[:, None]), None, None, np.full((3, 1), np.nan)).tables
    assert tables["quality.tsv"]["flagged"].tolist() == ["false"]


def made_study(seed: int, arrays: int = 12, degraded: int | None = None) -> tuple[GeneMatrix, Quality]:
    """Probes of 400 probesets on arrays of six samples each of two conditions; one may have degraded RNA.

    Degradation as on real arrays: the signal of a probe falls with its distance from the 3' end, and noise
    makes up for what is lost when the array is scanned brighter.
    """
    random = np.random.default_rng(seed)
    probesets, probes = 400, 11
    level = random.normal(8, 2, (probesets, 1, 1)) + random.normal(0, 0.8, (probesets, 1, 2)) * (
        random.random((probesets, 1, 1)) < 0.1
    )
    level = np.repeat(level, arrays // 2, axis=2) + random.normal(0, 0.15, (probesets, 1, arrays))
    affinity = random.normal(0, 1.2, (probesets, probes, 1))
    log2 = level + affinity + random.normal(0, 0.25, (probesets, probes, arrays))
    if degraded is not None:
        distance = random.permuted(np.tile(np.arange(probes), (probesets, 1)), axis=1)
        log2[:, :, degraded] += 0.12 * (5 - distance) + random.normal(0, 0.5, (probesets, probes))
    background = random.normal(90, 12, (probesets, probes, arrays))
    intensity = (2**log2 * random.lognormal(0, 0.2, arrays) + background).reshape(-1, arrays)
    probeset = np.repeat(np.arange(probesets), probes)
    expression = matrix(rma(intensity, probeset))
    after = normalize_quantiles(correct_background(intensity))
    errors = standard_errors(np.log2(after), probeset)
    return expression, assess_arrays(expression, intensity, after, errors)


def test_a_degraded_array_among_twelve_is_flagged() -> None:
    for seed in range(10):
        table = made_study(seed, degraded=7)[1].tables["quality.tsv"]
        assert table["flagged"][7] == "true"
        assert (table["flagged"] == "true").sum() <= 2


def test_few_good_arrays_are_flagged() -> None:
    """Of 480 arrays in 40 studies without any fault; of 2,400 in 200 such studies it was 0.3 %."""
    tables = [made_study(seed)[1].tables["quality.tsv"] for seed in range(1000, 1040)]
    flagged = [(table["flagged"] == "true").sum() for table in tables]
    assert sum(flagged) <= 0.01 * 480


def test_columns_that_cannot_be_had_are_left_out() -> None:
    """One array without any value leaves no probeset to compare the others by."""
    values = np.random.default_rng(3).normal(8, 2, (50, 3))
    values[:, 1] = np.nan
    tables = assess_arrays(matrix(values), None, None, None).tables
    assert list(tables["quality.tsv"]) == ["sample", "flagged", "reasons"]
    assert len(tables["distributions.tsv"]) == len(tables["ma.tsv"]) == 0
    assert set(tables["densities.tsv"]["sample"]) == {"a0", "a1", "a2"}


def test_points_of_an_ma_plot_are_few_and_keep_the_farthest() -> None:
    values = np.random.default_rng(8).normal(8, 2, (20_000, 1)) + np.random.default_rng(9).normal(
        0, 0.2, (20_000, 3)
    )
    values[123, 2] += 5
    points = assess_arrays(matrix(values), None, None, None).ma
    assert points.groupby("sample").size().tolist() == [1500] * 3
    far = points[points["sample"] == "a2"].set_index("gene_id")
    m = values - np.median(values, axis=1, keepdims=True)
    assert far.loc["123_at", "m"] == pytest.approx(m[123, 2], abs=1e-4)
    assert far.loc["123_at", "a"] == pytest.approx(values[123, 2] - m[123, 2] / 2, abs=1e-4)
    assert far["m"].max() == pytest.approx(m[:, 2].max(), abs=1e-4)
