"""Samples: kept and left out, their reads, library types, and columns of the general statistics."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from rxpress.report.palette import CATEGORIES, UNCHANGED
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, colored_words, column, note, plain_values, table
from rxpress.report.topics import GENERAL, LIBRARIES, READS, SAMPLES

FROM_STATUS = {
    "sample": "sample",
    "reads_raw": "reads_raw",
    "reads": "reads",
    "mapped": "mapped",
    "percent_mapped": "percent_mapped",
    "strandedness_declared": "strandedness_declared",
    "strandedness": "strandedness_found",
    "library_type": "library_type",
    "quantifier": "quantifier",
    "strandedness_alignments": "strandedness_by_alignments",
    "strandedness_salmon": "strandedness_by_salmon",
    "strandedness_used": "strandedness_used",
    "compatible_fragment_ratio": "compatible_fragment_ratio",
    "warning": "warning",
    "reason": "problem",
}
KEPT = column(
    "Kept",
    "Whether the sample enters the tests",
    **colored_words({"yes": CATEGORIES[2], "no": CATEGORIES[5]}),
)
CONDITION = column("Condition", "Samples of one condition share a mean in the model")
READS_LEFT = column("Reads", "Reads or pairs left after trimming", "{:,.0f}", scale="Greens", min=0)
SIZE_FACTOR = column("Size factor", "Relative sequencing depth, estimated as DESeq2 does", "{:,.2f}")


def sample_sections(results: Results) -> list[Section]:
    """Samples kept and left out, their reads and library types."""
    samples = sample_table(results)
    if samples.empty:
        return [] if results.studies else [note(SAMPLES, "The results folder names no samples.")]
    libraries = library_table(results)
    of_reads = [_reads(libraries), _libraries(libraries)] if len(libraries) else []
    covariates = [name for s in results.studies if s.design for name in s.design.covariates]
    return [_samples(samples, covariates), *of_reads, _general(samples)]


def sample_table(results: Results) -> pd.DataFrame:
    """A row per sample: what the sheet says, whether it was kept, its reads, and its size factor."""
    if not results.studies:
        return pd.DataFrame()
    samples = pd.concat([s.samples.assign(study=s.name) for s in results.studies], ignore_index=True)
    factors = pd.concat([s.size_factors for s in results.studies], ignore_index=True)
    arrays = pd.concat([_of_arrays(s) for s in results.studies], ignore_index=True)
    if samples.empty:
        return samples
    for more in (factors, arrays, library_table(results)):
        if len(more):
            new = [name for name in more if name == "sample" or name not in samples]
            samples = samples.merge(more[new], on="sample", how="left")
    return samples.assign(kept=samples["kept"].fillna(False).astype(bool))


def _of_arrays(study: Study) -> pd.DataFrame:
    """`sample array`, and `percent_present` where it is known: whether an array stands out."""
    arrays = study.arrays
    if not len(arrays.quality):
        return pd.DataFrame({"sample": []})
    outlying = arrays.quality["sample"].isin(arrays.flagged["sample"])
    told = arrays.quality.assign(array=outlying.map({True: "stands out", False: ""}))
    return told[[name for name in ("sample", "percent_present", "array") if name in told]]


def library_table(results: Results) -> pd.DataFrame:
    """A row per sequenced sample, from its status: reads, mapping, strandedness declared and found."""
    rows = [{name: status.get(field) for field, name in FROM_STATUS.items()} for status in results.statuses]
    return pd.DataFrame(rows, columns=list(FROM_STATUS.values()))


def _samples(samples: pd.DataFrame, covariates: Iterable[str]) -> Section:
    columns = {
        "sample": column("Sample", "Name in the samplesheet"),
        "study": column("Study", "Samples of a study are analysed together"),
        "kept": KEPT,
        "reason": column("Why not", "Why a sample was left out"),
        "condition": CONDITION,
        "reads": READS_LEFT,
        "percent_mapped": column("Mapped", "Share of them that mapped", "{:,.1f}", suffix="%"),
        "size_factor": SIZE_FACTOR,
        "percent_present": column("Present", "Probesets that MAS5 calls present", "{:,.1f}", suffix="%"),
        "array": column("Array", "See Array quality", **colored_words({"stands out": CATEGORIES[1]})),
        "response": column("Response", "Of the line to the drug, from the sheet or from the IC50"),
        "batch": column("Batch", "As in the sheet"),
        "replicate": column("Replicate", "As in the sheet"),
        "rin": column("RIN", "RNA integrity number", "{:,.1f}"),
        "purity": column("Purity", "Fraction of tumour cells", "{:,.2f}"),
    }
    for name in covariates:
        columns.setdefault(name, column(name, "Covariate of the model, as in the sheet"))
    shown = samples.dropna(axis="columns", how="all")
    if samples["study"].nunique() < 2:
        shown = shown.drop(columns="study")
    detail = f"{int(samples['kept'].sum())} of {len(samples)} samples enter the tests."
    return table(SAMPLES, shown, "sample", columns, {"samples": samples}, detail=detail)


def _reads(libraries: pd.DataFrame) -> Section:
    counts = libraries.set_index("sample")[["reads_raw", "reads", "mapped"]].fillna(0).astype(int)
    parts = pd.DataFrame(
        {
            "mapped": counts["mapped"],
            "not mapped": counts["reads"] - counts["mapped"],
            "removed by trimming and filtering": counts["reads_raw"] - counts["reads"],
        }
    ).clip(lower=0)
    colors = (CATEGORIES[0], CATEGORIES[1], UNCHANGED)
    categories = {name: {"name": name, "color": color} for name, color in zip(parts, colors, strict=True)}
    return Section(
        READS,
        "bargraph",
        {str(sample): plain_values(row) for sample, row in parts.to_dict("index").items()},
        pconfig={"ylab": "reads", "sort_samples": False},
        extra={"categories": categories},
        tables={"libraries": libraries},
    )


def _libraries(libraries: pd.DataFrame) -> Section:
    agree = "Share of mapped fragments that agree with the library type"
    columns = {
        "sample": column("Sample", "Name in the samplesheet"),
        "strandedness_declared": column("Declared", "In the samplesheet; auto: to be found out"),
        "strandedness_found": column("Found", "What the mapped reads say"),
        "library_type": column("Library type", "Salmon's name, e.g. ISR: inward, first read reverse"),
        "compatible_fragment_ratio": column("Compatible", agree, "{:,.3f}", min=0, max=1),
        "warning": column("Warning", "Where declared and found part"),
        "problem": column("Problem", "Why the reads could not be used"),
    }
    shown = libraries.replace({"": None}).dropna(axis="columns", how="all")
    return table(LIBRARIES, shown, "sample", columns, {"libraries": libraries})


def _general(samples: pd.DataFrame) -> Section:
    columns = {"condition": CONDITION, "kept": KEPT, "reads": READS_LEFT, "size_factor": SIZE_FACTOR}
    shown = samples[[name for name in columns if name in samples and samples[name].notna().any()]]
    rows = zip(samples["sample"], shown.to_dict("records"), strict=True)
    headers = {name: {**columns[str(name)], "namespace": "rxpress"} for name in shown}
    return Section(
        GENERAL, "generalstats", {str(s): plain_values(row) for s, row in rows}, extra={"headers": headers}
    )
