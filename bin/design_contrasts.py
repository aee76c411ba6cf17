#!/usr/bin/env python3
"""Decide which samples are tested and which contrasts they can answer, study by study."""

import argparse
from dataclasses import replace
from pathlib import Path

from rxpress.arguments import listed
from rxpress.errors import require, run_command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", required=True, type=Path, help="samples.tsv of check_inputs.py")
    parser.add_argument("--status", default=[], nargs="*", type=Path, help="status.json of samples")
    parser.add_argument("--contrasts", type=Path, help="YAML file of further contrasts")
    parser.add_argument("--labels", type=Path, help="labels.tsv: responses of lines by IC50")
    parser.add_argument("--drug", default=[], type=listed, help="default: every treatment but the vehicle")
    parser.add_argument("--vehicle", default="DMSO")
    parser.add_argument("--covariates", default=[], type=listed, help="columns to adjust for")
    parser.add_argument("--min_reads", default=0, type=float, help="fragments after trimming")
    parser.add_argument("--min_mapped_percent", default=0, type=float)
    parser.add_argument("--min_rin", default=0, type=float)
    parser.add_argument("--min_purity", default=0, type=float, help="as fraction")
    parser.add_argument("--strict", action="store_true", help="fail when a sample or a contrast is lost")
    parser.add_argument("--outdir", required=True, type=Path)
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["numpy", "pandas", "yaml"])
    from rxpress.contrasts import design_studies, refuse_losses
    from rxpress.design.conditions import final_samples
    from rxpress.design.gates import Gates, apply_gates
    from rxpress.design.responses import fill_responses
    from rxpress.tables import read_json, read_samples, read_table, write_json, write_table

    statuses = {status["sample"]: status for status in map(read_json, args.status)}
    gates = Gates(args.min_reads, args.min_mapped_percent, args.min_rin, args.min_purity)
    samples = apply_gates(read_samples(args.samples), statuses, gates)
    labels = read_table(args.labels, ("study", "cell_line", "treatment")) if args.labels else None
    samples, notes = fill_responses(samples, labels, args.vehicle)
    designs = design_studies(samples, args.vehicle, args.drug, args.covariates, args.contrasts)
    if args.strict:
        refuse_losses(samples, designs.values())
    samples = final_samples(samples, args.vehicle)
    for study, design in designs.items():
        write_table(samples[samples["study"] == study], args.outdir / study / "samples.tsv")
        design = replace(design, notes=(*notes.get(study, []), *design.notes))
        write_json(design.to_json(), args.outdir / study / "contrasts.json")
    excluded = samples.loc[samples["kept"] == "false", ["sample", "study", "reason"]]
    write_table(excluded, args.outdir / "excluded_samples.tsv")


if __name__ == "__main__":
    run_command(main)
