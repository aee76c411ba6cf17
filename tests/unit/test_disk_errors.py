"""A disk that takes no more is told as such, by whichever library; other errors keep their traceback."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from staged_results import stage_results

from rxpress.errors import FAILURE, run_command
from rxpress.report.results import read_results
from rxpress.report.workbook import write_workbook

FULL = Path("/dev/full")  # takes no byte: `man 4 full`

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full: full disks are NOT tested")


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A link: libraries remove what they could not write."""
    link = tmp_path / "full"
    link.symlink_to(FULL)
    return link


def write_text(path: Path) -> None:
    path.write_text("a")


def write_parquet(path: Path) -> None:
    pd.DataFrame({"a": np.arange(1000)}).to_parquet(path)


def write_gzip(path: Path) -> None:
    with gzip.open(path, "wb") as file:
        file.write(np.random.default_rng(1).bytes(100_000))


@pytest.mark.parametrize("write", [write_text, write_parquet, write_gzip])
def test_a_full_disk_is_told_in_one_line(write, full, capsys):
    with pytest.raises(SystemExit) as ended:
        run_command(lambda: write(full))
    assert ended.value.code == FAILURE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert line.endswith("No space left on device; make room there, then run again with -resume")


def test_a_workbook_without_room_is_told_as_such(tmp_path, full, capsys):
    results = stage_results(tmp_path / "results")
    with pytest.raises(SystemExit) as ended:
        run_command(lambda: write_workbook(read_results(results), results, "title", full))
    assert ended.value.code == FAILURE
    assert "No space left on device; make room there" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EROFS])
def test_quotas_and_read_only_disks_are_told_with_the_file(number, capsys):
    def fail() -> None:
        raise OSError(number, os.strerror(number), "counts.tsv")

    with pytest.raises(SystemExit):
        run_command(fail)
    assert capsys.readouterr().err.startswith(f"error: counts.tsv: {os.strerror(number)}; ")


def test_hdf5_tells_the_words_and_no_number(capsys):
    def fail() -> None:
        raise OSError(
            "Can't write data (file write failed: errno = 28, error message = 'No space left on device')"
        )

    with pytest.raises(SystemExit):
        run_command(fail)
    assert f"error: {Path.cwd()}: No space left on device; " in capsys.readouterr().err


def test_another_error_of_the_system_is_no_disk():
    def fail() -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        run_command(fail)
