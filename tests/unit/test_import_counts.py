"""A count matrix of a user becomes gene_counts.tsv: samples of the study in its order, genes with names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "import_counts.py"


def import_counts(folder: Path, matrix: str, *options: str) -> list[str]:
    """Lines of the table made from `matrix` for samples b and a."""
    (folder / "counts.csv").write_text(matrix)
    (folder / "samples.tsv").write_text("sample\tstudy\nb\tx\na\tx\n")
    files = ["--counts", "counts.csv", "--samples", "samples.tsv", "--out", "out.tsv"]
    subprocess.run([sys.executable, COMMAND, *files, *options], cwd=folder, check=True)
    return (folder / "out.tsv").read_text().splitlines()


def test_samples_of_the_study_stand_in_its_order_and_names_of_the_matrix_are_kept(tmp_path: Path) -> None:
    made = import_counts(tmp_path, "Geneid,symbol,a,other,b\nENSG1,TP53,1,9,2\nENSG2,,3,9,4\n")
    assert [line.split("\t") for line in made] == [
        ["gene_id", "gene_name", "b", "a"],
        ["ENSG1", "TP53", "2", "1"],
        ["ENSG2", "ENSG2", "4", "3"],
    ]


def test_genes_without_names_get_them_from_the_annotation_whatever_their_version(tmp_path: Path) -> None:
    (tmp_path / "tx2gene.tsv").write_text(
        "transcript_id\tgene_id\tgene_name\nT1\tENSG1.4\tTP53\nT2\tENSG2\tMYC\n"
    )
    made = import_counts(
        tmp_path, "gene_id,a,b\nENSG1.7,1,2\nENSG2,3,4\nENSG3,5,6\n", "--tx2gene", "tx2gene.tsv"
    )
    assert [line.split("\t")[1] for line in made] == ["gene_name", "TP53", "MYC", "ENSG3"]


def test_reads_of_no_gene_as_htseq_and_star_count_them_are_no_genes(tmp_path: Path) -> None:
    of_none = "__no_feature,900,800\n__alignment_not_unique,7,8\nN_unmapped,5,5\nN_noFeature,1,2\n"
    made = import_counts(tmp_path, "gene_id,a,b\nTP53,1,2\n" + of_none + "__mine,3,4\n")
    assert [line.split("\t")[0] for line in made] == ["gene_id", "TP53", "__mine"]
