"""Locks: each package in one version, with the digest of its files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LOCKS = sorted((Path(__file__).parents[2] / "requirements").glob("*.lock"))
# name==version, perhaps with a marker, then digests, one a line
PINNED = re.compile(
    r"[a-z0-9][a-z0-9.-]*(\[[a-z0-9,-]+\])?==[^\s;]+( ; [^\\]+)?( \\\n {4}--hash=sha256:[0-9a-f]{64})+"
)


def packages(text: str) -> list[str]:
    """Each package of a lock with the lines that continue its own, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return re.split(r"\n(?=\S)", "\n".join(lines).strip())


def unpinned(text: str) -> list[str]:
    return [one.splitlines()[0] for one in packages(text) if not PINNED.fullmatch(one)]


def versions(path: Path) -> dict[str, str]:
    """Version by name, of packages that Python 3.11 gets whatever the system."""
    pairs = (
        one.split(" ")[0].split("==") for one in packages(path.read_text()) if " ; " not in one.split("\\")[0]
    )
    return dict(pairs)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_has_one_version_and_digests(lock: Path) -> None:
    text = lock.read_text()
    assert len(packages(text)) == len(re.findall(r"^[a-z0-9]\S*==", text, re.MULTILINE)) > 0
    assert unpinned(text) == []


@pytest.mark.parametrize("damage", [r" --hash=\S+", r"(?<=sha256:)[0-9a-f]{2}", r"=="])
def test_a_package_without_version_or_whole_digest_is_seen(damage: str) -> None:
    text = "six==1.17.0 \\\n    --hash=sha256:" + "a" * 64
    assert unpinned(text) == []
    assert len(unpinned(re.sub(damage, "", text, count=1))) == 1


def test_locks_that_are_installed_together_agree() -> None:
    found: dict[str, set[str]] = {}
    for name in ("toolkit", "report", "test", "align"):
        for package, version in versions(next(path for path in LOCKS if path.stem == name)).items():
            found.setdefault(package, set()).add(version)
    assert {package: some for package, some in found.items() if len(some) > 1} == {}
