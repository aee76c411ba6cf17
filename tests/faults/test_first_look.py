"""The first look at files, in Nextflow: what would be waited for or read for ever is told, not opened."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.poison import PAYLOADS
from input_files import fastq

from rxpress.checking.peek import peek_parameters, peek_sheet, read_peeks
from rxpress.report.section import inert

ROOT = Path(__file__).resolve().parents[2]
TITLES = [*PAYLOADS, 'back\\slash"', "two\nlines", "plain"]
SCRIPT = """
include { existing ; peekParameters ; peekSheet ; tableLine } from './functions/peek'
include { inert } from './functions/options'

workflow {
    def asked = new groovy.json.JsonSlurper().parse(file('asked.json'))
    def found = [
        sheet: peekSheet('samples.csv'),
        parameters: peekParameters(asked.parameters),
        staged: asked.parameters.collectEntries { name, path -> [name, existing(path).toString()] },
        unread: peekSheet('pipe'),
        lines: (peekSheet('odd.csv') + peekParameters(asked.odd)).collect { row -> tableLine(row) },
        titles: asked.titles.collect { title -> inert(title) }
    ]
    file('found.json').text = groovy.json.JsonOutput.toJson(found)
}
"""
CELLS = ("pipe", "socket", "endless", "link_to_pipe", "quant_of_pipes", "reads.fq")
ODD = ["a\tb.fq", "*?[a]{b}.fq", "$(touch pwned).fq", "-rf", "a b.fq", "../up.fq", "a'b.fq"]
ODD_PARAMETERS = {"gtf": '"a".gtf', "genome": "a\nb.fa", "counts": "`touch pwned`*"}
GIVEN = {"gtf": "pipe", "genome": "endless", "counts": "socket", "transcripts": "reads.fq"}

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A launch folder with a pipe, a socket, a link to a device and a Salmon folder whose table is a pipe."""
    folder = tmp_path_factory.mktemp("look")
    shutil.copytree(ROOT / "functions", folder / "functions")
    (folder / "look.nf").write_text(SCRIPT)
    os.mkfifo(folder / "pipe")
    (folder / "link_to_pipe").symlink_to("pipe")
    (folder / "endless").symlink_to("/dev/zero")
    (folder / "reads.fq").write_bytes(fastq())
    (folder / "quant_of_pipes").mkdir()
    os.mkfifo(folder / "quant_of_pipes" / "quant.sf")
    rows = [f"s{i},{cell},{cell}" for i, cell in enumerate(CELLS)]
    (folder / "samples.csv").write_text("\n".join(["sample,fastq_1,quant", *rows]) + "\n")
    odd = [f's{i},"{cell}"' for i, cell in enumerate(ODD)]
    (folder / "odd.csv").write_text("\n".join(["sample,fastq_1", *odd]) + "\n")
    asked = {"parameters": GIVEN, "odd": ODD_PARAMETERS, "titles": TITLES}
    (folder / "asked.json").write_text(json.dumps(asked))
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(folder, os.O_RDONLY)  # addresses of sockets are short
        listening.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        yield folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    launcher = shutil.which("nextflow") or str(ROOT / "launcher" / "nextflow")
    command = [launcher, "-q", "run", "look.nf", "-ansi-log", "false"]
    ended = subprocess.run(
        command, cwd=folder, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=120
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads((folder / "found.json").read_text())


def kinds(rows: list[list[Any]]) -> dict[tuple[str, str], str]:
    return {(column, typed): kind for _, column, typed, _, _, kind, _, _ in rows}


def test_pipes_sockets_and_devices_are_told_and_not_opened(found: dict[str, Any]) -> None:
    seen = kinds(found["sheet"])
    for cell in ("pipe", "socket", "endless", "link_to_pipe"):
        assert seen["fastq_1", cell] == seen["quant", cell] == "device"
    assert seen["quant", "quant_of_pipes"] == "folder"
    assert seen["quant_file", "quant_of_pipes"] == "device"
    assert seen["fastq_1", "reads.fq"] == "file"
    assert kinds(found["parameters"]) == {
        ("--gtf", "pipe"): "device",
        ("--genome", "endless"): "device",
        ("--counts", "socket"): "device",
        ("--transcripts", "reads.fq"): "file",
    }


def test_they_are_not_staged_and_a_sheet_that_is_one_is_not_read(found: dict[str, Any]) -> None:
    staged = {name: Path(path).name for name, path in found["staged"].items()}
    assert staged == {"gtf": "[]", "genome": "[]", "counts": "[]", "transcripts": "reads.fq"}
    assert found["unread"] == []


def test_python_sees_the_same_as_nextflow(
    folder: Path, found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    looked = {(p.column, p.path): p.kind for p in peek_sheet("samples.csv")}
    assert looked == kinds(found["sheet"])
    looked = {(p.column, p.path): p.kind for p in peek_parameters(GIVEN, GIVEN)}
    assert looked == kinds(found["parameters"])


def test_odd_names_arrive_whole(folder: Path, found: dict[str, Any]) -> None:
    header = "line\tcolumn\tpath\tresolved\texists\tkind\tsize\thead"
    (folder / "peek.tsv").write_text("\n".join([header, *found["lines"]]) + "\n")
    peeks = read_peeks(folder / "peek.tsv")
    assert [peek.path for peek in peeks] == [*ODD, *ODD_PARAMETERS.values()]
    assert {peek.kind for peek in peeks} == {"missing"}
    assert not (folder / "pwned").exists()


def test_titles_are_escaped_as_texts_of_the_report_are(found: dict[str, Any]) -> None:
    expected = [inert(title).replace("\\", "&#92;").replace("\n", " ") for title in TITLES]
    assert found["titles"] == expected
