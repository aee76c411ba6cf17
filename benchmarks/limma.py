#!/usr/bin/env python3
"""Linear models with moderated tests, 54,675 probesets x 12 arrays x 3 contrasts: rxpress and R's limma.

Both get the same values and are timed on the fit alone, moderated F and p-values included; medians of 5.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
from rxpress.limma import ModeratedFit, fit_linear_model, moderate

GENES, SAMPLES, REPEATS = 54_675, 12, 5
DESIGN = np.kron(np.eye(4), np.ones((3, 1)))
CONTRASTS = np.array([[-1, 1, 0, 0], [0, 0, -1, 1], [1, -1, -1, 1]], dtype=float).T
IN_R = """
suppressMessages(library(limma))
args <- commandArgs(trailingOnly = TRUE)
read <- function(name, columns) matrix(readBin(file.path(args[1], name), "double", 1e8), ncol = columns)
y <- read("expression", {samples}); design <- read("design", 4); contrasts <- read("contrasts", 3)
for (i in 1:{repeats}) {
  start <- Sys.time()
  fit <- eBayes(contrasts.fit(lmFit(y, design), contrasts))
  cat(format(as.numeric(Sys.time() - start, units = "secs"), digits = 6), "\\n")
}
writeBin(as.vector(fit$t), file.path(args[1], "t"))
"""


def draw_expression() -> np.ndarray:
    """(genes, samples) log2 expression whose genes have variances of their own; one in ten changes."""
    rng = np.random.default_rng(1)
    deviation = np.sqrt(0.2 * 4 / rng.chisquare(4, (GENES, 1)))
    effects = rng.normal(0, 1, (GENES, 4)) * (rng.uniform(size=(GENES, 1)) < 0.1)
    return rng.uniform(3, 14, (GENES, 1)) + effects @ DESIGN.T + deviation * rng.normal(size=(GENES, SAMPLES))


def time_rxpress(expression: np.ndarray) -> tuple[list[float], ModeratedFit]:
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        fit = moderate(fit_linear_model(expression, DESIGN, CONTRASTS, joint=True))
        seconds.append(time.perf_counter() - start)
    return seconds, fit


def time_limma(expression: np.ndarray) -> tuple[list[float], np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        for name, values in (("expression", expression), ("design", DESIGN), ("contrasts", CONTRASTS)):
            values.T.tofile(Path(folder) / name)
        script = IN_R.replace("{samples}", str(SAMPLES)).replace("{repeats}", str(REPEATS))
        command = ["Rscript", "-e", script, folder]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        t = np.fromfile(Path(folder) / "t").reshape(CONTRASTS.shape[1], GENES).T
    return [float(line) for line in printed.split()], t


def main() -> None:
    expression = draw_expression()
    ours, fit = time_rxpress(expression)
    theirs, t = time_limma(expression)
    print(f"rxpress    {np.median(ours):.3f} s")
    print(f"R's limma  {np.median(theirs):.3f} s")
    print(f"ratio      {np.median(theirs) / np.median(ours):.1f}")
    print(f"largest difference of t: {np.abs(fit.statistic - t).max():.1e}")


if __name__ == "__main__":
    main()
