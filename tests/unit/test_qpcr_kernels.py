"""Kernels of qPCR against R: t tests, geNorm's M, Pfaffl's ratio, Lin's concordance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rxpress.design.planned_contrasts import Part, combine
from rxpress.qpcr.concordance import lin_concordance
from rxpress.qpcr.contrast_tests import WELCH, ContrastPlan, evaluate, sum_of_means
from rxpress.qpcr.delta_ct import delta_ct, stability
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "qpcr"
CLOSE = 1e-9
CASES = read_table(GOLDEN / "tests.tsv.gz").set_index("case")


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz")


@pytest.mark.parametrize("case", list(CASES.index))
def test_sums_of_group_means_are_tested_as_r_does(case: str) -> None:
    rows = golden("groups").query("case == @case")
    groups = [(group["weight"] * group["value"]).to_numpy() for _, group in rows.groupby("group")]
    found, wanted = sum_of_means(groups), CASES.loc[case]
    for name in ("estimate", "error", "df", "statistic", "p_value"):
        assert getattr(found, name) == pytest.approx(wanted[name], rel=CLOSE), name
    interval = (found.estimate - found.margin, found.estimate + found.margin)
    assert interval == pytest.approx((wanted["lower"], wanted["upper"]), rel=CLOSE)


def test_a_single_value_or_values_without_spread_give_an_estimate_and_no_test() -> None:
    for groups in ([np.array([3.0]), np.array([-1.0, -2.0])], [np.array([2.0, 2.0]), np.array([-1.0, -1.0])]):
        found = sum_of_means(groups)
        assert found.estimate == pytest.approx(sum(g.mean() for g in groups))
        assert np.isnan([found.error, found.df, found.statistic, found.p_value, found.margin]).all()


@pytest.mark.parametrize("sizes", [(3, 3), (3, 5), (3, 3, 3, 3)])
def test_intervals_hold_the_truth_as_often_as_they_say(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    truth, hits, draws = 1.3, 0, 4000
    for _ in range(draws):
        groups = [rng.normal(truth / len(sizes), 0.2 * (1 + i), n) for i, n in enumerate(sizes)]
        found = sum_of_means(groups)
        hits += abs(found.estimate - truth) <= found.margin
    assert 0.935 < hits / draws < 0.975


def test_a_line_enters_an_average_whole_or_not_at_all() -> None:
    """Each line has a part on both sides; B lacks its drug, so that its vehicle must not enter either."""
    parts = tuple(
        Part(line, side, sign, {f"{line}.{arm}": 1.0})
        for line in "AB"
        for side, sign, arm in (("up", 1, "drug"), ("down", -1, "DMSO"))
    )
    conditions = {f"{name}.{i}": name for part in parts for name in part.weights for i in (1, 2)}
    libraries = {sample: (sample,) for sample in conditions}
    plan = ContrastPlan("c", WELCH, combine(parts), parts, conditions, libraries, {}, True, "")
    values = {"A.drug.1": 5.0, "A.drug.2": 6.0, "A.DMSO.1": 1.0, "A.DMSO.2": 2.0, "B.DMSO.1": 90.0}
    found = evaluate(plan, values)
    assert (found.test.estimate, found.lost_lines, found.up, found.down) == (4.0, ("B",), 2, 2)
    assert evaluate(plan, {"B.DMSO.1": 90.0}).missing == ("A.drug", "B.drug", "A.DMSO")


def test_stability_is_the_m_of_genorm() -> None:
    ct, wanted = golden("references"), golden("stability").set_index("gene")["m"]
    found = stability(-ct[list(wanted.index)].to_numpy().T)
    np.testing.assert_allclose(found, wanted, rtol=CLOSE)
    assert np.isnan(stability(-ct[["ref1"]].to_numpy().T)).all()
    with_gap = np.column_stack([ct[list(wanted.index)].to_numpy().T, [np.nan, 1, 2, 3, 4]])
    np.testing.assert_allclose(stability(-with_gap), wanted, rtol=CLOSE)


def test_with_efficiencies_the_mean_difference_is_the_ratio_of_pfaffl() -> None:
    wells = golden("wells").sort_values(["target", "condition", "sample", "well"])
    cubes = {name: rows["ct"].to_numpy().reshape(8, 3) for name, rows in wells.groupby("target")}
    order = ["target", "ref1", "ref2"]
    mean = np.array([cubes[name].mean(axis=1) for name in order])
    sd = np.array([cubes[name].std(axis=1, ddof=1) for name in order])
    factors = wells.groupby("target")["efficiency"].first()[order].to_numpy()
    value = delta_ct(mean, sd, np.full(mean.shape, 3), factors, [1, 2]).value[0]
    ratio = 2 ** -(value[4:].mean() - value[:4].mean())
    assert ratio == pytest.approx(golden("ratios")["ratio"][0], rel=CLOSE)


def test_a_sample_without_one_of_the_references_has_no_delta_ct() -> None:
    mean = np.array([[25.0, 26.0], [20.0, 20.0], [18.0, np.nan]])
    found = delta_ct(mean, np.full((3, 2), 0.1), np.full((3, 2), 3), np.full(3, 2.0), [1, 2])
    assert found.value[0, 0] == 6
    assert np.isnan(found.value[:, 1]).all()
    assert np.isnan(delta_ct(mean, mean, mean, np.full(3, 2.0), []).value).all()


def test_technical_errors_add_in_quadrature() -> None:
    """Livak and Schmittgen (2001), table 1: 30.49 ± 0.15 and 23.63 ± 0.09 give 6.86 ± 0.17 over six wells."""
    mean, sd = np.array([[30.49], [23.63]]), np.array([[0.15], [0.09]])
    found = delta_ct(mean, sd, np.full((2, 1), 6), np.full(2, 2.0), [1])
    assert found.value[0, 0] == pytest.approx(6.86)
    assert found.sd[0, 0] == pytest.approx(0.17, abs=0.005)
    assert found.se[0, 0] == pytest.approx(found.sd[0, 0] / np.sqrt(6))


def test_the_error_of_delta_ct_is_what_repeated_plates_show() -> None:
    """Three wells of a target (SD 0.3), two and four of two references (SD 0.1, 0.4), efficiencies known."""
    rng = np.random.default_rng(3)
    sd, wells, factors = np.array([0.3, 0.1, 0.4]), np.array([3, 2, 4]), np.array([1.9, 2.0, 1.8])
    mean = np.array([[25.0], [20.0], [18.0]]) + rng.normal(0, sd / np.sqrt(wells), (20_000, 3)).T
    single = np.array([[25.0], [20.0], [18.0]]) + rng.normal(0, sd, (20_000, 3)).T
    spread = np.full(mean.shape, sd[:, None])
    found = delta_ct(mean, spread, np.full(mean.shape, wells[:, None]), factors, [1, 2])
    assert found.se[0, 0] == pytest.approx(found.value[0].std(), rel=0.02)
    alone = delta_ct(single, spread, np.full(mean.shape, wells[:, None]), factors, [1, 2])
    assert alone.sd[0, 0] == pytest.approx(alone.value[0].std(), rel=0.02)


def test_lins_concordance_is_that_of_epir() -> None:
    pairs, wanted = golden("pairs"), golden("concordance").iloc[0]
    found = lin_concordance(pairs["qpcr"].to_numpy(), pairs["expression"].to_numpy())
    assert found == pytest.approx((wanted["ccc"], wanted["lower"], wanted["upper"]), rel=CLOSE)
    values = pairs["qpcr"].to_numpy()
    assert lin_concordance(values, values)[0] == pytest.approx(1)
    assert lin_concordance(values, values + 5)[0] < 0.5
