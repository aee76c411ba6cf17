"""Runs killed with all their children at random moments, resumed, and held against undisturbed ones."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.conftest import Run, read_tsv, small_rows

from .results import half_written

KILLS = int(os.environ.get("RXPRESS_KILLS", "8"))
SEED = 20
IN_A_ROW = 4  # kills of one run, each while it is resumed from the one before
STARTUP = 0.35  # of a run's length, which a resumed run takes anew
FOUR_SAMPLES = ("MM.1S_DMSO_1", "MM.1S_DMSO_2", "MM.1S_bortezomib_1", "MM.1S_bortezomib_2")


@dataclass(frozen=True)
class Study:
    """A study to kill runs of: how it is launched, what an undisturbed run gives, and its seconds.

    launch : `launch(folder, *more_options)`.
    """

    command: list[str]
    undisturbed: Run
    seconds: float
    launch: Callable[..., Run]


@dataclass(frozen=True)
class Killed:
    """A launch that ended by SIGKILL `moment` seconds after its start.

    `completed` : tasks, by Nextflow's short hash, that its trace marks COMPLETED; `begun` : how many were
    submitted by its log.
    """

    moment: float
    completed: frozenset[str]
    begun: int


def four_rows() -> list[dict[str, str]]:
    """Rows of four samples of one line: two with the drug, two without, one of them in two lanes."""
    return [row for row in small_rows() if row["sample"] in FOUR_SAMPLES]


def undisturbed_study(launch: Callable[..., Run], command: list[str], folder: Path) -> Study:
    """Run it once to its end; the moments to kill others at are fractions of the time that this took."""
    began = time.monotonic()
    run = launch(folder).ended_well()
    assert half_written(run.results) == []
    return Study(command, run, time.monotonic() - began, launch)


def chains(kills: int = KILLS // 2) -> list[tuple[float, ...]]:
    """Random moments of that many kills, some in a row each, as fractions of what is then left of a run.

    Early ones come first in a row, so that there is something left to kill.
    """
    draw = random.Random(SEED)
    drawn = [draw.random() for _ in range(kills)]
    return [tuple(sorted(drawn[at : at + IN_A_ROW])) for at in range(0, kills, IN_A_ROW)]


def kill_and_resume(study: Study, moments: tuple[float, ...], folder: Path) -> Run:
    """Kill a run, resume and kill it again and again, and resume it at last.

    What was once completed is not done again, and nothing is left half-written.
    """
    killed: list[Killed] = []
    left = study.seconds
    for moment in moments:
        killed.append(kill_run(study.command, folder, moment * left))
        left = min(study.seconds, left - killed[-1].moment + STARTUP * study.seconds)
    began = time.monotonic()
    resumed = study.launch(folder).ended_well()
    took = time.monotonic() - began
    cached = {row["hash"] for row in resumed.trace if row["status"] == "CACHED"}
    for one in killed:
        counts = f"{one.begun} tasks begun, {len(one.completed)} completed"
        print(f"killed after {one.moment:.1f} s: {counts}, of these {len(one.completed & cached)} cached")
    print(f"resumed in {took:.0f} s, undisturbed {study.seconds:.0f} s: {len(cached)} tasks cached")
    assert set().union(*(one.completed for one in killed)) <= cached
    assert {row["name"] for row in resumed.trace} == {row["name"] for row in study.undisturbed.trace}
    assert half_written(resumed.results) == []
    return resumed


def kill_run(command: list[str], folder: Path, moment: float) -> Killed:
    """Launch in a folder and kill so many seconds later; again and sooner when the run was quicker."""
    folder.mkdir(parents=True, exist_ok=True)
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
            status = process.wait(moment)
        except subprocess.TimeoutExpired:
            kill_session(process.pid)
            process.wait()
            return Killed(moment, completed_tasks(folder), submissions(folder))
    assert status == 0, (folder / "killed.log").read_text()
    return kill_run(command, folder, moment / 2)


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
