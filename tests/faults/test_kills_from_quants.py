"""Runs from Salmon folders, killed at any moment and resumed: nothing lost, and the same bytes.

RXPRESS_KILLS says how many runs are killed, half of them from reads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine_study import READS_COLUMNS, write_salmon_folders
from pipeline.conftest import SMALL_REFERENCES, Run, write_csv

from .killing import Study, four_rows, kill_and_resume, moments, undisturbed_study
from .results import bytes_apart

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def study(
    pipeline_copy: Path,
    pipeline_command: Callable[..., list[str]],
    run_pipeline: Callable[..., Run],
    tmp_path_factory: pytest.TempPathFactory,
) -> Study:
    folder = tmp_path_factory.mktemp("quants")
    write_salmon_folders(folder / "salmon")
    rows = {row["sample"]: row for row in four_rows()}
    sheet = [
        {name: cell for name, cell in row.items() if name not in READS_COLUMNS}
        | {"quant": str(folder / "salmon" / sample)}
        for sample, row in rows.items()
    ]
    options = ("--input", write_csv(sheet, folder / "quants.csv"), *SMALL_REFERENCES)
    return undisturbed_study(
        lambda launch_folder: run_pipeline(launch_folder, *options, pipeline=pipeline_copy),
        pipeline_command(*options, pipeline=pipeline_copy),
        folder / "undisturbed",
    )


@pytest.mark.parametrize("moment", moments(), ids="at-{:.3f}".format)
def test_a_killed_run_from_salmon_folders_resumes_to_the_same_bytes(
    study: Study, moment: float, tmp_path: Path
) -> None:
    resumed = kill_and_resume(study, moment, tmp_path / "run")
    assert bytes_apart(resumed.results, study.undisturbed.results) == []
