"""As users run it: straight from a git repository, at a tag, and at the next one when that is out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from .conftest import PIPELINE_PARTS, ROOT, SMALL, Run, hash_tables, small_rows, write_csv

pytestmark = pytest.mark.pipeline


def git(folder: Path, *words: object) -> None:
    who = ("-c", "user.name=rxpress", "-c", "user.email=rxpress@example.org")
    ended = subprocess.run(["git", *who, *map(str, words)], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The pipeline as it stands here, in a repository of its own."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in PIPELINE_PARTS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    shutil.copy(ROOT / ".gitignore", folder)
    git(folder, "init", "-q", "-b", "main")
    return folder


def release(source: Path, bare: Path, tag: str) -> None:
    """Publishes what stands in `source` as version `tag`."""
    config = source / "nextflow.config"
    config.write_text(re.sub(r"( version +=) '.*'", rf"\1 '{tag}'", config.read_text()))
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", tag)
    git(source, "tag", tag)
    if bare.exists():
        git(source, "push", "-q", bare, "main", tag)
    else:
        git(source, "clone", "-q", "--bare", source, bare)


def run_at(tag: str, bare: Path, folder: Path, nextflow: str) -> Run:
    """`nextflow run` by URL, with a home of its own and the network not forbidden."""
    variables = {name: value for name, value in os.environ.items() if name != "NXF_OFFLINE"}
    command = [nextflow, "-q", "run", f"file://{bare}", "-r", tag, "-params-file", "params.yml", "-resume"]
    ended = subprocess.run(
        [*command, "-ansi-log", "false"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=variables | {"NXF_HOME": str(folder / "home")},
    )
    return Run(ended.returncode, ended.stdout, folder / "results")


def test_runs_at_a_tag_and_at_the_next_one(nextflow: str, source: Path, tmp_path: Path) -> None:
    hidden = ("fastq_1", "fastq_2", "strandedness")
    rows = {row["sample"]: {k: v for k, v in row.items() if k not in hidden} for row in small_rows()}
    write_csv(list(rows.values()), tmp_path / "sheet.csv")
    parameters = {"input": "sheet.csv", "counts": str(SMALL / "truth" / "counts.tsv"), "outdir": "results"}
    (tmp_path / "params.yml").write_text(yaml.safe_dump(parameters | {"alpha": 0.01}))

    bare = tmp_path / "rxpress.git"
    release(source, bare, "v1")
    first = run_at("v1", bare, tmp_path, nextflow).ended_well()
    tables = hash_tables(first)
    assert len(tables) > 10
    assert provenance(first) == ("v1", 0.01)

    # The clone was used: what ran in it must not keep Nextflow from taking the next version.
    release(source, bare, "v2")
    second = run_at("v2", bare, tmp_path, nextflow).ended_well()
    assert provenance(second) == ("v2", 0.01)
    assert hash_tables(second) == tables
    assert "TEST_EXPRESSION" in second.tasks("CACHED")


def provenance(run: Run) -> tuple[str, float]:
    """Version of the pipeline, and the alpha that the parameters of the run say."""
    folder = run.results / "provenance"
    parameters = yaml.safe_load((folder / "params.json").read_text())
    return yaml.safe_load((folder / "versions.yml").read_text())["rxpress"]["rxpress"], parameters["alpha"]
