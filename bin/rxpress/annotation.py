"""Annotation → which gene each transcript belongs to, under whatever name the transcript goes by elsewhere.

GTF and GFF3 of Ensembl, GENCODE, RefSeq, TAIR and others, and ready tables, told apart by content.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from rxpress.errors import InputError, Problem
from rxpress.sequences import foreign_format, read_blocks, read_lines
from rxpress.tables import read_rows

FIELDS = 9
SNIFFED_LINES = 1000

# Features below a transcript; those of the first set make their parent a transcript.
EXONS = {b"exon", b"CDS", b"pseudogenic_exon", b"noncoding_exon"}
PARTS = EXONS | {
    b"five_prime_UTR",
    b"three_prime_UTR",
    b"UTR",
    b"intron",
    b"start_codon",
    b"stop_codon",
    b"stop_codon_redefined_as_selenocysteine",
}
NO_TRANSCRIPTS = {
    "protein",
    "polypeptide",
    "chromosome",
    "region",
    "contig",
    "scaffold",
    "match",
    "cDNA_match",
}
TRANSCRIPT_TYPE = re.compile(r"(transcript|RNA)$")

GTF_TRANSCRIPT = re.compile(rb'transcript_id "?[^";]+[";]')
GTF_ATTRIBUTE = re.compile(r'([\w.-]+) (?:"([^"]*)"|([^;"]+))')
GFF3_PARENT = re.compile(rb"[\t;]Parent=([^;\s]+)")
GFF3_STYLE = re.compile(rb"^\s*[\w.-]+\s*=")
GTF_STYLE = re.compile(rb'^\s*[\w.-]+ +("|\S)')

# `transcript:ENST…` in Ensembl's GFF3, `rna-NM_…` and `gene-TP53` in NCBI's.
ID_PREFIX = re.compile(r"^(transcript|gene|rna|mrna|ncrna|pseudogene|cds)[:-]", re.IGNORECASE)
VERSION = re.compile(r"\.\d+(?=$|_PAR_Y$)")
PAR_Y = "_PAR_Y"
SPIKE_IN = re.compile(r"^(ERCC[-_]\d+|SIRV\w*\d+|RNA_?SPIKE|phiX|PhiX|R\d_\d+_\d+$)")

HEADER_WORDS = {
    "transcript",
    "transcriptid",
    "tx",
    "txid",
    "txname",
    "target",
    "targetid",
    "name",
    "gene",
    "geneid",
}
HEADER_WORDS |= {"genename", "genesymbol", "symbol", "enstxp", "ensgene", "extgene", "feature"}


class Gene(NamedTuple):
    """A gene: id as annotated (with its version), and name (the id where there is none)."""

    id: str
    name: str


@dataclass(frozen=True)
class Annotation:
    """What an annotation says of transcripts.

    `format` : gtf, gff3 or table; `transcripts` : their ids in the order of the file, as gffread writes them;
    `genes` : the gene under every name by which a transcript may be called; `sequences` : number of
    transcripts on each chromosome or contig (empty for a table).
    """

    format: str
    transcripts: list[str]
    genes: Mapping[str, Gene]
    sequences: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TranscriptMap:
    """Transcripts, as they are called in FASTA or quants, and their genes.

    `genes` keeps the order of the names; `how` counts by what they matched: `exact`, `header` (before the
    first `|`), `par_y` (without `_PAR_Y`), `version` (one side has none), `other_version` (both have one, and
    they differ). `spike_ins` and `unmapped` have no gene.
    """

    genes: dict[str, Gene]
    how: Counter[str]
    unmapped: list[str]
    spike_ins: list[str]

    @property
    def total(self) -> int:
        """Transcripts other than spike-ins."""
        return len(self.genes) + len(self.unmapped)


def read_annotation(path: str | Path) -> Annotation:
    """Read a GTF, a GFF3 or a table transcript → gene, plain or gzip. InputError if it is none of them."""
    file = Path(path).name
    try:
        form = annotation_format(path)
        if form == "table":
            return read_gene_table(path)
        annotation = _read_gtf(read_blocks(path)) if form == "gtf" else _read_gff3(read_lines(path))
    except (OSError, EOFError, zlib.error):
        raise InputError(Problem("cannot be read to its end", "get the file again", file)) from None
    if not annotation.transcripts:
        unnamed = form == "gtf" and any(GTF_TRANSCRIPT.search(block) for block in read_blocks(path))
        what = f"is {form.upper()} without {'gene_id' if unnamed else 'transcripts'}"
        fix = (
            "every transcript must name its gene"
            if unnamed
            else "give an annotation with exons or transcripts"
        )
        raise InputError(Problem(what, fix, file))
    return annotation


def annotation_format(path: str | Path) -> str:
    """`gtf`, `gff3` or `table` by the first lines of a file, whatever its name says."""
    file = Path(path).name
    first = islice(read_lines(path), SNIFFED_LINES)
    lines = [line for line in first if line.strip() and not line.startswith(b"#")]
    if not lines:
        raise InputError(Problem("has no features", "give a GTF or GFF3 file", file))
    columns = lines[0].rstrip(b"\r").split(b"\t")
    if len(columns) >= FIELDS:
        attributes = [line.split(b"\t", 8)[-1] for line in lines if line.count(b"\t") >= FIELDS - 1]
        gff3, gtf = (sum(bool(s.match(a)) for a in attributes) for s in (GFF3_STYLE, GTF_STYLE))
        if gff3 or gtf:
            return "gff3" if gff3 > gtf else "gtf"
    foreign = foreign_format(lines[0])
    if not foreign and len(re.split(rb"[\t,;]", lines[0])) in (2, 3):
        return "table"
    found = f"it is {foreign}" if foreign else f"a line has {len(columns)} columns"
    what = f"is neither GTF nor GFF3: {found}"
    raise InputError(Problem(what, "give a GTF or GFF3 file with nine columns", file))


def _read_gtf(blocks: Iterable[bytes]) -> Annotation:
    """Every line with a transcript_id counts: some files have no `transcript` lines (ERCC92.gtf).

    Only the first line of each transcript is looked at: most of a file is exons.
    """
    transcripts: list[str] = []
    genes: dict[str, Gene] = {}
    versioned: dict[str, Gene] = {}
    sequences: Counter[str] = Counter()
    seen: set[bytes] = set()
    for block in blocks:
        first = dict.fromkeys(GTF_TRANSCRIPT.findall(block))
        for columns in _first_lines(block, [mark for mark in first if mark not in seen]):
            attributes = {
                key: quoted or bare.strip() for key, quoted, bare in GTF_ATTRIBUTE.findall(columns[8])
            }
            name, gene_id = attributes.get("transcript_id"), attributes.get("gene_id")
            if name and gene_id and name not in genes:
                symbol = (
                    attributes.get("gene_name") or attributes.get("gene") or attributes.get("gene_symbol")
                )
                transcripts.append(name)
                sequences[columns[0]] += 1
                genes[name] = Gene(gene_id, symbol or gene_id)
                if "transcript_version" in attributes:
                    versioned[f"{name}.{attributes['transcript_version']}"] = genes[name]
        seen.update(first)
    return Annotation("gtf", transcripts, {**versioned, **genes}, sequences)


def _first_lines(block: bytes, marks: Iterable[bytes]) -> Iterator[list[str]]:
    """The columns of the first line with each of the marks, which come in the order of their lines."""
    place = 0
    for mark in marks:
        place = block.find(mark, place)
        start, end = block.rfind(b"\n", 0, place) + 1, block.find(b"\n", place)
        columns = block[start : end if end > 0 else None].decode(errors="replace").split("\t", FIELDS - 1)
        if len(columns) == FIELDS:
            yield columns


class _Feature(NamedTuple):
    kind: str
    sequence: str
    parent: str
    attributes: dict[str, str]


def _read_gff3(lines: Iterable[bytes]) -> Annotation:
    """A transcript is what has exons (or is an RNA by its type); its gene is the feature at the top."""
    features: dict[str, _Feature] = {}
    with_exons: set[bytes] = set()
    for line in lines:
        columns = line.split(b"\t", 8)
        if len(columns) < FIELDS or line.startswith(b"#"):
            if line.startswith(b"##FASTA"):
                break
            continue
        if columns[2] in PARTS:
            if columns[2] in EXONS and (found := GFF3_PARENT.search(line)):
                with_exons.update(found[1].split(b","))
            continue
        attributes = _gff3_attributes(columns[8].decode(errors="replace"))
        if "ID" in attributes:
            parent = attributes.get("Parent", "").split(",")[0]
            feature = _Feature(columns[2].decode(), columns[0].decode(), parent, attributes)
            features.setdefault(attributes["ID"], feature)
    parents = {name.decode() for name in with_exons}
    return _gff3_annotation(
        {name: f for name, f in features.items() if _is_transcript(name, f, parents)}, features
    )


def _gff3_attributes(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.strip().split(";"))
    return {key.strip(): unquote(value) if "%" in value else value for key, _, value in pairs if value}


def _is_transcript(name: str, feature: _Feature, with_exons: set[str]) -> bool:
    rna = TRANSCRIPT_TYPE.search(feature.kind) is not None
    return (rna or name in with_exons) and feature.kind not in NO_TRANSCRIPTS


def _gff3_annotation(transcripts: Mapping[str, _Feature], features: Mapping[str, _Feature]) -> Annotation:
    """Ids speak first; further names (without prefix, transcript_id, Name) only where they are free."""
    gene_of = {name: _gff3_gene(name, feature, features) for name, feature in transcripts.items()}
    genes = dict(gene_of)
    for further in (_bare_id, _attribute_ids, _attribute_name):
        for name, feature in transcripts.items():
            for alias in further(name, feature):
                genes.setdefault(alias, gene_of[name])
    sequences = Counter(feature.sequence for feature in transcripts.values())
    return Annotation("gff3", list(transcripts), genes, sequences)


def _bare_id(name: str, _: _Feature) -> list[str]:
    return [ID_PREFIX.sub("", name)]


def _attribute_ids(_: str, feature: _Feature) -> list[str]:
    name, version = feature.attributes.get("transcript_id"), feature.attributes.get("version")
    return [name, f"{name}.{version}"] if name and version else [name] if name else []


def _attribute_name(_: str, feature: _Feature) -> list[str]:
    return [feature.attributes["Name"]] if "Name" in feature.attributes else []


def _gff3_gene(name: str, transcript: _Feature, features: Mapping[str, _Feature]) -> Gene:
    """The feature at the top of a transcript's ancestors (a parent without a line of its own is the top)."""
    top, feature, passed = name, transcript, {name}
    while feature.parent in features and feature.parent not in passed:
        top, feature = feature.parent, features[feature.parent]
        passed.add(top)
    bare = re.sub(r"^gene:", "", feature.parent or top, flags=re.IGNORECASE)
    own, above = transcript.attributes, feature.attributes
    if "gbkey" in above:  # NCBI writes its gene ids `gene-TP53`
        bare = bare.removeprefix("gene-")
    gene_id = above.get("gene_id") or own.get("gene_id") or own.get("geneID") or bare
    named = above.get("Name") if feature.kind.endswith("gene") else None
    symbol = above.get("gene_name") or own.get("gene_name") or above.get("gene") or named
    return Gene(gene_id, symbol or gene_id)


