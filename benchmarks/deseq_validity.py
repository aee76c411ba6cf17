#!/usr/bin/env python3
"""Whether the tests keep what they promise, on simulated data, with R's DESeq2 on the same data beside.

    python benchmarks/deseq_validity.py [--sets 20]

Rejection rates without effects, false discoveries and power with planted ones, error rates of lines whose
dispersions differ, a paired cohort, and how far an outlier reaches.
"""

from __future__ import annotations

import argparse

import numpy as np

from deseq_peers import group_matrix, run_r, use_one_thread
from rxpress.deseq.contrast import ContrastTest, evaluate_contrast
from rxpress.deseq.fit import StudyFit, fit_study
from rxpress.deseq.line_fits import fit_lines
from rxpress.deseq.size_factors import normalize
from rxpress.differential.fit_choice import UNEQUAL
from rxpress.inference import BatchedInference

GENES = 3000
ALPHA = 0.05
HELP = argparse.RawDescriptionHelpFormatter
LINES = np.repeat(["A", "B", "C", "D"], 6)
TEST = """
  suppressMessages(library(DESeq2))
  for (set in seq_len(sets)) {
    rows <- seq_len(genes) + (set - 1) * genes
    data <- DESeqDataSetFromMatrix(counts[rows, ], data.frame(row.names = colnames(counts)), design)
    data <- DESeq(data, quiet = TRUE)
    for (i in seq_len(nrow(contrasts))) {
      result <- results(data, contrast = contrasts[i, ], alpha = 0.05)
      values <- c(result$log2FoldChange, result$pvalue, result$padj)
      cat(formatC(values, digits = 17, format = "g"), "", sep = "\\n")
    }
  }"""


