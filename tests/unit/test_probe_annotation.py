"""Annotations of probesets, in the forms in which GEO, Affymetrix and Bioconductor give them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from rxpress.arrays.probe_annotation import read_probe_annotation
from rxpress.errors import InputError

# Lines in the forms of GPL570 and of HG-U133_Plus_2.na36.annot.csv; columns that are not read are shortened.
GEO_PLATFORM = """#ID = Affymetrix Probe Set ID
#Gene Symbol = A gene symbol, when one is available
ID\tGB_ACC\tSPOT_ID\tGene Title\tGene Symbol\tENTREZ_GENE_ID\tRefSeq Transcript ID
1007_s_at\tU48705\t\tdiscoidin domain /// microRNA 4640\tDDR1 /// MIR4640\t780 /// 100616237\tNM_0012
1053_at\tM87338\t\treplication factor C (activator 1) 2, 40kDa\tRFC2\t5982\tNM_002914 /// NM_181471
117_at\tX51757\t\t"heat shock 70kDa protein 6 (HSP70B')\tHSPA6\t3310\tNM_002155
AFFX-BioB-3_at\tAFFX-BioB-3\t--Control\t\t\t\t
"""
SOFT_FAMILY = (
    "^DATABASE = GeoMiame\n!Database_name = Gene Expression Omnibus\n^PLATFORM = GPL570\n"
    + GEO_PLATFORM.replace("ID\tGB_ACC", "!platform_table_begin\nID\tGB_ACC")
    + "!platform_table_end\n^SAMPLE = GSM1\n!sample_table_begin\n"
    + "ID_REF\tVALUE\tCALL\tP\tPAIRS\tUSED\n1053_at\t8.5\tP\t0.01\t11\t11\n!sample_table_end\n"
)
GEO_ANNOT = """^Annotation
!Annotation_date = Aug 09 2016
!Annotation_platform = GPL570
#ID = ID from Platform data table
#Gene symbol = Entrez Gene symbol
!platform_table_begin
ID\tGene title\tGene symbol\tGene ID\tUniGene title\tUniGene symbol\tUniGene ID\tNucleotide Title\tGI
1007_s_at\tmicroRNA 4640///discoidin domain receptor tyrosine kinase 1\tMIR4640///DDR1\t100616237///780
1053_at\treplication factor C subunit 2\tRFC2\t5982\t\t\t\tHuman replication factor C\t1590810
117_at\theat shock protein family A (Hsp70) member 6\tHSPA6\t3310
AFFX-BioB-3_at
!platform_table_end
"""
NETAFFX = """#%create_date=Fri Jul 15 15:27:54 GMT-08:00 2016 PDT
#%chip_type=HG-U133_Plus_2
#%netaffx-annotation-tabular-format-version=1.10
"Probe Set ID","GeneChip Array","Alignments","Gene Title","Gene Symbol","Ensembl","Entrez Gene"
"1007_s_at","HG-U133_Plus_2","chr6:30852861-30867931 (+) // 95.63 // p21.33",\
"discoidin domain ""receptor"" 1 /// microRNA 4640","DDR1 /// MIR4640","ENSG00000137332 /// ENSG00000204580",\
"780 /// 100616237"
"1053_at","HG-U133_Plus_2","---","replication factor C","RFC2","ENSG00000049541","5982"
"117_at","HG-U133_Plus_2","---","heat shock 70kDa protein 6","HSPA6","ENSG00000173110","3310"
"AFFX-BioB-3_at","HG-U133_Plus_2","---","---","---","---","---"
"""
BIOCONDUCTOR = """"PROBEID"\t"SYMBOL"\t"GENENAME"\t"ENTREZID"\t"ENSEMBL"
"1"\t"1007_s_at"\t"DDR1"\t"discoidin domain receptor 1"\t"780"\t"ENSG00000204580"
"2"\t"1007_s_at"\t"MIR4640"\t"microRNA 4640"\t"100616237"\t"ENSG00000264594"
"3"\t"1053_at"\t"RFC2"\t"replication factor C subunit 2"\t"5982"\t"ENSG00000049541"
"4"\t"117_at"\t"HSPA6"\t"heat shock protein family A member 6"\t"3310"\t"ENSG00000173110"
"5"\t"AFFX-BioB-3_at"\tNA\tNA\tNA\tNA
"""
FORMS = {
    "GPL570.txt": (GEO_PLATFORM, "GEO platform", "5982"),
    "GPL570_family.soft": (SOFT_FAMILY, "GEO platform", "5982"),
    "GPL570.annot": (GEO_ANNOT, "GEO annotation", "5982"),
    "HG-U133_Plus_2.na36.annot.csv": (NETAFFX, "NetAffx", "ENSG00000049541"),
    "select.tsv": (BIOCONDUCTOR, "table", "ENSG00000049541"),
}
PROBESETS = ["1007_s_at", "1053_at", "117_at", "AFFX-BioB-3_at", "not_there_at"]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_form_names_the_same_genes(tmp_path: Path, name: str, zipped: bool) -> None:
    text, form, rfc2 = FORMS[name]
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    annotation = read_probe_annotation(path, PROBESETS)
    assert (annotation.file, annotation.format, annotation.listed) == (name, form, 4)
    assert set(annotation.genes("1007_s_at")) == {"DDR1", "MIR4640"}
    assert annotation.genes("1053_at") == ("RFC2",)
    assert annotation.genes("117_at") == ("HSPA6",)
    assert annotation.genes("AFFX-BioB-3_at") == annotation.genes("not_there_at") == ()
    assert annotation.ids["1053_at"] == (rfc2,)


def test_whole_transcript_arrays_name_a_gene_once_per_transcript(tmp_path: Path) -> None:
    two = (
        "NR_046018 // DDX11L1 // DEAD/H box helicase 11 like 1 // 1p36.33 // 100287102 /// "
        "ENST00000456328 // DDX11L5 // DEAD/H box helicase 11 like 5 // 9p24.3 // 100287596 /// "
        "ENST00000456328 // DDX11L1 // DEAD/H box helicase 11 like 1 // 1p36.33 // 100287102"
    )
    one = "NM_002914 // RFC2 // r // 7q11.23 // 5982 /// NM_181471 // RFC2 // r // 7q11.23 // 5982"
    table = f"ID\tprobeset_id\tgene_assignment\nTC01.1\t1\t{two}\nTC07.1\t2\t{one}\nTC0X.1\t3\t--- /// ---\n"
    (tmp_path / "GPL17586.txt").write_text(table)
    annotation = read_probe_annotation(tmp_path / "GPL17586.txt", ["TC01.1", "TC07.1", "TC0X.1"])
    assert [annotation.genes(name) for name in ("TC01.1", "TC07.1", "TC0X.1")] == [
        ("DDX11L1", "DDX11L5"),
        ("RFC2",),
        (),
    ]
    by_number = read_probe_annotation(tmp_path / "GPL17586.txt", ["1", "2"])
    assert by_number.genes("2") == ("RFC2",)


def test_a_symbol_that_stands_twice_is_one_gene_and_ids_serve_where_there_is_no_symbol(
    tmp_path: Path,
) -> None:
    table = (
        "probeset\tsymbol\tgene_id\na_at\tTP53 /// TP53\tENSG1\nb_at\t---\tENSG2\nb_at\tNA\tENSG2\nc_at\t\t\n"
    )
    (tmp_path / "map.tsv").write_text(table)
    annotation = read_probe_annotation(tmp_path / "map.tsv", ["a_at", "b_at", "c_at"])
    assert [annotation.genes(name) for name in ("a_at", "b_at", "c_at")] == [("TP53",), ("ENSG2",), ()]


def test_of_a_folder_the_file_that_lists_most_probesets_is_taken_and_all_are_told(tmp_path: Path) -> None:
    (tmp_path / "GPL96.tsv").write_text("ID\tsymbol\n1053_at\tRFC2\n")
    (tmp_path / "GPL570.csv").write_text(NETAFFX)
    (tmp_path / "chip.cdf").write_bytes(bytes(range(256)))
    annotation = read_probe_annotation(tmp_path, PROBESETS)
    assert annotation.file == "GPL570.csv"
    assert "GPL96.tsv lists 1 of 5 probesets" in annotation.considered
    assert any(told.startswith("chip.cdf") for told in annotation.considered)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "ID\tSequence\n1053_at\tACGT\n",
            "map.tsv:1: has no column of gene symbols or ids, only ID, Sequence",
        ),
        ("ID\tSymbol\nILMN_1\tTP53\n", "map.tsv: lists 0 of 5 probesets"),
        ("", "map.tsv:1: holds no table"),
    ],
)
def test_a_file_that_cannot_serve_says_why(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "map.tsv").write_text(text)
    with pytest.raises(InputError, match=told):
        read_probe_annotation(tmp_path / "map.tsv", PROBESETS)


def test_a_folder_without_annotation_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is an empty folder"):
        read_probe_annotation(tmp_path, PROBESETS)


@pytest.mark.parametrize("name", FORMS)
def test_damaged_files_end_in_an_annotation_or_an_error_for_the_user(tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(7)
    good = FORMS[name][0].encode()
    ends = {"read": 0, "refused": 0}
    for _ in range(200):
        data = np.frombuffer(good, np.uint8).copy()[: random.integers(1, len(good) + 1)]
        places = random.integers(0, len(data), random.integers(1, 20))
        data[places] = random.choice(np.frombuffer(b'\t\n",!#^;/\x00\xff\x1f\x8b\r A', np.uint8), len(places))
        (tmp_path / name).write_bytes(data.tobytes())
        try:
            annotation = read_probe_annotation(tmp_path / name, PROBESETS)
            assert set(annotation.symbols) <= set(PROBESETS)
            ends["read"] += 1
        except InputError:
            ends["refused"] += 1
    assert min(ends.values()) > 0
