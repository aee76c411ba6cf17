#!/usr/bin/env python3
"""Memory that STAR takes beside what rxpress tells before it runs, on made genomes of several sizes."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
from rxpress.alignments.star import build_star_index, run_star, star_command, star_memory

GENE_STEP, EXON_STEP, EXONS, EXON_BASES = 8000, 1500, 4, 300
PAIRS, FRAGMENT, READ = 60_000, 300, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabases", nargs="+", type=int, default=[20, 100])
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    print("Mb\tstep\tthreads\ttold MB\ttaken MB")
    for size in args.megabases:
        with tempfile.TemporaryDirectory() as name:
            measure(size, args.threads, Path(name))


def measure(size: int, most_threads: int, folder: Path) -> None:
    bases = size * 1_000_000
    genes = make_genome(bases, folder)
    junctions = genes * (EXONS - 1)
    told = star_memory(bases, 1, most_threads, junctions).building
    index, exons = folder / "index", folder / "exons.gtf"
    index.mkdir()
    taken = peak_memory(
        lambda: build_star_index(folder / "genome.fa", (bases, 1), exons, most_threads, told, index, folder)
    )
    print(f"{size}\tindex\t{most_threads}\t{told / 1e6:.0f}\t{taken / 1e6:.0f}", flush=True)
    mates = [folder / "1.fq", folder / "2.fq"]
    for threads in range(1, most_threads + 1):
        scratch = folder / f"threads_{threads}"
        scratch.mkdir()
        command = star_command(mates, "made", index, exons, True, threads)
        taken = peak_memory(lambda command=command, scratch=scratch: run_star(command, "", scratch))
        told = star_memory(bases, 1, threads, junctions).alignment
        print(f"{size}\talign\t{threads}\t{told / 1e6:.0f}\t{taken / 1e6:.0f}", flush=True)


def make_genome(bases: int, folder: Path) -> int:
    """Write genome.fa, exons.gtf and reads of a random sequence; how many genes it has."""
    random = np.random.default_rng(1)
    letters = random.choice(np.frombuffer(b"ACGT", np.uint8), bases).tobytes()
    (folder / "genome.fa").write_bytes(b">chr\n" + letters + b"\n")
    starts = range(1000, bases - GENE_STEP, GENE_STEP)
    with (folder / "exons.gtf").open("w") as out:
        for i, start in enumerate(starts):
            for left in range(start, start + EXONS * EXON_STEP, EXON_STEP):
                attributes = f'gene_id "g{i}"; transcript_id "t{i}";'
                out.write(f"chr\tmade\texon\t{left}\t{left + EXON_BASES - 1}\t.\t+\t.\t{attributes}\n")
    turn = bytes.maketrans(b"ACGT", b"TGCA")
    with (folder / "1.fq").open("wb") as first, (folder / "2.fq").open("wb") as second:
        for i, place in enumerate(random.integers(0, bases - FRAGMENT, PAIRS)):
            fragment = letters[place : place + FRAGMENT]
            mates = (fragment[:READ], fragment[-READ:].translate(turn)[::-1])
            for file, read in zip((first, second), mates, strict=True):
                file.write(b"@%d\n%s\n+\n%s\n" % (i, read, b"I" * READ))
    return len(starts)


def peak_memory(run: Callable[[], None]) -> int:
    """Bytes that the largest program took which `run` starts, in a process of its own (at least its own)."""
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit("STAR failed")
    return used.ru_maxrss * 1024


if __name__ == "__main__":
    main()
