"""The documents say what is: parameters, columns, contrasts and links are compared with the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from input_files import SCHEMAS

from rxpress.checking.parameters import parameter_rules
from rxpress.contrasts import plan_study
from rxpress.design.conditions import FOUND_OUT
from rxpress.design.contrast_requests import read_requests
from rxpress.dose_response.viability import check_viability
from rxpress.errors import Problems
from rxpress.qpcr.check_table import check_qpcr
from rxpress.report import topics
from rxpress.samplesheet import check_cells, check_lanes, join_lanes, read_sheet, sample_table
from rxpress.tables import read_json, write_json

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMA = read_json(ROOT / "nextflow_schema.json")
SHEET_SCHEMA = read_json(ROOT / "assets" / "schema" / "samplesheet.schema.json")
FOLDERS = ("assets", "bin", "conf", "docs", "functions", "launcher", "modules", "requirements", "scripts")
FOLDERS += ("tests", "workflows")
GROOVY = {"null": None, "true": True, "false": False}


def documents() -> list[Path]:
    """The documents that users and developers read."""
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "data" / "README.md"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def part(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    return re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def table_rows(text: str) -> list[list[str]]:
    """Cells of the rows of the first table in a text, header and rule left out."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """A document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def configured_defaults() -> dict[str, Any]:
    """The defaults in the `params` block of nextflow.config."""
    block = re.search(r"^params \{\n(.*?)^\}", text_of("nextflow.config"), flags=re.MULTILINE | re.DOTALL)
    assert block
    pairs = re.findall(r"^    (\w+) += (.+)$", block[1], flags=re.MULTILINE)
    return {name: GROOVY[value] if value in GROOVY else ast.literal_eval(value) for name, value in pairs}


def shown(name: str, group: dict[str, Any]) -> str:
    """A default as usage.md writes it."""
    if name in group.get("required", ()):
        return "required"
    default = group["properties"][name].get("default")
    if default is None:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_schema_and_configuration_have_the_same_parameters_and_defaults() -> None:
    rules = parameter_rules(SCHEMA)
    assert configured_defaults() == {name: rule.get("default") for name, rule in rules.items()}


def test_every_group_of_the_schema_is_referred_to() -> None:
    assert [entry["$ref"].removeprefix("#/$defs/") for entry in SCHEMA["allOf"]] == list(SCHEMA["$defs"])


@pytest.mark.parametrize("group", SCHEMA["$defs"].values(), ids=SCHEMA["$defs"])
def test_usage_lists_the_parameters_of_a_group_with_their_defaults(group: dict[str, Any]) -> None:
    parameters = text_of("docs/usage.md").split("\n## Parameters\n")[1]
    listed = [(cells[0].strip("`"), cells[1]) for cells in table_rows(part(parameters, group["title"]))]
    assert listed == [(f"--{name}", shown(name, group)) for name in group["properties"]]


def test_no_document_names_an_unknown_parameter_of_the_pipeline() -> None:
    known = parameter_rules(SCHEMA)
    for path in documents():
        for line in re.findall(r"nextflow run \.(.*)", path.read_text(encoding="utf-8")):
            assert set(re.findall(r" --(\w+)", line)) <= set(known), path.name


def test_usage_lists_the_columns_of_the_samplesheet_and_those_that_are_added() -> None:
    text = part(text_of("docs/usage.md"), "The samplesheet")
    listed = [name for cells in table_rows(text) for name in re.findall(r"`(\w+)`", cells[0])]
    assert listed == list(SHEET_SCHEMA["properties"])
    assert all(f"`{name}`" in text for name in FOUND_OUT)


@pytest.mark.parametrize("name", ["README.md", "docs/usage.md"])
def test_samplesheets_in_the_documents_are_accepted(name: str, tmp_path: Path) -> None:
    for i, block in enumerate(code_blocks(text_of(name), "csv")):
        if not block.startswith("sample,") or "target" in block:
            continue  # a table of an assay, tested below
        path = tmp_path / f"sheet_{i}.csv"
        path.write_text(block)
        problems = Problems()
        sheet = read_sheet(path, SHEET_SCHEMA, problems)
        check_cells(sheet, SHEET_SCHEMA, problems)
        check_lanes(join_lanes(sheet), SHEET_SCHEMA, sheet.file, problems)
        assert (problems.found, problems.warnings) == ([], [])


def test_tables_of_assays_in_usage_are_accepted(tmp_path: Path) -> None:
    blocks = code_blocks(text_of("docs/usage.md"), "csv")
    tables = {"viability": "cell_line,", "qpcr": "sample,target"}
    for name, start in tables.items():
        (tmp_path / f"{name}.csv").write_text(next(block for block in blocks if block.startswith(start)))
    problems = Problems()
    check_viability(tmp_path / "viability.csv", SCHEMAS.viability, [], problems)
    samples, references = ["MM1S_DMSO_1"], ["GAPDH"]
    check_qpcr(tmp_path / "qpcr.csv", SCHEMAS.qpcr, samples, references, problems)
    assert (problems.found, problems.warnings) == ([], [])


