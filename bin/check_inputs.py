#!/usr/bin/env python3
"""Say everything that is wrong with the inputs of a run, or write what was understood of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rxpress.errors import InputError, Problem, Problems, require, run_command

ROOT = Path(__file__).resolve().parent.parent
STAGED = (
    *("transcripts", "annotation", "tx2gene", "genome", "index", "counts", "contrasts", "control_genes"),
    *("expression_matrix", "cdf", "probes", "probe_annotation"),
    *("viability", "qpcr", "drug_pack", "signatures", "gene_sets", "pathway_weights"),
)
TABLES = ("samplesheet", "viability", "qpcr", "drug_pack")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", default="", help="samplesheet, CSV or TSV; none with viability alone")
    parser.add_argument("--params", required=True, type=Path, help="parameters of the run, JSON")
    parser.add_argument("--outdir", required=True, type=Path)
    parser.add_argument("--peek", type=Path, help="what main.nf saw of the files; default: look at them")
    parser.add_argument("--schema", type=Path, default=ROOT / "nextflow_schema.json")
    parser.add_argument("--table_schemas", type=Path, default=ROOT / "assets/schema", help="their folder")
    for role in STAGED:
        parser.add_argument(f"--{role}", type=Path, help="default: as in --params, if it is there")
    parser.add_argument("--memory", type=int, help="bytes that a step may use, if that is known")
    parser.add_argument("--tools", default="", help="programs that must be on PATH")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["jsonschema", "numpy", "pandas", "pysam", "yaml"])
    from rxpress.checking.checks import check_everything
    from rxpress.checking.inputs import Schemas, gather
    from rxpress.checking.peek import by_path, read_peeks
    from rxpress.checking.run_plan import describe_run, input_records, study_rows
    from rxpress.tables import read_json, write_json, write_records

    if args.input and Path(args.input).resolve() == (args.outdir / "samples.tsv").resolve():
        raise InputError(Problem("would be written over", "give another --outdir", args.input))
    params = read_json(args.params)
    tables = (args.table_schemas / f"{name}.schema.json" for name in TABLES)
    schemas = Schemas(read_json(args.schema), *map(read_json, tables))
    peeks = by_path(read_peeks(args.peek)) if args.peek else None
    staged = {role: getattr(args, role) for role in STAGED}
    given = gather(args.input, params, schemas, peeks, staged, args.tools.split(), args.memory)
    problems = Problems()
    findings = check_everything(given, problems)
    for warning in dict.fromkeys(problems.warnings):
        print(f"warning: {warning}", file=sys.stderr)
    problems.stop_if_any()
    assert findings is not None, "without a samplesheet there are problems"
    write_records(findings.header, findings.rows, args.outdir / "samples.tsv")
    for study, rows in study_rows(findings).items():
        write_records(findings.header, rows, args.outdir / study / "samples.tsv")
    write_json(describe_run(findings, problems.warnings), args.outdir / "plan.json")
    write_records(("path", "size", "sha256", "role"), input_records(given), args.outdir / "inputs.tsv")


if __name__ == "__main__":
    run_command(main)
