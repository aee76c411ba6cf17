"""Quality of alignments against other programs: samtools and featureCounts run here, RSeQC by its figures.

tests/golden/alignments.py made those of RSeQC. STAR and HISAT2 align the small demo study, whose truth is
known.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import statistics
import subprocess
from pathlib import Path

import numpy as np
import pytest
from alignment_files import gtf, made_library, made_transcripts, sorted_by_place, write_bam

from rxpress.alignments.exons import read_exons, write_exons
from rxpress.alignments.quality import examine_alignments

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "alignments"
STUDY = ROOT / "tests" / "data" / "small"


def needs(*programs):
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        pytest.skip(f"not on PATH: {', '.join(missing)} (Debian: rna-star, hisat2, samtools, subread)")


def run(*command, **more):
    words = list(map(str, command))
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sorted BAM file of the made library, the gene models, and the quality of it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "made.gtf").write_text(gtf(made_transcripts()))
    models = write_exons(folder / "made.gtf", folder)
    path = write_bam(folder / "made.bam", sorted_by_place(made_library()), "coordinate")
    return path, models, examine_alignments([path], models)


@pytest.fixture(scope="module")
def star(tmp_path_factory):
    return align("STAR", tmp_path_factory.mktemp("star"))


@pytest.fixture(scope="module")
def hisat2(tmp_path_factory):
    return align("hisat2", tmp_path_factory.mktemp("hisat2"))


def align(aligner, folder):
    """A sample of the small demo study, aligned and sorted, as `made`."""
    needs(aligner, "samtools")
    models = write_exons(STUDY / "annotation.gtf.gz", folder)
    genome = folder / "genome.fa"
    genome.write_bytes(gzip.decompress((STUDY / "genome.fa.gz").read_bytes()))
    mates = sorted((STUDY / "reads").glob("*_R1.fastq.gz"))[-1]
    mates = (mates, mates.with_name(mates.name.replace("_R1", "_R2")))
    index = folder / "index"
    if aligner == "STAR":
        index.mkdir()
        star = ("STAR", "--genomeDir", index, "--outFileNamePrefix", f"{folder}/")
        annotated = ("--sjdbGTFfile", folder / "exons.gtf", "--genomeSAindexNbases", 8)
        run(*star, "--runMode", "genomeGenerate", "--genomeFastaFiles", genome, *annotated)
        output = ("--outSAMtype", "BAM", "Unsorted", "--outSAMunmapped", "Within")
        run(*star, "--readFilesIn", *mates, "--readFilesCommand", "zcat", *output)
        unsorted = folder / "Aligned.out.bam"
    else:
        run("hisat2-build", genome, index)
        unsorted = folder / "out.sam"
        sites = ("--known-splicesite-infile", folder / "splice_sites.tsv")
        run("hisat2", "-x", index, *sites, "-1", mates[0], "-2", mates[1], "-S", unsorted)
    path = folder / "sorted.bam"
    run("samtools", "sort", "-o", path, unsorted)
    return path, models, examine_alignments([path], models)


@pytest.fixture(params=["made", "star", "hisat2"])
def aligned(request):
    needs("samtools")
    return request.getfixturevalue(request.param)


def test_counts_of_reads_are_those_of_samtools_flagstat(aligned):
    path, _, quality = aligned
    told = json.loads(run("samtools", "flagstat", "-O", "json", path))["QC-passed reads"]
    assert quality.reads == told["primary"]
    assert 2 * quality.fragments == told["primary"]
    assert 2 * quality.proper_pairs == told["properly paired"]
    assert 2 * quality.mapped_fragments - told["singletons"] == told["primary mapped"]
    assert quality.flagged_duplicates == 0 == told["primary duplicates"]
    assert quality.sort_order == "coordinate"


def test_spliced_and_unique_reads_are_those_that_samtools_filters(aligned):
    path, _, quality = aligned
    mapped = ("samtools", "view", "-c", "-F", "0x904")
    assert quality.spliced_reads == int(run(*mapped, "-e", 'cigar=~"N"', path))
    assert quality.unique_fragments == int(run(*mapped, "-f", "0x40", "-e", "[NH]==1", path))


def mark_duplicates(path, tmp_path):
    for step, command in enumerate((("sort", "-n"), ("fixmate", "-m"), ("sort",), ("markdup",))):
        target = tmp_path / f"{step}.bam"
        place = ("-o", target, path) if "sort" in command[0] else (path, target)
        run("samtools", *command, *place)
        path = target
    return path


def test_duplicates_are_those_that_samtools_marks(aligned, tmp_path):
    path, models, quality = aligned
    marked = examine_alignments([mark_duplicates(path, tmp_path)], models)
    share = marked.flagged_duplicates / marked.mapped_fragments
    assert quality.duplicate_share == marked.duplicate_share == pytest.approx(share, abs=0.002)


def test_planted_duplicates_are_those_that_samtools_marks(made, tmp_path):
    needs("samtools")
    library = made_library()
    copies = [{**read, "name": f"copy.{read['name']}"} for read in library[:1000]]
    path = write_bam(tmp_path / "copied.bam", [*library, *copies])
    marked = examine_alignments([mark_duplicates(path, tmp_path)], made[1])
    assert marked.flagged_duplicates >= 500
    assert marked.duplicate_share == pytest.approx(
        marked.flagged_duplicates / marked.mapped_fragments, abs=1e-3
    )
    assert marked.duplicate_share == examine_alignments([path], made[1]).duplicate_share


def test_bases_in_exons_and_genes_are_those_that_samtools_depth_sums(aligned, tmp_path):
    path, _, quality = aligned
    run("samtools", "index", path)
    exons, genes = tmp_path / "exons.bed", tmp_path / "genes.bed"
    rows, spans = [], {}
    for line in (path.parent / "exons.gtf").read_text().splitlines():
        columns = line.split("\t")
        start, end = int(columns[3]) - 1, int(columns[4])
        rows.append((columns[0], start, end))
        first, last = spans.get((columns[0], columns[8].split('"')[1]), (start, end))
        spans[columns[0], columns[8].split('"')[1]] = (min(first, start), max(last, end))
    exons.write_text("".join(f"{a}\t{b}\t{c}\n" for a, b, c in rows))
    genes.write_text("".join(f"{name}\t{a}\t{b}\n" for (name, _), (a, b) in spans.items()))
    depth = ("samtools", "depth", "-d", 0, "-G", "0x904")
    sums = [
        sum(int(row.split("\t")[2]) for row in run(*depth, *where, path).splitlines())
        for where in (("-b", exons), ("-b", genes), ())
    ]
    assert quality.exonic_bases == sums[0]
    assert quality.intronic_bases == sums[1] - sums[0]
    assert quality.intergenic_bases == sums[2] - sums[1]


def test_the_strand_is_that_by_which_featurecounts_assigns(aligned, tmp_path):
    needs("featureCounts")
    path, _, quality = aligned
    assigned = []
    for strand in (1, 2):
        out = tmp_path / f"counts{strand}"
        paired = ("-p", "--countReadPairs", "-s", strand)
        run("featureCounts", *paired, "-a", path.parent / "exons.gtf", "-o", out, path)
        summary = out.with_name(f"{out.name}.summary").read_text()
        assigned.append(int(re.search(r"^Assigned\t(\d+)", summary, re.MULTILINE)[1]))
    assert quality.forward_share == pytest.approx(assigned[0] / sum(assigned), abs=0.01)


@pytest.mark.parametrize("aligner", ["star", "hisat2"])
def test_the_demo_study_is_what_its_maker_planted(request, aligner):
    quality = request.getfixturevalue(aligner)[2]
    assert (quality.strandedness, quality.library_type) == ("reverse", "ISR")
    assert quality.mapped_fragments / quality.fragments == pytest.approx(0.965, abs=0.02)
    assert quality.exonic_bases / (quality.exonic_bases + quality.intergenic_bases) > 0.99
    normal = statistics.NormalDist(200, 25)  # FRAGMENT_LENGTH of tests/data/demo_study/reads.py
    sizes = quality.insert_size
    planted = [normal.inv_cdf(share) for share in (0.25, 0.5, 0.75)]
    assert [sizes.lower_quartile, sizes.median, sizes.upper_quartile] == pytest.approx(planted, abs=4)
    assert quality.mean_read_length == 75


def infer_experiment(name):
    text = (GOLDEN / f"{name}.infer_experiment.txt").read_text()
    forward, reverse = map(float, re.findall(r'by "1\+.*: ([\d.]+)', text))
    return forward / (forward + reverse)


def read_distribution(name):
    """Shares of tags in exons and in introns."""
    text = (GOLDEN / f"{name}.read_distribution.txt").read_text()
    tags = {row.split()[0]: int(row.split()[2]) for row in text.splitlines()[5:-1]}
    total = int(re.search(r"Total Tags\s+(\d+)", text)[1])
    return sum(n for kind, n in tags.items() if "Exons" in kind) / total, tags["Introns"] / total


def agree_with_rseqc(quality, name, read_length):
    assert quality.forward_share == pytest.approx(infer_experiment(name), abs=0.01)
    bases = quality.exonic_bases + quality.intronic_bases + quality.intergenic_bases
    shares = (quality.exonic_bases / bases, quality.intronic_bases / bases)
    assert shares == pytest.approx(read_distribution(name), abs=0.02)
    _, *inner = map(float, (GOLDEN / f"{name}.inner_distance.txt").read_text().split())
    sizes = quality.insert_size
    ours = np.array([sizes.lower_quartile, sizes.median, sizes.upper_quartile]) - 2 * read_length
    assert ours == pytest.approx(inner, abs=12)


def test_a_made_library_is_what_rseqc_says(made):
    agree_with_rseqc(made[2], "made", read_length=50)
    profile = np.array(
        (GOLDEN / "made.gene_body.txt").read_text().splitlines()[1].split("\t")[1:], dtype=float
    )
    assert np.corrcoef(profile, made[2].coverage)[0, 1] > 0.95


def test_real_alignments_are_what_rseqc_says(real_data, tmp_path):
    write_exons(real_data / "airway" / "Homo_sapiens.GRCh37.75_subset.gtf.gz", tmp_path)
    path = real_data / "airway" / "bam" / "SRR1039508_subset.bam"
    quality = examine_alignments([path], read_exons(tmp_path / "exons.gtf"))
    agree_with_rseqc(quality, "airway", read_length=63)
    assert (quality.strandedness, quality.library_type) == ("unstranded", "IU")
