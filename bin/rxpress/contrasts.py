"""Which contrasts a study asks for and which of them its samples can answer.

The model of a study has one mean per condition plus additive covariates, so that every question is a linear
combination of condition means and one fit answers all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.conditions import (
    column,
    find_conditions,
    line_responses,
    listing,
    number,
    study_unit,
    text,
)
from rxpress.contrast_families import Part, PlannedContrast, Weights, combine, derive_contrasts
from rxpress.contrast_requests import ContrastRequest, plan_requests, read_requests
from rxpress.errors import InputError, Problem, did_you_mean

CATEGORICAL = ("batch", "replicate", "cell_line", "patient", "parent", "study", "response", "treatment")
IN_CONDITION = ("cell_line", "treatment", "dose_nM", "time_h")
SCOPES = {"cell_line": "these_lines", "patient": "patients", "none": "these_samples"}


@dataclass(frozen=True)
class LinePart:
    """What a contrast would be if the line's side were this line alone, as weights over conditions.

    Over the lines of one side these parts average to the contrast itself, so their signs show how far lines
    agree, and leaving out one of n lines gives (n * contrast - part) / (n - 1).
    """

    line: str
    side: str
    weights: Weights


@dataclass(frozen=True)
class Contrast:
    """A linear combination of condition means. `status` is `ok` or `not_estimable`, then with a `reason`.

    `weights` : {condition: weight}, empty when not estimable; `samples` : the kept samples of these conditions;
    `lines` : the parts of an average, empty otherwise.
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

    `conditions` : ids of all conditions of the sheet; `covariates` : those that this study's model uses;
    `untested_because` : why nothing can be tested, or empty; `notes` : what a reader of the results must know.
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


def design_matrix(samples: pd.DataFrame, design: StudyDesign) -> tuple[np.ndarray, list[str]]:
    """The model matrix of a study: (samples, coefficients) array of full column rank, and the coefficients' names.

    `samples` are the kept rows of the study's samples.tsv, with its column `condition`; rows of the matrix follow
    them. The first columns are indicators of the conditions that have samples, named by condition id: their
    coefficients are condition means. Covariates follow: categorical ones as deviations that sum to zero over
    their levels (`batch[b1]`; the last level has no column), numeric ones centred and divided by their standard
    deviation, so that a condition mean stands for the average batch. Columns that add nothing to the rank are
    left out, which no estimable contrast notices.
    """
    matrix, names = _full_matrix(samples, design.covariates)
    independent: list[int] = []
    basis = np.empty((len(matrix), 0))
    for i, values in enumerate(matrix.T):
        rest = values - basis @ (basis.T @ values)
        rest -= basis @ (basis.T @ rest)
        size = np.linalg.norm(rest)
        if size > 1e-8 * np.linalg.norm(values):
            basis = np.column_stack([basis, rest / size])
            independent.append(i)
    return matrix[:, independent], [names[i] for i in independent]


def coefficient_vector(weights: Mapping[str, float], columns: Sequence[str]) -> np.ndarray:
    """A contrast as (coefficients,) array for the columns of `design_matrix`.

    Conditions carry their weight, covariates 0; the contrast's estimate is this vector times the coefficients,
    and its variance the quadratic form with their covariance. KeyError names a condition without a column.
    """
    missing = [condition for condition in weights if condition not in columns]
    if missing:
        raise KeyError(", ".join(missing))
    return np.array([weights.get(name, 0.0) for name in columns])