def main() -> None:
    use_one_thread()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=20, help="data sets of the first figures")
    sets = parser.parse_args().sets
    check_rates_and_power(sets)
    for fold in (1.0, 3.0, 6.0):
        check_noisy_line(fold, max(sets // 4, 1))
    check_patients()
    check_outlier()


def draw(means: np.ndarray, dispersions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Negative binomial counts of means (genes, samples); dispersions (genes, 1) or (genes, samples)."""
    shape = np.broadcast_to(1 / dispersions, means.shape)
    return rng.poisson(means * rng.gamma(shape) / shape)


def draw_genes(rng: np.random.Generator, genes: int = GENES) -> tuple[np.ndarray, np.ndarray]:
    """Means and dispersions (genes, 1) as of replicate cultures of a cell line."""
    means = 2 ** rng.normal(7, 2.2, (genes, 1))
    return means, (0.02 + 2 / means) * np.exp(rng.normal(0, 0.4, (genes, 1)))


def fit(counts: np.ndarray, matrix: np.ndarray) -> StudyFit:
    values = counts.astype(float)
    return fit_study(values, normalize(values).factors, matrix, BatchedInference())


def evaluate(study: StudyFit, contrast: list[float] | np.ndarray) -> ContrastTest:
    return evaluate_contrast(study, np.asarray(contrast, dtype=float), BatchedInference(), ALPHA, 1.0)


def evaluate_in_r(
    counts: np.ndarray, matrix: np.ndarray, contrasts: list[list[float]], sets: int = 1
) -> np.ndarray:
    """(sets, contrasts, 3, genes) log2 fold changes, p values and adjusted ones of stacked data sets."""
    genes = len(counts) // sets
    matrices = {"counts": counts, "design": matrix, "contrasts": np.array(contrasts, dtype=float)}
    printed = run_r(TEST, matrices, {"sets": sets, "genes": genes})
    values = np.array([np.nan if word == "NA" else float(word) for word in printed.split()])
    return values.reshape(sets, len(contrasts), 3, genes)


def check_rates_and_power(sets: int) -> None:
    """One pair of conditions without effects, one where a tenth of the genes have them."""
    matrix, contrasts = group_matrix(4, 3), [[-1, 1, 0, 0], [0, 0, -1, 1]]
    studies, planted = [], []
    for seed in range(sets):
        rng = np.random.default_rng(seed)
        means, dispersions = draw_genes(rng)
        changed = rng.random(GENES) < 0.1
        effect = np.where(changed, rng.choice([-1, 1], GENES) * rng.uniform(0.5, 2.5, GENES), 0)
        means = means * np.exp(np.outer(effect, [0, 0, 0, 1]) @ matrix.T) * rng.uniform(0.6, 1.6, 12)
        studies.append(draw(means, dispersions, rng))
        planted.append(changed)
    fits = [fit(counts, matrix) for counts in studies]
    ours = np.array([[(t.p_value, t.p_adjusted) for t in (evaluate(f, c) for c in contrasts)] for f in fits])
    theirs = evaluate_in_r(np.vstack(studies), matrix, contrasts, sets)[:, :, 1:]
    print(f"Rejection rates without effects, {sets} data sets of {GENES} genes x 12 samples")
    for level in (0.05, 0.01, 0.001):
        mine, other = (np.nanmean(p[:, 0, 0][~np.isnan(p[:, 0, 0])] < level) for p in (ours, theirs))
        print(f"  at {level:<5}: rxpress {mine:.5f}, R {other:.5f}, ratio {mine / other:.3f}")
    print(f"Planted effects in a tenth of the genes, adjusted p < {ALPHA}")
    truth = np.array(planted)
    for name, p in (("rxpress", ours), ("R", theirs)):
        called = np.nan_to_num(p[:, 1, 1], nan=1.0) < ALPHA
        false, power = (called & ~truth).sum() / called.sum(), (called & truth).sum() / truth.sum()
        print(f"  {name}: false discoveries {false:.4f}, power {power:.4f}", flush=True)


def check_noisy_line(fold: float, sets: int) -> None:
    """Four lines without drug effects, the first `fold` times as dispersed."""
    matrix = group_matrix(8, 3)
    contrasts = [[-1.0 if i == 2 * line else float(i == 2 * line + 1) for i in range(8)] for line in range(4)]
    rates, shared, studies, apart = [], [], [], 0
    for seed in range(sets):
        rng = np.random.default_rng(100 + seed)
        means, dispersions = draw_genes(rng)
        of_line = np.exp(rng.normal(0, 0.4, (GENES, 4)))
        means = means * np.repeat(of_line, 6, axis=1) * rng.uniform(0.6, 1.6, 24)
        studies.append(draw(means, dispersions * np.where(LINES == "A", fold, 1.0), rng))
        study = fit(studies[-1], matrix)
        by_line, relative = fit_lines(study, matrix, LINES, BatchedInference())
        unequal = max(relative.values()) / min(relative.values()) >= UNEQUAL
        apart += unequal
        chosen = by_line if unequal else study
        rates.append([_rate(evaluate(chosen, contrast).p_value) for contrast in contrasts])
        shared.append([_rate(evaluate(study, contrast).p_value) for contrast in contrasts])
    in_r = evaluate_in_r(np.vstack(studies), matrix, contrasts, sets)[:, :, 1]
    first = np.vstack(studies)[:, LINES == "A"]
    alone = evaluate_in_r(first, group_matrix(2, 3), [[-1, 1]], sets)[:, 0, 1]
    print(f"Rates at 5 % in four lines, the first {fold:g} times as dispersed, {sets} data sets")
    print(f"  --fit auto ({apart} of {sets} apart): {_percent(np.mean(rates, axis=0))}")
    print(f"  --fit study: {_percent(np.mean(shared, axis=0))}")
    print(f"  R, one fit: {_percent([_rate(in_r[:, line]) for line in range(4)])}")
    print(f"  R, the first line alone: {_percent([_rate(alone)])}", flush=True)


def check_patients() -> None:
    """Fifteen sensitive and fifteen resistant patients before and under a drug, ten more before it only."""
    rng = np.random.default_rng(7)
    genes = 400
    means, dispersions = draw_genes(rng, genes)
    resistant = np.repeat([0.0, 1.0], 15)
    of_patient = np.exp(rng.normal(0, 0.5, (genes, 40)))
    drug, interaction, baseline = (
        np.where(rng.random(genes) < 0.15, rng.normal(0, 1, genes), 0)[:, None] for _ in range(3)
    )
    untreated = np.concatenate([resistant, np.repeat([0.0, 1.0], 5)])
    of_patient *= np.exp(baseline * untreated)
    before = draw(means * of_patient * rng.uniform(0.6, 1.6, 40), dispersions, rng)
    under = means * of_patient[:, :30] * np.exp(drug + interaction * resistant) * rng.uniform(0.6, 1.6, 30)
    paired = np.hstack([before[:, :30], draw(under, dispersions, rng)])
    treated = np.repeat([0.0, 1.0], 30)
    matrix = np.column_stack([np.tile(np.eye(30), 2).T, treated, treated * np.tile(resistant, 2)])
    groups = np.column_stack([1 - untreated, untreated])
    print(f"A cohort of 30 pairs and 10 unpaired patients, {genes} genes")
    for name, counts, design, contrast in (
        ("drug effect in the sensitive, ~patient + drug + drug:resistant", paired, matrix, 30),
        ("interaction, the same fit", paired, matrix, 31),
        ("baseline, untreated samples unblocked", before, groups, None),
    ):
        vector = np.array([-1.0, 1.0]) if contrast is None else np.eye(32)[contrast]
        ours = evaluate(fit(counts, design), vector)
        theirs = evaluate_in_r(counts, design, [vector.tolist()])[0, 0]
        print(f"  {name}: {_differences(ours, *theirs)}", flush=True)


def check_outlier() -> None:
    """A count a hundred times too high in a vehicle sample of line A: what lines B, C and D make of it."""
    rng = np.random.default_rng(8)
    means, dispersions = draw_genes(rng)
    plain = draw(means * rng.uniform(0.6, 1.6, 24), dispersions, rng).astype(float)
    factors, hit = normalize(plain).factors, np.arange(500, 600)
    spoiled = plain.copy()
    spoiled[hit, 0] = spoiled[hit, 0] * 100 + 5000
    matrix, effect = group_matrix(8, 3), np.array([0, 0, -1.0, 1, 0, 0, 0, 0])
    print("An outlier of 100 genes in the vehicle of line A, seen from line B")
    for name, by_line in (("lines fitted apart", True), ("one fit", False)):
        tests = []
        for counts in (plain, spoiled):
            study = fit_study(counts, factors, matrix, BatchedInference())
            chosen = fit_lines(study, matrix, LINES, BatchedInference())[0] if by_line else study
            tests.append(evaluate(chosen, effect))
        before, after = tests
        same = np.array_equal(before.p_value, after.p_value, equal_nan=True)
        lost = int(np.isnan(after.p_value[hit]).sum() - np.isnan(before.p_value[hit]).sum())
        print(f"  {name}: p values {'identical' if same else 'differ'}, {lost} of them lost")
    theirs = evaluate_in_r(spoiled.astype(int), matrix, [effect.tolist()])[0, 0, 1]
    print(f"  R: {int(np.isnan(theirs[hit]).sum())} of them lost")


def _rate(p_values: np.ndarray) -> float:
    return float((p_values[np.isfinite(p_values)] < 0.05).mean())


def _percent(rates: list[float] | np.ndarray) -> str:
    return ", ".join(f"{100 * rate:.2f} %" for rate in rates)


def _differences(ours: ContrastTest, estimate: np.ndarray, p_value: np.ndarray, adjusted: np.ndarray) -> str:
    """How far our test is from R's estimates, p values and set at ALPHA."""
    likely = p_value < 0.1
    lfc = np.quantile(np.abs(ours.estimate[likely] / estimate[likely] - 1), 0.99)
    logs = -np.log10(np.maximum(ours.p_value, 1e-300)), -np.log10(np.maximum(p_value, 1e-300))
    p = np.nanquantile(np.abs(logs[0] - logs[1]) / np.maximum(0.02, 0.01 * logs[1]), 0.99)
    mine, other = (np.nan_to_num(x, nan=1.0) < ALPHA for x in (ours.p_adjusted, adjusted))
    return (
        f"fold changes differ by {lfc:.1e} (99 %), p by {p:.1e} of the bound, "
        f"{mine.sum()} and {other.sum()} genes called, {(mine & other).sum()} the same"
    )


if __name__ == "__main__":
    main()
