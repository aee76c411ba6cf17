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
PROGRAMS = ("fastp", "fastqc", "gffread", "salmon", "samtools")


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


@pytest.mark.parametrize(("image", "lock"), [("toolkit", "toolkit"), ("multiqc", "report")])
def test_python_packages_are_those_of_the_lock(image: str, lock: str) -> None:
    packages, pinned = environment(image)
    assert packages["python"] == "3.11"
    assert pinned == locked(lock)


def test_programs_for_reads_are_those_of_the_image() -> None:
    packages, pinned = environment("reads")
    recipe = (ROOT / "containers" / "reads" / "Dockerfile").read_text()
    built = dict(re.findall(r"^ +(\w+)=([\d.]+\d)[+-]", recipe, flags=re.MULTILINE))
    assert {name: packages[name] for name in PROGRAMS} == {name: built[name] for name in PROGRAMS}
    assert pinned == [pin for pin in locked("toolkit") if pin.startswith("numpy==")]
