"""Text and files that are made to do harm are refused, or stay the text and the bytes that they are."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import os
import re
import tracemalloc
import zlib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from input_files import SHEET, examine, fastq, told, write_quant, write_study
from openpyxl import load_workbook
from staged_findings import stage_findings
from staged_results import CALLS, stage_results

from faults.sound_studies import COUNTS, TREATED_SHEET, contrasts, counts
from rxpress import reads, sequences, tables
from rxpress.annotation import read_annotation
from rxpress.checking.count_matrix import split_matrix
from rxpress.errors import InputError
from rxpress.reads import examine_fastq, join_lanes
from rxpress.report.build import build_sections, write_sections
from rxpress.report.results import read_results
from rxpress.report.summary import QUICK_SCATTER
from rxpress.report.workbook import write_workbook
from rxpress.sequences import fasta_lengths, fasta_names
from rxpress.tables import (
    GeneMatrix,
    is_formula,
    read_matrix,
    read_table,
    read_text,
    read_yaml,
    read_yaml_lines,
    write_columns,
    write_json,
    write_matrix,
    write_records,
    write_table,
    write_yaml,
)
from rxpress.user_tables import user_matrix

SCRIPT = "<script>alert(1)</script>"
SHELL = ["$(touch pwned)", "`touch pwned`", "a;touch pwned", "a|touch pwned", "a&&touch pwned", "a>pwned"]
OUTSIDE = ["../up", "/etc/passwd", "..", ".hidden", "a/b", "a\\b"]
OPTIONS = ["-rf", "--help"]
NAMES = [*SHELL, *OUTSIDE, *OPTIONS, SCRIPT, "a\x00b", "a\x1b[2Jb", "a\u202eb", "=cmd", "a\nb"]
FORMULAS = ["=cmd|'/C calc'!A0", "+cmd|' /C calc'!A0", "-2+3+cmd|'/C calc'!A0", "@SUM(A1)", "=HYPERLINK(1)"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sheet_with(column: str, cell: str) -> str:
    """The sheet of a count matrix with a cell of its first line changed, quoted as CSV asks for."""
    quoted = '"' + cell.replace('"', '""') + '"'
    header, first, *rest = TREATED_SHEET.splitlines()
    if column not in header.split(","):
        header, first, rest = f"{header},{column}", f"{first},x", [f"{line},x" for line in rest]
    cells = first.split(",")
    cells[header.split(",").index(column)] = quoted
    return "\n".join([header, ",".join(cells), *rest]) + "\n"


# Text of the samplesheet


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["sample", "study"])
def test_names_that_become_files_are_letters_and_digits(folder: Path, column: str, name: str) -> None:
    problems, _ = told(folder, sheet_with(column, name), counts(folder))
    in_line = ("samples.csv:2:", "samples.csv:3:")  # a line break within the cell ends it in line 3
    assert any(p.startswith(in_line) and f"column '{column}'" in p for p in problems)
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("column", ["cell_line", "treatment", "replicate", "batch", "comment"])
@pytest.mark.parametrize("cell", [*FORMULAS, "a\x00b", "a\x1b[2Jb", "a\u202eb", "a\x7fb"])
def test_formulas_and_characters_that_cannot_be_seen_are_refused(
    folder: Path, column: str, cell: str
) -> None:
    problems, _ = told(folder, sheet_with(column, cell), counts(folder))
    assert any(
        p.startswith(f"samples.csv:2: column '{column}': ") and ("formula" in p or "cannot be seen" in p)
        for p in problems
    )


@pytest.mark.parametrize("cell", ["-1.5", "+3", "-2e-3", "-", "a=b", "x@y", "-.5"])
def test_numbers_with_a_sign_are_no_formulas(folder: Path, cell: str) -> None:
    assert not is_formula(cell)
    assert told(folder, sheet_with("comment", cell), counts(folder))[0] == []


@pytest.mark.parametrize("gene", FORMULAS)
def test_a_gene_that_is_a_formula_is_refused(folder: Path, gene: str) -> None:
    asked = counts(folder)
    (folder / "counts.tsv").write_text(COUNTS.replace("ATF3", gene))
    problems, _ = told(folder, TREATED_SHEET, asked)
    assert problems[0].startswith("counts.tsv:2: column 'gene_id': gene ")
    assert "would be a formula in a spreadsheet" in problems[0]


@pytest.mark.parametrize("formula", [*FORMULAS, "=1+1", "@x", "--x"])
def test_published_tables_and_the_workbook_hold_no_formula(folder: Path, formula: str) -> None:
    """Names of genes, which annotations give, labels of contrasts, and what is known of genes."""
    results = stage_results(folder / "results")
    stage_findings(results)
    for path in sorted(results.rglob("*.tsv")):
        table = read_table(path)
        for name in ("gene_name", "gene", "label", "gene_set", "batch", "reason", "role", "note", "step"):
            if name in table:
                table[name] = formula
        write_table(table, path)
    read = read_results(results)
    write_sections(read, build_sections(read), folder / "report")
    write_workbook(read, results, formula, folder / "results.xlsx")
    cells = [
        cell
        for path in [*results.rglob("*.tsv"), *(folder / "report").rglob("*.tsv")]
        for line in csv.reader(path.read_text().splitlines(), delimiter="\t")
        for cell in line
    ]
    assert f"'{formula}" in cells
    assert [cell for cell in cells if is_formula(cell)] == []
    book = load_workbook(folder / "results.xlsx")
    typed = {(cell.data_type, str(cell.value)) for sheet in book for row in sheet for cell in row}
    assert ("s", formula) in typed, "the title"
    assert "f" not in {kind for kind, _ in typed}


@pytest.mark.parametrize("formula", FORMULAS)
def test_names_of_genes_of_a_count_matrix_are_published_as_text(folder: Path, formula: str) -> None:
    matrix = user_matrix(f'gene_id\tgene_name\ts1\nG1\t"{formula}"\t5\nG2\tB\t7\n', "counts.tsv")
    ids, names, values = split_matrix(matrix)
    assert names is not None
    made = GeneMatrix(ids.to_numpy(str), names.to_numpy(str), ["s1"], values.to_numpy(float))
    write_matrix(made, folder / "gene_counts.tsv")
    found = read_matrix(folder / "gene_counts.tsv")
    assert list(found.gene_names) == [f"'{formula}", "B"]
    np.testing.assert_array_equal(found.values[:, 0], [5, 7])


# Names of files


@pytest.mark.parametrize("name", [*SHELL, *OPTIONS, SCRIPT.replace("/", ""), "a b.fq.gz", "a'b.fq", "ü.fq"])
def test_reads_go_to_tools_under_names_of_ours(folder: Path, name: str) -> None:
    """What fastp is given is a link whose name is the sample's; the file's own name meets no shell."""
    (folder / name).write_bytes(gzip.compress(fastq("r1")))
    found = examine_fastq(Path(name))
    joined = join_lanes([found], folder / "a1_1")
    assert found.fault == ""
    assert joined.name == "a1_1.fastq.gz"
    assert joined.read_bytes() == (folder / name).read_bytes()
    assert not (folder / "pwned").exists()


def test_a_path_with_a_separator_of_lanes_is_refused(folder: Path) -> None:
    params = write_study(folder)
    (folder / "a;b.fq.gz").write_bytes(gzip.compress(fastq("a1:1/1")))
    problems, _ = told(folder, SHEET.replace("a1_1.fq.gz", "a;b.fq.gz"), params)
    assert "samples.csv:2: column 'fastq_1': path 'a;b.fq.gz' holds a ';'" in problems[0]


def test_a_pipe_and_a_device_are_not_read(folder: Path) -> None:
    params = write_study(folder)
    os.mkfifo(folder / "pipe.fq")
    (folder / "endless.fq").symlink_to("/dev/zero")
    text = SHEET.replace("a1_1.fq.gz", "pipe.fq").replace("a2_1.fq.gz", "endless.fq")
    assert told(folder, text, params)[0] == [
        "samples.csv:2: column 'fastq_1': 'pipe.fq' is a device, not a file; give a file",
        "samples.csv:3: column 'fastq_1': 'endless.fq' is a device, not a file; give a file",
    ]


@pytest.mark.parametrize("name", ["gtf", "transcripts", "genome", "viability", "contrasts", "qpcr", "counts"])
def test_a_pipe_for_a_parameter_is_refused_and_not_waited_for(folder: Path, name: str) -> None:
    params = write_study(folder)
    os.mkfifo(folder / "pipe")
    problems, _ = told(folder, SHEET, {**params, name: "pipe"})
    assert f"--{name}: 'pipe' is a device, not a file; give a file" in problems


def test_a_pipe_for_the_sheet_or_within_a_salmon_folder_is_refused(folder: Path) -> None:
    params = write_study(folder)
    os.mkfifo(folder / "pipe")
    _, problems = examine(folder / "pipe", params)
    assert "--input: " in str(problems.found[0])
    assert "is a device, not a file" in str(problems.found[0])
    write_quant(folder / "a1")
    (folder / "a1" / "quant.sf").unlink()
    os.mkfifo(folder / "a1" / "quant.sf")
    said, _ = told(folder, "sample,quant\na1,a1\n", {"gtf": params["gtf"]})
    assert "folder 'a1' has no quant.sf or quant.sf.gz that can be read" in said[0]


def test_a_link_to_itself_is_a_file_that_is_not_there(folder: Path) -> None:
    params = write_study(folder)
    (folder / "loop.fq").symlink_to("loop.fq")
    assert "'loop.fq' does not exist" in told(folder, SHEET.replace("a1_1.fq.gz", "loop.fq"), params)[0][0]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_table(pd.DataFrame({"a": [1]}), path),
        lambda path: write_columns({"a": [1]}, path),
        lambda path: write_records(["a"], [["1"]], path),
        lambda path: write_json({"a": 1}, path),
        lambda path: write_yaml({"a": 1}, path),
        lambda path: tables.write_parquet({"a": [1]}, path),
    ],
)
def test_a_link_among_the_results_does_not_lead_writing_out_of_them(
    folder: Path, write: Callable[[Path], None]
) -> None:
    (folder / "precious").write_text("of the user")
    (folder / "results").mkdir()
    (folder / "results" / "table").symlink_to(folder / "precious")
    write(folder / "results" / "table")
    assert (folder / "precious").read_text() == "of the user"
    assert not (folder / "results" / "table").is_symlink()


# YAML


@pytest.mark.parametrize(
    "text",
    [
        "contrasts: !!python/object/apply:os.system [touch pwned]\n",
        "contrasts: !!python/name:os.system\n",
        "contrasts:\n  - !!python/object/new:os.system [touch pwned]\n",
        "contrasts: !include /etc/passwd\n",
    ],
)
def test_yaml_with_tags_makes_no_objects(folder: Path, text: str) -> None:
    asked = contrasts(folder)
    (folder / "contrasts.yml").write_text(text)
    problems, _ = told(folder, TREATED_SHEET, asked)
    assert re.match(r"contrasts\.yml:\d: is not valid YAML", problems[0])
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("read", [read_yaml, read_yaml_lines])
def test_yaml_that_grows_or_never_ends_is_refused(folder: Path, read: Callable[[Path], Any]) -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    for text, line in ((laughs, 2), ("a: &a [*a]\n", 1)):
        (folder / "c.yml").write_text(text)
        with pytest.raises(InputError, match=rf"c\.yml:{line}: '\*a0?' repeats another part"):
            read(folder / "c.yml")
    (folder / "c.yml").write_text("[" * 900)
    with pytest.raises(InputError, match=r"c\.yml.*(nested too deeply|not valid YAML)"):
        read(folder / "c.yml")


# Gzip that becomes more than memory holds


def bomb(megabytes: int) -> bytes:
    """Gzip of zeros: a thousandth of what it becomes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def test_a_bomb_for_a_table_is_refused_before_it_is_unpacked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "LARGEST_TABLE", 1 << 20)
    (folder / "counts.tsv").write_bytes(bomb(64))
    with pytest.raises(InputError, match=r"counts\.tsv: is gzip of [\d,]+ bytes that becomes more than"):
        read_text(folder / "counts.tsv")
    honest = ("G1\t1\t2\n" * 100_000).encode()
    (folder / "counts.tsv").write_bytes(gzip.compress(honest))
    monkeypatch.setattr(tables, "LIKELY_RATIO", 1000)
    assert read_text(folder / "counts.tsv").encode() == honest


