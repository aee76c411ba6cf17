"""The digest of a command covers what Python says it imports, and the data of the packages it is from."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "bin"
COMMANDS = sorted(path.name for path in BIN.glob("*.py"))

# projectDir is the folder of the script that Nextflow runs: functions/ and bin/ are copied beside this one.
SCRIPT = """
include { importedFiles ; toolkitDigest } from './functions/digest'

workflow {
    def bin = file("${projectDir}/bin")
    def found = params.commands.tokenize(',').collectEntries { command ->
        def files = importedFiles(command).collect { source -> bin.relativize(source).toString() }
        [command, [files: files, digest: toolkitDigest(command)]]
    }
    file(params.found).text = groovy.json.JsonOutput.toJson(found)
}
"""

# A made-up command with the forms of import that the others may come to use.
EVERY_FORM = """
import json
import rxpress.salmon
import rxpress.design.gates as gates
from rxpress import (
    voom,
    tables as files,
)
from rxpress.report import summary  # a module of a package


def late() -> None:
    from rxpress.errors import InputError, Problem
"""

pytestmark = pytest.mark.pipeline


def import_closure(source: str) -> set[str]:
    """Files under bin/ that a source imports, directly or not, and the data in their packages."""
    reached: set[str] = set()
    pending = [source]
    while pending:
        for name in imported_names(ast.parse(pending.pop())):
            new = module_files(name) - reached
            reached |= new
            pending += [(BIN / path).read_text() for path in new if path.endswith(".py")]
    return reached


def files_of(command: str) -> set[str]:
    """What the digest of a command is to cover."""
    return import_closure((BIN / command).read_text()) | {command}


def imported_names(tree: ast.AST) -> set[str]:
    """Dotted names that a source may mean: of `from a import b` both `a` and `a.b`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "functions/digest.nf does not read relative imports"
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_files(name: str) -> set[str]:
    """The module of a dotted name, the packages above it, and the data in these."""
    parts = name.split(".")
    folders = [BIN.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    packages = [folder for folder in folders if (folder / "__init__.py").is_file()]
    data = [path for folder in packages for path in folder.iterdir() if path.suffix not in (".py", ".pyc")]
    sources = [folder / "__init__.py" for folder in packages] + [folders[-1].with_suffix(".py")]
    return {str(path.relative_to(BIN)) for path in sources + data if path.is_file()}


def read_by_nextflow(folder: Path) -> dict[str, dict[str, object]]:
    """`{command: {files:, digest:}}` for every command, as functions/digest.nf says in `folder`."""
    launcher = shutil.which("nextflow") or str(ROOT / "launcher" / "nextflow")
    commands = ",".join([*COMMANDS, "every_form.py"])
    options = ["--commands", commands, "--found", str(folder / "found.json")]
    ended = subprocess.run(
        [launcher, "-q", "run", "digests.nf", "-ansi-log", "false", *options],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        env=os.environ,
    )
    assert ended.returncode == 0, ended.stdout
    return json.loads((folder / "found.json").read_text())


@pytest.fixture(scope="module")
def pipeline_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("digests")
    for part in ("functions", "bin"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bin" / "every_form.py").write_text(EVERY_FORM)
    (folder / "digests.nf").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def found(pipeline_copy: Path) -> dict[str, dict[str, object]]:
    return read_by_nextflow(pipeline_copy)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_files_of_a_digest_are_the_import_closure(
    command: str, found: dict[str, dict[str, object]]
) -> None:
    assert found[command]["files"] == sorted(files_of(command))


def test_every_form_of_import_is_followed(found: dict[str, dict[str, object]]) -> None:
    assert found["every_form.py"]["files"] == sorted(import_closure(EVERY_FORM) | {"every_form.py"})


@pytest.mark.parametrize("edited", ["rxpress/salmon.py", "rxpress/deseq/prior_histograms.tsv.gz"])
def test_an_edited_file_changes_the_digests_of_the_commands_that_use_it_and_no_other(
    edited: str, pipeline_copy: Path, found: dict[str, dict[str, object]]
) -> None:
    concerned = {command for command in COMMANDS if edited in files_of(command)}
    assert concerned, "some command uses it"
    assert concerned != set(COMMANDS), "some command does not"
    copy = pipeline_copy / "bin" / edited
    before = copy.read_bytes()
    copy.write_bytes(before + b"\n")
    after = read_by_nextflow(pipeline_copy)
    copy.write_bytes(before)
    changed = {command for command in COMMANDS if after[command]["digest"] != found[command]["digest"]}
    assert changed == concerned
