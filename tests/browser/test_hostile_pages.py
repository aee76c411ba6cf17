"""Pages of results whose every text is made to run: nothing runs, and all of it is read as text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from report_page import render_report
from staged_arms import stage_arms
from staged_arrays import stage_arrays
from staged_findings import stage_findings
from staged_results import CALLS, stage_results
from study_sheets import sheet

from rxpress.report.explorer import write_explorer
from rxpress.report.gene_notes import GeneSet
from rxpress.report.results import read_results
from rxpress.report.section import inert

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.browsing import Opened

pytest.importorskip("playwright")
from browser.browsing import open_page, open_report
from browser.poison import PAYLOADS, Poison

ASSETS = Path(__file__).parents[2] / "assets"
TITLE = "t" + "".join(PAYLOADS[:3]) + "\\"
# Elements that would run, or be fetched, if a text of ours became part of the page.
LIVE = """[...document.querySelectorAll('*')].filter(e =>
  [...e.attributes].some(a => a.name.startsWith('on') && a.value.includes('pwned'))
  || ['href', 'xlink:href'].some(name => /^\\s*javascript:.*pwned/.test(e.getAttribute(name) || ''))
  || e.matches('iframe[srcdoc], img[src="x"], object, embed, base')
  || (e.matches('script') && e.textContent.trim().startsWith('window.pwned'))
).map(e => e.outerHTML.slice(0, 200))"""


def title_of_report(text: str) -> str:
    """As `inert` of functions/options.nf, which tests/faults/test_first_look.py holds against this."""
    return inert(text).replace("\\", "&#92;")


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Pages of poisoned results in a folder, and the poisoned form of each text."""
    folder = tmp_path_factory.mktemp("poisoned")
    results, poison = folder / "results", Poison()
    stage_results(results, studies=("a", "b"), left_out={"a_S2_DMSO_0_24_1": "too few reads"})
    stage_findings(results, ("a", "b"), ("a note",))
    stage_arms(results, ("a", "b"))
    stage_arrays(results, [f"b_{name}" for name in sheet()["sample"]], "b")
    poison.folder(results)
    render_report(results, folder, "--title", title_of_report(TITLE))
    read = read_results(results)
    sets = [GeneSet(poison("pack"), poison("GRIPS"), poison("doi:1 holds things"), (poison("G3/x"),))]
    write_explorer(read, results, sets, f"t{PAYLOADS[7]}", ASSETS / "gene_explorer", folder / "explorer.html")
    return folder, poison.texts


@pytest.fixture(scope="module")
def report(poisoned: tuple[Path, dict[str, str]], browser: Browser) -> Iterator[Opened]:
    """The report after a reader has seen every plot and every tab of it, and pointed at what they show."""
    with open_report(browser, poisoned[0] / "report.html") as opened:
        for plot in opened.page.locator(".hc-plot:visible").all():
            plot.scroll_into_view_if_needed()
            plot.locator(".main-svg").first.wait_for(state="attached", timeout=30_000)
            plot.hover(force=True)
        for tab in opened.page.locator("button[data-dataset-index]:visible").all():
            tab.click()
        yield opened


@pytest.fixture(scope="module")
def explorer(poisoned: tuple[Path, dict[str, str]], browser: Browser) -> Iterator[Opened]:
    with open_page(browser, poisoned[0] / "explorer.html") as opened:
        opened.page.wait_for_selector("body[data-ready]")
        yield opened


def assert_nothing_ran(opened: Opened) -> None:
    assert opened.page.evaluate("window.pwned") is None
    assert opened.page.evaluate(LIVE) == []
    assert (opened.errors, opened.requests) == ([], [])


def test_nothing_of_the_report_runs(report: Opened) -> None:
    assert report.page.locator(".js-plotly-plot .main-svg").count() > 20
    assert_nothing_ran(report)


def test_report_shows_every_text_as_it_is(report: Opened, poisoned: tuple[Path, dict[str, str]]) -> None:
    """Letter by letter: neither run, nor cut, nor escaped twice."""
    _, texts = poisoned
    shown = report.text("body").replace("\u2060", "")
    samples = [f"{study}_{name}" for study in "ab" for name in sheet()["sample"]]
    labels = [f"label of {id} <5 nM>" for id in CALLS]
    genes = ["G0/x", "G5/x", "HSPA1A", "PSMB8", "ITPRIP"]
    words = ["S1", "R2", "S1.DMSO", "benefit", "GEP80", "chaperone <a>", "the sheet <wins>"]
    missing = [text for text in (*samples, *labels, *genes, *words) if texts[text] not in shown]
    assert missing == []
    payloads = {text[len(name) :] for name, text in texts.items() if text in shown}
    assert payloads == set(PAYLOADS)


def test_title_of_the_report_is_text(report: Opened) -> None:
    assert report.text("h1.side-nav-title") == TITLE
    assert report.page.title() == f"{TITLE}: MultiQC Report"


@pytest.mark.parametrize("gene", ["G0/x", "G3/x", "G4/x", "G5/x", "G8/x", "G9/x", "G11/x"])
def test_nothing_of_the_explorer_runs_and_names_are_shown_as_they_are(
    explorer: Opened, poisoned: tuple[Path, dict[str, str]], gene: str
) -> None:
    _, texts = poisoned
    explorer.page.fill("#gene", texts[gene])
    explorer.page.press("#gene", "Enter")
    explorer.page.wait_for_function(
        "name => document.querySelector('#shown h2').textContent === name", arg=texts[gene]
    )
    shown = explorer.text("body")
    for id in CALLS:
        assert texts[f"label of {id} <5 nM>"] in shown
    assert texts["GRIPS"] in shown if gene == "G3/x" else texts["GRIPS"] not in shown
    assert_nothing_ran(explorer)


def test_an_address_that_is_made_to_run_is_a_gene_that_is_not_there(
    poisoned: tuple[Path, dict[str, str]], browser: Browser
) -> None:
    for payload in PAYLOADS:
        with open_page(browser, poisoned[0] / "explorer.html", f"#{quote(payload)}") as opened:
            opened.page.wait_for_selector("body[data-ready]")
            assert opened.text("#shown h2") == "Not found"
            assert payload in opened.text("#shown")
            assert_nothing_ran(opened)
