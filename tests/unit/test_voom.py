"""Precision weights of counts against R's voom (tests/golden/limma.R)."""

from __future__ import annotations

import numpy as np
from test_limma import golden, matrix

from rxpress.limma import fit_linear_model, moderate
from rxpress.voom import voom


def test_log_counts_and_weights_are_those_of_limma() -> None:
    expression, weights = voom(matrix("voom.counts"), matrix("design"), matrix("voom.sizes")[:, 0])
    np.testing.assert_allclose(expression, matrix("voom.expression"), rtol=0, atol=1e-13)
    np.testing.assert_allclose(weights, matrix("voom.weights"), rtol=1e-8)


def test_moderated_t_of_counts_is_that_of_limma() -> None:
    theirs, contrasts = golden("voom.constant"), golden("contrasts")
    expression, weights = voom(matrix("voom.counts"), matrix("design"), matrix("voom.sizes")[:, 0])
    ours = moderate(fit_linear_model(expression, matrix("design"), contrasts.to_numpy(float), weights))
    for column, name in enumerate(contrasts.columns):
        assert np.max(np.abs(ours.statistic[:, column] - theirs[f"statistic.{name}"])) <= 1e-8
