"""Pathway activity against decoupler, PROGENy and R's lm (tests/golden), by hand and by planting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from interpretation_goldens import golden

from rxpress.interpretation.activity import align_weights, univariate_linear_model, weighted_mean
from rxpress.tables import read_table

PROGENY = Path(__file__).resolve().parents[1] / "golden" / "progeny"


def values_of(name: str, index: str) -> np.ndarray:
    return golden(name).set_index(index).to_numpy()


def test_univariate_score_is_that_of_decoupler() -> None:
    ours = univariate_linear_model(values_of("expression", "gene"), values_of("weights", "gene"))
    assert np.abs(ours.statistic - values_of("ulm", "sample").T).max() < 1e-9


def test_univariate_t_and_p_are_those_of_lm() -> None:
    theirs = golden("univariate")
    ours = univariate_linear_model(values_of("expression", "gene"), values_of("weights", "gene"))
    np.testing.assert_allclose(ours.statistic.ravel(), theirs["statistic"], rtol=1e-9)
    np.testing.assert_allclose(ours.p_value.ravel(), theirs["p_value"], rtol=1e-9)


def test_a_planted_pathway_is_the_only_active_one_and_p_is_adjusted_within_the_sample() -> None:
    generator = np.random.default_rng(2)
    weights = np.where(generator.random((2000, 10)) < 0.02, generator.normal(size=(2000, 10)), 0.0)
    values = generator.normal(size=(2000, 3))
    values[:, 1] += 2 * weights[:, 4]
    ours = univariate_linear_model(values, weights)
    assert np.argwhere(ours.p_adjusted < 1e-6).tolist() == [[4, 1]]
    assert ours.statistic[4, 1] > 0
    assert ours.p_adjusted[4, 1] == pytest.approx(10 * ours.p_value[4, 1])


def test_constant_weights_or_samples_have_no_activity_and_gaps_are_refused() -> None:
    values = np.array([[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [3.0, 5.0]])
    weights = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, -1.0], [0.0, 0.0]])
    ours = univariate_linear_model(values, weights)
    assert np.isnan(ours.statistic).tolist() == [[True, True], [False, True]]
    with pytest.raises(ValueError, match="gaps"):
        univariate_linear_model(np.array([[np.nan], [1.0], [2.0]]), np.ones((3, 1)))


def test_weighted_mean_weighs_genes_and_keeps_their_sign() -> None:
    values = np.array([[1.0, 0.0], [3.0, -2.0], [9.0, 9.0]])
    weights = np.array([[1.0, 0.0], [-3.0, 0.0], [0.0, 0.0]])
    ours = weighted_mean(values, weights)
    assert ours[0].tolist() == [(1 - 9) / 4, 6 / 4]
    assert np.isnan(ours[1]).all()


def test_weighted_means_are_the_published_activities_of_progeny() -> None:
    expression = read_table(PROGENY / "expression.tsv.gz").set_index("gene")
    expected = read_table(PROGENY / "expected.tsv.gz").set_index("sample")
    pathways = {
        str(name): dict(zip(group["gene"], group["weight"], strict=True))
        for name, group in read_table(PROGENY / "weights.tsv.gz").groupby("pathway")
    }
    weights = align_weights(list(expression.index), pathways)
    ours = weighted_mean(expression.to_numpy(), weights.matrix)
    scaled = (ours - ours.mean(axis=1, keepdims=True)) / ours.std(axis=1, ddof=1, keepdims=True)
    np.testing.assert_allclose(scaled.T, expected[list(weights.pathways)], atol=1e-10)


def test_weights_are_laid_out_by_gene_and_missing_genes_are_named() -> None:
    ours = align_weights(["A", "B", "C"], {"p53": {"C": 2.0, "X": 1.0, "A": -1.0}, "none": {"Y": 1.0}})
    assert ours.pathways == ("p53", "none")
    assert ours.matrix.T.tolist() == [[-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    assert ours.missing == (("X",), ("Y",))
