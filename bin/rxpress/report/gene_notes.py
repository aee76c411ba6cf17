"""What is said of single genes beside their numbers: verdicts on markers, gene sets, signatures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.report.optional_files import read_or_empty
from rxpress.report.packing import Packer
from rxpress.user_tables import read_gmt

MARKER_NOTES = (
    "study",
    "drug",
    "contrast",
    "gene",
    "expected",
    "verdict",
    "p_adjusted_panel",
    "role",
    "reference",
    "remark",
    "note",
)
SET_RESULTS = ("study", "contrast", "normalized_score", "p_adjusted", "camera_p_adjusted")


@dataclass(frozen=True)
class GeneSet:
    """Genes that belong together, by symbol; collection : the drug pack or file that it is of."""

    collection: str
    name: str
    source: str
    genes: tuple[str, ...]


def read_gene_sets(packs: Iterable[Path], files: Iterable[Path]) -> list[GeneSet]:
    """The gene sets of drug packs (folders; those without sets are passed over) and of GMT files."""
    found = [(path / "gene_sets.gmt", path.name) for path in packs]
    found = [pair for pair in found if pair[0].exists()]
    found += [(path, path.name.removesuffix(".gz").removesuffix(".gmt")) for path in files]
    return [
        GeneSet(collection, cells[0], cells[1] if len(cells) > 1 else "", tuple(cells[2:]))
        for path, collection in found
        for _, cells in read_gmt(path)
    ]


def marker_notes(folder: Path, row_of: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each verdict of interpretation/markers.tsv with the `row` of its gene, None where not measured."""
    table = read_or_empty(folder / "interpretation" / "markers.tsv", ("gene_id", *MARKER_NOTES[:6]))
    rows = [row_of.get(gene) for gene in table["gene_id"]]
    notes = _records(table.reindex(columns=list(MARKER_NOTES)))
    return [note | {"row": row} for note, row in zip(notes, rows, strict=True)]


def signature_notes(folder: Path, row_of: Mapping[str, int]) -> list[dict[str, Any]]:
    """The signatures that hold a gene, by interpretation/signature_genes.tsv."""
    what = ["signature", "source", "gene_id"]
    table = read_or_empty(folder / "interpretation" / "signature_genes.tsv", what)[what]
    table = table[table["gene_id"].isin(list(row_of))].drop_duplicates()
    rows = [row_of[gene] for gene in table["gene_id"]]
    notes = _records(table[["signature", "source"]])
    return [note | {"row": row} for note, row in zip(notes, rows, strict=True)]


def set_notes(
    folder: Path, sets: Sequence[GeneSet], ids: Sequence[str], names: Sequence[str], packer: Packer
) -> dict[str, Any]:
    """Gene sets and which rows they hold, by symbol or id, each with its clearest result of pathways.tsv.

    Returns `sets`, a record each, `members`, rows of genes in one array, and `ends`, where each set ends.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, keys in enumerate(zip(ids, names, strict=True)):
        for key in dict.fromkeys(keys):
            rows[key].append(row)
    members = [sorted({row for gene in one.genes for row in rows.get(gene, ())}) for one in sets]
    clearest = _clearest(
        read_or_empty(folder / "interpretation" / "pathways.tsv", ("collection", "gene_set"))
    )
    records = [
        {
            "collection": one.collection,
            "name": one.name,
            "source": one.source,
            "size": len(set(one.genes)),
            "clearest": clearest.get((one.collection, one.name)),
        }
        for one in sets
    ]
    every = [row for found in members for row in found]
    ends = np.cumsum([len(found) for found in members], dtype=int)
    return {"sets": records, "members": packer.add(np.array(every), 1), "ends": packer.add(ends, 1)}


def _clearest(pathways: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    """{(collection, gene set): its result of smallest adjusted p}."""
    if not {"p_adjusted", *SET_RESULTS} <= set(pathways):
        return {}
    first = pathways.sort_values("p_adjusted", kind="stable").drop_duplicates(["collection", "gene_set"])
    keys = zip(first["collection"], first["gene_set"], strict=True)
    return dict(zip(keys, _records(first[list(SET_RESULTS)]), strict=True))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON may hold them: missing is None."""
    return table.astype(object).where(table.notna(), None).to_dict("records")  # type: ignore[return-value]
