"""Viability, qPCR and several studies: alone, together, and wrong."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .conftest import SMALL, SMALL_REFERENCES, Run, read_tsv, small_rows, write_csv

pytestmark = pytest.mark.pipeline

IC50_NM = {"MM.1S": 3.0, "SUDHL-4": 40.0}
DOSES_NM = (0.3, 1, 3, 10, 30, 100, 300)
CYCLES = {
    "GAPDH": 17.0,
    "ACTB": 18.0,
    "ATF3": 27.0,
    "HSPA1A": 26.0,
    "PSMB5": 25.0,
    "TOP2A": 24.0,
    "BIRC3": 28.0,
}
REFERENCES = ("GAPDH", "ACTB")
STUDIES = ("first", "second")
CONTRAST = "drug.bortezomib.all"


def viability_rows() -> list[dict[str, str]]:
    """Planted curves: half of the cells are left at IC50_NM, slope 1.5, noise of 3 % of the untreated."""
    noise = np.random.default_rng(1)
    return [
        {
            "cell_line": line,
            "treatment": "bortezomib",
            "dose_nM": str(dose),
            "viability": f"{1 / (1 + (dose / ic50) ** 1.5) + noise.normal(0, 0.03):.4f}",
            "replicate": str(replicate),
        }
        for line, ic50 in IC50_NM.items()
        for dose in DOSES_NM
        for replicate in (1, 2, 3)
    ]


def planted_changes(line: str) -> dict[str, float]:
    """log2 fold change of each gene under the drug in a line of the small study."""
    return {
        row["gene_name"]: float(row["log2_fold_change"])
        for row in read_tsv(SMALL / "truth" / "contrasts.tsv")
        if row["family"] == "drug" and row["who"] == line
    }


def sample_rows() -> dict[str, dict[str, str]]:
    """The samples of the small study, without their files and without a response."""
    hidden = ("fastq_1", "fastq_2", "strandedness", "response")
    return {row["sample"]: {k: v for k, v in row.items() if k not in hidden} for row in small_rows()}


def qpcr_rows(samples: dict[str, dict[str, str]]) -> list[dict[str, str]]:
    """Ct of three wells per sample and target: a cycle less for each planted doubling."""
    noise = np.random.default_rng(2)
    rows = []
    for name, sample in samples.items():
        load = noise.normal(0, 0.3)
        changes = planted_changes(sample["cell_line"]) if sample["treatment"] != "DMSO" else {}
        for target, cycles in CYCLES.items():
            change = 0 if target in REFERENCES else changes.get(target, 0.0)
            ct = cycles + load - change + noise.normal(0, 0.1)
            rows += [
                {"sample": name, "target": target, "ct": f"{ct + noise.normal(0, 0.05):.3f}"}
                for _ in range(3)
            ]
    return rows


def two_studies(folder: Path) -> tuple[Path, Path]:
    """Sheet and counts of the small study twice, the second time drawn anew around the first."""
    counts = read_tsv(SMALL / "truth" / "counts.tsv")
    drawn = np.random.default_rng(3)
    samples = [
        row | {"sample": f"{study}_{name}", "study": study}
        for study in STUDIES
        for name, row in sample_rows().items()
    ]
    table = [
        {"gene_id": row["gene_id"], "gene_name": row["gene_name"]}
        | {f"first_{name}": row[name] for name in sample_rows()}
        | {f"second_{name}": str(drawn.poisson(float(row[name]))) for name in sample_rows()}
        for row in counts
    ]
    return write_csv(samples, folder / "sheet.csv"), write_csv(table, folder / "counts.csv")


@pytest.fixture(scope="module")
def whole_run(run_pipeline: Callable[..., Run], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two studies by counts, with viability, qPCR of the first, and gene sets of one's own."""
    folder = tmp_path_factory.mktemp("assays")
    sheet, counts = two_studies(folder)
    viability = [row | {"study": study} for study in STUDIES for row in viability_rows()]
    first = {f"first_{name}": row for name, row in sample_rows().items()}
    (folder / "own.gmt").write_text("OWN_PROTEASOME\thttps://example.org\tPSMA1\tPSMB5\tPSMD1\tPSMD4\n")
    return run_pipeline(
        folder,
        *("--input", sheet, "--counts", counts, "--gene_sets", folder / "own.gmt"),
        *("--viability", write_csv(viability, folder / "viability.csv"), "--ic50_threshold", 10),
        *("--qpcr", write_csv(qpcr_rows(first), folder / "qpcr.csv"), "--reference_genes", "GAPDH,ACTB"),
    ).ended_well()


def test_responses_by_ic50_make_the_contrasts(whole_run: Run) -> None:
    labels = read_tsv(whole_run.results / "dose_response" / "labels.tsv")
    assert {(row["study"], row["cell_line"], row["response"]) for row in labels} == {
        (study, line, "sensitive" if ic50 < 10 else "resistant")
        for study in STUDIES
        for line, ic50 in IC50_NM.items()
    }
    fits = read_tsv(whole_run.results / "dose_response" / "fits.tsv")
    for row in fits:
        assert float(row["ic50_lower_nM"]) < IC50_NM[row["cell_line"]] < float(row["ic50_upper_nM"])
    for study in STUDIES:
        samples = read_tsv(whole_run.results / "differential" / study / "samples.tsv")
        assert {row["response_source"] for row in samples} == {"ic50"}
        assert (whole_run.results / "differential" / study / "baseline.resistant_vs_sensitive.tsv").exists()


