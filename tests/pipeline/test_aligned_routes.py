"""Alignment to a genome: every route finds what the demo study has planted, and routes agree."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from .conftest import Run, read_tsv, write_csv
from .test_demo_study import assert_planted_is_found, contrast_tables

PROGRAMS = ("STAR", "hisat2", "samtools", "featureCounts", "htseq-count")
pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(
        not all(map(shutil.which, PROGRAMS)),
        reason=f"not on PATH: {', '.join(one for one in PROGRAMS if not shutil.which(one))}",
    ),
]

ROUTES = [
    ("star", "salmon"),
    ("star", "featurecounts"),
    ("star", "htseq"),
    ("hisat2", "featurecounts"),
    ("hisat2", "htseq"),
]
WELL_EXPRESSED = 50
# One of the four lines is enough to see a route fail, and three routes have every aligner and counter;
# RXPRESS_WHOLE_DEMO=yes takes all of both. On real reads all routes are run.
WHOLE = bool(os.environ.get("RXPRESS_WHOLE_DEMO"))
LINES = ("MM.1S", "SUDHL-4", "SUDHL-6", "KMS-11.BTZ")[: None if WHOLE else 1]
TAKEN = ROUTES if WHOLE else [ROUTES[0], ROUTES[1], ROUTES[-1]]


@pytest.fixture(scope="session")
def aligned_runs(
    run_pipeline: Callable[..., Run], demo_study: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Run]:
    """A run per route on the demo study, one command each; what two have in common is done once."""
    folder = tmp_path_factory.mktemp("aligned")
    with (demo_study / "samplesheet.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["cell_line"] in LINES]
    files = [{name: str(demo_study / row[name]) for name in ("fastq_1", "fastq_2")} for row in rows]
    sheet = write_csv([row | paths for row, paths in zip(rows, files, strict=True)], folder / "sheet.csv")
    given = ["--input", sheet, "--genome", demo_study / "genome.fa.gz", "--skip_fastqc"]
    given += ["--gtf", demo_study / "annotation.gtf.gz"]
    runs = {}
    for aligner, quantifier in TAKEN:
        results = f"{aligner}_{quantifier}"
        options = [*given, "--aligner", aligner, "--quantifier", quantifier, "--outdir", results]
        run = run_pipeline(folder, *options).ended_well()
        runs[aligner, quantifier] = Run(run.status, run.printed, folder / results)
    return runs


@pytest.mark.parametrize("route", TAKEN, ids="-".join)
def test_every_contrast_finds_what_was_planted_with_few_false_genes(
    aligned_runs: Mapping[tuple[str, str], Run], demo_study: Path, route: tuple[str, str]
) -> None:
    assert_planted_is_found(aligned_runs[route], demo_study, LINES)


def changes(run: Run) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Fold change and base mean by contrast and gene."""
    return {
        (*contrast, row["gene_id"]): (float(row["log2_fold_change"]), float(row["base_mean"]))
        for contrast, rows in contrast_tables(run).items()
        if contrast[1] in LINES or len(LINES) == 4
        for row in rows
        if row["log2_fold_change"] != "NA"
    }


def test_fold_changes_of_all_routes_agree(aligned_runs: Mapping[tuple[str, str], Run], demo_run: Run) -> None:
    every = {"none-salmon": changes(demo_run)}
    every |= {"-".join(route): changes(run) for route, run in aligned_runs.items()}
    for (one, first), (other, second) in combinations(every.items(), 2):
        shared = [
            key for key in first if key in second and min(first[key][1], second[key][1]) > WELL_EXPRESSED
        ]
        assert len(shared) > 150
        for contrast in {key[:2] for key in shared}:
            pairs = [(first[key][0], second[key][0]) for key in shared if key[:2] == contrast]
            assert np.corrcoef(np.transpose(pairs))[0, 1] >= 0.95, f"{one} and {other} in {contrast}"


