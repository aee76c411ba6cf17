"""Connectivity with published lists: by definition, by planted responses, and between two real ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from interpretation_goldens import walk

from rxpress.interpretation.connectivity import connectivity
from rxpress.interpretation.gene_sets import find_members

UP, DOWN = np.arange(0, 40), np.arange(40, 70)
NONE = np.array([], dtype=int)


def response(strength: float, seed: int = 1) -> np.ndarray:
    statistic = np.random.default_rng(seed).normal(size=1000)
    statistic[UP] += strength
    statistic[DOWN] -= strength
    return statistic


def test_score_is_half_the_difference_of_enrichment_scores() -> None:
    statistic = response(1.0)
    ours = connectivity(statistic, UP, DOWN, permutations=10)
    up, down = walk(statistic, UP), walk(statistic, DOWN)
    assert (ours.up_score, ours.down_score) == pytest.approx((up, down))
    assert ours.score == pytest.approx((up - down) / 2)


def test_like_responses_connect_and_reversed_ones_connect_negatively() -> None:
    like, reversed_ = (connectivity(sign * response(1.0), UP, DOWN, permutations=2000) for sign in (1, -1))
    assert like.p_value == reversed_.p_value == 1 / 2001
    assert like.score > 0.3
    assert reversed_.score == pytest.approx(-like.score, abs=1e-12)
    assert like.normalized_score > 1.5
    assert reversed_.normalized_score < -1.5


def test_lists_at_the_same_end_do_not_connect() -> None:
    statistic = response(1.0)
    statistic[DOWN] += 3
    ours = connectivity(statistic, UP, DOWN, permutations=200)
    assert (ours.score, ours.normalized_score, ours.p_value) == (0.0, 0.0, 1.0)


def test_one_list_is_scored_alone_with_its_direction() -> None:
    statistic = response(1.0)
    assert connectivity(statistic, UP, NONE, permutations=50).score == pytest.approx(walk(statistic, UP))
    assert connectivity(statistic, NONE, DOWN, permutations=50).score == pytest.approx(-walk(statistic, DOWN))


def test_random_lists_are_rarely_connected_and_the_seed_decides() -> None:
    p = np.array([connectivity(response(0.0, seed), UP, DOWN, 200, seed=seed).p_value for seed in range(300)])
    assert 0.015 < (p <= 0.05).mean() < 0.09
    first, again, other = (connectivity(response(0.3), UP, DOWN, 300, seed=s).p_value for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_overlapping_or_empty_lists_and_missing_values_are_refused() -> None:
    with pytest.raises(ValueError, match="none twice"):
        connectivity(response(0.0), UP, UP[:5])
    with pytest.raises(ValueError, match="some of the genes"):
        connectivity(response(0.0), NONE, NONE)
    with pytest.raises(ValueError, match="missing or infinite"):
        connectivity(np.array([1.0, np.nan, 2.0]), np.array([0]), NONE)


@pytest.mark.real
def test_bortezomib_in_one_cell_line_connects_with_bortezomib_in_another(real_data: Path) -> None:
    """Bush 2017: a ranking made of the U87 lists and noise finds the BT20 lists, which it was not made of."""
    with (real_data / "signatures_myeloma" / "published_gene_lists.tsv").open() as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["gene_as_listed"]]
    lists: dict[str, list[str]] = {}
    for row in rows:
        lists.setdefault(row["signature"], []).append(row["gene_as_listed"])
    genes = sorted({row["gene_as_listed"] for row in rows}) + [f"other{i}" for i in range(10_000)]
    found = {name: members.rows for name, members in find_members(genes, lists).items()}
    statistic = np.random.default_rng(1).normal(size=len(genes))
    statistic[found["BUSH_2017_U87_BOR_UP"]] += 4
    statistic[found["BUSH_2017_U87_BOR_DN"]] -= 4
    ours = connectivity(statistic, found["BUSH_2017_BT20_BOR_UP"], found["BUSH_2017_BT20_BOR_DN"], 1000)
    assert ours.p_value == 1 / 1001
    assert ours.up_score > 0.2
    assert ours.down_score < -0.2
