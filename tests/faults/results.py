"""Whether a results folder is whole, and whether two hold the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pipeline.conftest import ROOT, read_tsv

# MultiQC writes the time and ids of its own into these.
DATED = ("rxpress_report.html", "multiqc.log", "multiqc.parquet")
PAGES = ("timeline.html", "execution_report.html", "dag.html")


def bytes_apart(ours: Path, theirs: Path) -> list[str]:
    """Files that are in one folder only or differ.

    Of accounts of a run, and of what MultiQC dates, only the names are compared.
    """
    made, expected = (files_of(folder) for folder in (ours, theirs))
    return sorted(made.keys() ^ expected.keys()) + [
        path for path in sorted(made.keys() & expected.keys()) if made[path] != expected[path]
    ]


def files_of(results: Path) -> dict[str, bytes]:
    """Contents of files by their path; those with times in them are empty here."""
    files = {path.relative_to(results): path for path in results.rglob("*") if path.is_file()}
    return {
        str(name): b"" if accounts_for_a_run(name) or name.name in DATED else path.read_bytes()
        for name, path in files.items()
    }


def accounts_for_a_run(name: Path) -> bool:
    return name.parts[0] == "provenance" or name.name == "ro-crate-metadata.json"


def half_written(results: Path) -> list[str]:
    """Files of a results folder that are not whole.

    Most of them by their SHA-256 in the manifest; that itself, and what Nextflow writes, by their ends.
    """
    command = [sys.executable, "-B", ROOT / "bin" / "verify_results.py", results]
    verified = subprocess.run(command, capture_output=True, text=True)
    broken = verified.stdout.splitlines() + ([] if verified.returncode in (0, 1) else [verified.stderr])
    provenance = results / "provenance"
    pages = [results / "report" / "rxpress_report.html", *(provenance / page for page in PAGES)]
    broken += [page.name for page in pages if not page.read_text().rstrip().endswith("</html>")]
    for path in (results / "ro-crate-metadata.json", provenance / "params.json"):
        try:
            json.loads(path.read_text())
        except ValueError:
            broken.append(path.name)
    broken += ["trace.tsv" for row in read_tsv(provenance / "trace.tsv") if None in row.values()]
    return broken
