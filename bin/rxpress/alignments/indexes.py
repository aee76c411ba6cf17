"""Indexes of a genome for STAR and HISAT2, built within the memory there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rxpress.alignments.hisat2 import build_hisat2_index
from rxpress.alignments.star import build_star_index, gigabytes, star_memory
from rxpress.errors import InputError, Problem
from rxpress.sequences import read_blocks


@dataclass(frozen=True)
class GenomeSize:
    """Bases and sequences of a genome."""

    bases: int
    sequences: int


def build_index(
    aligner: str, genome: Path, exons: Path, threads: int, memory: int | None, outdir: Path
) -> Path:
    """Build `outdir`/star or `outdir`/hisat2 of a FASTA, plain or gzip; return the folder.

    memory : bytes that may be used; STAR gets what `star_memory` says, which is enough. InputError when the
    memory is less, or the exons do not fit the genome.
    """
    folder = outdir.absolute() / aligner
    with TemporaryDirectory(prefix="index_", dir=Path.cwd()) as name:
        scratch = Path(name)
        plain = scratch / "genome.fa"
        size = write_plain(genome, plain)
        if aligner == "hisat2":
            build_hisat2_index(plain, threads, folder)
            return folder
        junctions = _junctions(exons)
        needed = star_memory(size.bases, size.sequences, threads, junctions).building
        if memory is not None and memory < needed:
            what = f"STAR needs {gigabytes(needed)} to build an index of {size.bases:,} bases"
            fix = "give more memory, or align with HISAT2"
            raise InputError(Problem(f"{what}, {gigabytes(memory)} are there", fix, genome.name))
        folder.mkdir(parents=True, exist_ok=True)
        build_star_index(
            plain, (size.bases, size.sequences), exons.absolute(), threads, needed, folder, scratch
        )
    return folder


def write_plain(genome: Path, target: Path) -> GenomeSize:
    """Write a FASTA, plain or gzip, as plain text; InputError when it is no FASTA."""
    bases = sequences = 0
    with target.open("wb") as out:
        for block in read_blocks(genome):
            out.write(block)
            for line in block.splitlines():
                if line.startswith(b">"):
                    sequences += 1
                else:
                    bases += len(line)
    if not sequences or not bases:
        raise InputError(Problem("has no sequences", "give a genome as FASTA", genome.name))
    return GenomeSize(bases, sequences)


def _junctions(exons: Path) -> int:
    from rxpress.alignments.exons import read_exons

    return len(read_exons(exons).splice_sites.left)