def test_a_bomb_for_reads_is_refused_in_bounded_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "LONGEST_RECORD", 1 << 22)
    (folder / "a.fq.gz").write_bytes(bomb(64))
    assert examine_fastq(folder / "a.fq.gz").fault == "a.fq.gz: read 1: has no end"
    many = gzip.compress(fastq("r1") * 400_000)
    (folder / "a.fq.gz").write_bytes(many)
    assert examine_fastq(folder / "a.fq.gz").reads == 400_000


LINE = 'chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "G"; transcript_id "T"; gene_name "N";\n'


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("one.fa.gz", b">a\n" + b"A" * (1 << 24), fasta_lengths),
        ("many.fa.gz", b">a\nAC\n" * (1 << 21), fasta_names),
        ("long.fa.gz", b">" + b"a" * (1 << 24), fasta_names),
        ("long.gtf.gz", bytes(1 << 24), read_annotation),
        ("many.gtf.gz", LINE.encode() * (1 << 18), read_annotation),
        ("many.gff3.gz", LINE.replace('_id "', "=").encode() * (1 << 18), read_annotation),
    ],
)
def test_a_bomb_for_a_reference_is_refused_in_bounded_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: bytes, read: Callable[[Path], Any]
) -> None:
    """What it would become is never held: at most a few blocks of it, here a fourth of what is allowed."""
    monkeypatch.setattr(sequences, "LARGEST_TEXT", 1 << 22)
    monkeypatch.setattr(sequences, "LONGEST_LINE", 1 << 21)
    monkeypatch.setattr(sequences, "CHUNK_BYTES", 1 << 16)
    (folder / name).write_bytes(gzip.compress(text))
    tracemalloc.start()
    try:
        with pytest.raises(InputError) as told:
            read(folder / name)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    said = rf"^{re.escape(name)}: (is gzip of [\d,]+ bytes that becomes more than|has a line without end)"
    assert re.match(said, str(told.value))
    assert peak < len(text) / 2


