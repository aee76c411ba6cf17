"""BatchedInference against PyDESeq2's own inference, gene by gene, and against closed forms."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from deseq2_goldens import LINES, study
from pydeseq2.dds import DeseqDataSet
from pydeseq2.default_inference import DefaultInference
from pydeseq2.ds import DeseqStats

from rxpress.deseq.fit import fit_study
from rxpress.inference import BatchedInference, choose_inference

ORIGINAL = DefaultInference(n_cpus=1)


def made_counts(matrix: np.ndarray, genes: int, seed: int = 0, dispersion: float = 0.2) -> np.ndarray:
    """(genes, samples) negative binomial counts with random coefficients, means from 1 to some thousands."""
    rng = np.random.default_rng(seed)
    effects = rng.normal(0, 0.5, (genes, matrix.shape[1])) @ matrix.T
    means = np.exp(rng.uniform(1, 8, (genes, 1)) + effects - effects.mean(axis=1, keepdims=True))
    size = 1 / dispersion
    return rng.negative_binomial(size, size / (size + means)).astype(float)


def one_hot(groups: int, replicates: int) -> np.ndarray:
    return np.repeat(np.eye(groups), replicates, axis=0)


def designs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    conditions = one_hot(4, 3)
    batch = np.tile([1.0, 0.0, -1.0], 4)
    cell, drug = np.repeat([0.0, 1.0], 6), np.tile(np.repeat([0.0, 1.0], 3), 2)
    return {
        "conditions": conditions,
        "conditions and batch": np.column_stack([conditions, batch]),
        "conditions and a number": np.column_stack([conditions, rng.normal(size=12)]),
        "intercept and interaction": np.column_stack([np.ones(12), cell, drug, cell * drug]),
        "numbers only": np.column_stack([np.ones(12), rng.normal(size=(12, 2))]),
    }


@pytest.mark.parametrize("name", designs())
def test_fits_are_those_of_pydeseq2(name: str) -> None:
    matrix = designs()[name]
    counts = made_counts(matrix, 24).T
    factors = np.exp(np.random.default_rng(1).normal(0, 0.3, 12))
    dispersions = np.random.default_rng(2).uniform(0.05, 0.5, 24)
    ours = BatchedInference().irls(counts, factors, matrix, dispersions, 0.5, 1e-10)
    theirs = ORIGINAL.irls(counts, factors, matrix, dispersions, 0.5, 1e-10)
    seen = (counts > 0).all(axis=0)
    for mine, other in zip(ours[:3], theirs[:3], strict=True):
        genes = seen if len(mine) == 24 else (slice(None), seen)
        assert mine[genes] == pytest.approx(other[genes], rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", designs())
def test_dispersions_maximise_the_likelihood_as_far_as_pydeseq2s(name: str) -> None:
    matrix = designs()[name]
    counts = made_counts(matrix, 24).T
    means = np.maximum(counts.mean(axis=0) * np.ones_like(counts), 1.0)
    start = np.full(24, 0.3)
    for prior in ({}, {"prior_disp_var": 0.8, "prior_reg": True}):
        ours, _ = BatchedInference().alpha_mle(counts, matrix, means, start, 1e-8, 12.0, **prior)
        theirs, _ = ORIGINAL.alpha_mle(counts, matrix, means, start, 1e-8, 12.0, **prior)
        assert np.quantile(np.abs(np.log(ours / theirs)), 0.9) < 5e-3


@pytest.mark.parametrize("name", designs())
def test_standard_errors_are_those_of_pydeseq2(name: str) -> None:
    matrix = designs()[name]
    p = matrix.shape[1]
    means = np.random.default_rng(3).uniform(1, 500, (12, 40))
    dispersions, beta = np.full(40, 0.1), np.random.default_rng(4).normal(size=(40, p))
    arguments = (matrix, dispersions, beta, means, 1e-6 * np.eye(p), np.linspace(-1, 1, p), 0.0)
    for mine, other in zip(
        BatchedInference().wald_test(*arguments), ORIGINAL.wald_test(*arguments), strict=True
    ):
        assert mine == pytest.approx(other, rel=1e-9)


def test_a_threshold_acts_on_the_contrast_not_on_each_coefficient() -> None:
    """PyDESeq2 0.5.4 shifts every coefficient by the threshold: p is then tiny for an effect below it."""
    matrix = one_hot(2, 3)
    beta, means = np.array([[1.0, 1.0 + 0.986 * np.log(2)]]), np.full((6, 1), 1e4)
    p_value, _, _ = BatchedInference().wald_test(
        matrix,
        np.array([0.01]),
        beta,
        means,
        np.zeros((2, 2)),
        np.array([-1.0, 1.0]),
        1.5 * np.log(2),
        "greaterAbs",
    )
    assert p_value[0] == 1


@pytest.mark.parametrize(("index", "scale", "genes"), [(0, 0.4, 50), (3, 0.4, 50), (1, 0.05, 3000)])
def test_shrinkage_reaches_no_higher_an_objective_than_pydeseq2(index: int, scale: float, genes: int) -> None:
    """With a narrow prior many genes have two modes, of which PyDESeq2 at times finds the higher one."""
    matrix = designs()["intercept and interaction"]
    rng = np.random.default_rng(10)
    counts, size = made_counts(matrix, genes).T, np.exp(rng.normal(1.5, 1.2, genes))
    offset = rng.normal(0, 0.25, 12)
    arguments = (matrix, counts, size, offset, 15.0, scale, "L-BFGS-B", index)
    ours, inverse, converged = BatchedInference().lfc_shrink_nbinom_glm(*arguments)
    with np.errstate(over="ignore"):
        theirs, _, _ = ORIGINAL.lfc_shrink_nbinom_glm(*arguments)
    mine, other = (objective(beta, *arguments[:4], scale, index) for beta in (ours, theirs))
    assert converged.mean() > 0.999
    assert (mine <= other + 1e-6 * (1 + np.abs(other))).all()
    assert (np.diagonal(inverse, axis1=1, axis2=2)[:, index] > 0).all()


def objective(
    beta: np.ndarray,
    matrix: np.ndarray,
    counts: np.ndarray,
    size: np.ndarray,
    offset: np.ndarray,
    scale: float,
    index: int,
) -> np.ndarray:
    """(genes,) PyDESeq2's posterior for shrinking one coefficient, the others with a normal prior of 15."""
    log_means = beta @ matrix.T + offset
    ridge = np.delete(beta, index, axis=1) ** 2
    likelihood = counts.T * log_means - (counts.T + size[:, None]) * np.logaddexp(
        log_means, np.log(size)[:, None]
    )
    prior = np.log1p((beta[:, index] / scale) ** 2) + ridge.sum(axis=1) / (2 * 15.0**2)
    return prior - likelihood.sum(axis=1)


