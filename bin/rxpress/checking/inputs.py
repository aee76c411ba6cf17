"""What a run was given, read once: samplesheet, files as seen from outside, references, counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from rxpress.annotation import Annotation, TranscriptMap, map_transcripts, read_annotation
from rxpress.checking.parameters import file_parameters
from rxpress.checking.peek import Peek, Peeks, by_path, peek_parameters, peek_sheet
from rxpress.errors import InputError, Problems
from rxpress.samplesheet import Sample, Schema, Sheet
from rxpress.sequences import fasta_lengths, fasta_names, index_names

P = ParamSpec("P")
Value = TypeVar("Value")

# Staged files by their option of check_inputs.py, and the parameters that name them.
ROLES = {
    "transcripts": ("transcripts",),
    "annotation": ("gtf", "gff"),
    "tx2gene": ("tx2gene",),
    "genome": ("genome",),
    "index": ("salmon_index",),
    "counts": ("counts",),
    "expression_matrix": ("expression_matrix",),
    "cdf": ("cdf",),
    "probes": ("probes",),
    "probe_annotation": ("probe_annotation",),
    "viability": ("viability",),
    "qpcr": ("qpcr",),
    "contrasts": ("contrasts",),
    "control_genes": ("control_genes",),
    "drug_pack": ("drug_pack",),
    "signatures": ("signatures",),
    "gene_sets": ("gene_sets",),
    "pathway_weights": ("pathway_weights",),
}
FOLDERS = ("index", "drug_pack")
FILE_OR_FOLDER = ("cdf", "probe_annotation")


@dataclass(frozen=True)
class Schemas:
    """What parameters and tables must look like."""

    parameters: Schema
    sheet: Schema
    viability: Schema
    qpcr: Schema
    pack: Schema


@dataclass(frozen=True)
class Given:
    """What a run is given: sheet, parameters as typed, schemas, what was seen of files, staged files.

    `tools` : programs that later stages call and that must be on PATH; `memory` : bytes that a step may use,
    None where nobody knows.
    """

    sheet: Path | None
    params: Mapping[str, Any]
    schemas: Schemas
    peeks: Peeks
    files: Mapping[str, Path]
    tools: Sequence[str] = ()
    memory: int | None = None


def gather(
    sheet: str,
    params: Mapping[str, Any],
    schemas: Schemas,
    peeks: Peeks | None = None,
    staged: Mapping[str, Path | None] | None = None,
    tools: Sequence[str] = (),
    memory: int | None = None,
) -> Given:
    """Put together what a run is given; without `peeks` look at the files, also at those that `params` name.

    Files that are not there or not what their option asks for are left out: their peek tells.
    """
    params = {"input": sheet or None, "outdir": "set", **params}
    files = dict(staged or {})
    if peeks is None:
        seen = peek_parameters(params, file_parameters(schemas.parameters))
        files |= {role: _path_of(role, params) for role in ROLES if not files.get(role)}
        if _usable("sheet", Path(sheet)):
            seen += attempt(Problems(), peek_sheet, sheet) or []  # what is wrong with it, read_sheet tells
        peeks = by_path(seen)
    there = {role: path for role, path in files.items() if path and _usable(role, path)}
    path = Path(sheet) if _usable("sheet", Path(sheet)) else None
    return Given(path, params, schemas, peeks, there, tools, memory)


def _path_of(role: str, params: Mapping[str, Any]) -> Path | None:
    named = next((params[name] for name in ROLES[role] if params.get(name)), None)
    return Path(named) if isinstance(named, str) else None


def _usable(role: str, path: Path) -> bool:
    if path.is_dir():
        return role in (*FOLDERS, *FILE_OR_FOLDER)
    return role not in FOLDERS and path.is_file() and path.stat().st_size > 0


@dataclass(frozen=True)
class Inputs:
    """The samplesheet with its schema and samples, the parameters' values, and the files that are staged.

    `chosen` names the parameters that are not at their default; `peeks` is what was seen of paths.
    `files` has those of ROLES that are there; `sources` : where each sample's expression comes from.
    """

    sheet: Sheet
    schema: Schema
    samples: list[Sample]
    params: Mapping[str, Any]
    chosen: Set[str]
    peeks: Peeks
    files: Mapping[str, Path]
    sources: Mapping[str, str]

    @property
    def strict(self) -> bool:
        return bool(self.params.get("strict"))

    def peek(self, column: str, path: str) -> Peek | None:
        """What was seen of a path of the sheet; None when nobody looked."""
        return self.peeks.get((column, path))

    def having(self, *columns: str) -> list[Sample]:
        """The samples with a path in one of the columns."""
        return [sample for sample in self.samples if any(sample.paths(column) for column in columns)]


@dataclass(frozen=True)
class References:
    """What the reference files hold; None where a file is not given or cannot be read.

    `genes` is the source of gene names: the ready table, else the annotation. `index` : transcripts in the
    Salmon index, and those it left out as duplicates. `genome` : length of each of its sequences. `mapping` :
    the genes of the transcripts that are quantified against.
    """

    annotation: Annotation | None = None
    table: Annotation | None = None
    transcripts: Sequence[str] | None = None
    index: tuple[list[str], list[str]] | None = None
    genome: Mapping[str, int] | None = None
    mapping: TranscriptMap | None = None

    @property
    def genes(self) -> Annotation | None:
        return self.table or self.annotation

    def without_gene(self, names: Sequence[str]) -> list[str]:
        """Those of some transcripts that have no gene here; none when nothing names genes."""
        return map_transcripts(names, self.genes).unmapped if self.genes else []


def read_references(files: Mapping[str, Path], from_genome: bool, problems: Problems) -> References:
    """Read the reference files that are there; add a problem for each that is not what it should be.

    from_genome : whether the transcripts are those of the annotation, to be extracted from the genome.
    """

    def read(role: str, reader: Callable[[Path], Value]) -> Value | None:
        return attempt(problems, reader, files[role]) if role in files else None

    known = References(
        read("annotation", read_annotation),
        read("tx2gene", read_annotation),
        read("transcripts", fasta_names),
        read("index", index_names),
        read("genome", fasta_lengths),
    )
    names = known.index[0] if known.index else known.transcripts
    if names is None and from_genome and known.annotation:
        names = known.annotation.transcripts
    if names is None or known.genes is None:
        return known
    return replace(known, mapping=map_transcripts(names, known.genes))


def attempt(
    problems: Problems, function: Callable[P, Value], *args: P.args, **kwargs: P.kwargs
) -> Value | None:
    """The value of a function, or None when it raises InputError, whose problems are added."""
    try:
        return function(*args, **kwargs)
    except InputError as error:
        problems.take(error)
        return None