def test_counts_are_near_the_fragments_that_were_sequenced(
    aligned_runs: Mapping[tuple[str, str], Run], demo_study: Path
) -> None:
    sequenced = {row["gene_id"]: row for row in read_tsv(demo_study / "truth" / "counts.tsv")}
    for route, run in aligned_runs.items():
        counted = read_tsv(run.results / "expression" / "study" / "gene_counts.tsv")
        samples = [name for name in counted[0] if name not in ("gene_id", "gene_name")]
        assert len(counted) == len(sequenced)
        for sample in samples:
            truth = {gene: float(row[sample]) for gene, row in sequenced.items()}
            errors = sum(abs(float(row[sample]) - truth[row["gene_id"]]) for row in counted)
            assert errors / sum(truth.values()) < 0.1, f"{route}, {sample}"


def test_strandedness_is_found_in_the_alignments_and_used(
    aligned_runs: Mapping[tuple[str, str], Run],
) -> None:
    for (_, quantifier), run in aligned_runs.items():
        statuses = [json.loads(path.read_text()) for path in (run.results / "reads/status").iterdir()]
        assert len(statuses) == 6 * len(LINES)
        for status in statuses:
            by_salmon = "reverse" if quantifier == "salmon" else None
            assert status["strandedness_alignments"] == status["strandedness_used"] == "reverse"
            assert status["strandedness_salmon"] == by_salmon
            assert (status["library_type"], status["warning"]) == ("ISR", "")


def test_memory_that_star_takes_is_told_before_it_runs(aligned_runs: Mapping[tuple[str, str], Run]) -> None:
    """Runs are quiet here, so that what Nextflow prints stands in its log alone; a log per run."""
    folder = next(iter(aligned_runs.values())).results.parent
    logs = [path.read_text(encoding="utf-8") for path in folder.glob(".nextflow.log*")]
    told = [log for log in logs if "--aligner star takes memory: " in log]
    assert len(told) == sum(aligner == "star" for aligner, _ in aligned_runs)
    for log in told:
        assert log.index("--aligner star takes memory: ") < log.index("ALIGN_READS (MM.1S_DMSO_1)")


def test_alignments_are_published_whole_and_nothing_between_steps_is(
    aligned_runs: Mapping[tuple[str, str], Run],
) -> None:
    log = {"star": "Log.final.out", "hisat2": "hisat2.summary.txt"}
    for (aligner, quantifier), run in aligned_runs.items():
        sample = run.results / "reads" / "alignments" / "MM.1S_DMSO_1"
        there = {path.name.removeprefix("MM.1S_DMSO_1.") for path in sample.iterdir()}
        assert there == {"bam", "bam.bai", "junctions.tsv", log[aligner]}
        counted = run.results / "reads" / "counts" / "MM.1S_DMSO_1.tsv"
        assert counted.exists() == (quantifier != "salmon")
        manifest = {row["path"] for row in read_tsv(run.results / "provenance" / "manifest.tsv")}
        assert "reads/alignments/MM.1S_DMSO_1/MM.1S_DMSO_1.bam" in manifest


def test_the_report_shows_alignments_and_says_what_made_them(
    aligned_runs: Mapping[tuple[str, str], Run],
) -> None:
    names = {
        "star": "STAR",
        "hisat2": "HISAT2",
        "htseq": "HTSeq",
        "featurecounts": "featureCounts",
        "salmon": "Salmon",
    }
    for route, run in aligned_runs.items():
        page = (run.results / "report" / "rxpress_report.html").read_text(encoding="utf-8")
        for heading in ("Alignments to the genome", "Where alignments lie", "Coverage along transcripts"):
            assert heading in page
        assert all(names[part] in page for part in route)
        quality = read_tsv(run.results / "report" / "tables" / "alignments.tsv")
        assert len(quality) == 6 * len(LINES)
        assert all(float(row["percent_exonic"]) > 95 for row in quality)
