#!/usr/bin/env python3
"""Test the contrasts of one study on its counts: one fit by the model of DESeq2, every contrast from it."""

import argparse
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", required=True, type=Path, help="genes in rows, one column per sample")
    parser.add_argument("--lengths", type=Path, help="gene lengths per sample, of unscaled --counts")
    parser.add_argument("--length_correction", choices=["scaled", "none"], default="scaled")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of the study")
    parser.add_argument("--contrasts", required=True, type=Path, help="contrasts.json of the study")
    parser.add_argument("--test_method", choices=["auto", "deseq2"], default="auto")
    parser.add_argument(
        "--inference", choices=["batched", "pydeseq2"], default="batched", help="who fits the genes"
    )
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--fold_change", type=float, default=2.0)
    parser.add_argument(
        "--p_value", choices=["adjusted", "raw"], default="adjusted", help="which p value calls"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas", "pydeseq2", "scipy"])
    from rxpress.contrasts import StudyDesign
    from rxpress.expression import CallRule, analyze_study, correct_lengths
    from rxpress.inference import choose_inference
    from rxpress.tables import read_json, read_matrix, read_samples, write_json, write_matrix, write_table

    counts = read_matrix(args.counts)
    if args.lengths and args.length_correction == "scaled":
        counts = correct_lengths(counts, read_matrix(args.lengths))
    design = StudyDesign.from_json(read_json(args.contrasts))
    rule = CallRule(args.alpha, args.fold_change, args.p_value)
    inference = choose_inference(args.inference, args.threads)
    results = analyze_study(counts, read_samples(args.samples), design, rule, inference)
    write_matrix(results.expression, args.outdir / "log2_expression.tsv")
    for name, table in results.tables.items():
        write_table(table, args.outdir / name)
    write_json(results.facts, args.outdir / "fit.json")


if __name__ == "__main__":
    run_command(main)
