#!/usr/bin/env python3
"""Say how many branches of the toolkit the tests take, and which modules have few; 1 if they are too few."""

from __future__ import annotations

import json
import subprocess
import sys

ENOUGH = 90  # percent


def main() -> None:
    command = [sys.executable, "-m", "coverage", "json", "-q", "-o", "/dev/stdout"]
    measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for path, module in measured["files"].items():
        if share(module["summary"]) < ENOUGH:
            print(f"{path}: {told(module['summary'])}")
    print(f"all: {told(measured['totals'])}")
    sys.exit(share(measured["totals"]) < ENOUGH)


def share(summary: dict[str, int]) -> float:
    """Percent of branches that were taken; a module without branches has all."""
    return 100 * summary["covered_branches"] / summary["num_branches"] if summary["num_branches"] else 100


def told(summary: dict[str, int]) -> str:
    return f"{share(summary):.1f} % of {summary['num_branches']:,} branches"


if __name__ == "__main__":
    main()
