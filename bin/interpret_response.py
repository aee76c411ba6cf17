#!/usr/bin/env python3
"""Say what the results of studies mean for a drug: markers, mechanism, signatures, pathways, sensitivity."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rxpress.errors import Problems, require, run_command

SCHEMA = Path(__file__).resolve().parent.parent / "assets" / "schema" / "drug_pack.schema.json"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    folders = {"type": Path, "nargs": "+", "metavar": "DIR"}
    files = {"type": Path, "nargs": "*", "default": [], "metavar": "FILE"}
    parser.add_argument(
        "--differential", required=True, **folders, help="a study's folder, named as the study"
    )
    parser.add_argument("--expression", **folders, default=[], help="likewise, with its log2_expression.tsv")
    parser.add_argument("--drug_pack", **folders, default=[], help="drug packs")
    parser.add_argument("--packs_given", action="store_true", help="the packs were asked for, not found")
    parser.add_argument("--drug", default="", help="name of the drug, if the samples call it otherwise")
    parser.add_argument("--signatures", type=Path, metavar="FILE", help="table of further signatures")
    parser.add_argument("--gene_sets", **files, help="GMT files of further gene sets")
    parser.add_argument("--pathway_weights", **files, help="tables of pathway, gene and weight")
    parser.add_argument("--permutations", type=int, default=1000, help="random gene sets at first")
    parser.add_argument("--seed", type=int, default=0, help="of random gene sets")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--schema", type=Path, default=SCHEMA, help="assets/schema/drug_pack.schema.json")
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    require(modules=["jsonschema", "numpy", "pandas", "pyarrow", "scipy", "yaml"])
    from rxpress import tables
    from rxpress.interpretation.evidence import read_evidence
    from rxpress.interpretation.interpret import Asked, interpret_response
    from rxpress.interpretation.knowledge import read_knowledge

    problems, schema = Problems(), tables.read_json(args.schema)
    given = args.drug_pack, args.signatures, args.gene_sets, args.pathway_weights
    knowledge = read_knowledge(*given, problems, schema)
    problems.stop_if_any()
    expression = {folder.name: folder for folder in args.expression}
    studies = [read_evidence(folder, expression.get(folder.name)) for folder in args.differential]
    asked = Asked(args.drug, args.packs_given, args.permutations, args.seed, args.threads)
    found = interpret_response(studies, knowledge, asked)
    for name, table in found.tables.items():
        tables.write_table(table, args.outdir / f"{name}.tsv")
    tables.write_json(found.summary, args.outdir / "summary.json")


if __name__ == "__main__":
    run_command(main)
