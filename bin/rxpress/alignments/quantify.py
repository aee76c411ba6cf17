"""What a sample's alignments amount to: their quality, fragments per gene or transcript, and a status."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rxpress.alignments.counters import (
    CounterOptions,
    Library,
    run_featurecounts,
    run_htseq,
    write_counts,
    write_featurecounts_summary,
    write_htseq_output,
)
from rxpress.alignments.exons import read_exons
from rxpress.alignments.gene_models import GeneModels
from rxpress.alignments.quality import AlignmentQuality, describe_missing, examine_alignments
from rxpress.alignments.salmon_alignments import (
    TranscriptomeAlignments,
    probe_strandedness,
    quantify_transcriptome,
)
from rxpress.alignments.sorted_bam import check_whole
from rxpress.alignments.strands import LIBRARY_TYPES
from rxpress.errors import InputError, Problem
from rxpress.salmon import SampleStatus, describe_contradiction
from rxpress.tables import read_json, write_json

QUANTIFIERS = ("salmon", "htseq", "featurecounts")


@dataclass(frozen=True)
class SampleAlignments:
    """A sample's BAM files on the genome, and what else is known of it.

    transcriptome_bam : STAR's alignments to transcripts; reads : reads.json of align_reads.py.
    """

    sample: str
    bams: tuple[Path, ...]
    strandedness: str = "auto"
    transcriptome_bam: Path | None = None
    reads: Path | None = None


@dataclass(frozen=True)
class AlignmentOptions:
    """How to quantify; transcripts : the FASTA that Salmon needs; extra_args go to the quantifier."""

    quantifier: str
    exons: Path
    transcripts: Path | None = None
    threads: int = 1
    bootstraps: int = 0
    extra_args: str = ""


@dataclass(frozen=True)
class AlignedStatus(SampleStatus):
    """The status of a sample whose reads were aligned to the genome.

    `strandedness_alignments` : what they show; `strandedness_salmon` : what Salmon sees (None: it did not
    run); `strandedness_used` : declared, else the alignments', else Salmon's, else unstranded.
    """

    quantifier: str = ""
    strandedness_alignments: str | None = None
    strandedness_salmon: str | None = None
    strandedness_used: str | None = None


def quantify_alignment(
    alignments: SampleAlignments, options: AlignmentOptions, outdir: Path
) -> AlignedStatus:
    """Examine and quantify a sample into `outdir`; what became of it.

    Writes alignments/quality/<sample>.json and, unless too few fragments lie in genes, counts/<sample>.tsv
    with the counter's own words, or salmon/<sample>. A damaged BAM is told in the status. InputError for
    files that are not there, ToolError when a program breaks.
    """
    known = read_json(alignments.reads) if alignments.reads else {}
    status = _new_status(alignments, known, options.quantifier)
    if status.reason:
        return status
    _check_files(alignments, options)
    models = read_exons(options.exons)
    try:
        quality = examine_alignments(alignments.bams, models)
    except InputError as damaged:
        return replace(status, reason=str(damaged).replace("\n", "; "))
    write_json(quality.as_json(), outdir / "alignment_quality" / f"{alignments.sample}.json")
    status = _with_quality(status, quality, known)
    if status.reason:
        return status
    with TemporaryDirectory(prefix="counts_", dir=Path.cwd()) as name:
        if options.quantifier == "salmon":
            return _quantify_by_salmon(alignments, options, status, quality, Path(name), outdir)
        return _count(alignments, options, status, quality, models, Path(name), outdir)


def _check_files(alignments: SampleAlignments, options: AlignmentOptions) -> None:
    problems = []
    if not alignments.bams:
        problems.append(Problem(f"{alignments.sample}: no BAM", "give the sample's alignments"))
    needed = [*alignments.bams, options.exons]
    if options.quantifier == "salmon":
        for path, what in (
            (alignments.transcriptome_bam, "STAR's alignments to transcripts"),
            (options.transcripts, "the transcripts' FASTA"),
        ):
            if path is None:
                fix = "give them, or quantify by featureCounts or HTSeq"
                problems.append(Problem(f"{alignments.sample}: Salmon needs {what}", fix))
            else:
                needed.append(path)
    problems += [Problem("does not exist", "check the path", str(p)) for p in needed if not p.is_file()]
    if problems:
        raise InputError(*problems)


def _new_status(alignments: SampleAlignments, known: Mapping[str, Any], quantifier: str) -> AlignedStatus:
    inputs = known.get("inputs") or [_described(bam) for bam in alignments.bams]
    return AlignedStatus(
        sample=alignments.sample,
        passed=False,
        reason=known.get("reason", ""),
        reads_raw=known.get("reads_raw", 0),
        reads=known.get("reads", 0),
        mapped=0,
        percent_mapped=0.0,
        strandedness_declared=alignments.strandedness,
        library_type="",
        strandedness="",
        compatible_fragment_ratio=None,
        warning="",
        inputs=tuple(inputs),
        quantifier=quantifier,
    )


def _described(bam: Path) -> dict[str, Any]:
    with bam.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": bam.name, "size": bam.stat().st_size, "sha256": digest}


def _with_quality(
    status: AlignedStatus, quality: AlignmentQuality, known: Mapping[str, Any]
) -> AlignedStatus:
    """Reads and strand of a sample; without reads.json its BAM files tell how many there were."""
    reads = status.reads if known else quality.fragments
    found = quality.strandedness
    warnings = [
        describe_contradiction(status.strandedness_declared, found, quality.forward_share),
        describe_missing(quality),
    ]
    return replace(
        status,
        reason="" if quality.mapped_fragments else f"none of {reads:,} reads maps to the genome",
        reads_raw=status.reads_raw if known else reads,
        reads=reads,
        mapped=quality.mapped_fragments,
        percent_mapped=100 * quality.mapped_fragments / reads if reads else 0.0,
        strandedness=found,
        strandedness_alignments=found,
        warning="; ".join(filter(None, warnings)),
    )


def choose_strandedness(declared: str, alignments: str, salmon: str | None = None) -> str:
    """The strandedness to count by: declared, else what alignments show, else Salmon's, else unstranded."""
    candidates = (declared if declared != "auto" else None, alignments, salmon)
    return next((found for found in candidates if found and found != "undetermined"), "unstranded")


