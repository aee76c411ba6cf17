#!/usr/bin/env python3
"""The whole run from reads against its bare tools, and against the way most people do it.

    .venv/bin/python benchmarks/pipeline.py [--pairs 1000000] [--read_length 150] [--turns 3] [--outdir DIR]

floor : FastQC, fastp and Salmon by hand on both cores, then one Python process that merges, tests and calls
MultiQC (pipeline_floor.py). rxpress : `nextflow run`. fastp_scripts, trim_galore_scripts : a tool after the
other, trimmed by fastp or by Trim Galore, R with tximport and DESeq2 for the tests (pipeline_scripts.sh; left
out where Rscript or trim_galore is missing). They take turns, rxpress first; medians are shown.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from measured import ROOT, RXPRESS, Cost, folder_bytes, measure, read_trace

HERE = ROOT / "benchmarks"
sys.path.insert(0, str(ROOT / "tests" / "data"))
from demo_study.output import make_study  # noqa: E402
from demo_study.study import FULL  # noqa: E402

ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
COLUMNS = ("wall s", "CPU s", "peak MB", "left MB", "read MB", "written MB")


@dataclass(frozen=True)
class Turn:
    """What one run took, and the bytes that it left in its folder of work."""

    cost: Cost
    left: int

    def figures(self) -> tuple[float, ...]:
        bytes_ = (self.cost.peak, self.left, self.cost.read, self.cost.written)
        return (self.cost.wall, self.cost.cpu, *(n / 1e6 for n in bytes_))


def made_by_rxpress(folder: Path) -> Path:
    """Results of rxpress beside a way's own folder: the others take the tables of samples, genes from it."""
    return folder.parent / "rxpress" / "results"


def run_floor(study: Path, folder: Path) -> Turn:
    samples = made_by_rxpress(folder) / "inputs" / "samples.tsv"
    cost = measure([sys.executable, HERE / "pipeline_floor.py", study, samples], folder, ENVIRONMENT)
    return Turn(cost, folder_bytes(folder))


def run_rxpress(study: Path, folder: Path) -> Turn:
    references = ("--transcripts", study / "transcripts.fa.gz", "--gtf", study / "annotation.gtf.gz")
    sheet = ("--input", study / "samplesheet.csv", "--drug", "bortezomib")
    command = [*RXPRESS, *sheet, *references, "--outdir", "results"]
    cost = measure(command, folder, ENVIRONMENT)
    trimmed = [path for path in (folder / "work").rglob("*trimmed*") if path.is_file()]
    if trimmed:
        raise RuntimeError(f"trimmed reads outlived their task: {trimmed}")
    return Turn(cost, folder_bytes(folder / "work"))


def run_scripts(trimmer: str, study: Path, folder: Path) -> Turn:
    table = made_by_rxpress(folder) / "expression" / "study" / "tx2gene.tsv"
    command = [HERE / "pipeline_scripts.sh", study, table, HERE / "pipeline_scripts.R", trimmer]
    cost = measure(command, folder, ENVIRONMENT)
    return Turn(cost, folder_bytes(folder))


WAYS: dict[str, Callable[[Path, Path], Turn]] = {
    "rxpress": run_rxpress,
    "floor": run_floor,
    "fastp_scripts": partial(run_scripts, "fastp"),
    "trim_galore_scripts": partial(run_scripts, "trim_galore"),
}
NEEDED = {"fastp_scripts": ("Rscript",), "trim_galore_scripts": ("Rscript", "trim_galore")}


def waiting(folder: Path) -> tuple[float, float]:
    """Seconds from the first words of Nextflow's log to the first task, and from the last task to the end."""
    log = (folder / ".nextflow.log").read_text().splitlines()
    timed = [line for line in log if re.match(r"\w{3}-\d\d \d\d:", line)]
    first = next(line for line in timed if "Submitted process" in line)
    last = next(line for line in reversed(timed) if "Task completed" in line)
    begun, submitted, completed, ended = map(log_time, (timed[0], first, last, timed[-1]))
    return (submitted - begun).total_seconds(), (ended - completed).total_seconds()


def log_time(line: str) -> datetime:
    """The time at the start of a line of Nextflow's log, `Nov-29 08:43:53.123 [main] …`; it names no year."""
    return datetime.strptime(f"2000-{line[:19]}", "%Y-%b-%d %H:%M:%S.%f")


def show_steps(folder: Path) -> None:
    """Every task: when it was submitted, how long it took with and without its start, and its processors."""
    for row in read_trace(folder / "results"):
        print("  ", row["name"], row["submit"], row["duration"], row["realtime"], row["%cpu"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1_000_000, help="read pairs per sample")
    parser.add_argument("--read_length", type=int, default=150)
    parser.add_argument("--genes", type=int, default=9_000, help="some 2.3 transcripts each")
    parser.add_argument("--replicates", type=int, default=3, help="samples are four times as many")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--outdir", type=Path)
    args = parser.parse_args()
    for way, tools in NEEDED.items():
        missing = [tool for tool in tools if not shutil.which(tool)]
        if missing and way in args.ways:
            print(f"no {', '.join(missing)}: {way} is left out")
            args.ways.remove(way)
    outdir = (args.outdir or Path(tempfile.mkdtemp(prefix="rxpress-pipeline-"))).resolve()
    study = outdir / "study"
    lines = (FULL.lines[0], FULL.lines[2])
    settings = replace(
        FULL,
        lines=lines,
        replicates=args.replicates,
        other_genes=args.genes,
        pairs=args.pairs,
        read_length=args.read_length,
    )
    make_study(study, settings)
    os.environ.update(ENVIRONMENT)
    given = folder_bytes(study / "reads")
    reads = f"{args.pairs:,} pairs of 2 × {args.read_length} each"
    print(f"{4 * args.replicates} samples, {reads}, {given / 1e6:,.0f} MB of reads")
    print(f"{'':20}" + "".join(f"{name:>12}" for name in COLUMNS))
    turns: dict[str, list[Turn]] = {way: [] for way in args.ways}
    for _ in range(args.turns):
        for way in args.ways:
            folder = outdir / way
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            turns[way].append(WAYS[way](study, folder))
            print(f"{way:20}" + "".join(f"{n:12,.0f}" for n in turns[way][-1].figures()), flush=True)
    medians = {
        way: [statistics.median(column) for column in zip(*(t.figures() for t in done), strict=True)]
        for way, done in turns.items()
    }
    for way, figures in medians.items():
        print(f"{'median':20}" + "".join(f"{n:12,.0f}" for n in figures), way)
    if {"floor", "rxpress"} <= medians.keys():
        wall, cpu = (medians["rxpress"][i] / medians["floor"][i] for i in (0, 1))
        print(f"rxpress / floor: wall {wall:.2f}, CPU {cpu:.2f}")
        print(f"left in work: {100 * medians['rxpress'][3] * 1e6 / given:.1f} % of the reads' bytes")
    for way in NEEDED:
        if {way, "rxpress"} <= medians.keys():
            print(f"{way} / rxpress: wall {medians[way][0] / medians['rxpress'][0]:.2f}")
    if "rxpress" in medians:
        start, end = waiting(outdir / "rxpress")
        print(f"rxpress: {start:.1f} s to the first task, {end:.1f} s after the last; its steps:")
        show_steps(outdir / "rxpress")


if __name__ == "__main__":
    main()
