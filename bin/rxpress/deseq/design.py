"""Weighted normal equations of one design for all genes at once.

Most designs here are `~0 + condition + covariates`: the condition columns are disjoint indicators, so
that their block of X'WX is diagonal, and only the few covariates need a small dense system per gene. A
hundred conditions then cost hardly more than four. A design with an intercept is split in the same way as
far as it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Design:
    """A design matrix and how its columns are split.

    matrix : (samples, p); indicator : positions of columns of zeros and ones no two of which share a sample;
    dense : positions of the other columns.
    """

    matrix: np.ndarray
    indicator: np.ndarray
    dense: np.ndarray

    @classmethod
    def split(cls, matrix: np.ndarray) -> Design:
        """Take as many disjoint indicator columns as come, those with the fewest samples first."""
        matrix = np.asarray(matrix, dtype=float)
        binary = np.all((matrix == 0) | (matrix == 1), axis=0)
        taken = np.zeros(len(matrix))
        chosen = []
        for column in np.argsort(matrix.sum(axis=0), kind="stable"):
            if binary[column] and not (taken * matrix[:, column]).any():
                chosen.append(column)
                taken += matrix[:, column]
        indicator = np.sort(np.array(chosen, dtype=int))
        return cls(matrix, indicator, np.setdiff1d(np.arange(matrix.shape[1]), indicator))

    @property
    def samples(self) -> int:
        return self.matrix.shape[0]

    @property
    def coefficients(self) -> int:
        return self.matrix.shape[1]

    @property
    def residual_df(self) -> int:
        return self.samples - self.coefficients

    @cached_property
    def cells(self) -> np.ndarray:
        """(samples,) : which samples share a row of the matrix, as numbers from 0."""
        return np.unique(self.matrix, axis=0, return_inverse=True)[1].reshape(-1)

    @cached_property
    def cell_sizes(self) -> np.ndarray:
        """(samples,) : how many samples share the row of each sample, itself included."""
        return np.bincount(self.cells)[self.cells]

    @property
    def saturated(self) -> bool:
        """Whether there are as many coefficients as distinct rows: fitted means are then means of groups."""
        return len(np.unique(self.cells)) == self.coefficients

    @property
    def two_groups(self) -> bool:
        """Whether the design compares two groups of samples and holds nothing else."""
        return self.saturated and self.coefficients == 2

    def of_groups(self) -> Design:
        """The simplest design with the same fitted means: of groups, if this one is saturated, else this."""
        return Design.split(np.eye(self.coefficients)[self.cells]) if self.saturated else self

    @cached_property
    def pseudo_inverse(self) -> np.ndarray:
        """(p, samples) : what turns a gene's values into coefficients of ordinary least squares."""
        return np.linalg.pinv(self.matrix)

    @cached_property
    def blocks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Indicator columns J (samples, k), dense ones Z (samples, q), products J·Z and Z·Z by sample."""
        n, j, z = self.samples, self.matrix[:, self.indicator], self.matrix[:, self.dense]
        return (
            j,
            z,
            (j[:, :, None] * z[:, None, :]).reshape(n, -1),
            (z[:, :, None] * z[:, None, :]).reshape(n, -1),
        )

    def linear_means(self, values: np.ndarray) -> np.ndarray:
        """Ordinary least squares of each gene: (genes, samples) values → fitted means of that shape."""
        return self.least_squares(values) @ self.matrix.T

    def least_squares(self, values: np.ndarray) -> np.ndarray:
        """Coefficients of ordinary least squares: (genes, samples) → (genes, p)."""
        return values @ self.pseudo_inverse.T


@dataclass(frozen=True)
class Gram:
    """X'WX + ridge of every gene as blocks [[D, B], [B', C]], D diagonal, and S = C - B' D^-1 B, its
    Schur complement.

    diagonal : (genes, k); ratio : D^-1 B, (genes, k, q); schur : (genes, q, q).
    """

    design: Design
    diagonal: np.ndarray
    ratio: np.ndarray
    schur: np.ndarray

    @classmethod
    def of(cls, design: Design, weights: np.ndarray, ridge: float | np.ndarray = 0.0) -> Gram:
        """The system for weights (genes, samples); the diagonal gets `ridge`, broadcast to (genes, p)."""
        j, z, jz, zz = design.blocks
        genes, k, q = len(weights), j.shape[1], z.shape[1]
        ridge = np.broadcast_to(ridge, (genes, design.coefficients))
        diagonal = weights @ j + ridge[:, design.indicator]
        border = (weights @ jz).reshape(genes, k, q)
        corner = (weights @ zz).reshape(genes, q, q) + ridge[:, design.dense, None] * np.eye(q)
        ratio = border / diagonal[:, :, None]
        return cls(design, diagonal, ratio, corner - border.transpose(0, 2, 1) @ ratio)

    def log_determinant(self) -> np.ndarray:
        """(genes,) log of the determinant."""
        return np.log(self.diagonal).sum(axis=1) + np.linalg.slogdet(self.schur)[1]

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Solution x of (X'WX + ridge) x = right; both (genes, p)."""
        first, second = right[:, self.design.indicator], right[:, self.design.dense]
        rest = second - np.einsum("gkq,gk->gq", self.ratio, first)
        dense = np.linalg.solve(self.schur, rest[:, :, None])[:, :, 0]
        solution = np.empty_like(right)
        solution[:, self.design.dense] = dense
        solution[:, self.design.indicator] = first / self.diagonal - np.einsum(
            "gkq,gq->gk", self.ratio, dense
        )
        return solution

    def least_eigenvalue(self) -> np.ndarray:
        """(genes,) smallest eigenvalue of the Schur complement: about 0 where covariates are undetermined."""
        if not self.design.dense.size:
            return np.full(len(self.schur), np.inf)
        return np.linalg.eigvalsh(self.schur)[:, 0]

    def inverse(self) -> np.ndarray:
        """(genes, p, p) the inverse of X'WX + ridge."""
        genes, p = len(self.diagonal), self.design.coefficients
        columns = [self.solve(np.broadcast_to(unit, (genes, p))) for unit in np.eye(p)]
        return np.stack(columns, axis=2)

    def leverage(self) -> np.ndarray:
        """x_i' (X'WX + ridge)^-1 x_i for the design row x_i of each sample: (genes, samples)."""
        j, z, _, _ = self.design.blocks
        indicator = (1 / self.diagonal) @ j.T
        if not self.design.dense.size:
            return indicator
        rest = z - j @ self.ratio
        return indicator + np.einsum("giq,giq->gi", rest @ np.linalg.inv(self.schur), rest)
