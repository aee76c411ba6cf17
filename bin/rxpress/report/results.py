"""A staged results folder as the report sees it; any part of it may be absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.contrasts import Contrast, StudyDesign
from rxpress.palette import Look, give_looks
from rxpress.report.section import Heading
from rxpress.tables import GENE_COLUMNS, GeneMatrix, read_json, read_matrix, read_table

TEXT = (
    "sample",
    "study",
    "cell_line",
    "patient",
    "parent",
    "treatment",
    "batch",
    "replicate",
    "reason",
    "condition",
)
SHOWN_CONTRASTS = 12


@dataclass(frozen=True)
class Study:
    """One study of the run.

    samples : rows of its final sample table, kept and left out; design : its contrasts, None if they were
    never planned; summary : a row per contrast; tests : {contrast id: gene table}; fit : fit.json; log2 :
    expression of the kept samples, None if there is none. Tables may be empty.
    """

    name: str
    samples: pd.DataFrame
    design: StudyDesign | None
    summary: pd.DataFrame
    tests: Mapping[str, pd.DataFrame]
    fit: Mapping[str, Any]
    log2: GeneMatrix | None
    size_factors: pd.DataFrame
    dispersions: pd.DataFrame

    @property
    def tested(self) -> list[Contrast]:
        """Contrasts that have a gene table, in the order in which they were asked."""
        contrasts = self.design.contrasts if self.design else ()
        return [contrast for contrast in contrasts if contrast.id in self.tests]

    @property
    def shown(self) -> list[Contrast]:
        """The contrasts that get their own plots and tables."""
        return self.tested[:SHOWN_CONTRASTS]

    @property
    def untested_because(self) -> str:
        """Why no contrast was tested; empty if one was."""
        if self.tests:
            return ""
        said = self.design.untested_because if self.design else ""
        reasons = dict.fromkeys(c.reason for c in self.design.contrasts if c.reason) if self.design else {}
        return said or "; ".join(reasons) or "no contrast was planned for this study"

    def smallest_p(self) -> pd.Series:
        """Each gene's smallest p-value over all contrasts, by gene id; genes without any are left out."""
        columns = [genes.set_index("gene_id")["p_value"] for genes in self.tests.values()]
        together = pd.concat(columns).dropna() if columns else pd.Series(dtype=float)
        return together.groupby(level=0, sort=False).min()

    def looks(self, samples: Iterable[str]) -> list[Look]:
        """How the named samples are drawn: colour by line or patient, shape by treatment, dose and time."""
        rows = self.samples.set_index("sample").reindex(list(samples))
        unit = next((c for c in ("cell_line", "patient") if c in rows and rows[c].notna().any()), "")
        states = [_state(row) for row in rows.to_dict("records")]
        return give_looks(rows[unit].fillna("").tolist() if unit else [""] * len(rows), states)


@dataclass(frozen=True)
class Results:
    """All that the report is made of.

    plan : what CHECK_INPUTS saw coming; statuses : the status of each sequenced sample; excluded : `sample
    study reason`; parameters : {name: value}; defaults : {name: default}, empty if not known; versions :
    `process tool version`.
    """

    studies: tuple[Study, ...]
    samples: pd.DataFrame
    excluded: pd.DataFrame
    plan: Mapping[str, Any]
    statuses: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any]
    versions: pd.DataFrame

    @property
    def alpha(self) -> float:
        return float(self._parameter("alpha", 0.05))

    @property
    def fold_change(self) -> float:
        return float(self._parameter("fold_change", 2))

    @property
    def raw_p_values(self) -> bool:
        return self._parameter("p_value", "adjusted") == "raw"

    @property
    def rule(self) -> str:
        """What a call goes by."""
        return "p-value" if self.raw_p_values else "adjusted p-value"

    @property
    def facts(self) -> dict[str, str]:
        """What the texts of topics refer to."""
        return {"alpha": f"{self.alpha:g}", "fold_change": f"{self.fold_change:g}", "rule": self.rule}

    @property
    def has_transcripts(self) -> bool:
        """Whether genes were summed from transcripts, rather than given as counts."""
        kinds = {study.get("kind") for study in self.plan.get("studies", {}).values()}
        return bool(self.statuses) or bool(kinds & {"reads", "quant", "mixed"})

    def tool_version(self, tool: str) -> str:
        """` 1.10.1`, with a blank before it, or '' if that tool did not run."""
        rows = self.versions[self.versions["tool"] == tool] if len(self.versions) else self.versions
        return f" {rows['version'].iloc[0]}" if len(rows) else ""

    def heading(self, study: Study, contrast: Contrast | None = None) -> Heading:
        """How a section of a study or a contrast is headed; the study is named where there are several."""
        parts = [study.name] if len(self.studies) > 1 else []
        key = f"{study.name}_{contrast.id}" if contrast else study.name
        return Heading(": ".join([*parts, contrast.label] if contrast else parts), key)

    def each_test(self) -> Iterator[tuple[Study, Contrast, pd.DataFrame]]:
        """Every study's contrasts that get their own plots, with their gene tables."""
        for study in self.studies:
            for contrast in study.shown:
                yield study, contrast, study.tests[contrast.id]

    def _parameter(self, name: str, otherwise: Any) -> Any:
        value = self.parameters.get(name)
        return self.defaults.get(name, otherwise) if value is None else value


