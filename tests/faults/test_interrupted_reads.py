"""Runs from reads, killed at any moment and resumed: nothing lost, counts and calls as of two runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from engine_bound import beyond_bound, confounded_genes
from pipeline.conftest import SMALL, SMALL_REFERENCES, write_csv

from .killing import Study, chains, four_rows, kill_and_resume
from .results import files_of

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def study(run_undisturbed: Callable[..., Study], tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("reads")
    sheet = write_csv(four_rows(), folder / "reads.csv")
    options = ("--input", sheet, *SMALL_REFERENCES, "--min_reads", 500, "--skip_fastqc")
    return run_undisturbed(folder / "undisturbed", *options)


@pytest.mark.parametrize("moments", chains(), ids=lambda row: "-".join(f"{one:.2f}" for one in row))
def test_a_run_killed_again_and_again_from_reads_ends_with_the_same_counts_and_calls(
    study: Study, moments: tuple[float, ...], tmp_path: Path
) -> None:
    resumed = kill_and_resume(study, moments, tmp_path / "run")
    confounded = confounded_genes(SMALL / "transcripts.fa.gz")
    assert beyond_bound(resumed.results, study.undisturbed.results, confounded) == []
    assert files_of(resumed.results).keys() == files_of(study.undisturbed.results).keys()
