"""The report's scatter plots in a browser: few series, every point, and the toolbox still marks samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_page import render_report
from staged_results import stage_results

from rxpress.tables import read_table

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.browsing import Opened

pytest.importorskip("playwright")
from browser.browsing import open_report


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scatter")
    return render_report(stage_results(folder / "results"), folder)


@pytest.fixture
def page(report: Path, browser: Browser) -> Iterator[Opened]:
    with open_report(browser, report) as opened:
        yield opened
        assert (opened.errors, opened.requests) == ([], [])


def series(page: Opened, topic: str) -> list[dict[str, list[str]]]:
    """Every series of the first plot of a topic: what it stands for, and names and colours of its points."""
    plot = page.page.locator(f"[id^=rxpress_{topic}_][id$=_plot].js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    plot.locator(".scatterlayer .point").first.wait_for(state="attached")
    return plot.evaluate(
        "plot => plot.data.map(one => ({names: one.text, x: one.x, y: one.y, color: one.marker.color}))"
    )


@pytest.mark.parametrize("topic", ["volcano", "ma", "pca"])
def test_points_are_points_and_no_line_joins_them(page: Opened, topic: str) -> None:
    points = sum(len(one["names"]) for one in series(page, topic))
    plot = page.page.locator(f"[id^=rxpress_{topic}_][id$=_plot].js-plotly-plot").first
    assert plot.locator(".scatterlayer .point").count() == points
    assert plot.locator(".scatterlayer .js-line").count() == 0


def test_genes_of_one_call_are_one_series(page: Opened, report: Path) -> None:
    drawn = series(page, "volcano")
    table = read_table(report.parent / "tables" / "volcano_genes.tsv")
    table = table[table["contrast"] == table["contrast"].iloc[0]]
    assert len(drawn) == table["call"].nunique() == 3
    points = [point for one in drawn for point in zip(one["names"], one["x"], one["y"], strict=True)]
    places = {name: (x, y) for name, x, y in points}
    assert len(places) == len(table)
    for gene in table.itertuples():
        assert places[gene.gene_name] == pytest.approx((gene.x, gene.y), abs=1e-4)
    assert page.page.locator("[id^=rxpress_volcano_] .legendtext").all_inner_texts() != []


def test_marked_samples_are_told_from_others(page: Opened) -> None:
    plain = series(page, "pca")
    marked = plain[0]["names"][0]
    page.page.evaluate(
        "name => { window.mqc_highlight_f_texts = [name]; window.mqc_highlight_f_cols = ['#ff0000'];"
        " $(document).trigger('mqc_highlights', [[name], ['#ff0000'], false]); }",
        marked,
    )
    page.page.wait_for_timeout(500)
    drawn = series(page, "pca")
    assert [one["names"] for one in drawn if one["color"] == "#ff0000"] == [[marked]]
    assert sum(len(one["names"]) for one in drawn) == sum(len(one["names"]) for one in plain)
