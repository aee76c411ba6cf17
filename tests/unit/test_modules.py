"""What must hold of every process: where its files stand, what it asks for, that nf-test runs its stub."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "modules" / "local").glob("*/main.nf"))
WORKFLOWS = sorted((ROOT / "workflows").glob("*.nf"))
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


def test_what_is_asked_for_grows_with_each_attempt() -> None:
    """A task that was killed for memory or time is tried again, which helps only with more of it."""
    requests = {
        f"{path.parent.name}: {words}"
        for path in (*MODULES, ROOT / "conf" / "base.config")
        for words in re.findall(r"^ {4}(?:memory|time)\b.*", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(requests) > len(MODULES)
    assert {one for one in requests if not one.endswith("* task.attempt }")} == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.parent.name)
def test_every_process_says_what_memory_it_needs_and_has_a_stub(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert re.search(r"^ {4}memory \{", text, re.MULTILINE)
    assert re.search(r"^ {4}stub:$", text, re.MULTILINE)


@pytest.mark.parametrize("path", [*MODULES, *WORKFLOWS], ids=lambda path: str(path.relative_to(ROOT)))
def test_nf_test_runs_the_stub_of_everything(path: Path) -> None:
    beside = path.parent / "tests"
    test = beside / ("main.nf.test" if path in MODULES else f"{path.stem}.nf.test")
    assert re.search(r'^ +options "-stub"$', test.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_parameter_is_handed_on_by_the_workflow_and_taken_by_a_step() -> None:
    """An option that is not handed on is null, and its command takes the default without a word."""
    groups = json.loads((ROOT / "nextflow_schema.json").read_text(encoding="utf-8"))["$defs"].values()
    by_plan = {
        "quantifier",
        "star_index",
        "hisat2_index",
    }  # CHECK_INPUTS says the route; the aligner names its index
    wanted = {name for group in groups for name in group["properties"]} - by_plan
    flow = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "main.nf", *WORKFLOWS))
    steps = "\n".join(path.read_text(encoding="utf-8") for path in MODULES)
    settings = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("conf/*.config"))
    handed = {*re.findall(r"\bgiven\.(\w+)", flow), *re.findall(r"'(\w+)'", flow)}
    assert wanted - handed - {*re.findall(r"\bparams\.(\w+)", flow + settings)} == set()
    packed = {name for names in re.findall(r"subMap\(([^)]*)\)", flow) for name in re.findall(r"\w+", names)}
    assert len(packed & wanted) > 20
    assert (packed & wanted) - {*re.findall(r"\bopts\.(\w+)", flow + steps)} == set()
