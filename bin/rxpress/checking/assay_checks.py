"""Viability and qPCR tables against the samplesheet, and where each sample's expression comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rxpress.arguments import listed
from rxpress.checking.inputs import Given, Inputs, attempt
from rxpress.dose_response.viability import check_viability
from rxpress.errors import Problems
from rxpress.qpcr.check_table import check_qpcr
from rxpress.samplesheet import Sample
from rxpress.tables import read_matrix_names

READS, QUANT, CEL, COUNTS, QPCR = "reads", "quant", "cel", "counts", "qpcr"
OF_COLUMN = {"fastq_1": READS, "fastq_2": READS, "quant": QUANT, "cel": CEL}


def find_sources(
    given: Given, samples: Sequence[Sample], reference_genes: str | None, problems: Problems
) -> dict[str, str]:
    """Where the expression of each sample comes from: its files, the count matrix, or qPCR alone.

    A sample without files takes its counts from the matrix, unless only the qPCR table has it. Everything
    that is wrong with that table is told.
    """
    names = [sample.name for sample in samples]
    in_matrix: Collection[str] = ()
    if "counts" in given.files:
        in_matrix = attempt(Problems(), read_matrix_names, given.files["counts"]) or ()  # check_counts tells
    in_qpcr: Collection[str] = ()
    if "qpcr" in given.files:
        references = listed(reference_genes)
        asked = (given.files["qpcr"], given.schemas.qpcr, names, references, problems)
        table = attempt(problems, check_qpcr, *asked)
        in_qpcr = table.samples if table else names
    return {sample.name: _source(sample, in_matrix, in_qpcr) for sample in samples}


def _source(sample: Sample, in_matrix: Collection[str], in_qpcr: Collection[str]) -> str:
    of_file = next((source for column, source in OF_COLUMN.items() if sample.paths(column)), None)
    alone = sample.name in in_qpcr and sample.name not in in_matrix
    return of_file or (QPCR if alone else COUNTS)


def check_dose_response(
    inputs: Inputs, given: Given, rows: Sequence[Mapping[str, str | None]], problems: Problems
) -> None:
    """Everything that is wrong with the viability table; rows : of samples.tsv."""
    if "viability" in inputs.files:
        samples = [{name: cell for name, cell in row.items() if cell is not None} for row in rows]
        asked = (inputs.files["viability"], given.schemas.viability, samples, problems)
        attempt(problems, check_viability, *asked, inputs.params["vehicle"])
