"""What fit.json says: method, fit, calls, and what a reader should be warned of."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rxpress.deseq.dispersions import Trend
from rxpress.design.planned_contrasts import CONDITIONS
from rxpress.design.study_design import Contrast
from rxpress.design.study_model import coefficient_vector
from rxpress.differential.calls import CallRule
from rxpress.differential.fit_choice import ChosenFit
from rxpress.differential.model_data import CountData
from rxpress.differential.study_counts import StudyCounts

if TYPE_CHECKING:
    from pydeseq2.inference import Inference

GLOBAL_SHIFT = np.log2(1.5)
TREND_WARNINGS = {
    "mean": "dispersion does not fall with the mean as expected: one mean dispersion was the trend",
    "none": "counts vary no more than by chance: gene-wise dispersions were not shrunken",
}


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


def fit_facts(data: CountData, chosen: ChosenFit) -> dict[str, Any]:
    """What fit.json says of the fit of a model."""
    fit, sizes = chosen.fit, data.counts.normalization.size_factors.tolist()
    return {
        "model": data.model.formula or data.model.name,
        "fit": chosen.kind,
        "fit_because": chosen.reason,
        "relative_dispersions": {line: _number(x) for line, x in chosen.relative_dispersions.items()},
        "samples": fit.design.samples,
        "coefficients": fit.design.coefficients,
        "genes": len(fit.counts),
        "genes_expressed": int(fit.counts.any(axis=1).sum()),
        "genes_with_replaced_outliers": int(fit.replaced.sum()),
        "dispersion_trends": {name: _trend_facts(trend) for name, trend in fit.trends.items()},
        "sample_size_factors": dict(zip(data.counts.samples, sizes, strict=True)),
    }


def call_facts(tested: dict[str, pd.DataFrame], rule: CallRule) -> dict[str, Any]:
    """What fit.json says of calls and, under a rule on raw p values, of the false positives to expect."""
    facts: dict[str, Any] = {
        "call": {"alpha": rule.alpha, "fold_change": rule.fold_change, "p_value": rule.p_value}
    }
    if rule.p_value == "raw":
        tests = {name: int(table["p_value"].notna().sum()) for name, table in tested.items()}
        facts["expected_false_positives"] = {name: rule.alpha * count for name, count in tests.items()}
    return facts


def fit_warnings(data: CountData, chosen: ChosenFit, contrasts: Sequence[Contrast]) -> list[str]:
    """What a reader of the results should know about the fit."""
    warnings, counts, model = [], data.counts, data.model.name
    if counts.normalization.kind == "poscounts":
        warnings.append("no gene is expressed in every sample: size factors rest on positive counts only")
    for name, trend in chosen.fit.trends.items():
        if trend.kind in TREND_WARNINGS:
            where = name if model == CONDITIONS else model
            warnings.append(f"{where}: {TREND_WARNINGS[trend.kind]}")
    shift = size_factor_shift(counts)
    for contrast in contrasts:
        if contrast.scope == "class":
            continue
        vector = coefficient_vector(contrast.weights, chosen.coefficients)
        moved = float(vector @ chosen.fit.design.least_squares(shift))
        if abs(moved) > GLOBAL_SHIFT:
            warnings.append(
                f"{contrast.id}: size factors and library sizes part {2 ** abs(moved):.1f}-fold between its "
                "sides; if most genes changed in one direction, fold changes are relative to that shift"
            )
    return warnings


def size_factor_shift(counts: StudyCounts) -> np.ndarray:
    """(samples,) log2 of size factor over library size, the same in all unless much of expression shifts."""
    return np.log2(counts.normalization.size_factors / np.sum(counts.values, axis=0))


def _trend_facts(trend: Trend) -> dict[str, Any]:
    """The fields of a trend; numbers that it does not have are None."""
    return {name: value if isinstance(value, str) else _number(value) for name, value in vars(trend).items()}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
