#!/usr/bin/env python3
"""How often do markers and steps of the mechanism get a direction in studies where nothing changes?

    python benchmarks/null_verdicts.py [--seeds 50]

Each seed is a study of two lines, drug and vehicle, three replicates, with negative binomial counts of the
genes of the bortezomib pack and 400 others, fitted from scratch. At most 5 % of the verdicts on what was
measured may be `as expected` or `opposite`, else the exit status is 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bin"), str(ROOT / "tests")]

from simulated_response import PACK, simulate  # noqa: E402

from rxpress.interpretation.interpret import Asked, interpret_study  # noqa: E402
from rxpress.interpretation.knowledge import Knowledge  # noqa: E402

BOUND = 0.05


def directed_share(verdicts: Counter[str]) -> float:
    """The share of `as expected` and `opposite` among verdicts on what was measured."""
    measured = sum(verdicts.values()) - verdicts["not measured"]
    return (verdicts["as expected"] + verdicts["opposite"]) / measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    seeds = parser.parse_args().seeds
    verdicts: dict[str, Counter[str]] = {"markers": Counter(), "mechanism": Counter()}
    for seed in range(seeds):
        found = interpret_study(simulate(seed), Knowledge(packs=(PACK,)), Asked(permutations=100))
        for name, counted in verdicts.items():
            counted.update(found.tables[name]["verdict"])
    shares = {name: directed_share(counted) for name, counted in verdicts.items()}
    for name, share in shares.items():
        print(f"{name}: {share:.2%} of verdicts have a direction; {dict(verdicts[name])}")
    sys.exit(any(share > BOUND for share in shares.values()))


if __name__ == "__main__":
    main()