def test_studies_agree_on_what_is_planted_in_both(whole_run: Run) -> None:
    table = read_tsv(whole_run.results / "comparison" / f"{CONTRAST}.tsv")
    planted = planted_changes("all")
    found = {row["gene_name"]: row["consistent"] for row in table if row["consistent"] != "no"}
    right = [gene for gene, call in found.items() if planted.get(gene, 0) * (1 if call == "up" else -1) > 0]
    assert len(right) == len(found) > 10
    assert {"PSMB5", "HMOX1", "HSPA5", "BIRC3"} <= set(right)


def test_qpcr_confirms_what_is_planted_in_both(whole_run: Run) -> None:
    changes = read_tsv(whole_run.results / "qpcr" / "fold_changes.tsv")
    of_line = {row["target"]: row for row in changes if row["contrast"] == "drug.bortezomib.MM.1S"}
    for target, change in planted_changes("MM.1S").items():
        if target in of_line:
            assert float(of_line[target]["log2_fold_change"]) == pytest.approx(change, abs=0.6)
    concordance = read_tsv(whole_run.results / "qpcr" / "concordance.tsv")
    assert not [row for row in concordance if row["verdict"] == "contradicted"]
    assert "confirmed" in {row["verdict"] for row in concordance}


def test_gene_sets_of_ones_own_are_tested_beside_those_of_the_pack(whole_run: Run) -> None:
    sets = read_tsv(whole_run.results / "interpretation" / "pathways.tsv")
    assert {row["collection"] for row in sets} == {"bortezomib", "own"}
    own = next(row for row in sets if row["gene_set"] == "OWN_PROTEASOME" and row["contrast"] == CONTRAST)
    assert float(own["score"]) > 0.5
    assert float(own["camera_p_value"]) < 0.05


def test_every_file_of_the_arms_is_in_the_manifest(whole_run: Run) -> None:
    listed = {row["path"] for row in read_tsv(whole_run.results / "provenance" / "manifest.tsv")}
    parts = ("comparison", "interpretation", "dose_response", "qpcr", "report/figures")
    there = [path for part in parts for path in (whole_run.results / part).iterdir()]
    assert len(there) > 50
    assert {str(path.relative_to(whole_run.results)) for path in there} <= listed


def test_viability_alone_gets_its_report(run_pipeline: Callable[..., Run], tmp_path: Path) -> None:
    table = write_csv(viability_rows(), tmp_path / "viability.csv")
    run = run_pipeline(tmp_path, "--viability", table, "--ic50_threshold", 10).ended_well()
    assert set(run.tasks("COMPLETED")) == {
        "CHECK_INPUTS",
        "FIT_DOSE_RESPONSE",
        "REPORT_SECTIONS",
        "DRAW_FIGURES",
        "EXPORT_RESULTS",
        "MULTIQC",
        "WRITE_MANIFEST",
    }
    labels = read_tsv(run.results / "dose_response" / "labels.tsv")
    assert {row["response"] for row in labels} == {"sensitive", "resistant"}
    assert "IC50" in (run.results / "report" / "rxpress_report.html").read_text()


def test_qpcr_alone_gets_its_report(run_pipeline: Callable[..., Run], tmp_path: Path) -> None:
    samples = sample_rows()
    sheet = write_csv(list(samples.values()), tmp_path / "samples.tsv")  # as a table of ours is called
    given = sheet.read_bytes()
    run = run_pipeline(
        tmp_path,
        *("--input", sheet),
        *("--qpcr", write_csv(qpcr_rows(samples), tmp_path / "qpcr.csv"), "--reference_genes", "GAPDH,ACTB"),
    ).ended_well()
    assert sheet.read_bytes() == given
    assert "TEST_EXPRESSION" not in run.tasks("COMPLETED")
    changes = read_tsv(run.results / "qpcr" / "fold_changes.tsv")
    assert CONTRAST in {row["contrast"] for row in changes}
    assert "qPCR" in (run.results / "report" / "rxpress_report.html").read_text()


def test_what_is_wrong_with_every_table_is_said_at_once(
    run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    samples = sample_rows()
    viability, qpcr = viability_rows(), qpcr_rows(samples)
    viability[0]["cell_line"] = "MM1S"
    viability[4]["viability"] = "half"
    qpcr[0]["sample"] = qpcr[0]["sample"].lower()
    qpcr[5]["ct"] = "late"
    (tmp_path / "own.gmt").write_text("EMPTY\tof nothing\nTWICE\tonce\tA\tB\nTWICE\tagain\tC\n")
    (tmp_path / "signatures.tsv").write_text("signature\tgene\tmethod\nmine\tATF3\tguess\n")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "drug.yml").write_text("name: bortezomib\n")
    (tmp_path / "decoy.fa.gz").write_bytes(gzip.compress(b">chr1\n" + b"ACGT" * 5000)[:-20])
    run_pipeline(
        tmp_path,
        *(*SMALL_REFERENCES, "--genome", tmp_path / "decoy.fa.gz"),
        *("--input", write_csv(list(samples.values()), tmp_path / "sheet.csv")),
        *("--viability", write_csv(viability, tmp_path / "viability.csv")),
        *("--qpcr", write_csv(qpcr, tmp_path / "qpcr.csv"), "--reference_genes", "GAPDH,ACBT"),
        *("--gene_sets", tmp_path / "own.gmt", "--signatures", tmp_path / "signatures.tsv"),
        *("--drug_pack", tmp_path / "pack"),
    ).was_refused(
        *("viability.csv:2", "did you mean 'MM.1S'", "viability.csv:6", "half"),
        *("qpcr.csv:2", "qpcr.csv:7", "late", "ACBT"),
        *("own.gmt:1", "own.gmt:3", "signatures.tsv:2", "guess", "markers.tsv", "drug.yml"),
        "decoy.fa.gz: cannot be read to its end",
    )
