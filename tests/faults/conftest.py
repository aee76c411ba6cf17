"""A copy of the pipeline, so that an edit while tests run does not make a step of a killed run begin anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipeline.conftest import copy_pipeline


@pytest.fixture(scope="session")
def pipeline_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_pipeline(tmp_path_factory.mktemp("copy") / "pipeline")
