"""The report of a study on arrays, opened as a reader does: its plots are drawn and its tabs work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from report_page import render_report
from staged_arrays import stage_arrays
from staged_results import stage_results
from study_sheets import sheet

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browser.browsing import Opened

pytest.importorskip("playwright")
from browser.browsing import open_report

SAMPLES = sheet()["sample"].tolist()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arrays")
    return render_report(stage_arrays(stage_results(folder / "results"), SAMPLES), folder)


@pytest.fixture
def page(report: Path, browser: Browser) -> Iterator[Opened]:
    with open_report(browser, report) as opened:
        yield opened
        assert (opened.errors, opened.requests) == ([], [])


def drawn(page: Opened, topic: str, traces: str) -> int:
    """How many elements of a plot, `traces`, are drawn once the reader has come to it."""
    plot = page.page.locator(f"#rxpress_{topic}_study_plot")
    plot.scroll_into_view_if_needed()
    plot.locator(traces).first.wait_for(state="attached")
    return plot.locator(traces).count()


def test_every_array_has_a_curve_and_a_box(page: Opened) -> None:
    assert drawn(page, "densities", ".scatterlayer .trace") == len(SAMPLES)
    assert drawn(page, "array_boxes", ".boxlayer .trace") == len(SAMPLES)


def test_ma_plots_have_a_tab_per_array(page: Opened) -> None:
    assert drawn(page, "array_ma", ".scatterlayer .point") == 1500
