"""fastp and Salmon driven by subprocess: the reads of one sample in, a Salmon folder and a status out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rxpress.alignments.strands import LIBRARY_TYPES, UNSTRANDED_DIFFERENCE, judge_strandedness
from rxpress.errors import FAILURE, InputError, Problem, ToolError
from rxpress.reads import (
    BrokenReadsError,
    FastqFile,
    check_sample,
    copy_first_reads,
    examine_files,
    join_lanes,
)
from rxpress.tables import read_json

PROBED_FRAGMENTS = 100_000
FASTP_MOST_THREADS = 16
NO_TRIMMING = (
    "--disable_adapter_trimming",
    "--disable_trim_poly_g",
    "--disable_quality_filtering",
    "--disable_length_filtering",
)


@dataclass(frozen=True)
class SampleReads:
    """The FASTQ files of a sample: one tuple of lanes per mate, and the strandedness the user declared."""

    sample: str
    mates: tuple[tuple[Path, ...], ...]
    strandedness: str = "auto"

    @property
    def paired(self) -> bool:
        return len(self.mates) == 2


@dataclass(frozen=True)
class QuantifyOptions:
    """How to quantify: the Salmon index, threads, and what the user adds to the tools' defaults."""

    index: Path
    threads: int = 1
    bootstraps: int = 0
    skip_trimming: bool = False
    extra_fastp_args: str = ""
    extra_salmon_args: str = ""


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
    _check_files(reads, options.index)
    files = examine_files([path for lanes in reads.mates for path in lanes], options.threads)
    per_mate = len(reads.mates[0])
    examined = [files[i : i + per_mate] for i in range(0, len(files), per_mate)]
    status = _new_status(reads, files)
    try:
        status = replace(status, reads_raw=check_sample(examined))
    except BrokenReadsError as broken:
        return replace(status, reason=str(broken))
    with TemporaryDirectory(prefix="reads_", dir=Path.cwd()) as name:
        folder = Path(name)
        joined = [
            join_lanes(lanes, folder / f"{reads.sample}_{i}") for i, lanes in enumerate(examined, start=1)
        ]
        trimmed, kept = trim_reads(reads.sample, joined, status.reads_raw, options, outdir / "fastp")
        status = replace(status, reads=kept)
        if kept == 0:
            return replace(status, reason=f"none of {status.reads_raw:,} reads is left after trimming")
        library_type = LIBRARY_TYPES[reads.strandedness][reads.paired]
        mapped = run_salmon(trimmed, library_type, options, outdir / "salmon" / reads.sample)
        orientations = mapped.orientations or {}
        if may_contradict(reads.strandedness, mapped):
            orientations = probe_orientations(trimmed, options, folder)
    return _describe(status, mapped, orientations, reads.paired)


def _check_files(reads: SampleReads, index: Path) -> None:
    problems = [
        Problem("does not exist", "check the path", str(path))
        for lanes in reads.mates
        for path in lanes
        if not path.is_file()
    ]
    if len({len(lanes) for lanes in reads.mates}) > 1:
        counts = " and ".join(str(len(lanes)) for lanes in reads.mates)
        problems.append(
            Problem(f"{reads.sample}: {counts} files of the two mates", "give both mates of every lane")
        )
    if not (index / "info.json").is_file():
        problems.append(Problem("is not a Salmon index", "make one with `salmon index`", str(index)))
    if problems:
        raise InputError(*problems)


def _new_status(reads: SampleReads, files: Sequence[FastqFile]) -> SampleStatus:
    inputs = tuple({"path": f.path.name, "size": f.size, "sha256": f.sha256} for f in files)
    return SampleStatus(reads.sample, False, "", 0, 0, 0, 0.0, reads.strandedness, "", "", None, "", inputs)


def trim_reads(
    sample: str, mates: Sequence[Path], fragments: int, options: QuantifyOptions, report: Path
) -> tuple[list[Path], int]:
    """Run fastp on one file per mate; return the files for Salmon (beside the input) and how many fragments.

    The reports are `report`/<sample>.fastp.json and .html. Without trimming fastp only reports.
    """
    report.mkdir(parents=True, exist_ok=True)
    page, data = report / f"{sample}.fastp.html", report / f"{sample}.fastp.json"
    command = ["fastp", "--json", str(data), "--html", str(page), "--report_title", sample]
    command += ["--thread", str(min(options.threads, FASTP_MOST_THREADS))]
    trimmed = list(mates)
    for i, path in enumerate(mates, start=1):
        command += [f"--in{i}", str(path)]
        if not options.skip_trimming:
            trimmed[i - 1] = path.with_name(f"{sample}_trimmed_{i}.fastq.gz")
            command += [f"--out{i}", str(trimmed[i - 1])]
    command += NO_TRIMMING if options.skip_trimming else ["--compression", "1"]
    run_tool([*command, *shlex.split(options.extra_fastp_args)])
    summary = read_json(data)["summary"]
    before, after = (
        summary[when]["total_reads"] // len(mates) for when in ("before_filtering", "after_filtering")
    )
    if before != fragments and "--reads_to_process" not in options.extra_fastp_args:
        raise ToolError(f"fastp read {before:,} of {fragments:,} reads of {sample}")
    return trimmed, fragments if options.skip_trimming else after


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
    return mapped


def _mate_arguments(mates: Sequence[Path]) -> list[str]:
    options = ["--unmatedReads"] if len(mates) == 1 else ["--mates1", "--mates2"]
    return [word for option, path in zip(options, mates, strict=True) for word in (option, str(path))]


def run_tool(command: Sequence[str], may_fail_with: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program and wait for it; ToolError with its first and last words when it fails.

    A failure whose messages contain `may_fail_with` is left to the caller. The locale is C because Salmon
    stops in one that the machine does not have.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode == 0 or (may_fail_with and may_fail_with in done.stderr):
        return done
    said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    if len(said) > 8:
        said = [*said[:2], "…", *said[-5:]]
    what = f"{command[0]} failed with status {done.returncode}:"
    status = 128 - done.returncode if done.returncode < 0 else FAILURE
    raise ToolError("\n  ".join([what, *said, f"command: {shlex.join(command)}"]), status)


def read_mapped_reads(folder: Path) -> MappedReads:
    """Read a Salmon folder's own account of its run; the library counts are missing when nothing mapped."""
    info = read_json(folder / "aux_info" / "meta_info.json")
    counted = folder / "lib_format_counts.json"
    counts = read_json(counted) if counted.is_file() else {}
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
    warning = ""
    if declared != "auto" and found not in (declared, "undetermined"):
        warning = (
            f"declared {declared}, but the reads are {found} ({100 * share:.1f} % forward); "
            "correct the column 'strandedness' or leave it out"
        )
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
