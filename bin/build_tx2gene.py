#!/usr/bin/env python3
"""Write the gene of each transcript, from GTF, GFF3 or a ready table (told apart by content)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gtf", required=True, type=Path, metavar="FILE", help="annotation or table")
    parser.add_argument(
        "--transcripts",
        type=Path,
        help="FASTA, Salmon index or quant.sf: the table has transcripts as they are called there",
    )
    parser.add_argument("--out", required=True, type=Path, help="transcript_id, gene_id, gene_name")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["pysam"])
    from rxpress.annotation import describe_losses, gene_rows, map_transcripts, read_annotation
    from rxpress.sequences import transcript_names
    from rxpress.tables import write_records

    annotation = read_annotation(args.gtf)
    names = transcript_names(args.transcripts) if args.transcripts else annotation.transcripts
    mapping = map_transcripts(names, annotation)
    for loss in describe_losses(mapping):
        print(f"warning: {loss}", file=sys.stderr)
    write_records(("transcript_id", "gene_id", "gene_name"), gene_rows(mapping), args.out)


if __name__ == "__main__":
    run_command(main)
