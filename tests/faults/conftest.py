"""A copy of the pipeline, so that an edit while tests run does not make a step of a killed run begin anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pipeline.conftest import Run, copy_pipeline

from .killing import Study, undisturbed_study


@pytest.fixture(scope="session")
def pipeline_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_pipeline(tmp_path_factory.mktemp("copy") / "pipeline")


@pytest.fixture(scope="session")
def run_undisturbed(
    pipeline_copy: Path, pipeline_command: Callable[..., list[str]], run_pipeline: Callable[..., Run]
) -> Callable[..., Study]:
    """`run_undisturbed(folder, *options)`: a study that is launched with options, run once in `folder`."""

    def run(folder: Path, *options: object) -> Study:
        return undisturbed_study(
            lambda launch_folder, *more: run_pipeline(launch_folder, *options, *more, pipeline=pipeline_copy),
            pipeline_command(*options, pipeline=pipeline_copy),
            folder,
        )

    return run
