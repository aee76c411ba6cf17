"""From the counts of one study to its tables: size factors, log expression, one fit, every contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rxpress.contrasts import Contrast, StudyDesign, coefficient_vector, design_matrix
from rxpress.deseq.contrast import ContrastTest, evaluate_contrast
from rxpress.deseq.fit import StudyFit, fit_study
from rxpress.deseq.stabilize import stabilize_variance
from rxpress.errors import InputError, Problem
from rxpress.study_counts import StudyCounts
from rxpress.tables import GeneMatrix

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

GLOBAL_SHIFT = np.log2(1.5)
CALLS = ("up", "down", "unchanged", "untested")


@dataclass(frozen=True)
class CallRule:
    """A call needs a p value, `adjusted` or `raw`, below `alpha` and a change by `fold_change` or more."""

    alpha: float = 0.05
    fold_change: float = 2.0
    p_value: str = "adjusted"

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(
                Problem(f"--alpha {self.alpha} is not between 0 and 1", "give a level such as 0.05")
            )
        if self.fold_change < 1:
            raise InputError(
                Problem(f"--fold_change {self.fold_change} is below 1", "give a ratio such as 2")
            )

    @property
    def threshold(self) -> float:
        """The fold change on log2."""
        return float(np.log2(self.fold_change))


@dataclass(frozen=True)
class StudyResults:
    """A study's log2 expression, its tables by file name, and facts of the fit for fit.json."""

    expression: GeneMatrix
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]


def analyze_study(
    counts: StudyCounts, samples: pd.DataFrame, design: StudyDesign, rule: CallRule, inference: Inference
) -> StudyResults:
    """Fit a study once and evaluate all its contrasts.

    samples : the rows of the study's samples.tsv that belong to the columns of `counts`. Log expression, size
    factors and the summary are always there; what cannot be tested has its reason.
    """
    factors = counts.normalization.factors
    expression, transformation = stabilize_variance(counts.values, factors, inference)
    untested = design.untested_because or why_untested(counts, samples, design)
    facts = method_facts(counts, inference) | {"transformation": transformation, "untested_because": untested}
    tables = {"size_factors.tsv": size_factor_table(counts)}
    tested: dict[str, pd.DataFrame] = {}
    if not untested:
        matrix, coefficients = design_matrix(samples, design)
        asked = [contrast for contrast in design.contrasts if contrast.status == "ok"]
        fit = fit_study(counts.values, factors, matrix, inference)
        tested = {c.id: contrast_table(counts, fit, c, coefficients, rule, inference) for c in asked}
        tables["dispersions.tsv"] = dispersion_table(counts, fit)
        facts |= fit_facts(fit, tested, rule) | {"genes_rescued": getattr(inference, "rescued", 0)}
        facts["warnings"] = fit_warnings(counts, fit, asked, coefficients)
    tables |= {f"{contrast}.tsv": table for contrast, table in tested.items()}
    tables["summary.tsv"] = summary_table(design.contrasts, tested, untested)
    return StudyResults(replace(counts.genes, values=expression), tables, facts)


def why_untested(counts: StudyCounts, samples: pd.DataFrame, design: StudyDesign) -> str:
    """Why no test is possible with the counts and rows of the kept samples, or ''."""
    totals = np.sum(counts.values, axis=0)
    empty = [name for name, total in zip(counts.samples, totals, strict=True) if not total]
    if not counts.samples:
        return "no sample was kept"
    if empty:
        return f"no counts at all in {', '.join(empty)}"
    coefficients = len(design_matrix(samples, design)[1])
    if len(samples) <= coefficients:
        return f"no replicates: {len(samples)} samples for {coefficients} coefficients"
    return ""


def contrast_table(
    counts: StudyCounts,
    fit: StudyFit,
    contrast: Contrast,
    coefficients: Sequence[str],
    rule: CallRule,
    inference: Inference,
) -> pd.DataFrame:
    """The results of a contrast, one row per gene; for averages also how many of its lines share the sign."""
    vector = coefficient_vector(contrast.weights, coefficients)
    test = evaluate_contrast(fit, vector, inference, rule.alpha, rule.threshold)
    table = pd.DataFrame(
        {
            "gene_id": counts.genes.gene_ids,
            "gene_name": counts.genes.gene_names,
            "base_mean": fit.base_means,
            "log2_fold_change": test.estimate,
            "lfc_se": test.error,
            "statistic": test.statistic,
            "p_value": test.p_value,
            "p_adjusted": test.p_adjusted,
            "p_adjusted_threshold": test.p_adjusted_threshold,
            "shrunken_log2_fold_change": test.shrunken,
            "shrunken_lfc_se": test.shrunken_error,
            "call": call_genes(test, rule),
        }
    )
    if not contrast.lines:
        return table
    parts = np.array([coefficient_vector(part.weights, coefficients) for part in contrast.lines])
    same = np.sign(fit.genes.coefficients @ parts.T) == np.sign(test.estimate)[:, None]
    return table.assign(lines_same_sign=same.sum(axis=1), lines=len(parts))


