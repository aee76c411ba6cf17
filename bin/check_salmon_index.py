#!/usr/bin/env python3
"""Look whether a Salmon index is whole: salmon ends well on a full disk."""

from __future__ import annotations

import argparse
from pathlib import Path

from rxpress.errors import InputError, ToolError, run_command


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path, help="folder of the index")
    parser.add_argument(
        "--built", action="store_true", help="salmon wrote it just now: what is wrong is no input"
    )
    args = parser.parse_args()

    from rxpress.salmon_index import check_salmon_index

    problems = check_salmon_index(args.index)
    if problems and args.built:
        listed = "; ".join(f"{Path(problem.file).name} {problem.what}" for problem in problems)
        raise ToolError(f"salmon ended well but left no whole index: {listed}; is the disk full?")
    if problems:
        raise InputError(*problems)


if __name__ == "__main__":
    run_command(main)
