"""What must hold of every process: nothing that it writes can land on a file that it was given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

MODULES = sorted((Path(__file__).resolve().parents[2] / "modules" / "local").glob("*/main.nf"))
PATH_INPUT = re.compile(r"\bpath[ (]\s*(\w+)(?:,\s*stageAs:\s*'([^']+)')?")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.parent.name)
def test_every_file_is_staged_in_a_folder_of_its_own(module: Path) -> None:
    """A staged file is a link: a step that writes `samples.tsv` beside one would overwrite the user's."""
    text = module.read_text(encoding="utf-8")
    inputs = text.partition("    input:\n")[2].partition("    output:\n")[0]
    found = PATH_INPUT.findall(inputs)
    assert found
    written = {name.split("/")[0] for name in re.findall(r"path ['\"]([^'\"]+)['\"]", text)}
    for name, place in found:
        assert "/" in place, f"{name} of {module.parent.name} stands beside what the step writes"
        assert place.split("/")[0] not in written, f"{name} of {module.parent.name}"
