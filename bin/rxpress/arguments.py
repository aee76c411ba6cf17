"""What commands and parameters have in common; it imports nothing heavy, for commands that begin with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser


def listed(value: str | None) -> list[str]:
    """The items of a comma-separated parameter."""
    return [item.strip() for item in (value or "").split(",") if item.strip()]


def add_annotation_options(parser: ArgumentParser) -> None:
    """How probesets become genes, for the commands that make expression of arrays."""
    parser.add_argument(
        "--probe_annotation", type=Path, help="genes of probesets: a file, or a folder of them"
    )
    parser.add_argument("--probesets_per_gene", choices=["highest_mean", "apart"], default="highest_mean")
