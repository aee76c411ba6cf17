"""What tests share: where real data is, a browser, and the study that runs on every engine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from engine_study import assert_is_the_demo, engine_sheet, native_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Fixtures of which a session has one, whoever asks.
__all__ = ["assert_is_the_demo", "engine_sheet", "native_tables"]

ROOT = Path(__file__).resolve().parent.parent
# Fixtures that take minutes, the longest first: tests that ask for the same one stay together.
SHARED = ("docker", "cluster", "aligned_runs", "demo_run", "small_run", "whole_run", "alone", "beside")
REAL_ARRAYS = ("Test3-1.ascii.CEL.gz", "Test3-2.ascii.CEL.gz", "Test3.ascii.CDF.gz")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """For `-n 2 --dist loadgroup`: which tests stay in one process, and in which turn."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=turn_of)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests must be the same in every process: gzip writes the time into what it makes."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def group_of(item: pytest.Item) -> str:
    """The costly fixture, else the launch of the pipeline that is the test's own, else the file."""
    asked = getattr(item, "fixturenames", ())
    shared = [name for name in SHARED if name in asked]
    return [*shared, item.nodeid if "nextflow" in asked else item.location[0]][0]


def turn_of(item: pytest.Item) -> int:
    """When its group starts: long ones first, so that the unit tests fill the gaps."""
    group = group_of(item)
    return SHARED.index(group) if group in SHARED else len(SHARED) + ("unit" in item.path.parts)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data: RXPRESS_REAL_DATA, else beside the repository; skips aloud when absent."""
    folder = Path(os.environ.get("RXPRESS_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder} (RXPRESS_REAL_DATA names another folder)")
    return folder


@pytest.fixture(scope="session")
def affy_on_real_arrays(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What R's affy makes of two real arrays, by tests/golden/arrays.R; skips aloud without R or the data."""
    source = real_data / "arrays_test3"
    if not all((source / part).is_file() for part in REAL_ARRAYS):
        pytest.skip(f"no {', '.join(REAL_ARRAYS)} in {source}")
    has_affy = "quit(status = !all(c('affy', 'makecdfenv') %in% rownames(installed.packages())))"
    if not shutil.which("Rscript") or subprocess.run(["Rscript", "-e", has_affy]).returncode:
        pytest.skip("no Rscript with affy and makecdfenv (Debian: r-bioc-affy, r-bioc-makecdfenv)")
    folder = tmp_path_factory.mktemp("arrays")
    script = ROOT / "tests" / "golden" / "arrays.R"
    subprocess.run(["Rscript", script, folder, source], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; skips aloud where there is none."""
    pytest.importorskip("playwright", reason="no Playwright: scripts/setup.sh test installs it")
    from browser.browsing import find_chromium, open_browser

    if find_chromium() is None:
        pytest.skip("no chromium on PATH (RXPRESS_CHROMIUM names one)")
    with open_browser() as browser:
        yield browser
