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

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser.browsing import open_browser, open_page
from made_study import draw_results

from rxpress.report.explorer import write_explorer
from rxpress.report.workbook import write_workbook

PAGE = Path(__file__).resolve().parents[1] / "assets" / "gene_explorer"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, number in (("studies", 1), ("genes", 20_000), ("samples", 60), ("contrasts", 10)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--outdir", type=Path, default=Path(tempfile.mkdtemp()))
    args = parser.parse_args()
    args.outdir.mkdir(parents=True, exist_ok=True)
    results = draw_results(args.studies, args.genes, args.samples, args.contrasts)
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
