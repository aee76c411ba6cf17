"""Merging Salmon folders: rxpress, pytximport and R's tximport on the same made study in the same run.

Every turn is a process of its own that merges a few samples to get warm, then all of them, and says how long
that took; imports and start are not counted. The turns alternate, so that other work on the machine meets all
alike. Seconds of processor are printed too: rxpress uses two threads, its peers one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from made_quants import make_study

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bin"))
from rxpress.tables import read_matrix  # noqa: E402

TRANSCRIPTS, GENES = 200_000, 57_830
TABLES = ("gene_counts", "gene_tpm", "gene_lengths", "gene_counts_scaled", "gene_counts_length_scaled")
WORKS = {
    "memory": "quant.sf → gene counts, TPM, lengths, scaledTPM and lengthScaledTPM counts, in memory",
    "tables": "the same, and all tables written: "
    + ", ".join(f"{name}.tsv" for name in (*TABLES, "tx2gene"))
    + ", expression.h5ad, transcripts.parquet (R: .rds instead of the last two)",
    "bootstraps": "the first, with inferential variance of genes from 20 bootstraps per sample",
}


@dataclass(frozen=True)
class Turn:
    """What a process took: seconds and seconds of processor (as it says itself), its peak of memory in MB."""

    seconds: float
    cpu: float
    megabytes: float
    version: str = ""


def run(command: list[object]) -> Turn:
    """Run a command to its end; RuntimeError when it fails. One that tells no times is timed from outside."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    start = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert process.stdout
    said = dict(line.rstrip("\n").partition(" ")[::2] for line in process.stdout)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"failed: {' '.join(map(str, command[:3]))}")
    seconds = float(said.get("seconds", time.perf_counter() - start))
    cpu = float(said.get("cpu", usage.ru_utime + usage.ru_stime))
    return Turn(seconds, cpu, usage.ru_maxrss * 1024 / 1e6, said.get("version", ""))


def compare(study: Path, work: str, contenders: dict[str, list[object]], repeats: int, out: Path) -> None:
    """Let the contenders do `work` in turn, and print medians and ratios; the first is ours."""
    turns = defaultdict(list)
    for _ in range(repeats):
        for name, command in contenders.items():
            turns[name].append(run([*command, study, work, out / name]))
    print(f"\n{WORKS[work]}", flush=True)
    ours, ours_cpu = _medians(turns["rxpress"])
    for name, done in turns.items():
        median, cpu = _medians(done)
        spread = f"{min(turn.seconds for turn in done):.2f}–{max(turn.seconds for turn in done):.2f}"
        memory = statistics.median(turn.megabytes for turn in done)
        ratio = "" if name == "rxpress" else f"  × {median / ours:.1f} (processor × {cpu / ours_cpu:.1f})"
        figures = f"{median:7.2f} s ({spread}), processor {cpu:6.2f} s, {memory:5.0f} MB"
        print(f"  {name:11s}{figures}{ratio}  {done[0].version}", flush=True)
    for name in list(contenders)[1:] if work == "tables" else []:
        difference = largest_difference(out / "rxpress", out / name)
        print(f"  largest relative difference to {name}: {difference:.1e}", flush=True)


def _medians(turns: list[Turn]) -> tuple[float, float]:
    return statistics.median(turn.seconds for turn in turns), statistics.median(turn.cpu for turn in turns)


def largest_difference(ours: Path, theirs: Path) -> float:
    """Over the gene tables of both folders; a gene or sample that one lacks is a KeyError or ValueError."""
    largest = 0.0
    for name in TABLES:
        one, two = (read_matrix(folder / f"{name}.tsv") for folder in (ours, theirs))
        order = np.argsort(two.gene_ids)
        if not np.array_equal(one.gene_ids, two.gene_ids[order]):
            raise ValueError(f"{name}: other genes")
        a, b = one.values, two.select(one.samples).values[order]
        largest = max(largest, np.max(np.abs(a - b) / np.maximum(np.abs(b), 1e-6)))
    return largest


def scale(folder: Path, numbers: list[int], repeats: int, out: Path) -> None:
    """Time the whole command, start included, on more and more samples."""
    print(f"\nbin/merge_quants.py, the whole command, {TRANSCRIPTS:,} transcripts")
    medians: list[float] = []
    cpus: list[float] = []
    for n in numbers:
        study = folder / f"{n}_samples"
        make_study(study, n, TRANSCRIPTS, GENES)
        command = [sys.executable, "-B", HERE.parent / "bin" / "merge_quants.py", "--quants"]
        command += [*sorted((study / "quants").iterdir()), "--samples", study / "samples.tsv"]
        command += ["--tx2gene", study / "tx2gene.tsv", "--outdir", out / "scale"]
        turns = [run(command) for _ in range(repeats)]
        medians.append(statistics.median(turn.seconds for turn in turns))
        memory = max(turn.megabytes for turn in turns)
        cpus.append(statistics.median(turn.cpu for turn in turns))
        times = (
            f"{medians[-1]:7.2f} s, processor {cpus[-1]:6.2f} s, {1000 * medians[-1] / n:4.0f} ms per sample"
        )
        print(f"  {n:4d} samples {times}, {memory:5.0f} MB", flush=True)
    exponents = [np.polyfit(np.log(numbers), np.log(times), 1)[0] for times in (medians, cpus)]
    print("  time grows with samples to the power of {:.2f} (processor: {:.2f})".format(*exponents))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--pytximport-python",
        type=Path,
        nargs="+",
        default=[],
        help="Python of an environment with pytximport; of several (with and without pyarrow)",
    )
    parser.add_argument("--works", nargs="+", choices=[*WORKS, "scale"], default=[*WORKS, "scale"])
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--scale", type=int, nargs="+", default=[25, 50, 100, 200], help="numbers of samples")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, help="where made studies are kept (default: a temporary folder)"
    )
    args = parser.parse_args()
    contenders: dict[str, list[object]] = {"rxpress": [sys.executable, "-B", HERE / "merge_rxpress.py"]}
    for i, python in enumerate(args.pytximport_python):
        contenders[f"pytximport{i or ''}"] = [python, "-B", HERE / "merge_pytximport.py"]
    if shutil.which("Rscript"):
        contenders["tximport"] = ["Rscript", HERE / "merge_tximport.R"]
    print(
        f"{args.samples} samples × {TRANSCRIPTS:,} transcripts → {GENES:,} genes; medians of {args.repeats}"
    )
    if args.folder:
        args.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        folder = args.folder or Path(scratch)
        for work in (work for work in WORKS if work in args.works):
            replicates = 20 if work == "bootstraps" else 0
            study = folder / f"{args.samples}_samples_{replicates}_bootstraps"
            make_study(study, args.samples, TRANSCRIPTS, GENES, replicates)
            compare(study, work, contenders, args.repeats, Path(scratch))
        if "scale" in args.works:
            scale(folder, args.scale, args.repeats, Path(scratch))


if __name__ == "__main__":
    main()
