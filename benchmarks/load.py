#!/usr/bin/env python3
"""The whole run on 10, 100 and 1,000 samples, from Salmon folders to the report: time, memory and growth.

    .venv/bin/python benchmarks/load.py [--samples 10 100 1000] [--memory 8] [--outdir DIR]

Four lines with and without a drug share the samples; every sample has numbers of its own. Nextflow gets two
processors and so much memory as --memory says. The exponent is that of time against samples, between the two
largest. Then the report is opened in Chromium, and a sheet of 5,000 rows is checked.
"""

import argparse
import csv
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from made_quants import make_study
from measured import ROOT, RXPRESS, read_trace, run_nextflow

sys.path.insert(0, str(ROOT / "tests"))
from browser.browsing import find_chromium, open_browser, open_page

LINES = ("A", "B", "C", "D")
UNITS = {"KB": 1e-3, "MB": 1, "GB": 1e3, "B": 1e-6}
SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
ROWS = 5_000


def write_sheet(study: Path, samples: int, name: str = "sheet.csv") -> Path:
    """Every second sample has the drug, every two of them another line."""
    path = study / name
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["sample", "quant", "cell_line", "treatment", "response"])
        for i in range(samples):
            line = LINES[i // 2 % len(LINES)]
            folder = study / "quants" / f"S{i + 1:03d}"
            response = "sensitive" if line in LINES[:2] else "resistant"
            table.writerow([f"S{i + 1:03d}", folder, line, ("DMSO", "drugX")[i % 2], response])
    return path


def run_pipeline(folder: Path, sheet: Path, tx2gene: Path, memory: int) -> tuple[float, float]:
    """Seconds of the whole run, and peak MB of Nextflow itself."""
    (folder / "machine.config").write_text(
        f"process.resourceLimits = [cpus: 2, memory: {memory}.GB]\n"
        f"executor {{ cpus = 2\n memory = {memory}.GB }}\n"
    )
    options = ["--input", sheet, "--tx2gene", tx2gene, "--drug", "drugX", "--outdir", "results"]
    return run_nextflow(["-c", "machine.config", *options], folder)


def steps(outdir: Path) -> dict[str, tuple[float, float]]:
    """Seconds and peak MB of the steps that ran; steps of several tasks are added up."""
    took: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in read_trace(outdir):
        step = row["name"].split(" ")[0].split(":")[-1]
        took[step].append((seconds(row["realtime"]), megabytes(row["peak_rss"])))
    return {step: (sum(s for s, _ in one), max(m for _, m in one)) for step, one in took.items()}


def seconds(text: str) -> float:
    return sum(float(n) * SECONDS[unit] for n, unit in re.findall(r"([\d.]+)(ms|d|h|m|s)", text))


def megabytes(text: str) -> float:
    number, _, unit = text.partition(" ")
    return float(number) * UNITS[unit] if unit else 0.0


def check_many_rows(folder: Path) -> float:
    """Seconds that CHECK_INPUTS takes for a sheet of 5,000 rows whose counts come in a matrix."""
    sheet = folder / "many.csv"
    with sheet.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["sample", "cell_line", "treatment", "replicate"])
        for i in range(ROWS):
            table.writerow([f"S{i}", LINES[i % 4], ("DMSO", "drugX")[i // 4 % 2], i // 8])
    counts = folder / "counts.tsv"
    counts.write_text(
        "gene_id\t" + "\t".join(f"S{i}" for i in range(ROWS)) + "\n" + "G1" + "\t10" * ROWS + "\n"
    )
    command = [*RXPRESS, "--input", sheet, "--counts", counts, "--outdir", "checked"]
    subprocess.run(list(map(str, command)), cwd=folder, stdout=subprocess.DEVNULL)
    return steps(folder / "checked")["CHECK_INPUTS"][0]


def open_report(page: Path) -> float:
    """Seconds until Chromium has loaded the report and drawn what it shows."""
    with open_browser() as browser, open_page(browser, page) as opened:
        opened.page.wait_for_load_state("load")
        opened.page.wait_for_selector("svg, canvas, table")
        return opened.milliseconds() / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--transcripts", type=int, default=60_000)
    parser.add_argument("--genes", type=int, default=20_000)
    parser.add_argument("--memory", type=int, default=8, metavar="GB")
    parser.add_argument("--outdir", type=Path, default=None)
    args = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    outdir = args.outdir or Path(tempfile.mkdtemp(prefix="rxpress-load-"))
    walls: list[float] = []
    for samples in args.samples:
        study = outdir / str(samples)
        make_study(study, samples, args.transcripts, args.genes, distinct=samples)
        wall, head = run_pipeline(study, write_sheet(study, samples), study / "tx2gene.tsv", args.memory)
        walls.append(wall)
        print(f"\n{samples} samples: {wall:.0f} s, Nextflow itself {head:.0f} MB")
        for step, (took, peak) in steps(study / "results").items():
            print(f"  {step:20s}{took:8.1f} s {peak:8.0f} MB")
        page = study / "results" / "report" / "rxpress_report.html"
        size = page.stat().st_size / 1e6
        opened = f"opened in {open_report(page):.1f} s" if find_chromium() else "not opened: no Chromium"
        print(f"  report of {size:.1f} MB, {opened}", flush=True)
    if len(walls) > 1:
        small, large = args.samples[-2:]
        exponent = math.log(walls[-1] / walls[-2]) / math.log(large / small)
        print(f"\nexponent of time against samples, {small} to {large}: {exponent:.2f}")
    print(f"a sheet of {ROWS:,} rows is checked in {check_many_rows(outdir):.1f} s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    print(f"largest process of all: {peak:.0f} MB")


if __name__ == "__main__":
    main()
