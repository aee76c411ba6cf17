"""Salmon driven by subprocess: the reads of one sample in, a Salmon folder and a status out."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rxpress.alignments.strands import LIBRARY_TYPES, UNSTRANDED_DIFFERENCE, judge_strandedness
from rxpress.errors import InputError, ToolError
from rxpress.fastp import PreparedReads, SampleReads, TrimOptions, missing_files, prepare_reads
from rxpress.programs import read_tool_json, run_tool
from rxpress.reads import copy_first_reads
from rxpress.salmon_index import check_salmon_index

PROBED_FRAGMENTS = 100_000
QUANT_COLUMNS = 5


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

    Reads that cannot be used are told in the status. Raises InputError for files that are not there and
    ToolError when fastp or Salmon break.
    """
    problems = missing_files(reads) + check_salmon_index(options.index)
    if problems:
        raise InputError(*problems)
    with TemporaryDirectory(prefix="reads_", dir=Path.cwd()) as name:
        folder = Path(name)
        trimmed, found = prepare_reads(reads, options.trimming, folder, outdir / "fastp")
        status = _new_status(reads, found)
        if found.reason:
            return status
        library_type = LIBRARY_TYPES[reads.strandedness][reads.paired]
        mapped = run_salmon(trimmed, library_type, options, outdir / "salmon" / reads.sample)
        orientations = mapped.orientations or {}
        if mapped.processed != found.reads:
            shutil.rmtree(outdir / "salmon" / reads.sample, ignore_errors=True)
            told = f"Salmon read {mapped.processed:,} of the {found.reads:,} reads that fastp kept"
            raise ToolError(f"{reads.sample}: {told}; run again with -resume")
        if may_contradict(reads.strandedness, mapped):
            orientations = probe_orientations(trimmed, options, folder)
    return _describe(status, mapped, orientations, reads.paired)


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


def run_salmon(
    mates: Sequence[Path], library_type: str, options: QuantifyOptions, folder: Path
) -> MappedReads:
    """Quantify reads into `folder`, made anew; it does not exist afterwards when too few reads map."""
    shutil.rmtree(folder, ignore_errors=True)
    command = ["salmon", "--no-version-check", "quant", "--libType", library_type]
    command += ["--index", str(options.index), "--threads", str(options.threads), "--output", str(folder)]
    command += _mate_arguments(mates)
    if options.bootstraps:
        command += ["--numBootstraps", str(options.bootstraps)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = run_tool([*command, *shlex.split(options.extra_salmon_args)], may_fail_with="--minAssignedFrags")
    mapped = read_mapped_reads(folder)
    if done.returncode != 0:
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


def _mate_arguments(mates: Sequence[Path]) -> list[str]:
    options = ["--unmatedReads"] if len(mates) == 1 else ["--mates1", "--mates2"]
    return [word for option, path in zip(options, mates, strict=True) for word in (option, str(path))]


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