def test_references_that_are_well_compressed_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a chromosome of N, and an annotation of nothing but exons, are no bombs."""
    monkeypatch.setattr(sequences, "LARGEST_TEXT", 0)
    bases = np.random.default_rng(1).choice(list("ACGT"), 1 << 20)
    chromosome = "".join(bases) + "N" * (1 << 20)
    (folder / "a.fa.gz").write_bytes(gzip.compress(f">chr1\n{chromosome}\n".encode()))
    assert fasta_lengths(folder / "a.fa.gz") == {"chr1": 1 << 21}
    lines = [LINE.replace("\t1\t9\t", f"\t{i}\t{i + 9}\t").replace('"T"', f'"T{i}"') for i in range(9000)]
    (folder / "a.gtf.gz").write_bytes(gzip.compress("".join(lines).encode()))
    assert len(read_annotation(folder / "a.gtf.gz").transcripts) == 9000


# The report


class Live(HTMLParser):
    """Collects what a browser would run: scripts, handlers of events, addresses that are scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "iframe", "object", "embed", "base", "form"}:
            self.found.append(tag)
        self.found += [name for name, value in attrs if name.startswith("on")]
        self.found += [str(value) for _, value in attrs if str(value).strip().startswith("javascript:")]


def live_parts(value: Any) -> list[str]:
    """What is live in any text of a section."""
    if isinstance(value, dict):
        return [part for item in (*value, *value.values()) for part in live_parts(item)]
    if isinstance(value, list):
        return [part for item in value for part in live_parts(item)]
    parser = Live()
    parser.feed(str(value).replace(QUICK_SCATTER.read_text(encoding="utf-8"), ""))
    return parser.found


