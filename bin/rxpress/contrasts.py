"""The designs of studies: what the sheet suggests or a file asks for, and which of it the samples can answer.

In a study of lines the model has one mean per condition plus additive covariates, so every question is a
linear combination of condition means and one fit answers all of them. Patients need several models
(patients.py), and each formula is one. Contrasts are planned on all samples of the sheet and judged on those
that may be used: what has become inestimable stays in the list, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from rxpress.cells import column, listing, text, text_rows
from rxpress.design.conditions import Condition, find_conditions, study_unit
from rxpress.design.contrast_families import derive_contrasts
from rxpress.design.contrast_judgement import Ground, judge
from rxpress.design.contrast_notes import (
    notes_on_batch,
    notes_on_blocks,
    notes_on_effects,
    notes_on_lines,
    notes_on_replicates,
    notes_on_sides,
)
from rxpress.design.contrast_requests import ContrastRequest, plan_requests, read_requests
from rxpress.design.formulas import formula_levels
from rxpress.design.model_matrix import usable_covariates
from rxpress.design.parents import line_parents, notes_on_parents, parent_problems
from rxpress.design.patients import notes_on_pairs, plan_patients, summed_model
from rxpress.design.planned_contrasts import CONDITIONS, PlannedContrast, Setting
from rxpress.design.responses import unit_responses
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.design.study_model import StudyModel
from rxpress.errors import InputError, Problem, did_you_mean

SCOPE = {"cell_line": "these_lines", "patient": "patients", "none": "these_samples"}

Requests = Sequence[ContrastRequest] | str | Path | None


def plan_study(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    requests: Requests = None,
) -> StudyDesign:
    """`plan_studies` for the rows of a single study."""
    (design,) = plan_studies(samples, vehicle, drugs, covariates, requests).values()
    return design


def plan_studies(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    requests: Requests = None,
) -> dict[str, StudyDesign]:
    """What each study can answer if every sample turns out well, by study in order of appearance.

    samples : rows with the columns of samples.tsv; drugs : None for every treatment but the vehicle;
    requests : a contrasts file, or its entries. InputError for what `design_studies` refuses, and for
    requests that the samples cannot estimate.
    """
    asked = as_requests(requests)
    designs, refused = _design_each(samples.assign(kept=True), vehicle, drugs, covariates, asked)
    hopeless = [
        request.problem(f"cannot be estimated in study '{study}': {contrast.reason}")
        for study, design in designs.items()
        for contrast in design.contrasts
        for request in asked
        if request.id == contrast.id and contrast.reason not in ("", design.untested_because)
    ]
    if refused or hopeless:
        raise InputError(*refused, *hopeless)
    return designs


def design_studies(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    requests: Requests = None,
) -> dict[str, StudyDesign]:
    """The design of each study once it is known which samples can be used (boolean column `kept`).

    InputError for a drug that no study has, a request that names what is not there (without `study:`, in
    any study), a covariate that is no column or misses cells, a line of contradictory responses, and ids
    that clash.
    """
    designs, refused = _design_each(samples, vehicle, drugs, covariates, as_requests(requests))
    if refused:
        raise InputError(*refused)
    return designs


def _design_each(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None,
    covariates: Sequence[str],
    asked: Sequence[ContrastRequest],
) -> tuple[dict[str, StudyDesign], list[Problem]]:
    """The design of each study without the requests that nobody can answer, and what is wrong with these."""
    studies = pd.Series([name or "study" for name in column(samples, "study", text)], index=samples.index)
    _check_names(samples, vehicle, drugs, asked, list(dict.fromkeys(studies)))
    designs: dict[str, StudyDesign] = {}
    refusals: dict[str, list[InputError]] = {request.id: [] for request in asked}
    for study, rows in samples.groupby(studies, sort=False):
        own = [request for request in asked if not request.studies or study in request.studies]
        designs[str(study)], refused = _design_study(str(study), rows, vehicle, drugs, covariates, own)
        for request_id, error in refused.items():
            refusals[request_id].append(error)
    problems = [
        problem
        for request in asked
        if request.studies or len(refusals[request.id]) == len(designs)
        for error in refusals[request.id]
        for problem in error.problems
    ]
    return designs, list(dict.fromkeys(problems))


def as_requests(requests: Requests) -> list[ContrastRequest]:
    return read_requests(requests) if isinstance(requests, str | Path) else list(requests or [])


def _check_names(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None,
    requests: Sequence[ContrastRequest],
    studies: Sequence[str],
) -> None:
    """InputError for drugs, studies and parents that the sheet does not have."""
    there = list(dict.fromkeys(t for t in column(samples, "treatment", text) if t and t != vehicle))
    problems = [
        Problem(
            f"--drug: no sample has the treatment '{drug}'",
            did_you_mean(drug, there) or f"treatments are {listing(there) or 'not given'}",
        )
        for drug in drugs or ()
        if drug not in there
    ]
    problems += [
        request.problem(
            f"there is no study '{study}'",
            did_you_mean(study, studies) or f"there are {listing(studies)}",
            "study",
        )
        for request in requests
        for study in request.studies
        if study not in studies
    ]
    problems += parent_problems(samples)
    if problems:
        raise InputError(*problems)


@dataclass(frozen=True)
class _Plan:
    """What a study suggests, and what answers it.

    models : on all samples; the one called CONDITIONS is that of contrasts from a file; settings : of pairs.
    """

    contrasts: list[PlannedContrast]
    models: dict[str, StudyModel]
    settings: list[Setting]
    notes: list[str]


def _design_study(
    study: str,
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None,
    covariates: Sequence[str],
    requests: Sequence[ContrastRequest],
) -> tuple[StudyDesign, dict[str, InputError]]:
    """The design of one study, and for each request that it cannot answer, why."""
    conditions, of_sample = find_conditions(samples, vehicle)
    samples = samples.assign(condition=of_sample)
    used, notes = usable_covariates(samples, covariates)
    plan = _derive(samples, conditions, vehicle, drugs, used)
    asked, refused = plan_requests(
        requests, samples, conditions, plan.contrasts, plan.models[CONDITIONS], vehicle
    )
    planned = [*plan.contrasts, *asked]
    kept = samples[samples["kept"].astype(bool)]
    grounds = _grounds(planned, plan.models, samples, kept, vehicle)
    untested = _why_untested(samples, kept, planned, grounds, vehicle)
    contrasts = judge(planned, grounds, SCOPE[study_unit(samples)], untested)
    _check_ids(contrasts)
    notes += [*plan.notes, *notes_on_pairs(plan.settings, vehicle, plan.models[CONDITIONS].keep(kept))]
    notes += [*notes_on_sides(asked), *notes_on_lines(planned, grounds)]
    if not untested:
        notes += [*notes_on_effects(planned, contrasts), *notes_on_replicates(contrasts, grounds)]
        notes += [*notes_on_blocks(asked, grounds), *notes_on_batch(contrasts, grounds, used)]
    return StudyDesign(
        study=study,
        unit=study_unit(samples),
        vehicle=vehicle,
        conditions=tuple(c.id for c in conditions),
        covariates=tuple(used),
        untested_because=untested or _why_inestimable(contrasts),
        notes=tuple(notes),
        models=tuple(ground.model for ground in grounds.values()),
        contrasts=tuple(contrasts),
    ), refused


def _derive(
    samples: pd.DataFrame,
    conditions: Sequence[Condition],
    vehicle: str,
    drugs: Sequence[str] | None,
    covariates: Sequence[str],
) -> _Plan:
    """The derived contrasts of a study, their models, and notes on what cannot enter."""
    treatments = dict.fromkeys(c.treatment for c in conditions if c.treatment and c.treatment != vehicle)
    chosen = [drug for drug in treatments if not drugs or drug in drugs]
    if study_unit(samples) == "patient":
        whole = summed_model(samples, vehicle, covariates)
        plan = plan_patients(samples, vehicle, chosen, covariates)
        models = {CONDITIONS: whole, **plan.models}
        for model in models.values():
            model.check_sums(samples)
        return _Plan(plan.contrasts, models, plan.settings, plan.notes)
    of_sample = dict(zip(map(str, samples["sample"]), samples["condition"], strict=True))
    model = StudyModel(CONDITIONS, of_sample, covariates=tuple(covariates))
    contrasts, notes = derive_contrasts(
        conditions, vehicle, chosen, unit_responses(samples, vehicle), line_parents(samples)
    )
    return _Plan(contrasts, {CONDITIONS: model}, [], notes + notes_on_parents(samples))


def _grounds(
    planned: Sequence[PlannedContrast],
    models: Mapping[str, StudyModel],
    samples: pd.DataFrame,
    kept: pd.DataFrame,
    vehicle: str,
) -> dict[str, Ground]:
    """The models that contrasts need, on the samples that can be used; or that of conditions."""
    grounds = {}
    for name in dict.fromkeys(contrast.model for contrast in planned) or [CONDITIONS]:
        if name in models:
            model = models[name]
        else:
            levels = formula_levels(name, samples, vehicle)
            model = replace(models[CONDITIONS], name=name, covariates=(), formula=name, levels=levels)
        grounds[name] = Ground(model.keep(kept), kept, model, samples)
    return grounds


def _why_inestimable(contrasts: Sequence[Contrast]) -> str:
    """The first reasons why no contrast at all can be estimated; empty when one can."""
    if any(contrast.status == "ok" for contrast in contrasts):
        return ""
    reasons = list(dict.fromkeys(contrast.reason for contrast in contrasts))
    return f"no contrast can be estimated: {'; '.join(reasons[:2])}"


def _check_ids(contrasts: Sequence[Contrast]) -> None:
    ids = [contrast.id for contrast in contrasts]
    clashes = dict.fromkeys(name for name in ids if ids.count(name) > 1)
    if clashes:
        fix = "rename the cell line or treatment behind it (`all`, `sensitive` and `resistant` are averages)"
        raise InputError(*(Problem(f"two contrasts would both be called '{name}'", fix) for name in clashes))


def _why_untested(
    samples: pd.DataFrame,
    kept: pd.DataFrame,
    planned: Sequence[PlannedContrast],
    grounds: Mapping[str, Ground],
    vehicle: str,
) -> str:
    """Why nothing in a study can be tested; empty when something can."""
    if kept.empty:
        return f"none of the {len(samples)} samples can be used (see excluded_samples.tsv)"
    reasons = [] if planned else [_why_unplanned(samples, vehicle)]
    obstacles = [ground.obstacle for ground in grounds.values()]
    if all(obstacles):
        reasons += dict.fromkeys(obstacles)
    return "; ".join(reasons)


def _why_unplanned(samples: pd.DataFrame, vehicle: str) -> str:
    treatments = list(dict.fromkeys(name for name in column(samples, "treatment", text) if name))
    if not treatments:
        return "the sheet names no treatment"
    if vehicle not in treatments:
        hint = did_you_mean(vehicle, treatments) or f"treatments are {listing(treatments)}"
        return f"no sample has the vehicle '{vehicle}' as treatment ({hint}; --vehicle names it)"
    if study_unit(samples) == "patient":
        return f"no patient has both {vehicle} and a drug asked for, and responses are not told apart"
    if treatments == [vehicle]:
        return f"all samples are {vehicle}, and no lines are told apart as sensitive and resistant"
    return f"no cell line has both {vehicle} and a drug asked for, at the same time"


def refuse_losses(samples: pd.DataFrame, designs: Iterable[StudyDesign]) -> None:
    """InputError that names every sample that was not kept and every contrast that cannot be estimated."""
    lost = [
        Problem(f"sample '{sample}' of study '{study}' cannot be used: {reason}")
        for sample, study, reason in text_rows(samples[~samples["kept"]], "sample", "study", "reason")
    ]
    lost += [
        Problem(f"contrast '{contrast.id}' of study '{design.study}' cannot be estimated: {contrast.reason}")
        for design in designs
        for contrast in design.contrasts
        if contrast.status != "ok"
    ]
    if lost:
        raise InputError(*lost, Problem("--strict allows no losses", "mend the sheet or run without it"))
