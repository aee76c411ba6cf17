#!/usr/bin/env python3
"""Merge the Salmon folders of a study into tables of genes and transcripts, as R's tximport does."""

import argparse
import sys
from pathlib import Path

from rxpress.errors import Problem, require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quants", required=True, nargs="+", type=Path, help="Salmon's output folders, or quant.sf files"
    )
    parser.add_argument("--names", nargs="+", help="samples of the folders (default: names of the folders)")
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv: order of samples, metadata")
    parser.add_argument("--tx2gene", required=True, type=Path, help="table of transcript, gene, gene name")
    parser.add_argument("--transcript_tables", action="store_true", help="write transcripts as TSV too")
    parser.add_argument("--outdir", default=Path(), type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas", "pyarrow", "h5py"])
    from rxpress.expression_tables import write_expression
    from rxpress.gene_index import index_genes
    from rxpress.salmon_folder import salmon_folder
    from rxpress.study_quants import folders_by_sample, read_study
    from rxpress.tables import read_samples, write_records

    names = args.names or [salmon_folder(path).absolute().name for path in args.quants]
    samples = read_samples(args.samples)
    quants = read_study(folders_by_sample(args.quants, names, samples["sample"].tolist(), args.samples.name))
    index = index_genes(quants.transcript_ids, args.tx2gene)
    if index.unmapped:
        what = f"{index.unmapped:,} transcripts have no gene and are left out of the gene tables"
        print(f"warning: {Problem(what, file=args.tx2gene.name)}", file=sys.stderr)
    samples = samples[samples["sample"].isin(quants.samples)]
    write_expression(quants, index, samples, args.outdir, args.transcript_tables)
    write_records(["path", "size", "sha256", "role"], quants.inputs, args.outdir / "inputs.tsv")


if __name__ == "__main__":
    run_command(main)
