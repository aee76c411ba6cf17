#!/usr/bin/env python3
"""Make what readers take along: gene_explorer.html with every gene, and results.xlsx, a workbook."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import require, run_command

PAGE = Path(__file__).resolve().parent.parent / "assets" / "gene_explorer"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, type=Path, help="results folder; any part may be absent")
    parser.add_argument("--schema", type=Path, help="nextflow_schema.json: defaults of parameters")
    parser.add_argument("--title", default="rxpress", help="heading of the page and the workbook")
    parser.add_argument(
        "--drug_pack", nargs="*", type=Path, default=[], help="its gene sets are told by gene"
    )
    parser.add_argument("--gene_sets", nargs="*", type=Path, default=[], metavar="GMT", help="so are these")
    parser.add_argument("--page", type=Path, default=PAGE, help="folder with the page's parts")
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas", "xlsxwriter"])
    from rxpress.report.explorer import write_explorer
    from rxpress.report.gene_notes import read_gene_sets
    from rxpress.report.results import read_results
    from rxpress.report.workbook import write_workbook

    results = read_results(args.results, args.schema)
    sets = read_gene_sets(args.drug_pack, args.gene_sets)
    args.outdir.mkdir(parents=True, exist_ok=True)
    write_explorer(results, args.results, sets, args.title, args.page, args.outdir / "gene_explorer.html")
    write_workbook(results, args.results, args.title, args.outdir / "results.xlsx")


if __name__ == "__main__":
    run_command(main)