def read_gene_table(path: str | Path) -> Annotation:
    """A table of transcript, gene and perhaps gene name; CSV or TSV, with or without header."""
    first, rows = read_rows(path)
    genes: dict[str, Gene] = {}
    for line, cells in rows if _is_header(first) else [(1, first), *rows]:
        if len(cells) < 2 or not cells[0] or not cells[1]:
            what = "a transcript without a gene" if cells[0] else "a gene without a transcript"
            raise InputError(Problem(what, "fill or remove the line", Path(path).name, line))
        name = cells[2] if len(cells) > 2 and cells[2] not in ("", "NA") else cells[1]
        genes.setdefault(cells[0], Gene(cells[1], name))
    return Annotation("table", list(genes), genes)


def _is_header(cells: Sequence[str]) -> bool:
    return all(re.sub(r"[^a-z0-9]", "", cell.lower()) in HEADER_WORDS for cell in cells[:2])


def map_transcripts(names: Iterable[str], annotation: Annotation) -> TranscriptMap:
    """The gene of each transcript: by its name; before the first `|`; without `_PAR_Y`; without version.

    Versions are passed over on both sides, as R's tximport does with `ignoreTxVersion`, where what is left
    means one gene.
    """
    unversioned = _without_versions(annotation.genes)
    mapped = TranscriptMap({}, Counter(), [], [])
    for name in names:
        gene, how = _look_up(name, annotation.genes, unversioned)
        if gene:
            mapped.genes[name] = gene
            mapped.how[how] += 1
        elif SPIKE_IN.match(name):
            mapped.spike_ins.append(name)
        else:
            mapped.unmapped.append(name)
    return mapped


