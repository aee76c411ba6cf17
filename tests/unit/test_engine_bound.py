"""How far two runs may differ, on made tables and sequences."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest
from engine_bound import beyond_bound, confounded_genes

COUNTS = {"G1": (1000.0, 0.0), "G2": (20.0, 5.0)}
CALLS = {
    "G1": (2.0, 0.001, "up"),
    "G2": (1.005, 0.01, "up"),
    "G3": (3.0, 0.04, "up"),
    "G4": (0.1, 0.9, "unchanged"),
}
MEANS = {"G1": 900, "G2": 30, "G3": 300, "G4": 4}
NA = float("nan")
UNIQUE = "ACGTTGCAAGGCTTACCGATTACGGATCCTAGGTTCAACGTGA"
SHARED = "TTGACCGTAAGCTTGGCATACCAGTTGACGATCCATGCAATC"


def write(
    folder: Path, counts: dict[str, tuple[float, float]], calls: dict[str, tuple[float, float, str]]
) -> Path:
    expression, differential = folder / "expression" / "study", folder / "differential" / "study"
    for part in (expression, differential):
        part.mkdir(parents=True)
    lines = [f"{gene}\tNA\t{a}\t{b}" for gene, (a, b) in counts.items()]
    (expression / "gene_counts.tsv").write_text("\n".join(["gene_id\tgene_name\ta\tb", *lines]) + "\n")
    header = "gene_id\tgene_name\tbase_mean\tlog2_fold_change\tp_adjusted\tcall"
    lines = [
        f"{gene}\tNA\t{MEANS[gene]}\t{fold}\t{'NA' if math.isnan(p) else p}\t{call}"
        for gene, (fold, p, call) in calls.items()
    ]
    (differential / "drug.x.tsv").write_text("\n".join([header, *lines]) + "\n")
    (differential / "summary.tsv").write_text("id\tstatus\ndrug.x\tok\n")
    return folder


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, []),
        ({"G1": (1000.9, 0.1)}, []),
        ({"G1": (1001.2, 0.0)}, ["gene_counts.tsv: G1, a: 1001.2 and 1000.0 reads"]),
        ({"G1": (1000.0, 0.2)}, ["gene_counts.tsv: G1, b: 0.2 and 0.0 reads"]),
        ({"G2": (25.0, 9.0)}, []),
    ],
    ids=["same", "within", "share", "reads", "confounded"],
)
def test_counts_agree_within_a_tenth_of_a_read_or_a_thousandth(
    counts: dict[str, tuple[float, float]], told: list[str], tmp_path: Path
) -> None:
    native = write(tmp_path / "native", COUNTS, CALLS)
    assert beyond_bound(write(tmp_path / "made", COUNTS | counts, CALLS), native, {"G2"}) == told


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ({"G1": (2.0, 0.001, "down")}, ["drug.x.tsv: G1: down and up"]),
        ({"G1": (2.0, 0.2, "unchanged")}, ["drug.x.tsv: G1: unchanged and up"]),
        ({"G2": (0.999, 0.01, "unchanged")}, []),
        ({"G3": (3.0, 0.06, "unchanged")}, []),
        ({"G3": (3.0, 0.2, "unchanged")}, ["drug.x.tsv: G3: unchanged and up"]),
        ({"G4": (0.1, NA, "untested")}, []),
        ({"G4": (0.3, NA, "untested")}, ["drug.x.tsv: G4: untested and unchanged"]),
        ({"G3": (3.0, NA, "untested")}, ["drug.x.tsv: G3: untested and up"]),
    ],
    ids=["direction", "call", "near the fold", "near alpha", "not near", "few reads", "other fold", "lost"],
)
def test_calls_agree_away_from_their_thresholds(
    calls: dict[str, tuple[float, float, str]], told: list[str], tmp_path: Path
) -> None:
    native = write(tmp_path / "native", COUNTS, CALLS)
    assert beyond_bound(write(tmp_path / "made", COUNTS, CALLS | calls), native, set()) == told


def test_missing_genes_samples_and_contrasts_are_no_agreement(tmp_path: Path) -> None:
    native = write(tmp_path / "native", COUNTS, CALLS)
    fewer = write(tmp_path / "fewer", {"G1": COUNTS["G1"]}, CALLS)
    assert ["other genes" in line for line in beyond_bound(fewer, native, set())] == [True]
    (fewer / "differential" / "study" / "drug.x.tsv").unlink()
    assert ["other genes" in line for line in beyond_bound(fewer, native, set())] == [True, True]
    untested = write(tmp_path / "untested", COUNTS, CALLS)
    (untested / "differential" / "study" / "drug.x.tsv").unlink()
    assert beyond_bound(native, untested, set()) == ["no calls to compare"]
    (untested / "expression" / "study" / "gene_counts.tsv").unlink()
    assert beyond_bound(native, untested, set()) == ["no counts to compare", "no calls to compare"]


def test_genes_that_share_a_kmer_of_either_strand_are_confounded(tmp_path: Path) -> None:
    opposite = SHARED[::-1].translate(str.maketrans("ACGT", "TGCA"))
    transcripts = {
        "T1.1 gene:A.1": UNIQUE + SHARED,
        "T2.1 gene:A.1": UNIQUE + "CCC",
        "T3.1 gene:B.1": "GATTACA" + SHARED[:31],
        "T4.1 gene:C.1 gene_symbol:C": opposite + "GGATT",
        "T5.1 gene:D.1": "GATTACG" + SHARED[:30] + "CC",
        "T6.1 gene:E.1": "ACGT",
    }
    fasta = tmp_path / "transcripts.fa.gz"
    with gzip.open(fasta, "wt") as lines:
        lines.writelines(f">{name}\n{bases[:40]}\n{bases[40:]}\n" for name, bases in transcripts.items())
    assert confounded_genes(fasta) == {"A", "B", "C"}
    assert confounded_genes(fasta, k=30) == {"A", "B", "C", "D"}
