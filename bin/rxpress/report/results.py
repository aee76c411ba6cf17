"""A staged results folder as the report sees it; any part of it may be absent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.report.arms import Arrays, read_arrays, studies_of
from rxpress.report.findings import Findings, read_findings
from rxpress.report.optional_files import read_json_or_empty, read_or_empty
from rxpress.report.palette import Look, give_looks
from rxpress.report.section import Heading, unique
from rxpress.tables import GENE_COLUMNS, GeneMatrix, read_json, read_matrix, read_samples, read_table

SHOWN_CONTRASTS = 12
EXCLUDED = ("sample", "study", "reason")
SUMMARY = ("id", "label", "kind", "scope", "status", "reason")
VERSIONS = ("process", "tool", "version")


@dataclass(frozen=True)
class Study:
    """One study of the run.

    samples : rows of its final sample table, kept and left out; design : its contrasts, None if they were
    never planned; summary : a row per contrast; tests : {contrast id: gene table}; fit : fit.json; log2 :
    expression of the kept samples, None if there is none; second_opinion : agreement with limma, a row per
    contrast; opinion_genes : the genes that either method calls; arrays : how good its arrays are. Tables may
    be empty.
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
    second_opinion: pd.DataFrame
    opinion_genes: pd.DataFrame
    arrays: Arrays

    @property
    def of_expression(self) -> bool:
        """Whether it has samples of expression: not if it is known from Ct values or viability alone."""
        samples = self.samples
        by_qpcr = (
            samples["data_source"] == "qpcr" if "data_source" in samples else pd.Series(False, samples.index)
        )
        return bool(self.tests) or self.log2 is not None or not by_qpcr.all()

    @property
    def of_arrays(self) -> bool:
        """Whether it was tested on log2 expression, as arrays give it, rather than on counts."""
        return "expression" in self.fit

    @property
    def shrinks(self) -> bool:
        """Whether its tests give shrunken fold changes."""
        return any(table["shrunken_log2_fold_change"].notna().any() for table in self.tests.values())

    @property
    def fits_lines_apart(self) -> bool:
        """Whether a model of it allows lines to vary differently."""
        return any(fit.get("fit") == "cell_line" for fit in (self.fit, *self.fit.get("models", {}).values()))

    @property
    def tested(self) -> list[Contrast]:
        """Contrasts that have a gene table, in the order in which they were asked."""
        contrasts = self.design.contrasts if self.design else ()
        return [contrast for contrast in contrasts if contrast.id in self.tests]

    @property
    def shown(self) -> list[Contrast]:
        """The contrasts that get their own plots and tables; tests over lines come last."""
        return sorted(self.tested, key=lambda contrast: contrast.scope == "class")[:SHOWN_CONTRASTS]

    @property
    def untested_because(self) -> str:
        """Why no contrast was tested; empty if one was."""
        if self.tests:
            return ""
        contrasts = self.design.contrasts if self.design else ()
        said = self.fit.get("untested_because") or (self.design.untested_because if self.design else "")
        reasons = dict.fromkeys(contrast.reason for contrast in contrasts if contrast.reason)
        left_out = "" if self.samples.get("kept", pd.Series([True])).any() else "no sample was kept"
        return said or "; ".join(reasons) or left_out or "no contrast was planned"

    def named(self, contrasts: Iterable[str]) -> dict[str, str]:
        """{id: label} of those of `contrasts` that get a column of their own, tests over lines last.

        When they are too many, averages over lines stay rather than single lines.
        """
        wanted = set(contrasts)
        ordered = sorted(self.tested, key=lambda contrast: contrast.scope == "class")
        own = [contrast for contrast in ordered if contrast.id in wanted]
        first = sorted(own, key=lambda contrast: not contrast.lines)[:SHOWN_CONTRASTS]
        labels = {contrast.id: contrast.label for contrast in own if contrast in first}
        labels |= {id: id for id in sorted(wanted - {contrast.id for contrast in self.tested})}
        ids = list(labels)[:SHOWN_CONTRASTS]
        return dict(zip(ids, unique(labels[id] for id in ids), strict=True))

    def widest(self, contrasts: Iterable[str]) -> Contrast | None:
        """Of the tested contrasts named, the one about most samples; not a test over lines if it can be."""
        wanted = set(contrasts)
        own = [contrast for contrast in self.tested if contrast.id in wanted]
        return max(own, key=lambda c: (c.scope != "class", len(c.samples)), default=None)

    def smallest_p(self) -> pd.Series:
        """Each gene's smallest p-value over all contrasts, by gene id; genes without any are left out."""
        columns = [genes.set_index("gene_id")["p_value"] for genes in self.tests.values()]
        together = pd.concat(columns).dropna() if columns else pd.Series(dtype=float)
        return together.groupby(level=0, sort=False).min()

    def looks(self, samples: Iterable[str]) -> list[Look]:
        """How the named samples are drawn: colour by line or patient, shape by treatment, dose and time."""
        rows = self.samples
        unit = next((c for c in ("cell_line", "patient") if c in rows and rows[c].notna().any()), "")
        units = rows[unit].fillna("").tolist() if unit else [""] * len(rows)
        looks = give_looks(units, [_state(row) for row in rows.to_dict("records")])
        of_sample = dict(zip(rows["sample"], looks, strict=True))
        return [of_sample[sample] for sample in samples]


