"""Precision weights of counts against R's voom (tests/golden/limma.R)."""

from __future__ import annotations

import numpy as np
import pytest
from test_limma import golden, matrix

from rxpress.limma import fit_linear_model, moderate
from rxpress.voom import voom


def test_log_counts_and_weights_are_those_of_limma() -> None:
    expression, weights = voom(matrix("voom.counts"), matrix("design"), matrix("voom.sizes")[:, 0])
    np.testing.assert_allclose(expression, matrix("voom.expression"), rtol=0, atol=1e-13)
    np.testing.assert_allclose(weights, matrix("voom.weights"), rtol=1e-8)


def test_lines_with_trends_of_their_own_are_weighed_as_by_voom_of_each_alone() -> None:
    """Lines with as many samples differ from voom's weights of each by the same factor."""
    lines = np.repeat(["A", "B"], 6)
    _, weights = voom(matrix("voom.counts"), matrix("design"), matrix("voom.sizes")[:, 0], lines)
    ratio = weights / matrix("voom.line_weights")
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-8)


def test_a_line_of_few_replicates_weighs_as_much_as_one_of_many_that_varies_as_they_do() -> None:
    """Root mean standard deviations of 2 degrees of freedom are 5 % below those of 14."""
    rng = np.random.default_rng(4)
    counts = rng.negative_binomial(20, 20 / (20 + 1000), (4000, 20))
    few = np.arange(20) < 4
    groups = np.column_stack([few, ~few]).astype(float)
    design = np.hstack([groups, groups * np.tile([[1.0], [-1.0]], (10, 1))])
    _, weights = voom(counts, design, counts.sum(axis=0), np.where(few, "few", "many"))
    assert weights[:, few].mean() / weights[:, ~few].mean() == pytest.approx(1, abs=0.05)


def test_copies_of_a_sample_have_weights_all_the_same() -> None:
    counts = np.repeat(np.random.default_rng(1).integers(20, 900, (50, 2)), 3, axis=1)
    design = np.kron(np.eye(2), np.ones((3, 1)))
    expression, weights = voom(counts, design, np.full(6, 1e5))
    assert np.isfinite(weights).all()
    assert np.isfinite(moderate(fit_linear_model(expression, design, weights=weights)).p_value).all()


def test_moderated_t_of_counts_is_that_of_limma() -> None:
    theirs, contrasts = golden("voom.constant"), golden("contrasts")
    expression, weights = voom(matrix("voom.counts"), matrix("design"), matrix("voom.sizes")[:, 0])
    ours = moderate(fit_linear_model(expression, matrix("design"), contrasts.to_numpy(float), weights))
    for column, name in enumerate(contrasts.columns):
        assert np.max(np.abs(ours.statistic[:, column] - theirs[f"statistic.{name}"])) <= 1e-8
