#!/usr/bin/env python3
"""Compare studies, contrast by contrast: combined effects, heterogeneity, and how far they agree."""

import argparse
import os
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--differential",
        required=True,
        nargs="+",
        type=Path,
        metavar="DIR",
        help="folders of studies, each named by its study, as published under differential/",
    )
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    require(modules=["numpy", "pandas", "pyarrow", "scipy"])
    from rxpress import tables
    from rxpress.comparison.compare import JOIN_COLUMNS, compare_studies
    from rxpress.comparison.overview import CONSISTENCY_COLUMNS, unjoined_relatives
    from rxpress.comparison.studies import read_studies

    studies = read_studies(args.differential)
    overview, join = [], []
    for comparison in compare_studies(studies):
        if comparison.columns:
            tables.write_columns(comparison.columns, args.outdir / f"{comparison.id}.tsv")
        overview.append([comparison.overview.get(name) for name in CONSISTENCY_COLUMNS])
        join.extend(comparison.join)
    tables.write_records(CONSISTENCY_COLUMNS, overview, args.outdir / "consistency.tsv")
    if join:
        tables.write_records(JOIN_COLUMNS, join, args.outdir / "join.tsv")
    notes = unjoined_relatives(studies) if len(studies) > 1 else []
    tables.write_json({"notes": notes}, args.outdir / "summary.json")


if __name__ == "__main__":
    run_command(main)
