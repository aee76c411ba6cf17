"""One annotation for every tool: the exons of a GTF or GFF3, under the gene ids of the whole pipeline."""

from __future__ import annotations

import re
from array import array
from collections.abc import Container, Iterator, Sequence, Set
from pathlib import Path

import numpy as np

from rxpress.alignments.gene_models import (
    Exons,
    GeneModels,
    build_gene_models,
    merge_intervals,
)
from rxpress.annotation import FIELDS, GFF3_PARENT, Annotation, read_annotation
from rxpress.errors import InputError, Problem
from rxpress.sequences import read_blocks, read_lines

EXONS_FILE = "exons.gtf"
SPLICE_SITES_FILE = "splice_sites.tsv"
TOLD_PROBLEMS = 10
STRANDS = {b"+": 1, b"-": -1}

# What counts as an exon where it stands; and what the exons of a transcript without such lines are made of.
EXON_TYPES = {b"exon", b"pseudogenic_exon", b"noncoding_exon"}
CODING_TYPES = {b"CDS", b"stop_codon", b"five_prime_UTR", b"three_prime_UTR", b"UTR"}
NO_STRETCHES = {b"gene", b"start_codon", b"intron", b"Selenocysteine"}
TRANSCRIPT_ID, GENE_ID, GENE_NAME = (
    re.compile(rb'\b%s "?((?<=")[^"]+|[^";\s]+)' % key)
    for key in (b"transcript_id", b"gene_id", b"gene_name")
)
GFF3_ID = re.compile(rb"(?:^|;)\s*ID=([^;]+)")
EXON_LINE = re.compile(
    rb"^([^\t\n#][^\t\n]*)\t[^\t\n]*\texon\t(\d+)\t(\d+)\t[^\t\n]*\t(.)\t[^\t\n]*\t(.*)", re.MULTILINE
)


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
    owners = _gtf_transcript if known.format == "gtf" else _gff3_parents
    for _, columns in _features(annotation, EXON_TYPES):
        start = b"\t".join((columns[0], columns[1], b"exon", *columns[3:6], _strand(columns[6]), b"."))
        for name in owners(columns[8]):
            if name in endings:
                without.discard(name)
                yield start + endings[name]
    if without:
        parts = _parts_of(without, annotation, known.format)
        for name in endings:
            for columns in _made_exons(parts.get(name, [])):
                yield b"\t".join(columns) + endings[name]


def _features(
    path: Path, kinds: Container[bytes] = (), but_not: Container[bytes] = ()
) -> Iterator[tuple[int, list[bytes]]]:
    """Number and columns of lines of some kinds, or of all but some. InputError names wrong positions."""
    problems: list[Problem] = []
    for number, line in enumerate(read_lines(path), start=1):
        columns = line.split(b"\t", FIELDS - 1)
        if len(columns) < FIELDS or line.startswith(b"#"):
            if line.startswith(b"##FASTA"):
                break
            continue
        kind = columns[2]
        if kind not in kinds and (kinds or kind in but_not):
            continue
        if fault := _fault(columns[3], columns[4]):
            problems.append(Problem(fault, "correct the line", path.name, number))
            _stop(problems, at_least=TOLD_PROBLEMS)
        else:
            yield number, columns
    _stop(problems)


def _fault(start: bytes, end: bytes) -> str:
    if not (start.isdigit() and end.isdigit()):
        words = " and ".join(repr(word.decode(errors="replace")) for word in (start, end))
        return f"{words} are no positions"
    if 0 < int(start) <= int(end):
        return ""
    return f"ends at {int(end)}, before it begins at {int(start)} (positions count from 1)"


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


def _parts_of(names: Set[bytes], annotation: Path, form: str) -> dict[bytes, list[list[bytes]]]:
    """The first eight columns of the lines that tell where transcripts without exons lie."""
    parts: dict[bytes, list[list[bytes]]] = {}
    for _, columns in _features(annotation, but_not=NO_STRETCHES if form == "gtf" else {b"intron"}):
        if form == "gtf":
            owners = _gtf_transcript(columns[8])
        elif columns[2] in CODING_TYPES:
            owners = _gff3_parents(columns[8])
        else:
            owners = [found[1].strip()] if (found := GFF3_ID.search(columns[8])) else []
        for name in owners:
            if name in names:
                parts.setdefault(name, []).append(columns[:8])
    return parts


def _gtf_transcript(attributes: bytes) -> list[bytes]:
    found = TRANSCRIPT_ID.search(attributes)
    return [found[1]] if found else []


def _strand(column: bytes) -> bytes:
    """gffread and htseq-count stop at what is none of `+`, `-` and `.`."""
    return column if column in STRANDS else b"."


