"""What tests of engines need of the machine: packages, or a skip that says why there are none."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TEMPORARY = tempfile.gettempdir()


def need_programs(engine: str, programs: tuple[str, ...], packages: tuple[str, ...]) -> None:
    """Install Debian's packages when a program is not on PATH; skip aloud where that cannot be done."""
    if all(shutil.which(program) for program in programs):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get") or os.environ.get("RXPRESS_APT") == "no":
        missing = [program for program in programs if not shutil.which(program)]
        pytest.skip(
            f"{engine}: no {', '.join(missing)}, and apt-get is not there or not allowed (RXPRESS_APT)"
        )
    with one_at_a_time("apt"):
        install(engine, packages)


def install(engine: str, packages: tuple[str, ...]) -> None:
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        ended = subprocess.run(
            ["apt-get", *words],
            capture_output=True,
            text=True,
            env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        )
        if ended.returncode:
            pytest.skip(f"{engine}: apt-get {words[0]} failed: {ended.stderr.strip()}")


@contextmanager
def one_at_a_time(what: str, folder: str | Path = TEMPORARY) -> Iterator[None]:
    """Processes that ask for the same thing in the same folder get it one after the other."""
    with (Path(folder) / f"rxpress-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether it holds within so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
