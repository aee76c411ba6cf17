"""Opens a page of ours from its file in headless Chromium without a network, and notes what it tries."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

LOCAL = ("file:", "data:", "blob:", "about:")
PHONE, DESKTOP = (390, 844), (1280, 900)


def find_chromium() -> str | None:
    """Chromium (RXPRESS_CHROMIUM names another) as Debian and others call it; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("RXPRESS_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@dataclass
class Opened:
    """A page that was opened, the errors of its console and scripts, and what it asked of the network."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def milliseconds(self) -> float:
        """From the start of navigation until now."""
        return float(self.page.evaluate("performance.now()"))

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Root, as in containers, cannot have a sandbox; only pages of ours are opened.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(
    browser: Browser, path: Path, address: str = "", size: tuple[int, int] = DESKTOP
) -> Iterator[Opened]:
    """Open a file, `address` (`#GENE`) after its path, in a window of its own that has no network."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, offline=True, accept_downloads=True
    )
    page = context.new_page()
    opened = Opened(page)
    page.on("console", lambda said: opened.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: opened.errors.append(str(error)))

    def look(route: Route) -> None:
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            opened.requests.append(route.request.url)
            route.abort()

    context.route("**/*", look)
    try:
        page.goto(path.resolve().as_uri() + address)
        yield opened
    finally:
        context.close()


@contextmanager
def open_report(browser: Browser, path: Path) -> Iterator[Opened]:
    """Open a report of MultiQC, whose first plot is drawn."""
    with open_page(browser, path) as opened:
        opened.page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
        yield opened