def _look_up(
    name: str, genes: Mapping[str, Gene], unversioned: Mapping[str, tuple[Gene, bool]]
) -> tuple[Gene | None, str]:
    if name in genes:
        return genes[name], "exact"
    bare = name.partition("|")[0]
    both = (("header", bare), ("par_y", bare.removesuffix(PAR_Y)))
    for how, candidate in both:
        if candidate in genes:
            return genes[candidate], how
    for _, candidate in both:
        plain = VERSION.sub("", candidate)
        if plain in unversioned:
            gene, versioned = unversioned[plain]
            return gene, "other_version" if versioned and plain != candidate else "version"
    return None, ""


def _without_versions(genes: Mapping[str, Gene]) -> dict[str, tuple[Gene, bool]]:
    """Genes by transcript name without version, where that means one gene; and whether it had a version."""
    found: dict[str, tuple[Gene, bool]] = {}
    unclear = set()
    for name, gene in genes.items():
        bare = VERSION.sub("", name)
        first, _ = found.setdefault(bare, (gene, bare != name))
        if first.id != gene.id:
            unclear.add(bare)
    return {name: entry for name, entry in found.items() if name not in unclear}


def gene_rows(mapping: TranscriptMap) -> list[tuple[str, str, str]]:
    """Transcript, gene id and gene name, in the order of the transcripts.

    A name with `|` stands with what is before it, too: Salmon keeps only that with `--gencode`.
    InputError when no transcript has a gene.
    """
    if not mapping.genes:
        what = f"none of {mapping.total:,} transcripts has a gene"
        raise InputError(Problem(what, "give transcripts and annotation of one release"))
    bare = {name.partition("|")[0]: gene for name, gene in mapping.genes.items()}
    return [(name, *gene) for name, gene in {**mapping.genes, **bare}.items()]


def describe_losses(mapping: TranscriptMap) -> list[str]:
    """What is left out of the table, in words: transcripts without a gene, and spike-ins."""
    losses = []
    for names, what in (
        (mapping.unmapped, "transcripts are not in the annotation"),
        (mapping.spike_ins, "spike-ins have no gene"),
    ):
        if names:
            losses.append(
                f"{len(names):,} {what} and are left out: {', '.join(names[:3])}{' …' * (len(names) > 3)}"
            )
    return losses
