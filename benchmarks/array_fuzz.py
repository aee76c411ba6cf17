#!/usr/bin/env python3
"""No speed: 2,000 studies in which one CEL file, CDF or probe table has one to four flipped bits.

Each must end in a result or in a named error, within a minute and 2 GB of memory, which the kernel enforces.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from array_fuzzing import make_targets, outcomes

MEMORY, SECONDS = 2 << 30, 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000)
    seeds = parser.parse_args().seeds
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    ended: dict[str, Counter[str]] = {}
    slowest, start = 0.0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        signal.alarm(SECONDS)
        for form, outcome in outcomes(make_targets(Path(folder)), range(seeds)):
            slowest, start = max(slowest, time.perf_counter() - start), time.perf_counter()
            signal.alarm(SECONDS)
            assert outcome == "result" or folder in outcome, outcome
            ended.setdefault(form, Counter())["result" if outcome == "result" else "named error"] += 1
    for form, counts in ended.items():
        print(f"{form:18}{counts['result']:6} results {counts['named error']:6} named errors")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{seeds} seeds, slowest {slowest:.2f} s, peak memory {peak / 1e6:.2f} GB; nothing else happened")


if __name__ == "__main__":
    main()
