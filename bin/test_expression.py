#!/usr/bin/env python3
"""Test the contrasts of one study on its counts or log2 expression: one fit, every contrast from it."""

import argparse
import os
import sys
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    measured = parser.add_mutually_exclusive_group(required=True)
    measured.add_argument("--counts", type=Path, help="genes in rows, one column per sample")
    measured.add_argument("--expression", type=Path, help="the same of log2 expression, as arrays give it")
    parser.add_argument("--lengths", type=Path, help="gene lengths by sample, of unscaled --counts")
    parser.add_argument("--length_correction", choices=["scaled", "offset", "none"], default="scaled")
    parser.add_argument("--control_genes", type=Path, help="ids or names of genes that size factors rest on")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of the study")
    parser.add_argument("--contrasts", required=True, type=Path, help="contrasts.json of the study")
    methods = ["auto", "deseq2", "limma", "ttest", "anova"]
    parser.add_argument("--test_method", choices=methods, default="auto")
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
    from rxpress.differential.array_expression import analyze_expression
    from rxpress.differential.calls import CallRule
    from rxpress.differential.expression import analyze_study
    from rxpress.differential.methods import choose_method
    from rxpress.differential.study_counts import prepare_counts
    from rxpress.inference import choose_inference

    samples = tables.read_samples(args.samples)
    samples = samples[samples["kept"]]
    design = StudyDesign.from_json(tables.read_json(args.contrasts))
    rule = CallRule(args.alpha, args.fold_change, args.p_value)
    measured = "counts" if args.counts else "expression"
    matrix = tables.read_matrix(args.counts or args.expression)
    method, warnings = choose_method(args.test_method, measured)
    if args.expression:
        results = analyze_expression(matrix, samples, design, rule, method, args.fit)
    else:
        lengths = tables.read_matrix(args.lengths) if args.lengths else None
        control = tables.read_text(args.control_genes).split() if args.control_genes else []
        counts = prepare_counts(matrix, lengths, samples["sample"].tolist(), args.length_correction, control)
        inference = choose_inference(args.inference, args.threads, counts.length_correction)
        results = analyze_study(counts, samples, design, rule, inference, args.fit, method)
    tables.write_matrix(results.expression, args.outdir / "log2_expression.tsv")
    for name, table in results.tables.items():
        tables.write_table(table, args.outdir / name)
    file = (args.counts or args.expression).name
    facts = {measured: file, **results.facts, "warnings": warnings + results.facts["warnings"]}
    tables.write_json(facts, args.outdir / "fit.json")
    for text in warnings:
        print(f"warning: {text}", file=sys.stderr)


if __name__ == "__main__":
    run_command(main)
