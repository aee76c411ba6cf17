"""The launcher of Nextflow starts it whatever has become of the archive of its classes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import ROOT

KEPT = ROOT / ".tools" / "nextflow"
pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(
        not (KEPT / "classes.size").exists(),
        reason="no archive of Nextflow's classes: Nextflow is not that of scripts/setup.sh",
    ),
]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A launcher with the jars of this one, and a copy of its archive, in `.tools/nextflow` beside it."""
    shutil.copytree(ROOT / "launcher", tmp_path / "launcher")
    (tmp_path / ".tools" / "nextflow").mkdir(parents=True)
    for part in KEPT.iterdir():
        target = tmp_path / ".tools" / "nextflow" / part.name
        if part.name.startswith("classes"):
            shutil.copyfile(part, target)
        else:
            target.symlink_to(part.resolve())
    return tmp_path


def version(folder: Path) -> subprocess.CompletedProcess[str]:
    words = [folder / "launcher" / "nextflow", "-version"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True)


def test_the_archive_that_setup_keeps_is_used() -> None:
    assert (KEPT / "classes.jsa").stat().st_size == int((KEPT / "classes.size").read_text())
    loaded = subprocess.run(
        [ROOT / "launcher" / "nextflow", "-version"],
        env={"NXF_OPTS": "-Xshare:on -Xlog:class+load", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    assert loaded.returncode == 0, loaded.stdout[-2000:] + loaded.stderr
    assert "source: shared objects file (top)" in loaded.stdout


@pytest.mark.parametrize(
    "harm",
    [
        lambda kept, _: kept.write_bytes(kept.read_bytes()[:1_000_000]),
        lambda kept, _: kept.write_bytes(b""),
        lambda kept, _: kept.unlink(),
        lambda _, size: size.unlink(),
        lambda kept, size: (kept.write_bytes(b"x" * 5000), size.write_text("5000\n")),
        lambda *_: None,  # of another place
    ],
    ids=["cut", "empty", "gone", "of no size", "of something else", "of another place"],
)
def test_an_archive_that_is_not_right_is_left_alone_without_a_word(installed: Path, harm) -> None:
    kept = installed / ".tools" / "nextflow"
    harm(kept / "classes.jsa", kept / "classes.size")
    ended = version(installed)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip().startswith("N E X T F L O W")
