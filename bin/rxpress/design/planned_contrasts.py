"""Contrasts as they are wanted, before anybody looked which samples can be used.

A contrast compares averages over lines. Each line has a part: weights over its own conditions. With the parts
of the upper side U and of the lower side D (empty for a drug effect), the contrast is

    mean of the parts in U  -  mean of the parts in D

so every line counts the same whatever its number of samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rxpress.cells import plain
from rxpress.design.conditions import Condition, dose_part, id_part, time_part

Weights = dict[str, float]
CONDITIONS = "conditions"
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

    One of `parts`; `coefficients` : weights over the columns of a model by formula; and ids of contrasts in
    `difference` (the second is subtracted from the first), `jointly` (are all of them zero?) or `equal` (do
    they differ?). model : the name of the model that answers it.
    """

    id: str
    label: str
    kind: str
    parts: tuple[Part, ...] = ()
    difference: tuple[str, ...] = ()
    jointly: tuple[str, ...] = ()
    equal: tuple[str, ...] = ()
    coefficients: Mapping[str, float] = field(default_factory=dict)
    model: str = CONDITIONS

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Ids of the contrasts that it is made of."""
        return self.difference or self.jointly or self.equal


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


def join_id(*parts: str) -> str:
    """The parts of an id, made safe and joined; empty ones are left out."""
    return ".".join(filter(None, map(id_part, parts)))


def without_zeros(weights: Weights) -> Weights:
    return {condition: weight for condition, weight in weights.items() if abs(weight) > 1e-12}


@dataclass(frozen=True)
class Setting:
    """A treatment at one dose and time, None where the sheet is silent.

    `treated`, `untreated` : condition of each line (or patient) under it, and under the vehicle at that time;
    `sides` : response of each line; `dose_tail`, `time_tail` : what ids need of dose and
    time here, or empty.
    """

    treatment: str
    dose: float | None
    time: float | None
    treated: Mapping[str, str]
    untreated: Mapping[str, str]
    sides: Mapping[str, str]
    dose_tail: str
    time_tail: str

    def effects(self) -> dict[str, Weights]:
        """Drug minus vehicle in each line that has both."""
        both = [line for line in self.treated if line in self.untreated]
        return {line: {self.treated[line]: 1.0, self.untreated[line]: -1.0} for line in both}

    @property
    def at_dose(self) -> str:
        return f", {plain(self.dose)} nM" if self.dose is not None else ""

    @property
    def at_time(self) -> str:
        return f", {plain(self.time)} h" if self.time is not None else ""

    def at(self) -> str:
        return self.at_dose + self.at_time

    def id(self, family: str, drug: str, who: str) -> str:
        return join_id(family, drug, who, self.dose_tail, self.time_tail)

    def contrast(
        self, family: str, drug: str, who: str, label: str, parts: Sequence[Part], model: str = CONDITIONS
    ) -> PlannedContrast:
        """A contrast of this setting; `drug`: the treatment that its id names, or empty."""
        name = self.id(family, drug, who)
        return PlannedContrast(name, label + self.at(), family, tuple(parts), model=model)


def find_settings(
    conditions: Sequence[Condition], treatment: str, vehicle: str, responses: Mapping[str, Mapping[str, str]]
) -> list[Setting]:
    """Every dose and time at which a treatment was given, by time, then dose."""
    own = [c for c in conditions if c.treatment == treatment and c.dose != 0]
    doses, times = {c.dose for c in own}, {c.time for c in own}

    def setting(dose: float | None, time: float | None) -> Setting:
        return Setting(
            treatment,
            dose,
            time,
            treated={c.line or "": c.id for c in own if (c.dose, c.time) == (dose, time)},
            untreated={c.line or "": c.id for c in conditions if (c.treatment, c.time) == (vehicle, time)},
            sides=responses.get(treatment, {}),
            dose_tail=dose_part(dose) if len(doses) > 1 else "",
            time_tail=time_part(time) if len(times) > 1 else "",
        )

    return [setting(c.dose, c.time) for c in sorted(_one_per_setting(own), key=_time_then_dose)]


def _one_per_setting(conditions: Sequence[Condition]) -> list[Condition]:
    return list({(c.dose, c.time): c for c in conditions}.values())


def _time_then_dose(condition: Condition) -> tuple[float, float]:
    """Sorts conditions by time, then dose, missing values first."""
    missing = -1.0
    time = missing if condition.time is None else condition.time
    return time, missing if condition.dose is None else condition.dose


def versus(weights: Mapping[str, Weights], sides: Mapping[str, str]) -> list[Part]:
    """Parts of resistant (upper) and sensitive (lower) lines; none when one of the sides is empty."""
    sign = {"resistant": 1, "sensitive": -1}
    parts = [Part(line, sides[line], sign[sides[line]], weights[line]) for line in weights if line in sides]
    return parts if len({part.sign for part in parts}) == 2 else []


def baseline_sides(
    drugs: Sequence[str], vehicle: str, responses: Mapping[str, Mapping[str, str]]
) -> list[tuple[str, Mapping[str, str]]]:
    """Responses to compare untreated lines by, with the drug that they are responses to, or ''.

    When a line is sensitive to one drug and resistant to another, each drug has its own comparison.
    """
    agreed = responses.get(vehicle, {})
    if any(agreed.get(x) != side for drug in drugs for x, side in responses.get(drug, {}).items()):
        return [(drug, responses.get(drug, {})) for drug in drugs]
    return [("", agreed)]
