"""The workbook, read back by openpyxl: text stays text, numbers are those of the tables."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from staged_results import CALLS, GENES, stage_results

from rxpress.report import workbook
from rxpress.report.results import read_results
from rxpress.report.workbook import Sheet, name_sheets, write_workbook
from rxpress.tables import read_table, write_table

DRUG, INTERACTION = CALLS
SHORTENED = "interactio…sistant_vs_sensitive"
SHEET_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# What spreadsheet programs would take for a date, a number, a formula, a truth or a link.
TRAPS = ["SEPT1", "MARCH1", "1E5", "=1+1", "@x", "TRUE", "007", "https://x.org", "-2", "<b>&\x07"]


def plant(folder: Path) -> Path:
    stage_results(folder)
    path = folder / "differential" / "study" / f"{DRUG}.tsv"
    table = read_table(path, ("gene_id", "gene_name"))
    table["gene_name"] = [*TRAPS, *table["gene_name"][len(TRAPS) :]]
    table.to_csv(path, sep="\t", index=False, na_rep="NA")  # write_table writes no formula
    row = {"study": "study", "gene": "SEPT1", "verdict": "as expected", "p_adjusted_panel": 1e-7}
    write_table(pd.DataFrame([row]), folder / "interpretation" / "markers.tsv")
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return plant(tmp_path / "results")


def write_and_read(results: Path, name: str = "results.xlsx") -> Workbook:
    path = results.parent / name
    write_workbook(read_results(results), results, "a title", path)
    return load_workbook(path)


def test_each_part_of_the_results_has_a_sheet_that_about_names(results: Path) -> None:
    book = write_and_read(results)
    assert book.sheetnames == ["About", "Samples", "Contrasts", "Markers", DRUG, SHORTENED]
    about = {row[0]: row[1:] for row in book["About"].iter_rows(values_only=True) if row[0]}
    assert set(book.sheetnames[1:]) <= set(about)
    assert about[SHORTENED][1:] == (f"differential/study/{INTERACTION}.tsv", f"all {GENES}")
    assert about["QUANTIFY_READS"] == ("fastp", "0.23.2", None)
    assert book["Markers"]["B2"].value == "SEPT1"


def test_text_stays_text_whatever_it_looks_like(results: Path) -> None:
    sheet = write_and_read(results)[DRUG]
    cells = {row[0].value: row[1] for row in sheet.iter_rows(min_row=2)}
    for i, name in enumerate(TRAPS[:-1]):
        cell = cells[f"ENSG{i:03d}"]
        assert (cell.value, cell.data_type, cell.number_format, cell.hyperlink) == (name, "s", "@", None)


def test_characters_that_xml_or_excel_would_not_keep_are_escaped(tmp_path: Path) -> None:
    texts = {"<b>&\x07": "<b>&_x0007_", "_x0041_": "_x005F_x0041_", " blank\nline ": " blank\nline "}
    table = pd.DataFrame({"name": list(texts), "other": [None, "μ", 1.5]})
    with xlsxwriter.Workbook(tmp_path / "texts.xlsx", {"constant_memory": True}) as book:
        workbook._write_sheet(book, Sheet("Texts", table, "", ""))
    with zipfile.ZipFile(tmp_path / "texts.xlsx") as parts:
        tree = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    cells = {cell.get("r"): "".join(cell.itertext()) for cell in tree.iter(f"{SHEET_XML}c")}
    assert [cells[f"A{i}"] for i in (2, 3, 4)] == list(texts.values())
    assert ("B2" in cells, cells["B3"], cells["B4"]) == (False, "μ", "1.5")
    kept = {text.get("{http://www.w3.org/XML/1998/namespace}space") for text in tree.iter(f"{SHEET_XML}t")}
    assert "preserve" in kept


def test_numbers_are_those_of_the_table_by_p_value_and_missing_is_empty(results: Path) -> None:
    sheet = write_and_read(results)[DRUG]
    header, *rows = sheet.iter_rows(values_only=True)
    found = pd.DataFrame(rows, columns=header).set_index("gene_id")
    table = read_table(results / "differential" / "study" / f"{DRUG}.tsv", ("gene_id", "gene_name"))
    assert found.index.tolist() == table.sort_values("p_value", kind="stable")["gene_id"].tolist()
    expected = table.set_index("gene_id").loc[found.index]
    for name in ("base_mean", "log2_fold_change", "p_value", "p_adjusted"):
        np.testing.assert_allclose(found[name].astype(float), expected[name], rtol=5e-6)
    assert sheet.cell(GENES + 1, header.index("p_value") + 1).value is None
    assert sheet.cell(2, header.index("p_value") + 1).number_format == "0.00E+00"


def test_headers_are_frozen_and_have_filters(results: Path) -> None:
    book = write_and_read(results)
    assert book[DRUG].freeze_panes == "C2"
    assert book[DRUG].auto_filter.ref == f"A1:L{GENES + 1}"
    assert book["Contrasts"].freeze_panes == "A2"


def test_a_large_workbook_has_called_genes_and_the_first_and_says_so(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_CELLS", 100)
    monkeypatch.setattr(workbook, "FIRST_GENES", 3)
    book = write_and_read(results)
    up, down = CALLS[DRUG]
    assert book[DRUG].max_row == 1 + up + down
    assert book[SHORTENED].max_row == 1 + 3
    about = {row[0]: row[3] for row in book["About"].iter_rows(values_only=True)}
    assert about[DRUG] == f"called genes and the first 3, of {GENES}"


def test_the_same_results_give_the_same_bytes(results: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_and_read(results, name)
    one, two = ((results.parent / name).read_bytes() for name in ("one.xlsx", "two.xlsx"))
    assert one == two


def test_sheets_have_names_that_excel_takes() -> None:
    long = "abcdefghijklmnopqrstuvwxyz0123456789"
    asked = [long, long.upper(), "history", "x:y/z", "x_y_z", "'q'", "", "About", f"some_study_1 {long}"]
    empty = pd.DataFrame()
    names = [sheet.name for sheet in name_sheets([Sheet(name, empty, "", "") for name in asked])]
    assert names == [
        "abcdefghij…qrstuvwxyz0123456789",
        "ABCDEFGHI…RSTUVWXYZ0123456789 2",
        "history 2",
        "x_y_z",
        "x_y_z 2",
        "q",
        "sheet",
        "About 2",
        "some_study abcdef…xyz0123456789",
    ]
    assert max(map(len, names)) == 31


def test_studies_have_sheets_of_their_own_and_one_together(tmp_path: Path) -> None:
    folder = stage_results(tmp_path / "results", studies=("a", "b"))
    row = {"contrast": DRUG, "label": "l", "studies": 2}
    write_table(pd.DataFrame([row]), folder / "comparison" / "consistency.tsv")
    gene = {"gene_id": "ENSG003", "gene_name": "SEPT1", "p_value": 0.01}
    write_table(pd.DataFrame([gene]), folder / "comparison" / f"{DRUG}.tsv")
    book = write_and_read(folder)
    assert {f"a {DRUG}", f"b {DRUG}", "Across studies", f"All {DRUG}"} <= set(book.sheetnames)
    assert book[f"All {DRUG}"]["B2"].value == "SEPT1"


def test_results_without_anything_are_still_a_workbook(tmp_path: Path) -> None:
    book = write_and_read(tmp_path / "nothing")
    assert book.sheetnames == ["About", "Contrasts"]
