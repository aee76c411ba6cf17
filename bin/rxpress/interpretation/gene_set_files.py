"""A user's gene sets (GMT) and pathway weights (TSV); all that is wrong with a file is one InputError."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rxpress.cells import number
from rxpress.errors import InputError, Problem, Problems
from rxpress.tables import MISSING, read_rows
from rxpress.user_tables import read_gmt

ENDING = re.compile(r"(\.gmt|\.txt|\.tsv)?(\.gz)?$", re.IGNORECASE)
# What PROGENy, decoupler and OmniPath call these columns.
WEIGHT_COLUMNS = {
    "pathway": ("pathway", "source"),
    "gene": ("gene", "target"),
    "weight": ("weight", "mor"),
    "p_value": ("p_value", "p.value", "pvalue", "padj"),
}
BEST_GENES = 500


@dataclass(frozen=True)
class Collection:
    """Gene sets of one origin, a drug pack or a file; by set, where it is from and its genes."""

    name: str
    source_of: Mapping[str, str]
    sets: Mapping[str, Sequence[str]]


def read_collection(path: str | Path) -> Collection:
    """The gene sets of a GMT file, plain or gzip, such as MSigDB and Enrichr give.

    A line is name, description (which may be empty) and genes, with tabs. Lines that begin with `#` and empty
    cells are passed over, a gene that a set lists twice counts once, and of `GENE,1.0` the gene counts. A set
    needs a gene and a name of its own.
    """
    path, problems = Path(path), Problems()
    lines = [(line, cells) for line, cells in read_gmt(path) if not cells[0].startswith("#")]
    if path.name.lower().removesuffix(".gz").endswith(".gmx"):
        raise InputError(Problem("is GMX, with sets in columns", "give it as GMT, a set per line", path.name))
    if all(len(cells) == 1 for _, cells in lines):
        what = "has no gene sets" if not lines else "has no tabs"
        raise InputError(Problem(what, "a line is name, description and genes, with tabs", path.name))
    first: dict[str, int] = {}
    source_of, sets = {}, {}
    for line, (name, *more) in lines:
        genes = [gene.split(",")[0] for gene in more[1:] if gene]
        if not name:
            problems.add("the set has no name", "a line begins with it", path.name, line)
        elif not genes:
            fix = "a line is name, description and genes, with tabs"
            problems.add(f"'{name}' has no genes", fix, path.name, line)
        elif name in first:
            fix = "give each set a name of its own"
            problems.add(f"'{name}' stands in line {first[name]} already", fix, path.name, line)
        first.setdefault(name, line)
        source_of[name], sets[name] = more[0] if more else "", tuple(dict.fromkeys(genes))
    problems.stop_if_any()
    return Collection(ENDING.sub("", path.name), source_of, sets)


def read_pathway_weights(path: str | Path, best: int = BEST_GENES) -> dict[str, dict[str, float]]:
    """Weights by pathway and gene: a table with `pathway`, `gene`, `weight` and, if it is known, `p_value`.

    With p_value the `best` genes of smallest p of each pathway count, as in PROGENy, else all. The names that
    decoupler gives these columns (`source`, `target`) will do.
    """
    path, problems = Path(path), Problems()
    header, rows = read_rows(path)
    columns = _columns(header, path.name)
    first: dict[tuple[str, str], int] = {}
    found: dict[str, list[tuple[float, str, float]]] = {}
    for line, cells in rows:
        cell = {name: cells[i] if i < len(cells) else "" for name, i in columns.items()}
        key = cell["pathway"], cell["gene"]
        weight, p_value = number(cell["weight"]), number(cell.get("p_value", "0"))
        for column, value in zip(("pathway", "gene"), key, strict=True):
            if value in ("", MISSING):
                problems.add("is missing", "fill it in, or remove the row", path.name, line, column)
        if weight is None:
            what = f"'{cell['weight']}' is not a number"
            problems.add(what, "write it as 1.5 or -2e-3", path.name, line, "weight")
        elif key in first:
            what = f"{key[1]} of {key[0]} stands in line {first[key]} already"
            problems.add(what, "keep one of the two", path.name, line)
        else:
            found.setdefault(key[0], []).append((math.inf if p_value is None else p_value, key[1], weight))
        first.setdefault(key, line)
    if not rows:
        problems.add("has no weights", "give a row per pathway and gene", path.name)
    problems.stop_if_any()
    kept = best if "p_value" in columns else None
    return {name: {gene: weight for _, gene, weight in sorted(own)[:kept]} for name, own in found.items()}


def _columns(header: Sequence[str], file: str) -> dict[str, int]:
    """Where the columns of weights stand; InputError for those that are needed and not there."""
    plain = [name.lower() for name in header]
    columns = {
        name: plain.index(known)
        for name, ways in WEIGHT_COLUMNS.items()
        for known in reversed(ways)
        if known in plain
    }
    needed = [name for name in WEIGHT_COLUMNS if name not in columns and name != "p_value"]
    if needed:
        fix = (
            f"the columns are pathway, gene, weight and, if known, p_value; the file has {', '.join(header)}"
        )
        raise InputError(*(Problem("is missing", fix, file, 1, name) for name in needed))
    return columns
