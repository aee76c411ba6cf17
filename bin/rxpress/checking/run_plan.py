"""What a run will do, as plan.json says it: studies, their sources and contrasts, warnings, references."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rxpress.checking.alignment_checks import describe_memory
from rxpress.checking.alignment_route import choose_route
from rxpress.checking.checks import Findings
from rxpress.checking.inputs import Given
from rxpress.design.study_design import StudyDesign
from rxpress.errors import Problem
from rxpress.provenance import hash_file
from rxpress.samplesheet import Sample, by_study


def describe_run(findings: Findings, warnings: Iterable[Problem]) -> dict[str, Any]:
    """The content of plan.json."""
    references = findings.references
    mapping, annotation = references.mapping, references.annotation
    return {
        "studies": {
            study: _describe_study(samples, findings.designs[study], findings.inputs.sources)
            for study, samples in by_study(findings.inputs.samples, findings.inputs.schema).items()
        },
        "route": asdict(choose_route(findings.inputs.params)),
        "aligner_memory": asdict(findings.aligner_memory) if findings.aligner_memory else None,
        "notices": _notices(findings),
        "warnings": [str(warning) for warning in dict.fromkeys(warnings)],
        "annotation_format": annotation.format if annotation else "none",
        "mapped_transcripts": {
            "total": mapping.total if mapping else 0,
            "with_gene": len(mapping.genes) if mapping else 0,
        },
    }


def _notices(findings: Findings) -> list[str]:
    """What a user should know when the run starts: the memory that it is going to take."""
    needed = findings.aligner_memory
    return [describe_memory(findings.inputs.params["aligner"], needed)] if needed else []


def study_rows(findings: Findings) -> dict[str, list[list[str | None]]]:
    """The rows of samples.tsv by study."""
    at = findings.header.index("study")
    studies: dict[str, list[list[str | None]]] = {}
    for row in findings.rows:
        studies.setdefault(str(row[at]), []).append(row)
    return studies


def input_records(given: Given) -> list[tuple[str, int, str, str]]:
    """Path, size, SHA-256 and role of the staged files; of an index its info.json, which has hashes."""
    files = {"samplesheet": given.sheet, **given.files} if given.sheet else given.files
    read = [(role, path) for role, named in files.items() for path in _files_of(role, named)]
    return [(path.name, path.stat().st_size, hash_file(path), role) for role, path in read]


def _files_of(role: str, path: Path) -> list[Path]:
    if role == "index":
        return [path / "info.json"]
    return sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]


def _describe_study(
    samples: Sequence[Sample], design: StudyDesign, sources_of: Mapping[str, str]
) -> dict[str, Any]:
    sources = {sources_of[sample.name] for sample in samples}
    return {
        "samples": len(samples),
        "kind": sources.pop() if len(sources) == 1 else "mixed",
        "unit": design.unit,
        "conditions": len(design.conditions),
        "contrasts": [contrast.id for contrast in design.contrasts if contrast.status == "ok"],
        "untested_because": design.untested_because,
    }
