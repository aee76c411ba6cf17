"""How each contrast of a study's design is tested on ΔCt.

Contrasts have the ids, conditions and weights of contrasts.json, so that qPCR and expression answer the same
question. Where a study has no replicates its contrasts are not estimable there, having no test; on ΔCt they
are estimated all the same, from the weights that the design would have, without a p-value.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rxpress.cells import column, listing, text
from rxpress.design.conditions import find_conditions
from rxpress.design.contrast_families import derive_contrasts
from rxpress.design.contrast_judgement import usable_parts
from rxpress.design.parents import line_parents
from rxpress.design.patients import plan_patients
from rxpress.design.planned_contrasts import Part, PlannedContrast, combine
from rxpress.design.responses import unit_responses
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.design.study_model import StudyModel, why_no_fit
from rxpress.qpcr.contrast_tests import LINES, PAIRED, WELCH, ContrastPlan


def plan_contrasts(design: StudyDesign, samples: pd.DataFrame) -> tuple[list[ContrastPlan], list[str]]:
    """The contrasts that ΔCt can answer, in the order of the design, and notes on the others.

    samples : rows of the study's samples.tsv, `kept` as booleans.
    """
    kept = samples[samples["kept"].astype(bool)]
    models = {model.name: model for model in design.models}
    wanted = _wanted(design, samples)
    plans, notes = [], []
    for contrast in design.contrasts:
        model = models.get(contrast.model)
        refusal = _refusal(contrast, model)
        if refusal:
            notes.append(f"{contrast.id}: {refusal}")
        elif model and contrast.status == "ok":
            parts = tuple(Part(p.line, p.side, p.sign, p.weights) for p in contrast.lines)
            plans.append(_plan(contrast, model, parts, contrast.weights, kept, ""))
        elif model and contrast.id in wanted and why_no_fit(model, kept):
            parts = tuple(usable_parts(wanted[contrast.id], set(model.conditions.values())))
            if {part.sign for part in parts} == {part.sign for part in wanted[contrast.id].parts}:
                plans.append(_plan(contrast, model, parts, combine(parts), kept, contrast.reason))
        elif not contrast.id.endswith(".class"):
            notes.append(f"{contrast.id}: {contrast.reason}")
    adjusted = dict.fromkeys(
        name for model in design.models for name in model.covariates if name != "patient"
    )
    if adjusted and plans:
        notes.append(f"ΔCt is not adjusted for {listing(adjusted)}")
    return plans, notes


def _refusal(contrast: Contrast, model: StudyModel | None) -> str:
    """Why a contrast is none that ΔCt is tested by; empty when it may be."""
    if contrast.kind in ("any_dose", "any_time") or contrast.jointly or contrast.test == "lrt":
        return "joint tests are not made on ΔCt"
    return "formulas are not fitted to ΔCt" if model and model.formula else ""


def _plan(
    contrast: Contrast,
    model: StudyModel,
    parts: tuple[Part, ...],
    weights: Mapping[str, float],
    kept: pd.DataFrame,
    note: str,
) -> ContrastPlan:
    test = LINES if contrast.test == "moderated_t" else PAIRED if model.paired else WELCH
    patients = column(model.rows(kept), "patient", text) if test == PAIRED else [None] * len(model.conditions)
    return ContrastPlan(
        id=contrast.id,
        test=test,
        weights=dict(weights),
        parts=tuple(part for part in parts if part.side),
        conditions=model.conditions,
        libraries={sample: model.libraries_of(sample) for sample in model.conditions},
        patients={s: p or "" for s, p in zip(model.conditions, patients, strict=True)},
        testable=not note,
        note=note,
    )


def _wanted(design: StudyDesign, samples: pd.DataFrame) -> dict[str, PlannedContrast]:
    """The contrasts that the samples suggest, by id; empty where the design could estimate all it has."""
    if all(contrast.status == "ok" for contrast in design.contrasts):
        return {}
    vehicle = design.vehicle
    names = dict.fromkeys(filter(None, column(samples, "treatment", text)))
    drugs = [name for name in names if name != vehicle]
    if design.unit == "patient":
        planned = plan_patients(samples, vehicle, drugs, design.covariates).contrasts
    else:
        conditions, _ = find_conditions(samples, vehicle)
        responses, parents = unit_responses(samples, vehicle), line_parents(samples)
        planned, _ = derive_contrasts(conditions, vehicle, drugs, responses, parents)
    return {contrast.id: contrast for contrast in planned if contrast.parts}
