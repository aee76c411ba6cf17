"""What gene tables say of a drug, on any statistics: brute force, scipy, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties import few, generators, numbers
from scipy.stats import hypergeom, linregress, rankdata, ttest_1samp, ttest_ind

from rxpress.interpretation.activity import univariate_linear_model, weighted_mean
from rxpress.interpretation.connectivity import connectivity
from rxpress.interpretation.enrichment_curves import enrichment_curve, running_sum
from rxpress.interpretation.evidence import symbol_rows
from rxpress.interpretation.gene_names import PackGene, match_genes
from rxpress.interpretation.gene_sets import (
    average_ranks,
    camera,
    find_members,
    over_representation,
    prerank,
    running_sum_peaks,
)
from rxpress.interpretation.signature_tests import compare_lines
from rxpress.interpretation.signatures import judge_coverage, rank_score, ssgsea, weighted_z


@few
@given(generators())
def test_enrichment_of_chosen_genes_is_the_hypergeometric_tail(generator: np.random.Generator) -> None:
    selected = generator.random(60) < 0.3
    members = generator.choice(60, generator.integers(1, 30), replace=False)
    found = over_representation(selected, [members])
    expected = hypergeom.sf(selected[members].sum() - 1, 60, selected.sum(), len(members))
    np.testing.assert_allclose(found.p_value, [expected], rtol=1e-8)


@few
@given(generators())
def test_peak_of_a_running_sum_is_that_of_a_walk_gene_by_gene(generator: np.random.Generator) -> None:
    weights = np.sort(generator.exponential(1, 30))[::-1]
    hits = np.sort(generator.choice(30, 6, replace=False))
    steps = np.full(30, -1 / 24)
    steps[hits] = weights[hits] / weights[hits].sum()
    walk = np.cumsum(steps)
    extreme = walk[np.argmax(np.abs(walk))]
    np.testing.assert_allclose(running_sum_peaks(weights, hits[None])[0], extreme, rtol=1e-9)


@few
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30))
def test_ranks_with_ties_are_those_of_scipy(values: list[int]) -> None:
    np.testing.assert_allclose(average_ranks(np.array(values, dtype=float)), rankdata(values))


@few
@given(generators(), numbers(0.1, 20))
def test_signature_scores_see_neither_unit_of_expression_nor_of_weights(
    generator: np.random.Generator, unit: float
) -> None:
    expression, weight = generator.normal(8, 2, (6, 5)), generator.normal(0, 1, 6)
    score = weighted_z(expression, weight)
    np.testing.assert_allclose(weighted_z(3 + unit * expression, unit * weight), score, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(weighted_z(expression, -weight), -score)
    np.testing.assert_allclose(score.sum(), 0, atol=1e-9)


@few
@given(generators(), st.integers(2, 28))
def test_running_sum_ends_at_zero_and_the_curve_goes_through_its_hits(
    generator: np.random.Generator, size: int
) -> None:
    statistic = generator.normal(size=30)
    rows = generator.choice(30, size, replace=False)
    order = np.argsort(-statistic, kind="stable")
    hits = np.flatnonzero(np.isin(order, rows))
    weights = np.abs(statistic[order])
    whole = running_sum(weights, hits)
    assert abs(whole[-1]) < 1e-9
    peak = running_sum_peaks(weights, hits[None])[0]
    np.testing.assert_allclose(whole[np.argmax(np.abs(whole))], peak, rtol=1e-9)
    curve = enrichment_curve(statistic, rows)
    assert set(curve.loc[curve["hit"].astype(bool), "position"]) == set(hits + 1)
    np.testing.assert_allclose(curve["running_sum"], whole[curve["position"] - 1], atol=1e-9)


@few
@given(generators())
def test_enrichment_turns_with_the_statistic_and_ignores_the_order_of_genes(
    generator: np.random.Generator,
) -> None:
    statistic = generator.normal(size=60)
    sets = [generator.choice(60, size, replace=False) for size in (5, 12, 30)]
    found, turned = (prerank(sign * statistic, sets, permutations=50) for sign in (1, -1))
    np.testing.assert_allclose(turned.score, -found.score, rtol=1e-9)
    order = generator.permutation(60)
    place = np.argsort(order)
    moved = prerank(statistic[order], [place[rows] for rows in sets], permutations=50)
    np.testing.assert_allclose(moved.score, found.score, rtol=1e-9)
    assert (found.p_value > 0).all()
    assert (found.p_value <= 1).all()
    assert (np.sign(found.normalized_score) == np.sign(found.score)).all()


@few
@given(generators(), st.integers(2, 40))
def test_competitive_test_without_correlation_is_that_of_student(
    generator: np.random.Generator, size: int
) -> None:
    statistic = generator.normal(size=60)
    rows = generator.choice(60, size, replace=False)
    found = camera(statistic, [rows], correlation=0.0)
    expected = ttest_ind(statistic[rows], np.delete(statistic, rows))
    np.testing.assert_allclose(found.statistic, [expected.statistic], rtol=1e-8)
    np.testing.assert_allclose(found.p_value, [expected.pvalue], rtol=1e-7)
    correlated = camera(statistic, [rows], correlation=0.1)
    assert correlated.p_value[0] >= found.p_value[0] - 1e-12


@few
@given(generators())
def test_activity_is_the_slope_of_a_regression(generator: np.random.Generator) -> None:
    values, weights = generator.normal(size=(40, 3)), generator.normal(size=(40, 2))
    weights[generator.random((40, 2)) < 0.5] = 0
    found = univariate_linear_model(values, weights)
    for pathway in range(2):
        for sample in range(3):
            fit = linregress(weights[:, pathway], values[:, sample])
            assert found.statistic[pathway, sample] == pytest.approx(fit.slope / fit.stderr, rel=1e-8)
            assert found.p_value[pathway, sample] == pytest.approx(fit.pvalue, rel=1e-6)
    mean = weighted_mean(values, weights)
    np.testing.assert_allclose(mean, weights.T @ values / np.abs(weights).sum(axis=0)[:, None], rtol=1e-9)


@few
@given(generators(), st.integers(1, 10))
def test_rank_scores_see_the_order_of_genes_alone(generator: np.random.Generator, size: int) -> None:
    expression = generator.normal(8, 2, (30, 4))
    rows = generator.choice(30, size, replace=False)
    for score in (rank_score, ssgsea):
        np.testing.assert_allclose(score(np.exp(expression), [rows]), score(expression, [rows]), atol=1e-9)
    found = rank_score(expression, [rows])
    assert (np.abs(found) <= 0.5 + 1e-12).all()
    np.testing.assert_allclose(rank_score(-expression, [rows]), -found, atol=1e-9)
    top = np.argsort(-expression[:, 0])[:size]
    np.testing.assert_allclose(rank_score(expression, [top])[0, 0], 0.5, atol=1e-12)


@few
@given(generators())
def test_likeness_reverses_with_the_response_and_with_the_lists(generator: np.random.Generator) -> None:
    statistic = generator.normal(size=50)
    up, down = np.split(generator.choice(50, 12, replace=False), 2)
    one = connectivity(statistic, up, down, permutations=50)
    assert connectivity(-statistic, up, down, permutations=50).score == pytest.approx(-one.score)
    assert connectivity(statistic, down, up, permutations=50).score == pytest.approx(-one.score)
    assert -1 <= one.score <= 1
    assert 0 < one.p_value <= 1


@few
@given(generators(), st.integers(2, 6), st.integers(2, 6))
def test_lines_are_compared_as_by_student(generator: np.random.Generator, upper: int, lower: int) -> None:
    values = generator.normal(size=(3, upper + lower))
    signs = np.repeat([1, -1], [upper, lower])
    found = compare_lines(values, signs)
    expected = ttest_ind(values[:, :upper], values[:, upper:], axis=1)
    np.testing.assert_allclose(np.ravel(found.p_value), expected.pvalue, rtol=1e-7)
    alone = compare_lines(values[:, :upper], signs[:upper])
    np.testing.assert_allclose(
        np.ravel(alone.p_value), ttest_1samp(values[:, :upper], 0, axis=1).pvalue, rtol=1e-7
    )


NAMES = st.text("ABC1", min_size=1, max_size=3)


@few
@given(st.lists(NAMES, min_size=1, max_size=10), generators())
def test_of_rows_with_one_symbol_the_best_expressed_is_kept(
    names: list[str], generator: np.random.Generator
) -> None:
    level = generator.permutation(len(names)).astype(float)
    kept, repeated = symbol_rows(names, level)
    assert sorted(names[row] for row in kept) == sorted(set(names))
    for row in kept:
        assert level[row] == max(level[i] for i, name in enumerate(names) if name == names[row])
    assert repeated == {name: names.count(name) for name in set(names) if names.count(name) > 1}


@few
@given(
    st.lists(NAMES, min_size=1, max_size=8, unique=True), st.lists(NAMES, min_size=1, max_size=5, unique=True)
)
def test_genes_are_found_where_they_stand(measured: list[str], asked: list[str]) -> None:
    ids = [f"ENSG{i:011d}" for i in range(len(measured))]
    for gene, match in zip(
        asked, match_genes([PackGene(name) for name in asked], ids, measured), strict=True
    ):
        assert (match.row is not None) == (gene in measured)
        assert match.row is None or measured[match.row] == gene
    members = find_members(measured, {"set": asked})["set"]
    assert sorted(measured[row] for row in members.rows) == sorted(set(measured) & set(asked))
    assert set(members.missing) == set(asked) - set(measured)
    coverage, withheld = judge_coverage(len(asked), members.missing)
    assert coverage == pytest.approx(len(members.rows) / len(asked))
    assert not (coverage == 1 and withheld)
