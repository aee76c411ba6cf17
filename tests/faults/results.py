"""Whether two results folders hold the same, as far as their runs can."""

from __future__ import annotations

from pathlib import Path

from pipeline.conftest import read_tsv

# MultiQC writes the time and ids of its own into these. The manifest is compared without their lines.
DATED = ("rxpress_report.html", "multiqc.log", "multiqc.parquet")
ACCOUNTS = ("trace.tsv", "timeline.html", "execution_report.html", "dag.html")
READS, SHARE = 0.1, 0.001  # how far Salmon's counts of a gene may differ between runs


def bytes_apart(ours: Path, theirs: Path) -> list[str]:
    """Files that are in one folder only or differ, but for those with times in them."""
    made, expected = (files_of(folder) for folder in (ours, theirs))
    return sorted(made.keys() ^ expected.keys()) + [
        path for path in sorted(made.keys() & expected.keys()) if made[path] != expected[path]
    ]


def files_of(results: Path) -> dict[str, bytes]:
    """Contents of files by their path; those with times in them are empty here."""
    files = [path for path in results.rglob("*") if path.is_file() and path.name not in ACCOUNTS]
    return {str(path.relative_to(results)): undated(path) for path in files}


def undated(path: Path) -> bytes:
    if path.name in DATED:
        return b""
    lines = path.read_bytes().splitlines(keepends=True)
    if path.name == "manifest.tsv":
        return b"".join(line for line in lines if not any(name.encode() in line for name in DATED))
    return b"".join(lines)


def counts_apart(ours: Path, theirs: Path) -> list[str]:
    """Genes whose counts differ by more than two runs of Salmon may, and files that only one folder has."""
    made, expected = (set(files_of(folder)) for folder in (ours, theirs))
    apart = sorted(made ^ expected)
    for table in theirs.glob("expression/*/gene_counts.tsv"):
        rows = {row["gene_id"]: row for row in read_tsv(ours / table.relative_to(theirs))}
        for expected_row in read_tsv(table):
            gene = expected_row["gene_id"]
            for sample in list(expected_row)[2:]:
                a, b = float(rows[gene][sample]), float(expected_row[sample])
                if abs(a - b) > max(READS, SHARE * max(a, b)):
                    apart.append(f"{gene}, {sample}: {a} and {b} reads")
    return apart
