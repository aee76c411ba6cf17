"""Which samples are fit to be tested: gates on reads, mapping rate, RNA integrity and purity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rxpress.cells import column, number, text


@dataclass(frozen=True)
class Gates:
    """Least values for a sample to be tested: fragments after trimming, percent mapped, RIN, purity (0-1)."""

    min_reads: float = 0
    min_mapped_percent: float = 0
    min_rin: float = 0
    min_purity: float = 0


def sheet_reasons(rin: float | None, purity: float | None, gates: Gates) -> list[str]:
    """Why what the sheet says of a sample keeps it out of the tests; a missing value passes."""
    reasons = []
    if rin is not None and rin < gates.min_rin:
        reasons.append(f"RIN {rin:g}, below --min_rin {gates.min_rin:g}")
    if purity is not None and purity < gates.min_purity:
        reasons.append(f"purity {purity:g}, below --min_purity {gates.min_purity:g}")
    return reasons


def read_reasons(status: Mapping[str, Any], gates: Gates) -> list[str]:
    """Why a sample's reads keep it out of the tests. status : what QUANTIFY_READS found (status.json)."""
    if not status["passed"]:
        return [status["reason"]]
    reasons = []
    reads, mapped = status["reads"], status["percent_mapped"]
    if reads < gates.min_reads:
        reasons.append(f"{reads:,} reads after trimming, fewer than --min_reads {gates.min_reads:.0f}")
    if mapped < gates.min_mapped_percent:
        reasons.append(
            f"{mapped:.5g} % of reads mapped, below --min_mapped_percent {gates.min_mapped_percent:g}"
        )
    return reasons


def apply_gates(
    samples: pd.DataFrame, statuses: Mapping[str, Mapping[str, Any]], gates: Gates
) -> pd.DataFrame:
    """Samples with columns `reads percent_mapped library_type kept reason`.

    statuses : status.json by sample; samples that came as quant folders or counts have none and pass. A
    sample of reads without a status, when others have one, is kept out: its reads were never quantified.
    """
    judged = []
    for sample, fastq, rin, purity in zip(
        column(samples, "sample", text),
        column(samples, "fastq_1", text),
        column(samples, "rin", number),
        column(samples, "purity", number),
        strict=True,
    ):
        status = statuses.get(sample or "")
        reasons = read_reasons(status, gates) if status else []
        if fastq and statuses and not status:
            reasons.append("its reads were not quantified")
        reasons += sheet_reasons(rin, purity, gates)
        found = status or {}
        judged.append(
            {
                "reads": found.get("reads"),
                "percent_mapped": found.get("percent_mapped"),
                "library_type": found.get("library_type") or None,
                "kept": not reasons,
                "reason": "; ".join(reasons) or None,
            }
        )
    added = pd.DataFrame(judged, index=samples.index).astype({"reads": "Int64"})
    return pd.concat([samples.drop(columns=added.columns, errors="ignore"), added], axis=1)
