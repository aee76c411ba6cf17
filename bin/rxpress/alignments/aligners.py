"""STAR or HISAT2 on the reads of one sample: fastp → aligner → samtools, and a sorted BAM that is whole."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rxpress.alignments.hisat2 import find_base, hisat2_command, index_bytes, summarized_fragments
from rxpress.alignments.junctions import count_junctions, read_star_junctions, write_junctions
from rxpress.alignments.sorted_bam import SortMemory, check_whole, index_bam, sort_command
from rxpress.alignments.star import check_star_index, run_star, star_command
from rxpress.errors import InputError, Problem, ToolError
from rxpress.fastp import PreparedReads, SampleReads, TrimOptions, missing_files, prepare_reads
from rxpress.programs import run_pipe, run_tool
from rxpress.tables import write_json

ALIGNERS = ("star", "hisat2")


@dataclass(frozen=True)
class AlignOptions:
    """How to align: aligner and its index, the annotation's two files, threads, memory in bytes.

    `transcriptome` asks STAR for alignments to transcripts, too.
    """

    aligner: str
    index: Path
    exons: Path
    splice_sites: Path
    transcriptome: bool = False
    threads: int = 1
    memory: int | None = None
    skip_trimming: bool = False
    extra_fastp_args: str = ""
    extra_aligner_args: str = ""

    @property
    def trimming(self) -> TrimOptions:
        return TrimOptions(self.threads, self.skip_trimming, self.extra_fastp_args)


@dataclass(frozen=True)
class AlignedReads:
    """What is known of a sample before it is counted; written as reads.json. A pair is one fragment.

    `reason` : why the reads cannot be used, '' if they can.
    """

    sample: str
    aligner: str
    paired: bool
    strandedness_declared: str
    reads_raw: int
    reads: int
    reason: str
    inputs: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def align_sample(reads: SampleReads, options: AlignOptions, outdir: Path) -> AlignedReads:
    """Trim and align a sample into `outdir`/fastp and `outdir`/alignments/<sample>.

    Reads that cannot be used are told in what is returned. Raises InputError for files that are not there
    or an index that does not serve, and ToolError when a program breaks; then there is no BAM.
    """
    _check_files(reads, options)
    outdir = outdir.absolute()
    with TemporaryDirectory(prefix="reads_", dir=Path.cwd()) as name:
        scratch = Path(name)
        trimmed, found = prepare_reads(reads, options.trimming, scratch, outdir / "fastp")
        if not found.reason:
            folder = outdir / "alignments" / reads.sample
            folder.mkdir(parents=True, exist_ok=True)
            run = _run_star if options.aligner == "star" else _run_hisat2
            run(trimmed, reads, options, scratch, folder, found.reads)
    return _aligned_reads(reads, options, found)


def write_reads(found: AlignedReads, outdir: Path) -> None:
    folder = outdir / "alignments" / found.sample
    write_json(found.as_json(), folder / f"{found.sample}.reads.json")


def _check_files(reads: SampleReads, options: AlignOptions) -> None:
    problems = missing_files(reads)
    for path in (options.exons, options.splice_sites):
        if not path.is_file():
            problems.append(Problem("does not exist", "make it with build_exons.py", str(path)))
    if options.transcriptome and options.aligner != "star":
        problems.append(Problem("only STAR aligns to transcripts", "leave out --transcriptome, or use STAR"))
    if options.aligner == "star":
        problems += check_star_index(options.index, options.exons, options.threads, options.memory)
    else:
        try:
            find_base(options.index)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)


def _aligned_reads(reads: SampleReads, options: AlignOptions, found: PreparedReads) -> AlignedReads:
    return AlignedReads(
        sample=reads.sample,
        aligner=options.aligner,
        paired=reads.paired,
        strandedness_declared=reads.strandedness,
        reads_raw=found.reads_raw,
        reads=found.reads,
        reason=found.reason,
        inputs=found.inputs,
    )


def _run_star(
    mates: Sequence[Path], reads: SampleReads, options: AlignOptions, scratch: Path, folder: Path, kept: int
) -> None:
    """STAR, then samtools sort once STAR has given its memory back.

    STAR's own sorting holds every read of a stretch of the genome at once and stops when they do not fit,
    which depends on the reads; samtools spills to disk, so that the index alone decides what is needed.
    """
    star, sample = scratch / "star", reads.sample
    star.mkdir()
    command = star_command(
        mates, sample, options.index, options.exons, options.transcriptome, options.threads
    )
    run_star(command, options.extra_aligner_args, star)
    log = star / "Log.final.out"
    found = re.search(r"Number of input reads \|\s*(\d+)", log.read_text())
    _check_fragments(reads, kept, int(found[1]) if found else 0, options.extra_aligner_args)
    unsorted, ordered = star / "Aligned.out.bam", scratch / f"{sample}.bam"
    check_whole(unsorted)
    memory = SortMemory(options.threads, options.memory)
    run_tool([*sort_command(memory, ordered, scratch), str(unsorted)])
    _finish(ordered, folder, sample, options.threads)
    write_junctions(read_star_junctions(star / "SJ.out.tab"), folder / f"{sample}.junctions.tsv")
    shutil.move(log, folder / f"{sample}.Log.final.out")
    if options.transcriptome:
        transcripts = star / "Aligned.toTranscriptome.out.bam"
        check_whole(transcripts)
        shutil.move(transcripts, folder / f"{sample}.transcriptome.bam")


def _run_hisat2(
    mates: Sequence[Path], reads: SampleReads, options: AlignOptions, scratch: Path, folder: Path, kept: int
) -> None:
    """HISAT2 into samtools sort; neither's success alone makes the BAM whole."""
    base, sample = find_base(options.index), reads.sample
    summary, ordered = scratch / "summary.txt", scratch / f"{sample}.bam"
    command = hisat2_command(mates, sample, base, options.splice_sites, reads.strandedness, options.threads)
    command += ["--new-summary", "--summary-file", str(summary), *shlex.split(options.extra_aligner_args)]
    memory = SortMemory(options.threads, options.memory, beside=index_bytes(base))
    run_pipe(command, [*sort_command(memory, ordered, scratch), "-"])
    _check_fragments(reads, kept, summarized_fragments(summary), options.extra_aligner_args)
    _finish(ordered, folder, sample, options.threads)
    junctions = count_junctions(folder / f"{sample}.bam", options.splice_sites, options.threads)
    write_junctions(junctions, folder / f"{sample}.junctions.tsv")
    shutil.move(summary, folder / f"{sample}.hisat2.summary.txt")


def _check_fragments(reads: SampleReads, kept: int, taken: int, extra_args: str) -> None:
    """The aligner must have taken all reads, unless the user's arguments say otherwise."""
    if taken != kept and not extra_args:
        raise ToolError(f"{taken:,} of {kept:,} reads of {reads.sample} were aligned")


def _finish(ordered: Path, folder: Path, sample: str, threads: int) -> None:
    """Put a sorted BAM and its index in place, once it is known to be whole."""
    check_whole(ordered)
    index = index_bam(ordered, threads)
    for path in (ordered, index):
        shutil.move(path, folder / path.name)
