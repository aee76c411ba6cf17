#!/usr/bin/env python3
"""Pre-ranked GSEA, 500 sets x 1,000 permutations x 15,000 genes: rxpress and gseapy, one thread each.

    .venv/bin/python benchmarks/gene_sets.py --gseapy-python PYTHON

Both get the same ranking and sets of 15 to 500 genes, some of them planted, and are timed on the analysis
alone: ours the median of three, gseapy once. Ours is timed again with up to 100,000 permutations for the sets
that no random set has reached, its default.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
from rxpress.interpretation.gene_sets import prerank

GENES, SETS, PERMUTATIONS, REPEATS = 15_000, 500, 1000, 3
IN_GSEAPY = """
import resource, sys, time, gseapy, numpy as np, pandas as pd
made = np.load(sys.argv[1])
names = np.array([f"G{i}" for i in range(len(made["statistic"]))])
ranking = pd.DataFrame({"gene": names, "statistic": made["statistic"]})
sets = {f"S{i:03}": list(names[rows]) for i, rows in enumerate(np.split(made["rows"], made["ends"][:-1]))}
start = time.perf_counter()
found = gseapy.prerank(ranking, sets, min_size=1, max_size=1000, permutation_num=int(sys.argv[2]), threads=1,
                       seed=1, outdir=None, no_plot=True)
seconds = time.perf_counter() - start
found = found.res2d.sort_values("Term")
np.savez(sys.argv[1], score=found["ES"].to_numpy(float), normalized=found["NES"].to_numpy(float))
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def draw_study() -> tuple[np.ndarray, list[np.ndarray]]:
    """A statistic per gene, and sets; one in ten has genes that go up or down together."""
    rng = np.random.default_rng(1)
    statistic = rng.standard_t(8, GENES)
    sets = [rng.choice(GENES, size, replace=False) for size in rng.integers(15, 501, SETS)]
    for i, rows in enumerate(sets[::10]):
        statistic[rows[: len(rows) // 3]] += (-1) ** i
    return statistic, sets


def run_gseapy(python: str, statistic: np.ndarray, sets: list[np.ndarray]) -> tuple[float, float, dict]:
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/made.npz"
        ends = np.cumsum([len(rows) for rows in sets])
        np.savez(file, statistic=statistic, rows=np.concatenate(sets), ends=ends)
        command = [python, "-c", IN_GSEAPY, file, str(PERMUTATIONS)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        with np.load(file) as found:
            scores = dict(found)
    seconds, mebibytes = map(float, printed.split()[-2:])
    return seconds, mebibytes, scores


def time_prerank(statistic: np.ndarray, sets: list[np.ndarray], most: int) -> float:
    start = time.perf_counter()
    prerank(statistic, sets, PERMUTATIONS, most, seed=1)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gseapy-python", help="a Python that has gseapy 1.3.1; without it, rxpress alone")
    arguments = parser.parse_args()
    statistic, sets = draw_study()
    ours = float(np.median([time_prerank(statistic, sets, PERMUTATIONS) for _ in range(REPEATS)]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"rxpress                       {ours:.2f} s, {peak:.0f} MiB")
    print(f"rxpress, 100,000 at the floor {time_prerank(statistic, sets, 100_000):.2f} s")
    if arguments.gseapy_python:
        theirs, their_peak, scores = run_gseapy(arguments.gseapy_python, statistic, sets)
        found = prerank(statistic, sets, PERMUTATIONS, PERMUTATIONS, seed=1)
        print(f"gseapy                        {theirs:.2f} s, {their_peak:.0f} MiB")
        print(f"ratio                         {theirs / ours:.1f}")
        print(f"largest difference of ES      {np.abs(found.score - scores['score']).max():.1e}")
        correlation = np.corrcoef(found.normalized_score, scores["normalized"])[0, 1]
        print(f"correlation of NES            {correlation:.5f}")


if __name__ == "__main__":
    main()
