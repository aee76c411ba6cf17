"""Runs killed at any moment, Nextflow and its children, and resumed: nothing lost, nothing half-written.

Half of the runs start from Salmon folders made of the small study's true counts, half from reads of it. The
demo study takes minutes a run, and its steps are the same. RXPRESS_KILLS says how many runs are killed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine_study import READS_COLUMNS, write_salmon_folders
from pipeline.conftest import ROOT, SMALL_REFERENCES, Run, small_rows, write_csv

from .killing import kill_run
from .results import bytes_apart, counts_apart

pytestmark = pytest.mark.faults

KILLS = int(os.environ.get("RXPRESS_KILLS", "8"))
SEED = 20
READS = ("MM.1S_DMSO_1", "MM.1S_DMSO_2", "MM.1S_bortezomib_1", "MM.1S_bortezomib_2")


@dataclass(frozen=True)
class Study:
    """A study to kill runs of: how it is launched, what an undisturbed run gives, and its length in seconds.

    differences : what two results folders of it have that differs and should not.
    """

    options: tuple[object, ...]
    undisturbed: Run
    seconds: float
    differences: Callable[[Path, Path], list[str]]


def quants_options(folder: Path) -> tuple[object, ...]:
    write_salmon_folders(folder / "salmon")
    rows = {row["sample"]: row for row in small_rows()}
    sheet = [
        {name: cell for name, cell in row.items() if name not in READS_COLUMNS}
        | {"quant": str(folder / "salmon" / sample)}
        for sample, row in rows.items()
    ]
    return ("--input", write_csv(sheet, folder / "quants.csv"), *SMALL_REFERENCES)


def reads_options(folder: Path) -> tuple[object, ...]:
    rows = [row for row in small_rows() if row["sample"] in READS]
    return ("--input", write_csv(rows, folder / "reads.csv"), *SMALL_REFERENCES, "--min_reads", 500)


@pytest.fixture(
    scope="module",
    params=[(quants_options, bytes_apart), (reads_options, counts_apart)],
    ids=["quants", "reads"],
)
def study(
    request: pytest.FixtureRequest,
    run_pipeline: Callable[..., Run],
    tmp_path_factory: pytest.TempPathFactory,
) -> Study:
    folder = tmp_path_factory.mktemp("undisturbed")
    make_options, differences = request.param
    options = make_options(folder)
    began = time.monotonic()
    run = run_pipeline(folder, *options).ended_well()
    return Study(options, run, time.monotonic() - began, differences)


def moments(kills: int) -> list[float]:
    """A random moment in each of so many equal parts of a run, as fractions of its length."""
    draw = random.Random(SEED)
    return [(part + draw.random()) / kills for part in range(kills)]


@pytest.mark.parametrize("moment", moments(KILLS // 2), ids=lambda moment: f"at-{moment:.3f}")
def test_a_killed_run_resumes_to_what_an_undisturbed_run_gives(
    study: Study,
    moment: float,
    pipeline_command: Callable[..., list[str]],
    run_pipeline: Callable[..., Run],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    killed = kill_run(pipeline_command(*study.options), folder, moment, study.seconds)
    began = time.monotonic()
    resumed = run_pipeline(folder, *study.options).ended_well()
    cached = {row["hash"] for row in resumed.trace if row["status"] == "CACHED"}
    took = time.monotonic() - began
    print(f"killed after {killed.moment:.0f} of {study.seconds:.0f} s, resumed in {took:.0f} s:")
    print(f"{killed.begun} tasks begun, {len(killed.completed)} completed, {len(cached)} cached after")
    assert killed.completed <= cached
    assert {row["name"] for row in resumed.trace} == {row["name"] for row in study.undisturbed.trace}
    verified = subprocess.run(
        [sys.executable, "-B", ROOT / "bin" / "verify_results.py", resumed.results],
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stdout
    assert study.differences(resumed.results, study.undisturbed.results) == []
