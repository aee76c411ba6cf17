#!/usr/bin/env python3
"""Trim the reads of one sample with fastp and quantify them with Salmon; always writes a status."""

import argparse
import signal
import sys
from pathlib import Path

from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--fastq_1", required=True, nargs="+", type=Path, help="reads, a file per lane")
    parser.add_argument("--fastq_2", default=[], nargs="+", type=Path, help="second mates, in the same order")
    parser.add_argument("--index", required=True, type=Path, help="Salmon index")
    parser.add_argument(
        "--strandedness", default="auto", choices=["auto", "forward", "reverse", "unstranded"]
    )
    parser.add_argument("--bootstraps", default=0, type=int, help="inferential replicates")
    parser.add_argument("--skip_trimming", action="store_true", help="let fastp report only")
    parser.add_argument("--extra_fastp_args", default="")
    parser.add_argument("--extra_salmon_args", default="")
    parser.add_argument("--threads", default=1, type=int)
    parser.add_argument("--outdir", default=Path(), type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["isal", "numpy"], programs=["fastp", "salmon"])
    from rxpress.fastp import SampleReads
    from rxpress.programs import tool_version
    from rxpress.salmon import QuantifyOptions, quantify_sample
    from rxpress.tables import write_json

    # A task that is told to stop still removes its trimmed reads.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    mates = (tuple(args.fastq_1), tuple(args.fastq_2)) if args.fastq_2 else (tuple(args.fastq_1),)
    options = QuantifyOptions(
        args.index,
        args.threads,
        args.bootstraps,
        args.skip_trimming,
        args.extra_fastp_args,
        args.extra_salmon_args,
    )
    status = quantify_sample(SampleReads(args.sample, mates, args.strandedness), options, args.outdir)
    tools = {program: tool_version(program) for program in ("fastp", "salmon")}
    write_json({**status.as_json(), "tools": tools}, args.outdir / "status" / f"{args.sample}.status.json")
    for text in filter(None, [status.reason, status.warning]):
        print(f"warning: {args.sample}: {text}", file=sys.stderr)


if __name__ == "__main__":
    run_command(main)
