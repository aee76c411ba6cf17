"""Verdicts of markers and of steps of a mechanism: their rules one by one, and what must not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_evidence import evidence, gene_table
from properties import few, generators, numbers
from scipy.stats import false_discovery_control, t
from simulated_response import PACK

from rxpress.interpretation import markers, mechanism
from rxpress.interpretation.drug_pack import GeneSet, Marker, Step
from rxpress.interpretation.gene_names import PackGene
from rxpress.interpretation.markers import adjust_over_panel, judge_markers, verdicts
from rxpress.interpretation.mechanism import mechanism_table, pack_collection, step_verdicts
from rxpress.interpretation.pathway_tables import pathway_tables
from rxpress.intervals import interval_quantile

DIRECTIONS = {"as expected", "opposite"}
SWAPPED = {"as expected": "opposite", "opposite": "as expected"}
CONTRAST = "drug.bortezomib.all"
P_VALUES = numbers(0, 1) | st.just(np.nan) | st.sampled_from([0.0, 0.049, 0.05, 1.0])
CHANGES = numbers(-6, 6) | st.just(np.nan) | st.just(0.0)
MARKERS = st.lists(
    st.tuples(st.sampled_from([-1, 0, 1]), CHANGES, numbers(0, 2) | st.just(np.nan), P_VALUES, P_VALUES),
    min_size=1,
    max_size=12,
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["up", "down"]), st.integers(0, 5), CHANGES, CHANGES, P_VALUES),
    min_size=1,
    max_size=12,
)


def swap(said: list[str]) -> list[str]:
    return [SWAPPED.get(one, one) for one in said]


# Markers


def marker_rule(expected: int, b: float, half: float, p: float, adjusted: float) -> str:
    """The verdict of one marker, as the module's text gives the rules; b ± half is the interval."""
    if np.isnan(b) or np.isnan(half) or (b == 0 and p == 1):
        return "not measured"
    if b - half > -np.log2(1.5) and b + half < np.log2(1.5) and not np.isnan(p):
        return "no change"
    if adjusted < 0.05 and expected * b > 0:
        return "as expected"
    if adjusted < 0.05 and expected * b < 0:
        return "opposite"
    return "inconclusive"


def judged(rows: list[tuple[int, float, float, float, float]], sign: int = 1) -> list[str]:
    expected, b, half, p, adjusted = map(np.array, zip(*rows, strict=True))
    b = sign * b
    return list(verdicts(expected, b, b - half, b + half, p, adjusted))


@few
@given(MARKERS)
@example([(1, 0.0, 1.0, 0.01, 0.01)])
def test_markers_get_their_verdict_by_the_rules_and_the_other_one_with_the_other_sign(
    rows: list[tuple[int, float, float, float, float]],
) -> None:
    found = judged(rows)
    assert found == [marker_rule(*row) for row in rows]
    assert judged(rows, -1) == swap(found)


@few
@given(MARKERS, STEPS, numbers(0.0001, 0.05))
def test_a_stricter_level_never_adds_a_direction(
    rows: list[tuple[int, float, float, float, float]],
    steps: list[tuple[str, int, float, float, float]],
    alpha: float,
) -> None:
    loose = [*judged(rows), *judged_steps(steps)]
    with pytest.MonkeyPatch.context() as patch:
        for module in (markers, mechanism):
            patch.setattr(module, "ALPHA", alpha)
        strict = [*judged(rows), *judged_steps(steps)]
    for before, after in zip(loose, strict, strict=True):
        assert after in ({before, "inconclusive"} if before in DIRECTIONS else {before})


@few
@given(st.lists(st.tuples(st.integers(-1, 8), numbers(0, 1)), min_size=1, max_size=15))
def test_p_is_adjusted_over_the_genes_of_a_panel_each_once(given_rows: list[tuple[int, float]]) -> None:
    p_of = dict(given_rows)  # a gene has one p, however many markers are that gene
    rows = [row for row, _ in given_rows]
    p_value = np.array([np.nan if row < 0 else p_of[row] for row in rows])
    genes = sorted(set(rows) - {-1})
    expected = {-1: np.nan}
    if genes:
        expected |= dict(zip(genes, false_discovery_control([p_of[gene] for gene in genes]), strict=True))
    found = adjust_over_panel(p_value, np.array(rows))
    np.testing.assert_allclose(found, [expected[row] for row in rows])


def t_table(names: list[str], generator: np.random.Generator, df: float) -> pd.DataFrame:
    """A gene table of which the p-values are those of Student's t with `df` degrees of freedom."""
    estimate = generator.normal(0, 1.5, len(names))
    error = generator.uniform(0.05, 0.6, len(names))
    p_value = 2 * t.sf(np.abs(estimate / error), df)
    table = gene_table(names, estimate / error)
    return table.assign(log2_fold_change=estimate, lfc_se=error, p_value=p_value)


def judge(panel: list[Marker], table: pd.DataFrame) -> pd.DataFrame:
    return judge_markers(panel, evidence({CONTRAST: table}).design, {CONTRAST: table}, ["bortezomib"])


