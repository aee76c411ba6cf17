#!/usr/bin/env python3
"""Examine one sample's alignments and quantify genes or transcripts by them; always writes a status."""

import argparse
import signal
import sys
from pathlib import Path

from rxpress.errors import require, run_command

PROGRAMS = {"salmon": "salmon", "htseq": "htseq-count", "featurecounts": "featureCounts"}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--bam", default=[], nargs="*", type=Path, help="alignments to the genome")
    parser.add_argument("--transcriptome_bam", type=Path, help="STAR's alignments to transcripts")
    parser.add_argument("--exons", required=True, type=Path, help="exons.gtf of build_exons.py")
    parser.add_argument("--transcripts", type=Path, help="FASTA of the transcripts of exons.gtf")
    parser.add_argument("--quantifier", required=True, choices=PROGRAMS)
    parser.add_argument(
        "--strandedness", default="auto", choices=["auto", "forward", "reverse", "unstranded"]
    )
    parser.add_argument("--reads", type=Path, help="reads.json of align_reads.py")
    parser.add_argument("--bootstraps", default=0, type=int, help="Salmon: inferential replicates")
    for program in PROGRAMS:
        parser.add_argument(f"--extra_{program}_args", default="")
    parser.add_argument("--threads", default=1, type=int)
    parser.add_argument("--outdir", default=Path(), type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pysam"], programs=[PROGRAMS[args.quantifier], "samtools"])
    from rxpress.alignments.quantify import AlignmentOptions, SampleAlignments, quantify_alignment
    from rxpress.tables import write_json

    # A task that is told to stop still removes its scratch files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    extra = vars(args)[f"extra_{args.quantifier}_args"]
    options = AlignmentOptions(
        args.quantifier, args.exons, args.transcripts, args.threads, args.bootstraps, extra
    )
    alignments = SampleAlignments(
        args.sample, tuple(args.bam), args.strandedness, args.transcriptome_bam, args.reads
    )
    status = quantify_alignment(alignments, options, args.outdir)
    write_json(status.as_json(), args.outdir / "status" / f"{args.sample}.status.json")
    for text in filter(None, [status.reason, status.warning]):
        print(f"warning: {args.sample}: {text}", file=sys.stderr)


if __name__ == "__main__":
    run_command(main)
