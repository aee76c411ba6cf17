"""Every contrast that studies share, compared: the tables of comparison/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rxpress.comparison.gene_comparison import Evidence, compare_genes, study_columns
from rxpress.comparison.joining import JoinedGenes, join_genes
from rxpress.comparison.overview import absent_studies, describe_contrast, summarize_agreement
from rxpress.comparison.studies import Study

JOIN_COLUMNS = (
    "contrast",
    "study",
    "id_type",
    "genes",
    "joined",
    "lost_no_symbol",
    "lost_repeated",
    "lost_not_in_others",
    "joined_by",
)


@dataclass(frozen=True)
class Comparison:
    """A contrast over its studies.

    overview : its row of consistency.tsv; columns : its table, None for a joint test; join : its rows of
    join.tsv.
    """

    id: str
    overview: dict[str, Any]
    columns: dict[str, np.ndarray] | None
    join: list[tuple[Any, ...]]


def compare_studies(studies: Sequence[Study]) -> Iterator[Comparison]:
    """Compare each contrast that two studies or more have a gene table of, in the order of the first ones."""
    tested = [study.tested for study in studies]
    for id in dict.fromkeys(id for contrasts in tested for id in contrasts):
        sharing = [study for study, contrasts in zip(studies, tested, strict=True) if id in contrasts]
        if len(sharing) > 1:
            yield _compare_contrast(id, sharing, absent_studies(id, studies))


def _compare_contrast(id: str, studies: Sequence[Study], absent: Sequence[str]) -> Comparison:
    overview = describe_contrast(id, studies)
    overview["note"] = "; ".join(filter(None, [overview["note"], *absent])) or None
    if any(study.contrasts[id].jointly for study in studies):
        return Comparison(id, overview, None, [])
    tests = [study.gene_tests(id) for study in studies]
    genes = join_genes(tests)
    evidence = Evidence.of(tests, genes)
    names = [study.name for study in studies]
    columns = {
        "gene_id": genes.gene_ids,
        "gene_name": genes.gene_names,
        **compare_genes(evidence),
        **study_columns(evidence, names),
    }
    overview |= summarize_agreement(genes, evidence, columns)
    return Comparison(id, overview, columns, _join_rows(id, names, genes))


def _join_rows(id: str, names: Sequence[str], genes: JoinedGenes) -> list[tuple[Any, ...]]:
    return [
        (id, name, x.id_type, x.genes, x.joined, x.no_symbol, x.repeated, x.not_in_others, genes.joined_by)
        for name, x in zip(names, genes.losses, strict=True)
    ]
