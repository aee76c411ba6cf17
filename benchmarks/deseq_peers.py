"""Made studies, and PyDESeq2 and R's DESeq2 to run them, for the benchmarks of rxpress.deseq."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bin"))


def use_one_thread() -> None:
    """Start the script anew with one thread of BLAS, unless it has one."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)


def draw_counts(genes: int, conditions: int, replicates: int, seed: int = 1) -> np.ndarray:
    """(genes, samples) counts; 15 % of genes differ between conditions, dispersions fall with the mean."""
    rng = np.random.default_rng(seed)
    base = 2 ** rng.normal(6, 2.5, (genes, 1))
    changed = rng.random((genes, conditions)) < 0.15
    effects = rng.normal(0, np.where(changed, 1.2, 0.1))
    dispersions = (0.05 + 3 / base) * np.exp(rng.normal(0, 0.5, (genes, 1)))
    depths = np.exp(rng.normal(0, 0.25, conditions * replicates))
    means = base * np.repeat(np.exp(effects), replicates, axis=1) * depths
    return rng.poisson(means * rng.gamma(1 / dispersions, dispersions, means.shape))


def group_matrix(conditions: int, replicates: int) -> np.ndarray:
    """(samples, conditions) indicators."""
    return np.repeat(np.eye(conditions), replicates, axis=0)


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that `work` takes: by the wall clock, and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def time_pydeseq2(counts: np.ndarray, matrix: np.ndarray) -> tuple[float, float]:
    """Seconds (wall, processor) of one fit by PyDESeq2 as it comes, on one processor."""
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.default_inference import DefaultInference

    samples = [f"s{i}" for i in range(counts.shape[1])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = DeseqDataSet(
            counts=pd.DataFrame(counts.T, index=samples, columns=[f"g{i}" for i in range(len(counts))]),
            metadata=pd.DataFrame({"sample": samples}, index=samples),
            design=pd.DataFrame(matrix, index=samples, columns=[f"c{i}" for i in range(matrix.shape[1])]),
            inference=DefaultInference(n_cpus=1),
            quiet=True,
        )
        return clocked(data.deseq2)


def time_r(counts: np.ndarray, matrix: np.ndarray, runs: int) -> list[tuple[float, float]]:
    """Seconds (wall, processor) of `runs` fits by R's DESeq2."""
    script = """
      suppressMessages(library(DESeq2))
      samples <- data.frame(row.names = colnames(counts))
      for (i in seq_len(runs)) {
        data <- DESeqDataSetFromMatrix(counts, samples, design)
        seconds <- system.time(DESeq(data, quiet = TRUE))
        cat(seconds[["elapsed"]], seconds[["user.self"]] + seconds[["sys.self"]], "\\n")
      }"""
    lines = run_r(script, {"counts": counts, "design": matrix}, {"runs": runs}).splitlines()
    return [(float(wall), float(processor)) for wall, processor in map(str.split, lines)]


def run_r(script: str, matrices: dict[str, np.ndarray], numbers: dict[str, float]) -> str:
    """What an R script prints that finds `matrices` and `numbers` under their names."""
    with tempfile.TemporaryDirectory() as folder:
        header = ""
        for name, values in matrices.items():
            values.astype("<f8" if values.dtype.kind == "f" else "<i4").T.tofile(Path(folder) / name)
            kind, size = ("double", 8) if values.dtype.kind == "f" else ("integer", 4)
            read = f'readBin("{folder}/{name}", "{kind}", {values.size}, {size})'
            header += f"{name} <- matrix({read}, {len(values)})\n"
            header += f'colnames({name}) <- paste0("c", seq_len(ncol({name})))\n'
        header += "".join(f"{name} <- {value}\n" for name, value in numbers.items())
        path = Path(folder) / "script.R"
        path.write_text(header + script)
        done = subprocess.run(["Rscript", str(path)], check=True, capture_output=True, text=True)
    return done.stdout
