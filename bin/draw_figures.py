#!/usr/bin/env python3
"""Draw the figures of a report for papers, each as SVG and PNG, into OUTDIR/figures."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, type=Path, help="results folder; any part may be absent")
    parser.add_argument("--schema", type=Path, help="nextflow_schema.json: defaults of parameters")
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["matplotlib", "numpy", "pandas", "scipy"])
    from rxpress.report.drawing import draw_figures
    from rxpress.report.results import read_results

    draw_figures(read_results(args.results, args.schema), args.outdir / "figures")


if __name__ == "__main__":
    run_command(main)
