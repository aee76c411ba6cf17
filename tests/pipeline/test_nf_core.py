"""nf-core's linter has nothing to say, and what it is not asked has a reason."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT

pytestmark = pytest.mark.pipeline

SETTINGS = ROOT / ".nf-core.yml"


@pytest.fixture(scope="session")
def nf_core() -> str:
    """The linter: RXPRESS_NF_CORE, else PATH; skips aloud where it is absent or of another version."""
    program = os.environ.get("RXPRESS_NF_CORE") or shutil.which("nf-core")
    if not program:
        pytest.skip("no nf-core on PATH: make nf-core installs it")
    wanted = yaml.safe_load(SETTINGS.read_text())["nf_core_version"]
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()[-1]
    if version != wanted:
        pytest.skip(f"nf-core is {version}, not {wanted}: make nf-core installs it")
    return program


def test_nf_core_lint_finds_nothing(nf_core: str, nextflow: str, tmp_path: Path) -> None:
    report = tmp_path / "lint.json"
    path = os.pathsep.join([str(Path(nextflow).parent), os.environ["PATH"]])
    ended = subprocess.run(
        [nf_core, "--hide-progress", "pipelines", "lint", "--dir", ROOT, "--json", report],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PATH": path, "NFCORE_NO_VERSION_CHECK": "1"},
    )
    assert report.exists(), ended.stdout
    found = json.loads(report.read_text())
    assert (found["tests_failed"], found["tests_warned"], ended.returncode) == ([], [], 0)
    assert found["num_tests_pass"] > 100


def test_what_the_linter_is_not_asked_has_a_reason() -> None:
    blocks = SETTINGS.read_text().split("\nlint:\n")[1].split("\ntemplate:\n")[0].split("\n\n")
    assert len(blocks) > 4
    assert all("# " in block for block in blocks)
