"""Counts of samples → the tables of a study, as far as counts of genes go: counts, TPM, AnnData."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rxpress.alignments.gene_models import GeneModels
from rxpress.errors import Problems
from rxpress.h5ad import write_h5ad
from rxpress.tables import GeneMatrix, read_columns, write_matrix

if TYPE_CHECKING:
    import pandas as pd


def counts_by_sample(counts: Sequence[Path], names: Sequence[str], samples: pd.DataFrame) -> dict[str, Path]:
    """The files in the order of the samples; InputError for names that do not fit."""
    problems = Problems()
    known = samples["sample"].tolist()
    if len(names) != len(counts):
        problems.add(f"{len(counts)} tables of counts but {len(names)} names", "name each of them")
    for name in dict.fromkeys(names):
        if name not in known:
            problems.add(f"sample {name} is not in the table of samples", "give the study's samples.tsv")
        if names.count(name) > 1:
            problems.add(f"sample {name} has {names.count(name)} tables of counts", "give one")
    problems.stop_if_any()
    found = dict(zip(names, counts, strict=True))
    return {name: found[name] for name in known if name in found}


def read_counts(files: Mapping[str, Path], gene_ids: Sequence[str]) -> np.ndarray:
    """(genes, samples) counts of tables with `gene_id` and `count`, which must hold just these genes."""
    expected = np.array(gene_ids, object)
    counts = np.empty((len(expected), len(files)), order="F")
    problems = Problems()
    for j, path in enumerate(files.values()):
        table = read_columns(path.read_bytes(), path.name, text=["gene_id"], numbers=["count"])
        if not np.array_equal(table["gene_id"].to_numpy(), expected):
            problems.add("has other genes than the annotation", "count again by these exons", path.name)
            continue
        counts[:, j] = table["count"].to_numpy()
        if not np.isfinite(counts[:, j]).all():
            problems.add("has counts that are no numbers", "count again", path.name, column="count")
    problems.stop_if_any()
    return counts


def transcripts_per_million(counts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """TPM of (genes, samples) counts by (genes,) bases in the union of a gene's exons.

    Wagner et al., Theory in Biosciences 131 (2012) 281-285. A sample without counts has 0.
    """
    rates = counts / lengths[:, np.newaxis]
    totals = rates.sum(axis=0)
    return 1e6 * rates / np.where(totals > 0, totals, 1)


def write_counted_expression(
    files: Mapping[str, Path], models: GeneModels, samples: pd.DataFrame, outdir: Path
) -> None:
    """Write gene_counts.tsv, gene_tpm.tsv and expression.h5ad of a study.

    There are no tables of lengths: a gene has the same one in each sample, which corrects nothing.
    """
    import pandas as pd

    outdir.mkdir(parents=True, exist_ok=True)
    counts = read_counts(files, models.gene_ids)
    tpm = transcripts_per_million(counts, models.gene_lengths)
    ids, names = np.array(models.gene_ids, object), np.array(models.gene_names, object)
    for name, values in (("gene_counts", counts), ("gene_tpm", tpm)):
        write_matrix(GeneMatrix(ids, names, list(files), values), outdir / f"{name}.tsv")
    obs = samples.set_index("sample").loc[list(files)]
    var = pd.DataFrame({"gene_name": names, "length": models.gene_lengths}, index=ids)
    write_h5ad(outdir / "expression.h5ad", counts.T, {"tpm": tpm.T}, obs, var)
