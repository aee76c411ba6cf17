"""One annotation for every tool: the exons of a GTF or GFF3, under the gene ids of the whole pipeline."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rxpress.alignments.gene_models import (
    Exons,
    GeneModels,
    build_gene_models,
    merge_intervals,
)
from rxpress.annotation import FIELDS, GFF3_PARENT, Annotation, read_annotation
from rxpress.errors import InputError, Problem
from rxpress.sequences import read_lines

EXONS_FILE = "exons.gtf"
SPLICE_SITES_FILE = "splice_sites.tsv"
TOLD_PROBLEMS = 10
STRANDS = {b"+": 1, b"-": -1}

# Parts that are exons where they stand; others that make up the exons of a transcript that has none of them.
EXON_TYPES = {b"exon", b"pseudogenic_exon", b"noncoding_exon"}
CODING_TYPES = {b"CDS", b"stop_codon", b"five_prime_UTR", b"three_prime_UTR", b"UTR"}
NO_STRETCHES = {b"gene", b"start_codon", b"intron", b"Selenocysteine"}
TRANSCRIPT_ID = re.compile(rb'transcript_id "?([^";]+?)"?\s*(?:;|$)')
GENE_ID = re.compile(rb'gene_id "?([^";]+?)"?\s*(?:;|$)')
GENE_NAME = re.compile(rb'gene_name "?([^";]+?)"?\s*(?:;|$)')
GFF3_ID = re.compile(rb"(?:^|;)\s*ID=([^;]+)")


class Part(NamedTuple):
    """A line of an annotation: its number, columns as bytes, and the transcripts it belongs to."""

    line: int
    columns: list[bytes]
    transcripts: list[bytes]


def write_exons(annotation: Path, outdir: Path) -> GeneModels:
    """Write `outdir`/exons.gtf and splice_sites.tsv from a GTF or GFF3, plain or gzip; return what they hold.

    exons.gtf : the exon lines of transcripts that read_annotation knows, in the order of the source, with
    gene_id, transcript_id and gene_name. A transcript without exons has its coding parts and UTRs, joined
    where they touch, else all it spans. splice_sites.tsv : HISAT2's form, 0-based. InputError names wrong
    lines.
    """
    known = read_annotation(annotation)
    if known.format == "table":
        what = "is a table of transcripts and genes: it has no exons"
        raise InputError(Problem(what, "give a GTF or GFF3 of the genome", annotation.name))
    outdir.mkdir(parents=True, exist_ok=True)
    with (outdir / EXONS_FILE).open("wb") as out:
        out.writelines(_exon_lines(annotation, known))
    models = read_exons(outdir / EXONS_FILE)
    write_splice_sites(models, outdir / SPLICE_SITES_FILE)
    return models


def write_splice_sites(models: GeneModels, path: Path) -> None:
    """Sequence, last base before the intron, first base after it (both 0-based), strand; sorted."""
    sites = models.splice_sites
    columns = (sites.sequence.tolist(), sites.left.tolist(), sites.right.tolist(), sites.strand.tolist())
    rows = [
        f"{models.sequences[sequence]}\t{left}\t{right}\t{'+' if strand > 0 else '-'}\n"
        for sequence, left, right, strand in zip(*columns, strict=True)
    ]
    path.write_text("".join(rows))


def _exon_lines(annotation: Path, known: Annotation) -> Iterator[bytes]:
    endings = _endings(known)
    without = set(endings)
    problems: list[Problem] = []
    rest: dict[bytes, list[list[bytes]]] = {}
    for line, columns, transcripts in _parts(annotation, known.format):
        if fault := _fault(columns):
            problems.append(Problem(fault, "correct the line", annotation.name, line))
            _stop(problems, at_least=TOLD_PROBLEMS)
            continue
        if columns[2] not in EXON_TYPES:
            for name in transcripts:
                if name in without:
                    rest.setdefault(name, []).append(columns[:8])
            continue
        start = b"\t".join((columns[0], columns[1], b"exon", *columns[3:7], b"."))
        for name in transcripts:
            if name in endings:
                without.discard(name)
                yield start + endings[name]
    _stop(problems)
    for name, parts in rest.items():
        if name in without:
            for columns in _made_exons(parts):
                yield b"\t".join(columns) + endings[name]


def _stop(problems: Sequence[Problem], at_least: int = 1) -> None:
    if len(problems) >= at_least:
        raise InputError(*problems)


def _endings(known: Annotation) -> dict[bytes, bytes]:
    """The attributes of each transcript's exons, by its name."""
    endings = {}
    for name in known.transcripts:
        gene = known.genes[name]
        words = (("gene_id", gene.id), ("transcript_id", name), ("gene_name", gene.name))
        text = " ".join(f'{key} "{_quotable(value)}";' for key, value in words)
        endings[name.encode()] = f"\t{text}\n".encode()
    return endings


def _quotable(text: str) -> str:
    return text.replace('"', "'")


