"""A run in which tools die, hang and fail: who can be helped is, and the last words name what broke it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest
from pipeline.conftest import SMALL_REFERENCES, Run, write_csv

from .killing import four_rows
from .wrappers import once, wrap

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not all(map(which, ("fastp", "fastqc", "salmon"))),
        reason="no fastp, FastQC or Salmon on PATH: NOT tested",
    ),
]

LUCKY, BROKEN = "MM.1S_DMSO_2", "MM.1S_bortezomib_1"
CONFIG = """
process {
    withName: FASTQC { time = { task.attempt == 1 ? 9.s : 1.h } }
    withName: QUANTIFY_READS { cpus = 1 }
}
executor.cpus = 4
trace.fields = 'hash,name,status,exit,attempt,memory'
"""


@pytest.fixture(scope="module")
def run(run_pipeline: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """fastp is killed and FastQC hangs at the first sample, once each.

    Salmon fails at the second when the results of both stand there (or after five minutes).
    """
    folder = tmp_path_factory.mktemp("broken")
    rows = [row for row in four_rows() if row["sample"] in (LUCKY, BROKEN)]
    (folder / "faults.config").write_text(CONFIG)
    killed, hung = folder / "killed", folder / "hung"
    done = folder / "results" / "reads"
    helped = f"""for _ in {{1..1500}}; do
    [ -e {done}/salmon/{LUCKY} -a -e {done}/fastqc/{LUCKY}_1_fastqc.zip ] && break
    sleep 0.2
done
sleep 1"""
    wrap(folder / "wrappers", "fastp", {f"--report_title {LUCKY}": once(killed, "kill -9 $$")})
    wrap(folder / "wrappers", "fastqc", {f"joined/{LUCKY}_1.fastq.gz": once(hung, "exec sleep 600")})
    environment = wrap(
        folder / "wrappers", "salmon", {f"--output salmon/{BROKEN}": f"{helped}; echo on fire >&2; exit 3"}
    )
    sheet = write_csv(rows, folder / "sheet.csv")
    options = ("-c", folder / "faults.config", "--input", sheet, *SMALL_REFERENCES)
    return run_pipeline(folder, *options, env=environment)


def attempts(run: Run, step: str, sample: str) -> list[tuple[str, str]]:
    rows = [row for row in run.trace if row["name"].endswith(f"{step} ({sample})")]
    return [(row["status"], row["memory"]) for row in sorted(rows, key=lambda row: row["attempt"])]


def test_a_tool_killed_for_memory_gets_more_and_is_done(run):
    (first, less), (second, more) = attempts(run, "QUANTIFY_READS", LUCKY)
    assert (first, second) == ("FAILED", "COMPLETED")
    assert float(more.split()[0]) == pytest.approx(2 * float(less.split()[0]), rel=0.05)


def test_a_tool_that_hangs_is_begun_anew_and_done(run):
    assert [status for status, _ in attempts(run, "FASTQC", f"{LUCKY}, {BROKEN}")] == ["FAILED", "COMPLETED"]


def test_a_tool_that_fails_ends_the_run_with_its_name_the_sample_the_cause_and_the_log(run):
    assert run.status != 0
    (told,) = run.errors
    assert told == "salmon failed with status 3:"
    closing = run.printed.rpartition("rxpress did not finish.")[2]
    (step,) = [line for line in closing.splitlines() if line.startswith("Step ")]
    assert step.startswith(f"Step QUANTIFY_READS ({BROKEN}); its log: ")
    log = Path(step.rpartition(" ")[2]).read_text()
    assert "on fire" in log
    assert f"--output salmon/{BROKEN}" in log


def test_nothing_is_made_of_the_sample_that_broke(run):
    assert not (run.results / "reads" / "salmon" / BROKEN).exists()
    assert not (run.results / "expression").exists()
    assert not (run.results / "report").exists()
