"""Counts of samples become the tables of a study; tables that do not fit are told."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from rxpress.alignments.exons import read_exons
from rxpress.alignments.merge import counts_by_sample, read_counts, transcripts_per_million
from rxpress.errors import InputError
from rxpress.tables import read_matrix

COMMAND = Path(__file__).parents[2] / "bin" / "merge_counts.py"
# Genes of 300, 150 (two exons that overlap) and 50 bases.
EXONS = (
    ("B", "B.1", 1, 300),
    ("A", "A.1", 1001, 1100),
    ("A", "A.2", 1051, 1150),
    ("C", "C.1", 2001, 2050),
)
COUNTS = {"s1": (30, 15, 0), "s2": (0, 0, 0), "s3": (300, 300, 100)}


@pytest.fixture
def exons(tmp_path) -> Path:
    path = tmp_path / "exons.gtf"
    lines = [
        f"1\tmade\texon\t{start}\t{end}\t.\t+\t.\t"
        f'gene_id "{gene}"; transcript_id "{name}"; gene_name "n{gene}";\n'
        for gene, name, start, end in EXONS
    ]
    path.write_text("".join(lines))
    return path


def write_tables(folder: Path, genes: str = "BAC") -> list[Path]:
    files = []
    for sample, counts in COUNTS.items():
        rows = "".join(f"{gene}\t{count}\n" for gene, count in zip(genes, counts, strict=True))
        files.append(folder / f"{sample}.tsv")
        files[-1].write_text(f"gene_id\tcount\n{rows}")
    return files


def merge(folder: Path, files: list[Path], *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "samples.tsv").write_text("sample\tstudy\ns3\tx\nlost\tx\ns1\tx\ns2\tx\n")
    command = [sys.executable, "-B", COMMAND, "--counts", *files, "--samples", folder / "samples.tsv"]
    command += ["--exons", folder / "exons.gtf", "--outdir", folder / "out", *more]
    return subprocess.run(command, text=True, capture_output=True, check=False)


def test_tables_hold_samples_in_the_order_of_the_study(tmp_path, exons):
    done = merge(tmp_path, write_tables(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    matrix = read_matrix(tmp_path / "out" / "gene_counts.tsv")
    assert matrix.samples == ["s3", "s1", "s2"]
    assert (matrix.gene_ids.tolist(), matrix.gene_names.tolist()) == (["B", "A", "C"], ["nB", "nA", "nC"])
    assert matrix.values.tolist() == [[300, 30, 0], [300, 15, 0], [100, 0, 0]]
    tpm = read_matrix(tmp_path / "out" / "gene_tpm.tsv")
    # s3 by hand: 300/300, 300/150, 100/50 reads per base.
    assert tpm.values == pytest.approx(np.array([[2e5, 5e5, 0], [4e5, 5e5, 0], [4e5, 0, 0]]))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "expression.h5ad",
        "gene_counts.tsv",
        "gene_tpm.tsv",
    ]


def test_anndata_holds_counts_tpm_and_lengths(tmp_path, exons):
    merge(tmp_path, write_tables(tmp_path))
    with h5py.File(tmp_path / "out" / "expression.h5ad") as file:
        assert file["X"][:].tolist() == [[300, 300, 100], [30, 15, 0], [0, 0, 0]]
        assert file["layers/tpm"][1].tolist() == pytest.approx([5e5, 5e5, 0])
        assert file["var/length"][:].tolist() == [300, 150, 50]
        assert file["obs/_index"].asstr()[:].tolist() == ["s3", "s1", "s2"]


def test_the_same_counts_give_the_same_bytes(tmp_path, exons):
    contents = []
    for _ in range(2):
        merge(tmp_path, write_tables(tmp_path))
        contents.append({path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()})
    assert contents[0] == contents[1]


def test_tables_of_another_annotation_are_told_together(tmp_path, exons):
    done = merge(tmp_path, write_tables(tmp_path, genes="BCA"))
    assert done.returncode == 2
    for sample in COUNTS:
        assert f"error: {sample}.tsv: has other genes than the annotation; count again" in done.stderr


def test_names_that_do_not_fit_are_told_together(tmp_path):
    samples = pd.DataFrame({"sample": ["a", "b"]})
    with pytest.raises(InputError) as error:
        counts_by_sample([tmp_path] * 4, ["a", "a", "c"], samples)
    told = str(error.value)
    for words in ("4 tables of counts but 3 names", "sample c is not in", "sample a has 2 tables"):
        assert words in told


def test_a_count_that_is_no_number_is_told(tmp_path, exons):
    (tmp_path / "s.tsv").write_text("gene_id\tcount\nB\t1\nA\tnan\nC\t2\n")
    with pytest.raises(InputError, match=r"s\.tsv: column 'count': has counts that are no numbers"):
        read_counts({"s": tmp_path / "s.tsv"}, read_exons(exons).gene_ids)


def test_tpm_of_a_sample_sum_to_a_million():
    random = np.random.default_rng(3)
    counts, lengths = random.poisson(50, (200, 4)).astype(float), random.integers(100, 9000, 200)
    assert transcripts_per_million(counts, lengths).sum(axis=0) == pytest.approx([1e6] * 4)
