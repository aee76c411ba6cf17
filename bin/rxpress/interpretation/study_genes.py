"""The genes of a study by name, where a symbol may stand in several rows: probesets, or genes of one name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rxpress.errors import InputError, Problem
from rxpress.interpretation.evidence import StudyEvidence, symbol_rows
from rxpress.interpretation.gene_names import GeneMatch, PackGene, match_genes
from rxpress.interpretation.pathway_tables import tested_rows


@dataclass(frozen=True)
class StudyGenes:
    """The rows that the gene tables and the expression of a study share.

    ids : (rows,); names : (rows,), each once: of rows with one symbol the best expressed has it, the others
    go by their id; speaking : (rows,) booleans, one row per symbol; repeats : {symbol: its rows}.
    """

    ids: np.ndarray
    names: np.ndarray
    speaking: np.ndarray
    repeats: Mapping[str, int]

    @classmethod
    def of_rows(cls, ids: np.ndarray, names: np.ndarray, level: np.ndarray) -> StudyGenes:
        """ids, names : (rows,), a missing name is the id; level : (rows,) mean expression."""
        named = pd.Series(names, dtype=object).fillna(pd.Series(ids, dtype=object)).to_numpy()
        best, repeats = symbol_rows(named.tolist(), np.nan_to_num(level, nan=-np.inf))
        speaking = np.zeros(len(ids), dtype=bool)
        speaking[best] = True
        return cls(ids, np.where(speaking, named, ids), speaking, repeats)

    @classmethod
    def of_study(cls, study: StudyEvidence) -> StudyGenes | None:
        """Of the tables and the expression of a study; None when it has neither.

        InputError when these are not of the same genes.
        """
        columns = ("gene_id", "gene_name", "base_mean")
        sources = [[table[name].to_numpy() for name in columns] for table in study.tests.values()]
        if study.log2:
            sources.append([study.log2.gene_ids, study.log2.gene_names, study.log2.values.mean(axis=1)])
        if not sources:
            return None
        ids, names, level = (values.astype(object) for values in sources[0])
        if not all(np.array_equal(ids, others[0].astype(object)) for others in sources[1:]):
            what = f"study '{study.name}': its gene tables and log2_expression.tsv are not of the same genes"
            raise InputError(Problem(what, "give the folders of one run"))
        return cls.of_rows(ids, names, level.astype(float))

    def find(self, genes: Sequence[PackGene]) -> list[GeneMatch]:
        """Where each gene stands, as `match_genes`; the remark says when its symbol has other rows."""
        return [
            replace(match, remark=match.remark or self.remark(match.row))
            for match in match_genes(genes, self.ids, self.names)
        ]

    def remark(self, row: int | None) -> str:
        """What to know of the row that speaks for a symbol; empty when that has no other rows."""
        rows = 0 if row is None else self.repeats.get(str(self.names[row]), 0)
        return f"the best expressed of {rows} rows with this symbol" if rows else ""


def rename_genes(study: StudyEvidence, genes: StudyGenes) -> StudyEvidence:
    """The study with names that each stand once, so that genes can be found by name."""
    if not genes.repeats:
        return study
    return replace(
        study, tests={id: table.assign(gene_name=genes.names) for id, table in study.tests.items()}
    )


@dataclass(frozen=True)
class RankedGenes:
    """The genes of a contrast that can be ranked: those that it tested, one row per symbol.

    statistic : (ranked,); position : (rows of the gene table,) which of these a row is, -1 for others;
    left_out : how many symbols were not tested.
    """

    statistic: np.ndarray
    position: np.ndarray
    left_out: int

    @classmethod
    def of(cls, table: pd.DataFrame, genes: StudyGenes) -> RankedGenes:
        rows = np.flatnonzero(genes.speaking & tested_rows(table))
        position = np.full(len(table), -1)
        position[rows] = np.arange(len(rows))
        statistic = table["statistic"].to_numpy(float)[rows]
        return cls(statistic, position, int(genes.speaking.sum()) - len(rows))

    def members(self, rows: Sequence[int | None]) -> np.ndarray:
        """Distinct positions, increasing, of those `rows` of the table that are ranked; None is no row."""
        found = self.position[[row for row in rows if row is not None]] if rows else np.empty(0, dtype=int)
        return np.unique(found[found >= 0])
