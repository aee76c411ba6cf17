"""results.xlsx: samples, contrasts, gene tables and what they mean, as sheets of one workbook.

Text is written as text, whatever it looks like: SEPT1 stays a gene and `=1+1` a name. Numbers have
SIGNIFICANT digits; the tables of the results folder hold them in full. The same results give the same bytes.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from rxpress.checking.peek import PATH_COLUMNS
from rxpress.report.calls import call_table
from rxpress.report.optional_files import read_or_empty
from rxpress.report.results import Results
from rxpress.tables import GENE_COLUMNS

SIGNIFICANT = 6
MOST_CELLS = 3_000_000  # in all gene tables together; beyond it a table is cut to what matters
FIRST_GENES = 1000
MOST_ROWS = 20_000  # of any other table
LONGEST_NAME, LONGEST_TEXT = 31, 32_000  # what Excel takes
LONGEST_FIRST = 10  # what is kept of a study's name where a sheet's name is too long
ESCAPED = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{4}_")
CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC).replace(tzinfo=None)
FOUND = (
    ("IC50", "dose_response/fits", "dose–response: a row per curve"),
    ("IC50 labels", "dose_response/labels", "lines sensitive or resistant by IC50, and why"),
    ("qPCR", "qpcr/fold_changes", "fold changes by qPCR, per contrast and target"),
    ("qPCR agreement", "qpcr/concordance_summary", "agreement of qPCR and expression, per contrast"),
    ("qPCR verdicts", "qpcr/concordance", "fold changes by qPCR beside those of expression"),
    ("qPCR references", "qpcr/references", "reference genes: stability, and whether a contrast moves them"),
    ("qPCR replicates", "qpcr/replicates", "technical replicates: mean and SD of Ct, and flags"),
    ("Markers", "interpretation/markers", "verdict on each marker of the drug pack, per contrast"),
    (
        "Mechanism",
        "interpretation/mechanism",
        "steps of the drug's mechanism, held against what this study measured",
    ),
    ("Pathways", "interpretation/pathways", "gene sets: enrichment and over-representation, per contrast"),
    (
        "Pathway activity",
        "interpretation/pathway_activity",
        "activity of signalling pathways, per sample and per contrast",
    ),
    ("Signatures", "interpretation/signatures", "score of each sample by each signature and method"),
    ("Signature tests", "interpretation/signature_tests", "differences of signature scores between groups"),
    (
        "Signature coverage",
        "interpretation/signature_coverage",
        "which genes of a signature were found, what it allows to say",
    ),
    ("Connectivity", "interpretation/connectivity", "likeness of a response to published responses"),
    ("Sensitivity", "interpretation/sensitivity", "genes against sensitivity as a number, over lines"),
)


@dataclass(frozen=True)
class Sheet:
    """A table, the file that holds it in full, what it is, and what was left out of it."""

    name: str
    table: pd.DataFrame
    source: str
    about: str
    left_out: str = ""


@dataclass(frozen=True)
class Cells:
    """A column: what each cell says, None where it is missing or infinite, and whether they are numbers."""

    texts: Sequence[str | None]
    numbers: bool


class TableSheet(Worksheet):
    """A sheet that takes whole columns: cell by cell xlsxwriter takes 4 s for a million."""

    def write_columns(self, columns: Sequence[Cells], styles: Sequence[Format]) -> None:
        """Write columns of equal length, of the styles given, below a header written cell by cell."""
        self._write_single_row()
        pieces = [self._pieces(j, cells, styles[j]._get_xf_index()) for j, cells in enumerate(columns)]
        for i, row in enumerate(zip(*pieces, strict=True), 2):
            self.fh.write(f'<row r="{i}">{"".join(row)}</row>')
        self._check_dimensions(len(columns[0].texts), len(columns) - 1)

    def _pieces(self, column: int, cells: Cells, style: int) -> list[str]:
        """The XML of each cell of a column; '' where it is empty."""
        letter, texts = xl_col_to_name(column), cells.texts
        opening, closing = f'" s="{style}"><v>', "</v></c>"
        if not cells.numbers:
            texts = [None if text is None else self._escape(text) for text in texts]
            opening = f'" s="{style}" t="inlineStr"><is><t xml:space="preserve">'
            closing = "</t></is></c>"
        return [
            "" if text is None else f'<c r="{letter}{i}{opening}{text}{closing}'
            for i, text in enumerate(texts, 2)
        ]

    def _escape(self, text: str) -> str:
        if not ESCAPED.search(text):
            return text
        return str(self._escape_data(self._escape_control_characters(text)))


def write_workbook(results: Results, folder: Path, title: str, path: Path) -> None:
    """Write the workbook. folder : where `results` were read."""
    sheets = name_sheets(
        [*_overview(results), *_arrays(results), *_found(folder), *_across(folder), *_genes(results)]
    )
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(path, options) as book:
            book.set_properties({"title": title, "created": CREATED})
            _write_about(book, sheets, results, title)
            for sheet in sheets:
                _write_sheet(book, sheet)
    except FileCreateError as error:
        raise error.args[0] from None  # what the disk said


def name_sheets(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets with names that Excel takes: short, of allowed characters, none twice in any capitals."""
    taken = {"about", "history"}
    named = []
    for sheet in sheets:
        clean = re.sub(r"[\[\]:*?/\\]", "_", sheet.name).strip("'") or "sheet"
        name, number = _shorten(clean, LONGEST_NAME), 1
        while name.casefold() in taken:
            number += 1
            name = _shorten(clean, LONGEST_NAME - len(f" {number}")) + f" {number}"
        taken.add(name.casefold())
        named.append(Sheet(name, sheet.table, sheet.source, sheet.about, sheet.left_out))
    return named


