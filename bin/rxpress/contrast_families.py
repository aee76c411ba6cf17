"""The contrasts that a study suggests: drug, baseline, treated and interaction, for lines and their averages.

A contrast compares averages over lines. Each line has a part: weights over its own conditions. With the parts
of the upper side U and of the lower side D (empty for a drug effect), the contrast is

    mean of the parts in U  -  mean of the parts in D

so every line counts the same whatever its number of samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rxpress.conditions import Condition, dose_part, id_part, listing, plain, time_part
from rxpress.responses import RESPONSES

Weights = dict[str, float]
VERSUS = "resistant_vs_sensitive"


@dataclass(frozen=True)
class Part:
    """A line's share in a contrast: weights over its conditions, on the upper (`sign` 1) or lower (-1) side.

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
    """The mean of the upper parts minus the mean of the lower ones, without zeros."""
    parts = list(parts)
    total: Weights = {}
    for sign in (1, -1):
        side = [part for part in parts if part.sign == sign]
        for part in side:
            for condition, weight in part.weights.items():
                total[condition] = total.get(condition, 0.0) + sign * weight / len(side)
    return without_zeros(total)


def without_zeros(weights: Weights) -> Weights:
    return {condition: weight for condition, weight in weights.items() if abs(weight) > 1e-12}


@dataclass(frozen=True)
class _Setting:
    """A treatment at one dose and time, None where the sheet is silent.

    `treated`, `untreated` : condition of each line under it, and under the vehicle at that time;
    `sides` : response of each line; `tail` : the parts of dose and time that ids need here.
    """

    treatment: str
    dose: float | None
    time: float | None
    treated: Mapping[str, str]
    untreated: Mapping[str, str]
    sides: Mapping[str, str]
    tail: tuple[str, ...]

    def effects(self) -> dict[str, Weights]:
        """Drug minus vehicle in each line that has both."""
        both = [line for line in self.treated if line in self.untreated]
        return {line: {self.treated[line]: 1.0, self.untreated[line]: -1.0} for line in both}

    def at(self) -> str:
        amounts = ((self.dose, "nM"), (self.time, "h"))
        return "".join(f", {plain(amount)} {unit}" for amount, unit in amounts if amount is not None)

    def contrast(
        self, family: str, treatment: str, who: str, label: str, parts: Sequence[Part]
    ) -> PlannedContrast:
        name = ".".join(part for part in (family, id_part(treatment), id_part(who), *self.tail) if part)
        return PlannedContrast(name, label + self.at(), family, tuple(parts))


def derive_contrasts(
    conditions: Sequence[Condition],
    vehicle: str,
    drugs: Sequence[str],
    responses: Mapping[str, Mapping[str, str]],
) -> tuple[list[PlannedContrast], list[str]]:
    """The contrasts of all families that the conditions of a study allow, and notes on what cannot enter.

    `responses` is `{treatment: {line: response}}`. Dose and time are part of an id when the study has more
    than one of them for that treatment. A study without lines has one contrast per drug and setting,
    called `all`; one without the vehicle has none, for what to compare with would be a guess.
    """
    if not any(c.treatment == vehicle for c in conditions):
        return [], []
    usable = [c for c in conditions if c.line] or list(conditions)
    nameless = [c.id for c in conditions if c not in usable or not c.treatment]
    notes = [f"{name} lacks a cell line or treatment: in no derived contrast" for name in nameless]
    planned = _baselines(usable, drugs, vehicle, responses)
    for drug in drugs:
        for setting in _settings(usable, drug, vehicle, responses):
            planned += _drug_effects(setting, vehicle) + _between_responses(setting)
            notes += _one_sided(setting, vehicle, usable)
        if any(c.treatment == drug and c.dose == 0 for c in usable):
            notes.append(f"{drug} at dose 0: in no derived contrast; if it is the vehicle, call it {vehicle}")
    return planned, notes


def _settings(
    conditions: Sequence[Condition], treatment: str, vehicle: str, responses: Mapping[str, Mapping[str, str]]
) -> list[_Setting]:
    """Every dose and time at which a treatment was given, by time, then dose."""
    own = [c for c in conditions if c.treatment == treatment and c.dose != 0]
    doses, times = {c.dose for c in own}, {c.time for c in own}

    def setting(dose: float | None, time: float | None) -> _Setting:
        parts = ((dose_part(dose), doses), (time_part(time), times))
        return _Setting(
            treatment,
            dose,
            time,
            treated={c.line or "": c.id for c in own if (c.dose, c.time) == (dose, time)},
            untreated={c.line or "": c.id for c in conditions if (c.treatment, c.time) == (vehicle, time)},
            sides=responses.get(treatment, {}),
            tail=tuple(part for part, levels in parts if part and len(levels) > 1),
        )

    return [setting(c.dose, c.time) for c in sorted(_one_per_setting(own), key=_time_then_dose)]


