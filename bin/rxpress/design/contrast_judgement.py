"""Which planned contrasts the kept samples can answer, with which weights, and why not the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from rxpress.cells import column, listing, text
from rxpress.design.planned_contrasts import Part, PlannedContrast, Weights, combine, without_zeros
from rxpress.design.study_design import Contrast, JointMember, LinePart
from rxpress.design.study_model import StudyModel, estimable_weights, whole_matrix, why_no_fit

CLASS_LINES = 3


@dataclass(frozen=True)
class Ground:
    """A model with the samples that are left of it, to judge contrasts on.

    samples : rows of the libraries that can be used; planned, all_samples : the same before any was lost.
    """

    model: StudyModel
    samples: pd.DataFrame
    planned: StudyModel
    all_samples: pd.DataFrame

    @cached_property
    def obstacle(self) -> str:
        """Why the model cannot be fitted, or ''."""
        obstacle = why_no_fit(self.model, self.samples)
        if obstacle or not self.model.formula:
            return obstacle
        left, wanted = whole_matrix(self.model, self.samples), whole_matrix(self.planned, self.all_samples)
        changed = left[1] != wanted[1]
        return f"the samples left change the columns of {self.model.formula}" if changed else ""

    @cached_property
    def alive(self) -> set[str]:
        """Conditions that have samples."""
        return set(self.model.conditions.values())

    def estimable(self, contrasts: Sequence[Weights], covariates: Sequence[str] | None = None) -> np.ndarray:
        """(contrasts,) which the model, or one with only these covariates, can estimate."""
        model = self.model if covariates is None else replace(self.model, covariates=tuple(covariates))
        return estimable_weights(contrasts, *whole_matrix(model, self.samples))


def judge(
    planned: Sequence[PlannedContrast], grounds: Mapping[str, Ground], scope: str, untested: str
) -> list[Contrast]:
    """Each planned contrast as it can be answered, or the reason why not.

    grounds : by model name; scope : of whom p-values speak; untested : why nothing of the study can be
    tested, or empty. Averages over three lines and more a side are followed by their test over lines.
    """
    by_id = {contrast.id: contrast for contrast in planned}
    wanted = {c.id: _weigh(c, by_id, grounds[c.model].alive) for c in planned}
    confused = _why_confused(planned, wanted, grounds)
    contrasts = []
    for contrast in planned:
        members, lost = wanted[contrast.id]
        ground = grounds[contrast.model]
        reason = untested or ground.obstacle or lost or confused.get(contrast.id, "")
        joint = bool(contrast.jointly or contrast.equal)
        mentioned = {} if reason else {name: 1.0 for member in members for name in member.weights}
        about = ground.model.about(mentioned) if mentioned else np.zeros(len(ground.model.conditions), bool)
        judged = Contrast(
            id=contrast.id,
            label=contrast.label,
            kind=contrast.kind,
            model=contrast.model,
            weights={} if reason or joint else members[0].weights,
            jointly=() if reason or not joint else tuple(members),
            samples=_libraries(ground, about),
            test="lrt" if joint else "wald",
            status="not_estimable" if reason else "ok",
            reason=reason,
            scope=scope,
            lines=() if reason else _line_parts(usable_parts(contrast, ground.alive)),
        )
        contrasts += [judged, *_over_lines(contrast, judged)]
    return contrasts


def _libraries(ground: Ground, about: np.ndarray) -> tuple[str, ...]:
    """The libraries of some samples of a model, in the order of the sheet."""
    chosen = {
        library
        for sample, wanted in zip(ground.model.conditions, about, strict=True)
        if wanted
        for library in ground.model.libraries_of(sample)
    }
    return tuple(name for name in map(str, ground.samples["sample"]) if name in chosen)


def _weigh(
    contrast: PlannedContrast, by_id: Mapping[str, PlannedContrast], alive: set[str]
) -> tuple[list[JointMember], str]:
    """Weights of the contrast, or of each member of a joint one; or the reason why there are none."""
    if contrast.coefficients:
        return [JointMember(contrast.id, without_zeros(dict(contrast.coefficients)))], ""
    if contrast.rests_on:
        of = {name: _weigh(by_id[name], by_id, alive) for name in contrast.rests_on}
        whole = {name: members[0].weights for name, (members, reason) in of.items() if not reason}
        reason = "; ".join(dict.fromkeys(why for _, why in of.values() if why))
        if contrast.equal:
            return _unlike_first(whole), reason if len(whole) < 2 else ""
        if reason:
            return [], reason
        if contrast.jointly:
            return [JointMember(name, weights) for name, weights in whole.items()], ""
        first, second = (whole[name] for name in contrast.difference)
        weights = subtract(first, second)
        return [JointMember(contrast.id, weights)], "" if weights else "the two contrasts are the same"
    parts = usable_parts(contrast, alive)
    if {part.sign for part in parts} == {part.sign for part in contrast.parts}:
        return [JointMember(contrast.id, combine(parts))], ""
    lost = dict.fromkeys(name for part in contrast.parts for name in part.weights if name not in alive)
    return [], f"no sample is left of {listing(lost)}"


def _unlike_first(contrasts: Mapping[str, Weights]) -> list[JointMember]:
    """Each further contrast minus the first: all zero when none differs."""
    first, *others = contrasts or [""]
    return [
        JointMember(f"{name} minus {first}", subtract(contrasts[name], contrasts[first])) for name in others
    ]


def subtract(first: Weights, second: Weights) -> Weights:
    names = {**first, **second}
    return without_zeros({name: first.get(name, 0.0) - second.get(name, 0.0) for name in names})


def usable_parts(contrast: PlannedContrast, alive: set[str]) -> list[Part]:
    """The parts of the lines that have samples in all their conditions: a line enters whole or not at all."""
    broken = {part.line for part in contrast.parts if not part.weights.keys() <= alive}
    return [part for part in contrast.parts if part.line not in broken]


def _line_parts(parts: Iterable[Part]) -> tuple[LinePart, ...]:
    return tuple(LinePart(part.line, part.side, part.sign, part.weights) for part in parts if part.side)


def _over_lines(planned: PlannedContrast, contrast: Contrast) -> list[Contrast]:
    """The test with lines as replicates that follows an average; none if too few lines were planned."""
    if not planned.parts or planned.kind == "custom" or _fewest(planned.parts) < CLASS_LINES:
        return []
    reason = contrast.reason
    if not reason and _fewest(contrast.lines) < CLASS_LINES:
        reason = f"a test over lines needs {CLASS_LINES} on each side"
    derived = replace(
        contrast,
        id=f"{contrast.id}.class",
        label=f"{contrast.label}: test over lines",
        scope="class",
        test="moderated_t",
        status="not_estimable" if reason else "ok",
        reason=reason,
    )
    return [replace(derived, weights={}, samples=(), lines=()) if reason else derived]


def _fewest(parts: Sequence[Part] | Sequence[LinePart]) -> int:
    """Lines on the smaller side."""
    signs = [part.sign for part in parts if part.side]
    return min(signs.count(sign) for sign in set(signs)) if signs else 0


def _why_confused(
    planned: Sequence[PlannedContrast],
    wanted: Mapping[str, tuple[list[JointMember], str]],
    grounds: Mapping[str, Ground],
) -> dict[str, str]:
    """By contrast id what cannot be told apart from it or a member of it; '' if it can be estimated."""
    reasons: dict[str, str] = {}
    for name, ground in grounds.items():
        own = [(c.id, m.weights) for c in planned if c.model == name for m in wanted[c.id][0]]
        if not own or ground.obstacle:
            continue
        found = _why_inestimable(ground, [weights for _, weights in own])
        for (id, _), reason in zip(own, found, strict=True):
            reasons[id] = reasons.get(id) or reason
    return reasons


def _why_inestimable(ground: Ground, contrasts: Sequence[Weights]) -> list[str]:
    """For each contrast the covariates that cannot be told apart from it; '' where it can be estimated."""
    covariates = ground.model.covariates
    if not covariates and not ground.model.formula:
        return [""] * len(contrasts)
    together = ground.estimable(contrasts)
    if ground.model.formula:
        what = f"the samples do not determine it in the model {ground.model.formula}"
        return ["" if free else what for free in together]
    alone = {name: ground.estimable(contrasts, [name]) for name in covariates}
    reasons = []
    for i, weights in enumerate(contrasts):
        guilty = [name for name in covariates if not alone[name][i]]
        if together[i]:
            reasons.append("")
        elif guilty:
            reasons.append(
                "; ".join(f"confounded with {confusion(ground, weights, name)}" for name in guilty)
            )
        else:
            sides = [confusion(ground, weights, name) for name in covariates]
            reasons.append(f"confounded with {' and '.join(covariates)} together ({'; '.join(sides)})")
    return reasons


def confusion(ground: Ground, weights: Weights, covariate: str) -> str:
    """`batch: b1 on one side, b2 on the other`."""
    rows = ground.model.rows(ground.samples)
    sides = []
    for sign in (1, -1):
        names = [name for name, weight in weights.items() if sign * weight > 0]
        cells = column(rows[rows["condition"].isin(names)], covariate, text)
        sides.append(listing(dict.fromkeys(filter(None, cells)), 4))
    return f"{covariate}: {sides[0]} on one side, {sides[1]} on the other"
