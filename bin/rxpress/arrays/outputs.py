"""The files of a study on arrays: its expression, and the tables that say how good each array is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.tables import GENE_COLUMNS, GeneMatrix, write_columns, write_json, write_matrix, write_table

if TYPE_CHECKING:
    import pandas as pd


def write_study(
    outdir: Path,
    probesets: GeneMatrix,
    genes: GeneMatrix,
    quality: Mapping[str, pd.DataFrame],
    facts: Mapping[str, Any],
    calls: np.ndarray | None = None,
) -> None:
    """Write `probeset_expression.tsv`, `gene_expression.tsv`, perhaps `detection_calls.tsv`, and `arrays/`.

    probesets, genes : log2 expression; quality : tables by file name (`quality.tsv`), `Quality.tables`;
    facts : what `arrays.json` says; calls : (probesets, arrays) of `P`, `M` or `A`, as rows and columns of
    `probesets`.
    """
    write_matrix(probesets, outdir / "probeset_expression.tsv")
    write_matrix(genes, outdir / "gene_expression.tsv")
    if calls is not None:
        named = dict(zip(GENE_COLUMNS, (probesets.gene_ids, probesets.gene_names), strict=True))
        columns = dict(zip(probesets.samples, calls.T, strict=True))
        write_columns(named | columns, outdir / "detection_calls.tsv")
    for name, table in quality.items():
        write_table(table, outdir / "arrays" / name)
    write_json(dict(facts), outdir / "arrays" / "arrays.json")
