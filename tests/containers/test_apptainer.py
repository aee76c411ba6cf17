"""The pipeline under Apptainer, as an ordinary user, with SIF files made of the images that Docker built.

Debian 12 has no Apptainer: it, and Nextflow with it, run in a root of Debian's unstable that the test makes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine_study import DEMO_OPTIONS, assert_ran_as_native
from machine import need_programs
from pipeline.conftest import ROOT, Run

from .conftest import STRANGER, Docker, image_names

pytestmark = pytest.mark.engines

IN_ROOT = Path(__file__).parent / "in_root.sh"
PACKAGES = "apptainer,ca-certificates,procps,squashfs-tools,squashfuse"
MIRROR = "http://deb.debian.org/debian"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
QUICK_SQUASHFS = "-comp zstd -Xcompression-level 3"


@dataclass(frozen=True)
class Apptainer:
    """A root that has Apptainer, and in `sif` the images as files, at the same place inside and outside."""

    root: Path
    sif: Path

    def command(self, folder: Path, *folders: Path, words: list[str]) -> list[str]:
        """The words that run others in the root, as STRANGER, in `folder`; `folders` are there too."""
        seen = [str(path) for path in (folder, self.sif, *folders)]
        user = [f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"]
        env = [f"--chdir={folder}", f"HOME={folder}", f"NXF_HOME={folder}/.nextflow", f"PATH={PATH}"]
        return [str(IN_ROOT), str(self.root), *seen, "--", "setpriv", *user, "env", "-i", *env, *words]


@pytest.fixture(scope="session")
def apptainer(docker: Docker) -> Iterator[Apptainer]:
    """Skips aloud where the root cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("apptainer: only root can make the root that it runs in")
    need_programs("apptainer", ("debootstrap",), ("debootstrap",))
    folder = Path(tempfile.mkdtemp(prefix="rxpress-apptainer-"))
    folder.chmod(0o755)
    try:
        root = make_root(folder / "root")
        yield Apptainer(root, make_images(folder, root))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_root(root: Path) -> Path:
    mirror = os.environ.get("RXPRESS_DEBIAN_MIRROR", MIRROR)
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "sid", root, mirror],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode:
        pytest.skip(f"apptainer: debootstrap of sid failed: {made.stdout[-2000:]}")
    for name in ("hosts", "resolv.conf"):
        shutil.copy(Path("/etc") / name, root / "etc" / name)
    with (root / "etc" / "passwd").open("a") as users:  # Apptainer runs for users with a name only
        users.write(f"stranger:x:{STRANGER}:{STRANGER}::/:/bin/bash\n")
    return root


def make_images(folder: Path, root: Path) -> Path:
    """What `make images` writes, with an `apptainer` on PATH that works in the root."""
    stand_in = folder / "bin" / "apptainer"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\nexec {IN_ROOT} {root} {folder} -- /usr/bin/apptainer "$@"\n')
    stand_in.chmod(0o755)
    env = {
        "PATH": f"{stand_in.parent}:{os.environ['PATH']}",
        "TMPDIR": str(folder),
        "RXPRESS_ENGINE": "docker",
        "RXPRESS_SQUASHFS": QUICK_SQUASHFS,
    }
    made = subprocess.run(
        [ROOT / "containers" / "sif.sh", folder / "sif"],
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert made.returncode == 0, made.stdout
    return folder / "sif"


@pytest.fixture
def java(apptainer: Apptainer) -> list[Path]:
    """The folders that the Java of this machine needs, which is then in the root too."""
    told = ROOT / ".tools" / "nextflow" / "java"
    if not told.exists():
        pytest.skip("apptainer: Nextflow is not that of scripts/setup.sh")
    program = Path(told.read_text().strip())
    inside = apptainer.root / program.relative_to("/")
    if program.resolve() != program:
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.unlink(missing_ok=True)
        inside.symlink_to(program.resolve())
    return [program.resolve().parent.parent, *Path("/etc").glob("java-*")]


def test_images_are_files_named_as_the_pipeline_asks(apptainer: Apptainer) -> None:
    expected = {f"{image.replace('/', '-').replace(':', '-')}.sif" for image in image_names()}
    assert {path.name for path in apptainer.sif.iterdir()} == expected


@pytest.fixture
def run_in_root(
    apptainer: Apptainer, java: list[Path], pipeline_command: Callable[..., list[str]], open_folder: Path
) -> Callable[..., Run]:
    """`run_in_root(*options, seen=[…])` launches in `open_folder`, where the folders `seen` are too."""

    def run(*options: object, seen: list[Path]) -> Run:
        command = pipeline_command(*options, "--container_dir", apptainer.sif, engine="apptainer")
        words = [str(ROOT / "launcher" / "nextflow"), *command[1:]]
        parts = [ROOT, (ROOT / ".tools").resolve(), (ROOT / ".venv").resolve(), *java]
        ended = subprocess.run(
            apptainer.command(open_folder, *parts, *seen, words=words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        return Run(ended.returncode, ended.stdout, open_folder / "results")

    return run


def test_tables_from_quant_folders_are_those_of_a_native_run(
    run_in_root: Callable[..., Run], engine_sheet: Path, native_tables: dict[str, str], open_folder: Path
) -> None:
    run = run_in_root("-profile", "test", "--input", engine_sheet, seen=[engine_sheet.parent])
    assert_ran_as_native(run, native_tables)
    launched = [path.read_text() for path in (open_folder / "work").rglob(".command.run")]
    assert launched
    assert all("apptainer exec" in script and ".sif" in script for script in launched)
    assert {path.stat().st_uid for path in (open_folder / "results").rglob("*")} == {STRANGER}


def test_the_demo_agrees_with_that_of_this_machine(
    run_in_root: Callable[..., Run], assert_is_the_demo: Callable[[Run], None]
) -> None:
    assert_is_the_demo(run_in_root(*DEMO_OPTIONS, seen=[]))
