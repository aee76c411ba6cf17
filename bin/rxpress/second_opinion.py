"""Contrasts of counts by limma-voom: a method of its own, and a second opinion on DESeq2's calls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from rxpress.calls import CallRule, gene_table
from rxpress.deseq.contrast import ContrastTest
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.limma import ModeratedFit, fit_linear_model, moderate
from rxpress.study_counts import StudyCounts
from rxpress.voom import residual_df, voom

LEAST_COUNT = 10
LEAST_TOTAL = 15
LARGE_GROUP = 10
SHARE_OF_LARGE = 0.7
LEAST_GENES = 10
CALLED = ("up", "down")
COMPARED = ("log2_fold_change", "p_adjusted", "call")


def voom_tables(
    counts: StudyCounts,
    matrix: np.ndarray,
    vectors: Mapping[str, np.ndarray],
    rule: CallRule,
    parts: Mapping[str, np.ndarray] | None = None,
    lines: np.ndarray | None = None,
) -> dict[str, pd.DataFrame]:
    """The gene table of each contrast, with the columns that tests by DESeq2 have; nothing is shrunken.

    matrix : (samples, p) of full rank with residual degrees of freedom; vectors : {contrast: (p,)}; parts :
    {contrast: (lines, p)} what an average would be of each line alone; lines : (samples,) the cell line of
    each, for a trend of the variance of its own, which is not possible for lines without replicates.
    """
    parts = parts or {}
    rows = [*vectors.values(), *(row for those in parts.values() for row in those)]
    fit = fit_voom(counts, matrix, np.reshape(rows, (len(rows), matrix.shape[1])), lines)
    base_means = (counts.values / counts.normalization.factors).mean(axis=1)
    tests = contrast_tests(fit, rule.threshold)
    tables = {
        name: gene_table(counts.genes, base_means, test, rule)
        for name, test in zip(vectors, tests, strict=False)
    }
    first = len(vectors)
    for name, those in parts.items():
        of_lines, first = fit.estimate[:, first : first + len(those)], first + len(those)
        same = np.sign(of_lines) == np.sign(tables[name][["log2_fold_change"]].to_numpy(float))
        tables[name] = tables[name].assign(lines_same_sign=same.sum(axis=1), lines=len(those))
    return tables


def fit_voom(
    counts: StudyCounts, matrix: np.ndarray, contrasts: np.ndarray, lines: np.ndarray | None = None
) -> ModeratedFit:
    """Moderated tests of contrasts (k, p), a row for each; NaN for genes with too few counts to be tested.

    Library sizes are those that the size factors stand for; where genes have lengths of their own in each
    sample, counts are scaled to their mean length first.
    """
    factors, size_factors = counts.normalization.factors, counts.normalization.size_factors
    values = counts.values if factors.ndim == 1 else counts.values / factors * size_factors
    sizes = effective_sizes(values, size_factors)
    tested = worthwhile(values, matrix, sizes)
    if tested.sum() < LEAST_GENES:
        none, each = np.full((len(values), len(contrasts)), np.nan), np.full(len(values), np.nan)
        return ModeratedFit(none, none, none, none, each, each, each, each, np.nan, each)
    if lines is not None and min(residual_df(matrix, lines)) < 1:
        lines = None
    expression, weights = voom(values[tested], matrix, sizes, lines)
    return moderate(fit_linear_model(expression, matrix, contrasts.T, weights)).spread(tested)


def effective_sizes(values: np.ndarray, size_factors: np.ndarray) -> np.ndarray:
    """(samples,) library sizes in proportion to size factors, with the geometric mean of the totals."""
    return size_factors * np.exp(np.mean(np.log(values.sum(axis=0)) - np.log(size_factors)))


def worthwhile(values: np.ndarray, matrix: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(genes,) which genes have enough counts in enough samples, by the rule of edgeR's `filterByExpr`.

    Enough samples are those of the smallest condition, and of those beyond ten seven in ten; enough counts
    are what ten are in the middle library, and fifteen in all (Chen, Lun and Smyth, F1000Research 2016).
    """
    basis, _ = np.linalg.qr(matrix)
    smallest = 1 / (basis**2).sum(axis=1).max()
    needed = min(smallest, LARGE_GROUP + SHARE_OF_LARGE * (smallest - LARGE_GROUP))
    enough = values / sizes >= LEAST_COUNT / np.median(sizes)
    return (enough.sum(axis=1) >= needed - 1e-8) & (values.sum(axis=1) >= LEAST_TOTAL)