def _shorten(name: str, most: int) -> str:
    """A name of at most `most` characters: its last word loses its middle, for its ends tell it apart."""
    if len(name) <= most:
        return name
    first, blank, last = name.rpartition(" ")
    first = first[:LONGEST_FIRST] + blank
    room = most - len(first) - 1
    return f"{first}{last[: room // 3]}…{last[room // 3 - room :]}" if len(last) > room else first + last


def _overview(results: Results) -> Iterator[Sheet]:
    tables = [study.samples for study in results.studies if len(study.samples)]
    if tables:
        samples = pd.concat(tables, ignore_index=True)
        paths = [name for name in PATH_COLUMNS if name in samples]
        samples = samples.drop(columns=paths).dropna(axis="columns", how="all")
        yield Sheet("Samples", samples, "differential/<study>/samples.tsv", "the samples, kept and left out")
    if results.with_expression or not results.studies:
        calls = call_table(results)
        about = "what was asked, and how many genes were called"
        yield Sheet("Contrasts", calls, "report/tables/calls.tsv", about)


def _arrays(results: Results) -> Iterator[Sheet]:
    tables = {study.name: study.arrays.quality for study in results.studies if len(study.arrays.quality)}
    if tables:
        quality = pd.concat(tables, names=["study"]).reset_index("study").reset_index(drop=True)
        about = "arrays: measures of quality, which stand out and why"
        yield Sheet("Arrays", quality, "arrays/<study>/quality.tsv", about)


def _found(folder: Path) -> Iterator[Sheet]:
    for name, file, about in FOUND:
        source = f"{file}.tsv"
        table = read_or_empty(folder / source, ())
        if len(table):
            yield _shortened(Sheet(name, table, source, about))


def _across(folder: Path) -> Iterator[Sheet]:
    """Agreement of studies: a row per contrast, and the genes of each contrast that they share."""
    source = "comparison/consistency.tsv"
    consistency = read_or_empty(folder / source, ("contrast", "label"))
    if len(consistency):
        yield Sheet("Across studies", consistency, source, "agreement of studies, per contrast")
    for contrast in consistency["contrast"]:
        source = f"comparison/{contrast}.tsv"
        table = read_or_empty(folder / source, GENE_COLUMNS)
        if len(table):
            first = table.sort_values("p_value", kind="stable")
            about = f"genes over all studies, by p-value: {contrast}"
            yield _shortened(Sheet(f"All {contrast}", first, source, about), FIRST_GENES)


def _shortened(sheet: Sheet, most: int = MOST_ROWS) -> Sheet:
    if len(sheet.table) <= most:
        return sheet
    left_out = f"the first {most:,} of {len(sheet.table):,} rows"
    return Sheet(sheet.name, sheet.table.head(most), sheet.source, sheet.about, left_out)


