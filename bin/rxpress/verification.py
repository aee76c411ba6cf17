"""Whether the files of a results folder are still those that its manifest speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rxpress.errors import InputError, Problem
from rxpress.provenance import FileRecord, files_below, hash_file
from rxpress.tables import harmless, read_records

MANIFEST = "provenance/manifest.tsv"
# Written by Nextflow, or by the step that writes the manifest: they cannot be in it.
OWN_ACCOUNT = ("provenance", "ro-crate-metadata.json")


@dataclass(frozen=True, order=True)
class Difference:
    """A file that differs from the manifest. `what` is `missing`, `changed` or `not listed`."""

    path: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.path}" + (f" ({self.detail})" if self.detail else "")


def read_manifest(results: Path) -> list[FileRecord]:
    """The lines of a results folder's manifest. InputError when there is none, or it is damaged."""
    path = results / MANIFEST
    if not path.is_file():
        fix = "give the folder that --outdir named"
        raise InputError(Problem(f"has no {MANIFEST}", fix, str(results)))
    try:
        rows = read_records(path)
        return [FileRecord(row["kind"], row["path"], int(row["size"]), row["sha256"]) for row in rows]
    except (KeyError, ValueError):
        what = "is not a manifest: it lacks columns, or a size is no number"
        raise InputError(Problem(what, "get the file again", MANIFEST)) from None


def verify_outputs(results: Path, records: Iterable[FileRecord]) -> list[Difference]:
    """Outputs that are missing, changed, or there without being in the manifest, by path."""
    outputs = {record.path: record for record in records if record.kind == "output"}
    there = {path.relative_to(results).as_posix(): path for path in files_below(results)}
    found = [Difference(path, "missing") for path in outputs.keys() - there.keys()]
    found += [
        Difference(path, "not listed")
        for path in there.keys() - outputs.keys()
        if PurePosixPath(path).parts[0] not in OWN_ACCOUNT
    ]
    for path in outputs.keys() & there.keys():
        found += _changes(outputs[path], there[path])
    return sorted(found)


def _changes(record: FileRecord, path: Path) -> list[Difference]:
    size = path.stat().st_size
    if size != record.size:
        return [Difference(record.path, "changed", f"{size:,} bytes instead of {record.size:,}")]
    digest = hash_file(path)
    if digest != record.sha256:
        return [Difference(record.path, "changed", f"sha256 {digest[:12]}… instead of {record.sha256[:12]}…")]
    return []


def verify_inputs(records: Iterable[FileRecord], files: Iterable[Path]) -> list[Difference]:
    """Inputs of the manifest that are none of `files`, by name and content.

    The manifest calls a file in a sample's folder `sample/quant.sf`, whatever that folder was called.
    """
    by_name: dict[str, set[str]] = {}
    for path in files:
        by_name.setdefault(_listed_name(path), set()).add(hash_file(path))
    found = []
    for record in sorted(record for record in records if record.kind == "input"):
        digests = by_name.get(PurePosixPath(record.path).name, set())
        if record.sha256 not in digests:
            found.append(Difference(record.path, "changed" if digests else "missing", "input"))
    return found


def _listed_name(path: Path) -> str:
    """The name of a file as it reads in the manifest, a table."""
    return str(harmless(path.name)).strip()
