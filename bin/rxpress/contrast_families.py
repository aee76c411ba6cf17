"""The contrasts that a study suggests: drug, baseline, treated and interaction, for lines and their averages.

A contrast compares averages over lines. Each line has a part: weights over its own conditions. With the parts
of the upper side U and of the lower side D (empty for a drug effect), the contrast is

    mean of the parts in U  -  mean of the parts in D

so every line counts the same whatever its number of samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rxpress.conditions import RESPONSES, Condition, dose_part, id_part, listing, plain, time_part

Weights = dict[str, float]
VERSUS = "resistant_vs_sensitive"


@dataclass(frozen=True)
class Part:
    """A line's share in a contrast: `weights` over its conditions, on the upper (`sign` 1) or lower (-1) side.

    `side` is the line's response (or `up`, `down`, `paired` in contrasts of a file); it is empty when the
    contrast is no average, but that line alone.
    """

    line: str
    side: str
    sign: int
    weights: Weights


@dataclass(frozen=True)
class PlannedContrast:
    """A contrast as it is wanted, before anybody looked which samples can be used.

    Either `parts`, or `difference`: the ids of two contrasts, the second to be subtracted from the first.
    """

    id: str
    label: str
    kind: str
    parts: tuple[Part, ...] = ()
    difference: tuple[str, ...] = ()


def combine(parts: Iterable[Part]) -> Weights:
    """Weights over conditions: the mean of the upper parts minus the mean of the lower ones; zeros left out."""
    parts = list(parts)
    total: Weights = {}
    for sign in (1, -1):
        side = [part for part in parts if part.sign == sign]
        for part in side:
            for condition, weight in part.weights.items():
                total[condition] = total.get(condition, 0.0) + sign * weight / len(side)
    return {condition: weight for condition, weight in total.items() if abs(weight) > 1e-12}


@dataclass(frozen=True)
class _Setting:
    """A treatment at one dose and time. `treated`, `untreated`: condition of each line under it and under the
    vehicle at that time; `sides`: response of each line; `tail`: what an id needs of dose and time; `at`: what a
    label says of them.
    """

    treatment: str
    vehicle: str
    treated: Mapping[str, str]
    untreated: Mapping[str, str]
    sides: Mapping[str, str]
    tail: tuple[str, ...]
    at: str

    def name(self, family: str, who: str, treatment: str) -> str:
        return ".".join(part for part in (family, id_part(treatment), id_part(who), *self.tail) if part)

    def effects(self) -> dict[str, Weights]:
        """Drug minus vehicle in each line that has both."""
        both = [line for line in self.treated if line in self.untreated]
        return {line: {self.treated[line]: 1.0, self.untreated[line]: -1.0} for line in both}


def derive_contrasts(
    conditions: Sequence[Condition],
    vehicle: str,
    drugs: Sequence[str],
    responses: Mapping[str, Mapping[str, str]],
) -> tuple[list[PlannedContrast], list[str]]:
    """The contrasts of all families that the conditions of a study allow, and notes on what cannot enter.

    `responses` is `{treatment: {line: response}}`. Dose and time are part of an id when the study has more than
    one of them for that treatment.
    """
    named = [c for c in conditions if c.line] or list(conditions)
    notes = [
        f"{c.id} names no cell line and enters no derived contrast" for c in conditions if c not in named
    ]
    planned: list[PlannedContrast] = []
    for drug in drugs:
        for setting in _settings(named, drug, vehicle, responses):
            planned += [*_drug_effects(setting), *_between_responses(setting)]
            notes += _one_sided(setting, named)
        if any(c.treatment == drug and c.dose == 0 for c in named):
            notes.append(
                f"{drug} at dose 0 enters no derived contrast; if it is the vehicle, call it {vehicle}"
            )
    return _baselines(named, drugs, vehicle, responses) + planned, notes


def _settings(
    conditions: Sequence[Condition], treatment: str, vehicle: str, responses: Mapping[str, Mapping[str, str]]
) -> list[_Setting]:
    """Every dose and time at which a treatment was given, by time, then dose."""
    own = [c for c in conditions if c.treatment == treatment and c.dose != 0]
    doses, times = {c.dose for c in own}, {c.time for c in own}
    settings = []
    for time, dose in sorted(
        {(c.time, c.dose) for c in own}, key=lambda pair: [(x is not None, x or 0) for x in pair]
    ):
        parts = ((dose_part(dose), doses), (time_part(time), times))
        settings.append(
            _Setting(
                treatment,
                vehicle,
                {c.line or "": c.id for c in own if (c.dose, c.time) == (dose, time)},
                {c.line or "": c.id for c in conditions if c.treatment == vehicle and c.time == time},
                responses.get(treatment, {}),
                tuple(part for part, levels in parts if part and len(levels) > 1),
                "".join(f", {plain(x)} {unit}" for x, unit in ((dose, "nM"), (time, "h")) if x is not None),
            )
        )
    return settings


def _drug_effects(setting: _Setting) -> list[PlannedContrast]:
    """Drug against vehicle: in each line, and averaged over the sensitive, the resistant and all lines."""
    drug, sides, effects = setting.treatment, setting.sides, setting.effects()
    question = f"{drug} vs {setting.vehicle}"
    planned = [
        _contrast(setting, "drug", line, drug, f"{question} in {line}", [Part(line, "", 1, weights)])
        for line, weights in effects.items()
        if line
    ]
    for who in (*RESPONSES, "all"):
        lines = [line for line in effects if who in ("all", sides.get(line))]
        parts = [
            Part(line, sides.get(line, "unlabelled") if line else "", 1, effects[line]) for line in lines
        ]
        if parts:
            label = f"{question}, {who} lines" if any(lines) else question
            planned.append(_contrast(setting, "drug", who, drug, label, parts))
    return planned


def _between_responses(setting: _Setting) -> list[PlannedContrast]:
    """Resistant against sensitive lines under the drug, and in their response to it."""
    drug, effects = setting.treatment, setting.effects()
    under = {line: {condition: 1.0} for line, condition in setting.treated.items()}
    labels = {
        "treated": f"resistant vs sensitive lines under {drug}",
        "interaction": f"response to {drug}, resistant vs sensitive lines",
    }
    planned = []
    for family, weights in (("treated", under), ("interaction", effects)):
        parts = _versus(weights, setting.sides)
        if parts:
            planned.append(_contrast(setting, family, VERSUS, drug, labels[family], parts))
    return planned


def _baselines(
    conditions: Sequence[Condition],
    drugs: Sequence[str],
    vehicle: str,
    responses: Mapping[str, Mapping[str, str]],
) -> list[PlannedContrast]:
    """Untreated resistant against untreated sensitive lines.

    Lines that are sensitive to one drug and resistant to another have a baseline contrast for each drug.
    """
    agreed = responses.get(vehicle, {})
    divided = any(
        agreed.get(line) != side for drug in drugs for line, side in responses.get(drug, {}).items()
    )
    planned = []
    for setting in _settings(conditions, vehicle, vehicle, responses):
        for drug in drugs if divided else [""]:
            sides = responses.get(drug, {}) if divided else agreed
            parts = _versus({line: {condition: 1.0} for line, condition in setting.untreated.items()}, sides)
            label = "resistant vs sensitive lines, untreated" + (f" (response to {drug})" if drug else "")
            if parts:
                planned.append(_contrast(setting, "baseline", VERSUS, drug, label, parts))
    return planned


def _versus(weights: Mapping[str, Weights], sides: Mapping[str, str]) -> list[Part]:
    """Parts of resistant (upper) and sensitive (lower) lines; none when one of the sides is empty."""
    sign = {"resistant": 1, "sensitive": -1}
    parts = [Part(line, sides[line], sign[sides[line]], weights[line]) for line in weights if line in sides]
    return parts if len({part.sign for part in parts}) == 2 else []


def _contrast(
    setting: _Setting, family: str, who: str, treatment: str, label: str, parts: Sequence[Part]
) -> PlannedContrast:
    return PlannedContrast(setting.name(family, who, treatment), label + setting.at, family, tuple(parts))


def _one_sided(setting: _Setting, conditions: Sequence[Condition]) -> list[str]:
    """Which lines of the study lack this treatment, or the vehicle at its time."""
    lines = dict.fromkeys(c.line or "" for c in conditions)
    where = f"{setting.treatment}{setting.at}"
    lacking = {
        f"no sample under {where}": [line for line in lines if line not in setting.treated],
        f"no {setting.vehicle} at the time of {where}": [
            x for x in setting.treated if x not in setting.untreated
        ],
    }
    return [
        f"{listing(absent)}: {what}, so not part of that drug effect"
        if any(absent)
        else f"{what}: no drug effect"
        for what, absent in lacking.items()
        if absent
    ]
