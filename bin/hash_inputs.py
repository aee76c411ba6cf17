#!/usr/bin/env python3
"""Write path, size, SHA-256 and role of input files, for the manifest of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import run_command


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--role", required=True, help="what the files are to the run, e.g. genome")
    parser.add_argument("--out", required=True, type=Path, help="table to write")
    args = parser.parse_args()

    from rxpress.provenance import hash_file
    from rxpress.tables import write_records

    rows = [(path.name, path.stat().st_size, hash_file(path), args.role) for path in args.files]
    write_records(("path", "size", "sha256", "role"), rows, args.out)


if __name__ == "__main__":
    run_command(main)
