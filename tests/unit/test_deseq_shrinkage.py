"""Shrunken fold changes: the mode that R's optim finds, whatever the basis, with the error it has."""

from __future__ import annotations

import numpy as np
import pytest
from deseq2_goldens import LINES, golden, study

from rxpress.deseq.contrast import LOG2_E
from rxpress.deseq.design import Design
from rxpress.deseq.shrinkage import Posterior, Shrunken, prior_scale, separated_ridge, shrink

SCALE = 0.4


def posterior(genes: np.ndarray, contrast: np.ndarray, basis: np.ndarray | None = None) -> Posterior:
    """The posterior of some genes of the golden study; in a `basis` (p, p) coefficients are basis⁻¹ beta."""
    fit = study("lines").fit
    basis = np.eye(len(contrast)) if basis is None else basis
    design = Design.split(fit.design.matrix @ basis)
    flat = np.zeros((len(genes), len(contrast)))
    size = 1 / fit.genes.final[genes, None]
    return Posterior(fit.counts[genes], np.log(fit.factors), design, size, basis.T @ contrast, SCALE, flat)


def mode(genes: np.ndarray, contrast: np.ndarray, basis: np.ndarray | None = None) -> Shrunken:
    start = study("lines").fit.genes.coefficients[genes]
    return shrink(
        posterior(genes, contrast, basis), start if basis is None else np.linalg.solve(basis, start.T).T
    )


@pytest.fixture(scope="module")
def determined() -> np.ndarray:
    """Genes whose samples with counts determine every coefficient."""
    fit = study("lines").fit
    return np.flatnonzero((separated_ridge(fit.counts, fit.design) == 0).all(axis=1))


@pytest.mark.parametrize("name", ["one_line", "interaction"])
def test_shrunken_fold_changes_are_those_of_optim_in_r(name: str) -> None:
    theirs = golden(f"lines.{name}.shrunken")
    rows = golden("lines.counts")["gene_id"].isin(theirs["gene_id"]).to_numpy()
    ours = study("lines").evaluate(LINES[name])
    scale = prior_scale(ours.estimate / LOG2_E, ours.error / LOG2_E)
    assert scale == pytest.approx(theirs["prior_scale"].iloc[0], rel=1e-4)
    assert ours.shrunken[rows] == pytest.approx(theirs["shrunken"].to_numpy(), abs=1e-4)
    assert ours.shrunken_error[rows] == pytest.approx(theirs["shrunken_se"].to_numpy(), rel=1e-3)


def test_shrunken_fold_changes_do_not_depend_on_the_basis(determined: np.ndarray) -> None:
    contrast = study("lines").contrast(LINES["interaction"])
    basis = np.random.default_rng(7).normal(size=(len(contrast), len(contrast)))
    ours, other = mode(determined, contrast), mode(determined, contrast, basis)
    assert other.estimate == pytest.approx(ours.estimate, abs=1e-6)
    assert other.error == pytest.approx(ours.error, rel=1e-6)


def test_a_shrunken_error_comes_from_the_hessian_by_finite_differences(determined: np.ndarray) -> None:
    contrast = study("lines").contrast(LINES["average"])
    genes = determined[::40]
    ours = mode(genes, contrast)
    hessian = finite_hessian(posterior(genes, contrast), ours.coefficients)
    positive = np.linalg.eigvalsh(hessian)[:, 0] > 0
    error = np.sqrt(contrast @ np.linalg.inv(hessian[positive]) @ contrast)
    assert positive.sum() > 10
    assert ours.error[positive] == pytest.approx(error, rel=1e-4)


def finite_hessian(target: Posterior, beta: np.ndarray, step: float = 1e-3) -> np.ndarray:
    """(genes, p, p) second differences of the posterior's value, fourth order along each pair of axes."""
    p = beta.shape[1]
    unit = step * np.eye(p)
    hessian = np.empty((len(beta), p, p))
    for i in range(p):
        for j in range(p):
            corners = [
                sign * other * target.value(beta + sign * h * unit[i] + other * h * unit[j])
                for h in (1.0, 2.0)
                for sign in (1, -1)
                for other in (1, -1)
            ]
            near, far = sum(corners[:4]) / (4 * step**2), sum(corners[4:]) / (16 * step**2)
            hessian[:, i, j] = (4 * near - far) / 3
    return hessian


def test_the_mode_is_the_lowest_of_those_that_many_starts_reach(determined: np.ndarray) -> None:
    contrast = study("lines").contrast(LINES["one_line"])
    target = posterior(determined, contrast)
    ours = mode(determined, contrast)
    assert ours.converged.all()
    rng = np.random.default_rng(3)
    for spread in (0.5, 2.0, 5.0):
        start = ours.coefficients + rng.normal(scale=spread, size=ours.coefficients.shape)
        other = shrink(target, start)
        assert (target.value(ours.coefficients) <= target.value(other.coefficients) + 1e-6).all()


def test_large_precise_effects_stay_and_small_noisy_ones_shrink() -> None:
    ours = study("lines").evaluate(LINES["one_line"])
    ratio = ours.shrunken / np.where(ours.estimate == 0, np.nan, ours.estimate)
    precise = np.abs(ours.estimate) > 10 * ours.error
    noisy = np.abs(ours.estimate) < 0.5 * ours.error
    assert np.nanmedian(ratio[precise]) > 0.9
    assert np.nanmedian(ratio[noisy]) < 0.8


def test_a_gene_absent_from_one_condition_has_a_finite_shrunken_fold_change() -> None:
    lines = study("lines")
    ours = lines.evaluate(LINES["silent_line"])
    one_sided = lines.separated(LINES["silent_line"]) & (ours.estimate != 0) & lines.counts.any(axis=1)
    assert one_sided.sum() >= 10
    assert np.isfinite(ours.shrunken[one_sided]).all()
    assert np.isfinite(ours.shrunken_error[one_sided]).all()


def test_the_prior_scale_is_the_spread_of_true_effects() -> None:
    rng = np.random.default_rng(1)
    error = rng.uniform(0.05, 0.3, 20_000)
    assert prior_scale(rng.normal(0, np.sqrt(0.5**2 + error**2)), error) == pytest.approx(0.5, rel=0.03)
    assert prior_scale(rng.normal(0, np.sqrt(3**2 + error**2)), error) == 1
    assert prior_scale(rng.normal(0, error / 2), error) == pytest.approx(1e-3)
