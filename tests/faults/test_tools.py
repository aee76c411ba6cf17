"""Tools that break: no success, and nothing of part of the reads, whatever a tool says of itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from pipeline.conftest import ROOT, SMALL

COMMAND = ROOT / "bin" / "quantify_reads.py"
READS = [SMALL / "reads" / f"MM.1S_DMSO_1_L001_R{mate}.fastq.gz" for mate in (1, 2)]
SAMPLE = "MM.1S_DMSO_1"

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not (which("fastp") and which("salmon")), reason="no fastp or Salmon on PATH: NOT tested"
    ),
]

# What a wrapper does after the tool itself has run to its end ($0 is the wrapper; arguments as the tool's).
TRUNCATE = "file=$(ls {0}); head -c $(($(stat -Lc %s $file) / 2)) $file > half; cat half > $file"
LEFT = {
    "exits with 3": "echo broken >&2; exit 3",
    "is killed": "kill -9 $$",
    "loses": "rm {0}",
    "empties": ": > {0}",
    "cuts": TRUNCATE,
}
FILES = {
    "fastp": ("fastp/*.json", "reads_*/*_trimmed_1.fastq.gz", "reads_*/*_trimmed_2.fastq.gz"),
    "salmon": ("salmon/*/quant.sf", "salmon/*/aux_info/meta_info.json"),
}
CASES = [
    (tool, fault, file)
    for tool, files in FILES.items()
    for file in files
    for fault in ("loses", "empties", "cuts")
] + [(tool, fault, "") for tool in FILES for fault in ("exits with 3", "is killed")]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    subprocess.run(
        ["salmon", "index", "-t", SMALL / "transcripts.fa.gz", "--gencode", "-i", folder / "index"],
        check=True,
        capture_output=True,
    )
    return folder / "index"


@pytest.fixture
def quantify(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`quantify(tool, then)`: the command, where a wrapper runs the tool and then these lines of shell."""

    def run(tool: str, then: str) -> subprocess.CompletedProcess[str]:
        wrapper = tmp_path / "wrappers" / tool
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/bash\n{which(tool)} "$@" || exit $?\n{then}\nexit 0\n')
        wrapper.chmod(0o755)
        monkeypatch.setenv("PATH", str(wrapper.parent), prepend=":")
        command = [sys.executable, "-B", COMMAND, "--sample", SAMPLE, "--index", index]
        command += ["--fastq_1", READS[0], "--fastq_2", READS[1]]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_a_wrapper_that_does_no_harm_lets_the_sample_pass(quantify, tmp_path):
    done = quantify("salmon", "")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "status" / f"{SAMPLE}.status.json").is_file()


@pytest.mark.parametrize(("tool", "fault", "file"), CASES)
def test_a_tool_that_breaks_is_named_and_gives_no_status(quantify, tmp_path, tool, fault, file):
    done = quantify(tool, LEFT[fault].format(file))
    assert done.returncode == (137 if fault == "is killed" else 1), done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert told
    assert tool in told[0].lower()
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "status").exists()
