#!/usr/bin/env python3
"""Hash the files of a results folder again and say what differs from provenance/manifest.tsv."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rxpress.errors import FAILURE, run_command


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Exit status: 0 nothing differs, 1 something does, 2 it is no results folder.",
    )
    parser.add_argument("results", type=Path, help="the folder that --outdir named")
    parser.add_argument(
        "--inputs",
        nargs="+",
        default=[],
        type=Path,
        metavar="PATH",
        help="compare these files and folders, too",
    )
    args = parser.parse_args()

    from rxpress.provenance import files_below
    from rxpress.verification import read_manifest, verify_inputs, verify_outputs

    records = read_manifest(args.results)
    differences = verify_outputs(args.results, records)
    if args.inputs:
        given = [file for path in args.inputs for file in (files_below(path) if path.is_dir() else [path])]
        differences += verify_inputs(records, given)
    for difference in differences:
        print(difference)
    files = sum(record.kind == "output" for record in records)
    print(f"{files:,} files of the manifest, {len(differences):,} differences", file=sys.stderr)
    sys.exit(FAILURE if differences else 0)


if __name__ == "__main__":
    run_command(main)
