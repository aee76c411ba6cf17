"""What can be known to be wrong with a qPCR table before anything is computed, told together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from rxpress.cells import listing
from rxpress.errors import Problem, Problems, did_you_mean, nearest
from rxpress.qpcr.ct_table import CtTable, Well, plain_name, read_ct_table, with_sheet_names
from rxpress.samplesheet import Schema

SAME_WORD = 1.0


def check_qpcr(
    path: str | Path,
    schema: Schema,
    samples: Collection[str],
    reference_genes: Sequence[str],
    problems: Problems,
) -> CtTable | None:
    """Read a qPCR table and add everything that is wrong with it; None when it cannot be read at all.

    samples : names of the samplesheet; reference_genes : as asked for; if none, those that the instrument
    was told of. InputError when the file is no table of text.
    """
    table = read_ct_table(path, schema, problems)
    if table is None:
        return None
    table = with_sheet_names(table, samples)
    _check_samples(table, samples, problems)
    for check in (_check_controls, _check_targets, _check_efficiencies, _check_replicates):
        check(table, problems)
    _check_references(table, samples, reference_genes, problems)
    return table


def chosen_references(table: CtTable, reference_genes: Sequence[str]) -> list[str]:
    """The reference genes asked for, or those that the instrument was told of."""
    return list(dict.fromkeys(reference_genes)) or table.endogenous_controls


def _check_samples(table: CtTable, samples: Collection[str], problems: Problems) -> None:
    """Samples must be of the sheet. A near miss is told as such; others on the plate are left out.

    A name like one of the sheet is taken for a slip if it is the same word but for case and marks, or if the
    sheet's sample has no well of its own.
    """
    first = table.samples
    found = [name for name in first if name in samples]
    free = [name for name in samples if name not in first]
    strange = sorted((name for name in first if name not in samples), key=lambda name: first[name])
    others = []
    for name in strange:
        if not found or nearest(name, samples, SAME_WORD) or nearest(name, free):
            same = nearest(name, samples, SAME_WORD)
            fix = f"did you mean '{same}'?" if same else did_you_mean(name, free)
            fix = fix or f"its samples are {listing(samples)}"
            problems.add(f"sample '{name}' is not in the samplesheet", fix, table.file, first[name], "sample")
        else:
            others.append(name)
    if others:
        what = f"samples that are not in the samplesheet are left out: {listing(others)}"
        problems.warn(what, "", table.file)


def _check_controls(table: CtTable, problems: Problems) -> None:
    """No-template controls with a Ct are told: something else than the samples was amplified."""
    for well in table.wells:
        if well.no_template and well.ct is not None and not well.omitted:
            what = f"the no-template control of '{well.target}' has Ct {well.ct:g}"
            problems.warn(what, "look for contamination or primer dimers", table.file, well.line, "ct")


def _check_targets(table: CtTable, problems: Problems) -> None:
    """Two spellings of one target are a slip."""
    first: dict[str, Well] = {}
    told = set()
    for well in table.of_samples:
        other = first.setdefault(plain_name(well.target) or well.target, well)
        if other.target != well.target and well.target not in told:
            told.add(well.target)
            what = f"target '{well.target}' is spelt '{other.target}' in line {other.line}"
            fix = f"did you mean '{other.target}'?"
            problems.add(what, fix, table.file, well.line, "target")


def _check_efficiencies(table: CtTable, problems: Problems) -> None:
    """A target has one efficiency."""
    first: dict[str, Well] = {}
    for well in table.of_samples:
        if well.efficiency is None:
            continue
        other = first.setdefault(well.target, well)
        if other.efficiency != well.efficiency:
            what = f"'{well.target}' has a factor of {well.efficiency:g} per cycle here"
            what += f" and {other.efficiency:g} in line {other.line}"
            problems.add(what, "give a target one efficiency", table.file, well.line, "efficiency")


def _check_replicates(table: CtTable, problems: Problems) -> None:
    """In a long table technical replicates of a sample and target that are numbered differ in number."""
    first: dict[tuple[str, ...], Well] = {}
    for well in table.of_samples:
        if well.replicate and not table.instrument:
            other = first.setdefault((well.sample, well.target, well.replicate, well.well), well)
            if other is not well:
                what = f"is replicate {well.replicate} of '{well.target}' in '{well.sample}'"
                what += f", as line {other.line}"
                fix = "number the wells apart, or remove the line"
                problems.add(what, fix, table.file, well.line, "replicate")


def _check_references(
    table: CtTable, samples: Collection[str], reference_genes: Sequence[str], problems: Problems
) -> None:
    """Reference genes must be targets, leave others to measure, and be measured in every sample."""
    targets, file = table.targets, table.file
    references = chosen_references(table, reference_genes)
    if not references:
        fix = f"name one or more of the targets {listing(targets)}, such as GAPDH,ACTB"
        problems.add("no reference gene is given", fix, "--reference_genes")
    for gene in references:
        if gene not in targets:
            fix = did_you_mean(gene, targets) or f"targets are {listing(targets)}"
            problems.add(f"'{gene}' is no target of {file}", fix, "--reference_genes")
    if targets and set(targets) <= set(references):
        what = "every target is a reference gene"
        problems.add(what, "measure at least one other gene", file)
    measured: dict[str, dict[str, int]] = {}
    for well in table.of_samples:
        if well.sample in samples and not well.omitted:
            measured.setdefault(well.sample, {}).setdefault(well.target, well.line)
    for gene in references:
        for sample, lines in measured.items():
            if gene in targets and gene not in lines:
                what = f"sample '{sample}' has no well of the reference gene '{gene}': it has no ΔCt"
                problems.warn(what, "", file, min(lines.values()), "target")


def read_checked(
    path: str | Path, schema: Schema, samples: pd.DataFrame, reference_genes: Sequence[str]
) -> tuple[CtTable, list[Problem]]:
    """A table without problems and its warnings; InputError with all that is wrong otherwise.

    samples : rows of samples.tsv.
    """
    problems = Problems()
    names = dict.fromkeys(samples["sample"].astype(str))
    table = check_qpcr(path, schema, names, reference_genes, problems)
    problems.stop_if_any()
    assert table is not None, "a table that cannot be read has problems"
    return table, list(dict.fromkeys(problems.warnings))