def _fault(columns: Sequence[bytes]) -> str:
    if not (columns[3].isdigit() and columns[4].isdigit()):
        start, end = (column.decode(errors="replace") for column in columns[3:5])
        return f"'{start}' and '{end}' are no positions"
    if not 0 < int(columns[3]) <= int(columns[4]):
        return f"ends at {int(columns[4])}, before it begins at {int(columns[3])} (positions count from 1)"
    return ""


def _parts(annotation: Path, form: str) -> Iterator[Part]:
    """The lines that tell where a transcript, or a part of it, lies."""
    owners = _gtf_owners if form == "gtf" else _gff3_owners
    for number, line in enumerate(read_lines(annotation), start=1):
        if line.startswith(b"##FASTA"):
            return
        columns = line.split(b"\t", FIELDS - 1)
        if len(columns) == FIELDS and (found := owners(columns)):
            yield Part(number, columns, found)


def _gtf_owners(columns: Sequence[bytes]) -> list[bytes]:
    if columns[2] in NO_STRETCHES:
        return []
    found = TRANSCRIPT_ID.search(columns[8])
    return [found[1]] if found else []


def _gff3_owners(columns: Sequence[bytes]) -> list[bytes]:
    if columns[2] in NO_STRETCHES:
        return []
    if columns[2] in EXON_TYPES or columns[2] in CODING_TYPES:
        found = GFF3_PARENT.search(b";" + columns[8])
        return found[1].split(b",") if found else []
    found = GFF3_ID.search(columns[8])
    return [found[1].strip()] if found else []


def _made_exons(parts: Sequence[list[bytes]]) -> list[list[bytes]]:
    """Exon columns of a transcript without exons: its coding parts and UTRs, else its own span."""
    coding = [columns for columns in parts if columns[2] in CODING_TYPES] or parts[:1]
    starts, ends = (np.array([int(columns[i]) for columns in coding]) for i in (3, 4))
    sequence, source, *_, strand, _ = coding[0]
    return [
        [sequence, source, b"exon", b"%d" % start, b"%d" % (end - 1), b".", strand, b"."]
        for start, end in zip(*merge_intervals(starts, ends + 1), strict=True)
    ]


def read_exons(path: Path) -> GeneModels:
    """Gene models of a GTF with exons, plain or gzip. InputError when there are none or a line is wrong."""
    exons = _Collected()
    problems: list[Problem] = []
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.split(b"\t", FIELDS - 1)
        if len(columns) < FIELDS or columns[2] != b"exon" or line.startswith(b"#"):
            continue
        if fault := _fault(columns) or exons.add(columns):
            problems.append(Problem(fault, "correct the line", path.name, number))
            _stop(problems, at_least=TOLD_PROBLEMS)
    _stop(problems)
    if not exons.starts:
        what = "has no exon lines with transcript_id and gene_id"
        raise InputError(Problem(what, "give a GTF with exons", path.name))
    return build_gene_models(exons.as_exons())


class _Collected:
    """Exons as they are read; a transcript on several sequences or strands becomes one of each."""

    def __init__(self) -> None:
        self.sequences: dict[bytes, int] = {}
        self.genes: dict[bytes, int] = {}
        self.gene_names: list[bytes] = []
        self.transcripts: dict[tuple[bytes, bytes, bytes], int] = {}
        self.gene, self.sequence, self.starts, self.ends, self.strands, self.owners = (
            array("q") for _ in range(6)
        )

    def add(self, columns: Sequence[bytes]) -> str:
        """Take an exon line; what is wrong with it, if anything."""
        found = TRANSCRIPT_ID.search(columns[8])
        if not found:
            return "an exon without transcript_id"
        key = (found[1], columns[0], columns[6])
        owner = self.transcripts.get(key)
        if owner is None:
            gene = GENE_ID.search(columns[8])
            if not gene:
                return "an exon without gene_id"
            owner = self.transcripts[key] = len(self.transcripts)
            self.gene.append(self._gene_index(gene[1], columns[8]))
        self.sequence.append(self.sequences.setdefault(columns[0], len(self.sequences)))
        self.starts.append(int(columns[3]) - 1)
        self.ends.append(int(columns[4]))
        self.strands.append(STRANDS.get(columns[6], 0))
        self.owners.append(owner)
        return ""

    def _gene_index(self, gene: bytes, attributes: bytes) -> int:
        if gene not in self.genes:
            self.genes[gene] = len(self.genes)
            name = GENE_NAME.search(attributes)
            self.gene_names.append(name[1] if name else gene)
        return self.genes[gene]

    def as_exons(self) -> Exons:
        columns = (self.gene, self.sequence, self.starts, self.ends, self.strands, self.owners)
        return Exons(
            [name.decode() for name in self.sequences],
            [gene.decode() for gene in self.genes],
            [name.decode() for name in self.gene_names],
            [name.decode() for name, *_ in self.transcripts],
            *(np.frombuffer(column, dtype=np.int64) for column in columns),
        )
