"""Arrays: CEL files alone, beside a ready matrix and an RNA-seq study of the same genes, and wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_array_study import ArrayStudy, write_array_study

from .conftest import SMALL, Run, read_tsv, small_rows, write_csv

pytestmark = pytest.mark.pipeline

LINES = {"MM.1S": "sensitive", "SUDHL-4": "resistant"}
TREATMENTS = ("DMSO", "bortezomib")
REPLICATES = (1, 2, 3)
UNCHANGED = 240
CONTRAST = "drug.bortezomib.MM.1S"
CALLED = ("up", "down")


def array_rows(study: str = "arrays") -> list[dict[str, str]]:
    """The sheet's rows of a study of three arrays per line and treatment, without their files."""
    return [
        {
            "sample": f"{study}_{line}_{treatment}_{replicate}",
            "study": study,
            "cell_line": line,
            "treatment": treatment,
            "dose_nM": "20" if treatment != "DMSO" else "0",
            "time_h": "24",
            "response": response,
            "replicate": str(replicate),
        }
        for line, response in LINES.items()
        for treatment in TREATMENTS
        for replicate in REPLICATES
    ]


def genes() -> list[tuple[str, str]]:
    """Ids and names of the genes on the chip: those of the small study, and others that nothing changes."""
    known = [(row["gene_id"], row["gene_name"]) for row in read_tsv(SMALL / "truth" / "genes.tsv")]
    return known + [(f"ENSGMADE{i:05d}", f"QUIET{i}") for i in range(UNCHANGED)]


def planted(family: str, who: str) -> dict[str, float]:
    """log2 fold change by gene name."""
    return {
        row["gene_name"]: float(row["log2_fold_change"])
        for row in read_tsv(SMALL / "truth" / "contrasts.tsv")
        if (row["family"], row["who"]) == (family, who)
    }


def planted_expression(rows: list[dict[str, str]], seed: int) -> np.ndarray:
    """(genes, arrays) log2 expression with what the small study plants, and a little biology of its own."""
    random = np.random.default_rng(seed)
    names = [name for _, name in genes()]
    truth = {row["gene_name"]: row for row in read_tsv(SMALL / "truth" / "genes.tsv")}
    columns = []
    level = random.uniform(7, 10, len(names))
    for row in rows:
        line = row["cell_line"]
        drug = planted("drug", line) if row["treatment"] != "DMSO" else {}
        change = [
            float(truth[name][f"line_log2_change_{line}"]) + drug.get(name, 0) if name in truth else 0
            for name in names
        ]
        columns.append(level + change + random.normal(0, 0.08, len(names)))
    return np.column_stack(columns)


def write_arrays(
    folder: Path, study: str = "arrays", seed: int = 5
) -> tuple[list[dict[str, str]], ArrayStudy]:
    """Sheet rows with CEL files of every version, some of them gzipped, and the chip."""
    rows = array_rows(study)
    samples = [row["sample"] for row in rows]
    made = write_array_study(
        folder,
        planted_expression(rows, seed),
        [f"{i + 1000}_at" for i in range(len(genes()))],
        samples,
        forms=("v4", "calvin", "v3"),
        gzipped=samples[::4],
        symbols=[name for _, name in genes()],
        gene_ids=[id for id, _ in genes()],
        id_column="ENSEMBL",
        seed=seed,
    )
    return [row | {"cel": str(cel)} for row, cel in zip(rows, made.cels, strict=True)], made


def recovered(run: Run, study: str, contrast: str, truth: dict[str, float]) -> tuple[float, float]:
    """Share of the strongly changed genes that are called so, and share of the calls that are false."""
    table = read_tsv(run.results / "differential" / study / f"{contrast}.tsv")
    called = {row["gene_name"]: row["call"] for row in table if row["call"] in CALLED}
    strong = {gene: change for gene, change in truth.items() if abs(change) > 1.2}
    right = [gene for gene, change in strong.items() if called.get(gene) == ("up" if change > 0 else "down")]
    false = [gene for gene in called if not truth.get(gene)]
    assert len(strong) > 10
    return len(right) / len(strong), len(false) / max(1, len(called))


