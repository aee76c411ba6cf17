"""pytximport's turn in benchmarks/merge.py, in its own environment: print the seconds of one warm merge.

Each file is read once: of the count modes one comes from `tximport`, the others from its utilities.
"""

import importlib.metadata
import importlib.util
import logging
import sys
import time
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from pytximport import tximport
from pytximport.utils import (
    convert_abundance_to_counts,
    convert_transcripts_to_genes,
    get_median_length_over_isoform,
)

HAS_PYARROW = importlib.util.find_spec("pyarrow") is not None


def merge(study, samples, work, outdir):
    files = [study / "quants" / sample / "quant.sf" for sample in samples]
    options = {"output_type": "xarray", "ignore_transcript_version": False, "ignore_after_bar": False}
    if work == "bootstraps":
        options |= {"inferential_replicates": True, "inferential_replicate_variance": True}
    gene_map = pd.read_csv(study / "tx2gene.tsv", sep="\t")
    if work == "tables":
        transcripts = tximport(files, "salmon", gene_map, return_transcript_data=True, **options)
        genes = convert_transcripts_to_genes(transcripts, gene_map)
    else:
        genes = tximport(files, "salmon", gene_map, **options)
    scaled = {
        mode: convert_abundance_to_counts(genes["counts"], genes["abundance"], genes["length"], mode)
        for mode in ("scaled_tpm", "length_scaled_tpm")
    }
    if work == "tables":
        write_genes(genes, scaled, gene_map, samples, outdir)
        write_anndata(genes, gene_map, samples, study, outdir)
        write_transcripts(transcripts, gene_map, samples, outdir)


def write_genes(genes, scaled, gene_map, samples, outdir):
    tables = {
        "gene_counts": genes["counts"],
        "gene_tpm": genes["abundance"],
        "gene_lengths": genes["length"],
        "gene_counts_scaled": scaled["scaled_tpm"],
        "gene_counts_length_scaled": scaled["length_scaled_tpm"],
    }
    ids = genes["gene_id"].to_numpy()
    names = gene_map.drop_duplicates("gene_id").set_index("gene_id")["gene_name"].reindex(ids)
    for name, values in tables.items():
        frame = pd.DataFrame(values.to_numpy(), columns=samples)
        frame.insert(0, "gene_id", ids)
        frame.insert(1, "gene_name", names.to_numpy())
        frame.to_csv(outdir / f"{name}.tsv", sep="\t", index=False)
    gene_map.to_csv(outdir / "tx2gene.tsv", sep="\t", index=False)


def write_anndata(genes, gene_map, samples, study, outdir):
    ids = genes["gene_id"].to_numpy()
    names = gene_map.drop_duplicates("gene_id").set_index("gene_id")["gene_name"].reindex(ids)
    obs = pd.read_csv(study / "samples.tsv", sep="\t", index_col="sample").loc[samples]
    layers = {"tpm": genes["abundance"].to_numpy().T, "length": genes["length"].to_numpy().T}
    data = anndata.AnnData(
        genes["counts"].to_numpy().T, obs, pd.DataFrame({"gene_name": names}, index=ids), layers=layers
    )
    data.write_h5ad(outdir / "expression.h5ad")


def write_transcripts(transcripts, gene_map, samples, outdir):
    """As rxpress's transcripts.parquet; pandas needs pyarrow for it, and without it nothing is written."""
    with_median = get_median_length_over_isoform(transcripts, gene_map)
    dtu = convert_abundance_to_counts(
        transcripts["counts"],
        transcripts["abundance"],
        with_median["median_isoform_length"],
        "length_scaled_tpm",
    )
    if not HAS_PYARROW:
        return
    quantities = {
        "counts": transcripts["counts"],
        "tpm": transcripts["abundance"],
        "length": transcripts["length"],
        "dtu_scaled_counts": dtu,
    }
    ids = transcripts["transcript_id"].to_numpy()
    genes = gene_map.set_index("transcript_id")["gene_id"].reindex(ids).to_numpy()
    columns = [f"{quantity}.{sample}" for quantity in quantities for sample in samples]
    frame = pd.DataFrame(np.hstack([values.to_numpy() for values in quantities.values()]), columns=columns)
    frame.insert(0, "transcript_id", ids)
    frame.insert(1, "gene_id", genes)
    frame.to_parquet(outdir / "transcripts.parquet", index=False)


if __name__ == "__main__":
    logging.disable()
    study, work, outdir = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    outdir.mkdir(parents=True, exist_ok=True)
    samples = pd.read_csv(study / "samples.tsv", sep="\t")["sample"].tolist()
    merge(study, samples[:2], work, outdir)
    start, start_cpu = time.perf_counter(), time.process_time()
    merge(study, samples, work, outdir)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    reader = "pyarrow" if HAS_PYARROW else "pandas' C reader, without pyarrow, no transcripts.parquet"
    print(f"version {importlib.metadata.version('pytximport')} ({reader})")
    print(f"seconds {seconds:.4f}")
    print(f"cpu {cpu:.4f}")
