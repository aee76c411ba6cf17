"""What stages beside the tests found, as the report sees it; any of their tables may be absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.report.arms import Dose, Qpcr, read_dose, read_qpcr
from rxpress.report.optional_files import read_filled, read_json_or_empty

# Text in every table that has the column; where it is missing it reads as ''.
TEXT = (
    *("study", "drug", "contrast", "label", "scope", "comparison", "note", "remark", "verdict", "expected"),
    *("gene", "gene_id", "gene_name", "role", "reference", "matched_by", "step", "gene_set", "collection"),
    *("signature", "source", "kind", "method", "sample", "class", "missing", "withheld", "statement"),
    *("leading_edge", "level", "id", "pathway", "measure", "question", "setting", "studies", "doses_nM"),
    *("times_h", "consistent", "significant_in"),
)
INTERPRETATION = {
    "markers": "markers",
    "mechanism": "mechanism",
    "signatures": "signatures",
    "coverage": "signature_coverage",
    "score_tests": "signature_tests",
    "connectivity": "connectivity",
    "pathways": "pathways",
    "curves": "enrichment_curves",
    "activity": "pathway_activity",
    "sensitivity": "sensitivity",
}
OTHER_COMPARISONS = ("consistency", "join")


@dataclass(frozen=True)
class Findings:
    """What the response means, a data frame per file of interpretation/, empty where there is none.

    curves : enrichment_curves.tsv; coverage : signature_coverage.tsv; score_tests : signature_tests.tsv;
    done : summary.json; consistency : comparison/consistency.tsv, None where studies were not compared;
    together : {contrast id: meta-analysis of its genes}; dose, qpcr : what these arms found.
    """

    markers: pd.DataFrame
    mechanism: pd.DataFrame
    signatures: pd.DataFrame
    coverage: pd.DataFrame
    score_tests: pd.DataFrame
    connectivity: pd.DataFrame
    pathways: pd.DataFrame
    curves: pd.DataFrame
    activity: pd.DataFrame
    sensitivity: pd.DataFrame
    done: Mapping[str, Any]
    consistency: pd.DataFrame | None
    together: Mapping[str, pd.DataFrame]
    dose: Dose
    qpcr: Qpcr

    def notes(self, study: str) -> list[str]:
        """What was not done for a study, and why."""
        return [str(note) for note in self.done.get("studies", {}).get(study, {}).get("notes", [])]


def read_findings(results: Path) -> Findings:
    """Read what the folder of results holds of interpretation/, comparison/, dose_response/ and qpcr/."""
    interpretation, comparison = results / "interpretation", results / "comparison"
    files = {path.stem: path for path in sorted(comparison.glob("*.tsv"))}
    consistency = _read(files["consistency"]) if "consistency" in files else None
    in_order = [] if consistency is None else list(consistency.get("contrast", []))
    summary = interpretation / "summary.json"
    return Findings(
        **{name: _read(interpretation / f"{file}.tsv") for name, file in INTERPRETATION.items()},
        done=read_json_or_empty(summary),
        consistency=consistency,
        together={id: _read(files[id]) for id in _first(in_order, files) if id not in OTHER_COMPARISONS},
        dose=read_dose(results / "dose_response"),
        qpcr=read_qpcr(results / "qpcr"),
    )


def of_study(frame: pd.DataFrame, study: str) -> pd.DataFrame:
    """The rows of a study; none where the table is absent."""
    return frame[frame["study"] == study] if len(frame) else frame


def in_order(values: pd.Series) -> list[str]:
    """Distinct values in the order in which they come."""
    return [str(value) for value in values.drop_duplicates()]


def _first(order: Sequence[str], files: Mapping[str, Path]) -> list[str]:
    """The names of `files`, those of `order` first."""
    return [id for id in order if id in files] + [id for id in files if id not in order]


def _read(path: Path) -> pd.DataFrame:
    return read_filled(path, TEXT)
