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
    """How to trim: threads, whether fastp reports only, and what the user adds to its defaults."""

    threads: int = 1
    skip_trimming: bool = False
    extra_args: str = ""


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
    files = examine_files([path for lanes in reads.mates for path in lanes], options.threads)
    per_mate = len(reads.mates[0])
    examined = [files[i : i + per_mate] for i in range(0, len(files), per_mate)]
    inputs = tuple({"path": f.path.name, "size": f.size, "sha256": f.sha256} for f in files)
    found = PreparedReads(inputs)
    try:
        found = replace(found, reads_raw=check_sample(examined))
    except BrokenReadsError as broken:
        return [], replace(found, reason=str(broken))
    joined = [join_lanes(lanes, folder / f"{reads.sample}_{i}") for i, lanes in enumerate(examined, start=1)]
    trimmed, kept = trim_reads(reads.sample, joined, found.reads_raw, options, report)
    if kept == 0:
        return [], replace(found, reason=f"none of {found.reads_raw:,} reads is left after trimming")
    return trimmed, replace(found, reads=kept)


def trim_reads(
    sample: str, mates: Sequence[Path], fragments: int, options: TrimOptions, report: Path
) -> tuple[list[Path], int]:
    """Run fastp on one file per mate; return the files to map (beside the input) and how many fragments.

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
    # What an attempt before has left must not be taken for what this one writes.
    for left in (page, data):
        left.unlink(missing_ok=True)
    run_tool([*command, *shlex.split(options.extra_args)])
    if not page.is_file() or not page.read_bytes().rstrip().endswith(b"</html>"):
        raise ToolError(f"fastp ended well but left no whole {page.name}; is the disk full?")
    summary = read_tool_json("fastp", data)["summary"]
    before, after = (
        summary[when]["total_reads"] // len(mates) for when in ("before_filtering", "after_filtering")
    )
    if before != fragments and "--reads_to_process" not in options.extra_args:
        raise ToolError(f"fastp read {before:,} of {fragments:,} reads of {sample}")
    lost = [path.name for path in trimmed if after and not (path.is_file() and path.stat().st_size)]
    if lost:
        raise ToolError(f"fastp ended well but left no reads in {', '.join(lost)}; is the disk full?")
    return trimmed, fragments if options.skip_trimming else after
