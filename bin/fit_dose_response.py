#!/usr/bin/env python3
"""Fit dose–response curves, estimate IC50 with intervals, and tell sensitive from resistant lines."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rxpress.errors import Problems, require, run_command

SCHEMA = Path(__file__).resolve().parent.parent / "assets" / "schema" / "viability.schema.json"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viability", required=True, type=Path, help="viability table, CSV or TSV")
    parser.add_argument("--schema", type=Path, default=SCHEMA, help="assets/schema/viability.schema.json")
    parser.add_argument("--samples", type=Path, help="samples.tsv: names of lines, and their responses")
    parser.add_argument("--vehicle", default="DMSO")
    parser.add_argument("--ic50_threshold", type=float, metavar="NM", help="nM; default: a gap between lines")
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["jsonschema", "numpy", "pandas", "scipy"])
    from rxpress.dose_response.arm import analyze_viability
    from rxpress.tables import read_json, read_records, write_json, write_table

    problems = Problems()
    samples = read_records(args.samples) if args.samples else []
    schema = read_json(args.schema)
    result = analyze_viability(args.viability, schema, samples, problems, args.vehicle, args.ic50_threshold)
    for warning in problems.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for name, table in result.tables.items():
        write_table(table, args.outdir / f"{name}.tsv")
    write_json(result.summary, args.outdir / "summary.json")


if __name__ == "__main__":
    run_command(main)
