"""Real data, kept outside the repository: BAM files of airway cells, every route on reads of Arabidopsis."""

from __future__ import annotations

import csv
import gzip
import shutil
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from .conftest import Run, read_tsv, write_csv
from .test_aligned_routes import PROGRAMS, ROUTES
from .test_real_data import ARABIDOPSIS, arabidopsis

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.real,
    pytest.mark.skipif(
        not all(map(shutil.which, PROGRAMS)),
        reason=f"not on PATH: {', '.join(one for one in PROGRAMS if not shutil.which(one))}",
    ),
]

MIN_READS = 10
IN_R = r"""
suppressMessages(library(DESeq2))
counts <- as.matrix(read.delim("counts.tsv", row.names = 1, check.names = FALSE))
samples <- read.delim("samples.tsv", row.names = 1)[colnames(counts), ]
samples$dex <- factor(samples$dex, levels = c("untrt", "trt"))
fitted <- DESeq(DESeqDataSetFromMatrix(counts, samples, ~ cell + dex), quiet = TRUE)
write.table(as.data.frame(results(fitted)), "results.tsv", sep = "\t", quote = FALSE, na = "NA")
"""


@pytest.fixture(scope="module")
def airway(
    run_pipeline: Callable[..., Run], real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, Path, list[dict[str, str]]]:
    """The eight BAM files as rows of a sheet, donors as patients; the run, its folder, the sheet's rows."""
    source, folder = real_data / "airway", tmp_path_factory.mktemp("airway")
    with (source / "sample_table.csv").open(encoding="utf-8", newline="") as lines:
        rows = [
            {
                "sample": row["Run"],
                "bam": str(source / "bam" / f"{row['Run']}_subset.bam"),
                "patient": row["cell"],
                "treatment": row["dex"],
            }
            for row in csv.DictReader(lines)
        ]
    options = ["--input", write_csv(rows, folder / "sheet.csv"), "--vehicle", "untrt", "--min_reads", 1000]
    options += ["--gtf", source / "Homo_sapiens.GRCh37.75_subset.gtf.gz"]
    return run_pipeline(folder, *options).ended_well(), source, rows


def test_gene_counts_of_bam_files_are_those_of_featurecounts_by_hand(
    airway: tuple[Run, Path, list[dict[str, str]]], tmp_path: Path
) -> None:
    run, source, rows = airway
    annotation = tmp_path / "genes.gtf"
    annotation.write_bytes(gzip.decompress((source / "Homo_sapiens.GRCh37.75_subset.gtf.gz").read_bytes()))
    command = ["featureCounts", "-p", "--countReadPairs", "-a", annotation, "-o", tmp_path / "counts.tsv"]
    subprocess.run([*command, *(row["bam"] for row in rows)], check=True, capture_output=True)
    by_hand = [line.split("\t") for line in (tmp_path / "counts.tsv").read_text().splitlines()[2:]]
    counted = read_tsv(run.results / "expression" / "study" / "gene_counts.tsv")
    ours = {row["gene_id"]: [int(row[one["sample"]]) for one in rows] for row in counted}
    assert ours == {cells[0]: list(map(int, cells[6:])) for cells in by_hand}
    assert sum(map(sum, ours.values())) > 10_000


@pytest.mark.skipif(
    not shutil.which("Rscript"), reason="Rscript is not on PATH: airway is NOT compared with R"
)
def test_dexamethasone_against_control_agrees_with_r(
    airway: tuple[Run, Path, list[dict[str, str]]], tmp_path: Path
) -> None:
    run, _, rows = airway
    counted = read_tsv(run.results / "expression" / "study" / "gene_counts.tsv")
    names = [row["sample"] for row in rows]
    lines = [
        "\t".join(["", *names]),
        *("\t".join([row["gene_id"], *(row[n] for n in names)]) for row in counted),
    ]
    (tmp_path / "counts.tsv").write_text("\n".join(lines) + "\n")
    described = ["\tcell\tdex", *(f"{row['sample']}\t{row['patient']}\t{row['treatment']}" for row in rows)]
    (tmp_path / "samples.tsv").write_text("\n".join(described) + "\n")
    (tmp_path / "test.R").write_text(IN_R)
    subprocess.run(["Rscript", "test.R"], cwd=tmp_path, check=True, capture_output=True)
    header, *table = [line.split("\t") for line in (tmp_path / "results.tsv").read_text().splitlines()]
    theirs = {gene: dict(zip(header, cells, strict=True)) for gene, *cells in table}
    ours = read_tsv(run.results / "differential" / "study" / "drug.trt.all.tsv")
    compared = [row for row in ours if theirs[row["gene_id"]]["pvalue"] != "NA" and row["p_value"] != "NA"]
    assert len(compared) > 10
    for row in compared:
        told = theirs[row["gene_id"]]
        change, p_value = float(told["log2FoldChange"]), float(told["pvalue"])
        assert float(row["log2_fold_change"]) == pytest.approx(change, rel=1e-3, abs=1e-6), row["gene_id"]
        bound = max(0.02, -0.01 * np.log10(p_value))
        assert abs(np.log10(float(row["p_value"])) - np.log10(p_value)) <= bound, row["gene_id"]


def test_routes_agree_on_real_reads(
    run_pipeline: Callable[..., Run], real_data: Path, tmp_path: Path
) -> None:
    given = [*arabidopsis(real_data, tmp_path), "--skip_fastqc"]
    expression = {}
    for aligner, quantifier in [("none", "salmon"), *ROUTES]:
        results = f"{aligner}_{quantifier}"
        options = [*given, "--aligner", aligner, "--quantifier", quantifier, "--outdir", results]
        run_pipeline(tmp_path, *options).ended_well()
        counted = read_tsv(tmp_path / results / "expression" / "study" / "gene_counts.tsv")
        expression[results] = {row["gene_id"]: [float(row[s]) for s in ARABIDOPSIS] for row in counted}
    for one, other in combinations(expression.values(), 2):
        shared = one.keys() & other.keys()
        for place, sample in enumerate(ARABIDOPSIS):
            pairs = [(one[gene][place], other[gene][place]) for gene in shared]
            well = np.log2([pair for pair in pairs if min(pair) > MIN_READS])
            assert len(well) > 30, sample
            assert np.corrcoef(well.T)[0, 1] >= 0.95, sample
