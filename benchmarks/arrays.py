#!/usr/bin/env python3
"""CEL files to RMA, chips of the size of HG-U133 Plus 2.0: rxpress and R's affy::justRMA on the same files.

Twelve arrays in each form. Both are timed in turns from files to expression, without the layout of the chip:
a CDF file here, a package there. Medians of three, of the clock and of the processor. Then the whole command,
with MAS5, quality, genes and writing, up to 200 arrays: time and peak memory.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from made_array_study import U133_PLUS_2, ArrayStudy, u133_plus_2_sizes, write_array_study

BIN = Path(__file__).resolve().parents[1] / "bin"
REPEATS, ARRAYS = 3, 12
CHIP = "HG-U133_Plus_2"
FORMS = {"version 4": ("v4", False), "Calvin gzip": ("calvin", True), "text": ("v3", False)}
RMA = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from rxpress.arrays import cdf
from rxpress.arrays.normalize import correct_backgrounds, read_arrays
from rxpress.arrays.rma import median_polish, normalize_quantiles
import numpy as np
layout = cdf.read_cdf(Path(sys.argv[2]))
import rxpress.arrays.normalize as normalize
normalize.read_cdf = lambda path: layout
cels = [Path(name) for name in sys.argv[4:]]
wall, cpu = time.perf_counter(), time.process_time()
arrays = read_arrays(cels, [str(i) for i in range(len(cels))], Path(sys.argv[2]), None)
expression = median_polish(normalize_quantiles(correct_backgrounds(arrays), overwrite=True), arrays.probeset)
print(time.perf_counter() - wall, time.process_time() - cpu)
np.save(sys.argv[3], expression[np.argsort(np.array(layout.names))])
"""
JUST_RMA = """
suppressMessages({library(affy); library(makecdfenv)})
a <- commandArgs(TRUE)
hgu133plus2cdf <- make.cdf.env(basename(a[1]), cdf.path = dirname(a[1]), verbose = FALSE)
start <- proc.time()
x <- justRMA(filenames = a[-(1:3)], celfile.path = "/", cdfname = "hgu133plus2cdf", compress = a[3] == "gzip")
took <- proc.time() - start
cat(took[3], took[1] + took[2], "\\n")
writeBin(as.vector(exprs(x)[order(featureNames(x), method = "radix"), ]), a[2])
"""


def write_study(folder: Path, arrays: int, form: str, packed: bool) -> ArrayStudy:
    names = [f"{200000 + i}_at" for i in range(len(u133_plus_2_sizes()))]
    random = np.random.default_rng(5)
    level = random.uniform(2, 11, (len(names), 1))
    samples = [f"s{i:03d}" for i in range(arrays)]
    expression = level + random.normal(0, 0.2, (len(names), arrays))
    return write_array_study(
        *(folder, expression, names, samples),
        chip=CHIP,
        probes_per_set=u133_plus_2_sizes().tolist(),
        forms=(form,),
        gzipped=samples if packed else (),
        **U133_PLUS_2,
    )


def printed(command: list[object]) -> list[float]:
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def compare(folder: Path) -> None:
    print(f"{ARRAYS} arrays, clock (processor), s   rxpress        justRMA        ratio   largest difference")
    for name, (form, packed) in FORMS.items():
        study = write_study(folder / form, ARRAYS, form, packed)
        ours_at, theirs_at = folder / "ours.npy", folder / "theirs"
        ours, theirs = [], []
        for _ in range(REPEATS):
            ours.append(printed([sys.executable, "-c", RMA, BIN, study.cdf, ours_at, *study.cels]))
            kind = "gzip" if packed else "plain"
            theirs.append(printed(["Rscript", "-e", JUST_RMA, study.cdf, theirs_at, kind, *study.cels]))
        (wall, cpu), (their_wall, their_cpu) = np.median(ours, axis=0), np.median(theirs, axis=0)
        difference = np.abs(np.load(ours_at) - np.fromfile(theirs_at).reshape(ARRAYS, -1).T).max()
        numbers = f"{wall:6.2f} ({cpu:5.2f}) {their_wall:6.2f} ({their_cpu:5.2f})"
        print(f"{name:32}{numbers}   {their_cpu / cpu:5.1f}   {difference:.1e}", flush=True)


def grow(folder: Path, sizes: list[int]) -> None:
    study = write_study(folder / "many", max(sizes), "v4", False)
    seconds = []
    print("arrays   clock s   processor s   peak GB   (the whole command)")
    for size in sizes:
        names = [cel.stem for cel in study.cels[:size]]
        sheet = folder / "samples.tsv"
        sheet.write_text("\n".join(["sample", *names]) + "\n")
        words = [sys.executable, BIN / "normalize_arrays.py", "--cel", *study.cels[:size]]
        words += ["--names", *names, "--samples", sheet, "--cdf", study.cdf, "--outdir", folder / "out"]
        words += ["--probe_annotation", study.annotation]
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in words])
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        assert status == 0
        seconds.append(usage.ru_utime + usage.ru_stime)
        print(f"{size:6}{wall:10.1f}{seconds[-1]:14.1f}{usage.ru_maxrss / 1e6:10.2f}", flush=True)
    exponent = np.log(seconds[-1] / seconds[0]) / np.log(sizes[-1] / sizes[0])
    print(f"time grows with arrays to the power {exponent:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[12, 50, 100, 200])
    sizes = parser.parse_args().sizes
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder))
        grow(Path(folder), sizes)


if __name__ == "__main__":
    main()
