"""Make Salmon folders of any size for the benchmarks, with numbers as Salmon prints them.

Of a sample's transcripts about 35 % have reads, most of them a fraction of a read, since several transcripts
explain it (in the two public samples of the airway study: 39 %).
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import numpy as np

SILENT_GENES = 0.4
DISTINCT = 12


def make_map(transcripts: int, genes: int, random: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Transcript ids, and the gene (position) of each: every gene has one, the rest fall unevenly."""
    weights = random.gamma(0.6, size=genes)
    extra = random.choice(genes, transcripts - genes, p=weights / weights.sum())
    gene = np.sort(np.append(np.arange(genes), extra))
    ids = [
        f"ENST{number:011d}.{version}"
        for number, version in zip(
            random.permutation(transcripts) + 200_000, random.integers(1, 12, transcripts), strict=True
        )
    ]
    return ids, gene


def write_map(path: Path, ids: list[str], gene: np.ndarray) -> None:
    rows = (f"{name}\tENSG{number:011d}.3\tGENE{number}\n" for name, number in zip(ids, gene, strict=True))
    path.write_text("transcript_id\tgene_id\tgene_name\n" + "".join(rows))


def make_abundance(gene: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Expected relative abundance of each transcript; 0 for those of silent genes and most minor isoforms."""
    of_gene = random.lognormal(1, 2.2, gene.max() + 1) * (random.random(gene.max() + 1) > SILENT_GENES)
    share = random.gamma(0.3, size=len(gene))
    return of_gene[gene] * np.where(share > 0.01, share, 0)


def write_sample(
    folder: Path,
    ids: list[str],
    mean: np.ndarray,
    length: np.ndarray,
    replicates: int,
    random: np.random.Generator,
) -> None:
    """One Salmon folder. mean : expected reads (transcripts,); length : (transcripts,) in bases."""
    effective = np.maximum(length - random.uniform(180, 220), 9.5)
    reads = random.poisson(mean * random.lognormal(0, 0.3, len(mean))).astype(float)
    shared = (random.random(len(mean)) < 0.9) & (reads > 0)  # reads that several transcripts explain
    reads[shared] *= random.uniform(0.2, 1, shared.sum())
    tpm = reads / effective / (reads / effective).sum() * 1e6
    rows = zip(ids, length.tolist(), effective.tolist(), tpm.tolist(), reads.tolist(), strict=True)
    folder.mkdir(parents=True)
    (folder / "quant.sf").write_text(
        "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
        + "".join(f"{name}\t{n}\t{e:.3f}\t{t:.6f}\t{c:.3f}\n" for name, n, e, t, c in rows)
    )
    aux = folder / "aux_info"
    aux.mkdir()
    (folder / "cmd_info.json").write_text(json.dumps({"auxDir": "aux_info"}))
    info = {
        "salmon_version": "1.10.1",
        "samp_type": "bootstrap" if replicates else "none",
        "num_bootstraps": replicates,
        "num_valid_targets": len(ids),
        "index_seq_hash": "made",
    }
    (aux / "meta_info.json").write_text(json.dumps(info))
    if replicates:
        write_replicates(aux / "bootstrap", ids, reads, shared, replicates, random)


def write_replicates(
    folder: Path,
    ids: list[str],
    reads: np.ndarray,
    shared: np.ndarray,
    replicates: int,
    random: np.random.Generator,
) -> None:
    """Bootstraps as Salmon writes them: float64, whole numbers where no other transcript shares the reads."""
    folder.mkdir()
    with gzip.open(folder / "names.tsv.gz", "wb", compresslevel=1) as file:
        file.write(("\t".join(ids) + "\n").encode())
    with gzip.open(folder / "bootstraps.gz", "wb", compresslevel=1) as file:
        for _ in range(replicates):
            counts = random.poisson(reads).astype("<f8")
            counts[shared] *= random.uniform(0.8, 1.2, shared.sum())
            file.write(counts.tobytes())


def make_study(
    outdir: Path,
    samples: int,
    transcripts: int,
    genes: int,
    replicates: int = 0,
    seed: int = 1,
    distinct: int = DISTINCT,
) -> None:
    """Make `outdir` with quants/S001 …, tx2gene.tsv and samples.tsv, unless it is there.

    From `distinct` on samples are links to the first ones: the time to read them is the same.
    """
    if (outdir / "samples.tsv").exists():
        return
    random = np.random.default_rng(seed)
    ids, gene = make_map(transcripts, genes, random)
    abundance = make_abundance(gene, random)
    length = random.lognormal(7.0, 0.9, transcripts).astype(int) + 200
    mean = 25e6 * abundance * length / (abundance * length).sum()
    names = [f"S{i + 1:03d}" for i in range(samples)]
    for i, name in enumerate(names):
        folder = outdir / "quants" / name
        if i < distinct:
            write_sample(folder, ids, mean, length, replicates, random)
        else:
            folder.symlink_to(names[i % distinct], target_is_directory=True)
    write_map(outdir / "tx2gene.tsv", ids, gene)
    rows = "".join(f"{name}\tL{i % 4}\t{'DMSO' if i % 2 else 'bortezomib'}\n" for i, name in enumerate(names))
    (outdir / "samples.tsv").write_text("sample\tcell_line\ttreatment\n" + rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--transcripts", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=57_830)
    parser.add_argument("--replicates", type=int, default=0, help="bootstraps per sample")
    parser.add_argument("--outdir", type=Path, required=True)
    args = parser.parse_args()
    make_study(args.outdir, args.samples, args.transcripts, args.genes, args.replicates)
