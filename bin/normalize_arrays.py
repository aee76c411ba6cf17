#!/usr/bin/env python3
"""Normalise the CEL files of a study to log2 expression of probesets and genes, and assess its arrays."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.arguments import add_annotation_options
from rxpress.errors import InputError, Problem, require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cel", required=True, nargs="+", type=Path, help="CEL files, one per sample")
    parser.add_argument("--names", required=True, nargs="+", help="the sample of each CEL file")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of the study: their order")
    layout = parser.add_mutually_exclusive_group(required=True)
    layout.add_argument("--cdf", type=Path, help="CDF file of the chip, or a folder of CDF files")
    layout.add_argument("--probes", type=Path, help="instead: table of probes, x y probeset type (pm or mm)")
    parser.add_argument("--array_method", choices=["rma", "mas5"], default="rma")
    add_annotation_options(parser)
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas", "scipy"])
    from rxpress.arrays.genes import to_genes
    from rxpress.arrays.normalize import normalize_study
    from rxpress.arrays.outputs import write_study
    from rxpress.arrays.probe_annotation import read_probe_annotation
    from rxpress.tables import read_samples

    samples = read_samples(args.samples)["sample"].tolist()
    if len(args.cel) != len(args.names) or sorted(args.names) != sorted(samples):
        fix = "name each sample once, in the order of the files of --cel"
        raise InputError(Problem(f"are not the samples of {args.samples.name}", fix, "--names"))
    cels = dict(zip(args.names, args.cel, strict=True))
    study = normalize_study(
        [cels[name] for name in samples], samples, args.cdf, args.probes, args.array_method
    )
    ids = study.probesets.gene_ids.tolist()
    annotation = read_probe_annotation(args.probe_annotation, ids) if args.probe_annotation else None
    probesets, genes, counts = to_genes(study.probesets, annotation, args.probesets_per_gene)
    facts = study.facts | {"annotation": counts}
    write_study(args.outdir, probesets, genes, study.quality.tables, facts, study.calls)


if __name__ == "__main__":
    run_command(main)
