#!/usr/bin/env python3
"""Write exons.gtf and splice_sites.tsv, the one annotation of the aligned route, from GTF or GFF3."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--annotation", required=True, type=Path, metavar="FILE", help="GTF or GFF3, plain or gzip"
    )
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pysam"])
    from rxpress.alignments.exons import write_exons

    write_exons(args.annotation, args.outdir)


if __name__ == "__main__":
    run_command(main)
