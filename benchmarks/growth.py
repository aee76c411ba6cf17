#!/usr/bin/env python3
"""How the whole run grows with its samples; and how fast Nextflow passes tasks on, here and on Slurm.

    .venv/bin/python benchmarks/growth.py [--samples 12 48 192] [--pairs 20000] [--outdir DIR]
    .venv/bin/python benchmarks/growth.py --stub 1000 [--executors local slurm] [--outdir DIR]

Made studies of ever more replicates of equal depth. The exponent is the slope of log time on log reads. With
--stub every task but the check of inputs is empty: what is left is Nextflow's own work.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from measured import ROOT, read_trace, run_nextflow

sys.path[:0] = [str(ROOT / part) for part in ("tests", "tests/data", "bin")]
from cluster.slurm import run_cluster  # noqa: E402
from demo_study.output import make_study  # noqa: E402
from demo_study.study import FULL, TREATMENTS  # noqa: E402
from input_files import fastq  # noqa: E402

LINES = (FULL.lines[0], FULL.lines[2])


def run_study(folder: Path, samples: int, pairs: int, genes: int) -> tuple[float, float]:
    """Seconds of a run from reads, and peak MB of Nextflow itself."""
    study = folder / "study"
    settings = replace(
        FULL, lines=LINES, replicates=samples // (len(LINES) * 2), other_genes=genes, pairs=pairs
    )
    make_study(study, settings)
    options: list[object] = [
        "--input",
        study / "samplesheet.csv",
        "--transcripts",
        study / "transcripts.fa.gz",
    ]
    options += ["--gtf", study / "annotation.gtf.gz", "--drug", "bortezomib", "--outdir", "results"]
    return run_nextflow(options, folder)


def run_stub(folder: Path, samples: int, executor: str) -> tuple[float, float]:
    """Seconds of a stub run on an executor, and peak MB of Nextflow itself."""
    reads = folder / "reads"
    reads.mkdir(parents=True)
    with (folder / "sheet.csv").open("w", encoding="utf-8", newline="") as lines:
        sheet = csv.writer(lines)
        sheet.writerow(["sample", "fastq_1", "treatment", "cell_line"])
        for i in range(samples):
            path = reads / f"S{i}.fastq"
            path.write_bytes(fastq())
            sheet.writerow([f"S{i}", path, TREATMENTS[i % 2], LINES[i // 2 % 2].name])
    options: list[object] = [
        "-stub-run",
        "-profile",
        "slurm" if executor == "slurm" else "standard",
        "--outdir",
        "results",
    ]
    options += ["--input", folder / "sheet.csv", "--drug", "bortezomib"]
    small = ROOT / "tests" / "data" / "small"
    options += ["--transcripts", small / "transcripts.fa.gz", "--gtf", small / "annotation.gtf.gz"]
    if executor == "local":
        return run_nextflow(options, folder)
    with run_cluster() as cluster:
        nodes = folder / "nodes.config"  # as docs/running.md asks of users of clusters
        nodes.write_text(f"process.resourceLimits = [memory: {cluster.memory_mb}.MB]\n")
        return run_nextflow(["-c", nodes, *options], folder, cluster.env)


def exponent(samples: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log seconds on log samples."""
    return float(np.polyfit(np.log(samples), np.log(seconds), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[12, 48, 192], help="multiples of four")
    parser.add_argument("--pairs", type=int, default=20_000, help="read pairs per sample")
    parser.add_argument("--genes", type=int, default=1_000)
    parser.add_argument("--stub", type=int, metavar="SAMPLES", help="only a stub run of so many samples")
    parser.add_argument("--executors", nargs="+", choices=("local", "slurm"), default=["local", "slurm"])
    parser.add_argument("--outdir", type=Path)
    args = parser.parse_args()
    outdir = (args.outdir or Path(tempfile.mkdtemp(prefix="rxpress-growth-"))).resolve()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    walls = []
    for what in args.executors if args.stub else args.samples:
        folder = outdir / str(what)
        folder.mkdir(parents=True)
        if args.stub:
            wall, head = run_stub(folder, args.stub, what)
        else:
            wall, head = run_study(folder, what, args.pairs, args.genes)
        walls.append(wall)
        tasks = Counter(row["status"] for row in read_trace(folder / "results"))
        print(f"{what}: {wall:.0f} s, Nextflow itself {head:.0f} MB, tasks {dict(tasks)}", flush=True)
    if not args.stub and len(walls) > 1:
        print(f"exponent of time against samples of equal depth: {exponent(args.samples, walls):.2f}")
        print(f"between the two largest: {exponent(args.samples[-2:], walls[-2:]):.2f}")


if __name__ == "__main__":
    main()
