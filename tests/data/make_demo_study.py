#!/usr/bin/env python3
"""Make the demo study: genome, annotation, transcripts, samplesheet, reads and the truth about them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from demo_study.output import make_study
from demo_study.study import FULL, SMALL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--outdir", type=Path, required=True, help="folder to write to; a finished study is kept"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--pairs", type=int, help="read pairs from genes per sample, on average (default: 30000, small 2000)"
    )
    parser.add_argument(
        "--small", action="store_true", help="2 lines x 2 replicates, 60 genes: for quick tests"
    )
    arguments = parser.parse_args()

    settings = replace(SMALL if arguments.small else FULL, seed=arguments.seed)
    if arguments.pairs is not None:
        settings = replace(settings, pairs=arguments.pairs)
    made = make_study(arguments.outdir, settings)
    print(f"{'made' if made else 'already there'}: {arguments.outdir / 'samplesheet.csv'}")


if __name__ == "__main__":
    main()
