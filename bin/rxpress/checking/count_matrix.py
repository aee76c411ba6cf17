"""A count matrix as a user gives it (`--counts`), genes × samples, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.errors import InputError, Problem, Problems, did_you_mean
from rxpress.tables import GENE_COLUMNS, is_formula
from rxpress.user_tables import read_user_matrix

NAME_COLUMNS = (
    "gene_name",
    "gene_symbol",
    "gene symbol",
    "symbol",
    "genesymbol",
    "external_gene_name",
    "hgnc_symbol",
)
# What featureCounts writes between the gene and the samples.
FEATURE_COLUMNS = ("Chr", "Start", "End", "Strand", "Length")
# What aligners and sorting append to the name of a sample.
ALIGNED = re.compile(r"([._]?Aligned(\.sortedByCoord)?\.out|[._]sorted)?\.(bam|sam|cram)$", re.IGNORECASE)
# What htseq-count and STAR write among the genes: how many reads are of none.
OF_NO_GENE = re.compile(
    r"__(no_feature|ambiguous|too_low_aQual|not_aligned|alignment_not_unique)"
    r"|N_(unmapped|multimapping|noFeature|ambiguous)"
)
ENSEMBL_GENE = re.compile(r"^ENS[A-Z]*G\d{6,}(\.\d+)?$")
# What spreadsheets make of MARCH1, SEPT2, DEC1 (Ziemann et al. 2016, Genome Biology 17:177) and of clones.
MONTH = "jan|feb|mar|mrz|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
MADE_BY_SPREADSHEET = re.compile(
    rf"\d{{1,2}}[-. ]+({MONTH})\w{{0,7}}\.?|({MONTH})\w{{0,7}}[-. ]\d{{1,4}}"
    r"|\d{4}-\d\d-\d\d([ T][\d:.]+)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d(\.\d+)?E\+?\d+",
    re.IGNORECASE,
)
LARGEST_COUNT = 2**31 - 1  # what R's and edgeR's integers hold
LARGEST_LOGARITHM = 40
SHARE_OF_ESTIMATES = 0.1


@dataclass(frozen=True)
class CountMatrix:
    """Counts by line of the file (index) and column; `gene_names` is None when the matrix has no names.

    of_no_gene : ids of lines that were left out because they count reads of no gene.
    """

    file: str
    gene_ids: pd.Series
    gene_names: pd.Series | None
    counts: pd.DataFrame
    of_no_gene: tuple[str, ...] = ()

    @property
    def ensembl(self) -> bool:
        """Whether most genes are called by Ensembl ids."""
        return bool(self.gene_ids.str.match(ENSEMBL_GENE).mean() > 0.5)


def read_count_matrix(path: str | Path) -> CountMatrix:
    """Read counts, CSV or TSV: gene ids in the column `gene_id` or else the first one. InputError if none."""
    file = Path(path).name
    frame = read_user_matrix(path)
    if len(frame) == 0 or frame.shape[1] < 2:
        raise InputError(Problem("has no counts", "give genes in rows, samples in columns", file))
    ids, names, counts = split_matrix(_named_by_samples(frame))
    genes = ~ids.str.fullmatch(OF_NO_GENE)
    names = names if names is None else names[genes]
    return CountMatrix(file, ids[genes], names, counts[genes], tuple(ids[~genes]))


def _named_by_samples(frame: pd.DataFrame) -> pd.DataFrame:
    """featureCounts calls a column by its file, `bam/MM1S_1.sorted.bam`; as long as they differ, `MM1S_1`."""
    if not set(FEATURE_COLUMNS) <= set(frame.columns):
        return frame
    named = frame.set_axis([ALIGNED.sub("", name.rpartition("/")[2]) for name in frame.columns], axis=1)
    return named if named.columns.is_unique else frame


def split_matrix(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series | None, pd.DataFrame]:
    """A user's matrix as ids of its genes (empty where there is none), their names if it has any, samples."""
    id_column = "gene_id" if "gene_id" in frame else str(frame.columns[0])
    name_column = next(
        (name for name in frame.columns if name.lower() in NAME_COLUMNS and name != id_column), None
    )
    names = (
        None
        if name_column is None
        else frame[name_column].astype("string").fillna(frame[id_column]).astype(str)
    )
    left = {id_column, name_column, *FEATURE_COLUMNS, *GENE_COLUMNS}
    samples = frame[[name for name in frame.columns if name not in left]]
    return frame[id_column].astype(str).where(frame[id_column].notna(), ""), names, samples