@dataclass(frozen=True)
class Results:
    """All that the report is made of.

    plan : what CHECK_INPUTS saw coming; statuses : the status of each sequenced sample;
    alignments : their quality by sample, where reads were aligned; excluded : `sample
    study reason`; parameters : {name: value}; defaults : {name: default}, empty if not known; versions :
    `process tool version`; findings : what the responses mean.
    """

    studies: tuple[Study, ...]
    excluded: pd.DataFrame
    plan: Mapping[str, Any]
    statuses: tuple[Mapping[str, Any], ...]
    alignments: Mapping[str, Mapping[str, Any]]
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any]
    versions: pd.DataFrame
    findings: Findings

    @property
    def with_expression(self) -> tuple[Study, ...]:
        return tuple(study for study in self.studies if study.of_expression)

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
        shrink = [study.shrinks for study in self.studies if study.tests]
        where = "" if all(shrink) else " where tests are by DESeq2"
        drawn = (
            f"Changes are shrunken{where}: poorly measured ones are drawn to zero, so that what stands far"
        )
        return {
            "alpha": f"{self.alpha:g}",
            "fold_change": f"{self.fold_change:g}",
            "rule": self.rule,
            "changes": f"Log2 fold changes (shrunken{where})" if any(shrink) else "Log2 fold changes",
            "shrinkage": f"{drawn} out can be believed." if any(shrink) else "",
        }

    @property
    def has_transcripts(self) -> bool:
        """Whether genes were summed from transcripts, rather than given as counts."""
        kinds = {study.get("kind") for study in self.plan.get("studies", {}).values()}
        by_salmon = any(status.get("quantifier", "salmon") == "salmon" for status in self.statuses)
        return by_salmon or "quant" in kinds

    @property
    def bam_samples(self) -> set[str]:
        """Samples whose reads came aligned."""
        frames = [study.samples for study in self.studies if "bam" in study.samples]
        return {str(sample) for frame in frames for sample in frame.loc[frame["bam"].notna(), "sample"]}

    def tool_version(self, tool: str) -> str:
        """` 1.10.1`, with a blank before it, or '' if that tool did not run."""
        rows = self.versions[self.versions["tool"] == tool]
        return f" {rows['version'].iloc[0]}" if len(rows) else ""

    def heading(self, study: Study, contrast: Contrast | None = None) -> Heading:
        """How a section of a study or a contrast is headed; the study is named where there are several."""
        parts = [study.name] if len(self.studies) > 1 else []
        key = f"{study.name}_{contrast.id}" if contrast else study.name
        return Heading(": ".join([*parts, contrast.label] if contrast else parts), key)

    def part(self, text: str, key: str, study: Study | None = None) -> Heading:
        """How one of several sections of a topic is headed: `text`, and the study where there are several."""
        several = study is not None and len(self.studies) > 1
        named = f"{study.name}: {text}" if study and several else text
        return Heading(named, f"{key}_{study.name}" if study else key)

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
    findings = read_findings(folder)
    return Results(
        studies=tuple(_read_study(folder, name) for name in _study_names(folder, findings)),
        excluded=read_or_empty(folder / "inputs" / "excluded_samples.tsv", EXCLUDED),
        plan=read_json_or_empty(folder / "inputs" / "plan.json"),
        statuses=tuple(map(read_json, sorted((folder / "reads" / "status").glob("*.json")))),
        alignments={
            path.stem: read_json(path)
            for path in sorted((folder / "reads" / "alignment_quality").glob("*.json"))
        },
        parameters=read_json_or_empty(folder / "provenance" / "params.json"),
        defaults=_defaults(read_json(schema)) if schema else {},
        versions=read_or_empty(folder / "provenance" / "versions.tsv", VERSIONS),
        findings=findings,
    )


