#!/usr/bin/env python3
"""Build the index of a genome for STAR or HISAT2, in a folder named after the aligner."""

import argparse
import signal
import sys
from pathlib import Path

from rxpress.errors import require, run_command

PROGRAMS = {"star": "STAR", "hisat2": "hisat2-build"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aligner", required=True, choices=PROGRAMS)
    parser.add_argument("--genome", required=True, type=Path, help="FASTA, plain or gzip")
    parser.add_argument("--exons", required=True, type=Path, help="exons.gtf of build_exons.py")
    parser.add_argument("--threads", default=1, type=int)
    parser.add_argument("--memory", type=int, help="bytes that may be used")
    parser.add_argument("--outdir", default=Path(), type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy"], programs=[PROGRAMS[args.aligner]])
    from rxpress.alignments.indexes import build_index

    # A task that is told to stop still removes its scratch files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    build_index(args.aligner, args.genome, args.exons, args.threads, args.memory, args.outdir)


if __name__ == "__main__":
    run_command(main)
