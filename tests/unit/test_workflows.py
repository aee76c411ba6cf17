"""What GitHub runs: actions of a fixed version, no more rights than needed, commands that are there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def read(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_there_is_a_workflow_for_tests_linters_nf_test_and_images() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "images", "linting", "nf-test"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_have_a_fixed_version(path: Path) -> None:
    """A commit; of nf-core's own actions a version, as nf-core uses them."""
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}|nf-core/[\w-]+@v\d+", action) for action in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_those_to_read_but_where_images_are_pushed(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    extra = {right for job in workflow["jobs"].values() for right in job.get("permissions", {}).items()}
    assert extra <= ({("contents", "read"), ("packages", "write")} if path.stem == "images" else set())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_commands_of_the_repository_are_there(path: Path) -> None:
    commands = [step["run"] for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        assert set(re.findall(r"^make ([\w-]+)", command, flags=re.MULTILINE)) <= TARGETS
        assert all((ROOT / name).exists() for name in re.findall(r"^[\w/]+\.sh", command, flags=re.MULTILINE))


def test_actionlint_finds_nothing() -> None:
    if not shutil.which("actionlint"):
        pytest.skip("no actionlint on PATH")
    ended = subprocess.run(["actionlint", "-no-color", *WORKFLOWS], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
