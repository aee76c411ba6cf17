"""What readers of a study's contrasts should know: lines that had to leave, missing replicates, batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rxpress.cells import column, listing, text
from rxpress.design.contrast_judgement import Ground, confusion, usable_parts
from rxpress.design.planned_contrasts import PlannedContrast
from rxpress.design.study_design import Contrast


def notes_on_sides(asked: Sequence[PlannedContrast]) -> list[str]:
    """Contrasts asked for whose sides share some lines, but not all: differences between lines enter them."""
    notes = []
    for contrast in asked:
        up, down = ({part.line for part in contrast.parts if part.sign == sign} for sign in (1, -1))
        if up & down and up ^ down:
            what = f"{listing(sorted(up ^ down))} stands on one side only, so lines differ between the sides"
            notes.append(f"{contrast.id}: {what}")
    return notes


def notes_on_lines(planned: Sequence[PlannedContrast], grounds: Mapping[str, Ground]) -> list[str]:
    """Which lines had to leave which averages, and the conditions in which they lost all samples."""
    left: dict[tuple[str, str], list[str]] = {}
    for contrast in planned:
        alive = grounds[contrast.model].alive
        usable = {part.line for part in usable_parts(contrast, alive)}
        for line in dict.fromkeys(part.line for part in contrast.parts if part.line not in usable):
            own = [part.weights for part in contrast.parts if part.line == line]
            lost = dict.fromkeys(name for weights in own for name in weights if name not in alive)
            if usable:
                left.setdefault((line, listing(lost)), []).append(contrast.id)
    return [
        f"{line} is left out of {listing(ids)}: no sample of {conditions} is kept"
        for (line, conditions), ids in left.items()
    ]


def notes_on_effects(planned: Sequence[PlannedContrast], contrasts: Sequence[Contrast]) -> list[str]:
    """Joint tests that go on without some of the effects that they compare."""
    of_id = {contrast.id: contrast for contrast in contrasts}
    notes = []
    for contrast in planned:
        lost = [name for name in contrast.equal if of_id[name].status != "ok"]
        if lost and of_id[contrast.id].status == "ok":
            notes.append(f"{contrast.id} goes without {listing(lost)}: {of_id[lost[0]].reason}")
    return notes


def notes_on_replicates(contrasts: Sequence[Contrast], grounds: Mapping[str, Ground]) -> list[str]:
    """Contrasts whose own conditions all have a single sample: their variance is that of other conditions."""
    alone = []
    for contrast in contrasts:
        model = grounds[contrast.model].model
        times = Counter(model.conditions.values())
        if contrast.test == "wald" and contrast.weights and not model.formula:
            alone += [contrast.id] if max(times[name] for name in contrast.weights) == 1 else []
    what = "no condition has replicates; the variance comes from other conditions of the study"
    return [f"{listing(alone)}: {what}"] if alone else []


def notes_on_blocks(asked: Sequence[PlannedContrast], grounds: Mapping[str, Ground]) -> list[str]:
    """Contrasts asked for that take several samples of a patient for independent."""
    loose = []
    for contrast in asked:
        ground = grounds[contrast.model]
        if not contrast.parts or "patient" in ground.model.covariates:
            continue
        weights = {name: 1.0 for part in contrast.parts for name in part.weights}
        rows = ground.model.rows(ground.samples)[ground.model.about(weights)]
        patients = [patient for patient in column(rows, "patient", text) if patient]
        if len(set(patients)) < len(patients):
            loose.append(contrast.id)
    what = "samples of one patient count as independent; --covariates patient compares within patients"
    return [f"{listing(loose)}: {what}"] if loose else []


def notes_on_batch(
    contrasts: Sequence[Contrast], grounds: Mapping[str, Ground], covariates: Sequence[str]
) -> list[str]:
    """Warns of a batch column that models do not use, and of contrasts that may be effects of batch."""
    values = {cell for ground in grounds.values() for cell in column(ground.samples, "batch", text) if cell}
    if "batch" in covariates or len(values) < 2:
        return []
    mixed: dict[str, list[str]] = {}
    for name, ground in grounds.items():
        told = ground.samples[[cell is not None for cell in column(ground.samples, "batch", text)]]
        known = replace(ground, model=ground.model.keep(told), samples=told)
        own = [c for c in contrasts if c.model == name and c.weights and c.scope != "class"]
        own = [c for c in own if c.weights.keys() <= known.alive]
        if not own:
            continue
        free = known.estimable([c.weights for c in own], [*ground.model.covariates, "batch"])
        for contrast, separable in zip(own, free, strict=True):
            if not separable:
                mixed.setdefault(confusion(known, contrast.weights, "batch"), []).append(contrast.id)
    return [
        f"the sheet has {len(values)} batches, but batch is not among --covariates",
        *(f"{listing(ids)}: confounded with {sides}, may be a batch effect" for sides, ids in mixed.items()),
    ]
