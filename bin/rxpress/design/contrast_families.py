"""The contrasts that a study of lines suggests: a function for each family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rxpress.cells import listing
from rxpress.design.conditions import Condition
from rxpress.design.planned_contrasts import (
    VERSUS,
    Part,
    PlannedContrast,
    Setting,
    baseline_sides,
    find_settings,
    join_id,
    versus,
)
from rxpress.design.responses import RESPONSES


def derive_contrasts(
    conditions: Sequence[Condition],
    vehicle: str,
    drugs: Sequence[str],
    responses: Mapping[str, Mapping[str, str]],
    parents: Mapping[str, str],
) -> tuple[list[PlannedContrast], list[str]]:
    """The contrasts of all families that the conditions of a study allow, and notes on what cannot enter.

    `responses` is `{treatment: {line: response}}`, `parents` the line that a line was selected
    from. Dose and time are part of an id when the study has more than one of them for that treatment. A study
    without lines has one contrast per drug and setting, called `all`; one without the vehicle has none, for
    what to compare with would be a guess.
    """
    if not any(c.treatment == vehicle for c in conditions):
        return [], []
    usable = [c for c in conditions if c.line] or list(conditions)
    nameless = [c.id for c in conditions if c not in usable or not c.treatment]
    notes = [f"{name} lacks a cell line or treatment: in no derived contrast" for name in nameless]
    planned = _baselines(usable, drugs, vehicle, responses)
    for setting in find_settings(usable, vehicle, vehicle, responses):
        planned += _acquired_before(setting, parents)
    for drug in drugs:
        settings = find_settings(usable, drug, vehicle, responses)
        for setting in settings:
            planned += _drug_effects(setting, vehicle) + _between_responses(setting)
            planned += _acquired_effects(setting, parents)
            notes += _one_sided(setting, vehicle, usable)
        planned += _any_setting(settings)
        if any(c.treatment == drug and c.dose == 0 for c in usable):
            notes.append(f"{drug} at dose 0: in no derived contrast; if it is the vehicle, call it {vehicle}")
    return planned, notes


def _drug_effects(setting: Setting, vehicle: str) -> list[PlannedContrast]:
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


def _between_responses(setting: Setting) -> list[PlannedContrast]:
    """Resistant against sensitive lines: under the drug, and in their response to it."""
    drug = setting.treatment
    under = versus({line: {name: 1.0} for line, name in setting.treated.items()}, setting.sides)
    effect = versus(setting.effects(), setting.sides)
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
    """Untreated resistant against untreated sensitive lines, at each time of the vehicle."""
    planned = []
    for setting in find_settings(conditions, vehicle, vehicle, responses):
        untreated = {line: {name: 1.0} for line, name in setting.untreated.items()}
        for drug, sides in baseline_sides(drugs, vehicle, responses):
            parts = versus(untreated, sides)
            label = f"resistant vs sensitive{f' to {drug}' if drug else ''} lines, untreated"
            if parts:
                planned.append(setting.contrast("baseline", drug, VERSUS, label, parts))
    return planned


def _acquired_before(setting: Setting, parents: Mapping[str, str]) -> list[PlannedContrast]:
    """Each line that was selected from another against that parent, both untreated."""
    here = setting.untreated
    return [
        setting.contrast(
            "acquired",
            "",
            line,
            f"{line} vs its parent {parent}, untreated",
            [Part(line, "", 1, {here[line]: 1.0, here[parent]: -1.0})],
        )
        for line, parent in parents.items()
        if line in here and parent in here
    ]


def _acquired_effects(setting: Setting, parents: Mapping[str, str]) -> list[PlannedContrast]:
    """The drug effect in each line that was selected from another minus that in its parent."""
    drug, effects = setting.treatment, setting.effects()
    return [
        setting.contrast(
            "acquired",
            drug,
            line,
            f"effect of {drug}, {line} vs its parent {parent}",
            [Part(line, "", 1, effects[line] | {name: -w for name, w in effects[parent].items()})],
        )
        for line, parent in parents.items()
        if line in effects and parent in effects
    ]


def _any_setting(settings: Sequence[Setting]) -> list[PlannedContrast]:
    """Joint tests in each line: does the drug effect differ among doses at one time, or among times?"""
    planned = []
    for time in dict.fromkeys(setting.time for setting in settings):
        planned += _differences("any_dose", "doses", [s for s in settings if s.time == time])
    for dose in dict.fromkeys(setting.dose for setting in settings):
        planned += _differences("any_time", "times", [s for s in settings if s.dose == dose])
    return planned


def _differences(family: str, what: str, settings: Sequence[Setting]) -> list[PlannedContrast]:
    """Whether the drug effects of a line differ among settings, which are alike in all but dose, or time."""
    first = settings[0]
    alike, at = (first.time_tail, first.at_time) if family == "any_dose" else (first.dose_tail, first.at_dose)
    planned = []
    for line in dict.fromkeys(line for setting in settings for line in setting.effects() if line):
        effects = [
            setting.id("drug", first.treatment, line) for setting in settings if line in setting.effects()
        ]
        if len(effects) > 1:
            name = join_id(family, first.treatment, line, alike)
            label = f"effect of {first.treatment} in {line} differs among {what}{at}"
            planned.append(PlannedContrast(name, label, family, equal=tuple(effects)))
    return planned


def _one_sided(setting: Setting, vehicle: str, conditions: Sequence[Condition]) -> list[str]:
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
