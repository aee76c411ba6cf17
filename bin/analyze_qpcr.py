#!/usr/bin/env python3
"""Fold changes by qPCR for the contrasts of studies, and how far expression agrees with them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rxpress.arguments import listed
from rxpress.errors import require, run_command

ROOT = Path(__file__).resolve().parent.parent


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qpcr", required=True, type=Path, help="long table, or results of an instrument")
    parser.add_argument("--samples", required=True, nargs="+", type=Path, help="samples.tsv of all studies")
    parser.add_argument("--reference_genes", default=[], type=listed, help="default: the instrument's")
    parser.add_argument("--contrasts", default=[], nargs="*", type=Path, help="contrasts.json of studies")
    parser.add_argument("--vehicle", default="DMSO", help="of studies without contrasts.json")
    parser.add_argument("--differential", default=[], nargs="*", type=Path, help="folders of gene tables")
    parser.add_argument("--max_ct_sd", default=0.5, type=float, help="of technical replicates, to be flagged")
    parser.add_argument("--max_ct", default=40, type=float, help="a Ct above counts as undetermined")
    parser.add_argument("--alpha", default=0.05, type=float, help="for verdicts and warnings")
    parser.add_argument("--schema", type=Path, default=ROOT / "assets/schema/qpcr.schema.json")
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["jsonschema", "numpy", "pandas", "scipy"])
    import pandas as pd

    from rxpress.qpcr.analysis import QpcrRules
    from rxpress.qpcr.check_table import chosen_references, read_checked
    from rxpress.qpcr.run import analyze_run, find_designs, with_study_and_kept
    from rxpress.tables import read_json, read_samples, write_json, write_table

    samples = with_study_and_kept(pd.concat(map(read_samples, args.samples), ignore_index=True))
    table, warnings = read_checked(args.qpcr, read_json(args.schema), samples, args.reference_genes)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    designs = find_designs(samples, args.contrasts, args.differential, args.vehicle)
    rules = QpcrRules(args.max_ct_sd, args.max_ct, args.alpha)
    references = chosen_references(table, args.reference_genes)
    results = analyze_run(table, samples, designs, references, rules, args.differential)
    for name, rows in results.tables.items():
        write_table(rows, args.outdir / f"{name}.tsv")
    write_json(results.summary, args.outdir / "summary.json")


if __name__ == "__main__":
    run_command(main)
