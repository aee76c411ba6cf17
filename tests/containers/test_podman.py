"""The pipeline under podman, with the images that Docker built."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_study import DEMO_OPTIONS, assert_ran_as_native
from pipeline.conftest import ROOT, Run

from .conftest import Podman, image_names

pytestmark = pytest.mark.engines


def test_images_of_docker_are_those_that_the_recipes_make(podman: Podman) -> None:
    built = subprocess.run(
        [ROOT / "containers" / "build.sh"],
        env=os.environ | podman.env | {"RXPRESS_ENGINE": "podman"},
        capture_output=True,
        text=True,
    )
    assert built.stdout.splitlines() == [f"images: {image} is there" for image in image_names()]


def test_tables_from_quant_folders_are_those_of_a_native_run(
    podman: Podman,
    run_pipeline: Callable[..., Run],
    engine_sheet: Path,
    native_tables: dict[str, str],
    open_folder: Path,
) -> None:
    options = ("-profile", "test", "--input", engine_sheet)
    run = run_pipeline(open_folder, *options, engine="podman", env=podman.env)
    assert_ran_as_native(run, native_tables)
    launched = [path.read_text() for path in (open_folder / "work").rglob(".command.run")]
    assert launched
    assert all("podman run" in script for script in launched)


def test_the_demo_agrees_with_that_of_this_machine(
    podman: Podman,
    run_pipeline: Callable[..., Run],
    assert_is_the_demo: Callable[[Run], None],
    open_folder: Path,
) -> None:
    assert_is_the_demo(run_pipeline(open_folder, *DEMO_OPTIONS, engine="podman", env=podman.env))
