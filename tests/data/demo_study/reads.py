"""Paired stranded reads from transcripts, and FASTQ text; nothing here knows about genes or drugs."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from .genome import BASES, Transcripts, reverse_complement

FRAGMENT_LENGTH = (200.0, 25.0)
# Illumina's binned qualities, from most to least frequent; a base errs with probability 10^(-Q/10).
QUALITIES = np.array([37, 25, 11], dtype=np.uint8)
PHRED_OFFSET = 33
FOREIGN_LENGTH = 50_000
# Share of bases below the best bin, at the first and the last cycle; a third of them fall into the worst.
WORSE_SHARE = (0.01, 0.08)


def with_foreign(rng: np.random.Generator, transcripts: Transcripts) -> Transcripts:
    """The transcripts and, as the last one, a long random sequence: the source of pairs that map nowhere."""
    foreign = rng.integers(4, size=FOREIGN_LENGTH, dtype=np.uint8)
    return Transcripts(
        ids=[*transcripts.ids, "foreign"],
        gene=np.append(transcripts.gene, -1),
        codes=np.concatenate([transcripts.codes, foreign]),
        starts=np.append(transcripts.starts, len(transcripts.codes)),
        lengths=np.append(transcripts.lengths, FOREIGN_LENGTH),
    )


def draw_fragments(
    rng: np.random.Generator, transcripts: Transcripts, counts: np.ndarray, shortest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of fragments in `transcripts.codes`, shuffled; `counts[t]` of them lie in transcript t.

    Lengths are normal, at least `shortest`, at most the transcript; places are uniform.
    """
    owner = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    available = transcripts.lengths[owner]
    length = np.clip(np.rint(rng.normal(*FRAGMENT_LENGTH, size=len(owner))).astype(int), shortest, available)
    start = transcripts.starts[owner] + rng.integers(0, available - length, endpoint=True)
    return start, start + length


def read_pairs(
    codes: np.ndarray, start: np.ndarray, end: np.ndarray, length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mates of fragments as (fragments, length) codes in the reverse-stranded layout (Salmon's ISR).

    Mate 2 reads the transcript from the fragment's start; mate 1 reads the other strand from its end.
    """
    cycle = np.arange(length)
    mate_2 = codes[start[:, None] + cycle]
    mate_1 = reverse_complement(codes[end[:, None] - length + cycle])
    return mate_1, mate_2


def sequence(rng: np.random.Generator, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Called bases and Phred qualities of true bases, each (reads, length); worse towards the end."""
    worse = np.linspace(*WORSE_SHARE, codes.shape[1], dtype=np.float32)
    luck = rng.random(codes.shape, dtype=np.float32)
    grade = (luck < worse).astype(np.uint8) + (luck < worse / 3)
    error_rate = (10.0 ** (QUALITIES / -10.0)).astype(np.float32)
    wrong = rng.random(codes.shape, dtype=np.float32) < error_rate[grade]
    called = codes.copy()
    called[wrong] = (called[wrong] + rng.integers(1, 4, size=wrong.sum(), dtype=np.uint8)) % 4
    return called, QUALITIES[grade]


def fastq(prefix: str, codes: np.ndarray, qualities: np.ndarray, mate: int) -> bytes:
    """FASTQ text of (reads, length) codes and qualities; reads are called `<prefix>:<number from 1>`."""
    reads = len(codes)
    numbers = np.arange(1, reads + 1)[:, None] // 10 ** np.arange(7, -1, -1) % 10 + ord("0")
    columns = [_repeated(f"@{prefix}:", reads), numbers, _repeated(f" {mate}:N:0\n", reads), BASES[codes]]
    columns += [_repeated("\n+\n", reads), qualities + PHRED_OFFSET, _repeated("\n", reads)]
    return np.hstack(columns).astype(np.uint8).tobytes()


def _repeated(text: str, rows: int) -> np.ndarray:
    """(rows, characters) view of one text."""
    characters = np.frombuffer(text.encode(), dtype=np.uint8)
    return np.broadcast_to(characters, (rows, len(characters)))


def write_gzip(path: Path, data: bytes) -> None:
    """Write gzip without name and time, so that the same data give the same bytes; fast rather than small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, compresslevel=1, mtime=0))
