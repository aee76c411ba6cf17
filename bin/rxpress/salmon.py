"""Salmon driven by subprocess: the reads of one sample in, a Salmon folder and a status out."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rxpress.alignments.strands import LIBRARY_TYPES, UNSTRANDED_DIFFERENCE, judge_strandedness
from rxpress.errors import InputError, ToolError
from rxpress.fastp import (
    PreparedReads,
    SampleReads,
    TrimOptions,
    count_kept,
    fastp_command,
    find_reads,
    missing_files,
    trim_reads,
)
from rxpress.interleaved import deal_mates
from rxpress.programs import read_tool_json, run_streams, run_tool
from rxpress.reads import copy_first_reads
from rxpress.salmon_index import check_salmon_index

PROBED_FRAGMENTS = 100_000
QUANT_COLUMNS = 5
TOO_FEW = "--minAssignedFrags"  # what Salmon says when too few reads map


@dataclass(frozen=True)
class QuantifyOptions:
    """How to quantify: the Salmon index, threads, and what the user adds to the tools' defaults."""

    index: Path
    threads: int = 1
    bootstraps: int = 0
    skip_trimming: bool = False
    extra_fastp_args: str = ""
    extra_salmon_args: str = ""

    @property
    def trimming(self) -> TrimOptions:
        return TrimOptions(self.threads, self.skip_trimming, self.extra_fastp_args)


@dataclass(frozen=True)
class MappedReads:
    """What Salmon says of a run: fragments, its library type, fragments per orientation (`ISF`, `SR` …)."""

    processed: int
    mapped: int
    library_type: str = ""
    orientations: Mapping[str, int] | None = None
    compatible_fragment_ratio: float | None = None

    @property
    def percent(self) -> float:
        return 100 * self.mapped / self.processed if self.processed else 0.0


@dataclass(frozen=True)
class SampleStatus:
    """What became of a sample; written as status.json. Reads are counted as fragments (a pair is one)."""

    sample: str
    passed: bool
    reason: str
    reads_raw: int
    reads: int
    mapped: int
    percent_mapped: float
    strandedness_declared: str
    library_type: str
    strandedness: str
    compatible_fragment_ratio: float | None
    warning: str
    inputs: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def quantify_sample(reads: SampleReads, options: QuantifyOptions, outdir: Path) -> SampleStatus:
    """Trim and quantify a sample into `outdir`/fastp and `outdir`/salmon/<sample>.

    On one core fastp ends before Salmon begins, plain files between; on several they run together. Reads that
    cannot be used are told in the status. Raises InputError for files that are not there and ToolError when
    fastp or Salmon break.
    """
    problems = missing_files(reads) + check_salmon_index(options.index)
    if problems:
        raise InputError(*problems)
    quants = outdir / "salmon" / reads.sample
    with TemporaryDirectory(prefix="reads_", dir=Path.cwd()) as name:
        scratch = Path(name)
        joined, found = find_reads(reads, options.threads, scratch)
        if found.reason:
            return _new_status(reads, found)
        mapped: MappedReads | None = None
        if options.skip_trimming or options.threads == 1:
            trimming = replace(options.trimming, packed=False)
            probed, found = trim_reads(reads.sample, joined, found, trimming, outdir / "fastp")
            if not found.reason:
                mapped = run_salmon(probed, library_type(reads), options, quants)
        else:
            probed = [scratch / f"first_{i}.fastq" for i, _ in enumerate(joined, start=1)]
            found, mapped = trim_and_map(reads, joined, found, probed, options, outdir)
        status = _new_status(reads, found)
        if mapped is None:
            return status
        if mapped.processed != found.reads:
            shutil.rmtree(quants, ignore_errors=True)
            told = f"Salmon read {mapped.processed:,} of the {found.reads:,} reads that fastp kept"
            raise ToolError(f"{reads.sample}: {told}; run again with -resume")
        orientations = mapped.orientations or {}
        if may_contradict(reads.strandedness, mapped):
            orientations = probe_orientations(probed, options, scratch)
    return _describe(status, mapped, orientations, reads.paired)