def contrast_tests(fit: ModeratedFit, threshold: float) -> list[ContrastTest]:
    """The contrasts of a fit; threshold : log2 fold change to test beyond."""
    unknown = np.full(len(fit.estimate), np.nan)
    columns = zip(
        *(x.T for x in (fit.estimate, fit.error, fit.statistic, fit.p_value, fit.p_value_beyond(threshold))),
        strict=True,
    )
    return [
        ContrastTest(
            estimate,
            error,
            statistic,
            p_value,
            benjamini_hochberg(p_value),
            benjamini_hochberg(beyond),
            unknown,
            unknown,
        )
        for estimate, error, statistic, p_value, beyond in columns
    ]


def second_opinion(
    deseq2: Mapping[str, pd.DataFrame], limma: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """What both methods say of the same contrasts, given their gene tables; tables by file name."""
    called = called_genes(deseq2, limma)
    return {
        "second_opinion.tsv": agreement(deseq2, limma, called),
        "second_opinion_genes.tsv": called,
    }


def called_genes(deseq2: Mapping[str, pd.DataFrame], limma: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per contrast and gene that a method calls: what both say of it, and `called_by`.

    That is `deseq2`, `limma`, `both`, or `opposite` where both call it, but in opposite directions.
    """
    parts = []
    for contrast in deseq2:
        part = deseq2[contrast][["gene_id", "gene_name"]].assign(contrast=contrast)
        for method, table in (("deseq2", deseq2[contrast]), ("limma", limma[contrast])):
            part = part.assign(**{f"{method}_{column}": table[column].to_numpy() for column in COMPARED})
        first, second = (part[f"{method}_call"].isin(CALLED) for method in ("deseq2", "limma"))
        same = part["deseq2_call"] == part["limma_call"]
        whose = np.select(
            [first & second & same, first & second, first], ["both", "opposite", "deseq2"], "limma"
        )
        parts.append(part.assign(called_by=whose)[first | second])
    columns = ["contrast", "gene_id", "gene_name", "called_by"]
    together = pd.concat(parts, ignore_index=True)
    return together[[*columns, *together.columns.drop(columns)]]


def agreement(
    deseq2: Mapping[str, pd.DataFrame], limma: Mapping[str, pd.DataFrame], called: pd.DataFrame
) -> pd.DataFrame:
    """A row per contrast: genes called by both methods in the same direction, by one, in opposite directions.

    called : of `called_genes`; jaccard : share of those by both among all called; lfc_correlation :
    Pearson's, of the log2 fold changes of the genes that both tested (genes_compared).
    """
    rows = []
    for contrast, table in deseq2.items():
        whose = called.loc[called["contrast"] == contrast, "called_by"].value_counts()
        tested = (table["call"] != "untested").to_numpy() & (limma[contrast]["call"] != "untested").to_numpy()
        first, second = (t["log2_fold_change"].to_numpy(float)[tested] for t in (table, limma[contrast]))
        rows.append(
            {
                "contrast": contrast,
                "called_by_both": whose.get("both", 0),
                "only_deseq2": whose.get("deseq2", 0),
                "only_limma": whose.get("limma", 0),
                "opposite": whose.get("opposite", 0),
                "jaccard": whose.get("both", 0) / whose.sum() if len(whose) else np.nan,
                "lfc_correlation": _correlation(first, second),
                "genes_compared": int(tested.sum()),
            }
        )
    return pd.DataFrame(rows)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's; NaN for fewer than three points or if one side does not vary."""
    if len(x) < 3 or not (np.ptp(x) and np.ptp(y)):
        return np.nan
    return float(np.corrcoef(x, y)[0, 1])
