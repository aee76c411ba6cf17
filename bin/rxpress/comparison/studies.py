"""Studies as a comparison reads them: designs and samples at once, gene tables one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rxpress import tables
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.errors import InputError, Problem


@dataclass(frozen=True)
class GeneTests:
    """What a study found in a contrast; all (genes,).

    ids, names : text, a name None where there is none; base_mean : mean expression; estimate, error : log2
    fold change and its standard error; p_value, p_adjusted. NaN where a gene could not be tested.
    """

    ids: np.ndarray
    names: np.ndarray
    base_mean: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    p_value: np.ndarray
    p_adjusted: np.ndarray


NUMBERS = {
    "base_mean": "base_mean",
    "estimate": "log2_fold_change",
    "error": "lfc_se",
    "p_value": "p_value",
    "p_adjusted": "p_adjusted",
}


@dataclass(frozen=True)
class Study:
    """A study's folder under differential/; samples : its final sample table, kept samples only."""

    name: str
    folder: Path
    design: StudyDesign
    samples: pd.DataFrame

    @property
    def contrasts(self) -> dict[str, Contrast]:
        return {contrast.id: contrast for contrast in self.design.contrasts}

    @property
    def tested(self) -> dict[str, Contrast]:
        """The contrasts that have a gene table, by id."""
        return {id: found for id, found in self.contrasts.items() if self._file(id).exists()}

    def gene_tests(self, id: str) -> GeneTests:
        """The gene table of a contrast."""
        path = self._file(id)
        table = tables.read_columns(
            path.read_bytes(), path.name, tables.GENE_COLUMNS, list(NUMBERS.values()), missing=["NA", ""]
        )
        ids, names = (table[name].to_numpy() for name in tables.GENE_COLUMNS)
        return GeneTests(ids, names, **{field: table[name].to_numpy() for field, name in NUMBERS.items()})

    def _file(self, id: str) -> Path:
        return self.folder / f"{id}.tsv"


def read_studies(folders: Sequence[Path]) -> list[Study]:
    """The studies of folders that are named by them, in their order; a name that stands twice: InputError."""
    repeated = [name for name, times in Counter(folder.name for folder in folders).items() if times > 1]
    if repeated:
        raise InputError(*(Problem(f"study '{name}' is given twice", "give it once") for name in repeated))
    return [_read_study(folder) for folder in folders]


def _read_study(folder: Path) -> Study:
    design = StudyDesign.from_json(tables.read_json(folder / "contrasts.json"))
    samples = tables.read_samples(folder / "samples.tsv")
    return Study(folder.name, folder, design, samples[samples["kept"]])
