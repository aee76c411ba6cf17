"""Dispersion of every gene by maximum of the Cox-Reid adjusted likelihood, with or without a prior.

The search is that of R's DESeq2 (Love, Huber and Anders, Genome Biology 2014): gradient ascent on log
dispersion with Armijo steps, ended by the gain in log likelihood. Many genes have a likelihood so flat
that any other search, exact as it may be, ends somewhere else, which moves the trend and with it every p
value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from rxpress.deseq.design import Design, Gram

MAX_STEPS = 100
FIRST_STEP = 1.0
LEAST_GAIN = 1e-6
ARMIJO = 1e-4
LOG_RANGE = (-30.0, 10.0)
GRID_POINTS = 20


@dataclass(frozen=True)
class Objective:
    """Log posterior of log dispersion, gene by gene.

    counts, means : (genes, samples); prior_mean : (genes,) of log dispersion; prior_variance : None for
    no prior.
    """

    counts: np.ndarray
    means: np.ndarray
    design: Design
    prior_mean: np.ndarray
    prior_variance: float | None
    cox_reid: bool = True

    def of(self, genes: np.ndarray) -> Objective:
        """The objective of some genes."""
        return Objective(
            self.counts[genes],
            self.means[genes],
            self.design,
            self.prior_mean[genes],
            self.prior_variance,
            self.cox_reid,
        )

    def value(self, log_alpha: np.ndarray) -> np.ndarray:
        """(genes,) log posterior up to a constant of the gene: the negative binomial log likelihood of
        `counts` with size r = 1/alpha, minus half the log determinant of X'WX (Cox-Reid), plus the log
        prior."""
        alpha = np.exp(log_alpha)[:, None]
        size = 1 / alpha
        inflation = 1 + alpha * self.means
        total = gammaln(self.counts + size).sum(axis=1) - self.design.samples * gammaln(size[:, 0])
        total += self.counts.sum(axis=1) * log_alpha
        total -= ((self.counts + size) * np.log(inflation)).sum(axis=1)
        if self.cox_reid:
            total -= Gram.of(self.design, self.means / inflation).log_determinant() / 2
        if self.prior_variance is not None:
            total -= (log_alpha - self.prior_mean) ** 2 / (2 * self.prior_variance)
        return total

    def slope(self, log_alpha: np.ndarray) -> np.ndarray:
        """(genes,) derivative of `value` by log dispersion."""
        alpha = np.exp(log_alpha)[:, None]
        size = 1 / alpha
        inflation = 1 + alpha * self.means
        terms = (
            np.log(inflation) - digamma(self.counts + size) + alpha * (self.counts - self.means) / inflation
        )
        total = size[:, 0] * (terms.sum(axis=1) + self.design.samples * digamma(size[:, 0]))
        if self.cox_reid:
            weights = self.means / inflation
            total += alpha[:, 0] * (weights**2 * Gram.of(self.design, weights).leverage()).sum(axis=1) / 2
        if self.prior_variance is not None:
            total -= (log_alpha - self.prior_mean) / self.prior_variance
        return total


@dataclass(frozen=True)
class Search:
    """Where the ascent ended: log dispersion, log posterior before and after, steps tried; all (genes,)."""

    log_alpha: np.ndarray
    first_value: np.ndarray
    last_value: np.ndarray
    steps: np.ndarray


def search_dispersions(
    objective: Objective, start: np.ndarray, least: float, most: float
) -> tuple[np.ndarray, np.ndarray]:
    """Dispersions (genes,) that maximise `objective`, and whether the ascent converged, by R's rules.

    start : (genes,) first dispersions, within `least` and `most`. Without a prior, genes whose likelihood
    hardly rose keep their start. Genes that ran out of steps, or without a prior stopped at once, are
    looked up on a grid.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        search = ascend(objective, np.log(start), np.log(least / 10))
        alpha = np.minimum(np.exp(search.log_alpha), most)
        lost = search.steps >= MAX_STEPS
        if objective.prior_variance is None:
            flat = search.last_value < search.first_value + np.abs(search.first_value) / 1e6
            alpha = np.where(flat, start, alpha)
            lost = (lost | (search.steps == 1)) & (alpha > 10 * least)
        if lost.any():
            alpha[lost] = np.exp(search_grid(objective.of(np.flatnonzero(lost)), np.log(least), np.log(most)))
    return np.clip(alpha, least, most), search.steps < MAX_STEPS


def ascend(objective: Objective, start: np.ndarray, lowest: float) -> Search:
    """Gradient ascent from log dispersions `start` (genes,); a gene that falls under `lowest` stops there."""
    place, value, slope = start.copy(), objective.value(start), objective.slope(start)
    first_value = value.copy()
    step = np.full(len(start), FIRST_STEP)
    accepted = np.zeros(len(start), dtype=int)
    steps = np.zeros(len(start), dtype=int)
    active = np.arange(len(start))
    for _ in range(MAX_STEPS):
        if not active.size:
            break
        steps[active] += 1
        step[active] = _within_range(place[active], slope[active], step[active])
        current = objective.of(active)
        proposed = place[active] + step[active] * slope[active]
        reached = current.value(proposed)
        good = reached >= value[active] + step[active] * ARMIJO * slope[active] ** 2
        step[active[~good]] /= 2
        moved, reached = active[good], reached[good]
        place[moved], accepted[moved] = proposed[good], accepted[moved] + 1
        gained, fallen = reached - value[moved] >= LEAST_GAIN, place[moved] < lowest
        # A gene that falls keeps the value it had, as in R: its dispersion may then count as flat.
        value[moved] = np.where(gained & fallen, value[moved], reached)
        going = moved[gained & ~fallen]
        slope[going] = objective.of(going).slope(place[going])
        step[going] = np.minimum(step[going] * 1.1, FIRST_STEP) / np.where(accepted[going] % 5 == 0, 2, 1)
        active = np.sort(np.concatenate([active[~good], going]))
    return Search(place, first_value, value, steps)


def search_grid(objective: Objective, lowest: float, highest: float) -> np.ndarray:
    """The best log dispersion (genes,) on a grid, then on a finer one about it, as precise as R's."""
    coarse = np.linspace(lowest, highest, GRID_POINTS)
    spacing = coarse[1] - coarse[0]
    best = _best_of(objective, np.tile(coarse, (len(objective.counts), 1)))
    return _best_of(objective, best[:, None] + np.linspace(-spacing, spacing, GRID_POINTS))


def _best_of(objective: Objective, points: np.ndarray) -> np.ndarray:
    """Of each gene's points (genes, points) the one with the highest value."""
    values = np.column_stack([objective.value(column) for column in points.T])
    return points[np.arange(len(points)), values.argmax(axis=1)]


def _within_range(place: np.ndarray, slope: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Steps cut so that log dispersion stays where the gamma function can be trusted."""
    low, high = LOG_RANGE
    proposed = place + step * slope
    step = np.where(proposed < low, (low - place) / slope, step)
    return np.where(proposed > high, (high - place) / slope, step)
