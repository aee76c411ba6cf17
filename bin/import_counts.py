#!/usr/bin/env python3
"""Bring a user's count matrix into the form of gene_counts.tsv: samples of one study, genes with names."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", required=True, type=Path, help="matrix of counts, genes in rows")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of the study: which columns")
    parser.add_argument("--tx2gene", type=Path, help="names of genes, for a matrix that has none")
    parser.add_argument("--out", required=True, type=Path, help="table to write")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas"])
    from rxpress.annotation import read_gene_table
    from rxpress.checking.count_matrix import name_genes, read_count_matrix
    from rxpress.tables import GeneMatrix, read_samples, write_matrix

    matrix = read_count_matrix(args.counts)
    samples = read_samples(args.samples)["sample"].tolist()
    named = dict(read_gene_table(args.tx2gene).genes.values()) if args.tx2gene else {}
    names, counts = name_genes(matrix, named), matrix.counts[samples].to_numpy(float)
    write_matrix(GeneMatrix(matrix.gene_ids.to_numpy(str), names, samples, counts), args.out)


if __name__ == "__main__":
    run_command(main)
