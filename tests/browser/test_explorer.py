"""The gene explorer, opened as a reader does: it finds every gene and shows what the tables say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from made_study import draw_results
from scipy.special import ndtr, stdtr, stdtrit
from staged_results import stage_results

from rxpress.report.explorer import write_explorer
from rxpress.report.gene_notes import GeneSet
from rxpress.report.results import read_results
from rxpress.tables import read_table, write_table

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.browsing import Opened

pytest.importorskip("playwright")
from playwright.sync_api import TimeoutError as NothingHappened
from playwright.sync_api import expect

from browser.browsing import PHONE, open_page

PAGE = Path(__file__).parents[2] / "assets" / "gene_explorer"
ODD = "</script><b>\"x' & y</b>"
NAMES = {"ENSG003": "SEPT1", "ENSG004": ODD, "ENSG006": "TWIN", "ENSG007": "twin", "ENSG058": "QUIET"}
DRUG, OVER_LINES, JOINT = "drug.bortezomib.S1", "drug.bortezomib.all.class", "any_dose.bortezomib.S1"
CALLS = {DRUG: (5, 3), OVER_LINES: (2, 0), JOINT: (4, 0)}
DEGREES = 5


def plant(folder: Path) -> Path:
    """Two studies with odd names, p-values that follow from estimate and error, and an interpretation."""
    stage_results(folder, studies=("a", "b"), calls=CALLS)
    for path in [*folder.glob("differential/*/*.S1.tsv"), *folder.glob("differential/*/*.class.tsv")]:
        table = read_table(path, ("gene_id", "gene_name"))
        size = -(table["log2_fold_change"] / table["lfc_se"]).abs()
        tail = stdtr(DEGREES, size) if path.name.endswith(".class.tsv") else ndtr(size)
        p_value = (2 * tail).where(table["p_value"].notna())
        table = table.assign(p_value=p_value, p_adjusted=np.minimum(1, 4 * p_value))
        write_table(table.assign(gene_name=renamed(table)), path)
    for path in folder.glob("expression/*/log2_expression.tsv"):
        table = read_table(path, ("gene_id", "gene_name"))
        write_table(table.assign(gene_name=renamed(table)), path)
    plant_interpretation(folder)
    return folder


def renamed(table: pd.DataFrame) -> pd.Series:
    return table["gene_id"].map(NAMES).fillna(table["gene_name"])


def plant_interpretation(folder: Path) -> None:
    marker = {"study": "a", "drug": "bortezomib", "contrast": DRUG, "expected": "up", "role": "a role"}
    markers = [
        {**marker, "gene": "SEPT1", "gene_id": "ENSG003", "verdict": "as expected", "p_adjusted_panel": 2e-7},
        {**marker, "gene": "LOST1", "gene_id": None, "verdict": "not measured", "p_adjusted_panel": None},
    ]
    write_table(pd.DataFrame(markers), folder / "interpretation" / "markers.tsv")
    result = {"study": "b", "collection": "pack", "gene_set": "GRIPS", "normalized_score": 1.75}
    pathways = [
        {**result, "contrast": DRUG, "p_adjusted": 0.003, "camera_p_adjusted": 0.04},
        {**result, "contrast": JOINT, "p_adjusted": 0.5, "camera_p_adjusted": 0.6},
    ]
    write_table(pd.DataFrame(pathways), folder / "interpretation" / "pathways.tsv")
    gene = {"study": "a", "signature": "BENEFIT", "source": "pack", "gene": "SEPT1", "gene_id": "ENSG003"}
    write_table(pd.DataFrame([gene]), folder / "interpretation" / "signature_genes.tsv")
    pooled = {"gene_id": "ENSG003", "gene_name": "SEPT1", "studies": 2, "log2_fold_change": 2.25}
    pooled |= {"lfc_lower": 2.0, "lfc_upper": 2.5, "p_value": 1e-9, "p_adjusted": 3.4e-8}
    write_table(pd.DataFrame([pooled]), folder / "comparison" / f"{DRUG}.tsv")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("planted") / "results")


@pytest.fixture(scope="module")
def explorer(results: Path) -> Path:
    """The page of the planted results."""
    path = results.parent / "gene_explorer.html"
    sets = [GeneSet("pack", "GRIPS", "doi:1 holds things", ("SEPT1", "ELSEWHERE"))]
    write_explorer(read_results(results), results, sets, "a <title>", PAGE, path)
    return path


@pytest.fixture
def opened(browser: Browser, explorer: Path) -> Iterator[Opened]:
    """The page without a gene; afterwards nothing may have gone wrong, nor been asked of the network."""
    with open_page(browser, explorer) as opened:
        opened.page.wait_for_selector("body[data-ready]")
        yield opened
        assert (opened.errors, opened.requests) == ([], [])


def ask(opened: Opened, word: str) -> None:
    """Ask for a gene and wait for the answer, which comes with the change of the address."""
    before = heading(opened)
    opened.page.fill("#gene", word)
    opened.page.press("#gene", "Enter")
    with suppress(NothingHappened):  # the same gene again changes nothing
        changed = "before => document.querySelector('#shown h2').innerText !== before"
        opened.page.wait_for_function(changed, arg=before, timeout=2000)


def heading(opened: Opened) -> str:
    return opened.text("#shown h2")


def expect_text(opened: Opened, selector: str, text: str) -> None:
    """Fails when it is not that within some seconds: the page follows its address, not the click."""
    expect(opened.page.locator(selector)).to_have_text(text, use_inner_text=True)


def expect_heading(opened: Opened, text: str) -> None:
    expect_text(opened, "#shown h2", text)


def numbers(text: str) -> list[float]:
    found = re.findall(r"[−-]?\d+(?:\.\d+)?(?:e[−-]?\d+)?", text)
    return [float(one.replace("−", "-")) for one in found]


def gene_row(results: Path, study: str, contrast: str, gene: str) -> pd.Series:
    table = read_table(results / "differential" / study / f"{contrast}.tsv", ("gene_id", "gene_name"))
    return table.set_index("gene_id").loc[gene]


def test_without_a_gene_the_page_says_what_to_type(opened: Opened) -> None:
    expect_heading(opened, "Type a gene")
    assert "a <title>: 60 genes, 48 samples, 2 studies" in opened.text("header")
    assert "differential/<study>/<contrast>.tsv" in opened.text("footer")


@pytest.mark.parametrize("word", ["SEPT1", "sept1", " Sept1 ", "ENSG003", "ensg003"])
def test_a_gene_is_found_by_symbol_and_id_in_any_capitals(opened: Opened, word: str) -> None:
    ask(opened, word)
    expect_heading(opened, "SEPT1")
    assert opened.page.url.endswith("#SEPT1")
    sections = opened.page.locator("#shown section").evaluate_all("all => all.map(one => one.id)")
    assert sections == ["changes", "expression", "markers", "sets"]


def test_an_unknown_gene_is_named_and_alike_ones_are_offered(opened: Opened) -> None:
    ask(opened, "SEPT99")
    expect_heading(opened, "Not found")
    assert "There is no gene “SEPT99” in these results." in opened.text("#shown")
    opened.page.click("#shown .others button")
    expect_heading(opened, "SEPT1")


def test_a_marker_that_was_not_measured_says_so(opened: Opened) -> None:
    ask(opened, "lost1")
    assert "There is no gene “lost1”" in opened.text("#shown")
    assert "not measured" in opened.text("#markers")


@pytest.mark.parametrize("gene", ["ENSG003", "ENSG005", "ENSG030", "ENSG059"])
@pytest.mark.parametrize("contrast", [DRUG, OVER_LINES])
def test_changes_are_those_of_the_gene_tables(
    opened: Opened, results: Path, gene: str, contrast: str
) -> None:
    ask(opened, gene)
    quantile = stdtrit(DEGREES, 0.975) if contrast == OVER_LINES else 1.959964
    for study in ("a", "b"):
        row = gene_row(results, study, contrast, gene)
        shown = opened.page.locator(f'.row[data-contrast="{contrast}"][data-study="{study}"]')
        change, reach = row["log2_fold_change"], quantile * row["lfc_se"]
        told = numbers(shown.locator(".numbers").inner_text())
        assert told == pytest.approx([change, change - reach, change + reach], abs=0.0051 + 0.001)
        assert row["call"] in shown.locator(".told").inner_text()
        p_values = shown.locator(".told small").inner_text()
        if np.isfinite(row["p_value"]):
            assert numbers(p_values) == pytest.approx([row["p_value"], row["p_adjusted"]], rel=0.055)
        else:
            assert p_values == "p NA, adjusted NA"
        scope = "lines of this kind" if contrast == OVER_LINES else "these lines only"
        assert f"speaks of {scope}" in shown.locator(".name").inner_text()


def test_a_joint_test_says_what_its_change_is(opened: Opened) -> None:
    ask(opened, "SEPT1")
    assert "largest of its contrasts" in opened.text(f'.row[data-contrast="{JOINT}"][data-study="a"]')


def test_studies_together_stand_below_their_own(opened: Opened) -> None:
    ask(opened, "SEPT1")
    shown = opened.page.locator(f'.row.together[data-contrast="{DRUG}"]')
    assert numbers(shown.locator(".numbers").inner_text()) == [2.25, 2.0, 2.5]
    assert "2 studies, fixed effect" in shown.inner_text()
    assert "adjusted 3.4e−8" in shown.inner_text()
    ask(opened, "ENSG005")
    assert opened.page.locator(".row.together").count() == 0


def test_expression_is_a_dot_per_sample_and_the_mean(opened: Opened, results: Path) -> None:
    ask(opened, "SEPT1")
    for study in ("a", "b"):
        table = read_table(results / "expression" / study / "log2_expression.tsv", ("gene_id", "gene_name"))
        values = table.set_index("gene_id").drop(columns="gene_name").loc["ENSG003"]
        samples = read_table(results / "differential" / study / "samples.tsv").set_index("sample")
        part = opened.page.locator(f'.expression[data-study="{study}"]')
        dots = dict(
            re.fullmatch(r"(.*): (.*)", tip).groups() for tip in part.locator("title").all_text_contents()
        )
        assert list(dots) == values.index.tolist()
        assert [float(value) for value in dots.values()] == pytest.approx(values.to_numpy(float), abs=0.0051)
        means = [numbers(text)[0] for text in part.locator(".told").all_inner_texts()]
        expected = values.astype(float).groupby(samples["condition"], sort=False).mean()
        assert means == pytest.approx(expected.to_numpy(), abs=0.011)


def test_what_is_known_of_a_gene_stands_below(opened: Opened) -> None:
    ask(opened, "SEPT1")
    marker = opened.text("#markers")
    assert "a role (bortezomib), expected: up" in marker
    assert "as expected" in marker
    assert "2.0e−7" in marker
    sets = opened.text("#sets")
    assert "GRIPS (pack)" in sets
    assert f"b: label of {DRUG} <5 nM>: normalized score +1.75, adjusted p 0.0030 (CAMERA 0.040)" in sets
    assert "Signatures: BENEFIT (pack)" in sets
    ask(opened, "QUIET")
    assert opened.page.locator("#markers, #sets").count() == 0


def test_names_of_odd_characters_stay_text(opened: Opened) -> None:
    ask(opened, ODD.lower())
    expect_heading(opened, ODD)
    assert opened.page.locator("main b").count() == 0
    opened.page.reload()
    opened.page.wait_for_selector("#changes")
    expect_heading(opened, ODD)


def test_genes_of_one_symbol_are_told_apart(opened: Opened) -> None:
    ask(opened, "twin")
    assert opened.text("#shown .head .id") == "ENSG006"
    assert "1 other gene goes by this name" in opened.text("#shown .others")
    opened.page.click("#shown .others button")
    expect_text(opened, "#shown .head .id", "ENSG007")
    assert opened.page.url.endswith("#ENSG007")


def test_the_keyboard_alone_finds_a_gene(opened: Opened) -> None:
    opened.page.focus("#gene")
    opened.page.keyboard.type("ensg05")
    options = opened.page.locator("#suggestions [role=option]")
    assert options.count() == 10
    for _ in range(9):
        opened.page.keyboard.press("ArrowDown")
    assert opened.page.get_attribute("#gene", "aria-activedescendant") == "option8"
    opened.page.keyboard.press("Enter")
    expect_heading(opened, "QUIET")
    assert opened.page.get_attribute("#gene", "aria-expanded") == "false"


def test_strongest_genes_are_listed_by_p_and_open(opened: Opened, results: Path) -> None:
    opened.page.select_option("#contrast", label=f"b: label of {OVER_LINES} <5 nM>")
    table = read_table(results / "differential" / "b" / f"{OVER_LINES}.tsv", ("gene_id", "gene_name"))
    first = table.sort_values("p_value", kind="stable")["gene_name"].head(30).tolist()
    listed = opened.page.locator("#top button span:last-child").all_inner_texts()
    assert (len(listed), listed[:2]) == (30, first[:2])
    opened.page.click("#top button >> nth=1")
    expect_heading(opened, first[1])


def test_the_address_opens_a_gene_and_back_returns(opened: Opened) -> None:
    ask(opened, "SEPT1")
    ask(opened, "QUIET")
    opened.page.go_back()
    expect_heading(opened, "SEPT1")


def test_the_numbers_of_a_gene_are_a_file(opened: Opened, results: Path, tmp_path: Path) -> None:
    ask(opened, "SEPT1")
    with opened.page.expect_download() as download:
        opened.page.click("text=Download these numbers")
    assert download.value.suggested_filename == "SEPT1.tsv"
    download.value.save_as(tmp_path / "gene.tsv")
    table = read_table(tmp_path / "gene.tsv")
    assert table["what"].value_counts().to_dict() == {"log2_expression": 48, "log2_fold_change": 7}
    shown = table[(table["where"] == DRUG) & (table["study"] == "b")].iloc[0]
    row = gene_row(results, "b", DRUG, "ENSG003")
    assert shown["value"] == pytest.approx(row["log2_fold_change"], abs=0.00051)
    assert shown["p_value"] == pytest.approx(row["p_value"], rel=0.005)


@pytest.mark.parametrize("address", ["", "#SEPT1", "#nothing", "#%"])
def test_a_phone_shows_the_page_without_scrolling_aside(
    browser: Browser, explorer: Path, address: str
) -> None:
    with open_page(browser, explorer, address, PHONE) as opened:
        opened.page.wait_for_selector("body[data-ready]")
        assert opened.overflow() == 0
        assert (opened.errors, opened.requests) == ([], [])


def test_results_without_genes_say_so(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "gene_explorer.html"
    write_explorer(read_results(tmp_path), tmp_path, [], "empty", PAGE, path)
    with open_page(browser, path) as opened:
        opened.page.wait_for_selector("body[data-ready]")
        assert "There is no gene in these results" in opened.text("#shown")
        assert opened.errors == []


def test_twenty_thousand_genes_open_within_three_seconds(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "gene_explorer.html"
    results = draw_results(studies=1, genes=20_000, samples=60, contrasts=10)
    write_explorer(results, tmp_path, [], "made", PAGE, path)
    assert path.stat().st_size < 15e6
    waited = []
    for _ in range(3):  # the machine may be busy with other tests, but a slow page is slow each time
        with open_page(browser, path, "#GENE19999") as opened:
            opened.page.wait_for_selector("#changes svg circle")
            waited.append(opened.milliseconds())
    assert min(waited) < 3000
    with open_page(browser, path, "#GENE19999") as opened:
        opened.page.wait_for_selector("#changes svg circle")
        assert opened.page.locator(".forest circle").count() == 10
        assert opened.page.locator(".expression circle").count() == 60
