"""The pipeline on Slurm: what a cluster does to jobs costs time and no result."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from engine_study import DEMO_OPTIONS, assert_ran_as_native
from machine import wait_until
from pipeline.conftest import Run

from .slurm import Cluster

pytestmark = pytest.mark.engines

# As a user's own file would say for a quick cluster; Nextflow's waits are made for busy ones.
QUICK = """
executor {
    pollInterval      = '1 sec'
    queueStatInterval = '1 sec'
    exitReadTimeout   = '5 sec'
}
"""


@contextmanager
def in_background(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A run that goes on; ended when the block is left."""
    with (folder / "printed").open("w") as printed:
        run = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | env,
            stdout=printed,
            stderr=printed,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield run
        finally:
            run.terminate()
            run.wait(timeout=120)


def test_the_demo_comes_through_a_killed_job_a_drained_node_and_a_lost_run(
    cluster: Cluster,
    run_pipeline: Callable[..., Run],
    pipeline_command: Callable[..., list[str]],
    assert_is_the_demo: Callable[[Run], None],
    tmp_path: Path,
) -> None:
    (tmp_path / "quick.config").write_text(QUICK)
    options = (*DEMO_OPTIONS, "-c", "quick.config")
    command = pipeline_command(*options, engine="slurm")
    with in_background(command, tmp_path, cluster.env) as run:
        assert wait_until(lambda: quantifying(cluster) != [], 900), printed(tmp_path)
        killed, step = quantifying(cluster)[0]
        cluster.set_node("drain")
        cluster.ask("scancel", "--signal=KILL", "--full", killed)
        # The killed step is asked for again, and waits for a node.
        assert wait_until(lambda: step in [name for _, name, _ in cluster.jobs("PENDING")], 300)
        assert wait_until(lambda: cluster.node_is("drained"), 300)
        assert run.poll() is None
    assert run.returncode != 0
    assert wait_until(lambda: cluster.jobs("RUNNING", "PENDING") == [], 60)
    cluster.set_node("resume")
    resumed = run_pipeline(tmp_path, *options, engine="slurm", env=cluster.env)
    assert_is_the_demo(resumed)
    assert resumed.tasks("CACHED")["CHECK_INPUTS"] == 1
    assert resumed.tasks("COMPLETED")["QUANTIFY_READS"] >= 1
    assert all(row["native_id"].isdigit() for row in resumed.trace)


def test_tables_from_quant_folders_are_those_of_a_native_run(
    cluster: Cluster,
    run_pipeline: Callable[..., Run],
    engine_sheet: Path,
    native_tables: dict[str, str],
    tmp_path: Path,
) -> None:
    (tmp_path / "quick.config").write_text(QUICK)
    options = ("-profile", "test", "-c", "quick.config", "--input", engine_sheet)
    assert_ran_as_native(run_pipeline(tmp_path, *options, engine="slurm", env=cluster.env), native_tables)


def quantifying(cluster: Cluster) -> list[tuple[str, str]]:
    """Id and name of jobs whose command has begun: a signal before that is not passed on to it."""
    running = [job for job in cluster.jobs("RUNNING") if "QUANTIFY_READS" in job[1]]
    return [(job, name) for job, name, folder in running if (Path(folder) / ".command.out").exists()]


def printed(folder: Path) -> str:
    return (folder / "printed").read_text()


def test_requests_are_not_cut_to_the_machine_that_nextflow_runs_on(
    cluster: Cluster, run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    request = f"memory = '{cluster.memory_mb * 2} MB'"
    (tmp_path / "large.config").write_text(f"process {{ withName: CHECK_INPUTS {{ {request} }} }}\n")
    options = ("-profile", "test", "-c", "large.config")
    refused = run_pipeline(tmp_path, *options, engine="slurm", env=cluster.env)
    assert refused.status != 0
    assert "Requested node configuration is not available" in refused.printed
    # Here it is cut: the step runs, and says what is wrong with the parameter.
    local = run_pipeline(tmp_path, *options, "--alpha", "7", engine="standard")
    assert [error.split(":")[0] for error in local.errors] == ["--alpha"]
