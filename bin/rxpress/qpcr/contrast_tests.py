"""A contrast tested on one value per sample (ΔCt, or the Ct of a reference gene).

What is independent is a unit, and units fall into groups whose means the contrast adds up:

    welch    a unit is a sample, a group is a condition; values are multiplied by the condition's weight
    paired   a unit is a patient with all samples of a complete pair, a group are patients of one response
    lines    a unit is a cell line's part of the contrast, a group is one side (n = lines)

    estimate = Σ_g mean_g,   SE² = Σ_g s_g² / n_g,   df = SE⁴ / Σ_g (s_g² / n_g)² / (n_g - 1)

With two conditions this is Welch's t test, with one group of patients the paired one; in general it is a
linear combination of means with unequal variances (Welch 1947, Biometrika 34:28; Satterthwaite 1946,
Biometrics 2:110).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from rxpress.design.planned_contrasts import Part, Weights, combine
from rxpress.intervals import UPPER_TAIL

WELCH, PAIRED, LINES = "welch", "paired", "lines"


@dataclass(frozen=True)
class GroupTest:
    """A sum of group means: estimate, standard error, degrees of freedom, t, two-sided p; NaN if unknown."""

    estimate: float = np.nan
    error: float = np.nan
    df: float = np.nan
    statistic: float = np.nan
    p_value: float = np.nan

    @property
    def margin(self) -> float:
        """Half the width of the 95 % interval."""
        return (
            float(scipy.special.stdtrit(self.df, UPPER_TAIL) * self.error) if np.isfinite(self.df) else np.nan
        )


def sum_of_means(groups: Sequence[np.ndarray]) -> GroupTest:
    """The sum of the means of groups of independent values, and its test against zero.

    A group of one value has no variance, and values without any spread none to speak of: then there is an
    estimate and no test.
    """
    if not groups or min(map(len, groups)) == 0:
        return GroupTest()
    estimate = float(sum(values.mean() for values in groups))
    if min(map(len, groups)) < 2:
        return GroupTest(estimate)
    counts = np.array([len(values) for values in groups])
    shares = np.array([values.var(ddof=1) for values in groups]) / counts
    error = float(np.sqrt(shares.sum()))
    largest = max(np.abs(values).max() for values in groups)
    if error <= 10 * np.finfo(float).eps * largest:
        return GroupTest(estimate)
    df = float(shares.sum() ** 2 / (shares**2 / (counts - 1)).sum())
    statistic = estimate / error
    return GroupTest(estimate, error, df, statistic, float(2 * scipy.special.stdtr(df, -abs(statistic))))


@dataclass(frozen=True)
class ContrastPlan:
    """How a contrast is tested.

    test : WELCH, PAIRED or LINES; weights : by condition; parts : the lines of an average, else empty;
    conditions : {sample: condition}; libraries : {sample: its libraries}, several where a patient has several
    under one condition; patients : {sample: patient} of pairs; testable : whether p-values are meant; note :
    why not.
    """

    id: str
    test: str
    weights: Weights
    parts: tuple[Part, ...]
    conditions: Mapping[str, str]
    libraries: Mapping[str, tuple[str, ...]]
    patients: Mapping[str, str]
    testable: bool
    note: str

    def members(self) -> list[str]:
        """The libraries of the conditions that have a weight."""
        chosen = [sample for sample, condition in self.conditions.items() if condition in self.weights]
        return [library for sample in chosen for library in self.libraries[sample]]


@dataclass(frozen=True)
class Evaluated:
    """A contrast of one target.

    smallest : units in its smallest group; up, down : samples (or pairs) on the upper and lower side;
    lost_lines : left out of an average; missing : conditions without a value, where there is no estimate.
    """

    test: GroupTest
    smallest: int = 0
    up: int = 0
    down: int = 0
    lost_lines: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def evaluate(plan: ContrastPlan, values: Mapping[str, float]) -> Evaluated:
    """Test a contrast on values by library; missing ones are NaN or absent.

    A sample of several libraries has their mean. In an average over lines, a line without values in one of
    its conditions is left out whole; otherwise a condition without values leaves no estimate.
    """
    of_sample = _sample_values(plan, values)
    there = {plan.conditions[sample] for sample in of_sample}
    missing = tuple(name for name in plan.weights if name not in there)
    if plan.test == PAIRED:
        return _evaluate_pairs(plan, of_sample, missing)
    whole = [part for part in plan.parts if part.weights.keys() <= there]
    lost = tuple(dict.fromkeys(part.line for part in plan.parts if part not in whole))
    whole = [part for part in whole if part.line not in lost]
    sides = {part.sign for part in plan.parts}
    if missing and (not whole or {part.sign for part in whole} != sides):
        return Evaluated(GroupTest(), missing=missing)
    weights = combine(whole) if missing else plan.weights
    by_condition = _by_condition(plan, of_sample)
    up, down = (
        sum(len(by_condition[name]) for name, weight in weights.items() if sign * weight > 0)
        for sign in (1, -1)
    )
    if plan.test == LINES:
        groups = _line_groups(whole, by_condition)
    else:
        groups = [weight * by_condition[name] for name, weight in weights.items()]
    return Evaluated(sum_of_means(groups), min(map(len, groups)), up, down, lost)


def _sample_values(plan: ContrastPlan, values: Mapping[str, float]) -> dict[str, float]:
    """The value of each sample of the contrast's conditions that has one: the mean of its libraries."""
    found = {}
    for sample, condition in plan.conditions.items():
        own = [values.get(library, np.nan) for library in plan.libraries[sample]]
        own = [value for value in own if np.isfinite(value)]
        if condition in plan.weights and own:
            found[sample] = float(np.mean(own))
    return found


def _by_condition(plan: ContrastPlan, of_sample: Mapping[str, float]) -> dict[str, np.ndarray]:
    found: dict[str, list[float]] = {}
    for sample, value in of_sample.items():
        found.setdefault(plan.conditions[sample], []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def _line_groups(parts: Sequence[Part], by_condition: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Each side's parts, one value per line, the lower ones negative."""
    groups: dict[int, list[float]] = {}
    for part in parts:
        value = sum(weight * by_condition[name].mean() for name, weight in part.weights.items())
        groups.setdefault(part.sign, []).append(part.sign * float(value))
    return [np.array(values) for values in groups.values()]


def _evaluate_pairs(
    plan: ContrastPlan, of_sample: Mapping[str, float], missing: tuple[str, ...]
) -> Evaluated:
    """Differences within patients who have both values, in groups of patients with the same conditions."""
    groups: dict[frozenset[str], list[float]] = {}
    pairs: dict[str, list[str]] = {}
    for sample in of_sample:
        pairs.setdefault(plan.patients[sample], []).append(sample)
    for samples in pairs.values():
        if len(samples) == 2:
            conditions = frozenset(plan.conditions[sample] for sample in samples)
            value = sum(plan.weights[plan.conditions[sample]] * of_sample[sample] for sample in samples)
            groups.setdefault(conditions, []).append(value)
    incomplete = tuple(name for name in plan.weights if not any(name in group for group in groups))
    if incomplete or missing:
        return Evaluated(GroupTest(), missing=missing or incomplete)
    sizes = list(map(len, groups.values()))
    return Evaluated(sum_of_means([np.array(g) for g in groups.values()]), min(sizes), sum(sizes), sum(sizes))
