"""Real data, kept outside the repository: the pipeline on it, against known counts and R's results."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Run, read_tsv, write_csv

pytestmark = [pytest.mark.pipeline, pytest.mark.real]

ARABIDOPSIS = {
    "M1A": ("SRR446027", "mock", 1),
    "A1A": ("SRR446029", "avirulent", 1),
    "V1A": ("SRR446031", "virulent", 1),
    "M12A": ("SRR446039", "mock", 12),
    "V12A": ("SRR446043", "virulent", 12),
}


def arabidopsis(real_data: Path, folder: Path) -> list[object]:
    """Options that name the reads, the genome and its annotation; the sheet goes to `folder`."""
    source = real_data / "reads_arabidopsis"
    rows = [
        {
            "sample": sample,
            "fastq_1": str(source / f"{run}_1.fastq.gz"),
            "fastq_2": str(source / f"{run}_2.fastq.gz"),
            "cell_line": "Col-0",
            "treatment": treatment,
            "time_h": str(hours),
        }
        for sample, (run, treatment, hours) in ARABIDOPSIS.items()
    ]
    given = ["--input", write_csv(rows, folder / "sheet.csv"), "--vehicle", "mock"]
    return [*given, "--genome", source / "genome.fasta.gz", "--gff", source / "annotation.gff3.gz"]


def test_arabidopsis_reads_without_replicates_give_expression_and_say_why_nothing_is_tested(
    run_pipeline: Callable[..., Run], real_data: Path, tmp_path: Path
) -> None:
    run = run_pipeline(tmp_path, *arabidopsis(real_data, tmp_path)).ended_well()
    samples = read_tsv(run.results / "differential" / "study" / "samples.tsv")
    assert [row["sample"] for row in samples] == list(ARABIDOPSIS)
    assert all(row["kept"] == "true" and float(row["percent_mapped"]) > 40 for row in samples)
    tpm = read_tsv(run.results / "expression" / "study" / "gene_tpm.tsv")
    assert len(tpm) > 100
    for sample in ARABIDOPSIS:
        assert sum(float(row[sample]) for row in tpm) == pytest.approx(1e6, rel=1e-4)
    assert "replicate" in (run.results / "report" / "rxpress_report.html").read_text(encoding="utf-8")


def test_hox_reads_are_counted_within_one_percent_of_the_total(
    run_pipeline: Callable[..., Run], real_data: Path, tmp_path: Path
) -> None:
    folder = real_data / "reads_hox"
    row = {
        "sample": "hox",
        "fastq_1": str(folder / "reads_1.fastq.gz"),
        "fastq_2": str(folder / "reads_2.fastq.gz"),
    }
    truth = {row["transcript"]: float(row["true_reads"]) for row in read_tsv(folder / "truth.tsv")}
    (tmp_path / "tx2gene.tsv").write_text("".join(f"{name}\t{name}\n" for name in truth))
    options = ["--input", write_csv([row | {"treatment": "none"}], tmp_path / "sheet.csv")]
    options += ["--transcripts", folder / "transcripts.fasta", "--tx2gene", tmp_path / "tx2gene.tsv"]
    run = run_pipeline(tmp_path, *options, "--min_reads", 1000).ended_well()
    counted = {
        row["gene_id"]: float(row["hox"])
        for row in read_tsv(run.results / "expression" / "study" / "gene_counts.tsv")
    }
    well_covered = [name for name, reads in truth.items() if reads > 100]
    assert len(well_covered) > 5
    one_percent = 0.01 * sum(truth.values())
    assert all(abs(counted[name] - truth[name]) < one_percent for name in well_covered)


@pytest.mark.parametrize("covariate", [None, "type"])
def test_pasilla_counts_call_the_genes_that_r_calls(
    run_pipeline: Callable[..., Run], real_data: Path, tmp_path: Path, covariate: str | None
) -> None:
    folder = real_data / "counts_pasilla"
    with (folder / "pasilla_sample_annotation.csv").open(encoding="utf-8", newline="") as lines:
        rows = [
            {"sample": row["file"].removesuffix("fb"), "treatment": row["condition"], "type": row["type"]}
            for row in csv.DictReader(lines)
        ]
    options = [
        "--input",
        write_csv(rows, tmp_path / "sheet.csv"),
        "--counts",
        folder / "pasilla_gene_counts.tsv",
    ]
    options += ["--vehicle", "untreated"] + (["--covariates", covariate] if covariate else [])
    run = run_pipeline(tmp_path, *options).ended_well()
    ours = called(
        read_tsv(run.results / "differential" / "study" / "drug.treated.all.tsv"), "gene_id", "p_adjusted"
    )
    model = f"{covariate}_condition" if covariate else "condition"
    with gzip.open(folder / f"pasilla_DESeq2__{model}.csv.gz", "rt", encoding="utf-8") as lines:
        theirs = called(list(csv.DictReader(lines)), "", "padj")
    assert len(theirs) > 300
    assert len(ours & theirs) / len(ours | theirs) >= 0.97


def called(rows: list[dict[str, str]], gene: str, p_adjusted: str) -> set[str]:
    return {row[gene] for row in rows if row[p_adjusted] != "NA" and float(row[p_adjusted]) < 0.05}
