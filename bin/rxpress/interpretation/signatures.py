"""Signatures: one number per sample from the genes of a publication, and its contrasts.

`score_signatures` finds the genes, names those that are missing and withholds the score when they are too
many. The kernels below it are three ways to score a list that was published without a formula; they answer
"more of it or less than in other samples", never "is it there". `score_classifier` is for those with one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.interpretation.gene_sets import average_ranks, find_members
from rxpress.limma import fit_linear_model
from rxpress.student import t_tail

LEAST_COVERAGE = 0.8
LEAST_COHORT = 20
METHODS = ("weighted_z", "rank", "ssgsea")


@dataclass(frozen=True)
class SignatureScore:
    """score : (samples,), NaN when withheld; coverage : share of the genes that were measured; missing : the
    others, as listed; withheld : why there is no score, else empty.
    """

    score: np.ndarray
    coverage: float
    missing: tuple[str, ...]
    withheld: str


@dataclass(frozen=True)
class Classifier:
    """A weighted sum with a cutoff, as published.

    probes : genes or probesets; weight, reference_mean, reference_sd : (probes,) of log2 expression in the
    cohort it was trained on; cutoff : above it a sample is high; standardized : whether weights speak of
    (x - mean) / sd (EMC92) or of x itself (UAMS80).
    """

    probes: tuple[str, ...]
    weight: np.ndarray
    reference_mean: np.ndarray
    reference_sd: np.ndarray
    cutoff: float
    standardized: bool


@dataclass(frozen=True)
class ClassifierScore:
    """A `SignatureScore`, and high : (samples,) 1 where the score exceeds the cutoff, else 0."""

    score: np.ndarray
    high: np.ndarray
    coverage: float
    missing: tuple[str, ...]
    withheld: str


@dataclass(frozen=True)
class ScoreTests:
    """Contrasts of scores, each (signatures, contrasts) and NaN for a score that was withheld.

    estimate in units of the score, with its confidence interval low to high; statistic : t; p_value :
    two-sided; p_adjusted : over the signatures of a contrast.
    """

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray


def score_signatures(
    expression: np.ndarray,
    genes: Sequence[str],
    signatures: Mapping[str, Mapping[str, float]],
    method: str = "weighted_z",
) -> dict[str, SignatureScore]:
    """Score each sample by signatures: per name, genes with weights (for a mere direction, 1 and -1).

    expression : (genes, samples) on a log scale, all genes that were measured; method : `weighted_z`, `rank`
    or `ssgsea`; the latter two see only the sign of the weights and take the score of the genes that go down
    from that of those that go up. A gene without a value in some sample is missing. ValueError for another
    method, or genes named twice.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    expression, genes = _complete(expression, genes)
    found = find_members(genes, signatures)
    weighed: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    scores = {}
    for name, weights in signatures.items():
        rows, missing = found[name].rows, found[name].missing
        coverage, withheld = judge_coverage(len(weights), missing)
        if method != "weighted_z" and len(rows) == len(genes):
            withheld = withheld or "ranks need genes outside the signature"
        if not withheld:
            weighed[name] = rows, np.array([weights[genes[row]] for row in rows])
        scores[name] = SignatureScore(np.full(expression.shape[1], np.nan), coverage, missing, withheld)
    for name, score in _score(expression, weighed, method).items():
        scores[name] = replace(scores[name], score=score)
    return scores


def _score(
    expression: np.ndarray, signatures: Mapping[str, tuple[np.ndarray, np.ndarray]], method: str
) -> dict[str, np.ndarray]:
    """(samples,) scores of signatures given as rows and their weights."""
    if method == "weighted_z":
        return {name: weighted_z(expression[rows], weight) for name, (rows, weight) in signatures.items()}
    halves = [
        (name, sign, rows[sign * weight > 0])
        for name, (rows, weight) in signatures.items()
        for sign in (1, -1)
        if np.any(sign * weight > 0)
    ]
    values = (rank_score if method == "rank" else ssgsea)(expression, [rows for _, _, rows in halves])
    scores = {name: np.zeros(expression.shape[1]) for name in signatures}
    for (name, sign, _), value in zip(halves, values, strict=True):
        scores[name] += sign * value
    return scores


