"""PyDESeq2's inference for all genes at once.

`BatchedInference` takes the place of PyDESeq2's `DefaultInference`, which solves one gene after the
other: the methods and their shapes are those of `pydeseq2.inference.Inference` (samples × genes), the
arithmetic is in `rxpress.deseq` (genes × samples) and follows R's DESeq2 where PyDESeq2 parts from it.
Genes are taken in chunks, which bounds memory and keeps a chunk in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydeseq2.inference import Inference

from rxpress.deseq.design import Design
from rxpress.deseq.dispersion_search import Objective, search_dispersions
from rxpress.deseq.gamma_glm import START, fit_gamma_glm
from rxpress.deseq.glm import MAX_ITERATIONS, MIN_MEAN, fit_glm, wald_error, wald_p_values
from rxpress.deseq.shrinkage import Posterior, most_likely, shrink
from rxpress.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ELEMENTS = 2**16
TINY_MEAN = 1e-10


class BatchedInference(Inference):
    """DESeq2's estimates, every step for a chunk of genes at once.

    Chunks are shared out among `threads`; results do not depend on their number. `rescued` counts the
    fits that did not converge and went to PyDESeq2's own solver. Wherever `size_factors` is asked for, it
    may be (samples,) or, per gene, (samples, genes).
    """

    def __init__(self, threads: int = 1, chunk_elements: int = CHUNK_ELEMENTS) -> None:
        self.threads = threads
        self.chunk_elements = chunk_elements
        self.rescued = 0

    def lin_reg_mu(
        self, counts: np.ndarray, size_factors: np.ndarray, design_matrix: np.ndarray, min_mu: float
    ) -> np.ndarray:
        design, factors = Design.split(design_matrix), size_factors.T
        return np.maximum(design.linear_means(counts.T / factors) * factors, min_mu).T

    def fit_rough_dispersions(self, normed_counts: np.ndarray, design_matrix: pd.DataFrame) -> np.ndarray:
        design = Design.split(np.asarray(design_matrix, dtype=float))
        counts = normed_counts.T
        means = np.maximum(design.linear_means(counts), 1.0)
        excess = ((counts - means) ** 2 - means) / means**2
        return np.maximum(excess.sum(axis=1) / design.residual_df, 0.0)

    def fit_moments_dispersions(self, normed_counts: np.ndarray, size_factors: np.ndarray) -> np.ndarray:
        means, variances = normed_counts.mean(axis=0), normed_counts.var(axis=0, ddof=1)
        of_sample = size_factors if size_factors.ndim == 1 else size_factors.mean(axis=1)
        return (variances - (1 / of_sample).mean() * means) / means**2

    def dispersion_trend_gamma_glm(
        self, covariates: pd.Series, targets: pd.Series, start: np.ndarray = START
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        """As the parent says; start : (2,) coefficients to start from."""
        covariate = np.asarray(covariates, dtype=float)
        coefficients, converged = fit_gamma_glm(covariate, np.asarray(targets, dtype=float), start)
        return coefficients, coefficients[0] + coefficients[1] * covariate, converged

    def alpha_mle(
        self,
        counts: np.ndarray,
        design_matrix: np.ndarray,
        mu: np.ndarray,
        alpha_hat: np.ndarray,
        min_disp: float,
        max_disp: float,
        prior_disp_var: float | None = None,
        cr_reg: bool = True,
        prior_reg: bool = False,
        optimizer: Literal["BFGS", "L-BFGS-B"] = "L-BFGS-B",
        start: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As the parent says; means are floored as R floors them, and `optimizer` has no say.

        start : (genes,) dispersions to search from; `alpha_hat`, with a prior also its mean, if not given.
        """
        design = Design.split(design_matrix).of_groups()
        variance = prior_disp_var if prior_reg else None
        first = alpha_hat if start is None else start
        dispersions, converged = np.empty(counts.shape[1]), np.empty(counts.shape[1], dtype=bool)

        def fit(genes: slice) -> None:
            means = np.maximum(mu.T[genes], MIN_MEAN)
            objective = Objective(
                _floats(counts.T[genes]), means, design, np.log(alpha_hat[genes]), variance, cr_reg
            )
            found = search_dispersions(objective, first[genes], min_disp, max_disp)
            dispersions[genes], converged[genes] = found

        self._for_each_chunk(counts, fit)
        return dispersions, converged

    def irls(
        self,
        counts: np.ndarray,
        size_factors: np.ndarray,
        design_matrix: np.ndarray,
        disp: np.ndarray,
        min_mu: float,
        beta_tol: float,
        min_beta: float = -30,
        max_beta: float = 30,
        optimizer: Literal["BFGS", "L-BFGS-B"] = "L-BFGS-B",
        maxiter: int = MAX_ITERATIONS,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """As the parent says; genes that do not converge are left to PyDESeq2's solver with `optimizer`.

        That one gets no floor for the means, as R's `optim`: its gradient knows of none.
        disp : (genes,), or (samples, genes) where dispersions differ between samples.
        """
        design = Design.split(design_matrix)
        beta = np.empty((counts.shape[1], design.coefficients))
        means, hat = np.empty(counts.shape[::-1]), np.empty(counts.shape[::-1])
        converged = np.empty(len(beta), dtype=bool)

        def fit(genes: slice) -> None:
            factors = size_factors if size_factors.ndim == 1 else size_factors.T[genes]
            found = fit_glm(
                _floats(counts.T[genes]), factors, design, disp.T[genes], min_mu, beta_tol, maxiter, max_beta
            )
            beta[genes], means[genes], hat[genes] = found.coefficients, found.means, found.hat
            converged[genes] = found.converged

        self._for_each_chunk(counts, fit)
        for gene in np.flatnonzero(~converged):
            alone = (counts[:, [gene]], size_factors if size_factors.ndim == 1 else size_factors[:, gene])
            limits = (TINY_MEAN, beta_tol, min_beta, max_beta, optimizer)
            beta[[gene]], mean, leverage, converged[[gene]] = self._original.irls(
                *alone, design.matrix, disp.T[[gene]], *limits
            )
            means[gene], hat[gene] = mean[:, 0], leverage[:, 0]
            self.rescued += 1
        return beta, means.T, hat.T, converged

    def wald_test(
        self,
        design_matrix: np.ndarray,
        disp: np.ndarray,
        lfc: np.ndarray,
        mu: np.ndarray,
        ridge_factor: np.ndarray,
        contrast: np.ndarray,
        lfc_null: float | np.ndarray,
        alt_hypothesis: Literal["greaterAbs", "lessAbs", "greater", "less"] | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As the parent says, but a threshold acts on the contrast's estimate, not on each coefficient.

        disp : (genes,), or (samples, genes) where dispersions differ between samples.
        """
        design, ridge = Design.split(design_matrix), np.diag(ridge_factor)
        error = np.empty(mu.shape[1])

        def measure(genes: slice) -> None:
            error[genes] = wald_error(design, mu.T[genes], disp.T[genes], contrast, ridge)

        self._for_each_chunk(mu, measure)
        p_value, statistic = wald_p_values(lfc @ contrast, error, float(lfc_null), alt_hypothesis)
        return p_value, statistic, error

    def lfc_shrink_nbinom_glm(
        self,
        design_matrix: np.ndarray,
        counts: np.ndarray,
        size: np.ndarray,
        offset: np.ndarray,
        prior_no_shrink_scale: float,
        prior_scale: float,
        optimizer: str,
        shrink_index: int,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As the parent says, but the inverse Hessian is right: PyDESeq2 0.5.4 adds its diagonal twice."""
        design = Design.split(design_matrix)
        contrast = np.eye(design.coefficients)[shrink_index]
        ridge = np.broadcast_to((1 - contrast) / prior_no_shrink_scale**2, (counts.shape[1], len(contrast)))
        beta = np.empty_like(ridge)
        converged = np.empty(len(ridge), dtype=bool)
        inverse = np.empty((len(ridge), len(contrast), len(contrast)))

        def fit(genes: slice) -> None:
            posterior = Posterior(
                _floats(counts.T[genes]),
                offset.T,
                design,
                size[genes, None],
                contrast,
                prior_scale,
                ridge[genes],
            )
            start = design.least_squares(np.log(posterior.counts + 0.5) - offset.T)
            shrunken = shrink(posterior, most_likely(posterior, start))
            beta[genes], converged[genes] = shrunken.coefficients, shrunken.converged
            inverse[genes] = posterior.inverse_hessian(shrunken.coefficients)

        self._for_each_chunk(counts, fit)
        return beta, inverse, converged

    @cached_property
    def _original(self) -> Inference:
        from pydeseq2.default_inference import DefaultInference

        return DefaultInference(n_cpus=1)

    def _for_each_chunk(self, counts: np.ndarray, work: Callable[[slice], None]) -> None:
        """Call `work` for slices of genes that hold about `chunk_elements` counts (samples, genes) each."""
        samples, genes = counts.shape
        step = max(1, self.chunk_elements // samples)
        chunks = [slice(first, first + step) for first in range(0, genes, step)]
        if self.threads == 1:
            list(map(work, chunks))
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(work, chunks))


def choose_inference(name: str, threads: int = 1, length_correction: str = "none") -> Inference:
    """`batched`: all genes at once; `pydeseq2`: PyDESeq2's own, gene by gene, which knows no offsets."""
    if name == "batched":
        return BatchedInference(threads)
    if length_correction == "offset":
        what = "--inference pydeseq2 knows no length offsets"
        raise InputError(Problem(what, "use --length_correction scaled or --inference batched"))
    from pydeseq2.default_inference import DefaultInference

    return DefaultInference(n_cpus=threads)


def _floats(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=float)
