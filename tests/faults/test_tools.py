"""fastp and Salmon that break: no success, and nothing of part of the reads, whatever they say."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from pipeline.conftest import ROOT, SMALL

from .wrappers import DAMAGE, damaged, wrap

COMMAND = ROOT / "bin" / "quantify_reads.py"
READS = [SMALL / "reads" / f"MM.1S_DMSO_1_L001_R{mate}.fastq.gz" for mate in (1, 2)]
SAMPLE = "MM.1S_DMSO_1"

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not (which("fastp") and which("salmon")), reason="no fastp or Salmon on PATH: NOT tested"
    ),
]

# Words of the call that breaks, and what the program writes then.
CALLS = {"fastp": "--json fastp/MM.1S_DMSO_1.fastp.json", "salmon": "quant"}
FILES = {
    "fastp": ("fastp/*.json", "fastp/*.html"),
    "salmon": ("salmon/*/quant.sf", "salmon/*/aux_info/meta_info.json"),
}
HALF_OF_THE_READS = """for mate in 1 2; do
    zcat $(eval echo reads_*/*_$mate.fastq.gz) | head -n 400 | gzip > reads_half_$mate.fastq.gz
done
args=("$@"); for i in ${!args[@]}; do case ${args[i]} in
    --in1) args[i+1]=reads_half_1.fastq.gz ;; --in2) args[i+1]=reads_half_2.fastq.gz ;;
esac; done
real "${args[@]}"
"""
HALF_WRITTEN = 'real "$@" | head -c 100000\n'
ENDS = {
    "exits with 3": ("echo broken >&2; exit 3", 1),
    "is killed after its work": ('real "$@"; kill -9 $$', 137),
    "is killed midway": (f"{HALF_OF_THE_READS}kill -9 $$", 137),
    "ends well on half of the reads": (HALF_OF_THE_READS, 1),
    "is killed as it writes": (f"{HALF_WRITTEN}kill -9 $$", 137),
    "ends well on half of what it keeps": (HALF_WRITTEN, 1),
}
# On two cores fastp writes into Salmon, on one they run in turn, with files between that may be damaged, too.
TOGETHER, IN_TURN = 2, 1
STREAMED = ("is killed as it writes", "ends well on half of what it keeps")
CASES = {
    f"{tool} {fault} {file}, {threads} cores": (tool, damaged(fault, file), 1, threads)
    for tool, files in FILES.items()
    for file in files
    for fault in DAMAGE
    for threads in (TOGETHER, IN_TURN)
}
CASES |= {
    f"{tool} {name}, {threads} cores": (tool, *ENDS[name], threads)
    for tool, names in {"fastp": list(ENDS), "salmon": list(ENDS)[:2]}.items()
    for name in names
    for threads in (TOGETHER, IN_TURN)
    if threads == TOGETHER or name not in STREAMED
}
CASES |= {
    f"fastp {fault} what it keeps": ("fastp", damaged(fault, "reads_*/*_trimmed_1.fastq"), 1, IN_TURN)
    for fault in DAMAGE
}


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
    """`quantify(tool, lines, threads)`: the command, where these lines of shell stand for the tool."""

    def run(tool: str, lines: str, threads: int) -> subprocess.CompletedProcess[str]:
        for name, value in wrap(tmp_path / "wrappers", tool, {CALLS[tool]: lines}).items():
            monkeypatch.setenv(name, value)
        command = [sys.executable, "-B", COMMAND, "--sample", SAMPLE, "--index", index, "--outdir", "."]
        command += ["--fastq_1", READS[0], "--fastq_2", READS[1], "--threads", str(threads)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("threads", [TOGETHER, IN_TURN])
@pytest.mark.parametrize("tool", ["fastp", "salmon"])
def test_a_wrapper_that_does_no_harm_lets_the_sample_pass(quantify, tmp_path, tool, threads):
    done = quantify(tool, 'touch called; real "$@" || exit', threads)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "called").exists()
    assert (tmp_path / "status" / f"{SAMPLE}.status.json").is_file()


@pytest.mark.parametrize(("tool", "lines", "status", "threads"), CASES.values(), ids=CASES)
def test_a_tool_that_breaks_is_named_and_gives_no_status(quantify, tmp_path, tool, lines, status, threads):
    done = quantify(tool, lines, threads)
    assert done.returncode == status, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert told
    assert tool in told[0].lower()
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "status").exists()
    assert tool != "fastp" or not (tmp_path / "salmon" / SAMPLE).exists()
