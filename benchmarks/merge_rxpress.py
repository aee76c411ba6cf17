"""rxpress's turn in benchmarks/merge.py: merge STUDY, once warm, and print the seconds that it took."""

import sys
import time
from pathlib import Path

import h5py  # noqa: F401  (imports are not timed, the peers' are not either)
import pandas as pd
from pyarrow import compute, csv, parquet  # noqa: F401

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bin"))
from rxpress.expression_tables import gene_matrices, write_expression
from rxpress.gene_index import index_genes
from rxpress.quantification import summarize_to_genes
from rxpress.study_quants import gene_variances, read_study
from rxpress.tables import read_samples


def merge(study: Path, samples: pd.DataFrame, work: str, outdir: Path) -> None:
    """`work`: `memory`, `bootstraps` (memory too, with inferential variances) or `tables`."""
    quants = read_study({sample: study / "quants" / sample for sample in samples["sample"]})
    index = index_genes(quants.transcript_ids, study / "tx2gene.tsv")
    if work == "tables":
        write_expression(quants, index, samples, outdir)
        return
    genes = summarize_to_genes(quants.estimates, index.gene, len(index.ids))
    matrices = gene_matrices(genes, gene_variances(quants, index) if work == "bootstraps" else None)
    assert len(matrices) == (6 if work == "bootstraps" else 5)


if __name__ == "__main__":
    study, work, outdir = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    samples = read_samples(study / "samples.tsv")
    merge(study, samples[:1], work, outdir)
    start, cpu = time.perf_counter(), time.process_time()
    merge(study, samples, work, outdir)
    print(f"seconds {time.perf_counter() - start:.4f}")
    print(f"cpu {time.process_time() - cpu:.4f}")
