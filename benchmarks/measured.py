"""What a command costs, with all that it starts: seconds, processor, memory, bytes."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A process of its own runs the command, waits for it, and then knows what it and its children took.
RUNNER = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.call(sys.argv[2:], stdout=sys.stderr)
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
io = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
figures = {"wall": wall, "cpu": used.ru_utime + used.ru_stime}
figures |= {"read": int(io["rchar"]), "written": int(io["wchar"])}
open(sys.argv[1], "w").write(json.dumps(figures))
sys.exit(code)
"""
ROOT = Path(__file__).resolve().parents[1]
RXPRESS = (ROOT / "launcher" / "nextflow", "-q", "run", ROOT, "-ansi-log", "false")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of processors, peak bytes of memory, bytes read and written."""

    wall: float
    cpu: float
    peak: int
    read: int
    written: int


def measure(command: Sequence[object], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command in a folder; RuntimeError with the end of what it said when it fails."""
    figures, said = folder / "cost.json", folder / "said.txt"
    with said.open("w") as log:
        runner = subprocess.Popen(
            [sys.executable, "-c", RUNNER, figures, *map(str, command)],
            cwd=folder,
            stderr=log,
            env=_surroundings(environment),
            start_new_session=True,
        )
        peaks, done = [0], threading.Event()
        watch = threading.Thread(target=_watch_memory, args=(runner.pid, peaks, done))
        watch.start()
        code = runner.wait()
        done.set()
        watch.join()
    if code:
        raise RuntimeError(f"{command[0]}: {said.read_text()[-2000:]}")
    return Cost(peak=peaks[0], **json.loads(figures.read_text()))


def _surroundings(more: Mapping[str, str] | None) -> dict[str, str]:
    """The variables of now and `more`; commands find the Python that runs the benchmark, activated or not."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"} | dict(more or {})


def _watch_memory(root: int, peaks: list[int], done: threading.Event) -> None:
    """Keep the most memory that the processes below `root` had at a time: their resident sets together."""
    while not done.wait(0.5):
        peaks[0] = max(peaks[0], sum(_resident(pid) for pid in _below(root)))


def _below(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, latest = [], [root]
    while latest:
        found += latest
        latest = [child for pid in latest for child in children.get(pid, [])]
    return found[1:]


def _resident(pid: int) -> int:
    """Resident bytes without what is shared with other processes' files."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * PAGE


def folder_bytes(folder: Path) -> int:
    """Bytes of the files below a folder, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def run_nextflow(
    arguments: Sequence[object], folder: Path, environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """Run the pipeline in a folder; seconds of the whole run, and peak MB of Nextflow itself."""
    said = folder / "said.txt"
    start = time.perf_counter()
    with said.open("w") as log:
        process = subprocess.Popen(
            list(map(str, [*RXPRESS, *arguments])),
            cwd=folder,
            stdout=log,
            stderr=log,
            env=_surroundings(environment),
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _most_resident(process.pid))
            time.sleep(0.2)
    if process.returncode:
        raise RuntimeError(said.read_text()[-2000:])
    return time.perf_counter() - start, peak


def _most_resident(pid: int) -> float:
    """MB that a process had in memory at most until now; 0 when it has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def read_trace(outdir: Path) -> list[dict[str, str]]:
    """The tasks of a run by its results folder, a row each, as Nextflow's trace has them."""
    with (outdir / "provenance" / "trace.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))
