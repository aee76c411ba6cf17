"""verify_results.py finds every file that is not what the manifest says, and nothing else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from rxpress.provenance import FileRecord, files_below
from rxpress.tables import write_records
from rxpress.verification import verify_inputs

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "verify_results.py"
CONTENT = {"report/page.html": b"<html>", "expression/study/gene_counts.tsv": b"gene_id\ta\nG1\t5\n"}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with its manifest, hashed by hashlib, and Nextflow's own account beside it."""
    rows = []
    for name, content in CONTENT.items():
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        rows.append((name, len(content), hashlib.sha256(content).hexdigest(), "output"))
    (tmp_path / "reads.fq").write_bytes(b"@r\nA\n+\nI\n")
    digest = hashlib.sha256(b"@r\nA\n+\nI\n").hexdigest()
    rows.append(("reads.fq", 9, digest, "input"))
    write_records(("path", "size", "sha256", "kind"), rows, tmp_path / "results/provenance/manifest.tsv")
    (tmp_path / "results/provenance/trace.tsv").write_text("task_id\n")
    return tmp_path / "results"


def run(*words: object) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, COMMAND, *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines() or done.stderr.splitlines()


def test_an_untouched_folder_has_no_differences(results: Path) -> None:
    assert run(results) == (0, ["2 files of the manifest, 0 differences"])
    assert run(results, "--inputs", results.parent / "reads.fq")[0] == 0


def test_a_changed_a_missing_and_an_added_file_are_told_together(results: Path) -> None:
    (results / "report/page.html").write_bytes(b"<HTML>")
    (results / "expression/study/gene_counts.tsv").unlink()
    (results / "report/new.txt").write_text("x")
    status, lines = run(results)
    assert status == 1
    digests = [hashlib.sha256(content).hexdigest()[:12] for content in (b"<HTML>", b"<html>")]
    assert lines == [
        "missing: expression/study/gene_counts.tsv",
        "not listed: report/new.txt",
        f"changed: report/page.html (sha256 {digests[0]}… instead of {digests[1]}…)",
    ]


def test_a_truncated_file_is_told_by_its_size(results: Path) -> None:
    (results / "report/page.html").write_bytes(b"<ht")
    assert run(results) == (1, ["changed: report/page.html (3 bytes instead of 6)"])


def test_inputs_are_compared_by_content(results: Path) -> None:
    reads = results.parent / "reads.fq"
    reads.write_bytes(b"@r\nC\n+\nI\n")
    assert run(results, "--inputs", reads) == (1, ["changed: reads.fq (input)"])
    reads.rename(results.parent / "other.fq")
    assert run(results, "--inputs", results.parent / "other.fq") == (1, ["missing: reads.fq (input)"])


def test_inputs_whose_names_a_table_would_take_for_quotes_or_formulas_are_found(tmp_path: Path) -> None:
    names = ['"open.fa', '"whole".fa', "=1+1.fa", "-genome.fa", " blank "]
    files = [tmp_path / name for name in names]
    for path in files:
        path.write_text(path.name)
    rows = [(p.name, len(p.name), hashlib.sha256(p.name.encode()).hexdigest(), "input") for p in files]
    write_records(("path", "size", "sha256", "kind"), rows, tmp_path / "results/provenance/manifest.tsv")
    assert run(tmp_path / "results", "--inputs", *files)[0] == 0
    files[0].write_text("changed")
    assert run(tmp_path / "results", "--inputs", *files) == (1, ['changed: "open.fa (input)'])


def test_files_of_salmon_folders_are_found_whatever_the_folders_are_called(tmp_path: Path) -> None:
    records = []
    for sample, content in (("A_1", b"one"), ("A_2", b"two")):
        path = tmp_path / f"my {sample}" / "quant.sf"
        path.parent.mkdir()
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        records.append(FileRecord("input", f"{sample}/quant.sf", len(content), digest))
    files = files_below(tmp_path)
    assert verify_inputs(records, files) == []
    (tmp_path / "my A_2" / "quant.sf").write_bytes(b"too")
    assert [str(found) for found in verify_inputs(records, files)] == ["changed: A_2/quant.sf (input)"]


def test_a_folder_without_a_manifest_and_a_damaged_one_are_told(results: Path, tmp_path: Path) -> None:
    assert run(tmp_path)[0] == 2
    (results / "provenance/manifest.tsv").write_text("path\tsize\nx\t1\n")
    assert run(results) == (
        2,
        [
            "error: provenance/manifest.tsv: is not a manifest: it lacks columns, or a size is no number; "
            "get the file again"
        ],
    )