def _study_names(folder: Path, findings: Findings) -> list[str]:
    """Studies in the order of the sheet, then those that only have results."""
    named = _samples(folder / "inputs" / "samples.tsv")["study"].astype(str)
    parts = ("differential", "expression", "arrays")
    found = {path.name for part in parts for path in (folder / part).glob("*/")}
    of_arms = [*studies_of(findings.dose), *studies_of(findings.qpcr)]
    return list(dict.fromkeys([*named, *sorted(found), *of_arms]))


def _read_study(folder: Path, name: str) -> Study:
    differential, log2 = folder / "differential" / name, folder / "expression" / name / "log2_expression.tsv"
    contrasts = read_json_or_empty(differential / "contrasts.json")
    design = StudyDesign.from_json(contrasts) if contrasts else None
    tables = {c.id: differential / f"{c.id}.tsv" for c in design.contrasts} if design else {}
    final = differential / "samples.tsv"
    return Study(
        name=name,
        samples=_samples(final) if final.exists() else _samples_without_design(folder, name),
        design=design,
        summary=read_or_empty(differential / "summary.tsv", SUMMARY),
        tests={
            id: _named_genes(read_table(path, GENE_COLUMNS)) for id, path in tables.items() if path.exists()
        },
        fit=read_json_or_empty(differential / "fit.json"),
        log2=read_matrix(log2) if log2.exists() else None,
        size_factors=read_or_empty(differential / "size_factors.tsv", ("sample",)),
        dispersions=_named_genes(read_or_empty(differential / "dispersions.tsv", GENE_COLUMNS)),
        second_opinion=read_or_empty(differential / "second_opinion.tsv", ("contrast",)),
        opinion_genes=_named_genes(
            read_or_empty(differential / "second_opinion_genes.tsv", ("contrast", *GENE_COLUMNS))
        ),
        arrays=read_arrays(folder / "arrays" / name),
    )


def _samples(path: Path) -> pd.DataFrame:
    return read_samples(path) if path.exists() else pd.DataFrame(columns=["sample", "study"])


def _samples_without_design(folder: Path, study: str) -> pd.DataFrame:
    """What the sheet and the list of excluded samples say of a study that did not come to its tests."""
    samples = _samples(folder / "inputs" / "samples.tsv")
    excluded = read_or_empty(folder / "inputs" / "excluded_samples.tsv", EXCLUDED)
    reason = samples["sample"].map(dict(zip(excluded["sample"], excluded["reason"], strict=True)))
    samples = samples.assign(kept=reason.isna(), reason=reason)
    return samples[samples["study"] == study].reset_index(drop=True)


def _named_genes(genes: pd.DataFrame) -> pd.DataFrame:
    """A gene table in which genes without a name go by their id."""
    return genes.assign(gene_name=genes["gene_name"].fillna(genes["gene_id"]))


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
