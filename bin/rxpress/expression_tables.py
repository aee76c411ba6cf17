"""The files of `expression/<study>/`: what a study's genes and transcripts amount to in each sample."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.gene_index import GeneIndex
from rxpress.h5ad import write_h5ad
from rxpress.quantification import (
    Estimates,
    dtu_scaled_counts,
    length_scaled_counts,
    scaled_counts,
    summarize_to_genes,
)
from rxpress.study_quants import StudyQuants, gene_variances
from rxpress.tables import GeneMatrix, write_columns, write_matrix, write_parquet

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

WRITERS = 2


def write_expression(
    quants: StudyQuants,
    index: GeneIndex,
    samples: pd.DataFrame,
    outdir: Path,
    transcript_tables: bool = False,
) -> None:
    """Write every table of a study; `samples` has a row for each of its samples, in their order."""
    outdir.mkdir(parents=True, exist_ok=True)
    genes = summarize_to_genes(quants.estimates, index.gene, len(index.ids))
    variances = gene_variances(quants, index)
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        tasks = [pool.submit(write_transcripts, quants, index, outdir / "transcripts.parquet")]
        tasks.append(pool.submit(write_anndata, genes, variances, index, samples, outdir / "expression.h5ad"))
        for name, values in gene_matrices(genes, variances).items():
            matrix = GeneMatrix(index.ids, index.names, quants.samples, values)
            tasks.append(pool.submit(write_matrix, matrix, outdir / f"{name}.tsv"))
        tasks.append(pool.submit(write_gene_map, quants, index, outdir / "tx2gene.tsv"))
        if transcript_tables:
            tasks.append(pool.submit(write_transcript_tables, quants, index, outdir))
    for task in tasks:
        task.result()


def gene_matrices(genes: Estimates, variances: np.ndarray | None) -> dict[str, np.ndarray]:
    """The gene tables by file name, (genes, samples): tximport's counts in three modes, TPM and length."""
    matrices = {
        "gene_counts": genes.counts,
        "gene_tpm": genes.tpm,
        "gene_lengths": genes.lengths,
        "gene_counts_scaled": scaled_counts(genes),
        "gene_counts_length_scaled": length_scaled_counts(genes),
    }
    return matrices if variances is None else matrices | {"gene_inferential_variance": variances}


def write_gene_map(quants: StudyQuants, index: GeneIndex, path: Path) -> None:
    """The very map that was used: transcripts in the order of the quants, those without a gene left out."""
    mapped = index.gene >= 0
    columns = _transcript_columns(quants, index) | {"gene_name": _of_transcripts(index.names, index.gene)}
    write_columns({name: values.filter(mapped) for name, values in columns.items()}, path)


def _transcript_columns(quants: StudyQuants, index: GeneIndex) -> dict[str, Any]:
    return {"transcript_id": quants.transcript_ids, "gene_id": _of_transcripts(index.ids, index.gene)}


def _of_transcripts(names: np.ndarray, gene: np.ndarray) -> pa.StringArray:
    """The text of each transcript's gene, null for one without. names : (genes,); gene : (transcripts,)."""
    import pyarrow as pa

    return pa.array(names).take(pa.array(gene, mask=gene < 0))


def write_transcripts(quants: StudyQuants, index: GeneIndex, path: Path) -> None:
    """Transcripts with, per sample, columns `counts.<sample>`, `tpm.…`, `length.…`, `dtu_scaled_counts.…`."""
    estimates = quants.estimates
    quantities = {
        "counts": estimates.counts,
        "tpm": estimates.tpm,
        "length": estimates.lengths,
        "dtu_scaled_counts": dtu_scaled_counts(estimates, index.gene, len(index.ids)),
    }
    columns = _transcript_columns(quants, index)
    for quantity, values in quantities.items():
        columns |= _by_sample(quants, values, prefix=f"{quantity}.")
    write_parquet(columns, path)


def write_transcript_tables(quants: StudyQuants, index: GeneIndex, outdir: Path) -> None:
    """Counts, TPM and lengths of transcripts as TSV."""
    estimates = quants.estimates
    for name, values in (
        ("counts", estimates.counts),
        ("tpm", estimates.tpm),
        ("lengths", estimates.lengths),
    ):
        columns = _transcript_columns(quants, index) | _by_sample(quants, values)
        write_columns(columns, outdir / f"transcript_{name}.tsv")


def _by_sample(quants: StudyQuants, values: np.ndarray, prefix: str = "") -> dict[str, np.ndarray]:
    return {prefix + sample: column for sample, column in zip(quants.samples, values.T, strict=True)}


def write_anndata(
    genes: Estimates, variances: np.ndarray | None, index: GeneIndex, samples: pd.DataFrame, path: Path
) -> None:
    """Samples × genes for AnnData: counts, with layers `tpm`, `length` and perhaps `inferential_variance`."""
    import pandas as pd

    var = pd.DataFrame({"gene_name": index.names}, index=index.ids)
    layers = {"tpm": genes.tpm.T, "length": genes.lengths.T}
    layers |= {} if variances is None else {"inferential_variance": variances.T}
    write_h5ad(path, genes.counts.T, layers, samples.set_index("sample"), var)
