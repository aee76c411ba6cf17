"""Linear models and moderated tests against R's limma (tests/golden/limma.R), and by principle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.limma import ModeratedFit, fit_linear_model, moderate
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "limma"
EXACT = 1e-10


def golden(name: str) -> pd.DataFrame:
    return read_table(GOLDEN / f"{name}.tsv.gz")


def matrix(name: str) -> np.ndarray:
    return golden(name).to_numpy(float)


def moderated(study: str, columns: slice, trend: bool) -> ModeratedFit:
    """Our fit of a golden study; `columns` of its contrasts are tested jointly too."""
    weights = matrix(f"{study}.weights") if study in ("weighted", "voom") else None
    contrasts = matrix("contrasts")[:, columns]
    expression = matrix(f"{study}.expression")
    return moderate(fit_linear_model(expression, matrix("design"), contrasts, weights, joint=True), trend)


def furthest(ours: np.ndarray, theirs: pd.Series | np.ndarray) -> float:
    """Largest difference, relative where values exceed 1; the same genes must be NaN."""
    theirs = np.asarray(theirs, dtype=float)
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))
    seen = np.isfinite(theirs)
    return float(np.max(np.abs(ours - theirs)[seen] / np.maximum(1.0, np.abs(theirs[seen]))))


WHOLE = ("plain", "twenty", "five", "pooled")
STUDIES = [
    ("plain", "constant"),
    ("plain", "trend"),
    ("twenty", "trend"),
    ("five", "constant"),
    ("five", "trend"),
    ("pooled", "constant"),
    ("pooled", "trend"),
    ("missing", "constant"),
    ("weighted", "constant"),
    ("weighted", "trend"),
    ("voom", "constant"),
]


@pytest.mark.parametrize(("study", "prior"), STUDIES)
def test_moderated_t_is_that_of_limma(study: str, prior: str) -> None:
    theirs = golden(f"{study}.{prior}")
    fit = moderated(study, slice(None), prior == "trend")
    for column, name in enumerate(golden("contrasts").columns):
        assert furthest(fit.estimate[:, column], theirs[f"estimate.{name}"]) <= EXACT
        t = theirs[f"statistic.{name}"].to_numpy()
        assert np.nanmax(np.abs(fit.statistic[:, column] - t)) <= EXACT
        assert np.array_equal(np.isnan(fit.statistic[:, column]), np.isnan(t))
        np.testing.assert_allclose(fit.p_value[:, column], theirs[f"p_value.{name}"], rtol=1e-8)


@pytest.mark.parametrize(("study", "prior"), STUDIES)
def test_prior_and_posterior_variances_are_those_of_limma(study: str, prior: str) -> None:
    theirs = golden(f"{study}.{prior}")
    fit = moderated(study, slice(None), prior == "trend")
    assert fit.prior_df == pytest.approx(theirs["prior_df"][0], rel=1e-10)
    for name in ("prior_variance", "posterior_variance", "total_df"):
        np.testing.assert_allclose(getattr(fit, name), theirs[name], rtol=1e-10)


@pytest.mark.parametrize("trend", [False, True])
def test_a_prior_without_bound_is_among_the_goldens(trend: bool) -> None:
    assert np.isinf(moderated("pooled", slice(None), trend).prior_df)


@pytest.mark.parametrize(("study", "prior"), STUDIES)
def test_moderated_f_is_that_of_limma(study: str, prior: str) -> None:
    """Of all four contrasts, which have rank 2; with weights or gaps R's own covariance of each gene."""
    theirs = golden(f"{study}.{prior}")
    columns = slice(None) if study in WHOLE else slice(2)
    fit = moderated(study, columns, prior == "trend")
    np.testing.assert_allclose(fit.joint_statistic, theirs["joint_statistic"], rtol=1e-9)
    np.testing.assert_allclose(fit.joint_p_value, theirs["joint_p_value"], rtol=1e-7)


