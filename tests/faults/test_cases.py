"""Every bad input of cases.yml ends with the line that its user must see, and never with a traceback.

A case is data: a sound study (sound_studies.py), the edits that break it (edits.py), what becomes of it, and
the pieces, in order, of one line that check_inputs.py says, or the `step` after it. Outcomes: `refused` (exit
status 2), `warned` (the run goes on and the report repeats the line), `kept_out` (the sample is left out,
with the reason), `untested` (the study is not tested, with the reason in plan.json and in the report).
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from input_files import ROOT

from faults.edits import EDITS, apply_edit
from faults.sound_studies import NAMES, STUDIES
from rxpress.errors import run_command
from rxpress.reads import BrokenReadsError, check_sample, examine_files
from rxpress.tables import read_json, read_yaml

Case = Mapping[str, Any]
Run = Callable[[str], tuple[int, list[str]]]
CASES: list[Case] = read_yaml(Path(__file__).parent / "cases.yml")
STATUS = {"refused": 2, "warned": 0}


def load_command(name: str) -> ModuleType:
    """A script of bin/ as a module, to run it in this process."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "bin" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


QUANTS = [f"quant_{name}" for name in NAMES]
SAMPLES, OF_GENE = ("--samples", "out/samples.tsv"), ("--tx2gene", "tx2gene.tsv")
ARGUMENTS = {
    "check_inputs": ["--input", "samples.csv", "--params", "params.json", "--outdir", "out"],
    "merge_quants": ["--quants", *QUANTS, "--names", *NAMES, *SAMPLES, *OF_GENE, "--outdir", "merged"],
}
COMMANDS = {name: load_command(name) for name in ARGUMENTS}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder from which commands are launched."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in the current folder: its exit status, and the lines that it says."""

    def run_one(name: str) -> tuple[int, list[str]]:
        monkeypatch.setattr("sys.argv", [f"{name}.py", *ARGUMENTS[name]])
        status = 0
        try:
            run_command(COMMANDS[name].main)
        except SystemExit as end:
            status = int(end.code or 0)
        return status, capsys.readouterr().err.splitlines()

    return run_one


def build(folder: Path, case: Case) -> None:
    """The study of a case, broken."""
    parameters = STUDIES[case["study"]](folder)
    for edit in case.get("edits", ()):
        apply_edit(folder, parameters, edit)
    (folder / "params.json").write_text(json.dumps(parameters))


def reason_to_keep_out(folder: Path) -> str:
    """Why sample a1 is left out when its files are read to their end; '' if it is not."""
    mates = [sorted(folder.glob(f"a1_{mate}.fq*"))[-1:] for mate in (1, 2)]
    try:
        check_sample([examine_files(files) for files in mates])
    except BrokenReadsError as broken:
        return str(broken)
    return ""


def holds_in_order(line: str, pieces: list[str]) -> bool:
    place = 0
    for piece in pieces:
        place = line.find(piece, place)
        if place < 0:
            return False
        place += len(piece)
    return True


def test_there_are_a_hundred_and_fifty_cases_with_names_of_their_own() -> None:
    assert len(CASES) >= 150
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert {next(iter(edit)) for case in CASES for edit in case["edits"]} <= {*EDITS, "parameters"}


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_that_nobody_broke_has_nothing_to_tell(folder: Path, study: str, run: Run) -> None:
    build(folder, {"study": study})
    assert run("check_inputs") == (0, [])
    assert study != "long_reads" or reason_to_keep_out(folder) == ""
    assert study != "quants" or run("merge_quants") == (0, [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_user_sees_what_is_wrong_and_where(folder: Path, case: Case, run: Run) -> None:
    build(folder, case)
    outcome = case.get("outcome", "refused")
    if outcome == "kept_out":
        assert holds_in_order(reason_to_keep_out(folder), case["says"])
        return
    status, lines = run("check_inputs")
    if "step" in case:
        assert status == 0
        status, lines = run(case["step"])
    if outcome == "untested":
        plan = read_json(folder / "out" / "plan.json")
        assert holds_in_order(plan["studies"]["study"]["untested_because"], case["says"])
        return
    word = "error: " if outcome == "refused" else "warning: "
    assert any(holds_in_order(line, [word, *case["says"]]) for line in lines), lines
    assert status == STATUS[outcome]
    assert (folder / "out").exists() == (outcome == "warned" or "step" in case)
