"""A made genome with introns and reads of it whose truth is known, for the tests of the aligned route."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

EXONS, EXON_BASES, INTRON_BASES = 4, 400, 300
FRAGMENT, READ = 200, 75
GENE_BASES = EXONS * EXON_BASES + (EXONS - 1) * INTRON_BASES
FIRST_GENE, BETWEEN_GENES = 1000, 1500
# Pairs of each gene. G5 lies on the other strand over the first gene, so that only stranded counts part them.
PLANTED = {"G1": 400, "G2": 300, "G3": 200, "G4": 100, "G5": 150, "G6": 0}


@dataclass(frozen=True)
class GenomeLibrary:
    """A library of the forward strand: its references, FASTQ records of both mates, and introns crossed.

    junctions : reads (of either mate) that cross an intron with all of it, by sequence, start and end.
    """

    genome: Path
    annotation: Path
    mates: tuple[list[str], list[str]]
    junctions: Counter[tuple[str, int, int]]

    def write(self, folder: Path, pairs: slice = slice(None)) -> tuple[tuple[Path, ...], ...]:
        """FASTQ files of both mates, as one lane."""
        files = []
        for i, records in enumerate(self.mates, start=1):
            files.append((folder / f"made_{i}.fq",))
            files[-1][0].write_text("".join(records[pairs]))
        return tuple(files)


def reverse_complement(sequence: str) -> str:
    return sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))


def make_genome_library(folder: Path) -> GenomeLibrary:
    """Genes of four exons on two chromosomes, introns GT…AG, and pairs from within each transcript."""
    random = np.random.default_rng(23)
    chromosomes = {name: random.choice(list("ACGT"), 60_000) for name in ("chrA", "chrB")}
    places = {name: _place(i) for i, name in enumerate(PLANTED)}
    places["G5"] = ("chrA", FIRST_GENE + EXON_BASES // 2, "-")
    lines = []
    for name, (sequence, start, strand) in places.items():
        for left, right in _exons(start):
            attributes = f'gene_id "{name}"; transcript_id "{name}.1"; gene_name "{name.lower()}";'
            lines.append(f"{sequence}\tmade\texon\t{left + 1}\t{right}\t.\t{strand}\t.\t{attributes}\n")
        for left, right in _introns(start) if name != "G5" else ():
            chromosomes[sequence][left : left + 2] = list("GT" if strand == "+" else "CT")
            chromosomes[sequence][right - 2 : right] = list("AG" if strand == "+" else "AC")
    for left, right in _introns(places["G5"][1]):
        chromosomes["chrA"][left : left + 2], chromosomes["chrA"][right - 2 : right] = list("CT"), list("AC")
    genome = {name: "".join(bases) for name, bases in chromosomes.items()}
    (folder / "genome.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in genome.items()))
    (folder / "annotation.gtf").write_text("".join(lines))
    mates, junctions = _make_reads(genome, places, random)
    return GenomeLibrary(folder / "genome.fa", folder / "annotation.gtf", mates, junctions)


def _place(i: int) -> tuple[str, int, str]:
    start = FIRST_GENE + (i // 2) * (GENE_BASES + BETWEEN_GENES)
    return ("chrA", "chrB")[i % 2], start, "+-"[i % 2]


def _exons(start: int) -> list[tuple[int, int]]:
    step = EXON_BASES + INTRON_BASES
    return [(start + k * step, start + k * step + EXON_BASES) for k in range(EXONS)]


def _introns(start: int) -> list[tuple[int, int]]:
    exons = _exons(start)
    return [(left[1], right[0]) for left, right in pairwise(exons)]


def _make_reads(
    genome: dict[str, str], places: dict[str, tuple[str, int, str]], random: np.random.Generator
) -> tuple[tuple[list[str], list[str]], Counter[tuple[str, int, int]]]:
    mates: tuple[list[str], list[str]] = ([], [])
    junctions: Counter[tuple[str, int, int]] = Counter()
    for name, (sequence, start, strand) in places.items():
        exons = "".join(genome[sequence][left:right] for left, right in _exons(start))
        for i, place in enumerate(random.integers(0, len(exons) - FRAGMENT, PLANTED[name])):
            fragment = exons[place : place + FRAGMENT]
            ends = (fragment[:READ], reverse_complement(fragment[-READ:]))
            for records, bases in zip(mates, ends if strand == "+" else ends[::-1], strict=True):
                records.append(f"@{name}:{i}\n{bases}\n+\n{'I' * READ}\n")
            for left in (place, place + FRAGMENT - READ):
                for k, (first, last) in enumerate(_introns(start), start=1):
                    if left < k * EXON_BASES < left + READ:
                        junctions[sequence, first + 1, last] += 1
    return mates, junctions
