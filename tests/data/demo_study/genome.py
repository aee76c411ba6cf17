"""A small genome with spliced genes on both strands: sequences, annotation and transcripts that agree.

Sequences are arrays of base codes: 0 A, 1 C, 2 G, 3 T, so that the complement of `codes` is `3 - codes`.
Coordinates are 0-based and half-open; only the GTF text is 1-based and closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

BASES = np.frombuffer(b"ACGT", dtype=np.uint8)
CHROMOSOMES = ("1", "2", "X")
VERSION = 1
FASTA_WIDTH = 60

EXONS_PER_GENE = (3, 8)
INNER_EXON_LENGTH = (90, 260)
LAST_EXON_LENGTH = (350, 900)
INTRON_LENGTH = (80, 260)
SPACER_LENGTH = (200, 600)
# Share of genes with 1, 2, 3, 4 isoforms. Salmon settles a library's type after 50,000 alignments: with so
# many isoforms some 20,000 pairs are enough.
ISOFORM_SHARES = (0.15, 0.25, 0.3, 0.3)


@dataclass(frozen=True)
class Gene:
    """A gene with its place; `exons` are (start, end) ascending on the chromosome.

    `name` is '' for novel genes, which Ensembl gives no `gene_name`. Each of `isoforms` is the ascending
    positions of its exons in `exons`.
    """

    number: int
    name: str
    biotype: str
    chromosome: str
    strand: str
    exons: tuple[tuple[int, int], ...]
    isoforms: tuple[tuple[int, ...], ...]

    @property
    def gene_id(self) -> str:
        return f"ENSGDEMO{self.number:05d}"

    @property
    def label(self) -> str:
        """What a table shows as `gene_name`: the symbol, or the id of a gene without one."""
        return self.name or self.gene_id

    def transcript_id(self, isoform: int) -> str:
        """Id without version, as the GTF has it; the FASTA appends `.1`."""
        return f"ENSTDEMO{self.number:05d}{isoform + 1:02d}"

    def blocks(self, isoform: int) -> list[tuple[int, int]]:
        """Exons of an isoform, ascending on the chromosome."""
        return [self.exons[i] for i in self.isoforms[isoform]]


@dataclass(frozen=True)
class Transcripts:
    """All transcripts, gene by gene, isoform by isoform.

    `ids` : with version; `gene` : (transcripts,) position of the gene; `codes` : all sequences, 5' to 3', end
    to end; `starts` and `lengths` : (transcripts,) where each lies in `codes`.
    """

    ids: list[str]
    gene: np.ndarray
    codes: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def sequence(self, transcript: int) -> np.ndarray:
        start = self.starts[transcript]
        return self.codes[start : start + self.lengths[transcript]]


def letters(codes: np.ndarray) -> bytes:
    """Base codes as ASCII text."""
    return BASES[codes].tobytes()


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """The other strand, 5' to 3'; works on the last axis."""
    return 3 - codes[..., ::-1]


def place_genes(rng: np.random.Generator, names: Sequence[str]) -> tuple[list[Gene], dict[str, int]]:
    """Give every name a gene: chromosomes in turn, one after the other without overlap, either strand.

    Returns the genes in the order of `names` and the length of every chromosome.
    """
    ends = dict.fromkeys(CHROMOSOMES, 0)
    genes = []
    for number, name in enumerate(names, start=1):
        chromosome = CHROMOSOMES[number % len(CHROMOSOMES)]
        strand = "+-"[rng.integers(2)]
        lengths = _draw_exon_lengths(rng, strand)
        introns = rng.integers(*INTRON_LENGTH, size=len(lengths) - 1)
        first = ends[chromosome] + rng.integers(*SPACER_LENGTH)
        starts = first + np.concatenate([[0], np.cumsum(lengths[:-1] + introns)])
        exons = tuple(
            (int(start), int(start + length)) for start, length in zip(starts, lengths, strict=True)
        )
        biotype = "protein_coding" if name and not name.startswith("LINC") else "lncRNA"
        isoforms = _draw_isoforms(rng, len(exons))
        genes.append(Gene(number, name, biotype, chromosome, strand, exons, isoforms))
        ends[chromosome] = exons[-1][1]
    return genes, {name: int(end + rng.integers(*SPACER_LENGTH)) for name, end in ends.items()}


def _draw_exon_lengths(rng: np.random.Generator, strand: str) -> np.ndarray:
    """Exon lengths ascending on the chromosome; the exon at the 3' end is the longest, as in real genes."""
    lengths = rng.integers(*INNER_EXON_LENGTH, size=rng.integers(*EXONS_PER_GENE, endpoint=True))
    lengths[-1] = rng.integers(*LAST_EXON_LENGTH)
    return lengths if strand == "+" else lengths[::-1]


