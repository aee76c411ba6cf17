#!/usr/bin/env python3
"""Trim the reads of one sample with fastp and align them to a genome; always tells what became of them."""

import argparse
import signal
import sys
from pathlib import Path

from rxpress.errors import require, run_command

PROGRAMS = {"star": "STAR", "hisat2": "hisat2"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--fastq_1", required=True, nargs="+", type=Path, help="reads, a file per lane")
    parser.add_argument("--fastq_2", default=[], nargs="+", type=Path, help="second mates, in the same order")
    parser.add_argument("--aligner", required=True, choices=PROGRAMS)
    parser.add_argument("--index", required=True, type=Path, help="folder of the aligner's index")
    parser.add_argument("--exons", required=True, type=Path, help="exons.gtf of build_exons.py")
    parser.add_argument("--splice_sites", required=True, type=Path, help="splice_sites.tsv of build_exons.py")
    parser.add_argument("--transcriptome", action="store_true", help="STAR: align to transcripts, too")
    parser.add_argument(
        "--strandedness", default="auto", choices=["auto", "forward", "reverse", "unstranded"]
    )
    parser.add_argument("--skip_trimming", action="store_true", help="let fastp report only")
    parser.add_argument("--extra_fastp_args", default="")
    parser.add_argument("--extra_aligner_args", default="")
    parser.add_argument("--threads", default=1, type=int)
    parser.add_argument("--memory", type=int, help="bytes that may be used")
    parser.add_argument("--outdir", default=Path(), type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["isal", "numpy", "pysam"], programs=["fastp", PROGRAMS[args.aligner], "samtools"])
    from rxpress.alignments.aligners import AlignOptions, align_sample, write_reads
    from rxpress.fastp import SampleReads

    # A task that is told to stop still removes its scratch files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    given = vars(args)
    options = AlignOptions(**{name: given[name] for name in AlignOptions.__dataclass_fields__})
    mates = (tuple(args.fastq_1), tuple(args.fastq_2)) if args.fastq_2 else (tuple(args.fastq_1),)
    found = align_sample(SampleReads(args.sample, mates, args.strandedness), options, args.outdir)
    write_reads(found, args.outdir)
    if found.reason:
        print(f"warning: {args.sample}: {found.reason}", file=sys.stderr)


if __name__ == "__main__":
    run_command(main)