def _gff3_parents(attributes: bytes) -> list[bytes]:
    found = GFF3_PARENT.search(b";" + attributes)
    return found[1].split(b",") if found else []


def _made_exons(parts: Sequence[list[bytes]]) -> list[list[bytes]]:
    """Exon columns of a transcript without exons: its coding parts and UTRs, else its own span."""
    coding = [columns for columns in parts if columns[2] in CODING_TYPES] or parts[:1]
    if not coding:
        return []
    starts, ends = (np.array([int(columns[i]) for columns in coding]) for i in (3, 4))
    sequence, source, *_, strand, _ = coding[0]
    return [
        [sequence, source, b"exon", b"%d" % start, b"%d" % (end - 1), b".", _strand(strand), b"."]
        for start, end in zip(*merge_intervals(starts, ends + 1), strict=True)
    ]


def read_exons(path: Path) -> GeneModels:
    """Gene models of a GTF with exons, plain or gzip. InputError when there are none or a line is wrong."""
    exons = _Collected()
    for block in read_blocks(path):
        found = EXON_LINE.findall(block)
        right = exons.add(found)
        if not right or len(found) < block.count(b"\texon\t"):
            _name_faults(path)
    if not exons.transcripts:
        what = "has no exon lines with transcript_id and gene_id"
        raise InputError(Problem(what, "give a GTF with exons", path.name))
    return build_gene_models(exons.as_exons())


def _name_faults(path: Path) -> None:
    """InputError for exon lines that are wrong; lines that only look like exons are passed over."""
    problems = [
        Problem("an exon without transcript_id or gene_id", "correct the line", path.name, number)
        for number, columns in _features(path, {b"exon"})
        if not (TRANSCRIPT_ID.search(columns[8]) and GENE_ID.search(columns[8]))
    ]
    _stop(problems[:TOLD_PROBLEMS])


class _Collected:
    """Exons as they are read; a transcript on several sequences or strands becomes one of each."""

    def __init__(self) -> None:
        self.sequences: dict[bytes, int] = {}
        self.genes: dict[bytes, int] = {}
        self.gene_names: list[bytes] = []
        self.transcripts: dict[tuple[bytes, bytes, bytes], int] = {}
        self._gene_of = array("q")
        self._columns = [array("q") for _ in range(5)]

    def add(self, lines: Sequence[tuple[bytes, ...]]) -> bool:
        """Take the sequence, start, end, strand and attributes of exon lines; False when some are wrong.

        Neighbours mostly belong to one transcript; where they say so in the same words, it is known already.
        """
        append_sequence, append_start, append_end, append_strand, append_transcript = (
            column.append for column in self._columns
        )
        if not lines:
            return True
        last, transcript, sequence_index, sign = (b"", b"", b""), -1, -1, 0
        for sequence, start, end, strand, attributes in lines:
            if (sequence, strand, attributes) != last:
                last = (sequence, strand, attributes)
                transcript = self._transcript_index(sequence, strand, attributes)
                sequence_index = self.sequences.setdefault(sequence, len(self.sequences))
                sign = STRANDS.get(strand, 0)
            append_sequence(sequence_index)
            append_start(int(start) - 1)
            append_end(int(end))
            append_strand(sign)
            append_transcript(transcript)
        new = (np.array(column[-len(lines) :]) for column in self._columns[1:])
        starts, ends, _, transcripts = new
        return bool(((starts >= 0) & (starts < ends) & (transcripts >= 0)).all())

    def _transcript_index(self, sequence: bytes, strand: bytes, attributes: bytes) -> int:
        """The number of a transcript, a new one at its first exon; -1 when it has no id or no gene."""
        found = TRANSCRIPT_ID.search(attributes)
        key = (found[1] if found else b"", sequence, strand)
        if key not in self.transcripts:
            gene = GENE_ID.search(attributes)
            if not found or not gene:
                return -1
            self.transcripts[key] = len(self.transcripts)
            self._gene_of.append(self._gene_index(gene[1], attributes))
        return self.transcripts[key]

    def _gene_index(self, gene: bytes, attributes: bytes) -> int:
        if gene not in self.genes:
            self.genes[gene] = len(self.genes)
            name = GENE_NAME.search(attributes)
            self.gene_names.append(name[1] if name else gene)
        return self.genes[gene]

    def as_exons(self) -> Exons:
        columns = (self._gene_of, *self._columns)
        return Exons(
            [name.decode() for name in self.sequences],
            [gene.decode() for gene in self.genes],
            [name.decode() for name in self.gene_names],
            [name.decode() for name, *_ in self.transcripts],
            *(np.frombuffer(column, dtype=np.int64) for column in columns),
        )
