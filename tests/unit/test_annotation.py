"""Transcripts and their genes in the annotations people use, however the transcripts are named."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest
from input_files import ROOT, TRANSCRIPTS, fasta, gtf

from rxpress.annotation import annotation_format, gene_rows, map_transcripts, read_annotation
from rxpress.errors import InputError
from rxpress.sequences import transcript_names


def features(*lines):
    """Lines of an annotation from `type attributes`."""
    split = (line.split(" ", 1) for line in lines)
    return "".join(f"chr1\tx\t{kind}\t1\t9\t.\t+\t.\t{attributes}\n" for kind, attributes in split)


ENSEMBL_GTF = "#!genome-build GRCh38\n" + features(
    'gene gene_id "ENSG1"; gene_version "7"; gene_name "TP53";',
    'transcript gene_id "ENSG1"; transcript_id "ENST1"; transcript_version "5"; gene_name "TP53";',
    'exon gene_id "ENSG1"; transcript_id "ENST1"; exon_number "1"; gene_name "TP53";',
    'transcript gene_id "ENSG2"; transcript_id "ENST2"; transcript_version "1";',
)
GENCODE_GTF = features(
    'transcript gene_id "ENSG1.7"; transcript_id "ENST1.5"; gene_name "TP53";',
    'transcript gene_id "ENSG2.1_PAR_Y"; transcript_id "ENST2.1_PAR_Y"; gene_name "ASMT";',
)
REFSEQ_GTF = features(
    'gene gene_id "TP53"; transcript_id ""; db_xref "GeneID:7157";',
    'transcript gene_id "TP53"; transcript_id "NM_000546.6"; gene "TP53"; orig_transcript_id "gnl|x|y";',
)
ERCC_GTF = features('exon gene_id "ERCC-00002"; transcript_id "DQ459430";')
UNQUOTED_GTF = features("exon gene_id g1; transcript_id t1; gene_name N1;")
ENSEMBL_GFF3 = "##gff-version 3\n" + features(
    "chromosome ID=chromosome:1",
    "gene ID=gene:ENSG1;Name=TP53;gene_id=ENSG1;version=7",
    "mRNA ID=transcript:ENST1;Parent=gene:ENSG1;Name=TP53-201;transcript_id=ENST1;version=5",
    "exon Parent=transcript:ENST1;Name=ENSE1",
    "ncRNA_gene ID=gene:ENSG2;gene_id=ENSG2",
    "lnc_RNA ID=transcript:ENST2;Parent=gene:ENSG2;transcript_id=ENST2;version=1",
)
GENCODE_GFF3 = features(
    "gene ID=ENSG1.7;gene_id=ENSG1.7;gene_name=TP53",
    "transcript ID=ENST1.5;Parent=ENSG1.7;gene_id=ENSG1.7;transcript_id=ENST1.5;gene_name=TP53",
    "exon ID=exon:ENST1.5:1;Parent=ENST1.5",
)
REFSEQ_GFF3 = features(
    "region ID=NC_1:1..9;gbkey=Src",
    "gene ID=gene-TP53;Name=TP53;gbkey=Gene;gene=TP53",
    "mRNA ID=rna-NM_000546.6;Parent=gene-TP53;Name=NM_000546.6;gbkey=mRNA;transcript_id=NM_000546.6",
    "exon ID=exon-NM_000546.6-1;Parent=rna-NM_000546.6;gbkey=mRNA",
    "gene ID=gene-MIR1;Name=MIR1;gbkey=Gene;gene=MIR1",
    "primary_transcript ID=rna-NR_1.1;Parent=gene-MIR1;transcript_id=NR_1.1",
    "exon ID=exon-NR_1.1-1;Parent=rna-NR_1.1",
    "miRNA ID=rna-MIR1;Parent=rna-NR_1.1;product=hsa-miR-1",
)
TAIR_GFF3 = "##gff-version 1\n" + features(
    "gene ID=AT1G01010;Note=protein_coding_gene;Name=AT1G01010",
    "mRNA ID=AT1G01010.1;Parent=AT1G01010;Name=AT1G01010.1;Index=1",
    "protein ID=AT1G01010.1-Protein;Name=AT1G01010.1;Derives_from=AT1G01010.1",
    "exon Parent=AT1G01010.1",
    "CDS Parent=AT1G01010.1,AT1G01010.1-Protein;",
    "mRNA_TE_gene ID=AT1G01020.1;Parent=AT1G01020",
    "exon Parent=AT1G01020.1",
)
BARE_GFF3 = features("gene ID=b0001;gene=thrL;locus_tag=b0001", "CDS ID=cds-1;Parent=b0001")
LOOP_GFF3 = features("mRNA ID=t1;Parent=t2", "mRNA ID=t2;Parent=t1", "exon Parent=t1")
ESCAPED_GFF3 = features("gene ID=g1;Name=NKX2%2C5", "mRNA ID=t1;Parent=g1", "exon Parent=t1")


@pytest.mark.parametrize(
    ("text", "form", "genes"),
    [
        (ENSEMBL_GTF, "gtf", {"ENST1": ("ENSG1", "TP53"), "ENST2": ("ENSG2", "ENSG2")}),
        (GENCODE_GTF, "gtf", {"ENST1.5": ("ENSG1.7", "TP53"), "ENST2.1_PAR_Y": ("ENSG2.1_PAR_Y", "ASMT")}),
        (REFSEQ_GTF, "gtf", {"NM_000546.6": ("TP53", "TP53")}),
        (ERCC_GTF, "gtf", {"DQ459430": ("ERCC-00002", "ERCC-00002")}),
        (UNQUOTED_GTF, "gtf", {"t1": ("g1", "N1")}),
        (
            ENSEMBL_GFF3,
            "gff3",
            {"transcript:ENST1": ("ENSG1", "TP53"), "transcript:ENST2": ("ENSG2", "ENSG2")},
        ),
        (GENCODE_GFF3, "gff3", {"ENST1.5": ("ENSG1.7", "TP53")}),
        (
            REFSEQ_GFF3,
            "gff3",
            {
                "rna-NM_000546.6": ("TP53", "TP53"),
                "rna-NR_1.1": ("MIR1", "MIR1"),
                "rna-MIR1": ("MIR1", "MIR1"),
            },
        ),
        (
            TAIR_GFF3,
            "gff3",
            {"AT1G01010.1": ("AT1G01010", "AT1G01010"), "AT1G01020.1": ("AT1G01020", "AT1G01020")},
        ),
        (BARE_GFF3, "gff3", {"b0001": ("b0001", "thrL")}),
        (ESCAPED_GFF3, "gff3", {"t1": ("g1", "NKX2,5")}),
    ],
    ids=lambda value: value[:60].replace("\n", " ") if isinstance(value, str) else "",
)
def test_annotations_give_each_transcript_its_gene(tmp_path, text, form, genes):
    (tmp_path / "any.name").write_bytes(gzip.compress(text.encode()))
    annotation = read_annotation(tmp_path / "any.name")
    assert annotation.format == form
    assert {name: tuple(annotation.genes[name]) for name in annotation.transcripts} == genes


def test_features_that_are_each_others_parents_do_not_go_round_for_ever(tmp_path):
    (tmp_path / "a.gff3").write_text(LOOP_GFF3)
    assert read_annotation(tmp_path / "a.gff3").transcripts == ["t1", "t2"]


@pytest.mark.parametrize(
    "text",
    [
        "transcript_id\tgene_id\tgene_name\nt1\tg1\tN1\nt2\tg2\t\n",
        "t1\tg1\tN1\nt2\tg2\tNA\n",
        "TXNAME,GENEID,SYMBOL\nt1,g1,N1\nt2,g2,g2\n",
    ],
)
def test_a_ready_table_may_have_a_header_and_names_or_not(tmp_path, text):
    (tmp_path / "map.txt").write_text(text)
    annotation = read_annotation(tmp_path / "map.txt")
    assert annotation.format == "table"
    assert annotation.genes == {"t1": ("g1", "N1"), "t2": ("g2", "g2")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "a.gtf: has no features; give a GTF or GFF3 file"),
        (
            fasta(["a"]),
            "a.gtf: is neither GTF nor GFF3: it is FASTA; give a GTF or GFF3 file with nine columns",
        ),
        (
            "chr1\t1\t100\tname\t0\t+\n",
            "a.gtf: is neither GTF nor GFF3: a line has 6 columns; give a GTF or GFF3 file with nine columns",
        ),
        (
            features('gene gene_id "g1"; gene_name "x";'),
            "a.gtf: is GTF without transcripts; give an annotation with exons or transcripts",
        ),
        ("transcript,gene\nt1,\n", "a.gtf:2: a transcript without a gene; fill or remove the line"),
    ],
)
def test_what_is_no_annotation_is_refused(tmp_path, text, line):
    (tmp_path / "a.gtf").write_text(text)
    with pytest.raises(InputError) as error:
        read_annotation(tmp_path / "a.gtf")
    assert str(error.value) == line


def test_an_annotation_that_ends_early_is_refused(tmp_path):
    packed = gzip.compress((ENSEMBL_GTF * 5000).encode())
    (tmp_path / "a.gtf.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match=r"a\.gtf\.gz: cannot be read to its end"):
        read_annotation(tmp_path / "a.gtf.gz")


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        (GENCODE_GTF, "ENST1.5", "exact"),
        (GENCODE_GTF, "ENST1.5|ENSG1.7|OTT|-|TP53-201|TP53|9|protein_coding|", "header"),
        (GENCODE_GTF, "ENST1", "version"),
        (GENCODE_GTF, "ENST1.4", "other_version"),
        (GENCODE_GTF, "ENST2.1_PAR_Y", "exact"),
        (GENCODE_GTF, "ENST2_PAR_Y|ENSG2|", "version"),
        (GENCODE_GTF, "ENST1.5_PAR_Y", "par_y"),
        (ENSEMBL_GTF, "ENST1", "exact"),
        (ENSEMBL_GTF, "ENST1.5", "exact"),
        (ENSEMBL_GTF, "ENST1.6", "other_version"),
        (ENSEMBL_GTF, "ENST1.5_PAR_Y", "par_y"),
        (ENSEMBL_GFF3, "transcript:ENST1", "exact"),
        (ENSEMBL_GFF3, "ENST1", "exact"),
        (ENSEMBL_GFF3, "ENST1.5", "exact"),
        (REFSEQ_GFF3, "NM_000546.6", "exact"),
        (REFSEQ_GFF3, "NM_000546", "version"),
        (TAIR_GFF3, "AT1G01010.2", "other_version"),
    ],
)
def test_names_of_transcripts_meet_the_annotation(tmp_path, text, name, how):
    (tmp_path / "a").write_text(text)
    mapping = map_transcripts([name], read_annotation(tmp_path / "a"))
    assert dict(mapping.how) == {how: 1}
    assert list(mapping.genes) == [name]


def test_without_version_a_name_that_means_two_genes_means_none(tmp_path):
    (tmp_path / "a").write_text(gtf({"t.1": "g1", "t.2": "g2"}))
    mapping = map_transcripts(["t.1", "t.3", "t"], read_annotation(tmp_path / "a"))
    assert list(mapping.genes) == ["t.1"]
    assert mapping.unmapped == ["t.3", "t"]


def test_spike_ins_are_told_apart_and_do_not_count(tmp_path):
    (tmp_path / "a").write_text(gtf(TRANSCRIPTS))
    spike_ins = ["ERCC-00002", "ERCC_00130", "SIRV101", "R1_101_1"]
    mapping = map_transcripts([*TRANSCRIPTS, *spike_ins, "other"], read_annotation(tmp_path / "a"))
    assert mapping.spike_ins == spike_ins
    assert (mapping.total, mapping.unmapped) == (4, ["other"])


def test_spike_ins_in_the_annotation_have_their_genes(tmp_path):
    (tmp_path / "a").write_text(GENCODE_GTF + ERCC_GTF.replace("DQ459430", "ERCC-00002"))
    mapping = map_transcripts(["ERCC-00002"], read_annotation(tmp_path / "a"))
    assert mapping.genes["ERCC-00002"].id == "ERCC-00002"


def test_rows_have_names_with_bars_also_without_what_follows(tmp_path):
    (tmp_path / "a").write_text(GENCODE_GTF)
    mapping = map_transcripts(["ENST1.5|ENSG1.7|x", "lost"], read_annotation(tmp_path / "a"))
    assert gene_rows(mapping) == [("ENST1.5|ENSG1.7|x", "ENSG1.7", "TP53"), ("ENST1.5", "ENSG1.7", "TP53")]


def build(tmp_path, *options):
    command = [sys.executable, str(ROOT / "bin/build_tx2gene.py"), *options, "--out", "map.tsv"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)


def test_the_command_names_transcripts_as_the_fasta_does_and_tells_what_is_left_out(tmp_path):
    (tmp_path / "a.gtf").write_text(ENSEMBL_GTF)
    (tmp_path / "t.fa").write_text(fasta(["ENST1.5", "ERCC-00002", "NEW1.1"]))
    done = build(tmp_path, "--gtf", "a.gtf", "--transcripts", "t.fa")
    assert (tmp_path / "map.tsv").read_text() == "transcript_id\tgene_id\tgene_name\nENST1.5\tENSG1\tTP53\n"
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "warning: 1 transcripts are not in the annotation and are left out: NEW1.1",
        "warning: 1 spike-ins have no gene and are left out: ERCC-00002",
    ]


def test_the_command_refuses_a_map_of_nothing(tmp_path):
    (tmp_path / "a.gtf").write_text(ENSEMBL_GTF)
    (tmp_path / "t.fa").write_text(fasta(["AT1G01010.1"]))
    done = build(tmp_path, "--gtf", "a.gtf", "--transcripts", "t.fa")
    assert done.returncode == 2
    assert "error: none of 1 transcripts has a gene" in done.stderr
    assert not (tmp_path / "map.tsv").exists()


@pytest.mark.real
def test_real_annotations_cover_the_transcripts_that_gffread_makes_of_them(real_data):
    tair = read_annotation(real_data / "reads_arabidopsis/annotation.gff3.gz")
    assert (tair.format, len(tair.transcripts), len(set(tair.genes.values()))) == ("gff3", 179, 152)
    assert tair.genes["AT1G01020.2"].id == "AT1G01020"


@pytest.mark.real
def test_real_quants_with_versions_meet_a_real_gtf_without(real_data):
    airway = real_data / "airway"
    annotation = read_annotation(airway / "Homo_sapiens.GRCh37.75_subset.gtf.gz")
    names = transcript_names(airway / "quants/SRR1039508/quant.sf.gz")
    mapping = map_transcripts(names, annotation)
    assert len(names) == 205870
    assert mapping.how.keys() == {"version"}
    assert annotation_format(airway / "Homo_sapiens.GRCh37.75_subset.gtf.gz") == "gtf"
    assert len(mapping.genes) > 0.9 * len(annotation.transcripts)
