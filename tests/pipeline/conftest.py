"""Runs the pipeline as a user does, and says what came of it."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from machine import one_at_a_time

ROOT = Path(__file__).resolve().parent.parent.parent
PIPELINE_PARTS = (
    "main.nf",
    "nextflow.config",
    "nextflow_schema.json",
    "assets",
    "bin",
    "conf",
    "functions",
    "modules",
    "workflows",
)
SMALL = ROOT / "tests" / "data" / "small"
SMALL_REFERENCES = ("--transcripts", SMALL / "transcripts.fa.gz", "--gtf", SMALL / "annotation.gtf.gz")


@dataclass(frozen=True)
class Run:
    """A finished `nextflow run`: exit status, what it printed, its results and its tasks from the trace.

    `warnings` are those of Nextflow itself, where they were looked for.
    """

    status: int
    printed: str
    results: Path
    warnings: tuple[str, ...] = ()

    @property
    def trace(self) -> list[dict[str, str]]:
        return read_tsv(self.results / "provenance" / "trace.tsv")

    def tasks(self, status: str) -> Counter[str]:
        """How many tasks of each process ended as `COMPLETED`, `CACHED` or `FAILED`."""
        return Counter(
            row["name"].split(" ")[0].split(":")[-1] for row in self.trace if row["status"] == status
        )

    @property
    def errors(self) -> list[str]:
        """The `error:` lines of the closing message."""
        closing = self.printed.rpartition("rxpress did not finish.")[2]
        return [line.removeprefix("error: ") for line in closing.splitlines() if line.startswith("error: ")]

    def was_refused(self, *pieces: str) -> None:
        """Its inputs were, before any other step ran, and each of the pieces was said."""
        told = "\n".join(self.errors)
        assert self.status != 0
        for piece in pieces:
            assert piece in told, told
        assert set(self.tasks("FAILED")) == {"CHECK_INPUTS"}
        assert len(self.trace) == 1

    def ended_well(self) -> Run:
        assert self.status == 0, self.printed
        assert not self.warnings
        return self


def nextflow_warnings(folder: Path) -> tuple[str, ...]:
    """What Nextflow warned of in its last run in a folder.

    Not what it says of configuration: of `-resume` where there was nothing yet, and with the strict parser
    of every `withName:`, which 25.04 does not know there.
    """
    log = folder / ".nextflow.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return tuple(line for line in lines if " WARN  nextflow." in line and "nextflow.config." not in line)


def read_tsv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def write_csv(rows: list[dict[str, str]], path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def small_rows() -> list[dict[str, str]]:
    """Rows of the small study's sheet, with paths that hold from any folder."""
    with (SMALL / "samplesheet.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [row | {name: str(SMALL / row[name]) for name in ("fastq_1", "fastq_2")} for row in rows]


def quant_rows(run: Run) -> list[dict[str, str]]:
    """One row per sample of the small study that starts from its Salmon folder."""
    folders = run.results / "reads" / "salmon"
    rows = {row["sample"]: row for row in small_rows()}
    hidden = ("fastq_1", "fastq_2", "strandedness")
    return [
        {k: v for k, v in row.items() if k not in hidden} | {"quant": str(folders / name)}
        for name, row in rows.items()
    ]


def hash_tables(run: Run) -> dict[str, str]:
    """SHA-256 of every matrix and table of the run by its path."""
    files = [path for part in ("expression", "differential") for path in (run.results / part).rglob("*")]
    return {
        str(path.relative_to(run.results)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def copy_pipeline(folder: Path) -> Path:
    """A copy of what a run needs of the pipeline, to edit or to keep from edits."""
    folder.mkdir(parents=True)
    for name in PIPELINE_PARTS:
        source = ROOT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder / name)
    return folder


def with_engine(options: tuple[object, ...], engine: str | None) -> tuple[object, ...]:
    """The options with the profile of the engine, which is by default the one that scripts/setup.sh chose."""
    if engine is None:
        chosen = ROOT / ".tools" / "profile"
        engine = chosen.read_text().strip() if chosen.exists() else "standard"
    if engine == "standard":
        return options
    if "-profile" not in options:
        return ("-profile", engine, *options)
    at = options.index("-profile") + 1
    return (*options[:at], f"{options[at]},{engine}", *options[at + 1 :])


@pytest.fixture(scope="session")
def nextflow() -> str:
    """Nextflow from PATH, else the launcher that scripts/setup.sh fed."""
    found = shutil.which("nextflow") or str(ROOT / "launcher" / "nextflow")
    assert subprocess.run([found, "-version"], capture_output=True).returncode == 0, (
        "run scripts/setup.sh first"
    )
    return found


@pytest.fixture(scope="session")
def pipeline_command(nextflow: str) -> Callable[..., list[str]]:
    """`pipeline_command(*options, pipeline=ROOT, engine=None)`: the words that launch it into `results`."""

    def command(*options: object, pipeline: Path = ROOT, engine: str | None = None) -> list[str]:
        words = [nextflow, "-q", "run", pipeline, "-resume", "-ansi-log", "false"]
        words += with_engine(options, engine)
        if "--outdir" not in options:
            words += ["--outdir", "results"]
        return [str(word) for word in words]

    return command


@pytest.fixture(scope="session")
def run_pipeline(pipeline_command: Callable[..., list[str]]) -> Callable[..., Run]:
    """`run_pipeline(folder, *options, pipeline=ROOT, …)` launches in `folder`, into `folder`/results.

    `engine` is the profile to run with, `env` are further variables, `user` are the arguments of
    subprocess.run that name another user, `within` are words before the command.
    """

    def run(
        folder: Path,
        *options: object,
        pipeline: Path = ROOT,
        engine: str | None = None,
        env: dict[str, str] | None = None,
        user: dict[str, Any] | None = None,
        within: Sequence[str] = (),
    ) -> Run:
        folder.mkdir(parents=True, exist_ok=True)
        ended = subprocess.run(
            [*within, *pipeline_command(*options, pipeline=pipeline, engine=engine)],
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | (env or {}),
            stdin=subprocess.DEVNULL,
            **(user or {}),
        )
        return Run(ended.returncode, ended.stdout, folder / "results", nextflow_warnings(folder))

    return run


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this session that all processes of pytest-xdist have in common."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def demo_study(shared_folder: Path) -> Path:
    """The full demo study, made where `make demo` makes it."""
    folder = ROOT / "demo"
    maker = ROOT / "tests" / "data" / "make_demo_study.py"
    with one_at_a_time("demo", shared_folder):
        subprocess.run([sys.executable, maker, "--outdir", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def demo_run(nextflow: str, demo_study: Path, shared_folder: Path) -> Run:
    """`make demo`, as the README has it, once a session; files of older versions are cleared away before."""
    run = Run(0, "", demo_study.parent / "results" / "demo")
    printed = shared_folder / "make_demo.txt"
    with one_at_a_time("demo", shared_folder):
        if not printed.exists():
            shutil.rmtree(run.results, ignore_errors=True)
            command = ["make", "-C", str(ROOT), "demo"]
            ended = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            replace(run, status=ended.returncode, printed=ended.stdout).ended_well()
            printed.write_text(ended.stdout)
    return replace(run, printed=printed.read_text())


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launch folder that runs on the small study share, so that what one has done the next finds cached."""
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="session")
def no_network() -> list[str]:
    """Words that start a command in a network namespace without interfaces; none where this is forbidden."""
    words = ["unshare", "--net"]
    allowed = (
        shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    )
    return words if allowed else []


@pytest.fixture(scope="session")
def small_run(run_pipeline: Callable[..., Run], small_folder: Path, no_network: list[str]) -> Run:
    """The pipeline as `-profile test`, cut off from any network where that can be done."""
    return run_pipeline(small_folder, "-profile", "test", within=no_network).ended_well()
