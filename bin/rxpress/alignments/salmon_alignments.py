"""Salmon on alignments to transcripts, and the transcripts of a genome by gffread."""

from __future__ import annotations

import os
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from rxpress.alignments.strands import LIBRARY_TYPES, judge_strandedness
from rxpress.errors import InputError, Problem, ToolError
from rxpress.programs import run_tool
from rxpress.salmon import PROBED_FRAGMENTS, TOO_FEW, check_quant_table

# How Salmon 1.10.1 says that fewer fragments than it wants, or none, agree with transcripts and library type.
TOO_FEW_OR_NONE = f"{TOO_FEW}|Total alpha weight was too small"
NO_SEQUENCE = "no genomic sequence available"  # says gffread when no name of a sequence is the genome's


@dataclass(frozen=True)
class TranscriptomeAlignments:
    """Alignments to transcripts in the order of reads, the transcripts' FASTA, and how to quantify them."""

    bam: Path
    transcripts: Path
    paired: bool
    threads: int = 1
    bootstraps: int = 0
    extra_args: str = ""


def extract_transcripts(genome: Path, exons: Path, target: Path) -> None:
    """Write the sequences of the transcripts of exons.gtf from a plain FASTA, under the names STAR gives."""
    target.parent.mkdir(parents=True, exist_ok=True)
    run_tool(["gffread", str(exons), "-g", str(genome), "-w", str(target)], may_fail_with=NO_SEQUENCE)
    if not target.is_file() or not target.stat().st_size:
        what = "no transcript could be extracted"
        raise InputError(Problem(what, "give genome and annotation that name sequences alike", genome.name))
    with target.open("rb") as fasta:
        fasta.seek(-1, os.SEEK_END)
        if fasta.read() != b"\n":
            raise ToolError(f"gffread ended well but left {target.name} incomplete; is the disk full?")


def quantify_transcriptome(alignments: TranscriptomeAlignments, strandedness: str, folder: Path) -> float:
    """Quantify into `folder`, made anew; the fragments that Salmon gave to transcripts.

    The folder does not exist afterwards when there are too few. The strandedness is told: with library type
    A Salmon takes alignments as unstranded, whatever they are.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if not _has_records(alignments.bam):
        return 0.0
    folder.parent.mkdir(parents=True, exist_ok=True)
    letters = LIBRARY_TYPES[strandedness][alignments.paired]
    command = ["salmon", "--no-version-check", "quant", "--libType", letters]
    command += ["--alignments", str(alignments.bam), "--targets", str(alignments.transcripts)]
    command += ["--output", str(folder), "--threads", str(alignments.threads)]
    command += ["--numBootstraps", str(alignments.bootstraps)] if alignments.bootstraps else []
    done = run_tool([*command, *shlex.split(alignments.extra_args)], may_fail_with=TOO_FEW_OR_NONE)
    if done.returncode == 0:
        check_quant_table(folder)
    table = folder / "quant.sf"
    given = _assigned(table) if table.is_file() else 0.0
    if done.returncode != 0:
        shutil.rmtree(folder)
    return given


def probe_strandedness(alignments: TranscriptomeAlignments, scratch: Path) -> tuple[str, float]:
    """The strandedness that Salmon sees, and the share of forward fragments; scratch files go to `scratch`.

    Salmon does not count strands of alignments (it writes no lib_format_counts.json), but drops fragments
    that do not agree with its library type: the first ones are given to it as forward and as reverse.
    """
    head = scratch / "probe.bam"
    copy_first_fragments(alignments.bam, head, PROBED_FRAGMENTS)
    probe = replace(alignments, bam=head, bootstraps=0, extra_args="--minAssignedFrags 1")
    forward, reverse = (
        round(quantify_transcriptome(probe, strand, scratch / f"probe_{strand}"))
        for strand in ("forward", "reverse")
    )
    return judge_strandedness(forward, reverse)


def copy_first_fragments(bam: Path, target: Path, fragments: int) -> None:
    """Write the records of the first fragments of a BAM whose records come by fragment."""
    import pysam

    with (
        pysam.AlignmentFile(str(bam), check_sq=False) as source,
        pysam.AlignmentFile(str(target), "wb", template=source) as out,
    ):
        seen, name = 0, None
        for record in source:
            if record.query_name != name:
                name, seen = record.query_name, seen + 1
            if seen > fragments:
                break
            out.write(record)


def _has_records(bam: Path) -> bool:
    import pysam

    with pysam.AlignmentFile(str(bam), check_sq=False) as source:
        return next(iter(source), None) is not None


def _assigned(quant: Path) -> float:
    """Fragments in all transcripts of a quant.sf. (The image of this step has no pyarrow.)"""
    header, *rows = quant.read_text().splitlines()
    place = header.split("\t").index("NumReads")
    return sum(float(row.split("\t")[place]) for row in rows)
