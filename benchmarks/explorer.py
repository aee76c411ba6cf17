#!/usr/bin/env python3
"""The gene explorer and the workbook: time to write, size, and time to open in a browser.

    .venv/bin/python benchmarks/explorer.py [--studies 1] [--genes 20000] [--samples 60] [--contrasts 10]

Studies are made: expression and changes are drawn at random, which packs no better than real ones. Chromium
opens the page from its file, three times in a new window, until the gene is drawn that the address names.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser.browsing import open_browser, open_page

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.design.study_model import StudyModel
from rxpress.report.explorer import write_explorer
from rxpress.report.results import Results, Study
from rxpress.report.workbook import write_workbook
from rxpress.tables import GeneMatrix

PAGE = Path(__file__).resolve().parents[1] / "assets" / "gene_explorer"


def draw_study(name: str, genes: int, samples: int, contrasts: int, rng: np.random.Generator) -> Study:
    """A study of lines with and without a drug in triplicate, and contrasts of 15-digit numbers."""
    lines = [f"line{i // 6}" for i in range(samples)]
    treatments = ["DMSO" if i % 6 < 3 else "bortezomib" for i in range(samples)]
    table = pd.DataFrame({"sample": [f"{name}_s{i}" for i in range(samples)], "study": name, "kept": True})
    table = table.assign(cell_line=lines, treatment=treatments, dose_nM=20.0, time_h=24.0)
    table["condition"] = table["cell_line"] + "." + table["treatment"]
    ids = np.array([f"ENSG{i:011d}" for i in range(genes)])
    names = np.array([f"GENE{i}" for i in range(genes)])
    level = rng.normal(8, 3, (genes, 1))
    log2 = GeneMatrix(ids, names, table["sample"].tolist(), level + rng.normal(0, 0.4, (genes, samples)))
    tests = {
        f"drug.bortezomib.line{i}": draw_contrast(pd.DataFrame({"gene_id": ids, "gene_name": names}), rng)
        for i in range(contrasts)
    }
    design = StudyDesign(
        name,
        unit="cell_line",
        vehicle="DMSO",
        conditions=tuple(table["condition"].unique()),
        covariates=(),
        untested_because="",
        notes=(),
        models=(StudyModel("conditions", dict(zip(table["sample"], table["condition"], strict=True))),),
        contrasts=tuple(made_contrast(id) for id in tests),
    )
    empty = pd.DataFrame()
    summary = pd.DataFrame({"id": list(tests)})
    return Study(name, table, design, summary, tests, {}, log2, empty, empty, empty, empty)


def draw_contrast(genes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A gene table in which a fifth of the genes change."""
    n = len(genes)
    error = rng.uniform(0.1, 0.6, n)
    change = rng.normal(0, error) + np.where(rng.random(n) < 0.2, rng.normal(0, 2, n), 0)
    statistic = change / error
    p_value = 2 * ndtr(-np.abs(statistic))
    adjusted = benjamini_hochberg(p_value)
    called = (adjusted < 0.05) & (np.abs(change) >= 1)
    return genes.assign(
        base_mean=rng.lognormal(5, 2, n),
        log2_fold_change=change,
        lfc_se=error,
        statistic=statistic,
        p_value=p_value,
        p_adjusted=adjusted,
        p_adjusted_threshold=np.minimum(1, adjusted * 10),
        shrunken_log2_fold_change=change * 0.9,
        shrunken_lfc_se=error,
        call=np.where(called, np.where(change > 0, "up", "down"), "unchanged"),
    )


def made_contrast(id: str) -> Contrast:
    return Contrast(
        id, f"label of {id}", "drug", "conditions", {}, (), (), "wald", "ok", "", "these_lines", ()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, number in (("studies", 1), ("genes", 20_000), ("samples", 60), ("contrasts", 10)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--outdir", type=Path, default=Path(tempfile.mkdtemp()))
    args = parser.parse_args()
    args.outdir.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    shape = (args.genes, args.samples, args.contrasts)
    studies = tuple(draw_study(f"study{i}", *shape, rng) for i in range(args.studies))
    versions = pd.DataFrame(columns=["process", "tool", "version"])
    results = Results(studies, pd.DataFrame(), {}, (), {}, {}, versions)
    page, book = args.outdir / "gene_explorer.html", args.outdir / "results.xlsx"
    start = time.perf_counter()
    write_explorer(results, args.outdir, [], "made", PAGE, page)
    print(
        f"{page.name:<20} {time.perf_counter() - start:5.1f} s to write, {page.stat().st_size / 1e6:.1f} MB"
    )
    start = time.perf_counter()
    write_workbook(results, args.outdir, "made", book)
    print(
        f"{book.name:<20} {time.perf_counter() - start:5.1f} s to write, {book.stat().st_size / 1e6:.1f} MB"
    )
    with open_browser() as browser:
        for _ in range(3):
            with open_page(browser, page, f"#GENE{args.genes - 1}") as opened:
                opened.page.wait_for_selector("#changes svg circle")
                print(f"opened and drawn in   {opened.milliseconds():.0f} ms")


if __name__ == "__main__":
    main()
