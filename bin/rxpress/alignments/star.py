"""STAR driven by subprocess: its index, its memory, and the reads of a sample on the genome."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rxpress.errors import InputError, Problem, ToolError
from rxpress.programs import run_tool

INDEX_FILE = "genomeParameters.txt"
EXONS_DIGEST = "exons.sha256"  # of the annotation that build_index.py built in
OVERHANG = 100  # STAR's default --sjdbOverhang
MOST_JUNCTIONS = 1_000_000  # STAR's default --limitSjdbInsertNsj, for which it reserves bits
# What STAR takes beside the index, in all and per thread (benchmarks/star_memory.py measures it).
FIXED_BYTES = 60_000_000
BUILDING_BYTES = 100_000_000
THREAD_BYTES = 150_000_000
BEYOND_LIMIT = 1.2


class IndexParameters(NamedTuple):
    """--genomeSAindexNbases and --genomeChrBinNbits of STAR."""

    sa_index_bases: int
    chromosome_bin_bits: int


class StarMemory(NamedTuple):
    """Bytes that STAR needs to build an index and to align."""

    building: int
    alignment: int


def index_parameters(genome_bases: int, sequences: int, read_length: int = OVERHANG) -> IndexParameters:
    """STAR's parameters for a genome, as its manual (2.7.10, section 2.2.5) scales them.

    min(14, log2(length) / 2 - 1), and min(18, log2(max(length / sequences, read length))), rounded down: a
    prefix too long makes STAR crash, a bin too large wastes memory.
    """
    prefix = math.log2(max(genome_bases, 4)) / 2 - 1
    bin_bits = math.log2(max(genome_bases / max(sequences, 1), read_length))
    return IndexParameters(max(1, min(14, int(prefix))), min(18, int(bin_bits)))


def star_memory(
    genome_bases: int, sequences: int = 1, threads: int = 1, junctions: int | None = None
) -> StarMemory:
    """Bytes of memory for STAR, from what it holds in memory.

    The genome takes a byte per base, sequences padded to bins, and 201 bases per annotated junction (if not
    known: one per 1,000 bases, at most 400,000); the suffix array an entry per base and strand of as many
    bits as tell a place, at least 32, and one for the strand; the index of prefixes an entry of two bits
    more for each word of up to sa_index_bases letters. Building holds the genome's other strand and a second
    index of prefixes, too, and two pairs of 64-bit numbers per inserted base, one for each strand.
    """
    parameters = index_parameters(genome_bases, sequences)
    if junctions is None:
        junctions = min(400_000, genome_bases // 1000)
    inserted = junctions * (2 * OVERHANG + 1)
    genome = genome_bases + sequences * 2**parameters.chromosome_bin_bits + inserted
    place_bits = max(32, int(math.log2(genome + MOST_JUNCTIONS * (2 * OVERHANG + 1))) + 1)
    suffixes = 2 * (genome_bases + inserted) * (place_bits + 1) // 8
    prefixes = 4 ** (parameters.sa_index_bases + 1) // 3 * (place_bits + 3) // 8
    held = genome + suffixes + prefixes
    return StarMemory(
        building=2 * genome + suffixes + 2 * prefixes + 32 * inserted + BUILDING_BYTES,
        alignment=held + FIXED_BYTES + threads * THREAD_BYTES,
    )


def held_bytes(index: Path, exons: Path | None = None) -> int:
    """Bytes of an index that STAR holds in memory; twice its tables of suffixes if `exons` must be put in."""
    genome, *suffixes = ((index / name).stat().st_size for name in ("Genome", "SA", "SAindex"))
    return genome + sum(suffixes) * (1 if exons is None or has_exons(index, exons) else 2)


def has_exons(index: Path, exons: Path) -> bool:
    """Whether an index was built with just these exons."""
    built = index / EXONS_DIGEST
    return built.is_file() and built.read_text().strip() == exons_digest(exons)


def check_star_index(index: Path, exons: Path, threads: int = 1, memory: int | None = None) -> list[Problem]:
    """What is wrong with an index: not one, damaged, or larger than the memory (bytes).

    STAR itself waits for ever when the suffix array is cut short, and crashes without a word when the index
    of prefixes is.
    """
    what_to_do = "build it again: build_index.py --aligner star"
    parameters = index / INDEX_FILE
    if not parameters.is_file():
        return [Problem(f"is not a STAR index: no {INDEX_FILE} in it", what_to_do, str(index))]
    text = parameters.read_text(errors="replace")
    sizes = re.search(r"^genomeFileSizes\s+(\d+)\s+(\d+)", text, re.MULTILINE)
    bases = re.search(r"^genomeSAindexNbases\s+(\d+)", text, re.MULTILINE)
    bits = re.search(r"^### GstrandBit\s+(\d+)", text, re.MULTILINE)
    expected = dict(zip(("Genome", "SA"), map(int, sizes.groups()), strict=True)) if sizes else {}
    if bases and bits:
        expected["SAindex"] = _prefix_file_bytes(int(bases[1]), int(bits[1]))
    problems = []
    for name in ("Genome", "SA", "SAindex"):
        file = index / name
        size = file.stat().st_size if file.is_file() else None
        if size is None:
            problems.append(Problem("does not exist", what_to_do, str(file)))
        elif size != expected.get(name, size):
            what = f"is damaged: {size:,} bytes instead of {expected[name]:,}"
            problems.append(Problem(what, what_to_do, str(file)))
    if not problems and memory is not None and exons.is_file():
        needed = held_bytes(index, exons) + FIXED_BYTES + threads * THREAD_BYTES
        if needed > memory:
            what = f"STAR needs {gigabytes(needed)} for this index and {threads} threads"
            fix = "give more memory, fewer threads, or align with HISAT2"
            problems.append(Problem(f"{what}, {gigabytes(memory)} are there", fix, str(index)))
    return problems


def _prefix_file_bytes(bases: int, place_bits: int) -> int:
    """Size of SAindex: a header of 64-bit numbers, then packed entries for words of 1 … `bases` letters."""
    entries = (4 ** (bases + 1) - 4) // 3
    return 8 * (bases + 2) + (entries - 1) * (place_bits + 3) // 8 + 8


def gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"


def exons_digest(exons: Path) -> str:
    return hashlib.sha256(exons.read_bytes()).hexdigest()


def build_star_index(
    genome: Path, sizes: tuple[int, int], exons: Path, threads: int, memory: int, folder: Path, scratch: Path
) -> None:
    """Build an index of a plain FASTA with the junctions of `exons` in `folder`.

    sizes : bases and sequences of the genome; memory : bytes that may be used. STAR takes as much as it is
    let to sort suffixes, and then some more to put in junctions, which its limit does not count.
    """
    parameters = index_parameters(*sizes)
    command = ["STAR", "--runMode", "genomeGenerate", "--genomeDir", str(folder)]
    command += ["--genomeFastaFiles", str(genome), "--sjdbGTFfile", str(exons)]
    command += ["--genomeSAindexNbases", str(parameters.sa_index_bases)]
    command += ["--genomeChrBinNbits", str(parameters.chromosome_bin_bits)]
    command += ["--limitGenomeGenerateRAM", str(int(memory / BEYOND_LIMIT)), "--runThreadN", str(threads)]
    run_star([*command, *_places(scratch)])
    (folder / EXONS_DIGEST).write_text(exons_digest(exons) + "\n")


def star_command(
    mates: Sequence[Path], sample: str, index: Path, exons: Path, transcriptome: bool, threads: int
) -> list[str]:
    """How reads are aligned: with unmapped reads kept, which are counted, and the annotation of `exons`.

    An index that was not built with these exons gets their junctions as the reads are aligned. There is no
    XS tag: nothing here reads it, and STAR drops reads to be able to write it.
    """
    command = ["STAR", "--genomeDir", str(index), "--runThreadN", str(threads)]
    command += ["--readFilesIn", *map(str, mates)]
    if mates[0].suffix == ".gz":
        command += ["--readFilesCommand", "gzip", "-cd"]
    if not has_exons(index, exons):
        command += ["--sjdbGTFfile", str(exons)]
    command += ["--outSAMtype", "BAM", "Unsorted", "--outSAMunmapped", "Within"]
    command += ["--outSAMattributes", "NH", "HI", "AS", "nM"]
    command += ["--outSAMattrRGline", f"ID:{sample}", f"SM:{sample}"]
    command += ["--outFilterMultimapNmax", "20", "--alignSJDBoverhangMin", "1", "--runRNGseed", "0"]
    if transcriptome:
        command += ["--quantMode", "TranscriptomeSAM", "--quantTranscriptomeBan", "Singleend"]
    return command


def run_star(command: Sequence[str], extra_args: str = "", scratch: Path | None = None) -> None:
    """Run STAR with its files in `scratch`; what it says of index, memory and annotation becomes clear."""
    places = _places(scratch) if scratch else []
    try:
        run_tool([*command, *places, *shlex.split(extra_args)])
    except ToolError as error:
        raise _explained(str(error), error.exit_status) from None


def _places(scratch: Path) -> list[str]:
    return ["--outFileNamePrefix", f"{scratch}/", "--outTmpDir", str(scratch / "_STARtmp")]


def _explained(words: str, exit_status: int) -> InputError | ToolError:
    """What a failure of STAR means, if its words tell."""
    if found := re.search(r"Genome version: (\S+) is INCOMPATIBLE with running STAR version: (\S+)", words):
        what = f"the STAR index has version {found[1]}, which STAR {found[2]} cannot read"
        return InputError(Problem(what, "build it again: build_index.py --aligner star"))
    if found := re.search(r"limitGenomeGenerateRAM=(\d+)\s*is too small.*?not less than (\d+)", words, re.S):
        what = (
            f"STAR needs {gigabytes(int(found[2]))} or more to build this index, {gigabytes(int(found[1]))}"
        )
        return InputError(Problem(f"{what} were given", "give more memory, or align with HISAT2"))
    if "no valid exon lines in the GTF" in words or "no exon lines in the GTF" in words:
        what = "no exon of the annotation lies on a sequence of the genome"
        return InputError(Problem(what, "give genome and annotation that name sequences alike"))
    if "bad_alloc" in words or "not enough RAM" in words:
        return ToolError(f"STAR had too little memory\n  {words}", exit_status if exit_status > 128 else 137)
    return ToolError(words, exit_status)
