"""Gene sets held against the contrasts of a study: a row per contrast and set, three tests side by side.

Genes are those that the contrast tested, one row per symbol, ranked by its statistic. Each set is tested by
pre-ranked GSEA, by CAMERA and by over-representation among the genes called up and those called down
(`gene_sets`); p-values are adjusted per contrast and collection, those of each test apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.design.study_design import Contrast
from rxpress.interpretation.enrichment_curves import CURVE_COLUMNS, enrichment_curve
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_set_files import Collection
from rxpress.interpretation.gene_sets import camera, find_members, over_representation, prerank
from rxpress.interpretation.measured_genes import BY_ID, MeasuredGenes, lookup_names, measured_genes

GSEA = ("score", "normalized_score", "p_value", "p_adjusted")
CAMERA = ("camera_statistic", "camera_p_value", "camera_p_adjusted")
OVER_REPRESENTED = ("found", "expected", "p_value", "p_adjusted")
DIRECTIONS = ("up", "down")
COUNTS = ("permutations", "up_found", "down_found")
KEYS = ("study", "contrast", "collection")
COLUMNS = (
    *KEYS,
    *("gene_set", "source", "size", "measured", *GSEA, "permutations", *CAMERA),
    *(f"{direction}_{column}" for direction in DIRECTIONS for column in OVER_REPRESENTED),
    *("leading_edge", "matched_by"),
)
CURVES = 3
FEW_FOUND = 0.2


@dataclass(frozen=True)
class Options:
    """How sets are tested.

    permutations : random sets at first, up to 100,000 while none is as extreme; a set is tested with
    `min_size` to `max_size` genes among those tested, and with at most `max_share` of them.
    """

    permutations: int = 1000
    seed: int = 0
    min_size: int = 3
    max_size: int = 2000
    max_share: float = 0.8

    def allows(self, measured: int, universe: int) -> bool:
        return self.min_size <= measured <= min(self.max_size, self.max_share * universe)


@dataclass(frozen=True)
class PathwayTables:
    """pathways : COLUMNS, NA where a set was not tested; curves : KEYS, then CURVE_COLUMNS; notes : texts."""

    pathways: pd.DataFrame
    curves: pd.DataFrame
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """What one contrast has to say of one collection."""

    pathways: pd.DataFrame
    curves: list[pd.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def pathway_tables(
    study: StudyEvidence,
    collections: Iterable[Collection],
    permutations: int = 1000,
    seed: int = 0,
    threads: int = 1,
) -> PathwayTables:
    """Every collection in every contrast that has a gene table; the result is the same for any `threads`."""
    options = Options(permutations, seed)
    pairs = [(contrast, collection) for contrast in study.tested for collection in collections]

    def judge(pair: tuple[Contrast, Collection]) -> _Part:
        return _judge(study, *pair, options)

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(judge, pairs))
    pathways = [part.pathways for part in parts]
    curves = [curve for part in parts for curve in part.curves]
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return PathwayTables(
        pd.concat(pathways, ignore_index=True) if pathways else pd.DataFrame(columns=list(COLUMNS)),
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=[*KEYS, *CURVE_COLUMNS]),
        tuple(notes),
    )


def tested_rows(table: pd.DataFrame) -> np.ndarray:
    """(rows,) whether a gene was tested: it has a p-value, and counts somewhere in the contrast.

    A gene without any has statistic 0 and p 1 by convention, which no test gave.
    """
    silent = (table["statistic"] == 0) & (table["p_value"] == 1)
    return (table["p_value"].notna() & table["statistic"].notna() & ~silent).to_numpy(bool)


def _judge(study: StudyEvidence, contrast: Contrast, collection: Collection, options: Options) -> _Part:
    table = study.tests[contrast.id]
    sets = {name: lookup_names(genes) for name, genes in collection.sets.items()}
    level = np.where(tested_rows(table), table["base_mean"], np.nan)
    wanted = {gene for genes in sets.values() for gene in genes}
    genes = measured_genes(table["gene_id"], table["gene_name"], level, wanted)
    members = find_members(genes.names, sets)
    measured = np.array([len(found.rows) for found in members.values()], dtype=int)
    tested = np.array([options.allows(number, len(genes.rows)) for number in measured], dtype=bool)
    rows = [found.rows for found, use in zip(members.values(), tested, strict=True) if use]
    keys = dict(zip(KEYS, (study.name, contrast.id, collection.name), strict=True))
    frame = pd.DataFrame(
        {
            **keys,
            "gene_set": list(sets),
            "source": [collection.source_of.get(name) for name in sets],
            "size": [len(names) for names in sets.values()],
            "measured": measured,
            "matched_by": genes.matched_by,
        }
    )
    notes = _notes(contrast, collection, genes, wanted)
    result = _test(table.iloc[genes.rows], rows, genes.symbols, contrast.test == "lrt", options)
    for column, values in result.items():
        frame.loc[tested, column] = np.asarray(values, dtype=object if column == "leading_edge" else float)
    frame = frame.reindex(columns=list(COLUMNS)).astype(dict.fromkeys(COUNTS, "Int64"))
    curves = [] if contrast.test == "lrt" else _curves(table.iloc[genes.rows], frame, rows, tested, keys)
    return _Part(frame, curves, notes)


def _test(
    table: pd.DataFrame, sets: Sequence[np.ndarray], symbols: np.ndarray, joint: bool, options: Options
) -> dict[str, Any]:
    """Columns of the three tests, a value per set of `sets`, which are rows of `table`.

    The statistic of a joint test has no direction to rank genes by, so it gets over-representation alone.
    """
    found: dict[str, Any] = {}
    if not sets:
        return found
    if not joint:
        statistic = table["statistic"].to_numpy(float)
        gsea = prerank(statistic, sets, options.permutations, seed=options.seed)
        competitive = camera(statistic, sets)
        found |= {name: getattr(gsea, name) for name in (*GSEA, "permutations")}
        found |= {name: getattr(competitive, name.removeprefix("camera_")) for name in CAMERA}
        found["leading_edge"] = [";".join(symbols[edge]) for edge in gsea.leading_edge]
    for direction in DIRECTIONS:
        called = over_representation(table["call"].to_numpy() == direction, sets)
        found |= {f"{direction}_{name}": getattr(called, name) for name in OVER_REPRESENTED}
    return found


def _curves(
    table: pd.DataFrame,
    frame: pd.DataFrame,
    rows: Sequence[np.ndarray],
    tested: np.ndarray,
    keys: dict[str, str],
) -> list[pd.DataFrame]:
    """Running sums of the sets that plots show: of smallest adjusted p, among equals of largest score."""
    best = frame[tested].reset_index(drop=True).assign(strength=lambda sets: -sets["normalized_score"].abs())
    order = best.sort_values(["p_adjusted", "strength"], kind="stable").index[:CURVES].tolist()
    statistic = table["statistic"].to_numpy(float)
    return [
        enrichment_curve(statistic, rows[i]).assign(**keys, gene_set=best["gene_set"][i])[
            [*KEYS, *CURVE_COLUMNS]
        ]
        for i in order
    ]


def _notes(contrast: Contrast, collection: Collection, genes: MeasuredGenes, wanted: set[str]) -> list[str]:
    """What a reader should know of how a collection met the genes of a contrast."""
    notes = []
    if contrast.test == "lrt":
        notes.append(
            f"{contrast.id}: a joint test has no direction to rank genes by, so gene sets are tested for "
            "over-representation only, by the direction of the largest contrast."
        )
    if genes.matched_by == BY_ID:
        notes.append(f"Gene sets of {collection.name} were matched by gene id.")
    found = len(wanted.intersection(genes.names))
    if found < FEW_FOUND * len(wanted):
        notes.append(
            f"Less than {FEW_FOUND:.0%} of the genes that {collection.name} names were tested; is it of this "
            "species, and are its genes symbols or Ensembl ids?"
        )
    repeated = [name for name in genes.repeated if name in wanted]
    if repeated:
        notes.append(f"Of the rows of {listing(repeated)} the one of highest mean stands for the gene.")
    return notes