def documented_samples(folder: Path) -> pd.DataFrame:
    """The samples of the first sheet in usage.md, as CHECK_INPUTS understands them."""
    path = folder / "sheet.csv"
    path.write_text(code_blocks(text_of("docs/usage.md"), "csv")[0])
    sheet = read_sheet(path, SHEET_SCHEMA, Problems())
    header, rows = sample_table(join_lanes(sheet), sheet, SHEET_SCHEMA, "DMSO", lambda _column, name: name)
    return pd.DataFrame(rows, columns=header, dtype=object)


def test_contrasts_in_usage_are_those_of_its_first_sheet(tmp_path: Path) -> None:
    design = plan_study(documented_samples(tmp_path), "DMSO")
    documented = part(text_of("docs/usage.md"), "What is compared")
    assert code_blocks(documented, "text")[0].split() == [contrast.id for contrast in design.contrasts]


def test_contrasts_file_in_usage_can_be_answered_by_its_first_sheet(tmp_path: Path) -> None:
    path = tmp_path / "contrasts.yml"
    (block,) = code_blocks(text_of("docs/usage.md"), "yaml")
    path.write_text(block)
    design = plan_study(documented_samples(tmp_path), "DMSO", requests=path)
    status = {contrast.id: contrast.status for contrast in design.contrasts}
    assert {status[request.id] for request in read_requests(path)} == {"ok"}


def test_errors_in_usage_are_what_the_check_says(tmp_path: Path) -> None:
    text = text_of("docs/usage.md")
    lines = code_blocks(text, "csv")[0].replace("treatment", "treatmnt").splitlines()
    lines[3] = lines[3].replace(",20,", ",twenty,")
    (tmp_path / "samplesheet.csv").write_text("\n".join(lines))
    write_json({"min_read": 3, "alpha": 7}, tmp_path / "params.json")
    command = [sys.executable, ROOT / "bin" / "check_inputs.py", "--input", "samplesheet.csv"]
    command += ["--params", "params.json", "--outdir", "checked"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    said = run.stderr.replace(str(tmp_path), "…").splitlines()
    documented = code_blocks(part(text, "When something is wrong"), "text")[0].splitlines()
    assert run.returncode == 2
    assert [line for line in said if line in documented] == documented


def test_output_explains_every_topic_of_the_report() -> None:
    text = part(text_of("docs/output.md"), "The report")
    names = [topic.name for topic in vars(topics).values() if isinstance(topic, topics.Topic)]
    assert [name for name in names if name not in text] == []


def links(path: Path) -> Iterator[tuple[Path, str]]:
    """The file and the anchor of each link that leads to a file of the repository."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path.read_text(encoding="utf-8"))):
        if not re.match(r"\w+://", target):
            file, _, anchor = target.partition("#")
            yield ((path.parent / file).resolve() if file else path), anchor


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", prose(path.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_are_there(path: Path) -> None:
    for target, anchor in links(path):
        assert target.exists()
        assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_of_the_repository_that_documents_name_are_there(path: Path) -> None:
    for name in re.findall(r"`([\w./-]+/[\w./-]*)`", path.read_text(encoding="utf-8")):
        if name.split("/")[0] in FOLDERS:
            assert (ROOT / name).exists()


def test_decisions_have_distinct_numbers_that_their_headings_repeat() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(path.name.split("-")[0]) for path in decisions]
    assert len(set(numbers)) == len(numbers)
    assert [
        f"# {n}. " == path.read_text()[: len(f"# {n}. ")] for n, path in zip(numbers, decisions, strict=True)
    ]


def test_running_lists_every_step_with_the_memory_and_time_that_it_asks_for() -> None:
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z0-9_, ]+) \| [^|]+ \| [^|]+ \| ([^|]+) \| (\d+) h × \|$", text, re.MULTILINE)
    told = {name: (memory, hours) for names, memory, hours in rows for name in names.split(", ")}
    modules = {path.parent.name.upper(): path for path in ROOT.glob("modules/local/*/main.nf")}
    assert told.keys() == modules.keys()
    for name in told.keys() - {"BUILD_INDEX"}:  # asks for what CHECK_INPUTS tells
        module, (memory, hours) = modules[name].read_text(encoding="utf-8"), told[name]
        asked = re.findall(r"^    (memory|time) \{ (.+) \}$", module, re.MULTILINE)
        limits = {what: set(re.findall(r"([\d.]+)\.(GB|MB|h)\b", words)) for what, words in asked}
        assert limits["memory"] == set(re.findall(r"([\d.]+) (GB|MB)\b", memory)), name
        assert limits.get("time", {("2", "h")}) == {(hours, "h")}, name
