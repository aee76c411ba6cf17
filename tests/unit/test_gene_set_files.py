"""Gene sets and weights as users have them are read; what is wrong is told with its line, all at once."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rxpress.errors import InputError
from rxpress.interpretation.gene_set_files import read_collection, read_pathway_weights

ROOT = Path(__file__).resolve().parents[2]
URL = "https://www.gsea-msigdb.org/gsea/msigdb/human/geneset/HALLMARK_UNFOLDED_PROTEIN_RESPONSE"


def written(folder: Path, text: str, name: str = "sets.gmt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def told(folder: Path, text: str, name: str = "sets.gmt") -> list[str]:
    reader = read_collection if "gmt" in name else read_pathway_weights
    with pytest.raises(InputError) as caught:
        reader(written(folder, text, name))
    return [str(problem) for problem in caught.value.problems]


def test_files_of_msigdb_are_read_plain_and_gzipped(tmp_path: Path) -> None:
    text = f"HALLMARK_UNFOLDED_PROTEIN_RESPONSE\t{URL}\tALDH18A1\tARFGAP1\nHALLMARK_HYPOXIA\t{URL}\tACKR3\n"
    plain = read_collection(written(tmp_path, text, "h.all.v2023.2.Hs.symbols.gmt"))
    assert plain.name == "h.all.v2023.2.Hs.symbols"
    assert plain.sets["HALLMARK_UNFOLDED_PROTEIN_RESPONSE"] == ("ALDH18A1", "ARFGAP1")
    assert plain.source_of["HALLMARK_HYPOXIA"] == URL
    (tmp_path / "h.gmt.gz").write_bytes(gzip.compress(text.replace("\n", "\r\n").encode()))
    zipped = read_collection(tmp_path / "h.gmt.gz")
    assert (zipped.name, zipped.sets) == ("h", plain.sets)


def test_what_other_tools_write_is_read(tmp_path: Path) -> None:
    text = "# Enrichr\nTNF-alpha Signaling via NF-kB\t\tMMP9,1.0\tMARCKS,0.5\t\nA set\tna\tB\tA\t\tB\t\n\n"
    ours = read_collection(written(tmp_path, text, "MSigDB_Hallmark_2020.gmt.txt"))
    assert ours.sets == {"TNF-alpha Signaling via NF-kB": ("MMP9", "MARCKS"), "A set": ("B", "A")}
    assert ours.source_of == {"TNF-alpha Signaling via NF-kB": "", "A set": "na"}


def test_the_packs_of_the_pipeline_are_collections(tmp_path: Path) -> None:
    ours = read_collection(ROOT / "assets" / "drugs" / "bortezomib" / "gene_sets.gmt")
    assert "PSMB5" in ours.sets["PROTEASOME_20S"]
    assert ours.source_of["PROTEASOME_20S"].startswith("doi:")


def test_all_that_is_wrong_with_sets_is_told_with_its_line(tmp_path: Path) -> None:
    assert told(tmp_path, "A\td\tG1\nB\td\n\nA\td\tG2\n\td\tG3\nC d G4\n") == [
        "sets.gmt:2: 'B' has no genes; a line is name, description and genes, with tabs",
        "sets.gmt:4: 'A' stands in line 1 already; give each set a name of its own",
        "sets.gmt:5: the set has no name; a line begins with it",
        "sets.gmt:6: 'C d G4' has no genes; a line is name, description and genes, with tabs",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A d G1 G2\nB d G3\n", "has no tabs; a line is name, description and genes, with tabs"),
        ("\n", "has no gene sets; a line is name, description and genes, with tabs"),
    ],
)
def test_a_file_that_is_no_gmt_is_told_once(tmp_path: Path, text: str, problem: str) -> None:
    assert told(tmp_path, text) == [f"sets.gmt: {problem}"]


def test_sets_in_columns_are_not_taken_for_sets_in_lines(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is GMX"):
        read_collection(written(tmp_path, "A\tB\tC\nd\td\td\nG1\tG2\tG3\n", "sets.gmx"))


def test_weights_are_read_by_any_of_the_usual_names(tmp_path: Path) -> None:
    ours = read_pathway_weights(written(tmp_path, "pathway\tgene\tweight\nNFkB\tTNF\t1.5\nNFkB\tA\t-2e-1\n"))
    assert ours == {"NFkB": {"TNF": 1.5, "A": -0.2}}
    network = "source,target,weight,resources\nMYC,TERT,1,a;b\n"
    assert read_pathway_weights(written(tmp_path, network)) == {"MYC": {"TERT": 1.0}}


def test_of_a_full_model_the_genes_of_smallest_p_count(tmp_path: Path) -> None:
    rows = "".join(f"p53\tG{i}\t{i + 1}\t{p}\n" for i, p in enumerate(["0.2", "1e-9", "NA", "0.01", "0.03"]))
    path = written(tmp_path, "pathway\tgene\tweight\tp.value\n" + rows)
    assert read_pathway_weights(path, best=3) == {"p53": {"G1": 2.0, "G3": 4.0, "G4": 5.0}}
    assert len(read_pathway_weights(path)["p53"]) == 5


def test_all_that_is_wrong_with_weights_is_told_with_its_line(tmp_path: Path) -> None:
    text = "pathway\tgene\tweight\nA\tG1\t1\nA\tG1\t2\nA\t\t1\nA\tG2\tx\nB\n"
    assert told(tmp_path, text, "w.tsv") == [
        "w.tsv:3: G1 of A stands in line 2 already; keep one of the two",
        "w.tsv:4: column 'gene': is missing; fill it in, or remove the row",
        "w.tsv:5: column 'weight': 'x' is not a number; write it as 1.5 or -2e-3",
        "w.tsv:6: column 'gene': is missing; fill it in, or remove the row",
        "w.tsv:6: column 'weight': '' is not a number; write it as 1.5 or -2e-3",
    ]
    assert told(tmp_path, "pathway\tgene\tweight\n", "w.tsv") == [
        "w.tsv: has no weights; give a row per pathway and gene"
    ]
    assert [line.split(";")[0] for line in told(tmp_path, "term\tgene\tvalue\n", "w.tsv")] == [
        "w.tsv:1: column 'pathway': is missing",
        "w.tsv:1: column 'weight': is missing",
    ]


def test_the_weights_of_the_pipeline_are_500_genes_of_14_pathways() -> None:
    ours = read_pathway_weights(ROOT / "assets" / "pathways" / "progeny_human.tsv.gz")
    assert [len(genes) for genes in ours.values()] == [500] * 14
    assert ours["NFkB"]["NFKBIA"] > 0 < ours["p53"]["MDM2"]
