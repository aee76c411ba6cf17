"""The genes of a drug pack in the gene tables of a study: by symbol, by Ensembl id, by old symbol.

A gene is looked up in four ways, and the first that finds something decides:

1. its symbol as it is written,
2. its Ensembl id, whatever the version on either side,
3. its symbol in other case (`MKI67`, `Mki67`),
4. its aliases in any case: the table holds an old symbol.

A way that finds one row is an answer. One that finds several, or a row of several genes (`A///B`), is none:
the gene is `ambiguous`, and the remark names what it could be. So is an alias that several genes of the pack
have in common, and a name in print that means one of several candidates.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rxpress.cells import listing

AMBIGUOUS, ABSENT = "ambiguous", "absent"
ENSEMBL_ID = re.compile(r"(ENS[A-Z]*G\d+)(\.\d+)?", re.IGNORECASE)
SEVERAL = "///"
# Genes of the pseudoautosomal regions stand twice in GENCODE, the copy on Y without reads.
COPY_ON_Y = "_PAR_Y"


@dataclass(frozen=True)
class PackGene:
    """A gene as a pack names it: current symbol (or id, or probe), old symbols, and what else it may be.

    candidates : genes that an ambiguous name in print may mean; not empty only where it cannot be resolved.
    """

    symbol: str
    aliases: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class GeneMatch:
    """Where a gene stands in a table.

    row : its position, None if there is no single one; matched_by : `symbol`, `gene id`, `symbol in other
    case`, `alias`, `ambiguous` or `absent`; remark : what a reader should know of it, or empty.
    """

    row: int | None
    matched_by: str
    remark: str = ""


def match_genes(
    genes: Sequence[PackGene], gene_ids: np.ndarray | Sequence[str], gene_names: np.ndarray | Sequence[str]
) -> list[GeneMatch]:
    """Where each gene stands among (rows,) `gene_ids` and `gene_names`, in the order of `genes`."""
    table = _index(gene_ids, gene_names)
    owners: dict[str, set[str]] = defaultdict(set)
    for gene in genes:
        for alias in gene.aliases:
            owners[_folded(alias)].add(gene.symbol)
    return [_find(gene, table, owners) for gene in genes]


@dataclass(frozen=True)
class _Table:
    """Rows by symbol, by symbol in lower case and by id without version; shown : how a row is named."""

    by_symbol: Mapping[str, list[int]]
    by_folded: Mapping[str, list[int]]
    by_id: Mapping[str, list[int]]
    shown: Sequence[str]
    shared: frozenset[int]


def _index(gene_ids: np.ndarray | Sequence[str], gene_names: np.ndarray | Sequence[str]) -> _Table:
    by_symbol, by_folded, by_id = (defaultdict[str, list[int]](list) for _ in range(3))
    ids, names = list(map(str, gene_ids)), list(map(str, gene_names))
    known = {plain_id(gene_id) for gene_id in ids if not gene_id.endswith(COPY_ON_Y)}
    shared = set()
    for row, (gene_id, name) in enumerate(zip(ids, names, strict=True)):
        if gene_id.endswith(COPY_ON_Y) and plain_id(gene_id.removesuffix(COPY_ON_Y)) in known:
            continue
        by_id[plain_id(gene_id)].append(row)
        symbols = dict.fromkeys(symbol.strip() for symbol in name.split(SEVERAL))
        if len(symbols) > 1:
            shared.add(row)
        for symbol in symbols:
            by_symbol[symbol].append(row)
            by_folded[_folded(symbol)].append(row)
    pairs = zip(ids, names, strict=True)
    shown = [f"{name} ({gene_id})" if name != gene_id else name for gene_id, name in pairs]
    return _Table(by_symbol, by_folded, by_id, shown, frozenset(shared))


def _find(gene: PackGene, table: _Table, owners: Mapping[str, set[str]]) -> GeneMatch:
    if gene.candidates:
        return GeneMatch(None, AMBIGUOUS, f"may mean {listing(gene.candidates)}: not guessed")
    ways = {
        "symbol": table.by_symbol.get(gene.symbol, []),
        "gene id": table.by_id.get(plain_id(gene.symbol), []),
        "symbol in other case": table.by_folded.get(_folded(gene.symbol), []),
    }
    for way, rows in ways.items():
        if rows:
            return _only(rows, way, "", table)
    return _find_alias(gene, table, owners)


def _find_alias(gene: PackGene, table: _Table, owners: Mapping[str, set[str]]) -> GeneMatch:
    found = {alias: table.by_folded.get(_folded(alias), []) for alias in gene.aliases}
    found = {alias: rows for alias, rows in found.items() if rows}
    for alias in found:
        others = owners[_folded(alias)] - {gene.symbol}
        if others:
            both = listing(sorted({gene.symbol, *others}))
            return GeneMatch(None, AMBIGUOUS, f"the table has {alias}, an alias of {both}: not guessed")
    rows = [row for group in found.values() for row in group]
    if not rows:
        return GeneMatch(None, ABSENT, "not in the table")
    return _only(rows, "alias", f"by its old symbol {listing(found)}", table)


def _only(rows: Iterable[int], way: str, remark: str, table: _Table) -> GeneMatch:
    """The match with the one row of `rows`; ambiguous when there are several or it is of several genes."""
    rows = list(dict.fromkeys(rows))
    if len(rows) == 1 and rows[0] not in table.shared:
        return GeneMatch(rows[0], way, remark)
    what = listing(table.shown[row] for row in rows)
    return GeneMatch(None, AMBIGUOUS, f"{way} found in {what}: not guessed")


def plain_id(name: str) -> str:
    """An Ensembl id without its version, in upper case; any other name as it is."""
    match = ENSEMBL_ID.fullmatch(name)
    return match[1].upper() if match else name


def _folded(name: str) -> str:
    return name.casefold()
