"""The same gene in the tables of several studies: by id where these are of one kind, else by symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rxpress.comparison.studies import GeneTests
from rxpress.interpretation.evidence import symbol_rows

ENOUGH_SHARED = 0.5
ENSEMBL_VERSION = r"^(ENS[A-Z]*G\d+)\.\d+"
ID_PATTERNS = {"ensembl": r"^ENS[A-Z]*G\d", "affymetrix": r"_at$", "entrez": r"^\d+$"}


@dataclass(frozen=True)
class Losses:
    """What became of a study's rows: joined with another study, or lost, and why."""

    id_type: str
    genes: int
    joined: int
    no_symbol: int
    repeated: int
    not_in_others: int

    @property
    def lost(self) -> int:
        return self.genes - self.joined


@dataclass(frozen=True)
class JoinedGenes:
    """Genes that two studies or more have, in the order of the first study, then of the others.

    gene_ids, gene_names : (genes,) as the first study that has the gene writes them; rows : (genes, studies)
    its row in each table, -1 for none; losses : by study; joined_by : `gene_id` or `gene_name`.
    """

    gene_ids: np.ndarray
    gene_names: np.ndarray
    rows: np.ndarray
    losses: tuple[Losses, ...]
    joined_by: str

    def gather(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """(genes, studies) a column of each study's table, NaN where it lacks the gene."""
        return np.column_stack(
            [np.where(rows >= 0, x[rows], np.nan) for x, rows in zip(columns, self.rows.T, strict=True)]
        )


def join_genes(studies: Sequence[GeneTests]) -> JoinedGenes:
    """Find the genes of several studies in each other.

    By id, Ensembl's without version, when any two studies share half of the ids of the smaller one, or more
    than they share symbols; else by symbol. Of rows with one key the best expressed is taken.
    """
    kinds = [id_type(study.ids, study.names) for study in studies]
    ids = [plain_ids(study.ids) for study in studies]
    symbols = [_symbols(study, kind) for study, kind in zip(studies, kinds, strict=True)]
    shared = least_shared(ids)
    by_id = shared >= ENOUGH_SHARED or shared >= least_shared(symbols)
    keys = ids if by_id else symbols
    chosen = [
        symbol_rows(key.tolist(), np.nan_to_num(study.base_mean, nan=-np.inf))[0]
        for key, study in zip(keys, studies, strict=True)
    ]
    rows = _row_of_each_key([key[taken] for key, taken in zip(keys, chosen, strict=True)], chosen)
    rows = rows[(rows >= 0).sum(axis=1) > 1]
    return JoinedGenes(
        *_first_names(studies, rows),
        rows,
        tuple(
            _count_losses(kind, key, len(taken), int((found >= 0).sum()))
            for kind, key, taken, found in zip(kinds, keys, chosen, rows.T, strict=True)
        ),
        "gene_id" if by_id else "gene_name",
    )


def id_type(ids: np.ndarray, names: np.ndarray) -> str:
    """What most ids are: `ensembl`, `affymetrix`, `entrez`, `symbol` (the gene's name itself) or `other`."""
    text = pa.array(ids, pa.string())
    shares = {
        kind: pc.mean(pc.match_substring_regex(text, pattern)).as_py() or 0.0
        for kind, pattern in ID_PATTERNS.items()
    }
    shares["symbol"] = float(np.mean(ids == names)) if len(ids) else 0.0
    return next((kind for kind, share in shares.items() if share > 0.5), "other")


def plain_ids(ids: np.ndarray) -> np.ndarray:
    """Ids, those of Ensembl genes without their version."""
    text = pa.array(ids, pa.string())
    return pc.replace_substring_regex(text, ENSEMBL_VERSION, r"\1").to_numpy(zero_copy_only=False)


def least_shared(keys: Sequence[np.ndarray]) -> float:
    """The least share, over pairs of studies, of the keys of the smaller study that the other has too."""
    sets = [set(key[pd.notna(key)]) for key in keys]
    return min(len(a & b) / max(1, min(len(a), len(b))) for a, b in combinations(sets, 2))


def _symbols(study: GeneTests, kind: str) -> np.ndarray:
    """Symbols of genes; None where the name is missing or only repeats an id that is no symbol."""
    nameless = pd.isna(study.names) | ((study.ids == study.names) & (kind not in ("symbol", "other")))
    return pd.Series(study.names, dtype=object).mask(nameless, None).to_numpy()


def _row_of_each_key(keys: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> np.ndarray:
    """(keys, studies) the row of each key in each study, -1 for none, keys in order of appearance."""
    codes, distinct = pd.factorize(np.concatenate(keys))
    table = np.full((len(distinct), len(keys)), -1)
    study = np.repeat(np.arange(len(keys)), [len(key) for key in keys])
    table[codes, study] = np.concatenate(rows)
    return table


def _first_names(studies: Sequence[GeneTests], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Id and name of each gene in the first study that has it."""
    ids, names = np.full(len(rows), None, object), np.full(len(rows), None, object)
    for study, row in reversed(list(zip(studies, rows.T, strict=True))):
        here = row >= 0
        ids[here], names[here] = study.ids[row[here]], study.names[row[here]]
    return ids, np.where(pd.isna(names), ids, names)


def _count_losses(kind: str, key: np.ndarray, chosen: int, joined: int) -> Losses:
    keyed = int(pd.notna(key).sum())
    return Losses(kind, len(key), joined, len(key) - keyed, keyed - chosen, chosen - joined)
