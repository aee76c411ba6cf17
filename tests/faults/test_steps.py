"""Steps whose tools break, each in a task of its own: none is done, and those that died are tried again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import pytest
from machine import wait_until
from pipeline.conftest import ROOT, SMALL, read_tsv

from .wrappers import DAMAGE, damaged, once, wrap

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not all(map(which, ("fastqc", "multiqc", "salmon"))),
        reason="no FastQC, MultiQC or Salmon on PATH: NOT tested",
    ),
]

FAULTS = ("none", "exits", *DAMAGE, "killed", "hangs")
# Words of a step's command by which its wrapper knows the fault, and what the program writes.
STEPS = {
    "FASTQC": ("fastqc", "joined/{0}_1.fastq.gz", "{0}_1_fastqc.zip"),
    "MULTIQC": ("multiqc", "--title={0}", "rxpress_report.html"),
    "SALMON_INDEX": ("salmon", "--kmerLen {1}", "salmon_index/seq.bin"),
}
# The faults that no attempt outlives are told, not obeyed: all tasks shall come to their end.
CONFIG = """
process.errorStrategy = {
    task.attempt == 1 && task.exitStatus in ((130..145) + [104, 2147483647]) ? 'retry' : 'ignore'
}
process.memory = { 100.MB * task.attempt }
process.time = 1.h
process { withName: FASTQC { time = { metas[0].sample == 'hangs' ? 4.s * task.attempt : 1.h } } }
executor.cpus = 8
trace { enabled = true; file = 'trace.tsv'; fields = 'process,status,exit,attempt,memory,workdir' }
"""


@dataclass(frozen=True)
class Attempt:
    """One attempt of a task: how it ended, the memory it had, and what it said to the user."""

    status: str
    exit: str
    memory: str
    errors: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def attempts(nextflow: str, folder: Path) -> Mapping[tuple[str, str], list[Attempt]]:
    """Attempts by step and fault, in their order."""
    environment = os.environ.copy()
    for step, (program, words, file) in STEPS.items():
        faults = {
            words.format(
                fault, 11 + 2 * number
            ): f"pwd >> {folder}/{step}.{fault}\n{lines(folder, step, fault, file)}"
            for number, fault in enumerate(FAULTS)
        }
        environment |= wrap(folder / "wrappers", program, faults)
    environment["PATH"] = f"{ROOT / 'bin'}:{environment['PATH']}"
    (folder / "steps.config").write_text(CONFIG)
    (folder / "made_mqc.json").write_text('{"id": "made", "plot_type": "html", "data": "made"}')
    command = [nextflow, "-q", "-c", ROOT / "nextflow.config", "-c", "steps.config", "run"]
    command += [ROOT / "tests" / "faults" / "steps.nf", "-ansi-log", "false", "--faults", ",".join(FAULTS)]
    command += ["--reads", SMALL / "reads" / "MM.1S_DMSO_2_R1.fastq.gz"]
    command += ["--transcripts", SMALL / "transcripts.fa.gz", "--logs", folder / "made_mqc.json"]
    command += ["--config", ROOT / "assets" / "multiqc_config.yml"]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert (folder / "trace.tsv").exists(), ended.stdout + ended.stderr
    rows = {row["workdir"]: row for row in read_tsv(folder / "trace.tsv")}
    return {
        (step, fault): [attempt(rows[work]) for work in (folder / f"{step}.{fault}").read_text().split()]
        for step in STEPS
        for fault in FAULTS
    }


def lines(folder: Path, step: str, fault: str, file: str) -> str:
    """What stands for the program of a step: lines of shell."""
    if fault in DAMAGE:
        return damaged(fault, file.format(fault))
    return {
        "none": 'real "$@"; exit',
        "exits": "echo broken >&2; exit 3",
        "killed": once(folder / f"{step}.mark", "kill -9 $$"),
        "hangs": f"echo $$ > {folder}/{step}.pid; exec sleep 600" if step == "FASTQC" else 'real "$@"; exit',
    }[fault]


def attempt(row: Mapping[str, str]) -> Attempt:
    said = Path(row["workdir"], ".command.err").read_text().splitlines()
    errors = [line for line in said if line.startswith("error: ")]
    return Attempt(row["status"], row["exit"], row["memory"], "\n".join(errors))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_whose_tool_is_sound_is_done(attempts, step):
    assert [one.status for one in attempts[step, "none"]] == ["COMPLETED"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", DAMAGE)
def test_a_tool_that_ends_well_without_its_whole_output_fails_and_is_named(attempts, step, fault):
    (only,) = attempts[step, fault]
    assert (only.status, only.exit) == ("FAILED", "1")
    assert STEPS[step][0] in only.errors.lower()
    assert step != "FASTQC" or fault in only.errors, "the sample is not named"


@pytest.mark.parametrize("step", STEPS)
def test_a_tool_that_fails_is_not_tried_again(attempts, step):
    assert [(one.status, one.exit) for one in attempts[step, "exits"]] == [("FAILED", "3")]


@pytest.mark.parametrize("step", STEPS)
def test_a_tool_that_is_killed_is_tried_again(attempts, step):
    first, second = attempts[step, "killed"]
    assert (first.status, first.exit) == ("FAILED", "137")
    assert (second.status, second.exit) == ("COMPLETED", "0")


def test_a_tool_that_hangs_is_ended_with_its_children_and_tried_again(attempts, folder):
    assert [one.status for one in attempts["FASTQC", "hangs"]] == ["FAILED", "FAILED"]
    process = Path("/proc", (folder / "FASTQC.pid").read_text().strip())
    assert wait_until(lambda: not process.exists(), 10)
