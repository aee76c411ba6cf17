#!/usr/bin/env python3
"""Bring a user's expression matrix into the form that arrays have: log2, samples of one study, genes."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.arguments import add_annotation_options
from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expression_matrix", required=True, type=Path, help="GEO series matrix, or a table")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of the study: which columns")
    add_annotation_options(parser)
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas"])
    from rxpress.arrays.expression_matrix import read_expression_matrix
    from rxpress.arrays.import_matrix import import_matrix
    from rxpress.arrays.outputs import write_study
    from rxpress.arrays.quality import assess_arrays
    from rxpress.tables import read_samples

    matrix = read_expression_matrix(args.expression_matrix)
    samples = read_samples(args.samples)["sample"].tolist()
    study = import_matrix(matrix, samples, args.probe_annotation, args.probesets_per_gene)
    quality = assess_arrays(study.probesets, study.given, None, None)
    write_study(args.outdir, study.probesets, study.genes, quality.tables, study.facts)


if __name__ == "__main__":
    run_command(main)
