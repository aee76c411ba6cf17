#!/usr/bin/env python3
"""Check a drug pack: everything that is wrong with its files, or what it holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import require, run_command

SCHEMA = Path(__file__).resolve().parent.parent / "assets" / "schema" / "drug_pack.schema.json"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("drug_pack", type=Path, metavar="DIR", help="folder that holds drug.yml")
    parser.add_argument("--schema", type=Path, default=SCHEMA, help="assets/schema/drug_pack.schema.json")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    require(modules=["jsonschema", "numpy", "pandas", "yaml"])
    from rxpress.interpretation.drug_pack import read_drug_pack
    from rxpress.tables import read_json

    pack = read_drug_pack(args.drug_pack, read_json(args.schema))
    parts = (pack.markers, pack.signatures, pack.gene_sets, pack.steps)
    numbers = dict(zip(("markers", "signatures", "gene sets", "steps"), map(len, parts), strict=True))
    print(f"{pack.name}: " + ", ".join(f"{number} {what}" for what, number in numbers.items()))


if __name__ == "__main__":
    run_command(main)
