"""The digest of a command covers what the command imports, by Python's own reading of its sources."""

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

pytestmark = pytest.mark.pipeline


def import_closure(command: str) -> set[str]:
    """Files under bin/ that a command imports, directly or not, and the command itself."""
    reached, pending = {command}, [command]
    while pending:
        for name in imported_names(ast.parse((BIN / pending.pop()).read_text())):
            new = module_files(name) - reached
            reached |= new
            pending += sorted(new)
    return reached


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
    """Files of the toolkit that importing a dotted name runs: the packages above it and the module."""
    parts = name.split(".")
    packages = [Path(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
    return {str(path) for path in [*packages, Path(*parts).with_suffix(".py")] if (BIN / path).is_file()}


def read_by_nextflow(folder: Path) -> dict[str, dict[str, object]]:
    """`{command: {files:, digest:}}` for every command, as functions/digest.nf says in `folder`."""
    launcher = shutil.which("nextflow") or str(ROOT / "launcher" / "nextflow")
    options = ["--commands", ",".join(COMMANDS), "--found", str(folder / "found.json")]
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
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    (folder / "digests.nf").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def found(pipeline_copy: Path) -> dict[str, dict[str, object]]:
    return read_by_nextflow(pipeline_copy)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_files_of_a_digest_are_the_import_closure(
    command: str, found: dict[str, dict[str, object]]
) -> None:
    assert found[command]["files"] == sorted(import_closure(command))


def test_an_edited_module_changes_the_digests_of_the_commands_that_import_it_and_no_other(
    pipeline_copy: Path, found: dict[str, dict[str, object]]
) -> None:
    edited = "rxpress/salmon.py"
    concerned = {command for command in COMMANDS if edited in import_closure(command)}
    assert concerned, "some command imports the edited module"
    assert concerned != set(COMMANDS), "some command does not"
    with (pipeline_copy / "bin" / edited).open("a") as source:
        source.write("\n# edited\n")
    after = read_by_nextflow(pipeline_copy)
    changed = {command for command in COMMANDS if after[command]["digest"] != found[command]["digest"]}
    assert changed == concerned
