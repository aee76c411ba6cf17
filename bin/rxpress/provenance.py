"""Where results come from: SHA-256 of every input and output, and the versions of all software."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rxpress.errors import InputError, Problem
from rxpress.tables import read_json, read_records

CHUNK = 1 << 20


@dataclass(frozen=True, order=True)
class FileRecord:
    """A line of the manifest. `kind` is `input` or `output`; `size` in bytes."""

    kind: str
    path: str
    size: int
    sha256: str


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def input_records(files: Iterable[Path], outputs: Iterable[FileRecord] = ()) -> list[FileRecord]:
    """Manifest lines of inputs, each one once, from what the tasks that read them said.

    A Salmon folder that one task wrote and another read (role `quant`) is one of the `outputs`, and no input;
    a file of the user that happens to equal an output (a count matrix, a gene map of another run) stays one.
    `files` : tables with the columns `path size sha256 role`, or a sample's status.json with a list `inputs`.
    """
    found, made = set(), {record.sha256 for record in outputs}
    for file in files:
        rows = read_json(file)["inputs"] if file.suffix == ".json" else read_records(file)
        found |= {
            FileRecord("input", row["path"], int(row["size"]), row["sha256"])
            for row in rows
            if row.get("role") != "quant" or row["sha256"] not in made
        }
    return sorted(found)


def output_records(staged: Path, prefixes: Sequence[str]) -> list[FileRecord]:
    """Manifest lines of all files in the folders `1`, `2`, … of `staged`, symbolic links followed.

    `prefixes` : where the content of each folder is published, e.g. `expression/study1` for folder 1, or `.`.
    """
    records = []
    for number, prefix in enumerate(prefixes, start=1):
        folder = staged / str(number)
        if not folder.is_dir():
            raise InputError(Problem("no such folder", f"stage what goes to '{prefix}' there", str(folder)))
        records += file_records(folder, prefix)
    return sorted(records)


def file_records(folder: Path, prefix: str) -> list[FileRecord]:
    """Manifest lines of all files in a folder whose content is published as `prefix`."""
    names = {
        path: str(PurePosixPath(prefix, *path.relative_to(folder).parts)) for path in files_below(folder)
    }
    return [FileRecord("output", name, path.stat().st_size, hash_file(path)) for path, name in names.items()]


def files_below(folder: Path) -> list[Path]:
    """All files in a folder and its subfolders, symbolic links followed, in order of their paths."""
    walked = os.walk(folder, followlinks=True)
    return sorted(Path(parent, name) for parent, _, names in walked for name in names)


def software_versions(rows: Iterable[Sequence[str]]) -> dict[str, dict[str, str]]:
    """`{process: {tool: version}}` in alphabetical order; `rows` : process, tool and version."""
    versions: dict[str, dict[str, str]] = {}
    for process, tool, version in sorted(map(tuple, rows)):
        versions.setdefault(process, {})[tool] = version
    return versions