def _genes(results: Results) -> Iterator[Sheet]:
    """A sheet per contrast; all genes, by p-value, unless that makes the workbook too large."""
    tests = [(study, contrast) for study in results.studies for contrast in study.tested]
    whole = sum(study.tests[contrast.id].size for study, contrast in tests) <= MOST_CELLS
    for study, contrast in tests:
        table = study.tests[contrast.id].sort_values("p_value", kind="stable")
        wanted = table["call"].isin(("up", "down")) | (np.arange(len(table)) < FIRST_GENES)
        left_out = "" if whole else f"called genes and the first {FIRST_GENES:,}, of {len(table):,}"
        prefix = f"{study.name} " if len(results.studies) > 1 else ""
        source = f"differential/{study.name}/{contrast.id}.tsv"
        about = f"genes, by p-value: {prefix}{contrast.label}"
        yield Sheet(prefix + contrast.id, table if whole else table[wanted], source, about, left_out)


def _write_about(book: Any, sheets: Sequence[Sheet], results: Results, title: str) -> None:
    """The first sheet: what the others are, how numbers are kept, versions."""
    bold, wrap, link = book.add_format({"bold": True}), book.add_format({"text_wrap": True}), _link(book)
    about = book.add_worksheet("About")
    about.set_column(0, 0, 34)
    about.set_column(1, 1, 70, wrap)
    about.set_column(2, 3, 48, wrap)
    about.write_string(0, 0, title, bold)
    texts = [
        "Results of rxpress. A called gene has "
        f"{results.rule} below {results.alpha:g} and changes at least {results.fold_change:g}-fold.",
        f"Numbers are rounded to {SIGNIFICANT} significant digits; the files named below hold them in full. "
        "Empty cells are missing values. docs/output.md explains the columns.",
    ]
    for row, text in enumerate(texts, 1):
        about.write_string(row, 0, text)
    head = len(texts) + 2
    for column, text in enumerate(("sheet", "what it is", "file", "rows")):
        about.write_string(head, column, text, bold)
    for row, sheet in enumerate(sheets, head + 1):
        target = sheet.name.replace("'", "''")
        about.write_url(row, 0, f"internal:'{target}'!A1", link, sheet.name)
        about.write_string(row, 1, sheet.about)
        about.write_string(row, 2, sheet.source)
        about.write_string(row, 3, sheet.left_out or f"all {len(sheet.table):,}")
    row = head + len(sheets) + 2
    for column, text in enumerate(("step", "tool", "version") if len(results.versions) else ()):
        about.write_string(row, column, text, bold)
    for cells in results.versions.astype(str).itertuples(index=False):
        row += 1
        for column, text in enumerate(cells):
            about.write_string(row, column, text)


def _link(book: Any) -> Any:
    return book.add_format({"font_color": "#004F80", "underline": 1})


def _write_sheet(book: Any, sheet: Sheet) -> None:
    """A table with its header frozen and filters; text as text, numbers as numbers, missing empty."""
    names = [str(name) for name in sheet.table]
    columns = [_cells(sheet.table[name]) for name in sheet.table]
    bold = book.add_format({"bold": True, "bottom": 1})
    styles = [
        book.add_format({"num_format": _number_format(*pair)}) for pair in zip(names, columns, strict=True)
    ]
    page = book.add_worksheet(sheet.name, TableSheet)
    page.freeze_panes(1, 2 if tuple(names[:2]) == GENE_COLUMNS else 0)
    for j, name in enumerate(names):
        page.set_column(j, j, _width(name, columns[j]))
        page.write_string(0, j, name, bold)
    if names:
        page.write_columns(columns, styles)
        page.autofilter(0, 0, max(1, len(sheet.table)), len(names) - 1)
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{len(sheet.table) + 1}"})


def _cells(column: pd.Series) -> Cells:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return Cells(significant(column.to_numpy(float)), True)
    texts = column.astype(object).where(column.notna(), None)
    return Cells([None if value is None else str(value)[:LONGEST_TEXT] for value in texts], False)


def significant(values: np.ndarray) -> list[str | None]:
    """Numbers (n,) with SIGNIFICANT digits; None for those that are missing or infinite."""
    return [f"{value:.{SIGNIFICANT}g}" if math.isfinite(value) else None for value in values.tolist()]


def _number_format(name: str, cells: Cells) -> str:
    """p-values as powers of ten, whole numbers without decimals, others with three; text as text."""
    if not cells.numbers:
        return "@"
    if re.search(r"(^|_)p_(value|adjusted)", name):
        return "0.00E+00"
    whole = all(float(text).is_integer() for text in cells.texts if text is not None)
    return "0" if whole else "0.000"


def _width(name: str, cells: Cells) -> int:
    """Wide enough for the header and the first texts, within limits."""
    texts = [] if cells.numbers else [len(text) for text in cells.texts[:200] if text is not None]
    return min(60, max(10, len(name) + 3, *(texts or [0])))