def call_genes(test: ContrastTest, rule: CallRule) -> np.ndarray:
    """(genes,) up, down, unchanged or untested."""
    p_value = test.p_adjusted if rule.p_value == "adjusted" else test.p_value
    with np.errstate(invalid="ignore"):
        called = (p_value < rule.alpha) & (np.abs(test.estimate) >= rule.threshold)
    directions = np.where(test.estimate > 0, "up", "down")
    return np.where(np.isnan(p_value), "untested", np.where(called, directions, "unchanged"))


def size_factor_table(counts: StudyCounts) -> pd.DataFrame:
    return pd.DataFrame({"sample": counts.samples, "size_factor": counts.normalization.size_factors})


def dispersion_table(counts: StudyCounts, fit: StudyFit) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gene_id": counts.genes.gene_ids,
            "gene_name": counts.genes.gene_names,
            "base_mean": fit.base_means,
            "gene_wise": fit.genes.gene_wise,
            "fitted": fit.genes.fitted,
            "final": fit.genes.final,
        }
    )


def summary_table(
    contrasts: Sequence[Contrast], tested: dict[str, pd.DataFrame], untested: str
) -> pd.DataFrame:
    """One row per contrast: status, numbers of genes by call, and the share of lines that agree in sign.

    `lines_agree` is the median of that share over the called genes.
    """
    rows = []
    for contrast in contrasts:
        row = {name: getattr(contrast, name) for name in ("id", "label", "kind", "scope", "status", "reason")}
        if contrast.status == "ok" and untested:
            row |= {"status": "not_estimable", "reason": untested}
        if contrast.id in tested:
            row |= _counts_of_calls(tested[contrast.id])
        rows.append(row)
    columns = ("id", "label", "kind", "scope", "status", "reason", "tested", *CALLS, "lines_agree")
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("tested", *CALLS), "Int64"))


def _counts_of_calls(table: pd.DataFrame) -> dict[str, float]:
    calls = {call: int((table["call"] == call).sum()) for call in CALLS}
    called = table[table["call"].isin(("up", "down"))]
    agree = (called["lines_same_sign"] / called["lines"]).median() if "lines" in table else np.nan
    return {"tested": len(table) - calls["untested"], **calls, "lines_agree": agree}


def method_facts(counts: StudyCounts, inference: Inference) -> dict[str, Any]:
    """What fit.json says of every study, tested or not."""
    libraries = ("numpy", "scipy", "pandas", "pydeseq2")
    return {
        "method": "deseq2",
        "length_correction": counts.length_correction,
        "size_factors": counts.normalization.kind,
        "warnings": [],
        "inference": type(inference).__name__,
        "versions": {library: version(library) for library in libraries},
    }


def fit_facts(fit: StudyFit, tested: dict[str, pd.DataFrame], rule: CallRule) -> dict[str, Any]:
    """What fit.json says of the fit and, under a rule on raw p values, of the false positives to expect."""
    trend = fit.trend
    facts: dict[str, Any] = {
        "samples": fit.design.samples,
        "coefficients": fit.design.coefficients,
        "genes": len(fit.counts),
        "genes_expressed": int(fit.counts.any(axis=1).sum()),
        "genes_with_replaced_outliers": int(fit.replaced.sum()),
        "dispersion_trend": {
            "kind": trend.kind,
            "asymptotic": _number(trend.asymptotic),
            "extra_poisson": _number(trend.extra_poisson),
            "residual_variance": _number(trend.residual_variance),
            "prior_variance": _number(trend.prior_variance),
        },
        "call": {"alpha": rule.alpha, "fold_change": rule.fold_change, "p_value": rule.p_value},
    }
    if rule.p_value == "raw":
        tests = {name: int(table["p_value"].notna().sum()) for name, table in tested.items()}
        facts["expected_false_positives"] = {name: rule.alpha * count for name, count in tests.items()}
    return facts


def fit_warnings(
    counts: StudyCounts, fit: StudyFit, contrasts: Sequence[Contrast], coefficients: Sequence[str]
) -> list[str]:
    """What a reader of the results should know about the fit."""
    warnings = []
    if counts.normalization.kind == "poscounts":
        warnings.append("no gene is expressed in every sample: size factors rest on positive counts only")
    if fit.trend.kind == "mean":
        warnings.append(
            "dispersion does not fall with the mean as expected: one mean dispersion was the trend"
        )
    if fit.trend.kind == "none":
        warnings.append("counts vary no more than by chance: gene-wise dispersions were not shrunken")
    shift = size_factor_shift(counts)
    for contrast in contrasts:
        vector = coefficient_vector(contrast.weights, coefficients)
        moved = float(shift @ np.linalg.pinv(fit.design.matrix).T @ vector)
        if abs(moved) > GLOBAL_SHIFT:
            warnings.append(
                f"{contrast.id}: size factors and library sizes part {2 ** abs(moved):.1f}-fold between its "
                "sides; if most genes changed in one direction, fold changes are relative to that shift"
            )
    return warnings


def size_factor_shift(counts: StudyCounts) -> np.ndarray:
    """(samples,) log2 of size factor over library size, the same in all unless much of expression shifts."""
    return np.log2(counts.normalization.size_factors / np.sum(counts.values, axis=0))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
