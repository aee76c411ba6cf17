"""What was done to reads, alignments and Salmon's folders, as the report's Methods say it."""

from __future__ import annotations

from rxpress.report.results import Results
from rxpress.report.step import Step

ALIGNERS = {"star": "STAR", "hisat2": "HISAT2"}
QUANTIFIERS = {"featurecounts": "featureCounts", "htseq": "HTSeq", "salmon": "Salmon"}
RULES = {"featurecounts": "", "htseq": " (union of exons)"}  # of those that count alignments


def read_steps(results: Results) -> list[Step]:
    """What was done to reads and to Salmon's folders, if there were any."""
    of_reads = [status for status in results.statuses if status["sample"] not in results.bam_samples]
    return [
        *(_trimming(results) if of_reads else []),
        *_mapping(results, bool(of_reads)),
        *_counting(results),
        *_summing(results),
    ]


def _trimming(results: Results) -> list[Step]:
    asked, version = results.parameters, results.tool_version
    steps = []
    if not asked.get("skip_fastqc"):
        steps.append(Step(f"Raw reads were examined with FastQC{version('fastqc')}", ("fastqc",)))
    if not asked.get("skip_trimming"):
        steps.append(Step(f"Adapters and poor reads were removed with fastp{version('fastp')}", ("fastp",)))
    return steps


def _mapping(results: Results, of_reads: bool) -> list[Step]:
    asked, version = results.parameters, results.tool_version
    aligner = str(asked.get("aligner") or "none")
    if of_reads and aligner in ALIGNERS:
        by = f"{ALIGNERS[aligner]}{version(aligner)}"
        text = f"Reads were aligned to the genome with {by}, which knew the splice sites of the annotation"
        text += f", and sorted with SAMtools{version('samtools')}"
        return [Step(text, (aligner, "samtools"))]
    if of_reads:
        decoy = ", the genome serving as decoy" if asked.get("genome") else ""
        return [Step(f"Transcripts were quantified with Salmon{version('salmon')}{decoy}", ("salmon",))]
    return []


def _counting(results: Results) -> list[Step]:
    """How alignments were counted, by whatever did so."""
    version = results.tool_version
    used = dict.fromkeys(str(status.get("quantifier") or "") for status in results.statuses)
    steps = [
        Step(
            f"Fragments in exons of one gene were counted by {QUANTIFIERS[name]}{RULES[name]}{version(name)}",
            (name,),
        )
        for name in used
        if name in RULES
    ]
    if "salmon" in used:
        text = f"Alignments to transcripts were quantified with Salmon{version('salmon')}"
        steps.append(Step(text, ("salmon",)))
    return steps


def _summing(results: Results) -> list[Step]:
    if not results.has_transcripts:
        return []
    scaled = results.parameters.get("length_correction") != "none"
    how = "scaled by mean transcript length (lengthScaledTPM)" if scaled else "not corrected for length"
    return [Step(f"Transcripts were summed to genes as tximport does; counts were {how}", ("tximport",))]
