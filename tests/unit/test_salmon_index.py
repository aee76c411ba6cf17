"""An index cut short is told, file by file; Salmon itself would count other reads with it and end well."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from rxpress.salmon_index import NOTICED, PACKED, PLAIN, check_salmon_index

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "data" / "small"
COMMAND = ROOT / "bin" / "check_salmon_index.py"

pytestmark = pytest.mark.skipif(not which("salmon"), reason="no Salmon on PATH: indexes are NOT tested")


def build(folder: Path, *options: str) -> Path:
    command = ["salmon", "index", "-t", SMALL / "transcripts.fa.gz", "-i", folder, *options]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("salmon") / "index")


@pytest.fixture
def index(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "index")


def cut(file: Path, to: int) -> None:
    file.write_bytes(file.read_bytes()[:to])


def mapped(index: Path, folder: Path) -> str:
    """What Salmon says of the reads it mapped."""
    reads = [SMALL / "reads" / f"MM.1S_DMSO_2_R{mate}.fastq.gz" for mate in (1, 2)]
    command = [
        "salmon",
        "quant",
        "-l",
        "A",
        "-i",
        index,
        "-1",
        reads[0],
        "-2",
        reads[1],
        "-o",
        folder,
        "-p",
        "1",
    ]
    subprocess.run(command, check=True, capture_output=True)
    lines = (folder / "aux_info" / "meta_info.json").read_text().splitlines()
    return next(line for line in lines if "num_mapped" in line)


@pytest.mark.parametrize("options", [(), ("--sparse",), ("-k", "21")])
def test_what_salmon_builds_is_whole(tmp_path, options):
    assert check_salmon_index(build(tmp_path / "index", *options)) == []


def test_a_folder_of_something_else_is_no_index(tmp_path):
    assert [problem.what for problem in check_salmon_index(tmp_path)] == ["is not a Salmon index"]


@pytest.mark.parametrize("name", ["info.json", *PACKED, *PLAIN])
@pytest.mark.parametrize("kept", [0.999, 0.5, 0.0])
def test_a_file_cut_short_is_named(index, name, kept):
    size = (index / name).stat().st_size
    cut(index / name, min(int(kept * size), size - 1))
    assert [Path(problem.file).name for problem in check_salmon_index(index)] == [name]


@pytest.mark.parametrize("name", [*PACKED, *PLAIN, *NOTICED])
def test_a_file_that_is_gone_is_named(index, name):
    (index / name).unlink()
    assert [problem.what for problem in check_salmon_index(index)] == ["is missing or empty"]


def test_salmon_ends_well_on_an_index_cut_short_and_maps_fewer_reads(whole, index, tmp_path):
    cut(index / "seq.bin", 12_000)
    assert mapped(index, tmp_path / "cut") != mapped(whole, tmp_path / "whole")


@pytest.mark.parametrize(("options", "status"), [((), 2), (("--built",), 1)])
def test_the_command_says_what_is_wrong(index, options, status):
    cut(index / "rank.bin", 100)
    done = subprocess.run([sys.executable, "-B", COMMAND, index, *options], capture_output=True, text=True)
    assert done.returncode == status
    assert done.stderr.startswith("error: ")
    assert "rank.bin" in done.stderr
    assert "100 bytes instead of 11,824" in done.stderr