@pytest.mark.parametrize("text", [SCRIPT, "<img src=x onerror=alert(1)>", "\"'><svg onload=alert(1)>"])
def test_sections_of_the_report_carry_no_script_of_a_gene_or_a_note(tmp_path: Path, text: str) -> None:
    results = stage_results(tmp_path / "results")
    for name in CALLS:
        path = results / "differential" / "study" / f"{name}.tsv"
        table = read_table(path, ("gene_id", "gene_name"))
        table["gene_name"] = text
        write_table(table, path)
    samples = results / "differential" / "study" / "samples.tsv"
    frame = read_table(samples)
    frame["batch"] = text
    frame["reason"] = [text, *frame["reason"].astype(object)[1:]]
    write_table(frame, samples)
    read = read_results(results)
    write_sections(read, build_sections(read), tmp_path / "report")
    sections = sorted((tmp_path / "report" / "sections").glob("*_mqc.*"))
    contents = [json.loads(path.read_text()) for path in sections if path.suffix == ".json"]
    assert contents
    assert [part for content in contents for part in live_parts(content)] == ["script"], "only the page's own"
    pictures = re.findall(r"base64,([A-Za-z0-9+/=]+)", json.dumps(contents))
    for picture in pictures:
        assert live_parts(base64.b64decode(picture).decode(errors="replace")) == []
