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
from engine_study import assert_ran_as_native
from pipeline.conftest import PIPELINE_PARTS, ROOT, SMALL, Run, read_tsv

from .conftest import STRANGER, Docker

pytestmark = pytest.mark.engines

IMAGES = ("reads", "align", "toolkit", "multiqc")


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
    assert re.search(rf"^ *version += '{version}(dev)?'$", (ROOT / "nextflow.config").read_text(), re.M)


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
        ("align", "STAR", "STAR --version"),
        ("align", "HISAT2", "hisat2 --version"),
        ("align", "Subread", "featureCounts -v 2>&1"),
        ("align", "fastp", "fastp --version 2>&1"),
        ("align", "Salmon", "salmon --version"),
        ("align", "SAMtools", "samtools --version | head -n 1"),
        ("align", "Python", "python3 --version"),
        ("toolkit", "Python", "python3 --version"),
        ("multiqc", "Python", "python3 --version"),
        ("multiqc", "MultiQC", "multiqc --version"),
    ],
)
def test_labels_tell_the_versions_that_run(docker: Docker, image: str, tool: str, command: str) -> None:
    label = docker.inspect(image, '{{index .Config.Labels "rxpress.versions"}}')
    told = re.search(rf"\b{tool} ([\d.]+[a-z]?)", label)
    assert told
    assert re.search(rf"(?<![\d.]){re.escape(told[1])}(?!\d)", docker.run(image, "bash", "-c", command))


@pytest.mark.parametrize(
    ("image", "lock"), [("toolkit", "toolkit"), ("multiqc", "report"), ("align", "align")]
)
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
            image,
            "bash",
            "-c",
            "ls -d /host /reads.lock /align.lock /toolkit.lock /report.lock 2> /dev/null || true",
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
    docker: Docker,
    run_pipeline: Callable[..., Run],
    engine_sheet: Path,
    native_tables: dict[str, str],
    open_folder: Path,
    read_only_pipeline: Path,
) -> None:
    before = set(read_only_pipeline.rglob("*"))
    folder = open_folder / "run"
    folder.mkdir()
    folder.chmod(0o777)
    options = ("-profile", "test", "--input", engine_sheet)
    home = {"HOME": str(folder), "TMPDIR": str(folder), "NXF_HOME": str(folder / ".nextflow")}
    run = run_pipeline(
        folder, *options, pipeline=read_only_pipeline, engine="docker", env=home, user=stranger(docker)
    )
    assert_ran_as_native(run, native_tables)
    assert set(read_only_pipeline.rglob("*")) == before
    owner = STRANGER if os.geteuid() == 0 else os.geteuid()
    assert {path.stat().st_uid for path in run.results.rglob("*")} == {owner}


def test_reads_are_aligned_and_counted_in_images(
    docker: Docker, run_pipeline: Callable[..., Run], open_folder: Path
) -> None:
    given = ("--input", SMALL / "samplesheet.csv", "--genome", SMALL / "genome.fa.gz", "--skip_fastqc")
    given = (*given, "--gtf", SMALL / "annotation.gtf.gz", "--aligner", "hisat2", "--quantifier", "htseq")
    run = run_pipeline(open_folder / "aligned", *given, "--min_reads", 100, engine="docker").ended_well()
    counted = read_tsv(run.results / "expression" / "study" / "gene_counts.tsv")
    truth = {row["gene_id"]: row for row in read_tsv(SMALL / "truth" / "counts.tsv")}
    samples = [name for name in counted[0] if name not in ("gene_id", "gene_name")]
    assert len(samples) == 8
    for sample in samples:
        sequenced = {gene: int(row[sample]) for gene, row in truth.items()}
        errors = sum(abs(int(row[sample]) - sequenced[row["gene_id"]]) for row in counted)
        assert errors / sum(sequenced.values()) < 0.1


def stranger(docker: Docker) -> dict[str, Any]:
    """Arguments of subprocess.run: STRANGER, who may speak to Docker, when we are root; else who we are."""
    return {"user": STRANGER, "group": docker.group, "extra_groups": []} if os.geteuid() == 0 else {}


def test_setup_chooses_images_where_programs_are_missing(
    docker: Docker, open_folder: Path, bare_path: str
) -> None:
    for name in ("scripts", "requirements", "launcher", "containers", "conf"):
        shutil.copytree(ROOT / name, open_folder / name)
    (open_folder / ".venv").symlink_to((ROOT / ".venv").resolve())
    (open_folder / ".tools").mkdir()
    if (ROOT / ".tools" / "nextflow").exists():
        (open_folder / ".tools" / "nextflow").symlink_to((ROOT / ".tools" / "nextflow").resolve())
    env = os.environ | {"PATH": bare_path, "RXPRESS_APT": "no"}
    said = subprocess.run(
        ["bash", open_folder / "scripts" / "setup.sh"], env=env, capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert "steps run in images, by docker" in said.stdout
    assert f"{docker.image('toolkit')} is there" in said.stdout
    assert (open_folder / ".tools" / "profile").read_text() == "docker\n"


def test_setup_names_every_way_to_the_programs_where_there_is_none(open_folder: Path, bare_path: str) -> None:
    for engine in ("docker", "podman"):
        (Path(bare_path) / engine).unlink(missing_ok=True)
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
