#!/usr/bin/env python3
"""How long the DESeq2 fit takes beside PyDESeq2 and R, on the same data in the same run, on one processor.

    python benchmarks/deseq_fit.py [--runs 5] [--pydeseq2_runs 1]

From size factors to fold changes, Cook's distances and the genes that they have fitted anew. Times are
medians; wall and processor seconds differ where the machine has other work.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from functools import partial

import numpy as np

from deseq_peers import clocked, draw_counts, group_matrix, time_pydeseq2, time_r, use_one_thread
from rxpress.deseq.contrast import estimate_contrast, shrink_contrast
from rxpress.deseq.fit import StudyFit, fit_study
from rxpress.deseq.size_factors import normalize
from rxpress.inference import BatchedInference

GENES = 20_000
SUBSET = 200


def main() -> None:
    use_one_thread()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="of rxpress and R")
    parser.add_argument("--pydeseq2_runs", type=int, default=1, help="of PyDESeq2, which needs a minute each")
    parser.add_argument("--large", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.large:
        print(json.dumps(fit_large()))
        return
    factorial = np.kron([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], np.ones((3, 1)))
    compare("12 samples, 4 conditions", 4, 3, group_matrix(4, 3), options)
    compare("12 samples, ~cell*drug", 4, 3, factorial, options)
    compare("60 samples, 4 conditions", 4, 15, group_matrix(4, 15), options)
    compare_large()
    time_shrinkage(options.runs)


def compare(
    name: str, conditions: int, replicates: int, matrix: np.ndarray, options: argparse.Namespace
) -> None:
    """Print the times of the three for one study."""
    counts = draw_counts(GENES, conditions, replicates)
    fit(counts[:500], matrix)
    ours = [clocked(lambda: fit(counts, matrix)) for _ in range(options.runs)]
    theirs = {
        f"PyDESeq2 ({options.pydeseq2_runs} runs)": [
            time_pydeseq2(counts, matrix) for _ in range(options.pydeseq2_runs)
        ],
        "R DESeq2": time_r(counts, matrix, options.runs),
    }
    report(f"{GENES} genes x {name}", ours, theirs)


def compare_large() -> None:
    """Print the time and memory of a study of 500 samples, PyDESeq2's time from a subset of its genes."""
    done = subprocess.run([sys.executable, __file__, "--large"], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    counts = draw_counts(GENES, 100, 5)
    subset = time_pydeseq2(counts[:SUBSET], group_matrix(100, 5))
    scaled = [tuple(seconds * GENES / SUBSET for seconds in subset)]
    title = f"{GENES} genes x 500 samples, 100 conditions (one run)"
    report(title, [found["seconds"]], {f"PyDESeq2 (from {SUBSET} genes)": scaled})
    print(f"  rxpress: peak memory {found['peak_gb']:.2f} GB, the counts' making included")


def fit_large() -> dict[str, object]:
    counts = draw_counts(GENES, 100, 5)
    seconds = clocked(lambda: fit(counts, group_matrix(100, 5)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak_gb": peak / 1e6}


def time_shrinkage(runs: int) -> None:
    """Print the time that one contrast's shrunken fold changes take."""
    study = fit(draw_counts(GENES, 4, 3), group_matrix(4, 3))
    for name, contrast in (("one drug", [-1, 1, 0, 0]), ("interaction", [1, -1, -1, 1])):
        vector = np.array(contrast, dtype=float)
        estimate, error, _ = estimate_contrast(study, vector, BatchedInference())
        work = partial(shrink_contrast, study, vector, estimate, error)
        wall, processor = np.median([clocked(work) for _ in range(runs)], axis=0)
        print(f"shrinkage of {name}, {GENES} genes x 12 samples: {wall:.2f} s (processor {processor:.2f} s)")


def fit(counts: np.ndarray, matrix: np.ndarray) -> StudyFit:
    values = counts.astype(float)
    return fit_study(values, normalize(values).factors, matrix, BatchedInference())


def report(title: str, ours: list[tuple[float, float]], theirs: dict[str, list[tuple[float, float]]]) -> None:
    mine = np.median(ours, axis=0)
    print(f"{title}\n  rxpress: {mine[0]:.2f} s (processor {mine[1]:.2f} s)")
    for name, seconds in theirs.items():
        other = np.median(seconds, axis=0)
        ratio = other / mine
        print(f"  {name}: {other[0]:.1f} s (processor {other[1]:.1f} s): ", end="")
        print(f"rxpress is {ratio[0]:.1f} times as fast ({ratio[1]:.1f} by processor)", flush=True)


if __name__ == "__main__":
    main()
