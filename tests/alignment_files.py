"""BAM files and annotations written by hand for tests, and a library of which everything is known."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pysam

SEQUENCES = {"1": 60_000, "2": 40_000, "MT": 5_000}
LENGTH = 50
PAIRED, PROPER, UNMAPPED, MATE_UNMAPPED, REVERSE, MATE_REVERSE = 1, 2, 4, 8, 16, 32
FIRST, SECOND, SECONDARY, DUPLICATE, SUPPLEMENTARY = 64, 128, 256, 1024, 2048


@dataclass(frozen=True)
class Transcript:
    """A transcript: `exons` as 0-based half-open stretches, from left to right."""

    name: str
    gene: str
    sequence: str
    strand: str
    exons: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        return sum(end - start for start, end in self.exons)


def gtf(transcripts: Iterable[Transcript]) -> str:
    """Exon lines only."""
    return "".join(
        f"{t.sequence}\tmade\texon\t{start + 1}\t{end}\t.\t{t.strand}\t.\t"
        f'gene_id "{t.gene}"; transcript_id "{t.name}";\n'
        for t in transcripts
        for start, end in t.exons
    )


def record(
    name: str = "r",
    flag: int = 0,
    start: int = 100,
    cigar: str = f"{LENGTH}M",
    sequence: str | None = "1",
    mate: tuple[str, int] | None = None,
    template: int = 0,
    quality: int = 60,
    bases: int = LENGTH,
    tags: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A read as the SAM dictionary that pysam takes; tag NH is 1 unless told."""
    here = flag & UNMAPPED == 0 or mate is not None
    return {
        "name": name,
        "flag": str(flag),
        "ref_name": sequence if here and sequence else "*",
        "ref_pos": str(start + 1 if here and sequence else 0),
        "map_quality": str(quality),
        "cigar": "*" if flag & UNMAPPED else cigar,
        "next_ref_name": mate[0] if mate else "*",
        "next_ref_pos": str(mate[1] + 1 if mate else 0),
        "length": str(template),
        "seq": "A" * bases,
        "qual": "I" * bases,
        "tags": [
            f"{k}:{'Z' if isinstance(v, str) else 'i'}:{v}" for k, v in (tags or {"NH": 1}).items() if v
        ],
    }


def write_bam(
    path: Path,
    records: Iterable[Mapping[str, Any]],
    order: str = "unsorted",
    sequences: Mapping[str, int] = SEQUENCES,
) -> Path:
    """Write records as they come; `order` is what the header says."""
    head = {
        "HD": {"VN": "1.6", "SO": order},
        "SQ": [{"SN": name, "LN": length} for name, length in sequences.items()],
    }
    header = pysam.AlignmentHeader.from_dict(head)
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for fields in records:
            out.write(pysam.AlignedSegment.from_dict(dict(fields), header))
    return path


def sorted_by_place(records: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    names = [*SEQUENCES, "*"]
    return sorted(records, key=lambda r: (names.index(r["ref_name"]), int(r["ref_pos"])))


def blocks_of(transcript: Transcript, start: int, end: int) -> list[tuple[int, int]]:
    """Where the bases [start, end) of a transcript, counted from the left, lie on the genome."""
    blocks, before = [], 0
    for left, right in transcript.exons:
        first, last = max(start - before, 0), min(end - before, right - left)
        if first < last:
            blocks.append((left + first, left + last))
        before += right - left
    return blocks


def cigar_of(blocks: list[tuple[int, int]]) -> str:
    text = f"{blocks[0][1] - blocks[0][0]}M"
    for (_, end), (start, stop) in pairwise(blocks):
        text += f"{start - end}N{stop - start}M"
    return text


def pair(
    name: str,
    left: list[tuple[int, int]],
    right: list[tuple[int, int]],
    sequence: str = "1",
    first_on_left: bool = True,
    tags: Mapping[str, Any] | None = None,
    more_flags: int = 0,
) -> list[dict[str, Any]]:
    """A proper pair: its left mate, forward, and its right mate, reverse, from where their bases lie."""
    template = right[-1][1] - left[0][0]
    flags = PAIRED | PROPER | more_flags
    left_flag = flags | MATE_REVERSE | (FIRST if first_on_left else SECOND)
    right_flag = flags | REVERSE | (SECOND if first_on_left else FIRST)
    return [
        record(
            name,
            flag,
            blocks[0][0],
            cigar_of(blocks),
            sequence,
            (sequence, other[0][0]),
            size,
            bases=sum(end - start for start, end in blocks),
            tags=tags,
        )
        for flag, blocks, other, size in (
            (left_flag, left, right, template),
            (right_flag, right, left, -template),
        )
    ]


def transcript_pair(
    name: str, transcript: Transcript, start: int, end: int, sense: bool, **more: Any
) -> list[dict[str, Any]]:
    """A pair of a fragment [start, end) of a transcript; `sense` : its first read has the gene's strand."""
    left = blocks_of(transcript, start, min(start + LENGTH, end))
    right = blocks_of(transcript, max(end - LENGTH, start), end)
    first_on_left = (transcript.strand == "+") == sense
    return pair(name, left, right, transcript.sequence, first_on_left, **more)


def made_transcripts(seed: int = 1) -> list[Transcript]:
    """24 genes apart from each other on both strands; every third has a second transcript without an exon."""
    rng = random.Random(seed)
    transcripts = []
    for sequence, count in (("1", 14), ("2", 10)):
        place = 500
        for i in range(count):
            exons = []
            for _ in range(rng.randint(1, 6)):
                width = rng.randint(150, 500)
                exons.append((place, place + width))
                place += width + rng.randint(100, 300)
            gene, strand = f"G{sequence}.{i}", rng.choice("+-")
            transcripts.append(Transcript(f"{gene}.1", gene, sequence, strand, tuple(exons)))
            if i % 3 == 0 and len(exons) > 2:
                transcripts.append(Transcript(f"{gene}.2", gene, sequence, strand, (*exons[:1], *exons[2:])))
            place += rng.randint(200, 900)
    return transcripts


def made_library(seed: int = 1, fragments: int = 4000, sense: float = 0.1) -> list[dict[str, Any]]:
    """Pairs, three quarters of transcripts and the others from anywhere; lengths normal, 180 (30)."""
    rng = random.Random(seed)
    transcripts = [t for t in made_transcripts() if t.length >= 300]
    genome = [Transcript(name, "", name, "+", ((0, length),)) for name, length in SEQUENCES.items()]
    records = []
    for i in range(fragments):
        source = rng.choice(transcripts if rng.random() < 0.75 else genome)
        length = min(max(round(rng.gauss(180, 30)), LENGTH), source.length)
        start = rng.randint(0, source.length - length)
        records += transcript_pair(f"f{i}", source, start, start + length, rng.random() < sense)
    return records