def name_genes(matrix: CountMatrix, named: Mapping[str, str]) -> np.ndarray:
    """A name for each gene: the matrix's own, else from `named` (names by gene id), else its id.

    An id is looked up as it stands, then without its version. Returns (genes,) text.
    """
    if matrix.gene_names is not None:
        return matrix.gene_names.to_numpy(str)
    plain = {gene.split(".")[0]: name for gene, name in named.items()}
    return np.array([named.get(gene) or plain.get(gene.split(".")[0]) or gene for gene in matrix.gene_ids])


def check_count_columns(matrix: CountMatrix, lines: Mapping[str, int], file: str, problems: Problems) -> None:
    """Samples that should be in the matrix (by line of the sheet `file`) and the columns that are there."""
    columns = list(matrix.counts.columns)
    free = [column for column in columns if column not in lines]
    if len(lines) > 1 and not set(lines) & set(columns) and set(lines) <= set(matrix.gene_ids):
        problems.add("is transposed", "give genes in rows, samples in columns", matrix.file)
        return
    for sample, line in lines.items():
        if sample not in columns:
            fix = did_you_mean(sample, free) or f"its columns are {_some(columns)}"
            problems.add(f"sample '{sample}' is no column of {matrix.file}", fix, file, line, "sample")
    if free:
        problems.warn(f"columns that are no samples of {file} are left out: {_some(free)}", "", matrix.file)


def check_count_values(matrix: CountMatrix, samples: Sequence[str], problems: Problems) -> None:
    """Genes must be distinct, and the counts of `samples` whole numbers of at least 0."""
    if matrix.of_no_gene:
        what = f"lines that count reads of no gene are left out: {_some(matrix.of_no_gene)}"
        problems.warn(what, "", matrix.file)
    check_gene_ids(matrix.gene_ids, matrix.file, "sum or remove its lines", problems)
    columns = [name for name in samples if name in matrix.counts]
    values = matrix.counts[columns].apply(_numbers).to_numpy(float)
    for i, column in enumerate(columns):
        _add_first(matrix, column, ~np.isfinite(values[:, i]), "is not a number", problems)
        _add_first(matrix, column, values[:, i] < 0, "is negative", problems)
        huge = np.isfinite(values[:, i]) & (values[:, i] > LARGEST_COUNT)
        _add_first(matrix, column, huge, f"is above {LARGEST_COUNT:,}", problems)
    check_made_by_spreadsheet(matrix.gene_names, matrix.file, problems)
    _check_libraries(matrix.file, columns, values, problems)
    finite = np.isfinite(values).all(axis=0)
    whole = [name for name, good in zip(columns, finite, strict=True) if good]
    _check_whole(matrix, whole, values[:, finite], problems)


def _numbers(cells: pd.Series) -> pd.Series:
    """Cells as numbers, NaN where one is none: `TRUE` is none, although pandas counts with it."""
    if pd.api.types.is_bool_dtype(cells):
        return pd.Series(np.nan, index=cells.index)
    return pd.to_numeric(cells, errors="coerce")


