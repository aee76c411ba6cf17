"""CEL files, the description of their chip, and the genes of probesets, before anything rests on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rxpress.arrays.cdf import Cdf, find_cdf, read_cdf, read_probe_table, same_chip
from rxpress.arrays.cel import CelFacts, cel_facts
from rxpress.checking.assay_checks import ARRAYS, CEL, MATRIX, QPCR
from rxpress.checking.expression_checks import check_expression_matrix, check_probe_annotation
from rxpress.checking.inputs import Inputs, attempt
from rxpress.differential.methods import METHODS, choose_method
from rxpress.errors import Problems
from rxpress.samplesheet import Row, by_study

WHERE = "docs/usage.md says under 'CEL files' where to get the CDF file of a chip"
PLATFORMS = {"counts": "counts", "expression": "arrays"}


@dataclass(frozen=True)
class Scan:
    """A CEL file of the sheet, the study of its sample, and what its first bytes say."""

    row: Row
    study: str
    facts: CelFacts

    @property
    def chip(self) -> str:
        return _about(self.facts)


def check_arrays(inputs: Inputs, problems: Problems) -> None:
    """CEL files and the ready matrix, with all that belongs to them."""
    of_matrix = {s.name: s.line for s in inputs.samples if inputs.sources[s.name] == MATRIX}
    with_cel = any(source == CEL for source in inputs.sources.values())
    _check_options(inputs, with_cel, bool(of_matrix), problems)
    probesets = _check_chips(_scans(inputs, problems), inputs, problems) if with_cel else []
    rows: list[str] = []
    if of_matrix and "expression_matrix" in inputs.files:
        matrix = inputs.files["expression_matrix"]
        rows = check_expression_matrix(matrix, of_matrix, inputs.sheet.file, problems)
    if "probe_annotation" in inputs.files and (probesets or rows):
        # Beside CEL files it may be theirs alone, and the matrix one of genes.
        check_probe_annotation(inputs.files["probe_annotation"], probesets or rows, problems)


def _check_options(inputs: Inputs, cel: bool, matrix: bool, problems: Problems) -> None:
    """Files that arrays need are given, and files that are given serve something."""
    params = inputs.params
    if cel and not (params["cdf"] or params["probes"]):
        what = "is missing: it says which cells of a CEL file are probes of which probeset"
        problems.add(what, WHERE, "--cdf")
    if params["cdf"] and params["probes"]:
        problems.add("is given beside --cdf", "give one description of the chip", "--probes")
    if cel and not params["probe_annotation"]:
        what = (
            "is not given: probesets are tested as they are, and other studies know no genes by their names"
        )
        problems.warn(what, "", "--probe_annotation")
    for name, used in (("cdf", cel), ("probes", cel), ("probe_annotation", cel or matrix)):
        if params[name] and not used:
            problems.warn("is not used: no sample is an array", "", f"--{name}")
    if params["expression_matrix"] and not matrix:
        what = "no sample takes its values from it: all have data files"
        problems.add(what, "leave it away", "--expression_matrix")
    _check_method(inputs, problems)


def _check_method(inputs: Inputs, problems: Problems) -> None:
    """A test that does not fit a platform gives way to that platform's own, where another platform has it."""
    method, sources = inputs.params["test_method"], set(inputs.sources.values())
    kinds = {"expression": sources & ARRAYS, "counts": sources - ARRAYS - {QPCR}}
    there = [kind for kind, found in kinds.items() if found]
    misfit = [kind for kind in there if choose_method(method, kind)[1]]
    if not misfit:
        return
    what, others = f"{method} is no test of {PLATFORMS[misfit[0]]}", " or ".join(METHODS[misfit[0]])
    if misfit == there:
        problems.add(what, f"use {others}", "--test_method")
    else:
        problems.warn(f"{what}: these are tested as by auto", "", "--test_method")


def _scans(inputs: Inputs, problems: Problems) -> list[Scan]:
    """The CEL files that can be read, as far as their first bytes tell."""
    scans = []
    studies = by_study(inputs.samples, inputs.schema)
    rows = [(study, row) for study, samples in studies.items() for sample in samples for row in sample.rows]
    for study, row in rows:
        peek = inputs.peek("cel", row.cells["cel"]) if "cel" in row.cells else None
        if peek is None:
            continue
        fault = peek.fault("file")
        try:
            if not fault:
                scans.append(Scan(row, study, cel_facts(peek.head, peek.whole, peek.size)))
        except ValueError as error:
            fault = f"file '{peek.path}' {error}", "get the file again"
        if fault:
            problems.add(*fault, inputs.sheet.file, row.line, "cel")
    return scans


def _check_chips(scans: Sequence[Scan], inputs: Inputs, problems: Problems) -> list[str]:
    """Each study is of one chip, and what is given describes it. Returns the probesets."""
    first: dict[str, Scan] = {}
    for scan in scans:
        if scan.facts.chip is None or not scan.facts.rows:
            continue  # its first bytes do not say: NORMALIZE_ARRAYS sees the whole file
        other = first.setdefault(scan.study, scan)
        if not _alike(scan.facts, other.facts):
            what = f"is of the chip {scan.chip}, but line {other.row.line} of {other.chip}"
            problems.add(what, "make a study of each chip", inputs.sheet.file, scan.row.line, "cel")
    probesets: list[str] = []
    for chip in {scan.chip: scan for scan in first.values()}.values():
        description = attempt(problems, _description, inputs, chip.facts)
        if description is None:
            continue
        if not _alike(description, chip.facts):
            arrays = f"arrays of study '{chip.study}' are of {chip.chip}"
            problems.add(f"is of the chip {_about(description)}, but {arrays}", WHERE, description.path.name)
        elif inputs.params["array_method"] == "mas5" and not (description.mm >= 0).any():
            what = f"mas5 needs mismatch probes, and {description.path.name} has none"
            problems.add(what, "use rma", "--array_method")
        probesets += description.names
    return probesets


def _alike(one: Cdf | CelFacts, other: Cdf | CelFacts) -> bool:
    same_size = (one.rows, one.columns) == (other.rows, other.columns)
    return same_size and same_chip(str(one.chip), str(other.chip))


def _about(chip: Cdf | CelFacts) -> str:
    return f"'{chip.chip}' ({chip.columns} × {chip.rows} cells)"


def _description(inputs: Inputs, chip: CelFacts) -> Cdf | None:
    """The probes of a chip, from the file or the folder that is given; None without any."""
    cdf, probes = inputs.files.get("cdf"), inputs.files.get("probes")
    if probes:
        return read_probe_table(probes, str(chip.chip), int(chip.rows or 0), int(chip.columns or 0))
    return read_cdf(find_cdf(cdf, str(chip.chip))) if cdf else None
