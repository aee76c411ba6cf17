"""Every profile is understood, and every process has its image."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.pipeline

# What a profile must say, by the path to it. Those of a cloud are parsed here, not run.
PROFILES: dict[str, dict[str, object]] = {
    "standard": {},
    "docker": {"docker.enabled": True},
    "podman": {"podman.enabled": True},
    "singularity": {"singularity.enabled": True},
    "apptainer": {"apptainer.enabled": True},
    "conda": {"conda.enabled": True},
    "docker,arm64": {"docker.enabled": True, "process.arch": "linux/arm64"},
    "slurm": {"process.executor": "slurm"},
    "awsbatch": {"process.executor": "awsbatch", "docker.enabled": True},
    "google_batch": {"process.executor": "google-batch", "docker.enabled": True},
    "k8s": {"process.executor": "k8s", "docker.enabled": True},
    "test": {"params.min_reads": 500},
    "test_full": {"params.input": "demo/samplesheet.csv"},
}
CONFIGURED = re.findall(r"^    (\w+) \{$", (ROOT / "nextflow.config").read_text(), flags=re.MULTILINE)


def printed(folder: Path, *command: object) -> Any:
    """The JSON that Nextflow prints."""
    ended = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout)


def at(config: dict[str, Any], path: str) -> object:
    section, name = path.split(".")
    return config[section][name]


def test_every_profile_is_listed_here() -> None:
    assert {name for names in PROFILES for name in names.split(",")} == set(CONFIGURED)


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_says_what_it_is_for(nextflow: str, profile: str, tmp_path: Path) -> None:
    config = printed(tmp_path, nextflow, "config", "-o", "json", "-profile", profile, ROOT)
    assert {path: at(config, path) for path in PROFILES[profile]} == PROFILES[profile]


def test_every_process_has_an_image(nextflow: str, tmp_path: Path) -> None:
    """Images do not depend on the profile; to list them for a cloud would take its plugin."""
    processes = {
        re.findall(r"^process (\w+)", path.read_text(), flags=re.MULTILINE)[0]
        for path in ROOT.glob("modules/local/*/main.nf")
    }
    listed = printed(tmp_path, nextflow, "inspect", "-profile", "docker", ROOT)["processes"]
    assert {row["name"] for row in listed} == processes
    assert {row["container"].split("/")[-1].split(":")[0] for row in listed} == {
        path.parent.name for path in ROOT.glob("containers/*/Dockerfile")
    }


@pytest.mark.parametrize("parser", ["v1", "v2"])
def test_images_are_taken_from_the_registry_that_is_named(
    nextflow: str, parser: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NXF_SYNTAX_PARSER", parser)
    options = ("inspect", "-profile", "docker", ROOT, "--container_registry", "ghcr.io/mylab")
    listed = printed(tmp_path, nextflow, *options)["processes"]
    assert listed
    assert all(row["container"].startswith("ghcr.io/mylab/rxpress/") for row in listed)


def test_help_prints_every_parameter_of_the_schema_and_runs_nothing(nextflow: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [nextflow, "-q", "run", ROOT, "--help", "--outdir", "results"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    groups = json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
    for name, one in [pair for group in groups for pair in group["properties"].items()]:
        (line,) = [line for line in ended.stdout.splitlines() if line.split()[:1] == [f"--{name}"]]
        assert one["description"] in line
        assert "default" not in one or f"(default: {json.dumps(one['default']).strip(chr(34))})" in line
    assert not (tmp_path / "results").exists()
    assert not list((tmp_path / "work").glob("*/*"))
