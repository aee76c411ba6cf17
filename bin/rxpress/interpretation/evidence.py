"""What a study has to say: its design, its gene tables and its expression, as later stages read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rxpress import tables
from rxpress.design.study_design import Contrast, StudyDesign


@dataclass(frozen=True)
class StudyEvidence:
    """One study after its tests.

    samples : its final sample table, kept samples only; tests : the gene table of each contrast that has one,
    by contrast id; log2 : log2 expression of the kept samples, None when there is none.
    """

    name: str
    design: StudyDesign
    samples: pd.DataFrame
    tests: Mapping[str, pd.DataFrame]
    log2: tables.GeneMatrix | None

    @property
    def tested(self) -> list[Contrast]:
        """Contrasts that have a gene table, in the order in which they were asked."""
        return [contrast for contrast in self.design.contrasts if contrast.id in self.tests]

    @property
    def treatments(self) -> set[str]:
        """What the kept samples were treated with, the vehicle included."""
        column = self.samples.get("treatment", pd.Series(dtype=object))
        return set(column.dropna().astype(str))


def read_evidence(differential: Path, expression: Path | None) -> StudyEvidence:
    """Read a study's folder under differential/, and the folder with its log2_expression.tsv."""
    design = StudyDesign.from_json(tables.read_json(differential / "contrasts.json"))
    samples = tables.read_samples(differential / "samples.tsv")
    files = {contrast.id: differential / f"{contrast.id}.tsv" for contrast in design.contrasts}
    tests = {id: tables.read_table(path, tables.GENE_COLUMNS) for id, path in files.items() if path.exists()}
    log2 = expression / "log2_expression.tsv" if expression else None
    matrix = tables.read_matrix(log2) if log2 and log2.exists() else None
    return StudyEvidence(differential.name, design, samples[samples["kept"]], tests, matrix)


def symbol_rows(gene_names: Sequence[str], level: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
    """One row per symbol: of rows that share a name the one of highest `level`, the first where these tie.

    level : (rows,) such as mean expression; rows of NaN level, or without a name, are left out. Returns the
    rows that are kept, increasing, and how many rows each repeated symbol has.
    """
    frame = pd.DataFrame({"name": gene_names, "level": level}).dropna()
    best = frame.sort_values("level", ascending=False, kind="stable").drop_duplicates("name")
    counts = frame["name"].value_counts(sort=False)
    return np.sort(best.index.to_numpy()), {str(name): int(n) for name, n in counts[counts > 1].items()}