def _draw_isoforms(rng: np.random.Generator, exons: int) -> tuple[tuple[int, ...], ...]:
    """The full isoform and up to three more, each of which skips one inner exon."""
    wanted = rng.choice(len(ISOFORM_SHARES), p=ISOFORM_SHARES)
    inner = np.arange(1, exons - 1)
    skipped = rng.choice(inner, size=min(wanted, len(inner)), replace=False)
    everything = tuple(range(exons))
    return (everything, *(tuple(i for i in everything if i != skip) for skip in skipped))


def draw_chromosomes(
    rng: np.random.Generator, genes: Sequence[Gene], lengths: dict[str, int]
) -> dict[str, np.ndarray]:
    """Random sequence with GT…AG at the ends of every intron, so that spliced aligners find them."""
    chromosomes = {name: rng.integers(4, size=length, dtype=np.uint8) for name, length in lengths.items()}
    donor, acceptor = np.array([2, 3], dtype=np.uint8), np.array([0, 2], dtype=np.uint8)
    for gene in genes:
        codes = chromosomes[gene.chromosome]
        left, right = (donor, acceptor)
        if gene.strand == "-":
            left, right = reverse_complement(acceptor), reverse_complement(donor)
        for (_, intron_start), (intron_end, _) in zip(gene.exons, gene.exons[1:], strict=False):
            codes[intron_start : intron_start + 2] = left
            codes[intron_end - 2 : intron_end] = right
    return chromosomes


def splice(chromosomes: dict[str, np.ndarray], genes: Sequence[Gene]) -> Transcripts:
    """Cut every isoform out of its chromosome."""
    ids, owners, sequences = [], [], []
    for position, gene in enumerate(genes):
        for isoform in range(len(gene.isoforms)):
            chromosome = chromosomes[gene.chromosome]
            codes = np.concatenate([chromosome[start:end] for start, end in gene.blocks(isoform)])
            sequences.append(codes if gene.strand == "+" else reverse_complement(codes))
            ids.append(f"{gene.transcript_id(isoform)}.{VERSION}")
            owners.append(position)
    lengths = np.array([len(codes) for codes in sequences])
    starts = np.cumsum(lengths) - lengths
    return Transcripts(ids, np.array(owners), np.concatenate(sequences), starts, lengths)


def fasta(records: Iterator[tuple[str, np.ndarray]]) -> bytes:
    """FASTA text of (header, codes)."""
    lines = []
    for header, codes in records:
        text = letters(codes)
        lines.append(b">" + header.encode())
        lines.extend(text[i : i + FASTA_WIDTH] for i in range(0, len(text), FASTA_WIDTH))
    return b"\n".join(lines) + b"\n"


def genome_fasta(chromosomes: dict[str, np.ndarray]) -> bytes:
    return fasta((f"{name} dna:chromosome", codes) for name, codes in chromosomes.items())


def transcript_fasta(genes: Sequence[Gene], transcripts: Transcripts) -> bytes:
    """FASTA of all transcripts with headers in the manner of Ensembl's cDNA files."""
    return fasta(
        (f"{name} {_description(genes[owner])}", transcripts.sequence(i))
        for i, (name, owner) in enumerate(zip(transcripts.ids, transcripts.gene, strict=True))
    )


def _description(gene: Gene) -> str:
    place = f"{gene.chromosome}:{gene.exons[0][0] + 1}:{gene.exons[-1][1]}:{1 if gene.strand == '+' else -1}"
    symbol = f" gene_symbol:{gene.name}" if gene.name else ""
    return f"cdna chromosome:DEMO:{place} gene:{gene.gene_id}.{VERSION} gene_biotype:{gene.biotype}{symbol}"


def gtf(genes: Sequence[Gene]) -> bytes:
    """Annotation in the manner of Ensembl: gene, transcript and exon lines, ids and versions apart."""
    lines = ["#!genome-build DEMO"]
    for gene in genes:
        lines.extend(_gtf_lines(gene))
    return ("\n".join(lines) + "\n").encode()


def _gtf_lines(gene: Gene) -> Iterator[str]:
    def line(feature: str, start: int, end: int, attributes: dict[str, str | int]) -> str:
        text = " ".join(f'{key} "{value}";' for key, value in attributes.items() if value != "")
        return f"{gene.chromosome}\tdemo\t{feature}\t{start + 1}\t{end}\t.\t{gene.strand}\t.\t{text}"

    own: dict[str, str | int] = {"gene_id": gene.gene_id, "gene_version": VERSION}
    rest: dict[str, str | int] = {"gene_name": gene.name, "gene_source": "demo", "gene_biotype": gene.biotype}
    yield line("gene", gene.exons[0][0], gene.exons[-1][1], own | rest)
    for isoform in range(len(gene.isoforms)):
        blocks = gene.blocks(isoform)
        transcript = own | {"transcript_id": gene.transcript_id(isoform), "transcript_version": VERSION}
        yield line("transcript", blocks[0][0], blocks[-1][1], transcript | rest)
        in_order = blocks if gene.strand == "+" else blocks[::-1]
        for number, (start, end) in enumerate(in_order, start=1):
            yield line("exon", start, end, transcript | {"exon_number": number} | rest)
