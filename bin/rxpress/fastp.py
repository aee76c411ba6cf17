"""fastp driven by subprocess: the FASTQ files of a sample in, one file per mate to be mapped out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rxpress.errors import Problem, ToolError
from rxpress.programs import read_tool_json, run_tool
from rxpress.reads import BrokenReadsError, check_sample, examine_files, join_lanes

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
class TrimOptions:
    """How to trim: threads, whether fastp reports only, options of the user, whether to pack what is kept."""

    threads: int = 1
    skip_trimming: bool = False
    extra_args: str = ""
    packed: bool = True


@dataclass(frozen=True)
class PreparedReads:
    """Fragments of a sample before and after trimming, its files, and why it cannot be used ('' if it can).

    inputs : path, size and sha256 of each file.
    """

    inputs: tuple[Mapping[str, Any], ...]
    reads_raw: int = 0
    reads: int = 0
    reason: str = ""


def missing_files(reads: SampleReads) -> list[Problem]:
    """The files of a sample that are not there, and mates without a partner."""
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
    return problems


def prepare_reads(
    reads: SampleReads, options: TrimOptions, folder: Path, report: Path
) -> tuple[list[Path], PreparedReads]:
    """Examine, join and trim the files of a sample; one file per mate, in `folder`, and what was found.

    Reads that cannot be used have a reason and no files. fastp's reports go to `report`.
    """
    joined, found = find_reads(reads, options.threads, folder)
    if found.reason:
        return [], found
    trimmed, found = trim_reads(reads.sample, joined, found, options, report)
    return ([], found) if found.reason else (trimmed, found)


def find_reads(reads: SampleReads, threads: int, folder: Path) -> tuple[list[Path], PreparedReads]:
    """Examine the files of a sample and join its lanes: one file per mate, in `folder`, none where broken."""
    files = examine_files([path for lanes in reads.mates for path in lanes], threads)
    per_mate = len(reads.mates[0])
    examined = [files[i : i + per_mate] for i in range(0, len(files), per_mate)]
    inputs = tuple({"path": f.path.name, "size": f.size, "sha256": f.sha256} for f in files)
    found = PreparedReads(inputs)
    try:
        fragments = check_sample(examined)
    except BrokenReadsError as broken:
        return [], replace(found, reason=str(broken))
    joined = [join_lanes(lanes, folder / f"{reads.sample}_{i}") for i, lanes in enumerate(examined, start=1)]
    return joined, replace(found, reads_raw=fragments, reads=fragments)


def trim_reads(
    sample: str, mates: Sequence[Path], found: PreparedReads, options: TrimOptions, report: Path
) -> tuple[list[Path], PreparedReads]:
    """Run fastp on one file per mate; the files to map (beside the input), and how many fragments are left.

    The reports are `report`/<sample>.fastp.json and .html. Without trimming fastp only reports.
    """
    suffix = ".fastq.gz" if options.packed else ".fastq"
    names = [f"{sample}_trimmed_{i}{suffix}" for i, _ in enumerate(mates, start=1)]
    trimmed = list(mates) if options.skip_trimming else [mates[0].with_name(name) for name in names]
    targets = [word for i, path in enumerate(trimmed, start=1) for word in (f"--out{i}", str(path))]
    targets += ["--compression", "1"]
    run_tool(fastp_command(sample, mates, [] if options.skip_trimming else targets, options, report))
    kept = count_kept(sample, mates, found, options, report)
    lost = [path.name for path in trimmed if kept.reads and not (path.is_file() and path.stat().st_size)]
    if lost:
        raise ToolError(f"fastp ended well but left no reads in {', '.join(lost)}; is the disk full?")
    return trimmed, kept


def fastp_command(
    sample: str, mates: Sequence[Path], targets: Sequence[str], options: TrimOptions, report: Path
) -> list[str]:
    """The command that trims a sample; its reads go where `targets`, options of fastp, say, if anywhere."""
    report.mkdir(parents=True, exist_ok=True)
    page, data = _reports(sample, report)
    # What an attempt before has left must not be taken for what this one writes.
    for left in (page, data):
        left.unlink(missing_ok=True)
    command = ["fastp", "--json", str(data), "--html", str(page), "--report_title", sample]
    command += ["--thread", str(min(options.threads, FASTP_MOST_THREADS))]
    command += [word for i, path in enumerate(mates, start=1) for word in (f"--in{i}", str(path))]
    command += [*targets, *(NO_TRIMMING if options.skip_trimming else ())]
    return [*command, *shlex.split(options.extra_args)]


def _reports(sample: str, folder: Path) -> tuple[Path, Path]:
    return folder / f"{sample}.fastp.html", folder / f"{sample}.fastp.json"


def count_kept(
    sample: str, mates: Sequence[Path], found: PreparedReads, options: TrimOptions, report: Path
) -> PreparedReads:
    """`found` with the fragments that fastp's report says are left; a reason when none are.

    ToolError when the reports are not whole, or fastp has not read all there was.
    """
    page, data = _reports(sample, report)
    if not page.is_file() or not page.read_bytes().rstrip().endswith(b"</html>"):
        raise ToolError(f"fastp ended well but left no whole {page.name}; is the disk full?")
    told = read_tool_json("fastp", data)
    try:
        before, after = (
            told["summary"][when]["total_reads"] // len(mates)
            for when in ("before_filtering", "after_filtering")
        )
    except (KeyError, TypeError):
        raise ToolError(f"fastp ended well but left {data} without its counts of reads") from None
    if before != found.reads_raw and "--reads_to_process" not in options.extra_args:
        raise ToolError(f"fastp read {before:,} of {found.reads_raw:,} reads of {sample}")
    if after == 0:
        reason = f"none of {found.reads_raw:,} reads is left after trimming"
        return replace(found, reads=0, reason=reason)
    return found if options.skip_trimming else replace(found, reads=after)
