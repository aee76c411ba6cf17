#!/usr/bin/env python3
"""Merge the counts of a study's samples into tables of genes."""

import argparse
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--counts", required=True, nargs="+", type=Path, help="tables of quantify_alignment.py"
    )
    parser.add_argument("--names", nargs="+", help="samples of the tables (default: names of the files)")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv: order of samples, metadata")
    parser.add_argument("--exons", required=True, type=Path, help="exons.gtf of build_exons.py")
    parser.add_argument("--outdir", default=Path(), type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas", "pyarrow", "h5py"])
    from rxpress.alignments.exons import read_exons
    from rxpress.alignments.merge import counts_by_sample, write_counted_expression
    from rxpress.tables import read_samples

    samples = read_samples(args.samples)
    files = counts_by_sample(args.counts, args.names or [path.stem for path in args.counts], samples)
    write_counted_expression(files, read_exons(args.exons), samples, args.outdir)


if __name__ == "__main__":
    run_command(main)
