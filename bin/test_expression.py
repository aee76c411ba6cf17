#!/usr/bin/env python3
"""Test the contrasts of one study on its counts: one fit by DESeq2 or limma, every contrast from it."""

import argparse
import os
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", required=True, type=Path, help="genes in rows, one column per sample")
    parser.add_argument("--lengths", type=Path, help="gene lengths by sample, of unscaled --counts")
    parser.add_argument("--length_correction", choices=["scaled", "offset", "none"], default="scaled")
    parser.add_argument("--control_genes", type=Path, help="ids or names of genes that size factors rest on")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of the study")
    parser.add_argument("--contrasts", required=True, type=Path, help="contrasts.json of the study")
    parser.add_argument("--test_method", choices=["auto", "deseq2", "limma"], default="auto")
    parser.add_argument("--fit", choices=["auto", "study", "cell_line"], default="auto")
    parser.add_argument("--inference", choices=["batched", "pydeseq2"], default="batched", help="who fits")
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--fold_change", type=float, default=2.0)
    parser.add_argument("--p_value", choices=["adjusted", "raw"], default="adjusted", help="what calls")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small products: its threads would only queue
    require(modules=["numpy", "pandas", "pydeseq2", "scipy"])
    from rxpress import tables
    from rxpress.design.study_design import StudyDesign
    from rxpress.differential.calls import CallRule
    from rxpress.differential.expression import analyze_study
    from rxpress.differential.study_counts import prepare_counts
    from rxpress.inference import choose_inference

    samples = tables.read_samples(args.samples)
    samples = samples[samples["kept"]]
    counts = tables.read_matrix(args.counts)
    lengths = tables.read_matrix(args.lengths) if args.lengths else None
    control = tables.read_text(args.control_genes).split() if args.control_genes else []
    counts = prepare_counts(counts, lengths, samples["sample"].tolist(), args.length_correction, control)
    design = StudyDesign.from_json(tables.read_json(args.contrasts))
    rule = CallRule(args.alpha, args.fold_change, args.p_value)
    inference = choose_inference(args.inference, args.threads, counts.length_correction)
    method = "limma" if args.test_method == "limma" else "deseq2"
    results = analyze_study(counts, samples, design, rule, inference, args.fit, method)
    tables.write_matrix(results.expression, args.outdir / "log2_expression.tsv")
    for name, table in results.tables.items():
        tables.write_table(table, args.outdir / name)
    tables.write_json({"counts": args.counts.name, **results.facts}, args.outdir / "fit.json")


if __name__ == "__main__":
    run_command(main)