@few
@given(generators(), st.sampled_from([3.0, 8.0, 30.0, 1e9]))
def test_markers_do_not_see_other_genes_nor_the_order_of_genes_or_markers(
    generator: np.random.Generator, df: float
) -> None:
    names = [f"G{i}" for i in range(40)]
    table = t_table(names, generator, df)
    assert interval_quantile(table) == pytest.approx(t.ppf(0.975, df), rel=1e-5)
    expected = generator.choice(["up", "down", "unknown"], 12)
    panel = [
        Marker(PackGene(n), e, "drug", "role", "pmid:1", "") for n, e in zip(names, expected, strict=False)
    ]
    found = judge(panel, table)
    more = t_table([f"UNRELATED{i}" for i in range(25)], generator, df)
    more["gene_id"] = [f"ENSG9{i:010d}.1" for i in range(25)]
    mixed = pd.concat([table, more]).sample(frac=1, random_state=generator).reset_index(drop=True)
    order = generator.permutation(len(panel))
    again = judge([panel[i] for i in order], mixed)
    pd.testing.assert_frame_equal(again, found.iloc[order].reset_index(drop=True), rtol=1e-5)
    turned = judge(panel, table.assign(log2_fold_change=-table["log2_fold_change"]))
    assert turned["verdict"].tolist() == swap(found["verdict"].tolist())
    np.testing.assert_allclose(turned["lfc_lower"], -found["lfc_upper"])


# Steps of a mechanism


def step_rule(expected: str, measured: int, statistic: float, change: float, adjusted: float) -> str:
    """The verdict of one step, as the module's text gives the rules."""
    if measured < 3:
        return "not measured"
    sign = 1 if expected == "up" else -1
    if adjusted < 0.05 and sign * statistic > 0 and sign * change > 0:
        return "as expected"
    if adjusted < 0.05 and sign * statistic < 0 and sign * change < 0:
        return "opposite"
    return "inconclusive"


def judged_steps(rows: list[tuple[str, int, float, float, float]], sign: int = 1) -> list[str]:
    expected, measured, statistic, change, adjusted = map(list, zip(*rows, strict=True))
    numbers = (np.array(values) for values in (statistic, change))
    return list(
        step_verdicts(expected, np.array(measured), *(sign * one for one in numbers), np.array(adjusted))
    )


@few
@given(STEPS)
def test_steps_get_their_verdict_by_the_rules_and_the_other_one_with_the_other_sign(
    rows: list[tuple[str, int, float, float, float]],
) -> None:
    found = judged_steps(rows)
    assert found == [step_rule(*row) for row in rows]
    assert judged_steps(rows, -1) == swap(found)


SETS = {"RISING": 1.0, "FALLING": -1.0, "STILL": 0.0}
SET_GENES = {name: tuple(f"{name}{i}" for i in range(15)) for name in SETS}
STEPS_OF_SETS = tuple(Step(f"{name} {way}", name, way, "") for name in SETS for way in ("up", "down"))
SMALL_PACK = replace(
    PACK,
    markers=(),
    signatures=(),
    gene_sets=tuple(GeneSet(name, "pmid:1", genes) for name, genes in SET_GENES.items()),
    steps=STEPS_OF_SETS,
)


def steps_of(table: pd.DataFrame) -> pd.DataFrame:
    study, collection = evidence({CONTRAST: table}), pack_collection(SMALL_PACK, None)
    pathways = pathway_tables(study, [collection], permutations=10).pathways
    return mechanism_table(study, SMALL_PACK, collection, pathways)


@settings(few, max_examples=4)  # a second each: sets that stand out are held against many random ones
@given(generators())
def test_planted_steps_are_found_in_any_order_of_genes_and_turn_with_all_of_them(
    generator: np.random.Generator,
) -> None:
    names = [*(gene for genes in SET_GENES.values() for gene in genes), *(f"OTHER{i}" for i in range(400))]
    planted = np.repeat([*(4 * sign for sign in SETS.values()), 0.0], [15, 15, 15, 400])
    table = gene_table(names, generator.normal(planted, 1))
    found = steps_of(table)
    said = dict(zip(found["step"], found["verdict"], strict=True))
    assert {name: said[name] for name in said if not name.startswith("STILL")} == {
        "RISING up": "as expected",
        "RISING down": "opposite",
        "FALLING up": "opposite",
        "FALLING down": "as expected",
    }
    mean = table.groupby(table["gene_name"].str.rstrip("0123456789"))["log2_fold_change"].mean()
    np.testing.assert_allclose(found["mean_log2_fold_change"], mean[found["gene_set"]])
    columns = [
        "step",
        "verdict",
        "measured",
        "mean_log2_fold_change",
        "camera_statistic",
        "camera_p_adjusted",
    ]
    other = steps_of(table.sample(frac=1, random_state=generator).reset_index(drop=True))
    pd.testing.assert_frame_equal(other[columns], found[columns])
    turned = steps_of(gene_table(names, -table["statistic"].to_numpy()))
    assert turned["verdict"].tolist() == swap(found["verdict"].tolist())
    np.testing.assert_allclose(turned["camera_statistic"], -found["camera_statistic"])
    untested = gene_table([f"UNTESTED{i}" for i in range(30)], np.full(30, np.nan))
    untested["gene_id"] = [f"ENSG9{i:010d}.1" for i in range(30)]
    pd.testing.assert_frame_equal(
        steps_of(pd.concat([table, untested], ignore_index=True))[columns], found[columns]
    )
