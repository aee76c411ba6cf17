"""What dose_response/, qpcr/ and arrays/ hold, as the report sees it; any of their tables may be absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.report.optional_files import read_filled, read_json_or_empty

# Text in every table that has the column; where it is missing it reads as ''.
TEXT = (
    *("study", "cell_line", "treatment", "ic50_text", "model", "model_reason", "flags", "response", "reason"),
    *("source", "plate", "replicate", "well_type", "excluded", "contrast", "target", "gene", "gene_id"),
    *("method", "test", "note", "sample", "flag", "outlying", "expression_study", "verdict", "warning"),
    *("file", "chip", "scan_date", "flagged", "reasons", "stage", "measure"),
)


@dataclass(frozen=True)
class Dose:
    """A data frame per file of dose_response/, empty where there is none; done : summary.json."""

    fits: pd.DataFrame
    curves: pd.DataFrame
    points: pd.DataFrame
    labels: pd.DataFrame
    done: Mapping[str, Any]


@dataclass(frozen=True)
class Qpcr:
    """A data frame per file of qpcr/, empty where there is none; done : summary.json.

    agreement : concordance_summary.tsv.
    """

    fold_changes: pd.DataFrame
    references: pd.DataFrame
    replicates: pd.DataFrame
    concordance: pd.DataFrame
    agreement: pd.DataFrame
    done: Mapping[str, Any]

    def study(self, name: str) -> Mapping[str, Any]:
        """What summary.json says of a study."""
        told: Mapping[str, Any] = self.done.get("studies", {}).get(name, {})
        return told


@dataclass(frozen=True)
class Arrays:
    """A data frame per file of arrays/<study>/, empty where there is none; facts : arrays.json.

    quality : a row per array; densities, distributions, ma : of its intensities, RLE and NUSE, MA plot.
    """

    quality: pd.DataFrame
    densities: pd.DataFrame
    distributions: pd.DataFrame
    ma: pd.DataFrame
    facts: Mapping[str, Any]

    @property
    def flagged(self) -> pd.DataFrame:
        """The rows of `quality` that stand out."""
        quality = self.quality
        return quality[quality["flagged"].astype(str).str.lower() == "true"] if len(quality) else quality

    def __bool__(self) -> bool:
        return bool(len(self.quality) or self.facts)


def read_arrays(folder: Path) -> Arrays:
    """Read what there is of arrays/<study>/."""
    tables = {name: _read(folder / f"{name}.tsv") for name in ("quality", "densities", "distributions", "ma")}
    return Arrays(**tables, facts=read_json_or_empty(folder / "arrays.json"))


def read_dose(folder: Path) -> Dose:
    """Read what there is of dose_response/."""
    tables = {name: _read(folder / f"{name}.tsv") for name in ("fits", "curves", "points", "labels")}
    return Dose(**tables, done=read_json_or_empty(folder / "summary.json"))


def read_qpcr(folder: Path) -> Qpcr:
    """Read what there is of qpcr/."""
    names = ("fold_changes", "references", "replicates", "concordance")
    return Qpcr(
        **{name: _read(folder / f"{name}.tsv") for name in names},
        agreement=_read(folder / "concordance_summary.tsv"),
        done=read_json_or_empty(folder / "summary.json"),
    )


def studies_of(arm: Dose | Qpcr) -> list[str]:
    """The studies that an arm speaks of."""
    return list(arm.done.get("studies", {}))


def arm_notes(arm: Dose | Qpcr, study: str) -> Iterator[str]:
    """Warnings on a study, then what was noted of it."""
    told = arm.done.get("studies", {}).get(study, {})
    yield from map(str, (*told.get("warnings", []), *told.get("notes", [])))


def _read(path: Path) -> pd.DataFrame:
    return read_filled(path, TEXT)
