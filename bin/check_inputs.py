#!/usr/bin/env python3
"""Say everything that is wrong with the inputs of a run, or write what was understood of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rxpress.errors import Problems, require, run_command

ROOT = Path(__file__).resolve().parent.parent
STAGED = (
    *("transcripts", "annotation", "tx2gene", "genome", "index", "counts", "contrasts", "control_genes"),
    *("drug_pack", "signatures", "gene_sets", "pathway_weights"),
)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="samplesheet, CSV or TSV")
    parser.add_argument("--params", required=True, type=Path, help="parameters of the run, JSON")
    parser.add_argument("--outdir", required=True, type=Path)
    parser.add_argument("--peek", type=Path, help="what main.nf saw of the files; default: look at them")
    parser.add_argument("--schema", type=Path, default=ROOT / "nextflow_schema.json")
    parser.add_argument("--sheet_schema", type=Path, default=ROOT / "assets/schema/samplesheet.schema.json")
    parser.add_argument("--pack_schema", type=Path, default=ROOT / "assets/schema/drug_pack.schema.json")
    for role in STAGED:
        parser.add_argument(f"--{role}", type=Path, help="default: as in --params, if it is there")
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

    params = read_json(args.params)
    schemas = Schemas(*map(read_json, (args.schema, args.sheet_schema, args.pack_schema)))
    peeks = by_path(read_peeks(args.peek)) if args.peek else None
    staged = {role: getattr(args, role) for role in STAGED}
    given = gather(args.input, params, schemas, peeks, staged, args.tools.split())
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
