"""A small results folder with planted numbers, as the report finds it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from study_sheets import LINES, sheet

from rxpress.design.study_design import Contrast, LinePart, StudyDesign
from rxpress.design.study_model import StudyModel
from rxpress.differential.second_opinion import second_opinion
from rxpress.tables import GeneMatrix, read_json, read_table, write_json, write_matrix, write_table

GENES = 60
CALLS = {"drug.bortezomib.S1": (5, 3), "interaction.bortezomib.resistant_vs_sensitive": (2, 0)}


def stage_results(
    folder: Path,
    studies: Sequence[str] = ("study",),
    calls: Mapping[str, tuple[int, int]] = CALLS,
    untested_because: str = "",
    left_out: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    arrays: Mapping[str, str] | None = None,
) -> Path:
    """Write a results folder of studies with 24 samples and 60 genes each; returns it.

    calls : {contrast: (genes called up, genes called down)}; left_out : {sample: reason}; arrays : {study:
    method} of studies that were tested on log2 expression, not on counts.
    """
    arrays = arrays or {}
    names = [f"{name}_" if len(studies) > 1 else "" for name in studies]
    for study, prefix in zip(studies, names, strict=True):
        _stage_study(
            folder, study, prefix, {} if untested_because else calls, untested_because, left_out or {}
        )
        if study in arrays:
            _as_arrays(folder / "differential" / study, arrays[study])
    samples = pd.concat([_samples(*pair, left_out or {}) for pair in zip(studies, names, strict=True)])
    write_table(samples.drop(columns=["kept", "reason", "condition"]), folder / "inputs" / "samples.tsv")
    excluded = samples.loc[~samples["kept"], ["sample", "study", "reason"]]
    write_table(excluded, folder / "inputs" / "excluded_samples.tsv")
    kinds = {
        study: {"kind": "cel" if study in arrays else "reads", "untested_because": ""} for study in studies
    }
    write_json(
        {"studies": kinds, "warnings": ["column 'batch' is not used"]}, folder / "inputs" / "plan.json"
    )
    for sample in samples.loc[~samples["study"].isin(list(arrays)), "sample"]:
        write_json(status(sample), folder / "reads" / "status" / f"{sample}.status.json")
    given = {"alpha": 0.05, "fold_change": 2, "p_value": "adjusted"} | dict(parameters or {})
    write_json(given, folder / "provenance" / "params.json")
    versions = [("QUANTIFY_READS", "salmon", "1.10"), ("QUANTIFY_READS", "fastp", "0.23.2")]
    frame = pd.DataFrame(versions, columns=["process", "tool", "version"])
    write_table(frame, folder / "provenance" / "versions.tsv")
    return folder


def _as_arrays(differential: Path, method: str) -> None:
    """Make a staged study one of arrays: no size factors, dispersions, second opinion; nothing shrunken."""
    facts = read_json(differential / "fit.json")
    assert isinstance(facts, dict)
    more = {"expression": "gene_expression.tsv", "method": method, "fit": "cell_line"}
    write_json(facts | more, differential / "fit.json")
    shrunken = {"shrunken_log2_fold_change": np.nan, "shrunken_lfc_se": np.nan}
    names = ("size_factors", "dispersions", "second_opinion", "second_opinion_genes", "summary", "samples")
    for path in differential.glob("*.tsv"):
        if path.stem not in names:
            write_table(read_table(path).assign(**shrunken), path)
    for name in names[:4]:
        (differential / f"{name}.tsv").unlink(missing_ok=True)


def status(sample: str, **changed: Any) -> dict[str, Any]:
    """status.json of a sample whose reads are all right."""
    return {
        "sample": sample,
        "passed": True,
        "reason": "",
        "reads_raw": 1000,
        "reads": 900,
        "mapped": 810,
        "percent_mapped": 90.0,
        "strandedness_declared": "auto",
        "library_type": "ISR",
        "strandedness": "reverse",
        "compatible_fragment_ratio": 0.99,
        "inputs": [],
        **changed,
    }


def gene_table(up: int, down: int) -> pd.DataFrame:
    """The table of a contrast: the first `up` genes rise, the next `down` fall, the last two are untested."""
    calls = ["up"] * up + ["down"] * down + ["unchanged"] * (GENES - up - down - 2) + ["untested"] * 2
    sign = np.select([np.array(calls) == "up", np.array(calls) == "down"], [1.0, -1.0], 0.0)
    change = 2.5 * sign + np.linspace(-0.4, 0.4, GENES)
    p_value = np.where(sign != 0, 1e-6, np.linspace(0.1, 1, GENES))
    p_value[-2:] = np.nan
    return pd.DataFrame(
        {
            "gene_id": gene_ids(),
            "gene_name": [f"G{i}/x" for i in range(GENES)],
            "base_mean": np.geomspace(5, 5000, GENES),
            "log2_fold_change": change,
            "lfc_se": 0.2,
            "statistic": change / 0.2,
            "p_value": p_value,
            "p_adjusted": np.minimum(1, 4 * p_value),
            "p_adjusted_threshold": np.where(np.arange(GENES) == 0, 0.01, 1.0),
            "shrunken_log2_fold_change": 0.9 * change,
            "shrunken_lfc_se": 0.2,
            "call": calls,
        }
    )


def _by_limma(genes: pd.DataFrame) -> pd.DataFrame:
    """A second opinion on a gene table: it does not test the first gene and calls one that is unchanged."""
    genes = genes.assign(log2_fold_change=genes["log2_fold_change"] * 0.98)
    genes.loc[0, ["log2_fold_change", "p_adjusted", "call"]] = [np.nan, np.nan, "untested"]
    genes.loc[20, ["log2_fold_change", "p_adjusted", "call"]] = [-1.5, 0.01, "down"]
    return genes


def gene_ids() -> np.ndarray:
    return np.array([f"ENSG{i:03d}" for i in range(GENES)])


def _samples(study: str, prefix: str, left_out: Mapping[str, str]) -> pd.DataFrame:
    samples = sheet().assign(study=study)
    samples["sample"] = prefix + samples["sample"]
    samples["condition"] = samples["cell_line"] + "." + samples["treatment"]
    reason = samples["sample"].map(dict(left_out))
    return samples.assign(kept=reason.isna(), reason=reason)


def _stage_study(
    folder: Path,
    study: str,
    prefix: str,
    calls: Mapping[str, tuple[int, int]],
    untested_because: str,
    left_out: Mapping[str, str],
) -> None:
    samples = _samples(study, prefix, left_out)
    kept = samples.loc[samples["kept"], "sample"].tolist()
    here = folder / "differential" / study
    design = _design(study, samples, untested_because, calls)
    write_table(
        samples.assign(kept=samples["kept"].map({True: "true", False: "false"})), here / "samples.tsv"
    )
    write_json(design.to_json(), here / "contrasts.json")
    write_json({"warnings": [], "untested_because": untested_because}, here / "fit.json")
    summary = [{"id": c.id, "label": c.label, "status": "ok", "lines_agree": 0.5} for c in design.contrasts]
    write_table(pd.DataFrame(summary, columns=["id", "label", "status", "lines_agree"]), here / "summary.tsv")
    write_table(pd.DataFrame({"sample": kept, "size_factor": 1.0}), here / "size_factors.tsv")
    for id, (up, down) in calls.items():
        table = gene_table(up, down)
        if id.startswith("interaction"):
            ends = {"lfc_min_leave_one_out": table["log2_fold_change"] - 1, "lfc_max_leave_one_out": 3.25}
            table = table.assign(lines_same_sign=2, lines=4, **ends)
        if id.startswith("any"):
            only_wald = ["p_adjusted_threshold", "shrunken_log2_fold_change", "shrunken_lfc_se"]
            table = table.assign(**dict.fromkeys(only_wald, np.nan), largest="drug.bortezomib.S1.20nM")
        write_table(table, here / f"{id}.tsv")
    if calls:
        tests = {id: gene_table(*numbers) for id, numbers in calls.items()}
        by_limma = {id: _by_limma(test) for id, test in tests.items()}
        for name, table in second_opinion(tests, by_limma).items():
            write_table(table, here / name)
    table = gene_table(0, 0)
    dispersions = table[["gene_id", "gene_name", "base_mean"]].assign(gene_wise=0.1, fitted=0.12, final=0.11)
    if calls:
        write_table(dispersions, here / "dispersions.tsv")
    values = np.random.default_rng(7).normal(8, 1, (GENES, len(kept)))
    log2 = GeneMatrix(gene_ids(), table["gene_name"].to_numpy(str), kept, values)
    write_matrix(log2, folder / "expression" / study / "log2_expression.tsv")


def _design(
    study: str, samples: pd.DataFrame, untested_because: str, contrasts: Iterable[str]
) -> StudyDesign:
    kept = samples.loc[samples["kept"], "sample"].tolist()
    return StudyDesign(
        study,
        unit="cell_line",
        vehicle="DMSO",
        conditions=tuple(samples["condition"].unique()),
        covariates=(),
        untested_because=untested_because,
        notes=("S2 has no partner",),
        models=(StudyModel("conditions", dict(zip(kept, samples["condition"], strict=False))),),
        contrasts=tuple(_contrast(id, kept) for id in contrasts),
    )


def _contrast(id: str, samples: Sequence[str]) -> Contrast:
    weights = {"S1.bortezomib": 1.0, "S1.DMSO": -1.0}
    label = f"label of {id} <5 nM>"
    average = id.startswith("interaction")
    over_lines = id.endswith(".class")
    signs = {"sensitive": -1, "resistant": 1}
    lines = tuple(LinePart(line, side, signs[side], weights) for line, side in LINES.items() if average)
    return Contrast(
        id,
        label,
        kind=id.split(".")[0],
        model="conditions",
        weights=weights,
        jointly=(),
        samples=tuple(samples),
        test="moderated_t" if over_lines else "lrt" if id.startswith("any") else "wald",
        status="ok",
        reason="",
        scope="class" if over_lines else "these_lines",
        lines=lines,
    )
