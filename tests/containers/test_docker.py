"""The pipeline in its images: as a user whom they do not know, from a folder that nobody may write to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pipeline.conftest import PIPELINE_PARTS, ROOT, SMALL_REFERENCES, Run, hash_tables, quant_rows, write_csv

from .conftest import STRANGER, Docker

pytestmark = pytest.mark.containers

IMAGES = ("reads", "toolkit", "multiqc")
PROGRAMS = ("salmon", "fastp", "fastqc", "gffread")


@pytest.mark.parametrize(("image", "most"), [("reads", 500), ("toolkit", 1000)])
def test_images_are_small(docker: Docker, image: str, most: int) -> None:
    assert int(docker.inspect(image, "{{.Size}}")) < most * 1e6


@pytest.mark.parametrize("image", IMAGES)
def test_images_prove_that_their_tools_run(docker: Docker, image: str) -> None:
    assert docker.run(image, "self-test").strip().endswith("self-test: passed")


@pytest.mark.parametrize("image", IMAGES)
def test_images_have_no_entrypoint_and_say_their_version(docker: Docker, image: str) -> None:
    assert docker.inspect(image, "{{len .Config.Entrypoint}}") == "0"
    version = docker.inspect(image, '{{index .Config.Labels "org.opencontainers.image.version"}}')
    assert f"version         = '{version}'" in (ROOT / "nextflow.config").read_text()


@pytest.mark.parametrize(
    ("image", "tool", "command"),
    [
        ("reads", "Salmon", "salmon --version"),
        ("reads", "fastp", "fastp --version 2>&1"),
        ("reads", "FastQC", "fastqc --version"),
        ("reads", "gffread", "gffread --version 2>&1"),
        ("reads", "SAMtools", "samtools --version | head -n 1"),
        ("reads", "Python", "python3 --version"),
        ("reads", "NumPy", "python3 -c 'import numpy; print(numpy.__version__)'"),
        ("toolkit", "Python", "python3 --version"),
        ("multiqc", "Python", "python3 --version"),
        ("multiqc", "MultiQC", "multiqc --version"),
    ],
)
def test_labels_tell_the_versions_that_run(docker: Docker, image: str, tool: str, command: str) -> None:
    label = docker.inspect(image, '{{index .Config.Labels "rxpress.versions"}}')
    told = re.search(rf"\b{tool} ([\d.]+)", label)
    assert told
    assert re.search(rf"(?<![\d.]){re.escape(told[1])}(?!\d)", docker.run(image, "bash", "-c", command))


@pytest.mark.parametrize(("image", "lock"), [("toolkit", "toolkit"), ("multiqc", "report")])
def test_images_hold_the_locked_packages_and_not_the_toolkit(docker: Docker, image: str, lock: str) -> None:
    listing = (
        "from importlib.metadata import distributions as d; print(*(f'{p.name}=={p.version}' for p in d()))"
    )
    there = {normal(name) for name in docker.run(image, "python3", "-c", listing).split()}
    locked = re.findall(r"^([^ ]+==[^ ]+)", (ROOT / "requirements" / f"{lock}.lock").read_text(), re.M)
    assert there
    assert there <= {normal(name) for name in locked}
    absent = "import importlib.util as u; print(u.find_spec('rxpress'), u.find_spec('pip'))"
    assert docker.run(image, "python3", "-c", absent).split() == ["None", "None"]


def normal(requirement: str) -> str:
    name, version = requirement.split("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


@pytest.mark.parametrize("image", IMAGES)
def test_images_hold_nothing_of_the_machine_that_built_them(docker: Docker, image: str) -> None:
    assert (
        docker.run(
            image, "bash", "-c", "ls -d /host /numpy.lock /toolkit.lock /report.lock 2> /dev/null || true"
        )
        == ""
    )
    names = {one.split("=")[0] for one in docker.inspect(image, '{{join .Config.Env " "}}').split()}
    assert names == {"LANG", "PATH"}


@pytest.fixture
def read_only_pipeline(open_folder: Path) -> Path:
    """The pipeline as someone else installed it: readable by all, writable by none but root."""
    pipeline = open_folder / "pipeline"
    pipeline.mkdir()
    for name in (*PIPELINE_PARTS, "tests/data/small"):
        source, target = ROOT / name, pipeline / name
        hidden = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=hidden) if source.is_dir() else shutil.copy(source, target)
    for path in (pipeline, *pipeline.rglob("*")):
        path.chmod(path.stat().st_mode & 0o555)
    return pipeline


def test_tables_from_quant_folders_are_those_of_a_native_run(
    docker: Docker, run_pipeline: Callable[..., Run], open_folder: Path, read_only_pipeline: Path
) -> None:
    before = set(read_only_pipeline.rglob("*"))
    small = stranger_runs(
        docker, run_pipeline, open_folder / "small", "-profile", "test", pipeline=read_only_pipeline
    )
    assert set(read_only_pipeline.rglob("*")) == before
    owner = STRANGER if os.geteuid() == 0 else os.geteuid()
    assert {path.stat().st_uid for path in small.results.rglob("*")} == {owner}
    options = ("--input", write_csv(quant_rows(small), open_folder / "quants.csv"), *SMALL_REFERENCES[2:])
    native = run_pipeline(open_folder / "native", *options, engine="standard").ended_well()
    contained = stranger_runs(docker, run_pipeline, open_folder / "contained", *options)
    assert "expression/study/gene_counts.tsv" in hash_tables(native)
    assert "differential/study/summary.tsv" in hash_tables(native)
    assert hash_tables(contained) == hash_tables(native)


def stranger(docker: Docker) -> dict[str, Any]:
    """Arguments of subprocess.run: STRANGER, who may speak to Docker, when we are root; else who we are."""
    return {"user": STRANGER, "group": docker.group, "extra_groups": []} if os.geteuid() == 0 else {}


def stranger_runs(
    docker: Docker, run_pipeline: Callable[..., Run], folder: Path, *options: object, **more: object
) -> Run:
    """A run in the images whose user is STRANGER when we are root, else who we are."""
    folder.mkdir()
    folder.chmod(0o777)
    env = {"HOME": str(folder), "TMPDIR": str(folder), "NXF_HOME": str(folder / ".nextflow")}
    return run_pipeline(
        folder, *options, engine="docker", env=env, user=stranger(docker), **more
    ).ended_well()


@pytest.fixture
def bare_path(open_folder: Path) -> str:
    """A PATH with all programs of this machine but those that the demo needs and Docker can stand in for."""
    folder = open_folder / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(":"):
        for program in (
            Path(place).glob("*") if place and ROOT not in (Path(place), *Path(place).parents) else ()
        ):
            if program.name not in PROGRAMS and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


def test_demo_of_a_fresh_clone_runs_in_images_where_programs_are_missing(
    docker: Docker, open_folder: Path, bare_path: str
) -> None:
    clone = open_folder / "clone"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name, follow_symlinks=False)
    user = stranger(docker)
    if user:
        for path in (clone, *clone.rglob("*")):
            os.chown(path, STRANGER, docker.group, follow_symlinks=False)
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")
    }
    env |= {"PATH": bare_path, "HOME": str(clone), "TMPDIR": str(open_folder), "RXPRESS_APT": "no"}
    made = subprocess.run(
        ["make", "demo"],
        cwd=clone,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **user,
    )
    assert made.returncode == 0, made.stdout
    assert "steps run in Docker images" in made.stdout
    report = clone / "results" / "demo" / "report" / "rxpress_report.html"
    assert f"The report: {report}" in made.stdout
    assert "MM.1S_bortezomib_3" in report.read_text()
    assert (clone / "results/demo/differential/study/drug.bortezomib.MM.1S.tsv").stat().st_size
    launched = [path.read_text() for path in (clone / "work" / "demo").rglob(".command.run")]
    assert launched
    assert all("docker run" in script for script in launched)


def test_setup_names_every_way_to_the_programs_where_there_is_none(open_folder: Path, bare_path: str) -> None:
    (Path(bare_path) / "docker").unlink(missing_ok=True)
    env = os.environ | {"PATH": bare_path, "RXPRESS_APT": "no"}
    ended = subprocess.run(
        ["bash", ROOT / "scripts" / "setup.sh"],
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 2
    for way in ("salmon fastp fastqc gffread", "Put them there", "apt-get", "Docker"):
        assert way in ended.stderr