def test_it_takes_the_place_of_the_default_inside_pydeseq2() -> None:
    matrix = one_hot(2, 4)
    names = [f"s{i}" for i in range(8)]
    counts = pd.DataFrame(made_counts(matrix, 150).T.astype(int), index=names)
    metadata = pd.DataFrame({"condition": ["a"] * 4 + ["b"] * 4}, index=names)
    found = []
    for inference in (BatchedInference(), ORIGINAL):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = DeseqDataSet(
                counts=counts, metadata=metadata, design="~condition", inference=inference, quiet=True
            )
            data.deseq2()
            tests = DeseqStats(data, contrast=["condition", "b", "a"], inference=inference, quiet=True)
            tests.summary()
        found.append(tests.results_df)
    ours, theirs = found
    assert ours["log2FoldChange"].to_numpy() == pytest.approx(
        theirs["log2FoldChange"].to_numpy(), rel=0.02, abs=0.02
    )
    assert np.corrcoef(np.log(ours["pvalue"].dropna()), np.log(theirs["pvalue"].dropna()))[0, 1] > 0.999


def test_the_original_inference_gives_a_study_nearly_the_same_results() -> None:
    lines = study("lines")
    genes = np.flatnonzero((lines.counts > 5).all(axis=1))[::20]
    fits = [
        fit_study(lines.counts[genes], lines.fit.factors, lines.fit.design.matrix, choose_inference(name))
        for name in ("batched", "pydeseq2")
    ]
    contrast = lines.contrast(LINES["interaction"])
    ours, theirs = (fit.genes.coefficients @ contrast for fit in fits)
    assert ours == pytest.approx(theirs, rel=0.02, abs=0.01)