def weighted_z(expression: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(samples,) weighted z-scores, sum(w z) / sqrt(sum(w^2)), of variance 1 if the genes were independent.

    expression : (genes of the signature, samples), standardised gene by gene over these samples, so the score
    depends on who else is in the study; weight : (genes,). A gene that does not vary adds 0. (Lee et al.,
    PLoS Comput Biol 2008, with weights.)
    """
    return weight @ _standardize(expression) / np.sqrt(np.sum(weight**2))


def rank_score(expression: np.ndarray, sets: Sequence[np.ndarray]) -> np.ndarray:
    """(sets, samples) mean rank of the genes of a set within each sample, from -0.5 (all lowest) to 0.5.

    expression : (genes, samples) of all genes; sets : rows, some but not all; a sample is scored without
    looking at the others. singscore's centred score (Foroutan et al., BMC Bioinformatics 2018), but genes
    that tie share their mean rank.
    """
    ranks = np.apply_along_axis(average_ranks, 0, expression)
    scores = np.empty((len(sets), ranks.shape[1]))
    for i, rows in enumerate(sets):
        lowest, highest = (len(rows) + 1) / 2, len(ranks) - (len(rows) - 1) / 2
        scores[i] = (ranks[rows].mean(axis=0) - lowest) / (highest - lowest) - 0.5
    return scores


def ssgsea(expression: np.ndarray, sets: Sequence[np.ndarray], power: float = 0.25) -> np.ndarray:
    """(sets, samples) single-sample GSEA: the area between the running sums of hits and of misses.

    expression : (genes, samples) of all genes; sets : rows, some but not all; hits weigh by their rank to
    `power` (Barbie et al., Nature 2009). In closed form: a gene at rank r from below stays in r partial sums.
    Not normalised by the range over sets and samples. Of genes that tie, the later row ranks higher, as in
    gseapy.
    """
    weights = np.apply_along_axis(average_ranks, 0, expression) ** power
    height = np.argsort(np.argsort(expression, axis=0, kind="stable"), axis=0) + 1.0
    scores = np.empty((len(sets), height.shape[1]))
    for i, rows in enumerate(sets):
        hits = (weights[rows] * height[rows]).sum(axis=0) / weights[rows].sum(axis=0)
        misses = (height.sum(axis=0) - height[rows].sum(axis=0)) / (len(height) - len(rows))
        scores[i] = hits - misses
    return scores


def score_classifier(
    expression: np.ndarray, probes: Sequence[str], classifier: Classifier, adjust: bool = True
) -> ClassifierScore:
    """Score and class each sample by a published classifier.

    expression : (probes, samples) log2, of the platform and normalisation that the classifier was made for.
    adjust : first give each probe the mean and sd that it has in the reference cohort, as the published
    scores do: it needs a cohort of at least 20 with the usual mix of patients, else the score is withheld.
    Without it the values must already be comparable with the reference's. A missing probe counts as the
    reference mean.
    """
    expression, probes = _complete(expression, probes)
    samples = expression.shape[1]
    missing = find_members(probes, {"": classifier.probes})[""].missing
    coverage, withheld = judge_coverage(len(classifier.probes), missing)
    if adjust and samples < LEAST_COHORT:
        withheld = withheld or f"{samples} samples are too few to adjust them to the reference cohort"
    if withheld:
        nothing = np.full(samples, np.nan)
        return ClassifierScore(nothing, nothing, coverage, missing, withheld)
    row = {probe: i for i, probe in enumerate(probes)}
    there = np.isin(classifier.probes, missing, invert=True)
    values = expression[[row[probe] for probe in classifier.probes if probe in row]]
    mean, sd = classifier.reference_mean[:, None], classifier.reference_sd[:, None]
    z = np.zeros((len(there), samples))
    z[there] = _standardize(values) if adjust else (values - mean[there]) / sd[there]
    score = classifier.weight @ (z if classifier.standardized else mean + sd * z)
    return ClassifierScore(score, (score > classifier.cutoff).astype(float), coverage, missing, "")


def compare_scores(
    scores: np.ndarray, design: np.ndarray, contrasts: np.ndarray, confidence: float = 0.95
) -> ScoreTests:
    """Contrasts of each score under the study's own model: ordinary t, variance pooled over all conditions.

    scores : (signatures, samples); design : (samples, p); contrasts : (p, k). With two or three replicates
    the pooled residuals carry the power, which a Welch test of two groups would not have, and batches or
    patients stay in the model. Variances are not moderated across signatures: those are few and in
    different units. The question asked of lines or patients needs scores averaged to that unit first.
    """
    fit = fit_linear_model(scores, design, contrasts)
    df = fit.residual_df[:, None]
    error = fit.sigma[:, None] * fit.unscaled_error
    half = scipy.special.stdtrit(df, 0.5 + confidence / 2) * error
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = fit.estimate / error
    p_value = 2 * t_tail(np.abs(statistic), df)
    adjusted = np.column_stack([benjamini_hochberg(p) for p in p_value.T])
    return ScoreTests(fit.estimate, fit.estimate - half, fit.estimate + half, statistic, p_value, adjusted)


def judge_coverage(listed: int, missing: Sequence[str]) -> tuple[float, str]:
    """The share of the genes `listed` that were measured, and why a score must be withheld, else empty."""
    coverage = 1 - len(missing) / listed if listed else 0.0
    if coverage >= LEAST_COVERAGE:
        return coverage, ""
    return coverage, f"{listed - len(missing)} of {listed} genes were measured, under {LEAST_COVERAGE:.0%}"


def _complete(expression: np.ndarray, genes: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The genes without a missing value."""
    complete = np.isfinite(expression).all(axis=1)
    return expression[complete], [gene for gene, seen in zip(genes, complete, strict=True) if seen]


def _standardize(expression: np.ndarray) -> np.ndarray:
    """Each row less its mean over its sd; 0 for a row that does not vary."""
    varies = np.ptp(expression, axis=1, keepdims=True) > 0
    centred = expression - expression.mean(axis=1, keepdims=True)
    spread = expression.std(axis=1, ddof=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=varies)
