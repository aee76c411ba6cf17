"""Technical replicates joined: the wells of one target in one sample become a mean Ct.

A well counts unless it is a control or standard, was left out at the instrument, names no sample or target,
has an empty Ct, or belongs to a sample that is not of the study or not kept. `Undetermined` and a Ct above
`max_ct` are measurements without a Ct: they never enter a mean, and no value is put in their place. A target
without any Ct in the counting wells of a sample is `not detected` there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rxpress.cells import listing
from rxpress.qpcr.ct_table import CtTable, Well

MAX_CT = 40.0
MAX_CT_SD = 0.5
DETECTED, NOT_DETECTED, NOT_MEASURED = "detected", "not detected", "not measured"


@dataclass(frozen=True)
class JudgedWell:
    """A well and what becomes of it: `reason` is empty when its Ct is used.

    counts : whether it is a measurement of a kept sample, be it one without a Ct.
    """

    well: Well
    counts: bool
    reason: str

    @property
    def used(self) -> bool:
        return self.counts and not self.reason


@dataclass(frozen=True)
class Replicates:
    """Mean Ct of targets in samples.

    mean, sd : (targets, samples), sd with divisor n - 1; NaN where there is no Ct, or for sd no second one.
    wells : (targets, samples) wells with a Ct; silent : counting wells without one.
    """

    targets: list[str]
    samples: list[str]
    mean: np.ndarray
    sd: np.ndarray
    wells: np.ndarray
    silent: np.ndarray

    def state(self, target: int, sample: int) -> str:
        if self.wells[target, sample]:
            return DETECTED
        return NOT_DETECTED if self.silent[target, sample] else NOT_MEASURED


def judge_wells(
    table: CtTable, kept: Mapping[str, bool], others: Mapping[str, str], max_ct: float = MAX_CT
) -> list[JudgedWell]:
    """What becomes of each well. kept : by sample of the study; others : study of each further sample."""
    return [_judge(well, kept, others, max_ct) for well in table.wells]


def _judge(well: Well, kept: Mapping[str, bool], others: Mapping[str, str], max_ct: float) -> JudgedWell:
    reasons = (
        (well.control, f"control or standard ({well.task})"),
        (well.omitted, "omitted at the instrument"),
        (not well.sample, "no sample named"),
        (not well.target, "no target named"),
        (well.sample in others, f"of study {others.get(well.sample)}"),
        (well.sample not in kept, "sample is not in the samplesheet"),
        (not kept.get(well.sample, True), "sample is left out"),
        (well.reading == "empty", "empty Ct"),
    )
    for applies, reason in reasons:
        if applies:
            return JudgedWell(well, False, reason)
    if well.ct is None:
        return JudgedWell(well, True, "undetermined")
    return JudgedWell(well, True, f"Ct above {max_ct:g}" if well.ct > max_ct else "")


def join_replicates(judged: Sequence[JudgedWell], samples: Sequence[str]) -> Replicates:
    """Means and standard deviations over technical replicates; samples without a counting well stay out."""
    groups = group_wells(judged)
    there = {sample for _, sample in groups}
    names = [sample for sample in samples if sample in there]
    targets = list(dict.fromkeys(target for target, _ in groups))
    row = {target: i for i, target in enumerate(targets)}
    column = {sample: j for j, sample in enumerate(names)}
    shape = (len(targets), len(names))
    mean, sd = np.full(shape, np.nan), np.full(shape, np.nan)
    wells, silent = np.zeros(shape, int), np.zeros(shape, int)
    for (target, sample), group in groups.items():
        place = row[target], column[sample]
        cts = _cts(group)
        wells[place], silent[place] = len(cts), len(group) - len(cts)
        if len(cts):
            mean[place] = cts.mean()
        if len(cts) > 1:
            sd[place] = cts.std(ddof=1)
    return Replicates(targets, names, mean, sd, wells, silent)


def group_wells(judged: Sequence[JudgedWell]) -> dict[tuple[str, str], list[JudgedWell]]:
    """The counting wells of each target and sample, in order of appearance."""
    groups: dict[tuple[str, str], list[JudgedWell]] = {}
    for item in judged:
        if item.counts:
            groups.setdefault((item.well.target, item.well.sample), []).append(item)
    return groups


def _cts(group: Sequence[JudgedWell]) -> np.ndarray:
    return np.array([item.well.ct for item in group if item.used], dtype=float)


def describe_replicates(group: Sequence[JudgedWell], max_sd: float) -> tuple[str, str]:
    """What a reader should know of the replicates of one target and sample, and which well is out of line.

    The outlying well is the one farthest from the median of three and more; of two nobody can tell.
    """
    cts = _cts(group)
    silent = len(group) - len(cts)
    if not len(cts):
        return NOT_DETECTED, ""
    flags = [f"{silent} of {len(group)} wells without a Ct"] if silent else []
    outlying = ""
    if len(cts) > 1 and cts.std(ddof=1) > max_sd:
        flags.append(f"SD above {max_sd:g}")
        outlying = outlying_well(group) if len(cts) > 2 else "one of two"
    return "; ".join(flags), outlying


def outlying_well(group: Sequence[JudgedWell]) -> str:
    """The used well whose Ct is farthest from the median, as `Ct 27.9 (well B3, line 14)`; ties name all."""
    used = [item.well for item in group if item.used]
    distance = np.abs(_cts(group) - np.median(_cts(group)))
    far = [well for well, d in zip(used, distance, strict=True) if np.isclose(d, distance.max())]
    return listing(
        f"Ct {well.ct:g} ({f'well {well.well}, ' * bool(well.well)}line {well.line})" for well in far
    )
