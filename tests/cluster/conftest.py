"""A Slurm cluster for the tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from machine import need_programs

from .slurm import PROGRAMS, Cluster, run_cluster

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of the test's own; skips aloud where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("slurm: only root can start a cluster")
    need_programs("slurm", PROGRAMS, PACKAGES)
    with ExitStack() as stack:
        try:
            started = stack.enter_context(run_cluster())
        except RuntimeError as error:
            pytest.skip(f"slurm: {error}")
        yield started
