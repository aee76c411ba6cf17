"""What can be wrong with an expression matrix and with the annotation of its probesets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rxpress.arrays.expression_matrix import (
    ExpressionMatrix,
    log2_values,
    logged_among_natural,
    read_expression_matrix,
)
from rxpress.arrays.probe_annotation import read_probe_annotation
from rxpress.cells import listing
from rxpress.checking.count_matrix import add_first, check_gene_ids, check_made_by_spreadsheet
from rxpress.checking.inputs import attempt
from rxpress.errors import InputError, Problems, did_you_mean

ENOUGH_LISTED = 0.5


def check_expression_matrix(
    path: Path, samples: Mapping[str, int], file: str, problems: Problems
) -> list[str]:
    """Everything that is wrong with the matrix of `samples` (by line of the sheet `file`). Its ids."""
    matrix = attempt(problems, read_expression_matrix, path)
    if matrix is None:
        return []
    check_samples(matrix, samples, file, problems)
    check_values(matrix, list(dict.fromkeys(matrix.find(samples).values())), problems)
    return list(matrix.gene_ids)


def check_samples(
    matrix: ExpressionMatrix, samples: Mapping[str, int | None], file: str, problems: Problems
) -> None:
    """Each of `samples` (by line of the sheet `file`) must be a column of the matrix, and none of another."""
    columns = matrix.find(samples)
    free = [name for name in matrix.names() if name not in {*columns, *columns.values()}]
    for sample, line in samples.items():
        if sample not in columns:
            titles = " or title" if matrix.metadata else ""
            fix = did_you_mean(sample, free) or f"its columns are {listing(map(str, matrix.cells), 6)}"
            problems.add(
                f"sample '{sample}' is no column{titles} of {matrix.file}", fix, file, line, "sample"
            )
    _check_one_each(columns, samples, file, problems)
    left = [str(column) for column in matrix.cells if column not in columns.values()]
    if left and columns:
        what = f"columns that are no samples of {file} are left out: {listing(left, 6)}"
        problems.warn(what, "", matrix.file)


def _check_one_each(
    columns: Mapping[str, str], lines: Mapping[str, int | None], file: str, problems: Problems
) -> None:
    """No two samples are the same column, one by its accession and one by its title."""
    first: dict[str, str] = {}
    for sample, column in columns.items():
        other = first.setdefault(column, sample)
        if other != sample:
            what = f"samples '{other}' and '{sample}' are the same column '{column}'"
            problems.add(what, "remove one of them", file, lines[sample], "sample")


def check_values(matrix: ExpressionMatrix, columns: Sequence[str], problems: Problems) -> None:
    """Ids must be distinct, cells numbers or missing, and all samples on one scale; an odd scale is told."""
    check_gene_ids(matrix.gene_ids, matrix.file, "remove all lines of it but one", problems)
    check_made_by_spreadsheet(matrix.gene_names, matrix.file, problems)
    values = np.column_stack([matrix.numbers(column) for column in columns] or [np.empty(0)])
    for i, column in enumerate(columns):
        bad, fix = np.isinf(values[:, i]), "give numbers; NA or nothing where one is missing"
        add_first(matrix.cells[column], matrix.file, bad, "is not a finite number", fix, problems)
        if np.isnan(values[:, i]).all():
            problems.add("has no value", "leave this sample away", matrix.file, column=column)
    whole = np.isfinite(values).all(axis=1)
    if not columns or np.isinf(values).any() or np.isnan(values).all(axis=0).any():
        return
    if not whole.any():
        fix = "leave away the samples that miss most"
        problems.add("no row has a value in every sample", fix, matrix.file)
        return
    if not whole.all():
        missing = int((~whole).sum())
        what = f"rows that miss a value in some sample are left out: {missing:,} of {len(whole):,}"
        problems.warn(what, "", matrix.file)
    _check_scale(matrix.file, columns, values[whole], problems)


def _check_scale(file: str, columns: Sequence[str], values: np.ndarray, problems: Problems) -> None:
    logged = logged_among_natural(values)
    if logged.any():
        names = listing([name for name, is_log in zip(columns, logged, strict=True) if is_log], 6)
        what = f"some samples are logarithms ({names}), others are not"
        problems.add(what, "give all on log2 scale", file)
        return
    scale = log2_values(values)
    if scale.transformation != "none":
        what = f"the values are no logarithms and will be transformed: {scale.transformation}"
        problems.warn(": ".join([what, *scale.notes]), "", file)
    for note in scale.notes if scale.transformation == "none" else ():
        problems.warn(note, "make sure that they are log2", file)


def check_probe_annotation(path: Path, ids: Sequence[str], problems: Problems) -> None:
    """The annotation must list some of the probesets `ids`, and should list most of them."""
    try:
        annotation = read_probe_annotation(path, ids)
    except InputError as error:
        problems.take(error)
        return
    if annotation.listed < ENOUGH_LISTED * len(set(ids)):
        what = f"lists {annotation.listed:,} of {len(set(ids)):,} probesets"
        problems.warn(what, "look whether it is of the arrays' platform", annotation.file)
