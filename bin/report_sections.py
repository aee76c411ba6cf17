#!/usr/bin/env python3
"""Make the own parts of the report: sections for MultiQC, and tables with all numbers shown."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, type=Path, help="results folder; any part may be absent")
    parser.add_argument(
        "--schema", type=Path, help="nextflow_schema.json, to tell which parameters were changed"
    )
    parser.add_argument("--outdir", required=True, type=Path, help="gets sections/ and tables/")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["matplotlib", "numpy", "pandas", "scipy", "yaml"])
    from rxpress.report.build import build_sections, write_sections
    from rxpress.report.results import read_results

    results = read_results(args.results, args.schema)
    write_sections(results, build_sections(results), args.outdir)


if __name__ == "__main__":
    run_command(main)
