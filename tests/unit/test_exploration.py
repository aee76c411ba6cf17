"""Principal components, distances, orders and thinned clouds against values by hand and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from rxpress.report.exploration import (
    cluster_order,
    minus_log10,
    one_per_cell,
    p_value_histogram,
    principal_components,
    sample_distances,
    thin_cloud,
    z_scores,
)


def test_components_of_a_hand_example() -> None:
    # Two genes that move together by (3, 4) per step: one component, steps of length 5.
    values = np.array([[0.0, 3.0, 6.0], [0.0, 4.0, 8.0], [7.0, 7.0, 7.0]])
    projection = principal_components(values, genes=500)
    assert projection is not None
    assert projection.genes == 2  # the third does not vary
    np.testing.assert_allclose(projection.coordinates[:, 0], [-5, 0, 5], atol=1e-12)
    np.testing.assert_allclose(projection.variance, [1, 0], atol=1e-12)


def test_components_equal_scikit_learn_on_the_most_variable_genes() -> None:
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(1)
    values = rng.normal(size=(300, 8)) * rng.uniform(0.1, 3, size=(300, 1))
    projection = principal_components(values, genes=50)
    assert projection is not None
    chosen = values[np.argsort(-values.var(axis=1))[:50]]
    truth = PCA(n_components=7).fit(chosen.T)
    np.testing.assert_allclose(np.abs(projection.coordinates), np.abs(truth.transform(chosen.T)), atol=1e-9)
    np.testing.assert_allclose(projection.variance, truth.explained_variance_ratio_, atol=1e-12)


def test_the_gene_that_weighs_most_points_up() -> None:
    values = np.array([[0.0, 1.0, 9.0], [0.0, 0.5, -1.0]])
    for flipped in (values, values[:, ::-1]):
        projection = principal_components(flipped, genes=2)
        assert projection is not None
        assert np.corrcoef(projection.coordinates[:, 0], flipped[0])[0, 1] > 0.9


def test_without_variation_there_are_no_components() -> None:
    assert principal_components(np.ones((10, 4)), genes=500) is None
    assert principal_components(np.full((10, 4), np.nan), genes=500) is None


def test_distances_of_a_hand_example_pass_over_incomplete_genes() -> None:
    values = np.array([[0.0, 3.0], [0.0, 4.0], [1.0, np.nan]])
    np.testing.assert_allclose(sample_distances(values), [[0, 5], [5, 0]])


def test_clustering_puts_like_beside_like() -> None:
    groups = np.array([0, 1, 0, 1, 0, 1])
    rows = groups[:, None] * 10 + np.random.default_rng(2).normal(size=(6, 4))
    order = cluster_order(rows)
    assert sorted(order) == list(range(6))
    assert np.count_nonzero(np.diff(groups[order])) == 1


def test_z_scores_of_a_hand_example() -> None:
    np.testing.assert_allclose(
        z_scores(np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])), [[-1, 0, 1], [0, 0, 0]]
    )


def test_a_p_value_of_zero_has_a_place() -> None:
    np.testing.assert_allclose(minus_log10(np.array([0.0, 0.01, 1.0])), [300, 2, 0])


def test_histogram_counts_every_p_value_once() -> None:
    counts, edges = p_value_histogram(np.array([0.0, 0.04, 0.06, 1.0, np.nan]), bins=20)
    assert counts.tolist() == [2, 1, *[0] * 17, 1]
    assert (edges[0], edges[-1]) == (0, 1)


@pytest.fixture
def cloud() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.normal(size=20_000), rng.exponential(size=20_000)


def test_thinning_keeps_all_called_genes(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = cloud
    called = y > 2
    drawn = thin_cloud(x, y, called, background=1000, most=4000)
    assert called.sum() > 2000
    assert drawn[called].all()
    assert 700 < drawn[~called].sum() <= 1000


def test_thinning_keeps_the_outline(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = cloud
    drawn = thin_cloud(x, y, np.zeros(len(x), dtype=bool))
    for values in (x, y):
        assert values[drawn].max() > values.max() - 0.05 * np.ptp(values)
        assert values[drawn].min() < values.min() + 0.05 * np.ptp(values)


def test_never_more_than_the_limit_is_drawn(cloud: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = cloud
    assert thin_cloud(x, y, np.ones(len(x), dtype=bool), background=1000, most=4000).sum() <= 3000
    assert len(one_per_cell(x, y, 10)) <= 10


def test_points_without_a_place_are_not_drawn() -> None:
    x, y = np.array([0.0, np.nan, 1.0]), np.array([0.0, 1.0, np.inf])
    assert thin_cloud(x, y, np.ones(3, dtype=bool)).tolist() == [True, False, False]


def test_equal_points_are_no_trouble() -> None:
    assert one_per_cell(np.zeros(50), np.zeros(50), 10).tolist() == [0]
