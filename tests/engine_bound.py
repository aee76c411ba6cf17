"""How far two runs from the same reads may differ: Salmon is not deterministic, with one thread as with many.

Gene counts agree within max(0.1 read, 0.1 %), and calls agree away from their thresholds. Excepted are genes
that share a k-mer of Salmon's length with another gene: a fragment from there fits both, and each run divides
it anew. In the demo no gene does, and two runs of it differed by at most 0.002 reads.

Tests take whole counts, where a hair's breadth may make one more. In these runs 19 of 20 adjusted p-values
between 0.005 and 0.3 differed by less than 14 %, all but one of 362 by less than 62 %, and log2 fold changes
near 1 by at most 0.08.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Collection
from pathlib import Path

import numpy as np
from pipeline.conftest import read_tsv

K = 31  # what Salmon's index tells sequences apart by; --kmer_size
READS, SHARE = 0.1, 0.001
NEAR_LOG2, NEAR_P = 0.1, 2  # by what is added to the log2 fold change, and by what alpha is multiplied
FEW_READS = 20  # mean of samples, of genes that one run may test and another not
CODES = np.zeros(256, dtype=np.uint64)
CODES[list(b"ACGT")] = range(4)


def beyond_bound(
    made: Path, native: Path, confounded: Collection[str], alpha: float = 0.05, fold_change: float = 2
) -> list[str]:
    """What differs by more between the results of two runs, a line each; empty when they agree."""
    counts = sorted(native.glob("expression/*/gene_counts.tsv"))
    contrasts = [path for path in sorted(native.glob("differential/*/*.tsv")) if "call" in columns(path)]
    told = [
        f"no {what} to compare"
        for what, tables in {"counts": counts, "calls": contrasts}.items()
        if not tables
    ]
    for table in counts:
        told += counts_apart(made / table.relative_to(native), table, confounded)
    for table in contrasts:
        ours = made / table.relative_to(native)
        told += calls_apart(ours, table, confounded, alpha, math.log2(fold_change))
    return told


def columns(table: Path) -> list[str]:
    with table.open(encoding="utf-8") as lines:
        return lines.readline().rstrip("\n").split("\t")


def by_gene(table: Path) -> dict[str, dict[str, str]]:
    return {row["gene_id"]: row for row in read_tsv(table)} if table.is_file() else {}


def counts_apart(made: Path, native: Path, confounded: Collection[str]) -> list[str]:
    ours, theirs = by_gene(made), by_gene(native)
    if ours.keys() != theirs.keys() or columns(made) != columns(native):
        return [f"{made}: other genes or samples than in {native}"]
    pairs = [
        (gene, sample, float(ours[gene][sample]), float(theirs[gene][sample]))
        for gene in theirs.keys() - set(confounded)
        for sample in columns(native)[2:]
    ]
    return [
        f"{native.name}: {gene}, {sample}: {a} and {b} reads"
        for gene, sample, a, b in sorted(pairs)
        if abs(a - b) > max(READS, SHARE * max(a, b))
    ]


def calls_apart(
    made: Path, native: Path, confounded: Collection[str], alpha: float, log2_fold: float
) -> list[str]:
    ours, theirs = by_gene(made), by_gene(native)
    if ours.keys() != theirs.keys():
        return [f"{made}: other genes than in {native}"]
    return [
        f"{native.name}: {gene}: {ours[gene]['call']} and {row['call']}"
        for gene, row in theirs.items()
        if ours[gene]["call"] != row["call"]
        and gene not in confounded
        and not near((ours[gene], row), alpha, log2_fold)
    ]


def near(rows: tuple[dict[str, str], ...], alpha: float, log2_fold: float) -> bool:
    """Whether a gene stands at a threshold in each run: of the p-value, the fold change, or the mean count.

    Which genes have too few reads to be tested the data choose; what is estimated of them must agree.
    """
    if any(row["log2_fold_change"] == "NA" for row in rows):
        return False
    folds = [float(row["log2_fold_change"]) for row in rows]
    if any(row["p_adjusted"] == "NA" for row in rows):
        few = max(float(row["base_mean"]) for row in rows) < FEW_READS
        return few and abs(folds[0] - folds[1]) <= NEAR_LOG2
    at_fold = [abs(abs(fold) - log2_fold) <= NEAR_LOG2 for fold in folds]
    at_alpha = [alpha / NEAR_P <= float(row["p_adjusted"]) <= alpha * NEAR_P for row in rows]
    return all(at_fold) or all(at_alpha)


def confounded_genes(fasta: Path, k: int = K) -> set[str]:
    """Genes with a k-mer, of either strand, that a transcript of another gene has too.

    The header of a transcript names its gene by `gene:`, as Ensembl's does; versions are left off.
    """
    with gzip.open(fasta, "rt") as lines:
        records = [record.split("\n", 1) for record in lines.read().split(">")[1:]]
    genes = [header.split("gene:")[1].split()[0].split(".")[0] for header, _ in records]
    names = sorted(set(genes))
    kmers = [canonical_kmers(bases.replace("\n", "").encode(), k) for _, bases in records]
    owners = [np.full(len(part), names.index(gene)) for gene, part in zip(genes, kmers, strict=True)]
    kmer, owner = np.concatenate(kmers), np.concatenate(owners)
    order = np.lexsort((owner, kmer))
    kmer, owner = kmer[order], owner[order]
    met = (kmer[1:] == kmer[:-1]) & (owner[1:] != owner[:-1])
    return {names[gene] for gene in {*owner[1:][met], *owner[:-1][met]}}


def canonical_kmers(bases: bytes, k: int) -> np.ndarray:
    """Two bits a base, so k ≤ 31; of a k-mer and its reverse complement the smaller. Other letters are A."""
    codes = CODES[np.frombuffer(bases, dtype=np.uint8)]
    return np.minimum(packed(codes, k), packed(3 - codes[::-1], k)[::-1])


def packed(codes: np.ndarray, k: int) -> np.ndarray:
    """The k-mers of (n,) codes as (n - k + 1,) numbers."""
    kmers = np.zeros(max(len(codes) - k + 1, 0), dtype=np.uint64)
    for at in range(k):
        kmers = kmers * np.uint64(4) + codes[at : at + len(kmers)]
    return kmers
