"""Runs from Salmon folders, killed at any moment or out of disk, and resumed: the same bytes.

RXPRESS_KILLS says how many runs are killed, half of them from reads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine_study import READS_COLUMNS, write_salmon_folders
from pipeline.conftest import SMALL_REFERENCES, write_csv

from .disks import make_room, small_disk
from .killing import Study, chains, four_rows, kill_and_resume
from .results import bytes_apart, half_written

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def study(run_undisturbed: Callable[..., Study], tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("quants")
    write_salmon_folders(folder / "salmon")
    rows = {row["sample"]: row for row in four_rows()}
    sheet = [
        {name: cell for name, cell in row.items() if name not in READS_COLUMNS}
        | {"quant": str(folder / "salmon" / sample)}
        for sample, row in rows.items()
    ]
    options = ("--input", write_csv(sheet, folder / "quants.csv"), *SMALL_REFERENCES)
    return run_undisturbed(folder / "undisturbed", *options)


@pytest.mark.parametrize("moments", chains(), ids=lambda row: "-".join(f"{one:.2f}" for one in row))
def test_a_run_killed_again_and_again_from_salmon_folders_ends_with_the_same_bytes(
    study: Study, moments: tuple[float, ...], tmp_path: Path
) -> None:
    resumed = kill_and_resume(study, moments, tmp_path / "run")
    assert bytes_apart(resumed.results, study.undisturbed.results) == []


def test_a_run_whose_disks_are_full_says_so_and_resumes_to_the_same_bytes(
    study: Study, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "work", "size=2m") as work, small_disk(tmp_path / "out", "size=64k") as out:
        options = ("-work-dir", work, "--outdir", out / "results")
        runs = [study.launch(tmp_path, *options)]
        make_room(out, "64m")
        runs.append(study.launch(tmp_path, *options))
        make_room(work, "64m")
        study.launch(tmp_path, *options).ended_well()
        for full, run in zip((f"--outdir {out}/results", f"-work-dir {work}"), runs, strict=True):
            assert run.status != 0
            (advice,) = [line for line in run.printed.splitlines() if ": make room in " in line]
            # A step may find no room even for its last words; then the free bytes tell.
            assert advice.startswith(("No space left on device: ", "A disk is full: "))
            assert f": make room in {full} (0 MB free)" in advice
            assert "run again with -resume" in advice
            assert "rxpress is done" not in run.printed
        assert half_written(out / "results") == []
        assert bytes_apart(out / "results", study.undisturbed.results) == []


def test_a_folder_that_cannot_be_written_is_told_before_any_step(study: Study, tmp_path: Path) -> None:
    with small_disk(tmp_path / "out", "ro") as out:
        run = study.launch(tmp_path, "--outdir", out / "results")
    assert run.status != 0
    assert f"--outdir {out}/results: cannot be written: Read-only file system" in run.printed
    assert not list((tmp_path / "work").glob("*/*")), "a step was begun"
