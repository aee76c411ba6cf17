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
from pipeline.conftest import demo_run, demo_study, nextflow, pipeline_command, run_pipeline, shared_folder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Fixtures of which a session has one, whoever asks.
__all__ = [
    "assert_is_the_demo",
    "demo_run",
    "demo_study",
    "engine_sheet",
    "native_tables",
    "nextflow",
    "pipeline_command",
    "run_pipeline",
    "shared_folder",
]

ROOT = Path(__file__).resolve().parent.parent
# Tests of these files share what takes minutes to make, and stay in one process. Long ones start first.
GROUPS = {
    "docker": ("tests/containers/",),
    "slurm": ("tests/cluster/",),
    "demo": ("tests/pipeline/test_demo_study.py", "tests/pipeline/test_report_pages.py"),
    "aligned": ("tests/pipeline/test_aligned_routes.py",),
    "small": ("tests/pipeline/test_small_study.py",),
    "launches": ("tests/pipeline/", "tests/browser/"),
}
REAL_ARRAYS = ("Test3-1.ascii.CEL.gz", "Test3-2.ascii.CEL.gz", "Test3.ascii.CDF.gz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long groups first, so that the unit tests fill the gaps."""
    turns = [*GROUPS, "rest"]
    items.sort(key=lambda item: turns.index(group_of(item.nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Which tests `pytest -n 2` keeps in one process: those of a group that shares, else those of a file.

    `--dist loadgroup` would say it shorter; that of pytest-xdist 3.8 does nothing under pytest 9.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            group = group_of(nodeid)
            return group if group in ("docker", "slurm", "demo") else nodeid.split("::")[0]

    config.option.loadscopereorder = False
    return Grouped(config, log)


def group_of(nodeid: str) -> str:
    return next((name for name, files in GROUPS.items() if nodeid.startswith(files)), "rest")


def pytest_make_parametrize_id(val: object) -> str | None:
    """Names of tests must be the same in every process: gzip writes the time into what it makes."""
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


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
