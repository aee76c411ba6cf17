"""One annotation for the aligned route: exons, genes, splice sites, and what is made where exons lack."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from alignment_files import Transcript, gtf, made_transcripts

from rxpress.alignments.exons import read_exons, write_exons
from rxpress.alignments.gene_models import SPAN, Regions
from rxpress.annotation import read_annotation
from rxpress.errors import InputError

BIN = Path(__file__).resolve().parents[2] / "bin"
GFF3 = """##gff-version 3
1	x	gene	101	900	.	+	.	ID=gene:G1;Name=TP53;gene_id=G1
1	x	mRNA	101	900	.	+	.	ID=transcript:T1;Parent=gene:G1
1	x	exon	101	300	.	+	.	Parent=transcript:T1,transcript:T2
1	x	CDS	150	300	.	+	0	ID=c;Parent=transcript:T1
1	x	exon	701	900	.	+	.	Parent=transcript:T1
1	x	mRNA	101	300	.	+	.	ID=transcript:T2;Parent=gene:G1
1	x	gene	2001	2900	.	-	.	ID=gene:G2;gene_id=G2
1	x	mRNA	2001	2900	.	-	.	ID=transcript:T3;Parent=gene:G2
1	x	five_prime_UTR	2801	2900	.	-	.	Parent=transcript:T3
1	x	CDS	2601	2800	.	-	0	ID=d;Parent=transcript:T3
1	x	CDS	2001	2300	.	-	0	ID=d;Parent=transcript:T3
2	x	tRNA	11	80	.	.	.	ID=t;gene_id=G3
##FASTA
>1
"""


def write(tmp_path, text, name="a.gtf"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def exon_lines(folder):
    return [line.split("\t") for line in (folder / "exons.gtf").read_text().splitlines()]


def test_exons_of_gff3_go_to_every_parent_and_are_made_where_there_are_none(tmp_path):
    write_exons(write(tmp_path, GFF3, "a.gff3"), tmp_path)
    rows = [(c[0], int(c[3]), int(c[4]), c[6], c[8].split('"')[1::2]) for c in exon_lines(tmp_path)]
    assert rows == [
        ("1", 101, 300, "+", ["G1", "transcript:T1", "TP53"]),
        ("1", 101, 300, "+", ["G1", "transcript:T2", "TP53"]),
        ("1", 701, 900, "+", ["G1", "transcript:T1", "TP53"]),
        ("1", 2001, 2300, "-", ["G2", "transcript:T3", "G2"]),
        ("1", 2601, 2900, "-", ["G2", "transcript:T3", "G2"]),
        ("2", 11, 80, ".", ["G3", "t", "G3"]),
    ]
    assert (tmp_path / "splice_sites.tsv").read_text() == "1\t299\t700\t+\n1\t2299\t2600\t-\n"


def test_gtf_without_exon_lines_has_those_of_coding_parts(tmp_path):
    parts = (
        ("CDS", 10, 50),
        ("CDS", 90, 150),
        ("start_codon", 10, 12),
        ("stop_codon", 151, 153),
        ("gene", 1, 500),
    )
    text = "".join(
        f'c\tx\t{kind}\t{a}\t{b}\t.\t+\t0\tgene_id "g"; transcript_id "t"; gene_name "N";\n'
        for kind, a, b in parts
    )
    models = write_exons(write(tmp_path, text), tmp_path)
    assert [(c[2], c[3], c[4]) for c in exon_lines(tmp_path)] == [("exon", "10", "50"), ("exon", "90", "153")]
    assert (models.gene_ids, models.gene_names, models.gene_lengths.tolist()) == (["g"], ["N"], [105])


@pytest.mark.parametrize("name", ["a.gtf", "a.gtf.gz", "a.txt"])
def test_the_command_writes_both_files_from_plain_and_gzip(tmp_path, name):
    source = write(tmp_path, gtf(made_transcripts()), name)
    command = [BIN / "build_exons.py", "--annotation", source, "--outdir", tmp_path / "out"]
    subprocess.run(command, check=True)
    assert len(exon_lines(tmp_path / "out")) == sum(len(t.exons) for t in made_transcripts())
    assert (tmp_path / "out" / "splice_sites.tsv").stat().st_size > 0


def test_what_is_written_reads_back_and_is_written_again_the_same(tmp_path):
    once = write_exons(write(tmp_path, gtf(made_transcripts())), tmp_path / "1")
    again = write_exons(tmp_path / "1" / "exons.gtf", tmp_path / "2")
    for name in ("exons.gtf", "splice_sites.tsv"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert once.gene_ids == again.gene_ids


@pytest.mark.parametrize(
    ("annotation", "files"),
    [
        ("airway", "airway/Homo_sapiens.GRCh37.75_subset.gtf.gz"),
        ("arabidopsis", "reads_arabidopsis/annotation.gff3.gz"),
    ],
)
def test_genes_of_real_annotations_are_those_of_read_annotation(tmp_path, real_data, annotation, files):
    models = write_exons(real_data / files, tmp_path)
    known = read_annotation(real_data / files)
    ids = {c[8].split('"')[3]: (c[8].split('"')[1], c[8].split('"')[5]) for c in exon_lines(tmp_path)}
    assert ids == {name: tuple(known.genes[name]) for name in known.transcripts}
    assert dict(zip(models.gene_ids, models.gene_names, strict=True)) == dict(ids.values())


def test_lengths_of_genes_are_those_of_featurecounts(tmp_path):
    if not shutil.which("featureCounts"):
        pytest.skip("no featureCounts on PATH (Debian: subread)")
    overlapping = [Transcript("X.1", "X", "2", "+", ((39_000, 39_100), (39_300, 39_400)))]
    overlapping += [Transcript("X.2", "X", "2", "+", ((39_050, 39_150), (39_380, 39_390)))]
    overlapping += [
        Transcript("Y.1", "Y", "2", "-", ((39_060, 39_140),)),
        Transcript("X.3", "X", "MT", "+", ((0, 9),)),
    ]
    models = write_exons(write(tmp_path, gtf([*made_transcripts(), *overlapping])), tmp_path)
    sam = tmp_path / "none.sam"
    sam.write_text("@SQ\tSN:1\tLN:60000\n@SQ\tSN:2\tLN:40000\nr\t4\t*\t0\t0\t*\t*\t0\t0\tA\tI\n")
    command = ["featureCounts", "-a", tmp_path / "exons.gtf", "-o", tmp_path / "counts", sam]
    subprocess.run(command, check=True, capture_output=True)
    rows = [line.split("\t") for line in (tmp_path / "counts").read_text().splitlines()[2:]]
    assert {r[0]: int(r[5]) for r in rows} == dict(
        zip(models.gene_ids, models.gene_lengths.tolist(), strict=True)
    )


def test_splice_sites_are_introns_of_five_bases_or_more_each_once(tmp_path):
    transcripts = [
        Transcript("A.1", "A", "1", "+", ((100, 200), (204, 300), (305, 400))),
        Transcript("A.2", "A", "1", "+", ((150, 200), (204, 300), (500, 600))),
        Transcript("A.3", "A", "1", "+", ((500, 600), (100, 300))),
        Transcript("B.1", "B", "1", "-", ((100, 300), (305, 400))),
    ]
    write_exons(write(tmp_path, gtf(transcripts)), tmp_path)
    assert (tmp_path / "splice_sites.tsv").read_text() == ("1\t299\t305\t-\n1\t299\t305\t+\n1\t299\t500\t+\n")


def test_the_model_of_a_gene_is_its_longest_transcript_unless_another_gene_touches_it(tmp_path):
    transcripts = [
        Transcript("A.1", "A", "1", "-", ((100, 300), (500, 600))),
        Transcript("A.2", "A", "1", "-", ((100, 300), (400, 700))),
        Transcript("In.1", "In", "1", "+", ((310, 390),)),  # within an intron: touches no exon
        Transcript("B.1", "B", "1", "+", ((1000, 2000),)),
        Transcript("C.1", "C", "1", "-", ((1900, 2500),)),
        Transcript("D.1", "D", "1", "+", ((2500, 2600),)),
    ]
    models = write_exons(write(tmp_path, gtf(transcripts)), tmp_path)
    genes = [models.gene_ids[i] for i in models.models.genes]
    assert genes == ["A", "In", "D"]
    assert models.models.lengths.tolist() == [500, 80, 100]
    assert models.models.strands.tolist() == [-1, 1, 1]
    assert models.models.offset.tolist() == [0, 0, 200, 0]


def test_genes_without_a_strand_have_exons_but_no_direction(tmp_path):
    transcripts = [Transcript("A.1", "A", "1", ".", ((100, 300), (500, 600)))]
    models = write_exons(write(tmp_path, gtf(transcripts)), tmp_path)
    assert models.gene_lengths.tolist() == [300]
    assert [len(r.starts) for r in (models.exonic, models.forward, models.reverse)] == [2, 0, 0]
    assert len(models.models.genes) == len(models.splice_sites.left) == 0


def test_one_transcript_id_at_two_loci_is_two_transcripts_of_one_gene(tmp_path):
    transcripts = [
        Transcript("A", "A", name, strand, ((10, 110), (200, 300)))
        for name, strand in (("X", "+"), ("Y", "-"))
    ]
    models = write_exons(write(tmp_path, gtf(transcripts)), tmp_path)
    assert models.gene_lengths.tolist() == [400]
    assert (tmp_path / "splice_sites.tsv").read_text() == "X\t109\t200\t+\nY\t109\t200\t-\n"


def test_overlap_with_regions_is_what_a_map_of_single_bases_says():
    rng = random.Random(3)
    stretches = np.array([(a := rng.randint(0, 900), a + rng.randint(1, 40)) for _ in range(60)]) + 2 * SPAN
    regions = Regions.union(*stretches.T)
    bases = np.zeros(1200, dtype=bool)
    for start, end in stretches - 2 * SPAN:
        bases[start:end] = True
    asked = np.array([(a := rng.randint(0, 1000), a + rng.randint(0, 150)) for _ in range(500)])
    expected = [bases[start:end].sum() for start, end in asked]
    assert regions.overlap(*(asked + 2 * SPAN).T).tolist() == expected
    assert not regions.overlap(*(asked - SPAN).T).any()
    assert not Regions.union(*np.zeros((2, 0), dtype=int)).overlap(*asked.T).any()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("101\t300", "101\tx"), "a.gff3:4: '101' and 'x' are no positions; correct the line"),
        (("101\t300", "400\t300"), "a.gff3:4: ends at 300, before it begins at 400 (positions count from 1)"),
        (("101\t300", "0\t300"), "a.gff3:4: ends at 300, before it begins at 0 (positions count from 1)"),
    ],
)
def test_wrong_exons_are_named_with_their_line(tmp_path, change, words):
    with pytest.raises(InputError) as error:
        write_exons(write(tmp_path, GFF3.replace(*change, 2), "a.gff3"), tmp_path)
    assert words in str(error.value)


def test_all_wrong_lines_of_exons_are_named_at_once(tmp_path):
    lines = gtf(made_transcripts()).splitlines()
    lines[1] = lines[1].replace("transcript_id", "id")
    lines[4] = lines[4].replace("gene_id", "id")
    with pytest.raises(InputError) as error:
        read_exons(write(tmp_path, "\n".join(lines) + "\n"))
    assert [problem.line for problem in error.value.problems] == [2, 5]


@pytest.mark.parametrize("text", ["transcript\tgene\nt1\tg1\n", 'c\tx\tgene\t1\t9\t.\t+\t.\tgene_id "g";\n'])
def test_an_annotation_without_exons_is_refused(tmp_path, text):
    with pytest.raises(InputError, match=r"a\.gtf"):
        write_exons(write(tmp_path, text), tmp_path / "out")


def test_quotes_in_names_do_not_break_the_file(tmp_path):
    text = GFF3.replace("Name=TP53", 'Name=5" end%3B x')
    models = write_exons(write(tmp_path, text, "a.gff3"), tmp_path)
    assert models.gene_names[0] == "5' end; x"