def read_results(folder: Path, schema: Path | None = None) -> Results:
    """Read a staged results folder, laid out as in docs/output.md; `schema`: nextflow_schema.json."""
    status_files = sorted((folder / "reads" / "status").glob("*.json"))
    return Results(
        studies=tuple(_read_study(folder, name) for name in _study_names(folder)),
        samples=_table(folder / "inputs" / "samples.tsv"),
        excluded=_table(folder / "inputs" / "excluded_samples.tsv"),
        plan=_json(folder / "inputs" / "plan.json"),
        statuses=tuple(read_json(path) for path in status_files),
        parameters=_json(folder / "provenance" / "params.json"),
        defaults=_defaults(read_json(schema)) if schema else {},
        versions=_table(folder / "provenance" / "versions.tsv", text=("process", "tool", "version")),
    )


def _study_names(folder: Path) -> list[str]:
    """Studies in the order of the sheet, then those that only have results."""
    sheet = _table(folder / "inputs" / "samples.tsv")
    named = [str(name) for name in sheet["study"]] if "study" in sheet else []
    found = sorted(
        path.name for part in ("differential", "expression") for path in (folder / part).glob("*/")
    )
    return list(dict.fromkeys([*named, *found]))


def _read_study(folder: Path, name: str) -> Study:
    differential, expression = folder / "differential" / name, folder / "expression" / name
    samples = _table(differential / "samples.tsv")
    if samples.empty:
        samples = _samples_without_design(folder, name)
    contrasts = _json(differential / "contrasts.json")
    design = StudyDesign.from_json(contrasts) if contrasts else None
    tables = {c.id: differential / f"{c.id}.tsv" for c in design.contrasts} if design else {}
    log2 = expression / "log2_expression.tsv"
    return Study(
        name=name,
        samples=samples,
        design=design,
        summary=_table(
            differential / "summary.tsv", text=("id", "label", "kind", "scope", "status", "reason")
        ),
        tests={id: _table(path, text=GENE_COLUMNS) for id, path in tables.items() if path.exists()},
        fit=_json(differential / "fit.json"),
        log2=read_matrix(log2) if log2.exists() else None,
        size_factors=_table(differential / "size_factors.tsv"),
        dispersions=_table(differential / "dispersions.tsv", text=GENE_COLUMNS),
    )


def _samples_without_design(folder: Path, study: str) -> pd.DataFrame:
    """What the sheet and the list of excluded samples say of a study that did not come to its tests."""
    samples, excluded = (_table(folder / "inputs" / name) for name in ("samples.tsv", "excluded_samples.tsv"))
    if samples.empty:
        return samples
    samples = samples[samples["study"] == study].reset_index(drop=True)
    reasons = dict(zip(excluded["sample"], excluded["reason"], strict=True)) if len(excluded) else {}
    return samples.assign(kept=~samples["sample"].isin(list(reasons)), reason=samples["sample"].map(reasons))


def _table(path: Path, text: Iterable[str] = TEXT) -> pd.DataFrame:
    return read_table(path, text=tuple(text)) if path.exists() else pd.DataFrame()


def _json(path: Path) -> Any:
    return read_json(path) if path.exists() else {}


def _defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    groups = schema.get("$defs", {}).values()
    return {name: one.get("default") for group in groups for name, one in group.get("properties", {}).items()}


def _state(row: Mapping[Any, Any]) -> str:
    """What was done to a sample: `bortezomib 20 nM 24 h`."""
    parts = [
        (row.get("treatment"), "{}"),
        (row.get("dose_nM") or None, "{:g} nM"),
        (row.get("time_h"), "{:g} h"),
    ]
    return " ".join(form.format(value) for value, form in parts if value is not None and not pd.isna(value))
