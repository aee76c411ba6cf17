#!/usr/bin/env python3
"""Write the provenance of a run: manifest, versions, parameters, how to run it again, and an RO-Crate."""

from __future__ import annotations

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from rxpress.errors import run_command


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--inputs",
        nargs="*",
        default=[],
        type=Path,
        metavar="FILE",
        help="tables `path size sha256 role` and status.json files of tasks that read inputs",
    )
    parser.add_argument("--staged", required=True, type=Path, help="outputs, in folders 1, 2, …")
    parser.add_argument(
        "--outputs-prefixes",
        required=True,
        type=Path,
        help="line i: where the content of folder i is published, e.g. expression/study1",
    )
    parser.add_argument("--versions", required=True, type=Path, help="table `process tool version`")
    parser.add_argument("--params", required=True, type=Path, help="params.json of the run")
    parser.add_argument("--launch", required=True, type=Path, help="what was launched and how, JSON")
    parser.add_argument("--main", required=True, type=Path, help="main.nf of the pipeline")
    parser.add_argument("--outdir", required=True, type=Path)
    args = parser.parse_args()

    from rxpress.crate import Launch, describe_run, rerun_script
    from rxpress.provenance import file_records, input_records, output_records, software_versions
    from rxpress.tables import read_json, read_records, read_text, write_json, write_records, write_yaml

    prefixes = [line.strip() for line in read_text(args.outputs_prefixes).splitlines() if line.strip()]
    outputs = output_records(args.staged, prefixes)
    records = input_records(args.inputs, outputs) + outputs
    rows = [(record.path, record.size, record.sha256, record.kind) for record in records]
    versions = software_versions(tuple(row.values()) for row in read_records(args.versions))
    parameters, launch = read_json(args.params), Launch(**read_json(args.launch))
    own = args.outdir / "provenance"
    write_records(("path", "size", "sha256", "kind"), rows, own / "manifest.tsv")
    write_yaml(versions, own / "versions.yml")
    write_json(parameters, own / "params.json")
    shutil.copyfile(args.main, own / "main.nf")
    (own / "rerun.sh").write_text(rerun_script(launch), encoding="utf-8")
    records += file_records(own, own.name)
    crate = describe_run(launch, records, parameters, versions, datetime.now(UTC).date().isoformat())
    write_json(crate, args.outdir / "ro-crate-metadata.json")


if __name__ == "__main__":
    run_command(main)
