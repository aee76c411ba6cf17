"""The genes that a table measures, one row per name, so that members of sets can be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rxpress.interpretation.evidence import symbol_rows
from rxpress.interpretation.gene_names import plain_id

BY_SYMBOL, BY_ID = "symbol", "gene id"


@dataclass(frozen=True)
class MeasuredGenes:
    """Genes under the names by which the members of a collection are looked up.

    rows : (genes,) of the table, increasing; names : unique, as `lookup_names` has them; symbols : (genes,)
    what a reader calls them; matched_by : `symbol` or `gene id`; repeated : rows of names that have several.
    """

    rows: np.ndarray
    names: Sequence[str]
    symbols: np.ndarray
    matched_by: str
    repeated: Mapping[str, int]


def lookup_names(members: Iterable[str]) -> list[str]:
    """Distinct members as they are looked up: symbols as they are, Ensembl ids without their version."""
    return list(dict.fromkeys(map(plain_id, members)))


def measured_genes(
    gene_ids: Iterable[str], gene_names: Iterable[str], level: np.ndarray, wanted: Iterable[str]
) -> MeasuredGenes:
    """The rows of a table as genes, named by symbol, or by id when more of the `wanted` names are ids.

    gene_ids, gene_names : (rows,), a row without symbol going by its id; level : (rows,) such as mean
    expression, NaN for rows to leave out; of rows of one name the highest counts. wanted : `lookup_names`.
    """
    ids = pd.Series(list(map(plain_id, map(str, gene_ids))), dtype=object)
    symbols = pd.Series(list(gene_names), dtype=object)
    symbols = symbols.where(symbols.notna(), ids).astype(str)
    names = {BY_SYMBOL: symbols.map(plain_id), BY_ID: ids}
    looked_up = set(wanted)
    # The first of equals: symbols, unless ids find more.
    matched_by = max(names, key=lambda way: len(looked_up.intersection(names[way])))
    rows, repeated = symbol_rows(names[matched_by].tolist(), level)
    return MeasuredGenes(
        rows, names[matched_by].iloc[rows].tolist(), symbols.to_numpy()[rows], matched_by, repeated
    )
