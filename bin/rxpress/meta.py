"""Meta-analysis of one effect in several studies, all genes at once, as R's metafor.

Effects y and standard errors s are (genes, studies), NaN where a study has nothing to say of a gene. The
fixed effect weighs studies by w = 1 / s². A random effect also has a variance tau² between studies, with
w = 1 / (s² + tau²), by restricted maximum likelihood (metafor's default; Viechtbauer, J Educ Behav Stat
2005); its intervals are those of Hartung and Knapp (Stat Med 2001) with a variance factor of at least 1
(Röver, Knapp and Friede, BMC Med Res Methodol 2015). Stouffer's z needs no common scale of effects. Of fewer
than two studies everything is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from rxpress.student import t_tail

CONFIDENCE = 0.95
PRECISION = 1e-11
WIDER = 1 + 1e-6  # less than that is rounding of p values
ITERATIONS = 2000
DAMPED_FROM = 500
LEAST_P_VALUE = 1e-300


@dataclass(frozen=True)
class Combined:
    """An effect over studies; all (genes,), lower and upper the ends of its 95 % interval."""

    estimate: np.ndarray
    error: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray


@dataclass(frozen=True)
class Heterogeneity:
    """How far studies disagree; all (genes,).

    q, q_p_value : Cochran's Q of the fixed effect, and p by chi²; tau2 : variance between studies; i2 : its
    percentage of the variance of a typical study (Higgins and Thompson, Stat Med 2002, by tau²).
    """

    q: np.ndarray
    q_p_value: np.ndarray
    tau2: np.ndarray
    i2: np.ndarray


def fixed_effect(effects: np.ndarray, errors: np.ndarray) -> Combined:
    """The mean effect of these studies, weighted by precision."""
    weights, studies = _weigh(effects, errors, 0.0)
    mean, _ = _mean_and_squares(effects, weights)
    error = 1 / np.sqrt(np.where(studies > 1, weights.sum(axis=1), np.nan))
    statistic = mean / error
    half = -scipy.special.ndtri((1 - CONFIDENCE) / 2) * error
    return Combined(mean, error, mean - half, mean + half, statistic, normal_p_value(statistic))


def hartung_knapp(
    effects: np.ndarray, errors: np.ndarray, tau2: np.ndarray, least_factor: float = 1.0
) -> Combined:
    """The mean effect of all such studies, by t with studies - 1 degrees of freedom.

    tau2 : (genes,) variance between studies; least_factor : the factor of the mean's variance is at least
    this (1: metafor's `adhoc`; 0: `knha`, whose intervals can be too short by chance).
    """
    weights, studies = _weigh(effects, errors, tau2)
    mean, squares = _mean_and_squares(effects, weights)
    df = np.where(studies > 1, studies - 1.0, np.nan)
    error = np.sqrt(np.maximum(least_factor, squares / df) / weights.sum(axis=1).clip(np.finfo(float).tiny))
    half = scipy.special.stdtrit(df, (1 + CONFIDENCE) / 2) * error
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = mean / error
    p_value = 2 * t_tail(np.abs(statistic), df)
    return Combined(mean, error, mean - half, mean + half, statistic, p_value)


def heterogeneity(effects: np.ndarray, errors: np.ndarray) -> Heterogeneity:
    """Q, tau² by restricted maximum likelihood, and I²."""
    weights, studies = _weigh(effects, errors, 0.0)
    _, q = _mean_and_squares(effects, weights)
    tau2 = restricted_tau2(effects, errors)
    i2 = 100 * tau2 / (tau2 + _typical_variance(weights, studies))
    return Heterogeneity(q, scipy.special.chdtrc(studies - 1.0, q), tau2, i2)


def restricted_tau2(effects: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """(genes,) variance between studies that maximises the restricted likelihood, by Fisher scoring.

    It starts, as in metafor, from the estimate of Hedges and Olkin. Variances are measured against those of a
    typical study; steps across zero are halved, and all are late on, where some genes go back and forth. A
    gene that never settles has the moment estimate of DerSimonian and Laird (Control Clin Trials 1986).
    """
    weights, studies = _weigh(effects, errors, 0.0)
    tau2 = np.full(len(effects), np.nan)
    genes = np.flatnonzero(studies > 1)
    unit = _typical_variance(weights, studies)[genes]
    y = np.where(weights[genes] > 0, effects[genes], 0.0) / np.sqrt(unit)[:, None]
    w = weights[genes] * unit[:, None]
    found = _start(y, w)
    moving = np.arange(len(genes))
    for iteration in range(ITERATIONS):
        before = found[moving]
        step = _score_step(y[moving], w[moving], before) * (0.5 if iteration >= DAMPED_FROM else 1.0)
        found[moving] = _step_within(before, step)
        moving = moving[np.abs(found[moving] - before) > PRECISION * (1 + before)]
        if not len(moving):
            break
    found[moving] = _moment_tau2(y[moving], w[moving])
    tau2[genes] = np.where(found > np.sqrt(PRECISION), found, 0.0) * unit
    return tau2


def normal_errors(effects: np.ndarray, errors: np.ndarray, p_values: np.ndarray) -> np.ndarray:
    """(genes, studies) standard errors by which effects, as normal statistics, have their own p values.

    errors : as estimated. Those of t tests with few degrees of freedom are uncertain themselves, which the
    combinations here do not know: they are widened to |effect| / z, z the normal quantile of p. Others stay.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        needed = np.abs(effects) / _normal_quantile(p_values)
    told = np.isfinite(needed) & (p_values > LEAST_P_VALUE)
    return np.where(told & (needed > errors * WIDER), needed, errors)


def stouffer(effects: np.ndarray, p_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(genes,) z of p values that carry the sign of their effects, each study counting the same, and its p.

    p_values : (genes, studies) two-sided, NaN where missing; the least that counts is 1e-300.
    """
    used = np.isfinite(effects) & np.isfinite(p_values)
    studies = used.sum(axis=1)
    signed = np.where(used, np.sign(effects) * _normal_quantile(p_values), 0.0)
    z = signed.sum(axis=1) / np.sqrt(np.where(studies > 1, studies, np.nan))
    return z, normal_p_value(z)


def _normal_quantile(p_values: np.ndarray) -> np.ndarray:
    """|z| of two-sided p values, of which the least that counts is 1e-300; NaN where missing."""
    return -scipy.special.ndtri_exp(np.log(np.clip(p_values, LEAST_P_VALUE, 1.0) / 2))


def normal_p_value(z: np.ndarray) -> np.ndarray:
    """Two-sided p of a standard normal statistic."""
    return 2 * scipy.special.ndtr(-np.abs(z))


def common_sign(effects: np.ndarray) -> np.ndarray:
    """(genes,) 1 or -1 where all studies that have the gene agree in sign, else 0; NaN under two studies."""
    signs = np.sign(effects)
    studies = np.isfinite(signs).sum(axis=1)
    total = np.nansum(signs, axis=1)
    return np.where(studies > 1, np.where(np.abs(total) == studies, np.sign(total), 0.0), np.nan)


def _weigh(
    effects: np.ndarray, errors: np.ndarray, tau2: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (genes, studies), 0 where a study has no effect or no error above 0; and studies (genes,)."""
    used = np.isfinite(effects) & np.isfinite(errors) & (errors > 0)
    variances = np.where(used, errors, 1.0) ** 2 + np.nan_to_num(np.reshape(tau2, (-1, 1)))
    return np.where(used, 1 / variances, 0.0), used.sum(axis=1)


def _mean_and_squares(effects: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean (genes,) and the weighted squares about it; NaN under two studies."""
    effects = np.where(weights > 0, effects, 0.0)
    total = np.where((weights > 0).sum(axis=1) > 1, weights.sum(axis=1), np.nan)
    mean = (weights * effects).sum(axis=1) / total
    return mean, (weights * (effects - mean[:, None]) ** 2).sum(axis=1)


def _typical_variance(weights: np.ndarray, studies: np.ndarray) -> np.ndarray:
    """(genes,) the sampling variance of a typical study (Higgins and Thompson 2002, equation 9)."""
    total = np.where(studies > 1, weights.sum(axis=1), np.nan)
    return (studies - 1) / (total - (weights**2).sum(axis=1) / total)


def _start(y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """tau² of Hedges and Olkin: the plain variance of effects less the mean sampling variance."""
    used = w > 0
    studies = used.sum(axis=1)
    mean = y.sum(axis=1) / studies
    squares = np.where(used, (y - mean[:, None]) ** 2, 0.0).sum(axis=1)
    sampling = np.where(used, 1 / np.where(used, w, 1.0), 0.0).sum(axis=1) / studies
    return np.maximum(squares / (studies - 1) - sampling, 0.0)


def _score_step(y: np.ndarray, w: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    """(genes,) step of Fisher scoring on tau²: (y'PPy - tr P) / tr PP with P = W - W11'W / 1'W1."""
    w = w / (1 + w * tau2[:, None])
    one, two, three = (np.sum(w**power, axis=1) for power in (1, 2, 3))
    mean = (w * y).sum(axis=1) / one
    squares = ((w * (y - mean[:, None])) ** 2).sum(axis=1)
    return (squares - (one - two / one)) / (two - 2 * three / one + (two / one) ** 2)


def _step_within(tau2: np.ndarray, step: np.ndarray) -> np.ndarray:
    """tau² after a step that is halved until it does not lead below zero."""
    across = (tau2 + step < 0) & (tau2 > PRECISION**2)
    halvings = np.ceil(np.log2(np.where(across, -step, 1.0) / np.where(across, tau2, 1.0)))
    return np.maximum(tau2 + step / np.where(across, 2.0**halvings, 1.0), 0.0)


def _moment_tau2(y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """tau² of DerSimonian and Laird."""
    _, q = _mean_and_squares(y, w)
    one = w.sum(axis=1)
    return np.maximum((q - ((w > 0).sum(axis=1) - 1)) / (one - (w**2).sum(axis=1) / one), 0.0)
