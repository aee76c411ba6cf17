"""Viability and qPCR tables against the samplesheet, and where each sample's expression comes from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from rxpress.arguments import listed
from rxpress.arrays.expression_matrix import sample_names
from rxpress.checking.inputs import Given, Inputs, attempt
from rxpress.dose_response.viability import check_viability
from rxpress.errors import Problems
from rxpress.qpcr.check_table import check_qpcr
from rxpress.samplesheet import Sample
from rxpress.user_tables import read_matrix_names

READS, QUANT, BAM, CEL = "reads", "quant", "bam", "cel"
COUNTS, MATRIX, QPCR = "counts", "matrix", "qpcr"
ARRAYS = {CEL, MATRIX}
MATRICES: Mapping[str, tuple[str, Callable[[Path], Collection[str]]]] = {
    COUNTS: ("counts", read_matrix_names),
    MATRIX: ("expression_matrix", sample_names),
}
OF_COLUMN = {"fastq_1": READS, "fastq_2": READS, "quant": QUANT, "bam": BAM, "cel": CEL}


def find_sources(
    given: Given, samples: Sequence[Sample], reference_genes: str | None, problems: Problems
) -> dict[str, str]:
    """Where the expression of each sample comes from: its files, a matrix, or qPCR alone.

    A sample without files takes its values from the matrix that has it, unless only the qPCR table has it.
    Everything that is wrong with that table is told.
    """
    names = [sample.name for sample in samples]
    matrices: dict[str, Collection[str]] = {}
    for source, (role, columns_of) in MATRICES.items():
        if role in given.files:  # what is wrong with it, its own check tells
            matrices[source] = attempt(Problems(), columns_of, given.files[role]) or ()
    in_qpcr: Collection[str] = ()
    if "qpcr" in given.files:
        references = listed(reference_genes)
        asked = (given.files["qpcr"], given.schemas.qpcr, names, references, problems)
        table = attempt(problems, check_qpcr, *asked)
        in_qpcr = table.samples if table else names
    sheet = given.sheet.name if given.sheet else ""
    for sample in samples:
        if len(matrices) > 1 and all(sample.name in columns for columns in matrices.values()):
            what = f"sample '{sample.name}' is a column of --counts and of --expression_matrix"
            problems.add(what, "remove it from one of them", sheet, sample.line, "sample")
    return {sample.name: _source(sample, matrices, in_qpcr) for sample in samples}


def _source(sample: Sample, matrices: Mapping[str, Collection[str]], in_qpcr: Collection[str]) -> str:
    """A sample that is nowhere should be in the first matrix that there is."""
    of_file = [source for column, source in OF_COLUMN.items() if sample.paths(column)]
    of_matrix = [source for source, names in matrices.items() if sample.name in names]
    of_qpcr = [QPCR] if sample.name in in_qpcr else []
    return [*of_file, *of_matrix, *of_qpcr, *matrices, COUNTS][0]


def check_dose_response(
    inputs: Inputs, given: Given, rows: Sequence[Mapping[str, str | None]], problems: Problems
) -> None:
    """Everything that is wrong with the viability table; rows : of samples.tsv."""
    if "viability" in inputs.files:
        samples = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
        asked = (inputs.files["viability"], given.schemas.viability, samples, problems)
        attempt(problems, check_viability, *asked, inputs.params["vehicle"])