def check_made_by_spreadsheet(names: pd.Series | None, file: str, problems: Problems) -> None:
    """Warn of names of genes (by line of the file) that a spreadsheet made dates or numbers of."""
    if names is None:
        return
    made = names[names.str.fullmatch(MADE_BY_SPREADSHEET)]
    if len(made):
        more = f" (and {len(made) - 1} more)" if len(made) > 1 else ""
        what = f"'{made.iloc[0]}'{more} is a name that a spreadsheet changed"
        fix = "restore it from the table before that"
        problems.warn(what, fix, file, int(made.index[0]), str(names.name))


def _check_libraries(file: str, columns: Sequence[str], values: np.ndarray, problems: Problems) -> None:
    """A sample without any count, and one with the counts of another, are told.

    values : (genes, samples), NaN where a cell is no number.
    """
    if len(values) and columns and not np.nan_to_num(values).any():
        problems.add("holds no count above 0", "give raw counts", file)
        return
    first: dict[bytes, str] = {}
    for name, own in zip(columns, values.T, strict=True):
        if not np.nan_to_num(own, nan=1).any():
            problems.add("sample has no count above 0", "leave this sample away", file, column=name)
        elif (other := first.setdefault(own.tobytes(), name)) != name:
            what = f"sample has the same counts as '{other}' for every gene"
            problems.warn(what, "look whether one library stands here twice", file, column=name)


def check_gene_ids(ids: pd.Series, file: str, fix: str, problems: Problems) -> None:
    """Every line has an id that no other line has; `fix` says what to do with a gene that stands twice."""
    for line in ids.index[ids == ""]:
        problems.add("a gene has no id", "fill or remove the line", file, int(line), "gene_id")
    for what, bad in (
        ("is a name that a spreadsheet changed", ids.str.fullmatch(MADE_BY_SPREADSHEET)),
        ("holds a tab, a quote or a line break", ids.str.contains(r'[\t"\r\n]')),
        ("would be a formula in a spreadsheet", ids.map(is_formula).astype(bool)),
    ):
        for line, gene in ids[bad].items():
            restore = "restore it from the table before that"
            problems.add(f"gene {gene!r} {what}", restore, file, int(str(line)), "gene_id")
    for gene, lines in ids[ids.duplicated(keep=False) & (ids != "")].groupby(ids):
        what = f"gene '{gene}' stands already in line {lines.index[0]}"
        problems.add(what, fix, file, int(lines.index[1]), "gene_id")


def _check_whole(matrix: CountMatrix, columns: Sequence[str], values: np.ndarray, problems: Problems) -> None:
    """Estimated counts (of Salmon, RSEM) are rounded; what is no count at all is refused."""
    broken = values != np.round(values)
    if not broken.any():
        return
    sums = values.sum(axis=0)
    if values.shape[1] > 1 and np.ptp(sums) < 1e-3 * sums.max():
        what = f"are normalised: every sample sums to {sums[0]:,.0f}"
        problems.add(f"the values {what}", "give counts, not TPM or CPM", matrix.file)
    elif values.max() <= LARGEST_LOGARITHM:
        problems.add("the values look like logarithms", "give counts", matrix.file)
    elif broken.sum() < SHARE_OF_ESTIMATES * np.count_nonzero(values):
        for i, column in enumerate(columns):
            _add_first(matrix, column, broken[:, i], "is not a whole number", problems)
    else:
        problems.warn("estimated counts are rounded for the tests", "", matrix.file)


def _add_first(matrix: CountMatrix, column: str, bad: np.ndarray, what: str, problems: Problems) -> None:
    add_first(matrix.counts[column], matrix.file, bad, what, "give raw counts", problems)


def add_first(cells: pd.Series, file: str, bad: np.ndarray, what: str, fix: str, problems: Problems) -> None:
    """A problem for the first bad cell of a column (by line of the file), saying how many there are."""
    if bad.any():
        line = cells.index[bad][0]
        shown = "an empty cell" if pd.isna(cells[line]) else f"'{cells[line]}'"
        more = f" (and {bad.sum() - 1} more)" if bad.sum() > 1 else ""
        problems.add(f"{shown} {what}{more}", fix, file, int(line), str(cells.name))


def _some(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
