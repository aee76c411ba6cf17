"""The design of a study: its model, the contrasts it asks for, and which of them its samples can answer.

The model has one mean per condition plus additive covariates, so every question is a linear combination of
condition means and one fit answers all of them. Contrasts are planned on all samples of the sheet and
judged on those that may be used: what has become inestimable stays in the list, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.conditions import Condition, column, find_conditions, listing, study_unit, text, text_rows
from rxpress.contrast_families import (
    Part,
    PlannedContrast,
    Weights,
    combine,
    derive_contrasts,
    without_zeros,
)
from rxpress.contrast_requests import ContrastRequest, plan_requests, read_requests
from rxpress.errors import InputError, Problem, did_you_mean
from rxpress.model_matrix import estimable, independent_columns, model_matrix, usable_covariates
from rxpress.responses import line_responses

SCOPE = {"cell_line": "these_lines", "patient": "these_patients", "none": "these_samples"}

Requests = Sequence[ContrastRequest] | str | Path | None


@dataclass(frozen=True)
class LinePart:
    """What a contrast would be if the line's side were this line alone, as weights over conditions.

    Over the lines of one side the parts average to the contrast, so their signs show how far lines agree, and
    leaving out one of n lines of a side gives (n * contrast - part) / (n - 1).
    """

    line: str
    side: str
    weights: Weights


@dataclass(frozen=True)
class Contrast:
    """A linear combination of condition means. `status` is `ok` or `not_estimable`, then with a `reason`.

    `weights` : {condition: weight}, empty when not estimable; `samples` : kept samples of these conditions;
    `lines` : the parts of an average over lines, empty for other contrasts.
    """

    id: str
    label: str
    kind: str
    weights: Weights
    samples: tuple[str, ...]
    test: str
    status: str
    reason: str
    scope: str
    lines: tuple[LinePart, ...]


@dataclass(frozen=True)
class StudyDesign:
    """The model and the contrasts of one study, as contrasts.json holds them.

    `conditions` : all conditions of the sheet; `covariates` : those that the model of this study uses;
    `untested_because` : why nothing can be tested, or empty; `notes` : what readers of results should know.
    """

    study: str
    unit: str
    vehicle: str
    conditions: tuple[str, ...]
    covariates: tuple[str, ...]
    untested_because: str
    notes: tuple[str, ...]
    contrasts: tuple[Contrast, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StudyDesign:
        """The counterpart of `to_json`."""
        contrasts = [
            Contrast(
                **{**c, "samples": tuple(c["samples"]), "lines": tuple(LinePart(**p) for p in c["lines"])}
            )
            for c in value["contrasts"]
        ]
        lists = {key: tuple(value[key]) for key in ("conditions", "covariates", "notes")}
        return cls(**{**value, **lists, "contrasts": tuple(contrasts)})


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
    designs = design_studies(samples.assign(kept=True), vehicle, drugs, covariates, asked)
    hopeless = [
        request.problem(f"cannot be estimated in study '{study}': {contrast.reason}")
        for study, design in designs.items()
        for contrast in design.contrasts
        for request in asked
        if request.id == contrast.id and contrast.reason not in ("", design.untested_because)
    ]
    if hopeless:
        raise InputError(*hopeless)
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
    asked = as_requests(requests)
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
    if problems:
        raise InputError(*dict.fromkeys(problems))
    return designs


def as_requests(requests: Requests) -> list[ContrastRequest]:
    return read_requests(requests) if isinstance(requests, str | Path) else list(requests or [])


def _check_names(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None,
    requests: Sequence[ContrastRequest],
    studies: Sequence[str],
) -> None:
    """InputError for drugs and studies that the sheet does not have."""
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
    if problems:
        raise InputError(*problems)


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
    derived, more = _derive(samples, conditions, vehicle, drugs)
    asked, refused = plan_requests(requests, samples, conditions, derived)
    planned = [*derived, *asked]
    _check_ids(planned)
    kept = samples[samples["kept"].astype(bool)]
    untested = _why_untested(samples, kept, used, planned, vehicle)
    contrasts = _judge(planned, kept, used, SCOPE[study_unit(samples)], untested)
    notes += [*more, *_notes_on_sides(asked), *_notes_on_lines(planned, kept)]
    if not untested:
        notes += [*_notes_on_replicates(contrasts, kept), *_notes_on_batch(contrasts, kept, used)]
    return StudyDesign(
        study=study,
        unit=study_unit(samples),
        vehicle=vehicle,
        conditions=tuple(c.id for c in conditions),
        covariates=tuple(used),
        untested_because=untested or _why_inestimable(contrasts),
        notes=tuple(notes),
        contrasts=tuple(contrasts),
    ), refused


def _derive(
    samples: pd.DataFrame, conditions: Sequence[Condition], vehicle: str, drugs: Sequence[str] | None
) -> tuple[list[PlannedContrast], list[str]]:
    """The derived contrasts of a study, and notes on what cannot enter them."""
    if study_unit(samples) == "patient":
        # They take libraries for independent, which those of one patient are not.
        return [], []
    treatments = dict.fromkeys(c.treatment for c in conditions if c.treatment and c.treatment != vehicle)
    chosen = [drug for drug in treatments if not drugs or drug in drugs]
    return derive_contrasts(conditions, vehicle, chosen, line_responses(samples, vehicle))


def _why_inestimable(contrasts: Sequence[Contrast]) -> str:
    """The first reasons why no contrast at all can be estimated; empty when one can."""
    if any(contrast.status == "ok" for contrast in contrasts):
        return ""
    reasons = list(dict.fromkeys(contrast.reason for contrast in contrasts))
    return f"no contrast can be estimated: {'; '.join(reasons[:2])}"


def _check_ids(planned: Sequence[PlannedContrast]) -> None:
    ids = [contrast.id for contrast in planned]
    clashes = dict.fromkeys(name for name in ids if ids.count(name) > 1)
    if clashes:
        fix = "rename the cell line or treatment behind it (`all`, `sensitive` and `resistant` are averages)"
        raise InputError(*(Problem(f"two contrasts would both be called '{name}'", fix) for name in clashes))


def _why_untested(
    samples: pd.DataFrame,
    kept: pd.DataFrame,
    covariates: Sequence[str],
    planned: Sequence[PlannedContrast],
    vehicle: str,
) -> str:
    """Why nothing in a study can be tested; empty when something can."""
    if kept.empty:
        return f"none of the {len(samples)} samples can be used (see excluded_samples.tsv)"
    reasons = [] if planned else [_why_unplanned(samples, vehicle)]
    if kept["condition"].is_unique:
        reasons.append("no replicates: no condition has two samples")
    elif np.linalg.matrix_rank(model_matrix(kept, covariates)[0]) == len(kept):
        what = f"{len(kept)} samples and as many coefficients leave nothing to estimate the variance from"
        reasons.append(f"{what}: leave out a covariate")
    return "; ".join(reasons)


def _why_unplanned(samples: pd.DataFrame, vehicle: str) -> str:
    treatments = list(dict.fromkeys(name for name in column(samples, "treatment", text) if name))
    if not treatments:
        return "the sheet names no treatment"
    if vehicle not in treatments:
        hint = did_you_mean(vehicle, treatments) or f"treatments are {listing(treatments)}"
        return f"no sample has the vehicle '{vehicle}' as treatment ({hint}; --vehicle names it)"
    if study_unit(samples) == "patient":
        return "contrasts of patients are not derived; ask with --contrasts and --covariates patient"
    if treatments == [vehicle]:
        return f"all samples are {vehicle}, and no lines are told apart as sensitive and resistant"
    return f"no cell line has both {vehicle} and a drug asked for, at the same time"


def _judge(
    planned: Sequence[PlannedContrast],
    kept: pd.DataFrame,
    covariates: Sequence[str],
    scope: str,
    untested: str,
) -> list[Contrast]:
    """Each planned contrast on the kept samples: its weights, or why it cannot be estimated."""
    alive = set(kept["condition"])
    by_id = {contrast.id: contrast for contrast in planned}
    weighed = [_weigh(contrast, by_id, alive) for contrast in planned]
    in_use = [] if untested else covariates
    confounded = _why_confounded([weights for weights, _ in weighed], kept, in_use)
    contrasts = []
    for contrast, (weights, lost), confusion in zip(planned, weighed, confounded, strict=True):
        reason = untested or lost or confusion
        samples = kept.loc[kept["condition"].isin(weights), "sample"].astype(str)
        contrasts.append(
            Contrast(
                id=contrast.id,
                label=contrast.label,
                kind=contrast.kind,
                weights={} if reason else weights,
                samples=() if reason else tuple(samples),
                test="wald",
                status="not_estimable" if reason else "ok",
                reason=reason,
                scope=scope,
                lines=() if reason else _line_parts(_usable_parts(contrast, alive)),
            )
        )
    return contrasts


def _weigh(
    contrast: PlannedContrast, by_id: Mapping[str, PlannedContrast], alive: set[str]
) -> tuple[Weights, str]:
    """Weights over conditions that have samples, or else the reason why there are none."""
    if contrast.difference:
        (first, why_first), (second, why_second) = (
            _weigh(by_id[name], by_id, alive) for name in contrast.difference
        )
        reason = "; ".join(dict.fromkeys(filter(None, (why_first, why_second))))
        both = {name: first.get(name, 0.0) - second.get(name, 0.0) for name in {**first, **second}}
        weights = {} if reason else without_zeros(both)
        return weights, reason or ("" if weights else "the two contrasts are the same")
    parts = _usable_parts(contrast, alive)
    if {part.sign for part in parts} == {part.sign for part in contrast.parts}:
        return combine(parts), ""
    lost = dict.fromkeys(name for part in contrast.parts for name in part.weights if name not in alive)
    return {}, f"no sample is left of {listing(lost)}"


def _usable_parts(contrast: PlannedContrast, alive: set[str]) -> list[Part]:
    """The parts of the lines that have samples in all their conditions: a line enters whole or not at all."""
    broken = {part.line for part in contrast.parts if not part.weights.keys() <= alive}
    return [part for part in contrast.parts if part.line not in broken]


def _line_parts(parts: Sequence[Part]) -> tuple[LinePart, ...]:
    return tuple(
        LinePart(
            part.line, part.side, combine([part, *(other for other in parts if other.sign != part.sign)])
        )
        for part in parts
        if part.side
    )


def _why_confounded(contrasts: Sequence[Weights], kept: pd.DataFrame, covariates: Sequence[str]) -> list[str]:
    """For each contrast the covariates that cannot be told apart from it; empty where it can be estimated."""
    if not covariates:
        return [""] * len(contrasts)
    together = estimable_weights(contrasts, kept, covariates)
    alone = {name: estimable_weights(contrasts, kept, [name]) for name in covariates}
    reasons = []
    for i, weights in enumerate(contrasts):
        guilty = [name for name in covariates if not alone[name][i]]
        if together[i]:
            reasons.append("")
        elif guilty:
            reasons.append("; ".join(_confusion(weights, kept, name) for name in guilty))
        else:
            reasons.append(f"confounded with {' and '.join(covariates)} together")
    return reasons


def _confusion(weights: Weights, kept: pd.DataFrame, covariate: str) -> str:
    """`confounded with batch: b1 on one side, b2 on the other`."""
    sides = []
    for sign in (1, -1):
        names = [name for name, weight in weights.items() if sign * weight > 0]
        cells = column(kept[kept["condition"].isin(names)], covariate, text)
        sides.append(listing(dict.fromkeys(filter(None, cells)), 4))
    return f"confounded with {covariate}: {sides[0]} on one side, {sides[1]} on the other"


def _notes_on_sides(asked: Sequence[PlannedContrast]) -> list[str]:
    """Contrasts asked for whose sides share some lines, but not all: differences between lines enter them."""
    notes = []
    for contrast in asked:
        up, down = ({part.line for part in contrast.parts if part.sign == sign} for sign in (1, -1))
        if up & down and up ^ down:
            what = f"{listing(sorted(up ^ down))} stands on one side only, so lines differ between the sides"
            notes.append(f"{contrast.id}: {what}")
    return notes


def _notes_on_lines(planned: Sequence[PlannedContrast], kept: pd.DataFrame) -> list[str]:
    """Which lines had to leave which averages, and the conditions in which they lost all samples."""
    alive = set(kept["condition"])
    left: dict[tuple[str, str], list[str]] = {}
    for contrast in planned:
        usable = {part.line for part in _usable_parts(contrast, alive)}
        for line in dict.fromkeys(part.line for part in contrast.parts if part.line not in usable):
            own = [part.weights for part in contrast.parts if part.line == line]
            lost = dict.fromkeys(name for weights in own for name in weights if name not in alive)
            if usable:
                left.setdefault((line, listing(lost)), []).append(contrast.id)
    return [
        f"{line} is left out of {listing(ids)}: no sample of {conditions} is kept"
        for (line, conditions), ids in left.items()
    ]


def _notes_on_replicates(contrasts: Sequence[Contrast], kept: pd.DataFrame) -> list[str]:
    """Contrasts whose own conditions all have a single sample: their variance is that of other conditions."""
    counts = kept["condition"].value_counts()
    alone = [c.id for c in contrasts if c.weights and counts[list(c.weights)].max() == 1]
    what = "no condition has replicates; the variance comes from other conditions of the study"
    return [f"{listing(alone)}: {what}"] if alone else []


def _notes_on_batch(
    contrasts: Sequence[Contrast], kept: pd.DataFrame, covariates: Sequence[str]
) -> list[str]:
    """Warns of a batch column that the model does not use."""
    values = set(filter(None, column(kept, "batch", text)))
    if "batch" in covariates or len(values) < 2:
        return []
    known = kept[[cell is not None for cell in column(kept, "batch", text)]]
    tested = [c for c in contrasts if c.weights.keys() <= set(known["condition"])]
    separable = estimable_weights([c.weights for c in tested], known, ["batch"])
    mixed = [c.id for c, free in zip(tested, separable, strict=True) if not free]
    notes = [f"the sheet has {len(values)} batches, but batch is not among --covariates"]
    return notes + ([f"{listing(mixed)}: confounded with batch, may be a batch effect"] if mixed else [])


def estimable_weights(
    contrasts: Sequence[Weights], samples: pd.DataFrame, covariates: Sequence[str]
) -> np.ndarray:
    """Which contrasts over conditions the model with these covariates can estimate: (contrasts,) booleans."""
    matrix, names = model_matrix(samples, covariates)
    vectors = [coefficient_vector(weights, names) for weights in contrasts]
    return estimable(np.reshape(vectors, (len(contrasts), len(names))), matrix)


def coefficient_vector(weights: Mapping[str, float], columns: Sequence[str]) -> np.ndarray:
    """The weights of a contrast as a (coefficients,) array for the columns of `design_matrix`.

    Conditions carry their weight, covariates 0. The estimate of the contrast is this vector times the
    coefficients, its variance the quadratic form with their covariance. KeyError names a condition that
    has no column (no kept sample).
    """
    missing = [condition for condition in weights if condition not in columns]
    if missing:
        raise KeyError(", ".join(missing))
    return np.array([weights.get(name, 0.0) for name in columns])


def design_matrix(samples: pd.DataFrame, design: StudyDesign) -> tuple[np.ndarray, list[str]]:
    """The model matrix of a study: (samples, coefficients) array of full column rank, and column names.

    samples : the kept rows of the study's samples.tsv, with the column `condition`, in the order that the
    rows of the matrix are to have. The first columns are those of the conditions that have samples, named
    by condition id: their coefficients are condition means. See `model_matrix` for the covariates. Columns
    that add nothing to the rank are left out: no estimable contrast notices.
    """
    matrix, names = model_matrix(samples, design.covariates)
    independent = independent_columns(matrix)
    return matrix[:, independent], [names[i] for i in independent]


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
