#!/usr/bin/env python3
"""All gene-set tests of a study: 10 contrasts, 500 sets, 15,000 genes, 1,000 permutations.

    .venv/bin/python benchmarks/pathway_tables.py [--sets 5000] [--shifted 0.1] [--threads 2]

Of the sets a share is shifted in every contrast, so that no random set reaches them and 100,000 are drawn:
that, times the number of different sizes, is what takes time.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from made_evidence import evidence, gene_table

from rxpress.interpretation.gene_set_files import Collection
from rxpress.interpretation.pathway_tables import pathway_tables

GENES, CONTRASTS = 15_000, 10


def draw_contrasts(sets: int, shifted: float) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Statistics by contrast, and sets of 15 to 500 genes; the shifted ones are of genes that go up."""
    rng = np.random.default_rng(1)
    statistics = {f"contrast{i}": rng.standard_t(8, GENES) for i in range(CONTRASTS)}
    for statistic in statistics.values():
        statistic[: GENES // 10] += 1.5
    sizes = rng.integers(15, 501, sets)
    high = rng.random(sets) < shifted
    return statistics, [
        rng.choice(GENES // 10 if up else GENES, size, replace=False)
        for size, up in zip(sizes, high, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=500)
    parser.add_argument("--shifted", type=float, default=0.1, help="share of sets that respond")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    statistics, sets = draw_contrasts(arguments.sets, arguments.shifted)
    names = np.array([f"G{i}" for i in range(GENES)])
    study = evidence({name: gene_table(names.tolist(), values) for name, values in statistics.items()})
    members = {f"S{i}": names[rows].tolist() for i, rows in enumerate(sets)}
    collection = Collection("made", dict.fromkeys(members, ""), members)
    start, busy = time.perf_counter(), time.process_time()
    tables = pathway_tables(study, [collection], threads=arguments.threads)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    floor = int((tables.pathways["permutations"] == 100_000).sum())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{CONTRASTS} contrasts x {len(sets)} sets: {seconds:.1f} s, {busy:.1f} s of CPU, {peak:.0f} MiB")
    print(f"tests that drew 100,000 random sets: {floor} of {len(tables.pathways)}")


if __name__ == "__main__":
    main()
