"""Runs of the pipeline, as the tests of the pipeline make them."""

from __future__ import annotations

from pipeline.conftest import nextflow, pipeline_command, run_pipeline

__all__ = ["nextflow", "pipeline_command", "run_pipeline"]