def estimable(contrasts: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Which contrasts a model can estimate: (contrasts,) booleans.

    contrasts : (contrasts, coefficients), matrix : (samples, coefficients), possibly rank-deficient. A contrast
    is estimable exactly when it lies in the row space of the model matrix (Searle, Linear Models, 1971).
    """
    _, singular, rows = np.linalg.svd(np.unique(matrix, axis=0), full_matrices=False)
    basis = rows[singular > 1e-9 * singular.max(initial=0.0)]
    rest = contrasts - contrasts @ basis.T @ basis
    return np.linalg.norm(rest, axis=1) <= 1e-8 * np.maximum(np.linalg.norm(contrasts, axis=1), 1e-300)


def _full_matrix(samples: pd.DataFrame, covariates: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Indicators of conditions, then the columns of each covariate, whatever the rank."""
    of_sample = samples["condition"].to_numpy(str)
    conditions = list(dict.fromkeys(of_sample))
    columns = [(of_sample == name).astype(float) for name in conditions]
    names = list(conditions)
    for covariate in covariates:
        for name, values in _covariate_columns(samples, covariate).items():
            names.append(name)
            columns.append(values)
    return np.array(columns).T.reshape(len(samples), len(names)), names


def _covariate_columns(samples: pd.DataFrame, covariate: str) -> dict[str, np.ndarray]:
    if not is_categorical(samples, covariate):
        values = np.array(column(samples, covariate, number), dtype=float)
        spread = values.std()
        return {covariate: (values - values.mean()) / spread} if spread > 0 else {}
    levels = _levels(samples, covariate)
    groups: dict[str | None, list[tuple[str | None, str | None]]] = {}
    for level in dict.fromkeys(levels):
        groups.setdefault(level[0], []).append(level)
    indicator = {level: np.array([other == level for other in levels], dtype=float) for level in set(levels)}
    return {
        f"{covariate}[{'.'.join(part for part in level if part)}]": indicator[level] - indicator[group[-1]]
        for group in groups.values()
        for level in group[:-1]
    }


def _levels(samples: pd.DataFrame, covariate: str) -> list[tuple[str | None, str | None]]:
    """Level of a categorical covariate per sample, as (line, value): a replicate means something only in a line."""
    lines = column(samples, "cell_line" if covariate == "replicate" else "", text)
    return list(zip(lines, column(samples, covariate, text), strict=True))


def is_categorical(samples: pd.DataFrame, covariate: str) -> bool:
    """Whether a column enters the model by its levels: some always do, others if a cell is no number."""
    cells = [cell for cell in column(samples, covariate, text) if cell is not None]
    return covariate in CATEGORICAL or any(number(cell) is None for cell in cells)


def plan_study(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    requests: Sequence[ContrastRequest] | str | Path | None = None,
) -> StudyDesign:
    """What one study can answer if every sample turns out well.

    samples : the rows of one study with the columns of samples.tsv. InputError when a request names what does not
    exist or what these samples cannot estimate, when a covariate has no column or misses cells, or when ids clash.
    """
    (design,) = plan_studies(samples, vehicle, drugs, covariates, requests).values()
    return design


def plan_studies(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    requests: Sequence[ContrastRequest] | str | Path | None = None,
) -> dict[str, StudyDesign]:
    """`plan_study` for each study of a sheet, in order of appearance.

    A request without `study:` needs to be answered by one of the studies only.
    """
    designs = design_studies(samples.assign(kept=True), vehicle, drugs, covariates, requests)
    asked = {request.id: request for request in as_requests(requests)}
    hopeless = [
        asked[contrast.id].problem(f"cannot be estimated in study '{study}': {contrast.reason}")
        for study, design in designs.items()
        if not design.untested_because
        for contrast in design.contrasts
        if contrast.id in asked and contrast.status != "ok"
    ]
    if hopeless:
        raise InputError(*hopeless)
    return designs


def design_studies(
    samples: pd.DataFrame,
    vehicle: str,
    drugs: Sequence[str] | None = None,
    covariates: Sequence[str] = (),
    requests: Sequence[ContrastRequest] | str | Path | None = None,
) -> dict[str, StudyDesign]:
    """The designs of all studies once it is known which samples can be used (boolean column `kept`).

    Contrasts are planned on all samples and judged on the kept ones: what has become inestimable stays in the
    list with its reason. A study without any kept sample gets a design that says so.
    """
    asked = as_requests(requests)
    names = samples["study"] if "study" in samples else pd.Series("study", index=samples.index)
    _check_study_names(asked, set(names))
    designs: dict[str, StudyDesign] = {}
    refusals: dict[str, list[InputError]] = {request.id: [] for request in asked}
    for study, rows in samples.groupby(names, sort=False):
        own = [request for request in asked if not request.studies or study in request.studies]
        designs[str(study)], refused = _design_study(str(study), rows, vehicle, drugs, covariates, own)
        for request_id, error in refused.items():
            refusals[request_id].append(error)
    unanswered = [
        error
        for request in asked
        for error in refusals[request.id]
        if request.studies or len(refusals[request.id]) == len(designs)
    ]
    if unanswered:
        raise InputError(*dict.fromkeys(problem for error in unanswered for problem in error.problems))
    return designs


def as_requests(requests: Sequence[ContrastRequest] | str | Path | None) -> list[ContrastRequest]:
    return read_requests(requests) if isinstance(requests, str | Path) else list(requests or [])


def _check_study_names(requests: Sequence[ContrastRequest], studies: set[str]) -> None:
    problems = [
        request.problem(
            f"there is no study '{study}'", did_you_mean(study, studies) or f"there are {listing(studies)}"
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
    conditions, of_sample = find_conditions(samples, vehicle)
    samples = samples.assign(condition=of_sample)
    unit = study_unit(samples)
    used, notes = usable_covariates(samples, covariates)
    treatments = list(
        dict.fromkeys(c.treatment for c in conditions if c.treatment and c.treatment != vehicle)
    )
    chosen = [drug for drug in treatments if not drugs or drug in drugs]
    derived, derived_notes = derive_contrasts(conditions, vehicle, chosen, line_responses(samples, vehicle))
    asked, asked_notes, refused = plan_requests(requests, samples, conditions, derived)
    planned = [*derived, *asked]
    _check_ids(planned)
    kept = samples[samples["kept"].astype(bool)]
    untested = _why_untested(samples, kept, used, planned, vehicle)
    contrasts = _judge(planned, kept, used, SCOPES[unit], untested)
    return StudyDesign(
        study,
        unit,
        vehicle,
        tuple(c.id for c in conditions),
        tuple(used),
        untested,
        (*notes, *derived_notes, *asked_notes),
        tuple(contrasts),
    ), refused


def usable_covariates(samples: pd.DataFrame, covariates: Sequence[str]) -> tuple[list[str], list[str]]:
    """The covariates that a study's model can use, and why the others are left out.

    InputError when a covariate is no column of the sheet or misses cells of some samples.
    """
    used: list[str] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for name in covariates:
        cells = column(samples, name, text)
        missing = [str(s) for s, cell in zip(samples["sample"], cells, strict=True) if cell is None]
        if name not in samples:
            fix = did_you_mean(name, samples.columns) or f"the columns are {listing(samples.columns, 40)}"
            problems.append(Problem(f"--covariates names '{name}', which is no column of the sheet", fix))
        elif name in IN_CONDITION:
            notes.append(f"covariate {name} is left out: conditions differ by it already")
        elif len(set(cells)) == 1:
            notes.append(f"covariate {name} is left out: it is the same in all samples")
        elif missing:
            what = f"covariate '{name}' has no value for {listing(missing)}"
            problems.append(Problem(what, "fill the column or leave the covariate out", column=name))
        else:
            used.append(name)
    if problems:
        raise InputError(*problems)
    return used, notes


def _check_ids(planned: Sequence[PlannedContrast]) -> None:
    seen: set[str] = set()
    for contrast in planned:
        if contrast.id in seen:
            what = f"two contrasts would be called '{contrast.id}'"
            raise InputError(Problem(what, "rename the cell line or treatment behind one of them"))
        seen.add(contrast.id)


def _why_untested(
    samples: pd.DataFrame,
    kept: pd.DataFrame,
    covariates: Sequence[str],
    planned: Sequence[PlannedContrast],
    vehicle: str,
) -> str:
    """Why nothing in a study can be tested; empty when something can."""
    if kept.empty:
        return f"no sample is left of {len(samples)}; see excluded_samples.tsv"
    reasons = [] if planned else [_why_unplanned(samples, vehicle)]
    if kept["condition"].is_unique:
        reasons.append(f"no replicates: each of the {len(kept)} conditions has a single sample")
    else:
        matrix, _ = _full_matrix(kept, covariates)
        rank = int(np.linalg.matrix_rank(matrix))
        if rank == len(kept):
            what = f"{len(kept)} samples for {rank} coefficients leave nothing to estimate the variance from"
            reasons.append(f"{what}; leave out a covariate")
    return "; ".join(reasons)


def _why_unplanned(samples: pd.DataFrame, vehicle: str) -> str:
    treatments = list(dict.fromkeys(t for t in column(samples, "treatment", text) if t))
    if not treatments:
        return "the sheet names no treatment"
    if vehicle not in treatments:
        hint = did_you_mean(vehicle, treatments) or f"treatments are {listing(treatments)}"
        return f"no sample has the vehicle '{vehicle}' (--vehicle) as treatment: {hint}"
    if treatments == [vehicle]:
        return "there is no drug, and no response that tells sensitive from resistant lines"
    return f"no cell line has a drug and {vehicle} at the same time"


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
    matrix, names = _full_matrix(kept, covariates)
    contrasts = []
    for contrast in planned:
        weights, reason = _weigh(contrast, by_id, alive)
        if not reason and not estimable(coefficient_vector(weights, names)[None], matrix)[0]:
            reason = _why_confounded(weights, kept, covariates)
        reason = untested or reason
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
    """Weights over the conditions that still have samples, or the reason why there are none."""
    if contrast.difference:
        weighed = [_weigh(by_id[name], by_id, alive) for name in contrast.difference]
        reasons = [
            f"{name}: {why}" for name, (_, why) in zip(contrast.difference, weighed, strict=True) if why
        ]
        (first, _), (second, _) = weighed
        weights = {name: first.get(name, 0.0) - second.get(name, 0.0) for name in {**first, **second}}
        return {name: weight for name, weight in weights.items() if abs(weight) > 1e-12}, "; ".join(reasons)
    parts = _usable_parts(contrast, alive)
    if {part.sign for part in parts} == {part.sign for part in contrast.parts}:
        return combine(parts), ""
    return {}, f"no sample is left of {listing(_lost_conditions(contrast, alive))}"


def _usable_parts(contrast: PlannedContrast, alive: set[str]) -> list[Part]:
    """The parts of the lines that have samples in all their conditions: a line enters whole or not at all."""
    broken = {part.line for part in contrast.parts if not part.weights.keys() <= alive}
    return [part for part in contrast.parts if part.line not in broken]


def _lost_conditions(contrast: PlannedContrast, alive: set[str]) -> list[str]:
    return list(dict.fromkeys(name for part in contrast.parts for name in part.weights if name not in alive))


def _line_parts(parts: Sequence[Part]) -> tuple[LinePart, ...]:
    """What the contrast would be if a line's side were that line alone, for each line of an average."""
    return tuple(
        LinePart(
            part.line, part.side, combine([part, *(other for other in parts if other.sign != part.sign)])
        )
        for part in parts
        if part.side
    )


def _why_confounded(weights: Weights, kept: pd.DataFrame, covariates: Sequence[str]) -> str:
    """Names the covariate that cannot be told apart from a contrast, with its values on the two sides."""
    guilty = []
    for covariate in covariates:
        matrix, names = _full_matrix(kept, [covariate])
        if not estimable(coefficient_vector(weights, names)[None], matrix)[0]:
            guilty.append(covariate)
    sides = [
        kept[kept["condition"].isin([c for c, w in weights.items() if sign * w > 0])] for sign in (1, -1)
    ]
    if not guilty:
        return f"confounded with {' and '.join(covariates)} together"
    up, down = (listing(dict.fromkeys(filter(None, column(side, guilty[0], text)))) for side in sides)
    return f"confounded with {' and with '.join(guilty)}: {guilty[0]} is {up} on one side and {down} on the other"
