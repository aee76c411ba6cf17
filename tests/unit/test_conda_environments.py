"""The Conda environments name the programs and packages of the images. No test installs them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = {"python_full_version": "3.11.2", "sys_platform": "linux"}
PROGRAMS = {
    "reads": ("fastp", "fastqc", "gffread", "salmon", "samtools"),
    "align": ("fastp", "hisat2", "salmon", "samtools", "star", "subread"),
}


def environment(image: str) -> tuple[dict[str, str], list[str]]:
    """Versions of Conda's packages by name, and the packages of PyPI as pip is told them."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "containers" / image / "environment.yml").read_text())
    *packages, pip = content["dependencies"]
    return dict((*package.split("="), "")[:2] for package in packages), pip["pip"]


def locked(name: str) -> list[str]:
    """What a lock installs on Linux with the Python of the images."""
    lines = (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
    pins = [Requirement(line.rstrip(" \\")) for line in lines if re.match("[a-z]", line)]
    return [f"{pin.name}{pin.specifier}" for pin in pins if pin.marker is None or pin.marker.evaluate(PYTHON)]


@pytest.mark.parametrize(
    ("image", "lock"), [("toolkit", "toolkit"), ("multiqc", "report"), ("align", "align")]
)
def test_python_packages_are_those_of_the_lock(image: str, lock: str) -> None:
    packages, pinned = environment(image)
    assert packages["python"] == "3.11"
    assert pinned == locked(lock)


@pytest.mark.parametrize("image", PROGRAMS)
def test_programs_are_those_of_the_image(image: str) -> None:
    packages, _ = environment(image)
    recipe = (ROOT / "containers" / image / "Dockerfile").read_text()
    built = dict(re.findall(r"^ +(?:rna-)?(\w+)=([\d.]+\d[a-z]?)[+-]", recipe, flags=re.MULTILINE))
    names = PROGRAMS[image]
    assert {name: packages[name] for name in names} == {name: built[name] for name in names}


def test_the_image_for_reads_has_what_its_commands_import_of_the_lock() -> None:
    _, pinned = environment("reads")
    assert pinned == [pin for pin in locked("toolkit") if pin.startswith(("isal==", "numpy=="))]