def test_threads_change_no_number_and_chunks_only_rounding() -> None:
    lines = study("lines")
    whole, chunks, threads = (
        fit_study(lines.counts, lines.fit.factors, lines.fit.design.matrix, inference).genes
        for inference in (
            BatchedInference(chunk_elements=2**20),
            BatchedInference(chunk_elements=500),
            BatchedInference(chunk_elements=500, threads=2),
        )
    )
    assert np.array_equal(chunks.final, threads.final, equal_nan=True)
    assert np.array_equal(chunks.coefficients, threads.coefficients, equal_nan=True)
    assert whole.coefficients == pytest.approx(chunks.coefficients, abs=1e-4, nan_ok=True)


def test_a_hundred_conditions_in_five_hundred_samples_are_fitted_like_two() -> None:
    """Without covariates a condition's mean rests on its own samples, so two of a hundred can stand alone."""
    matrix = one_hot(100, 5)
    counts, dispersions = made_counts(matrix, 30).T, np.full(30, 0.2)
    factors = np.exp(np.random.default_rng(6).normal(0, 0.2, 500))
    whole = BatchedInference().irls(counts, factors, matrix, dispersions, 0.5, 1e-8)[0]
    pair = BatchedInference().irls(counts[:10], factors[:10], matrix[:10, :2], dispersions, 0.5, 1e-8)[0]
    assert whole[:, :2] == pytest.approx(pair, abs=1e-5)
    fit = fit_study(counts.T, factors, matrix, BatchedInference())
    assert np.isfinite(fit.genes.final).all()
    assert np.median(fit.genes.final) == pytest.approx(0.2, rel=0.25)


def test_a_hundred_conditions_with_a_batch_and_a_number_are_fitted_as_by_pydeseq2() -> None:
    rng = np.random.default_rng(12)
    matrix = np.column_stack([one_hot(100, 5), np.arange(500) % 2, rng.normal(size=500)])
    counts, dispersions = made_counts(matrix, 4).T + 1, np.full(4, 0.2)
    factors = np.exp(rng.normal(0, 0.2, 500))
    ours = BatchedInference().irls(counts, factors, matrix, dispersions, 0.5, 1e-10)
    theirs = ORIGINAL.irls(counts, factors, matrix, dispersions, 0.5, 1e-10)
    for mine, other in zip(ours[:3], theirs[:3], strict=True):
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-5)


def test_huge_zero_and_one_sided_counts_have_finite_fits() -> None:
    matrix = designs()["conditions and batch"]
    counts = made_counts(matrix, 50)
    counts[0] = np.random.default_rng(8).integers(10**8, 2 * 10**8, 12)
    counts[1, :3] = 0
    counts[2, 1:] = 0
    counts[3, :11] = 0
    fit = fit_study(counts, np.ones(12), matrix, BatchedInference())
    assert np.isfinite(fit.genes.final).all()
    assert np.isfinite(fit.genes.coefficients).all()
    assert fit.genes.coefficients[0] @ np.eye(5)[0] == pytest.approx(np.log(counts[0, :3].mean()), abs=0.3)


def test_genes_that_do_not_converge_go_to_pydeseq2_and_are_counted() -> None:
    matrix = designs()["conditions"]
    counts = made_counts(matrix, 20).T
    inference = BatchedInference()
    beta, _, _, converged = inference.irls(
        counts, np.ones(12), matrix, np.full(20, 0.1), 0.5, 1e-8, maxiter=1
    )
    assert inference.rescued == 20
    assert converged.all()
    assert beta == pytest.approx(
        ORIGINAL.irls(counts, np.ones(12), matrix, np.full(20, 0.1), 0.5, 1e-8)[0], abs=1e-4
    )


def test_size_factors_per_gene_are_offsets_per_gene() -> None:
    matrix = designs()["conditions and batch"]
    counts = made_counts(matrix, 40).T
    per_gene = np.exp(np.random.default_rng(9).normal(0, 0.3, (12, 40)))
    inference, dispersions = BatchedInference(), np.full(40, 0.2)
    beta = inference.irls(counts, per_gene, matrix, dispersions, 0.5, 1e-8)[0]
    for gene in (0, 17, 39):
        alone = ORIGINAL.irls(counts[:, [gene]], per_gene[:, gene], matrix, dispersions[:1], 0.5, 1e-8)[0]
        assert beta[gene] == pytest.approx(alone[0], abs=1e-3)
