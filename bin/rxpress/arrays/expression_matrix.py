"""Expression that a user gives as a matrix: a GEO series matrix file or a plain table; and its scale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.arrays.probe_annotation import SEPARATOR, ProbeAnnotation
from rxpress.arrays.series_matrix import SeriesMetadata, is_series_matrix, split_series_matrix
from rxpress.checking.count_matrix import ENSEMBL_GENE, split_matrix
from rxpress.errors import InputError, Problem
from rxpress.tables import GeneMatrix, read_text
from rxpress.user_tables import matrix_names, user_matrix

MISSING = ("null", "nan", "n/a", "---")
# A scanner counts to 65,535: the largest logarithms to the bases 10 and e, and one that no array reaches.
LARGEST_LOG10, LARGEST_LN, LARGEST_LOG2 = 4.9, 11.1, 25


@dataclass(frozen=True)
class ExpressionMatrix:
    """Expression by line of the file (index) and column, cells as they are.

    gene_ids : probesets or genes; gene_names : None when the matrix has none; metadata : of a series matrix.
    """

    file: str
    gene_ids: pd.Series
    gene_names: pd.Series | None
    cells: pd.DataFrame
    metadata: SeriesMetadata | None

    def find(self, samples: Iterable[str]) -> dict[str, str]:
        """The column of each sample that has one: of its name, else of its title in a series matrix."""
        names = self.metadata.names() if self.metadata else {}
        found = {sample: sample if sample in self.cells else names.get(sample, "") for sample in samples}
        return {sample: column for sample, column in found.items() if column in self.cells}

    def names(self) -> list[str]:
        """All that a sample may be called: columns, and titles of a series matrix."""
        return [*self.cells.columns, *(self.metadata.names() if self.metadata else ())]

    def numbers(self, column: str) -> np.ndarray:
        """(lines,) values of a column; NaN where a cell is missing, infinite where it is no number."""
        cells = self.cells[column]
        if pd.api.types.is_numeric_dtype(cells):
            return cells.to_numpy(float)
        missing = cells.isna() | cells.astype(str).str.strip().str.lower().isin(MISSING)
        values = pd.to_numeric(cells, errors="coerce").to_numpy(float)
        return np.where(missing, np.nan, np.where(np.isnan(values), np.inf, values))

    def annotation(self) -> ProbeAnnotation | None:
        """The names in the matrix as annotation of its ids; None if there are none, or ids are Ensembl's."""
        if self.gene_names is None or self.gene_ids.str.match(ENSEMBL_GENE).mean() > 0.5:
            return None
        symbols = {
            gene_id: tuple(dict.fromkeys(part.strip() for part in SEPARATOR.split(name) if part.strip(" -")))
            for gene_id, name in zip(self.gene_ids, self.gene_names, strict=True)
        }
        named = {gene_id: () if names == (gene_id,) else names for gene_id, names in symbols.items()}
        return ProbeAnnotation(self.file, "names in the matrix", named, {})


def read_expression_matrix(path: Path) -> ExpressionMatrix:
    """Read a series matrix or a table (CSV or TSV), plain or gzip. InputError when it has no values."""
    text, file = read_text(path, fallback="latin-1"), path.name
    metadata, above = None, 0
    if is_series_matrix(text):
        metadata, text, above = split_series_matrix(text, file)
    frame = user_matrix(text, file, above)
    if len(frame) == 0 or frame.shape[1] < 2:
        raise InputError(_no_values(file, metadata))
    return ExpressionMatrix(file, *split_matrix(frame), metadata)


def sample_names(path: Path) -> list[str]:
    """All that a sample may be called, from what stands above the values. InputError as when reading it."""
    text = read_text(path, fallback="latin-1")
    if not is_series_matrix(text):
        return matrix_names(text)
    metadata, table, _ = split_series_matrix(text, path.name)
    return [*matrix_names(table), *metadata.names()]


def _no_values(file: str, metadata: SeriesMetadata | None) -> Problem:
    if metadata is None:
        return Problem("has no values", "give probesets or genes in rows, samples in columns", file)
    series = " ".join(metadata.series.get("geo_accession", []))
    what = f"has no values: it only describes the {len(metadata.samples)} samples of series {series}"
    return Problem(what, "their values are in the series' supplementary files", file)


@dataclass(frozen=True)
class Log2Values:
    """values : (genes, samples) on log2 scale; transformation : what was done; notes : what is odd."""

    values: np.ndarray
    transformation: str
    notes: tuple[str, ...]


def log2_values(values: np.ndarray) -> Log2Values:
    """Values of arrays on log2 scale: as they are if they are logarithms already, else transformed.

    values : (genes, samples), finite. They are no logarithms when the 99 % quantile is above 100, or when
    they span more than 50 and the lower quartile is above 0: the rule of the scripts that GEO2R shows (NCBI).
    Where GEO2R would lose values of 0 and less, 1 is added to all and negative ones count as 0.
    """
    if not is_natural(values):
        return Log2Values(values, "none", tuple(_oddities(values)))
    negative, zero = int((values < 0).sum()), int((values == 0).sum())
    if not negative + zero:
        return Log2Values(np.log2(values), "log2(x)", ())
    what = f"{zero:,} values are 0 and {negative:,} negative"
    if negative:
        return Log2Values(np.log2(np.maximum(values, 0) + 1), "log2(max(x, 0) + 1)", (what,))
    return Log2Values(np.log2(values + 1), "log2(x + 1)", (what,))


def is_natural(values: np.ndarray) -> bool:
    """Whether finite values are intensities rather than logarithms of them, by the rule of GEO2R."""
    lowest, lower, high, highest = np.quantile(values, [0, 0.25, 0.99, 1])
    return bool(high > 100 or (highest - lowest > 50 and lower > 0))


def logged_among_natural(values: np.ndarray) -> np.ndarray:
    """(samples,) whether a sample looks logarithmic although the matrix as a whole does not."""
    return is_natural(values) & (values.max(axis=0) <= LARGEST_LOG2)


def _oddities(values: np.ndarray) -> Iterable[str]:
    """What speaks against values that are no intensities being their logarithms to the base 2."""
    lowest, lower, upper, highest = np.quantile(values, [0, 0.25, 0.75, 1])
    if highest > LARGEST_LOG2:
        yield f"the largest value is {highest:.1f}, too much for a log2 intensity"
    elif lower < 0:
        yield "a quarter of the values is negative: they are relative to something, not expression"
    elif 0 < lower < 1 < upper < 2:
        yield "the values may be ratios on a natural scale: half of them lie about 1"
    elif lowest >= 0 and highest <= LARGEST_LOG10:
        yield f"no value is above {highest:.1f}: they may be logarithms to the base 10, not 2"
    elif lowest >= 0 and highest <= LARGEST_LN:
        yield f"no value is above {highest:.1f}: they may be natural logarithms, not to the base 2"


def select_samples(matrix: ExpressionMatrix, samples: Iterable[str]) -> GeneMatrix:
    """Values of samples as given, NaN where one is missing. The matrix must have passed its checks."""
    columns = matrix.find(samples)
    values = np.column_stack([matrix.numbers(column) for column in columns.values()])
    names = matrix.gene_ids if matrix.gene_names is None else matrix.gene_names
    return GeneMatrix(matrix.gene_ids.to_numpy(str), names.to_numpy(str), list(columns), values)
