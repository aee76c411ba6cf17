"""HISAT2 driven by subprocess: its index, and the reads of a sample on the genome."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rxpress.errors import InputError, Problem
from rxpress.programs import run_tool

INDEX_NAME = "genome"
FIRST_FILE = re.compile(r"(.+)\.1\.ht2l?$")
PARTS = 8
# HISAT2's letters for a declared strandedness: (single reads, pairs).
STRANDS = {"forward": ("F", "FR"), "reverse": ("R", "RF")}


def find_base(index: Path) -> Path:
    """What HISAT2 calls the index in a folder; InputError when there is none, or parts of it are missing."""
    fix = "build it again: build_index.py --aligner hisat2"
    bases = sorted({found[1] for path in index.glob("*.ht2*") if (found := FIRST_FILE.match(path.name))})
    if len(bases) != 1:
        what = f"holds {len(bases)} HISAT2 indexes" if bases else "is not a HISAT2 index: no *.1.ht2 in it"
        raise InputError(Problem(what, "give the folder of one index" if bases else fix, str(index)))
    base = index / bases[0]
    suffix = "ht2l" if base.with_name(f"{base.name}.1.ht2l").is_file() else "ht2"
    parts = [base.with_name(f"{base.name}.{part}.{suffix}") for part in range(1, PARTS + 1)]
    broken = [part for part in parts if not part.is_file() or part.stat().st_size == 0]
    if broken:
        raise InputError(*(Problem("is missing or empty", fix, str(part)) for part in broken))
    return base


def index_bytes(base: Path) -> int:
    """Bytes of the index, which HISAT2 holds in memory."""
    return sum(path.stat().st_size for path in base.parent.glob(f"{base.name}.*.ht2*"))


def build_hisat2_index(genome: Path, threads: int, folder: Path) -> None:
    """Build an index of a plain FASTA in `folder`.

    Splice sites are given to each alignment instead: an index that holds them takes 200 GB for a human
    genome to build.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run_tool(["hisat2-build", "-q", "-p", str(threads), str(genome), str(folder / INDEX_NAME)])


def hisat2_command(
    mates: Sequence[Path], sample: str, base: Path, splice_sites: Path, strandedness: str, threads: int
) -> list[str]:
    """How reads are aligned: unmapped ones kept, which are counted; in the order of the reads."""
    command = ["hisat2", "-x", str(base), "--threads", str(threads), "--reorder", "--seed", "0"]
    command += ["--known-splicesite-infile", str(splice_sites)]
    command += ["--rg-id", sample, "--rg", f"SM:{sample}"]
    if strandedness in STRANDS:
        command += ["--rna-strandness", STRANDS[strandedness][len(mates) == 2]]
    if len(mates) == 1:
        return [*command, "-U", str(mates[0])]
    return [*command, "-1", str(mates[0]), "-2", str(mates[1])]


def summarized_fragments(summary: Path) -> int:
    """Fragments that HISAT2 took, from its `--new-summary` file: pairs, or reads."""
    found = re.search(r"Total (?:pairs|reads): (\d+)", summary.read_text())
    return int(found[1]) if found else 0