def _one_per_setting(conditions: Sequence[Condition]) -> list[Condition]:
    return list({(c.dose, c.time): c for c in conditions}.values())


def _time_then_dose(condition: Condition) -> tuple[float, float]:
    """Sorts conditions by time, then dose, missing values first."""
    missing = -1.0
    time = missing if condition.time is None else condition.time
    return time, missing if condition.dose is None else condition.dose


def _drug_effects(setting: _Setting, vehicle: str) -> list[PlannedContrast]:
    """Drug against vehicle: in each line, and averaged over the sensitive, the resistant and all lines."""
    drug, sides, effects = setting.treatment, setting.sides, setting.effects()
    question = f"{drug} vs {vehicle}"
    planned = [
        setting.contrast("drug", drug, line, f"{question} in {line}", [Part(line, "", 1, weights)])
        for line, weights in effects.items()
        if line
    ]
    for who in (*RESPONSES, "all"):
        lines = [line for line in effects if who in ("all", sides.get(line))]
        if lines:
            label = f"{question}, {who} lines" if any(lines) else question
            parts = [Part(x, sides.get(x, "unlabelled") if x else "", 1, effects[x]) for x in lines]
            planned.append(setting.contrast("drug", drug, who, label, parts))
    return planned


def _between_responses(setting: _Setting) -> list[PlannedContrast]:
    """Resistant against sensitive lines: under the drug, and in their response to it."""
    drug = setting.treatment
    under = _versus({line: {name: 1.0} for line, name in setting.treated.items()}, setting.sides)
    effect = _versus(setting.effects(), setting.sides)
    families = (
        ("treated", f"resistant vs sensitive lines under {drug}", under),
        ("interaction", f"effect of {drug}, resistant vs sensitive lines", effect),
    )
    return [
        setting.contrast(family, drug, VERSUS, label, parts) for family, label, parts in families if parts
    ]


def _baselines(
    conditions: Sequence[Condition],
    drugs: Sequence[str],
    vehicle: str,
    responses: Mapping[str, Mapping[str, str]],
) -> list[PlannedContrast]:
    """Untreated resistant against untreated sensitive lines, at each time of the vehicle.

    When a line is sensitive to one drug and resistant to another, each drug has its own baseline contrast.
    """
    agreed = responses.get(vehicle, {})
    divided = [d for d in drugs if any(agreed.get(x) != side for x, side in responses.get(d, {}).items())]
    planned = []
    for setting in _settings(conditions, vehicle, vehicle, responses):
        untreated = {line: {name: 1.0} for line, name in setting.untreated.items()}
        for drug in drugs if divided else [""]:
            parts = _versus(untreated, responses.get(drug, {}) if drug else agreed)
            label = f"resistant vs sensitive{f' to {drug}' if drug else ''} lines, untreated"
            if parts:
                planned.append(setting.contrast("baseline", drug, VERSUS, label, parts))
    return planned


def _versus(weights: Mapping[str, Weights], sides: Mapping[str, str]) -> list[Part]:
    """Parts of resistant (upper) and sensitive (lower) lines; none when one of the sides is empty."""
    sign = {"resistant": 1, "sensitive": -1}
    parts = [Part(line, sides[line], sign[sides[line]], weights[line]) for line in weights if line in sides]
    return parts if len({part.sign for part in parts}) == 2 else []


def _one_sided(setting: _Setting, vehicle: str, conditions: Sequence[Condition]) -> list[str]:
    """Which lines of the study lack this treatment, or the vehicle at its time."""
    where = setting.treatment + setting.at()
    lines = list(dict.fromkeys(c.line or "the study" for c in conditions))
    treated = [line or "the study" for line in setting.treated]
    lone = [line or "the study" for line in setting.treated if line not in setting.untreated]
    reasons = {
        f"has no sample under {where}": [line for line in lines if line not in treated],
        f"has no {vehicle} at the time of {where}": lone,
    }
    return [
        f"{listing(names)} {reason}: not in its drug effect" for reason, names in reasons.items() if names
    ]
