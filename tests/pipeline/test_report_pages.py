"""The pages of a run, opened as a reader does: complete, without an error, without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import Run, read_tsv

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest.importorskip("playwright")
from browser.browsing import open_page

pytestmark = pytest.mark.pipeline

SECTIONS = [
    "What came out",
    "Genes called per contrast",
    "Contrasts",
    "What may be claimed",
    "Did the drug do what it is known to do?",
    "Markers",
    "Signatures",
    "Likeness to published responses",
    "Gene sets",
    "Running sums",
    "Volcano plots",
    "MA plots",
    "Fold changes across contrasts",
    "Strongest genes",
    "First genes of each contrast",
    "Second opinion",
    "Principal components",
    "Sample distances",
    "Samples",
    "Where the reads went",
    "Library type and strandedness",
    "P-values",
    "Dispersions",
    "Methods",
    "Parameters",
]


def test_the_report_shows_its_sections_and_draws_its_plots(demo_run: Run, browser: Browser) -> None:
    with open_page(browser, demo_run.results / "report" / "rxpress_report.html") as opened:
        opened.page.wait_for_selector(".js-plotly-plot .main-svg", timeout=30_000)
        headings = opened.page.locator("h2, h3").all_inner_texts()
        missing = [name for name in SECTIONS if not any(text.startswith(name) for text in headings)]
        assert not missing
        assert (opened.errors, opened.requests) == ([], [])


def test_the_gene_explorer_shows_planted_genes_as_the_gene_tables_have_them(
    demo_run: Run, demo_study: Path, browser: Browser
) -> None:
    planted = [row for row in read_tsv(demo_study / "truth" / "contrasts.tsv") if row["family"] == "drug"]
    gene = max(planted, key=lambda row: abs(float(row["log2_fold_change"])))["gene_id"]
    folder = demo_run.results / "differential" / "study"
    summary = read_tsv(folder / "summary.tsv")
    with open_page(browser, demo_run.results / "report" / "gene_explorer.html", f"#{gene}") as opened:
        opened.page.wait_for_selector("#changes")
        for id in (row["id"] for row in summary if row["status"] == "ok"):
            table = {row["gene_id"]: row for row in read_tsv(folder / f"{id}.tsv")}
            shown = opened.text(f'.row[data-contrast="{id}"] .numbers').replace("−", "-")
            change = float(re.findall(r"-?\d+\.\d+", shown)[0])
            assert change == pytest.approx(float(table[gene]["log2_fold_change"]), abs=0.0061)
        samples = read_tsv(demo_run.results / "differential" / "study" / "samples.tsv")
        assert opened.page.locator(".expression circle").count() == len(samples)
        assert (opened.errors, opened.requests) == ([], [])
