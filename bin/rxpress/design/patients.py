"""Contrasts of patients: drug effects within complete pairs, responses compared between patients.

Libraries of one patient and condition are one sample, their sum. A drug effect is a question within patients:
those with a sample under the drug and one under the vehicle are blocks, and the rest stay out. Untreated (or
treated) patients of two responses are compared without blocks, each patient being one sample. Different
samples mean different models: in R's terms

    drug.….all                     ~ patient + treatment             complete pairs
    drug.….sensitive, .resistant   ~ patient + response:treatment    complete pairs of known response
    interaction                    the same model: the difference of its two effects
    baseline, treated              ~ response                        untreated, or treated, of known response
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from rxpress.cells import listing
from rxpress.design.conditions import Condition, dose_part, find_conditions, patient_conditions, time_part
from rxpress.design.planned_contrasts import (
    CONDITIONS,
    VERSUS,
    Part,
    PlannedContrast,
    Setting,
    Weights,
    baseline_sides,
    find_settings,
    join_id,
)
from rxpress.design.responses import RESPONSES, unit_responses
from rxpress.design.study_model import StudyModel

Libraries = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class PatientPlan:
    """What a study of patients suggests: contrasts, their models on all samples, the settings of pairs."""

    contrasts: list[PlannedContrast]
    models: dict[str, StudyModel]
    settings: list[Setting]
    notes: list[str]


def plan_patients(
    samples: pd.DataFrame, vehicle: str, drugs: Sequence[str], covariates: Sequence[str]
) -> PatientPlan:
    """Contrasts and models of a study of patients. covariates : those asked for; blocks are not asked for."""
    conditions, libraries = _patient_samples(samples, vehicle)
    usable = [c for c in conditions if c.line and c.treatment]
    lacking = [c.id for c in conditions if c not in usable]
    notes = [f"{name} lacks a patient or treatment: in no derived contrast" for name in lacking]
    responses = unit_responses(samples, vehicle, "patient")
    others = [name for name in covariates if name != "patient"]
    asked: list[tuple[PlannedContrast, StudyModel]] = []
    for setting in find_settings(usable, vehicle, vehicle, responses):
        for drug, sides in baseline_sides(drugs, vehicle, responses):
            label = f"resistant vs sensitive{f' to {drug}' if drug else ''} patients, untreated"
            asked += _compare("baseline", drug, setting, setting.untreated, sides, label, others, libraries)
    settings = [s for drug in drugs for s in find_settings(usable, drug, vehicle, responses)]
    for setting in settings:
        drug = setting.treatment
        asked += _within_pairs(setting, vehicle, others, libraries)
        label = f"resistant vs sensitive patients under {drug}"
        asked += _compare("treated", drug, setting, setting.treated, setting.sides, label, others, libraries)
    models = {model.name: model for _, model in asked}
    return PatientPlan([contrast for contrast, _ in asked], models, settings, notes)


def summed_model(samples: pd.DataFrame, vehicle: str, covariates: Sequence[str]) -> StudyModel:
    """The model of contrasts that a file asks for: every patient and condition a sample."""
    _, of_library = find_conditions(samples, vehicle)
    condition_of = dict(zip(map(str, samples["sample"]), of_library, strict=True))
    _, libraries = _patient_samples(samples, vehicle)
    conditions = {sample: condition_of[parts[0]] for sample, parts in libraries.items()}
    return StudyModel(CONDITIONS, conditions, dict(libraries), tuple(covariates))


def notes_on_pairs(settings: Sequence[Setting], vehicle: str, kept: StudyModel) -> list[str]:
    """Which patients have only one half of a pair. kept : `summed_model` of the samples that can be used."""
    notes = []
    for setting in settings:
        halves = (
            (setting.treated, setting.untreated, vehicle),
            (setting.untreated, setting.treated, setting.treatment),
        )
        lone = [
            f"{patient} (no {missing})"
            for here, there, missing in halves
            for patient, sample in here.items()
            if sample in kept.conditions and there.get(patient) not in kept.conditions
        ]
        if lone:
            where = f"{setting.treatment}{setting.at()}"
            notes.append(f"incomplete pairs, not in the drug effect of {where}: {listing(lone, 40)}")
    return notes


def _patient_samples(samples: pd.DataFrame, vehicle: str) -> tuple[list[Condition], Libraries]:
    """Each patient under each condition, and the libraries of these; without a patient each library."""
    conditions, of_library = patient_conditions(samples, vehicle)
    nobody = {c.id for c in conditions if not c.line}
    libraries: dict[str, tuple[str, ...]] = {}
    for library, sample in zip(map(str, samples["sample"]), of_library, strict=True):
        name = library if sample in nobody else sample
        libraries[name] = (*libraries.get(name, ()), library)
    return conditions, libraries


def _within_pairs(
    setting: Setting, vehicle: str, covariates: Sequence[str], libraries: Libraries
) -> list[tuple[PlannedContrast, StudyModel]]:
    """Drug effects of sensitive, resistant and all patients with both samples; how the first two differ."""
    drug, pairs = setting.treatment, list(setting.effects())
    under, without = (
        (drug, dose_part(setting.dose), time_part(setting.time)),
        (vehicle, time_part(setting.time)),
    )

    def model(name: str, response_of: Mapping[str, str]) -> StudyModel:
        conditions = {}
        for patient, response in response_of.items():
            conditions[setting.untreated[patient]] = join_id(response, *without)
            conditions[setting.treated[patient]] = join_id(response, *under)
        sums = {sample: libraries[sample] for sample in conditions}
        blocks = (*covariates, "patient")
        return StudyModel(setting.id(name, drug, ""), conditions, sums, blocks, paired=True)

    def effect(response: str) -> Weights:
        return {join_id(response, *under): 1.0, join_id(response, *without): -1.0}

    planned, question = [], f"{drug} vs {vehicle} within patients"
    known = {patient: setting.sides[patient] for patient in pairs if patient in setting.sides}
    there = [response for response in RESPONSES if response in known.values()]
    for who in there:
        planned.append((("drug", who, f"{question}, {who}", effect(who)), model("pairs_by_response", known)))
    if pairs:
        everybody = model("pairs", dict.fromkeys(pairs, ""))
        planned.append((("drug", "all", f"{question}, all", effect("")), everybody))
    if len(there) == 2:
        both = effect("resistant") | {name: -weight for name, weight in effect("sensitive").items()}
        label = f"effect of {drug}, resistant vs sensitive patients"
        planned.append((("interaction", VERSUS, label, both), model("pairs_by_response", known)))
    return [
        (setting.contrast(family, drug, who, label, [Part("", "", 1, weights)], own.name), own)
        for (family, who, label, weights), own in planned
    ]


def _compare(
    family: str,
    drug: str,
    setting: Setting,
    sample_of: Mapping[str, str],
    sides: Mapping[str, str],
    label: str,
    covariates: Sequence[str],
    libraries: Libraries,
) -> list[tuple[PlannedContrast, StudyModel]]:
    """Resistant against sensitive patients, each with one sample; nothing when one of the sides is empty."""
    known = {patient: sample for patient, sample in sample_of.items() if sides.get(patient) in RESPONSES}
    if {sides[patient] for patient in known} != set(RESPONSES):
        return []
    dose = dose_part(setting.dose) if family == "treated" else ""
    name = {side: join_id(side, setting.treatment, dose, time_part(setting.time)) for side in RESPONSES}
    conditions = {sample: name[sides[patient]] for patient, sample in known.items()}
    sums = {sample: libraries[sample] for sample in conditions}
    model = StudyModel(setting.id(family, drug, ""), conditions, sums, tuple(covariates))
    weights = {name["resistant"]: 1.0, name["sensitive"]: -1.0}
    return [(setting.contrast(family, drug, VERSUS, label, [Part("", "", 1, weights)], model.name), model)]
