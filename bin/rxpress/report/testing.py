"""How contrasts were tested, in words for the methods of a paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rxpress.report.results import Results, Study
from rxpress.report.step import Step


@dataclass(frozen=True)
class Group:
    """Studies that were tested alike, and what they are called: `each study`, or their names."""

    method: str
    of_arrays: bool
    studies: Sequence[Study]
    named: str = "each study"

    @property
    def contrasts(self) -> str:
        return "Each contrast" + ("" if self.named == "each study" else f" of {self.named}")


def testing_steps(results: Results) -> list[Step]:
    """What was fitted, tested and called; nothing if nothing was tested."""
    groups = _groups(results)
    if not groups:
        return []
    steps = [step for group in groups for step in _steps(results, group)]
    called = (
        f"Genes with {results.rule} below {results.alpha:g} and a change of at least "
        f"{results.fold_change:g}-fold were called"
    )
    return [*steps, Step(called), *_second_opinion(groups)]


def _groups(results: Results) -> list[Group]:
    """The tested studies by method and platform."""
    found: dict[tuple[str, bool], list[Study]] = {}
    for study in results.studies:
        if study.tests:
            found.setdefault((str(study.fit.get("method", "deseq2")), study.of_arrays), []).append(study)
    several = len(found) > 1
    return [
        Group(*how, studies, *([" and ".join(study.name for study in studies)] if several else []))
        for how, studies in found.items()
    ]


def _steps(results: Results, group: Group) -> Iterator[Step]:
    if any(study.design and study.design.unit == "patient" for study in group.studies):
        together = "Arrays of one patient and condition were averaged"
        if not group.of_arrays:
            together = "Libraries of one patient and condition were summed"
        yield Step(
            f"{together}; drug effects were estimated in complete pairs, with patients as blocks, and "
            "responses compared without blocks"
        )
    covariates = dict.fromkeys(c for s in group.studies if s.design for c in s.design.covariates)
    also = f" and additive effects of {', '.join(covariates)}" if covariates else ""
    means = f"with a mean per condition (line, treatment, dose and time){also}"
    yield _model(results, group, means)
    tests = {
        "deseq2": "a Wald test; p-values were adjusted within each contrast after independent filtering",
        "limma": "a moderated t; p-values were adjusted within each contrast",
        "ttest": "Student's t of the samples of its conditions; p-values were adjusted within each contrast",
        "anova": "t, its variance that of the whole model; p-values were adjusted within each contrast",
    }
    yield Step(
        f"{group.contrasts} is a linear combination of condition means in which lines weigh equally, and was "
        f"tested with {tests[group.method]}",
        {"deseq2": ("bh", "deseq2"), "limma": ("limma", "bh")}.get(group.method, ("bh",)),
    )
    beyond = f"A second test asks for a change beyond {results.fold_change:g}-fold"
    if group.method == "deseq2":
        yield Step(f"{beyond}. Fold changes were shrunken", ("apeglm",))
    else:
        yield Step(beyond, ("treat",) if group.method == "limma" else ())
    yield from _further_tests(group)


def _model(results: Results, group: Group, means: str) -> Step:
    if group.of_arrays:
        weighed = any(study.fits_lines_apart for study in group.studies)
        more = ", samples weighted by the inverse variance of their line" if weighed else ""
        text = f"Log2 expression of {group.named} was fitted by linear models, {means}{more}"
        return Step(text, ("limma",) if group.method == "limma" else ())
    if group.method == "limma":
        return Step(
            f"Log counts per million of {group.named} were fitted by linear models with the precision "
            f"weights of voom, {means}, for genes with enough counts",
            ("voom",),
        )
    return Step(
        f"Counts of {group.named} were modelled by negative binomial regression as in DESeq2, fitted with "
        f"PyDESeq2{results.tool_version('pydeseq2')} and solvers for all genes at once, {means}",
        ("deseq2", "pydeseq2"),
    )


def _further_tests(group: Group) -> Iterator[Step]:
    kinds = {contrast.test for study in group.studies for contrast in study.tested}
    if "lrt" in kinds:
        joint = {"deseq2": "likelihood ratio", "limma": "moderated F"}.get(group.method, "F")
        cites = (group.method,) if group.method in ("deseq2", "limma") else ()
        yield Step(f"Several contrasts at once were tested by {joint}", cites)
    if "moderated_t" in kinds:
        what = "log2 expression" if group.of_arrays else "log2 counts per million"
        yield Step(f"Tests over lines are moderated t tests of {what}, each line one replicate", ("limma",))


def _second_opinion(groups: Sequence[Group]) -> Iterator[Step]:
    for group in groups:
        if any(len(study.second_opinion) for study in group.studies):
            other = "DESeq2" if group.method == "limma" else "limma-voom"
            cites = ("deseq2",) if group.method == "limma" else ("voom", "limma")
            yield Step(f"The same contrasts of counts were tested by {other} for a second opinion", cites)
