"""Alignments before anything rests on them: the route, BAM files, indexes, and the memory of aligners."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection

from rxpress.alignments.bam import END_OF_FILE, MAGIC
from rxpress.alignments.memory import AlignerMemory, memory_for_genome, memory_of_star_index
from rxpress.alignments.star import EXONS_DIGEST
from rxpress.checking.alignment_route import COUNTERS, SALMON, Route, choose_route
from rxpress.checking.assay_checks import BAM, READS
from rxpress.checking.inputs import Inputs, References
from rxpress.checking.peek import INDEX_FILES, Peek
from rxpress.errors import Problems
from rxpress.reads import GZIP_MAGIC
from rxpress.samplesheet import Row, by_study
from rxpress.sequences import foreign_format

SEQUENCE_NAME = re.compile(rb"^@SQ\t(?:[^\n]*\t)?SN:([^\t\n]+)", re.MULTILINE)


def check_alignments(inputs: Inputs, problems: Problems) -> None:
    """The route that is asked for, the BAM files, and ready indexes."""
    route, sources = choose_route(inputs.params), set(inputs.sources.values())
    _check_route(route, sources, inputs, problems)
    _check_studies(route, inputs, problems)
    _check_indexes(inputs, problems)
    for row in inputs.sheet.rows:
        _check_bam(inputs, row, problems)


def _check_route(route: Route, sources: Collection[str], inputs: Inputs, problems: Problems) -> None:
    """Aligner and quantifier go together, and references that they need are given."""
    params, reads, bams = inputs.params, READS in sources, BAM in sources
    annotation = params["gtf"] or params["gff"]
    if reads and not route.aligned and route.reads in COUNTERS and not bams:
        what = f"{route.reads} counts alignments, and reads are not aligned"
        problems.add(what, "add --aligner star or hisat2", "--quantifier")
    elif reads and not route.aligned and route.reads in COUNTERS:
        what = "reads beside BAM files are not aligned"
        problems.add(what, f"add --aligner star or hisat2, to count both by {route.bam}", "--aligner")
    if route.aligner == "hisat2" and route.reads == SALMON:
        what = "Salmon needs alignments to transcripts, which HISAT2 does not give"
        problems.add(what, "use featurecounts or htseq, or --aligner star", "--quantifier")
    if bams and params["quantifier"] == SALMON:
        what = f"BAM files hold alignments to a genome: they are counted by {route.bam}, not by Salmon"
        problems.warn(what, "", "--quantifier")
    if route.aligned and not reads:
        problems.warn("is not used: no sample has reads", "", "--aligner")
    if params["extra_aligner_args"] and not (route.aligned and reads):
        problems.warn("is not used: no reads are aligned", "", "--extra_aligner_args")
    if bams and not annotation:
        fix = "give --gtf or --gff"
        problems.add("is missing: nothing says where the genes of BAM files are", fix, "--gtf")
    if not (reads and route.aligned):
        return
    if not annotation and not bams:
        fix = "give --gtf or --gff"
        problems.add("is missing: aligned reads are counted by the genes of an annotation", fix, "--gtf")
    if not params["genome"] and (route.reads == SALMON or not params[f"{route.aligner}_index"]):
        index = "" if route.reads == SALMON else f", or --{route.aligner}_index"
        fix = f"give --genome{index}"
        problems.add(f"is missing: --aligner {route.aligner} aligns reads to it", fix, "--genome")
    for name in ("transcripts", "salmon_index"):
        if params[name]:
            problems.warn("is not used for reads: they are aligned to the genome", "", f"--{name}")
    if route.reads != SALMON and params["length_correction"] == "offset":
        what = f"offset needs gene lengths, which counts by {route.reads} do not have"
        problems.add(what, "use scaled or none: counts are tested as they are", "--length_correction")


def _check_studies(route: Route, inputs: Inputs, problems: Problems) -> None:
    """One study is one matrix: by one quantifier."""
    for study, samples in by_study(inputs.samples, inputs.schema).items():
        named = {s.name: route.quantifier(inputs.sources[s.name]) for s in samples}
        first = next((name for name in named.values() if name), None)
        for sample in samples:
            own = named[sample.name]
            if own and own != first:
                what = f"sample '{sample.name}' is quantified by {own}, others of study '{study}' by {first}"
                fix = "make two studies of them, or choose --aligner and --quantifier to suit both"
                problems.add(what, fix, inputs.sheet.file, sample.line, "study")
                break


def _check_indexes(inputs: Inputs, problems: Problems) -> None:
    """Ready indexes are what their options say, and serve something."""
    params = inputs.params
    for aligner in ("star", "hisat2"):
        option = f"{aligner}_index"
        if params[option] and params["aligner"] != aligner:
            problems.warn(f"is not used without --aligner {aligner}", "", f"--{option}")
    needed = [name for name in INDEX_FILES["star_index"] if name != EXONS_DIGEST]
    missing = [name for name in needed if _is_missing(inputs.peek("star_index_file", name))]
    if params["star_index"] and missing:
        what = f"'{params['star_index']}' is no STAR index: {', '.join(missing)} not found in it"
        problems.add(what, "make it with STAR --runMode genomeGenerate, or leave it away", "--star_index")
    if params["hisat2_index"] and _is_missing(inputs.peek("hisat2_index_file", "*.1.ht2")):
        what = f"'{params['hisat2_index']}' has no HISAT2 index: no *.1.ht2 or *.1.ht2l in it"
        problems.add(what, "make it with hisat2-build, or leave it away", "--hisat2_index")


def _is_missing(peek: Peek | None) -> bool:
    return peek is not None and peek.kind != "file"


def _check_bam(inputs: Inputs, row: Row, problems: Problems) -> None:
    path = row.cells.get("bam")
    peek = inputs.peek("bam", path) if path else None
    if peek is None:
        return
    fault = peek.fault("file")
    end = inputs.peek("bam_end", str(path))
    cut_off = end is not None and end.kind == "file" and end.head != END_OF_FILE
    if not fault and (what := _foreign(peek.head)):
        fault = f"file '{path}' is {what}, not BAM", "give BAM (`samtools view -b`)"
    elif not fault and cut_off:
        fault = f"file '{path}' is cut off: it lacks the mark at the end of BAM files", "get the file again"
    if fault:
        problems.add(*fault, inputs.sheet.file, row.line, "bam")


def _foreign(head: bytes) -> str:
    """What a file is when it is no BAM; else an empty text."""
    if not head.startswith(GZIP_MAGIC):
        return foreign_format(head) or "some other file"
    text = _inflate_some(head)
    return "" if text.startswith(MAGIC) else foreign_format(text) or "gzip of something else"


def _inflate_some(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head)
    except zlib.error:
        return b""


def sequence_names(head: bytes) -> list[str]:
    """Sequences in the header of a BAM file, as far as its first bytes tell."""
    text = _inflate_some(head)
    return [name.decode(errors="replace") for name in SEQUENCE_NAME.findall(text[: text.rfind(b"\n") + 1])]


def check_bam_sequences(inputs: Inputs, references: References, problems: Problems) -> None:
    """Chromosomes of BAM files must be called as in the annotation."""
    known = references.annotation.sequences if references.annotation else {}
    seen: list[tuple[tuple[str, ...], str, int]] = []
    for sample in inputs.having("bam"):
        for path in sample.paths("bam"):
            peek = inputs.peek("bam", path)
            names = tuple(sequence_names(peek.head)) if peek else ()
            if known and names and not known.keys() & set(names):
                seen.append((names, path, sample.line))
    for names in dict.fromkeys(names for names, _, _ in seen):
        path, line = next((path, line) for alike, path, line in seen if alike == names)
        others = sum(alike == names for alike, _, _ in seen) - 1
        what = f"'{path}'" + (f" and {others} more" if others else "")
        there, here = (", ".join(f"'{name}'" for name in list(some)[:3]) for some in (names, known))
        text = f"{what} has none of the annotation's sequences: it has {there}, the annotation {here}"
        fix = "give the annotation of the genome that the reads were aligned to"
        problems.add(text, fix, inputs.sheet.file, line, "bam")


def memory_for_aligner(inputs: Inputs, references: References) -> AlignerMemory | None:
    """What the aligner needs for its genome or ready index; None when it does not run, or nothing tells."""
    aligner = inputs.params["aligner"]
    if aligner == "none" or READS not in inputs.sources.values():
        return None
    if inputs.params["star_index"] and aligner == "star":
        peeks = {name: inputs.peek("star_index_file", name) for name in INDEX_FILES["star_index"]}
        size = {name: peek.size if peek else 0 for name, peek in peeks.items()}
        return memory_of_star_index(size["Genome"], size["SA"] + size["SAindex"], size[EXONS_DIGEST] > 0)
    if inputs.params[f"{aligner}_index"]:
        return None
    return memory_for_genome(aligner, references.genome) if references.genome else None


def check_memory(aligner: str, needed: AlignerMemory | None, limit: int | None, problems: Problems) -> None:
    """An aligner dies, or the machine does, when it has less memory than it needs.

    limit : bytes a step may use, None where nobody knows.
    """
    if needed is None or limit is None or needed.most <= limit:
        return
    what = f"{aligner} needs {_gigabytes(needed.most)} of memory for this genome"
    what += f", and a step may use {_gigabytes(limit)}"
    others = "hisat2 or none (Salmon alone)" if aligner == "star" else "none (Salmon alone)"
    problems.add(what, f"use {others}, or a machine with more memory", "--aligner")


def describe_memory(aligner: str, needed: AlignerMemory) -> str:
    """What an aligner needs, in words."""
    built = f"{_gigabytes(needed.index)} to make its index, " if needed.index else ""
    return f"--aligner {aligner} takes memory: {built}{_gigabytes(needed.alignment)} to align a sample"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
