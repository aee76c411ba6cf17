"""Tests of gene sets against gseapy and R's limma (tests/golden/interpretation), by hand and by principle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from interpretation_goldens import golden, golden_expression, golden_sets, walk
from scipy.stats import chisquare

from rxpress.interpretation import gene_sets
from rxpress.interpretation.gene_sets import (
    camera,
    draw_positions,
    find_members,
    over_representation,
    prerank,
)

EXACT = 1e-10


def prerank_statistic() -> np.ndarray:
    expression = golden_expression()
    return (expression["s1"] - expression.drop(columns="s1").mean(axis=1)).to_numpy()


def random_sets(genes: int, sizes: list[int], seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.choice(genes, size, replace=False) for size in sizes]


def test_members_are_rows_and_what_is_missing_is_named() -> None:
    found = find_members(["A", "B", "C"], {"set": ["C", "X", "A", "C"], "none": ["Y"]})
    assert found["set"].rows.tolist() == [0, 2]
    assert found["set"].missing == ("X",)
    assert len(found["none"].rows) == 0
    with pytest.raises(ValueError, match="more than once: B"):
        find_members(["A", "B", "B"], {})


def test_enrichment_score_is_that_of_gseapy() -> None:
    ours = prerank(prerank_statistic(), golden_sets(), permutations=10, most_permutations=10)
    assert np.abs(ours.score - golden("prerank")["ES"]).max() < 1e-9


def test_p_and_normalized_score_are_those_of_gseapy_up_to_chance() -> None:
    theirs = golden("prerank")
    ours = prerank(prerank_statistic(), golden_sets(), permutations=20_000, most_permutations=20_000)
    np.testing.assert_allclose(ours.normalized_score, theirs["NES"], rtol=0.02)
    p = theirs["NOM p-val"].to_numpy()
    assert np.all(np.abs(ours.p_value - p) < 5 * np.sqrt(p * (1 - p) / 5000))


def test_enrichment_score_is_the_peak_of_the_running_sum() -> None:
    statistic = np.random.default_rng(3).normal(size=40)
    sets = random_sets(40, [1, 1, 2, 3, 8, 20, 38, 39], seed=4)
    ours = prerank(statistic, sets, permutations=5, most_permutations=5)
    np.testing.assert_allclose(ours.score, [walk(statistic, rows) for rows in sets], atol=EXACT)


def test_leading_edge_holds_the_genes_up_to_the_peak() -> None:
    statistic = np.array([-3.0, 5.0, 0.5, 4.0, -0.2, 1.0, -4.0])
    top, bottom = np.array([1, 3, 4]), np.array([0, 6, 2])
    ours = prerank(statistic, [top, bottom], permutations=5, most_permutations=5)
    assert ours.score == pytest.approx([9 / 9.2, -7 / 7.5 + 0])
    assert [edge.tolist() for edge in ours.leading_edge] == [[1, 3], [6, 0]]


def test_a_planted_set_gets_more_permutations_and_a_p_below_the_first_floor_but_never_zero() -> None:
    statistic = np.random.default_rng(5).normal(size=500)
    planted, chance = np.arange(30), np.arange(100, 130)
    statistic[planted] -= 2.5
    ours = prerank(statistic, [planted, chance], permutations=100, most_permutations=5000)
    assert ours.score[0] < 0
    assert ours.permutations.tolist() == [5000, 100]
    assert 1 / 5001 <= ours.p_value[0] < 1 / 2000
    assert ours.p_value[1] > 0.02


def test_random_sets_have_uniform_p_values() -> None:
    statistic = np.random.default_rng(6).standard_t(5, size=2000)
    sets = random_sets(2000, [15, 25, 60, 100] * 100, seed=7)
    p = prerank(statistic, sets, permutations=1000, most_permutations=1000).p_value
    assert 0.02 < (p <= 0.05).mean() < 0.085
    assert 0.4 < (p <= 0.5).mean() < 0.6


def test_chunks_and_the_order_of_sets_do_not_change_results_but_the_seed_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statistic, sets = prerank_statistic(), golden_sets()
    whole = prerank(statistic, sets, permutations=300, most_permutations=300, seed=1)
    turned = prerank(statistic, sets[::-1], permutations=300, most_permutations=300, seed=1)
    other = prerank(statistic, sets, permutations=300, most_permutations=300, seed=2)
    monkeypatch.setattr(gene_sets, "BLOCK_ELEMENTS", 2000)
    monkeypatch.setattr(gene_sets, "CHUNK_ELEMENTS", 700)
    parts = prerank(statistic, sets, permutations=300, most_permutations=300, seed=1)
    assert np.array_equal(whole.p_value, parts.p_value)
    np.testing.assert_allclose(whole.normalized_score, parts.normalized_score, rtol=1e-12)
    assert np.array_equal(whole.p_value, turned.p_value[::-1])
    assert not np.array_equal(whole.p_value, other.p_value)


def test_sets_without_genes_or_with_all_have_no_score() -> None:
    statistic = np.array([3.0, 2.0, -1.0])
    sets = [np.array([], dtype=int), np.arange(3), np.array([0])]
    ours = prerank(statistic, sets, permutations=50, most_permutations=50)
    assert np.isnan(ours.score).tolist() == [True, True, False]
    assert np.isnan(ours.p_adjusted).tolist() == [True, True, False]
    assert ours.permutations.tolist() == [0, 0, 50]
    assert np.isnan(camera(statistic, sets).p_value).tolist() == [True, True, False]
    assert np.isnan(over_representation(statistic > 0, sets).p_value).tolist() == [True, False, False]


def test_a_missing_statistic_is_refused() -> None:
    for test in (prerank, camera):
        with pytest.raises(ValueError, match="missing or infinite"):
            test(np.array([1.0, np.nan, 2.0]), [np.array([0])])


@pytest.mark.parametrize(("name", "ranks"), [("camera", False), ("camera_ranks", True)])
def test_camera_is_that_of_limma(name: str, ranks: bool) -> None:
    sample = golden_expression()["s1"].to_numpy()
    for correlation, theirs in golden(name).groupby("correlation"):
        ours = camera(sample - sample.mean(), golden_sets(), correlation, ranks)
        np.testing.assert_allclose(ours.p_value, theirs["p_value"], rtol=EXACT)
        np.testing.assert_allclose(ours.p_adjusted, theirs["p_adjusted"], rtol=EXACT)
        assert np.array_equal(ours.statistic > 0, theirs["direction"] == "Up")


def test_camera_asks_less_of_correlated_genes() -> None:
    sample, sets = golden_expression()["s1"].to_numpy(), golden_sets()
    each = camera(sample, sets, np.array([0.0, 0.2] * 4)).p_value
    independent = camera(sample, sets, 0.0).p_value
    assert np.array_equal(each[::2], independent[::2])
    assert np.all(each[1::2] > independent[1::2])


def test_over_representation_is_that_of_r() -> None:
    theirs = golden("over_representation")
    selected = np.zeros(600, dtype=bool)
    selected[np.argsort(-golden_expression()["s2"].to_numpy(), kind="stable")[:60]] = True
    ours = over_representation(selected, golden_sets())
    assert np.array_equal(ours.found, theirs["found"])
    np.testing.assert_allclose(ours.p_value, theirs["p_value"], rtol=EXACT)
    np.testing.assert_allclose(ours.p_adjusted, theirs["p_adjusted"], rtol=EXACT)
    np.testing.assert_allclose(ours.expected, ours.size * 0.1)


@pytest.mark.parametrize(("genes", "size"), [(6, 3), (4, 4), (7, 1)])
def test_every_ordered_draw_is_as_likely_as_any_other(genes: int, size: int) -> None:
    draws = np.concatenate(list(draw_positions(genes, size, 60_000, np.random.default_rng(1))))
    seen, times = np.unique(draws, axis=0, return_counts=True)
    assert len(seen) == math.perm(genes, size)
    assert all(len(set(row)) == size for row in seen.tolist())
    assert chisquare(times).pvalue > 0.001


def test_large_draws_hold_no_gene_twice() -> None:
    (draws,) = draw_positions(500, 450, 20, np.random.default_rng(1))
    assert draws.shape == (20, 450)
    assert (np.diff(np.sort(draws, axis=1), axis=1) > 0).all()