@pytest.fixture(scope="module")
def alone(run_pipeline: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("arrays")
    rows, made = write_arrays(folder)
    return run_pipeline(
        folder,
        *("--input", write_csv(rows, folder / "sheet.csv"), "--cdf", made.cdf),
        *("--probe_annotation", made.annotation),
    ).ended_well()


@pytest.fixture(scope="module")
def beside(run_pipeline: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Arrays by MAS 5, a matrix of log2 expression by gene, and the counts of the small study."""
    folder = tmp_path_factory.mktemp("beside")
    cels, made = write_arrays(folder)
    of_matrix = array_rows("matrix")
    values = planted_expression(of_matrix, seed=7)
    matrix = [
        {"gene_id": id, "gene_name": name}
        | {row["sample"]: f"{value:.4f}" for row, value in zip(of_matrix, line, strict=True)}
        for (id, name), line in zip(genes(), values.tolist(), strict=True)
    ]
    hidden = ("fastq_1", "fastq_2", "strandedness")
    of_reads = {
        row["sample"]: {k: v for k, v in row.items() if k not in hidden} | {"study": "reads"}
        for row in small_rows()
    }
    return run_pipeline(
        folder,
        *("--input", write_csv([*cels, *of_matrix, *of_reads.values()], folder / "sheet.csv")),
        *("--cdf", made.cdf.parent, "--probe_annotation", made.annotation, "--array_method", "mas5"),
        *("--expression_matrix", write_csv(matrix, folder / "matrix.csv")),
        *("--counts", SMALL / "truth" / "counts.tsv"),
    ).ended_well()


def test_cel_files_alone_come_to_a_report(alone: Run) -> None:
    assert set(alone.tasks("COMPLETED")) == {
        *("CHECK_INPUTS", "NORMALIZE_ARRAYS", "DESIGN_CONTRASTS", "TEST_EXPRESSION", "INTERPRET_RESPONSE"),
        *("REPORT_SECTIONS", "DRAW_FIGURES", "EXPORT_RESULTS", "MULTIQC", "WRITE_MANIFEST"),
    }
    report = (alone.results / "report" / "rxpress_report.html").read_text()
    for words in ("Array quality", "RLE", "NUSE", "Made-U1", "moderated t"):
        assert words in report, words
    fit = (alone.results / "differential" / "arrays" / "fit.json").read_text()
    assert "limma" in fit
    assert "deseq2" not in fit.lower()


def test_planted_effects_are_found_on_arrays(alone: Run) -> None:
    for family, who, contrast in (
        ("drug", "MM.1S", "drug.bortezomib.MM.1S"),
        ("drug", "SUDHL-4", "drug.bortezomib.SUDHL-4"),
        ("interaction", "resistant_vs_sensitive", "interaction.bortezomib.resistant_vs_sensitive"),
    ):
        found, false = recovered(alone, "arrays", contrast, planted(family, who))
        assert found >= 0.9, contrast
        assert false <= 0.1, contrast


def test_what_the_arrays_lost_is_said(alone: Run) -> None:
    expression = alone.results / "expression" / "arrays"
    probesets = read_tsv(expression / "probeset_expression.tsv")
    of_genes = read_tsv(expression / "gene_expression.tsv")
    assert len(probesets) == len(genes()) + 6  # controls of actin and GAPDH
    assert {row["gene_id"] for row in of_genes} == {id for id, _ in genes()}
    calls = read_tsv(expression / "detection_calls.tsv")
    assert len(calls) == len(probesets)
    quality = read_tsv(alone.results / "arrays" / "arrays" / "quality.tsv")
    assert [row["sample"] for row in quality] == [row["sample"] for row in array_rows()]
    assert {row["chip"] for row in quality} == {"Made-U1"}


def test_every_file_of_the_arrays_is_in_the_manifest(alone: Run) -> None:
    rows = read_tsv(alone.results / "provenance" / "manifest.tsv")
    listed = {row["path"] for row in rows}
    there = [path for part in ("arrays", "expression") for path in (alone.results / part).rglob("*.*")]
    assert {str(path.relative_to(alone.results)) for path in there if path.is_file()} <= listed
    assert {f"{row['sample']}.CEL" for row in array_rows()} <= {Path(path).name for path in listed}


def test_both_platforms_meet_across_studies(beside: Run) -> None:
    truth = planted("drug", "MM.1S")
    table = read_tsv(beside.results / "comparison" / f"{CONTRAST}.tsv")
    assert {row["gene_name"] for row in table} >= {name for _, name in genes()[:60]}
    found = {row["gene_name"]: row["consistent"] for row in table if row["consistent"] in CALLED}
    right = [gene for gene, call in found.items() if truth.get(gene, 0) * (1 if call == "up" else -1) > 0]
    assert len(right) == len(found) > 10
    for study in ("arrays", "matrix"):
        share, false = recovered(beside, study, CONTRAST, truth)
        assert share >= 0.9, study
        assert false <= 0.1, study
    methods = {
        study: (beside.results / "differential" / study / "fit.json").read_text()
        for study in ("arrays", "reads")
    }
    assert '"limma"' in methods["arrays"]
    assert '"deseq2"' in methods["reads"]


def test_what_is_wrong_with_arrays_is_said_at_once(run_pipeline: Callable[..., Run], tmp_path: Path) -> None:
    rows, made = write_arrays(tmp_path)
    cels = [Path(row["cel"]) for row in rows]
    plain = next(i for i, cel in enumerate(cels) if cel.read_bytes().startswith(b"\x40"))
    cels[plain].write_bytes(cels[plain].read_bytes()[:-5000])
    foreign = next(i for i in range(plain + 1, len(cels)) if b"Made-U1" in cels[i].read_bytes())
    cels[foreign].write_bytes(cels[foreign].read_bytes().replace(b"Made-U1", b"Made-X9"))
    rows[0]["cel"] = str(tmp_path / "gone.CEL")
    made.annotation.write_text("PROBEID\tSYMBOL\nnothing_at\tNONE\n")
    run_pipeline(
        tmp_path,
        *("--input", write_csv(rows, tmp_path / "sheet.csv"), "--cdf", made.cdf),
        *("--probe_annotation", made.annotation, "--array_methd", "mas5"),
    ).was_refused(
        *("sheet.csv:2", "gone.CEL", f"sheet.csv:{plain + 2}", "is truncated", f"sheet.csv:{foreign + 2}"),
        *("Made-X9", "Made-U1", made.annotation.name, "--array_methd"),
    )