def _with_strand(
    status: AlignedStatus, quality: AlignmentQuality, salmon: tuple[str, float] | None = None
) -> AlignedStatus:
    """The status with the strandedness that is used, and a warning when sources disagree or none can tell."""
    declared, found = status.strandedness_declared, quality.strandedness
    used = choose_strandedness(declared, found, salmon[0] if salmon else None)
    warnings = [status.warning]
    if salmon and salmon[0] != found:
        warnings.append(
            f"the alignments are {found} ({100 * quality.forward_share:.1f} % forward), by Salmon they are "
            f"{salmon[0]} ({100 * salmon[1]:.1f} % forward); {used} was used"
        )
    elif declared == "auto" and found == "undetermined":
        warnings.append(
            f"the strandedness could not be told from {quality.judged_fragments:,} fragments "
            f"({100 * quality.forward_share:.1f} % forward); {used} was used: declare it to be sure"
        )
    return replace(
        status,
        library_type=LIBRARY_TYPES[used][quality.paired],
        strandedness_salmon=salmon[0] if salmon else None,
        strandedness_used=used,
        warning="; ".join(filter(None, warnings)),
    )


def _finished(status: AlignedStatus, assigned: float, where: str) -> AlignedStatus:
    if assigned:
        return replace(status, passed=True)
    what = f"of {status.mapped:,} mapped reads none could be given to a {where}"
    return replace(status, reason="; ".join(filter(None, [what, status.warning])))


def _count(
    alignments: SampleAlignments,
    options: AlignmentOptions,
    status: AlignedStatus,
    quality: AlignmentQuality,
    models: GeneModels,
    scratch: Path,
    outdir: Path,
) -> AlignedStatus:
    status = _with_strand(status, quality)
    used = status.strandedness_used or "unstranded"
    sample, genes = alignments.sample, models.gene_ids
    library = Library(sample, alignments.bams, quality.paired, quality.sort_order, used)
    run = run_htseq if options.quantifier == "htseq" else run_featurecounts
    counted = run(library, options.exons, genes, CounterOptions(options.threads, options.extra_args), scratch)
    folder = outdir / "counts"
    if options.quantifier == "htseq":
        write_htseq_output(genes, counted, folder / f"{sample}.htseq.txt")
    else:
        write_featurecounts_summary(sample, counted, folder / f"{sample}.featureCounts.txt.summary")
    status = _finished(status, counted.counts.sum(), "gene")
    if status.passed:
        write_counts(genes, counted.counts, folder / f"{sample}.tsv")
    return status


def _quantify_by_salmon(
    alignments: SampleAlignments,
    options: AlignmentOptions,
    status: AlignedStatus,
    quality: AlignmentQuality,
    scratch: Path,
    outdir: Path,
) -> AlignedStatus:
    assert alignments.transcriptome_bam
    assert options.transcripts
    check_whole(alignments.transcriptome_bam)
    transcriptome = TranscriptomeAlignments(
        alignments.transcriptome_bam,
        options.transcripts,
        quality.paired,
        options.threads,
        options.bootstraps,
        options.extra_args,
    )
    status = _with_strand(status, quality, probe_strandedness(transcriptome, scratch))
    used = status.strandedness_used or "unstranded"
    assigned = quantify_transcriptome(transcriptome, used, outdir / "salmon" / alignments.sample)
    return _finished(status, assigned, "transcript")