@pytest.mark.parametrize("prior", ["constant", "trend"])
@pytest.mark.parametrize("study", ["plain", "pooled"])
def test_p_values_beyond_a_threshold_are_those_of_treat(study: str, prior: str) -> None:
    theirs = golden(f"{study}.{prior}")
    beyond = moderated(study, slice(None), prior == "trend").p_value_beyond(1.0)
    for column, name in enumerate(golden("contrasts").columns):
        np.testing.assert_allclose(beyond[:, column], theirs[f"p_value_beyond.{name}"], rtol=1e-8)


def draw(seed: int, genes: int, effect: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Expression of two groups of 4 in 2 batches, their variances drawn from a prior; the design."""
    rng = np.random.default_rng(seed)
    drug, batch = np.repeat([0.0, 1.0], 4), np.tile([0.0, 1.0], 4)
    variance = 0.1 * 5 / rng.chisquare(5, genes)
    noise = rng.normal(size=(genes, 8)) * np.sqrt(variance)[:, None]
    expression = 8 + noise + np.outer(np.broadcast_to(effect, genes), drug) + 0.3 * batch
    return expression, np.column_stack([1 - drug, drug, batch])


DRUG = np.array([[-1.0], [1.0], [0.0]])


@pytest.mark.parametrize("gaps", [False, True])
def test_results_do_not_depend_on_how_the_design_is_written(gaps: bool) -> None:
    rng = np.random.default_rng(5)
    expression, design = draw(5, 200)
    weights = rng.uniform(0.2, 3, expression.shape) if gaps else None
    if gaps:
        expression[rng.uniform(size=expression.shape) < 0.2] = np.nan
    change = rng.normal(size=(3, 3))
    ours = moderate(fit_linear_model(expression, design, DRUG, weights, joint=True))
    rewritten = change.T @ DRUG
    theirs = moderate(fit_linear_model(expression, design @ change, rewritten, weights, joint=True))
    for name in ("estimate", "statistic", "p_value", "joint_statistic"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-8, atol=1e-10)


def test_equal_weights_and_a_joint_test_of_one_contrast_change_nothing() -> None:
    expression, design = draw(6, 100)
    plain = moderate(fit_linear_model(expression, design, DRUG, joint=True))
    weighted = moderate(fit_linear_model(expression, design, DRUG, np.full(expression.shape, 2.5)))
    np.testing.assert_allclose(weighted.statistic, plain.statistic, rtol=1e-10)
    np.testing.assert_allclose(plain.joint_statistic, plain.statistic[:, 0] ** 2, rtol=1e-10)
    np.testing.assert_allclose(plain.joint_p_value, plain.p_value[:, 0], rtol=1e-10)


def test_p_values_are_uniform_when_nothing_changes() -> None:
    p_values = np.concatenate(
        [moderate(fit_linear_model(*draw(seed, 5000), DRUG)).p_value[:, 0] for seed in range(10)]
    )
    for level in (0.05, 0.01, 0.001):
        error = np.sqrt(level / len(p_values))
        assert abs((p_values < level).mean() - level) < 4 * error


def test_planted_effects_are_found_at_the_promised_rate() -> None:
    changed = np.arange(4000) < 400
    expression, design = draw(11, 4000, np.where(changed, 1.5, 0.0))
    fit = moderate(fit_linear_model(expression, design, DRUG))
    called = benjamini_hochberg(fit.p_value[:, 0]) < 0.05
    assert called[changed].mean() > 0.9
    assert called[~changed].sum() <= 0.08 * called.sum()


def test_a_gene_without_any_value_has_no_result_and_leaves_the_others_alone() -> None:
    expression, design = draw(3, 50)
    with_gap = np.vstack([np.full(8, np.nan), expression])
    ours = moderate(fit_linear_model(with_gap, design, DRUG), trend=True)
    assert np.isnan(ours.p_value[0]).all()
    plain = moderate(fit_linear_model(expression, design, DRUG), trend=True)
    np.testing.assert_allclose(ours.statistic[1:], plain.statistic, rtol=1e-10)


def test_a_design_that_depends_on_itself_and_a_study_without_residuals_are_refused() -> None:
    expression, design = draw(3, 10)
    with pytest.raises(ValueError, match="depend on each other"):
        fit_linear_model(expression, np.column_stack([design, np.ones(8)]))
    with pytest.raises(ValueError, match="residual"):
        moderate(fit_linear_model(expression[:, :3], np.eye(3)))