def library_type(reads: SampleReads) -> str:
    """Salmon's name of the declared library."""
    return LIBRARY_TYPES[reads.strandedness][reads.paired]


def _new_status(reads: SampleReads, found: PreparedReads) -> SampleStatus:
    return SampleStatus(
        sample=reads.sample,
        passed=False,
        reason=found.reason,
        reads_raw=found.reads_raw,
        reads=found.reads,
        mapped=0,
        percent_mapped=0.0,
        strandedness_declared=reads.strandedness,
        library_type="",
        strandedness="",
        compatible_fragment_ratio=None,
        warning="",
        inputs=found.inputs,
    )


def trim_and_map(
    reads: SampleReads,
    mates: Sequence[Path],
    found: PreparedReads,
    probed: Sequence[Path],
    options: QuantifyOptions,
    outdir: Path,
) -> tuple[PreparedReads, MappedReads | None]:
    """Let fastp write into Salmon, no file between them: fragments kept, and what Salmon says of them.

    The first fragments are kept in `probed`. Salmon is killed, and so leaves nothing, unless fastp ended well
    and every fragment that it says it kept has arrived; when it kept none there is a reason and no mapping.
    """
    fastp_threads = max(1, options.threads // 3)
    trimming = replace(options.trimming, threads=fastp_threads)
    mapping = replace(options, threads=max(1, options.threads - fastp_threads))
    quants, report = outdir / "salmon" / reads.sample, outdir / "fastp"
    fastp = fastp_command(reads.sample, mates, ["--stdout"], trimming, report)
    with ExitStack() as stack:
        unfinished = stack.enter_context(ExitStack())
        unfinished.callback(shutil.rmtree, quants, ignore_errors=True)
        heads = [stack.enter_context(path.open("wb")) for path in probed]
        streams = stack.enter_context(
            run_streams(
                fastp, lambda paths: salmon_command(paths, library_type(reads), mapping, quants), len(mates)
            )
        )
        dealt = 0
        with suppress(BrokenPipeError):  # Salmon has gone; the next line says why
            dealt = deal_mates(streams.source, streams.targets, heads, PROBED_FRAGMENTS)
        streams.end_of_writer()
        kept = count_kept(reads.sample, mates, found, trimming, report)
        if dealt != kept.reads:
            told = f"fastp kept {kept.reads:,} reads of {reads.sample} but wrote {dealt:,}"
            raise ToolError(f"{told}; run again with -resume")
        if kept.reason:
            return kept, None
        mapped = read_result(quants, streams.finish(TOO_FEW))
        unfinished.pop_all()
        return kept, mapped


def run_salmon(mates: Sequence[Path], library: str, options: QuantifyOptions, folder: Path) -> MappedReads:
    """Quantify reads into `folder`, made anew; it does not exist afterwards when too few reads map."""
    command = salmon_command(list(map(str, mates)), library, options, folder)
    return read_result(folder, run_tool(command, may_fail_with=TOO_FEW).returncode)


def salmon_command(mates: Sequence[str], library: str, options: QuantifyOptions, folder: Path) -> list[str]:
    """The command that quantifies reads into `folder`, which is cleared."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = ["salmon", "--no-version-check", "quant", "--libType", library]
    command += ["--index", str(options.index), "--threads", str(options.threads), "--output", str(folder)]
    names = ["--unmatedReads"] if len(mates) == 1 else ["--mates1", "--mates2"]
    command += [word for option, path in zip(names, mates, strict=True) for word in (option, path)]
    if options.bootstraps:
        command += ["--numBootstraps", str(options.bootstraps)]
    return [*command, *shlex.split(options.extra_salmon_args)]


def read_result(folder: Path, returncode: int) -> MappedReads:
    """What Salmon says of a run that ended; its folder goes when too few reads mapped."""
    mapped = read_mapped_reads(folder)
    if returncode != 0:
        shutil.rmtree(folder)
    else:
        check_quant_table(folder)
    return mapped


def check_quant_table(folder: Path) -> None:
    """ToolError when quant.sf is not whole: a line for each transcript that meta_info.json counts."""
    table = folder / "quant.sf"
    lines = table.read_bytes().splitlines(keepends=True) if table.is_file() else []
    expected = read_tool_json("salmon", folder / "aux_info" / "meta_info.json")["num_valid_targets"]
    whole = all(line.count(b"\t") == QUANT_COLUMNS - 1 and line.endswith(b"\n") for line in lines)
    if len(lines) != expected + 1 or not whole:
        found = f"{max(len(lines) - 1, 0):,} of {expected:,} transcripts"
        raise ToolError(f"salmon left {table} incomplete: {found}; is the disk full?")


def read_mapped_reads(folder: Path) -> MappedReads:
    """Read a Salmon folder's own account of its run; the library counts are missing when nothing mapped."""
    info = read_tool_json("salmon", folder / "aux_info" / "meta_info.json")
    counted = folder / "lib_format_counts.json"
    counts = read_tool_json("salmon", counted) if counted.is_file() else {}
    return MappedReads(
        processed=info["num_processed"],
        mapped=info["num_mapped"],
        library_type=counts.get("expected_format", ""),
        orientations={key: n for key, n in counts.items() if key[-2:] in ("SF", "SR")},
        compatible_fragment_ratio=counts.get("compatible_fragment_ratio"),
    )


def may_contradict(declared: str, mapped: MappedReads) -> bool:
    """Whether the reads might contradict a declared strand; if so, only a probe can tell.

    Salmon drops the fragments of the other strand and does not count them. When more of all fragments lie
    on the declared strand than an unstranded library could have there, nothing contradicts it.
    """
    return declared in ("forward", "reverse") and mapped.percent < 50 * (1 + UNSTRANDED_DIFFERENCE)


def probe_orientations(mates: Sequence[Path], options: QuantifyOptions, folder: Path) -> Mapping[str, int]:
    """Fragments per orientation among the first ones, mapped as unstranded; scratch files go to `folder`."""
    heads = [folder / f"probe_{i}.fastq" for i, _ in enumerate(mates)]
    for path, head in zip(mates, heads, strict=True):
        copy_first_reads(path, head, PROBED_FRAGMENTS)
    plain = replace(options, bootstraps=0, extra_salmon_args="")
    unstranded = LIBRARY_TYPES["unstranded"][len(mates) == 2]
    return run_salmon(heads, unstranded, plain, folder / "probe").orientations or {}


def infer_strandedness(orientations: Mapping[str, int], paired: bool) -> tuple[str, float]:
    """`forward`, `reverse`, `unstranded` or `undetermined`, and the share of fragments on the forward strand.

    Pairs decide for paired libraries: Salmon names an orphan by its own strand, whichever mate it is.
    """
    keys = ("ISF", "OSF", "MSF") if paired else ("SF",)
    forward = sum(orientations.get(key, 0) for key in keys)
    reverse = sum(orientations.get(key[:-1] + "R", 0) for key in keys)
    return judge_strandedness(forward, reverse)


def _describe(
    status: SampleStatus, mapped: MappedReads, orientations: Mapping[str, int], paired: bool
) -> SampleStatus:
    """The status of a sample that Salmon has seen; without a library type nothing could be quantified."""
    declared = status.strandedness_declared
    found, share = infer_strandedness(orientations, paired)
    warning = describe_contradiction(declared, found, share)
    passed = bool(mapped.library_type)
    reason = f"{mapped.mapped:,} of {mapped.processed:,} reads map to the transcripts, too few to quantify"
    return replace(
        status,
        passed=passed,
        reason="" if passed else "; ".join(filter(None, [reason, warning])),
        mapped=mapped.mapped,
        percent_mapped=mapped.percent,
        library_type=mapped.library_type,
        strandedness=found,
        compatible_fragment_ratio=mapped.compatible_fragment_ratio,
        warning=warning,
    )


def describe_contradiction(declared: str, found: str, share: float) -> str:
    """A warning when reads are of another strandedness than declared; share : of fragments, those forward."""
    if declared == "auto" or found in (declared, "undetermined"):
        return ""
    return (
        f"declared {declared}, but the reads are {found} ({100 * share:.1f} % forward); "
        "correct the column 'strandedness' or leave it out"
    )
