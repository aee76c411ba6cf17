"""Introns that reads cross, as one table for both aligners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from subprocess import PIPE, Popen
from typing import NamedTuple

from rxpress.errors import ToolError
from rxpress.tables import write_records

# STAR's codes of its column 5, the intron's first and last two bases on the forward strand.
MOTIFS = ("non-canonical", "GT/AG", "CT/AC", "GC/AG", "CT/GC", "AT/AC", "GT/AT")
STRANDS = (None, "+", "-")
CIGAR = re.compile(r"(\d+)([MIDNSHP=X])")
# htslib's filter: mapped, primary, with an intron.
SPLICED = 'cigar =~ "N" && !flag.unmap && !flag.secondary && !flag.supplementary'


class Junction(NamedTuple):
    """An intron: 1-based, both ends within it; reads whose only alignment crosses it, and others.

    `max_overhang` : the longest of the shorter sides of reads with one alignment. None: not known.
    """

    sequence: str
    start: int
    end: int
    strand: str | None
    motif: str | None
    annotated: str
    unique_reads: int
    multi_reads: int
    max_overhang: int


def write_junctions(junctions: Iterable[Junction], path: Path) -> None:
    write_records(Junction._fields, list(junctions), path)


def read_star_junctions(path: Path) -> Iterator[Junction]:
    """The rows of STAR's SJ.out.tab."""
    for line in path.read_text().splitlines():
        sequence, *cells = line.split("\t")
        start, end, strand, motif, annotated, unique, multi, overhang = map(int, cells)
        yield Junction(
            sequence,
            start,
            end,
            STRANDS[strand],
            MOTIFS[motif],
            "yes" if annotated else "no",
            unique,
            multi,
            overhang,
        )


def count_junctions(bam: Path, splice_sites: Path, threads: int) -> list[Junction]:
    """The introns in a BAM by HISAT2, in its order; reads count, so that both mates of a pair may do so.

    samtools picks the spliced reads, since most reads are not.
    """
    annotated = _annotated(splice_sites)
    command = ["samtools", "view", "--threads", str(threads - 1), "--expr", SPLICED, str(bam)]
    found: dict[tuple[str, int, int, str | None], list[int]] = {}
    order: dict[str, int] = {}
    with Popen(command, stdout=PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            cells = line.rstrip("\n").split("\t")
            tags = dict.fromkeys(cells[11:])
            strand = "+" if "XS:A:+" in tags else "-" if "XS:A:-" in tags else None
            unique = "NH:i:1" in tags
            order.setdefault(cells[2], len(order))
            for start, end, overhang in crossed_introns(int(cells[3]), cells[5]):
                counts = found.setdefault((cells[2], start, end, strand), [0, 0, 0])
                counts[not unique] += 1
                if unique:
                    counts[2] = max(counts[2], overhang)
    if process.returncode != 0:
        raise ToolError(f"samtools view failed with status {process.returncode} on {bam.name}")
    return [
        Junction(
            *place[:4], None, "yes" if (place[0], place[1], place[2]) in annotated else "no", *found[place]
        )
        for place in sorted(found, key=lambda place: (order[place[0]], *place[1:3], place[3] or ""))
    ]


def crossed_introns(position: int, cigar: str) -> Iterator[tuple[int, int, int]]:
    """Start and end of each intron of an alignment (1-based), and the shorter of the aligned sides of it.

    position : 1-based place of the first aligned base. A side ends at the next intron.
    """
    blocks, introns, place, bases = [], [], position, 0
    for length, kind in ((int(n), kind) for n, kind in CIGAR.findall(cigar)):
        if kind == "N":
            blocks.append(bases)
            introns.append((place, place + length - 1))
            bases = 0
        elif kind in "M=X":
            bases += length
        if kind in "M=XDN":
            place += length
    blocks.append(bases)
    for (start, end), left, right in zip(introns, blocks, blocks[1:], strict=False):
        yield start, end, min(left, right)


def _annotated(splice_sites: Path) -> set[tuple[str, int, int]]:
    """Introns of HISAT2's table (0-based bases beside the intron), 1-based with both ends within."""
    rows = (line.split("\t") for line in splice_sites.read_text().splitlines())
    return {(sequence, int(left) + 2, int(right)) for sequence, left, right, _ in rows}
