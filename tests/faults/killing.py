"""A run killed with all its children at a given moment, and what its trace had said by then."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.conftest import read_tsv


@dataclass(frozen=True)
class Killed:
    """A run that ended by SIGKILL `moment` seconds after its start.

    `completed`, `begun` : tasks, by Nextflow's short hash, that its trace marks COMPLETED, and that the log
    says were submitted.
    """

    moment: float
    completed: frozenset[str]
    begun: int


def kill_run(command: list[str], folder: Path, fraction: float, length: float) -> Killed:
    """Launch in a new folder and kill at a fraction of the run's length, in seconds.

    A run that is over by then was quicker than thought: it is launched again in another folder beside.
    """
    folder.mkdir(parents=True)
    began = time.monotonic()
    with (folder / "killed.log").open("w") as printed:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(fraction * length)
        except subprocess.TimeoutExpired:
            kill_session(process.pid)
            process.wait()
            return Killed(fraction * length, completed_tasks(folder), submissions(folder))
    assert status == 0, (folder / "killed.log").read_text()
    took = time.monotonic() - began
    folder.rename(folder.with_name(f"{folder.name}-over-in-{took:.0f}s"))
    return kill_run(command, folder, fraction, took)


def kill_session(session: int) -> None:
    """SIGKILL to every process of a session: first at once, then to those born meanwhile."""
    os.killpg(session, signal.SIGKILL)
    while members := living_members(session):
        for member in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        time.sleep(0.01)


def living_members(session: int) -> list[int]:
    """Processes of a session that still run: neither gone nor zombies. (/proc/*/stat: man 5 proc)"""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_session) == session and state not in "ZX":
            members.append(int(stat.parent.name))
    return members


def completed_tasks(folder: Path) -> frozenset[str]:
    """Hashes of tasks that the trace of a run in `folder` marks COMPLETED; its last line may be cut."""
    trace = folder / "results" / "provenance" / "trace.tsv"
    rows = read_tsv(trace) if trace.exists() else []
    return frozenset(row["hash"] for row in rows if row["status"] == "COMPLETED" and row["exit"] == "0")


def submissions(folder: Path) -> int:
    log = folder / ".nextflow.log"
    return log.read_text(errors="replace").count("Submitted process") if log.exists() else 0
