"""Methods of studies on arrays, in words: from intensities or a matrix to expression, quality and tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rxpress.report.results import Results, Study
from rxpress.report.step import Step


def array_steps(results: Results) -> list[Step]:
    """How arrays became expression of genes, and how they were assessed; nothing without arrays."""
    studies = [study for study in results.studies if study.arrays]
    steps = [step for study in studies for step in (*_expression(study), *_genes(study), *_quality(study))]
    return list(dict.fromkeys(steps))


def _expression(study: Study) -> Iterator[Step]:
    facts = study.arrays.facts
    chip = f"{facts['chip']} arrays" if facts.get("chip") else "arrays"
    if facts.get("source") == "matrix":
        how = facts.get("transformation", "none")
        scale = "taken as log2 values" if how == "none" else f"transformed by {how}"
        of = f" in {facts['file']}" if facts.get("file") else ""
        yield Step(f"Expression of {chip} was given{of} and {scale}")
    elif facts.get("method") == "mas5":
        text = f"Signals of {chip} are those of MAS5, scaled to 500, as log2 values"
        yield Step(text, ("mas5",))
    else:
        yield Step(
            f"Intensities of {chip} were corrected for background, normalised by quantiles and summarised by "
            "median polish (RMA)",
            ("rma", "quantiles"),
        )
    if "percent_present" in study.arrays.quality:
        yield Step("Probesets were called present by the detection calls of MAS5", ("calls",))


def _genes(study: Study) -> Iterator[Step]:
    annotation = study.arrays.facts.get("annotation") or {}
    file = f" by {annotation['file']}" if annotation.get("file") else ""
    if annotation.get("how") == "highest_mean":
        yield Step(
            f"Probesets were assigned to genes{file}; those of several genes were dropped, and of several "
            "probesets of a gene the one of highest mean was taken"
        )
    elif annotation:
        yield Step(f"Probesets were named{file or ' as given'} and tested apart")


def _quality(study: Study) -> Iterator[Step]:
    quality = study.arrays.quality
    measures = {
        "relative log expression": ("rle_iqr", ("nuse",)),
        "normalised unscaled standard errors": ("nuse_median", ("nuse",)),
        "MA plots against the median array": ("ma_dependence", ("aqm",)),
        "correlation": ("mean_correlation", ("aqm",)),
        "Affymetrix's scale factors, share of probesets present and 3'/5' ratios": (
            "scale_factor",
            ("simpleaffy",),
        ),
    }
    used = {name: cited for name, (column, cited) in measures.items() if column in quality}
    if used:
        cited = tuple(dict.fromkeys(key for keys in used.values() for key in keys))
        yield Step(f"Arrays were assessed by {', '.join(used)}; those that stand out were kept", cited)


def test_steps(studies: Sequence[Study], means: str, fold: str) -> list[Step]:
    """How log2 expression was tested, by the method of each study."""
    methods = dict.fromkeys(str(study.fit.get("method", "limma")) for study in studies)
    steps = [step for method in methods for step in _tested(method, means)]
    kinds = {contrast.test for study in studies for contrast in study.tested}
    if "lrt" in kinds:
        steps.append(Step("Several contrasts of arrays at once were tested by an F test", ("limma",)))
    if "moderated_t" in kinds:
        text = "Tests over lines are moderated t tests of log2 expression, each line one replicate"
        steps.append(Step(text, ("limma",)))
    return [*steps, Step(f"A second test asks for a change beyond {fold}", ("treat",))]


def _tested(method: str, means: str) -> Iterator[Step]:
    own = "from the samples of its own conditions alone " if method == "ttest" else ""
    yield Step(f"Log2 expression of arrays was fitted by linear models {own}{means}")
    test, cited = ("a moderated t", "limma") if method == "limma" else ("an ordinary t", "bh")
    yield Step(
        f"Each contrast of arrays was tested with {test}; p-values were adjusted within each contrast",
        tuple(dict.fromkeys((cited, "bh"))),
    )
