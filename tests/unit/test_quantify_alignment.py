"""Counts of alignments: planted ones come back by every quantifier, and counters count as they do by hand."""

import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from shutil import which

import numpy as np
import pandas as pd
import pysam
import pytest
from genome_library import PLANTED, make_genome_library

from rxpress.alignments.aligners import AlignOptions, align_sample, write_reads
from rxpress.alignments.counters import CounterOptions, Library, run_featurecounts
from rxpress.alignments.exons import read_exons, write_exons
from rxpress.alignments.indexes import build_index, write_plain
from rxpress.alignments.quantify import (
    QUANTIFIERS,
    AlignedStatus,
    AlignmentOptions,
    SampleAlignments,
    choose_strandedness,
    quantify_alignment,
)
from rxpress.alignments.salmon_alignments import extract_transcripts
from rxpress.errors import InputError, ToolError
from rxpress.fastp import SampleReads
from rxpress.programs import run_tool
from rxpress.salmon import QuantifyOptions, quantify_sample

COMMAND = Path(__file__).parents[2] / "bin" / "quantify_alignment.py"
SUBREAD_TESTS = Path("/usr/share/doc/subread/examples/test.tar.xz")
PAIRS = sum(PLANTED.values())
PROGRAMS = ("STAR", "samtools", "fastp", "salmon", "gffread", "featureCounts", "htseq-count")

needs_tools = pytest.mark.skipif(
    not all(map(which, PROGRAMS)), reason=f"{', '.join(PROGRAMS)} are not all on PATH: counters NOT tested"
)


@pytest.fixture(scope="session")
def aligned(tmp_path_factory) -> Path:
    """A folder with references and STAR's alignments of the made library."""
    folder = tmp_path_factory.mktemp("aligned")
    library = make_genome_library(folder)
    write_exons(library.annotation, folder)
    exons = folder / "exons.gtf"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        index = build_index("star", library.genome, exons, 1, None, folder)
        options = AlignOptions("star", index, exons, folder / "splice_sites.tsv", transcriptome=True)
        write_reads(align_sample(SampleReads("S.1", library.write(folder)), options, folder), folder)
    extract_transcripts(library.genome, exons, folder / "transcripts.fa")
    return folder


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made(aligned: Path, suffix: str = "bam") -> Path:
    return aligned / "alignments" / "S.1" / f"S.1.{suffix}"


def quantify(
    aligned: Path, outdir: Path, quantifier: str, *bams: Path, strandedness: str = "auto", **more
) -> AlignedStatus:
    """Quantify BAM files, those of the fixture without any; `more` belongs to the sample."""
    more = {"transcriptome_bam": made(aligned, "transcriptome.bam")} | more
    alignments = SampleAlignments("S.1", bams or (made(aligned),), strandedness, **more)
    options = AlignmentOptions(quantifier, aligned / "exons.gtf", aligned / "transcripts.fa")
    return quantify_alignment(alignments, options, outdir)


def quantified(outdir: Path, quantifier: str) -> dict[str, float]:
    if quantifier == "salmon":
        table = pd.read_csv(outdir / "salmon" / "S.1" / "quant.sf", sep="\t", index_col=0)["NumReads"]
        return table.to_dict()
    return pd.read_csv(outdir / "counts" / "S.1.tsv", sep="\t", index_col=0)["count"].to_dict()


def by_hand(bam: Path, annotation: Path, folder: Path, *options: str) -> pd.Series:
    command = ["featureCounts", *options, "-t", "exon", "-g", "gene_id", "-a", str(annotation)]
    subprocess.run([*command, "-o", "hand.txt", str(bam)], cwd=folder, check=True, capture_output=True)
    return pd.read_csv(folder / "hand.txt", sep="\t", comment="#", index_col=0).iloc[:, -1]


@needs_tools
@pytest.mark.parametrize("quantifier", QUANTIFIERS)
def test_planted_counts_come_back_from_genes_that_overlap_on_two_strands(tmp_path, aligned, quantifier):
    status = quantify(aligned, tmp_path, quantifier, reads=made(aligned, "reads.json"))
    assert status.passed
    assert (status.reads_raw, status.reads) == (PAIRS, PAIRS)
    assert status.percent_mapped >= 99
    assert (status.library_type, status.strandedness_alignments, status.strandedness_used) == (
        "ISF",
        "forward",
        "forward",
    )
    assert status.strandedness_salmon == ("forward" if quantifier == "salmon" else None)
    assert (status.reason, status.warning) == ("", "")
    assert status.inputs[0]["path"] == "made_1.fq"
    counts = {name.removesuffix(".1"): n for name, n in quantified(tmp_path, quantifier).items()}
    assert counts == pytest.approx(PLANTED, rel=0.02, abs=1)
    quality = json.loads((tmp_path / "alignment_quality" / "S.1.json").read_text())
    assert quality["strandedness"] == "forward"
    assert not list(tmp_path.glob("counts_*")), "scratch files are left behind"


@needs_tools
@pytest.mark.parametrize("quantifier", ["htseq", "featurecounts"])
def test_order_and_number_of_files_do_not_change_counts(tmp_path, aligned, quantifier):
    quantify(aligned, tmp_path / "sorted", quantifier)
    expected = quantified(tmp_path / "sorted", quantifier)
    with pysam.AlignmentFile(str(made(aligned))) as bam:
        records = list(bam)
        header = bam.header.to_dict()
    shuffled = [records[i] for i in np.random.default_rng(1).permutation(len(records))]
    names = sorted({record.query_name for record in records})
    part = {name: i % 2 for i, name in enumerate(names)}
    header["HD"]["SO"] = "unsorted"
    for file, chosen in (
        ("shuffled", shuffled),
        ("first", [r for r in shuffled if part[r.query_name] == 0]),
        ("second", [r for r in shuffled if part[r.query_name] == 1]),
    ):
        with pysam.AlignmentFile(f"{file}.bam", "wb", header=header) as out:
            for record in chosen:
                out.write(record)
    pysam.sort("-n", "-o", "by_name.bam", "shuffled.bam")
    for files in (("shuffled.bam",), ("by_name.bam",), ("first.bam", "second.bam")):
        outdir = tmp_path / files[0].removesuffix(".bam")
        status = quantify(aligned, outdir, quantifier, *map(Path, files))
        assert (status.reads, len(status.inputs)) == (PAIRS, len(files))
        assert quantified(outdir, quantifier) == expected


@needs_tools
@pytest.mark.parametrize("quantifier", ["htseq", "featurecounts"])
def test_the_same_bam_gives_the_same_bytes(tmp_path, aligned, quantifier):
    trees = []
    for name in ("first", "second"):
        quantify(aligned, tmp_path / name, quantifier)
        files = [path for path in sorted((tmp_path / name).rglob("*")) if path.is_file()]
        trees.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert trees[0] == trees[1]
    assert len(trees[0]) == 3


@needs_tools
def test_htseq_counts_genes_without_a_strand_on_both(tmp_path, aligned):
    lines = (aligned / "annotation.gtf").read_text().splitlines(keepends=True)
    source = tmp_path / "source.gtf"
    source.write_text("".join(re.sub(r"\t[+-]\t", "\t?\t", x) if '"G3"' in x else x for x in lines))
    write_exons(source, tmp_path)
    options = AlignmentOptions("htseq", tmp_path / "exons.gtf")
    quantify_alignment(SampleAlignments("S.1", (made(aligned),)), options, tmp_path)
    assert quantified(tmp_path, "htseq") == pytest.approx(PLANTED, rel=0.02, abs=1)
    extract_transcripts(aligned / "genome.fa", tmp_path / "exons.gtf", tmp_path / "transcripts.fa")
    assert ">G3.1" in (tmp_path / "transcripts.fa").read_text()


@needs_tools
def test_what_counters_write_is_what_multiqc_reads(tmp_path, aligned):
    for quantifier in ("htseq", "featurecounts"):
        quantify(aligned, tmp_path, quantifier)
    command = ["multiqc", ".", "--outdir", "report", "--module", "htseq", "--module", "featurecounts"]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    data = json.loads(Path("report/multiqc_data/multiqc_data.json").read_text())
    told = data["report_saved_raw_data"]
    assigned = {
        module: {row["Assigned" if "Assigned" in row else "assigned"] for row in told[module].values()}
        for module in ("multiqc_featurecounts", "multiqc_htseq")
    }
    total = sum(quantified(tmp_path, "featurecounts").values())
    assert assigned["multiqc_featurecounts"] == {total}
    assert assigned["multiqc_htseq"] == {total}


@needs_tools
def test_a_declared_strand_is_used_and_a_wrong_one_is_told(tmp_path, aligned):
    wrong = quantify(aligned, tmp_path / "wrong", "featurecounts", strandedness="reverse")
    assert (wrong.strandedness_used, wrong.library_type, wrong.strandedness) == ("reverse", "ISR", "forward")
    assert "declared reverse, but the reads are forward" in wrong.warning
    counts = quantified(tmp_path / "wrong", "featurecounts")
    assert counts["G2"] == 0
    salmon = quantify(aligned, tmp_path / "salmon", "salmon", strandedness="reverse")
    assert not salmon.passed or sum(quantified(tmp_path / "salmon", "salmon").values()) < 0.3 * PAIRS
    loose = quantify(aligned, tmp_path / "loose", "featurecounts", strandedness="unstranded")
    expected = by_hand(made(aligned), aligned / "annotation.gtf", tmp_path, "-p", "--countReadPairs")
    assert quantified(tmp_path / "loose", "featurecounts") == expected.to_dict()
    assert (loose.library_type, "declared unstranded, but the reads are forward" in loose.warning) == (
        "IU",
        True,
    )


@needs_tools
def test_salmon_and_alignments_that_disagree_are_told_with_what_was_used(tmp_path, aligned):
    with (
        pysam.AlignmentFile(str(made(aligned, "transcriptome.bam")), check_sq=False) as source,
        pysam.AlignmentFile("turned.bam", "wb", template=source) as out,
    ):
        for record in source:
            record.flag ^= 0xC0  # the first mate becomes the second
            out.write(record)
    status = quantify(aligned, tmp_path, "salmon", transcriptome_bam=Path("turned.bam"))
    assert (status.strandedness_alignments, status.strandedness_salmon) == ("forward", "reverse")
    assert status.strandedness_used == "forward"
    told = (
        r"are forward \(100\.0 % forward\), by Salmon they are reverse \(0\.\d % forward\); forward was used"
    )
    assert re.search(told, status.warning)


def test_strandedness_is_declared_or_that_of_alignments_or_salmons():
    assert choose_strandedness("reverse", "forward", "unstranded") == "reverse"
    assert choose_strandedness("auto", "forward", "unstranded") == "forward"
    assert choose_strandedness("auto", "undetermined", "reverse") == "reverse"
    assert choose_strandedness("auto", "undetermined", "undetermined") == "unstranded"
    assert choose_strandedness("auto", "undetermined") == "unstranded"


@needs_tools
@pytest.mark.parametrize("quantifier", QUANTIFIERS)
def test_alignments_without_a_mapped_read_are_a_status(tmp_path, aligned, quantifier):
    header = {"SQ": [{"SN": "chrA", "LN": 60_000}]}
    with pysam.AlignmentFile("none.bam", "wb", header=header) as out:
        for i in range(3):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.query_sequence = f"r{i}", 4, "ACGT"
            out.write(read)
    status = quantify(aligned, tmp_path, quantifier, Path("none.bam"))
    assert (status.passed, status.reads, status.mapped) == (False, 3, 0)
    assert status.reason == "none of 3 reads maps to the genome"
    assert not (tmp_path / "counts" / "S.1.tsv").exists()


@needs_tools
def test_reads_outside_of_genes_are_a_status(tmp_path, aligned):
    elsewhere = tmp_path / "elsewhere.gtf"
    line = 'chrA\tmade\texon\t50000\t50100\t.\t+\t.\tgene_id "far"; transcript_id "far.1";\n'
    elsewhere.write_text(line)
    alignments = SampleAlignments("S.1", (made(aligned),))
    status = quantify_alignment(alignments, AlignmentOptions("featurecounts", elsewhere), tmp_path)
    assert not status.passed
    assert "mapped reads none could be given to a gene" in status.reason


def test_reads_that_could_not_be_used_keep_their_reason(tmp_path):
    known = {"reads_raw": 5, "reads": 0, "reason": "none of 5 reads is left", "inputs": [{"path": "a.fq"}]}
    (tmp_path / "reads.json").write_text(json.dumps(known))
    alignments = SampleAlignments("S.1", (), reads=tmp_path / "reads.json")
    status = quantify_alignment(alignments, AlignmentOptions("htseq", tmp_path / "no.gtf"), tmp_path)
    assert (status.passed, status.reason, status.reads_raw) == (False, "none of 5 reads is left", 5)
    assert status.inputs == ({"path": "a.fq"},)


@needs_tools
def test_files_that_do_not_serve_are_errors(tmp_path, aligned):
    with pytest.raises(InputError) as error:
        quantify_alignment(
            SampleAlignments("S.1", ()), AlignmentOptions("salmon", aligned / "exons.gtf"), tmp_path
        )
    for words in ("S.1: no BAM", "Salmon needs STAR's alignments", "Salmon needs the transcripts' FASTA"):
        assert words in str(error.value)


@needs_tools
def test_a_damaged_bam_is_a_status(tmp_path, aligned):
    whole = made(aligned).read_bytes()
    middle = len(whole) // 2
    for name, data in (("cut", whole[:-100]), ("wrong", whole[:middle] + b"?" * 99 + whole[middle + 99 :])):
        (tmp_path / f"{name}.bam").write_bytes(data)
        status = quantify(aligned, tmp_path / name, "featurecounts", tmp_path / f"{name}.bam")
        assert not status.passed
        assert status.reason.startswith(f"{name}.bam: ")
        assert not (tmp_path / name / "counts").exists()


@needs_tools
@pytest.mark.parametrize("quantifier", QUANTIFIERS)
def test_a_tool_that_breaks_is_an_error_with_its_words(tmp_path, aligned, quantifier):
    alignments = SampleAlignments(
        "S.1", (made(aligned),), transcriptome_bam=made(aligned, "transcriptome.bam")
    )
    exons, transcripts = aligned / "exons.gtf", aligned / "transcripts.fa"
    options = AlignmentOptions(quantifier, exons, transcripts, extra_args="--no_such_option")
    with pytest.raises(ToolError, match=r"no_such_option"):
        quantify_alignment(alignments, options, tmp_path)
    assert not list(tmp_path.glob("counts_*"))


@needs_tools
def test_the_command_writes_a_status(tmp_path, aligned):
    command = [sys.executable, "-B", COMMAND, "--sample", "S.1", "--bam", made(aligned)]
    command += ["--exons", aligned / "exons.gtf", "--quantifier", "featurecounts"]
    subprocess.run([*command, "--extra_featurecounts_args=-M"], check=True)
    status = json.loads((tmp_path / "status" / "S.1.status.json").read_text())
    assert (status["passed"], status["quantifier"]) == (True, "featurecounts")
    assert status["inputs"][0]["path"] == "S.1.bam"


@needs_tools
@pytest.mark.skipif(not SUBREAD_TESTS.is_file(), reason="no test data of Debian's subread-data")
@pytest.mark.parametrize(
    ("reads", "expected", "strandedness", "extra"),
    [
        ("test-minimum.sam", "test-minimum.ora", "unstranded", ""),
        ("test-minimum.bam", "test-minimum.ora", "unstranded", ""),
        ("test-minimum.sam", "test-minimum-STR.ora", "forward", ""),
        ("test-minimum.sam", "test-minimum-UNSTR.ora", "reverse", ""),
        ("test-minimum.sam", "test-minimum-O.ora", "unstranded", "-O"),
        ("corner-INDEL.sam", "corner-INDEL.ora", "unstranded", ""),
        ("corner-JUNC.sam", "corner-JUNC.ora", "unstranded", ""),
        ("corner-ONEEND.sam", "corner-ONEEND.ora", "unstranded", ""),
        ("corner-ONEEND.sam", "corner-ONEEND-BOTH.ora", "unstranded", "-B"),
        ("corner-NH.sam", "corner-NH.ora", "unstranded", ""),
    ],
)
def test_featurecounts_gives_the_tables_that_its_makers_expect(
    tmp_path, reads, expected, strandedness, extra
):
    folder = "test/featureCounts/data"
    with tarfile.open(SUBREAD_TESTS) as archive:
        for name in (reads, expected, "test-minimum.GTF"):
            archive.extract(f"{folder}/{name}", tmp_path, filter="data")
    data = tmp_path / folder
    rows = [line.split() for line in (data / expected).read_text().splitlines() if line[0] != "#"]
    table = {gene: int(count) for gene, count in rows[1:]}
    library = Library("S.1", (data / reads,), True, "unsorted", strandedness)
    counted = run_featurecounts(
        library, data / "test-minimum.GTF", list(table), CounterOptions(1, extra), tmp_path
    )
    assert counted.counts.tolist() == list(table.values())


@pytest.mark.real
@needs_tools
def test_airway_counts_are_those_of_featurecounts_by_hand_on_the_original_annotation(tmp_path, real_data):
    folder = real_data / "airway"
    annotation = folder / "Homo_sapiens.GRCh37.75_subset.gtf.gz"
    write_exons(annotation, tmp_path)
    exons = tmp_path / "exons.gtf"
    bams = sorted((folder / "bam").glob("*.bam"))
    assert len(bams) == 8
    for bam in bams:
        sample = SampleAlignments("S.1", (bam,))
        status = quantify_alignment(sample, AlignmentOptions("featurecounts", exons), tmp_path)
        assert (status.passed, status.strandedness_used) == (True, "unstranded")
        ours = pd.Series(quantified(tmp_path, "featurecounts"))
        expected = by_hand(bam, annotation, tmp_path, "-p", "--countReadPairs")
        assert set(ours.index) == set(expected.index) == set(read_exons(exons).gene_ids)
        assert (ours[expected.index] == expected).all()
        assert expected.sum() > 1000


@pytest.mark.real
@needs_tools
def test_routes_agree_on_real_reads(tmp_path, real_data):
    """log2 counts of genes over 10 reads: Salmon without alignments and every route with them."""
    folder = real_data / "reads_arabidopsis"
    genome = tmp_path / "genome.fa"
    write_exons(folder / "annotation.gff3.gz", tmp_path)
    exons = tmp_path / "exons.gtf"
    write_plain(folder / "genome.fasta.gz", genome)
    extract_transcripts(genome, exons, tmp_path / "transcripts.fa")
    reads = SampleReads("S.1", tuple((folder / f"SRR446027_{i}.fastq.gz",) for i in (1, 2)))
    run_tool(["salmon", "index", "-t", "transcripts.fa", "-i", "salmon_index", "-p", "1"])
    quantify_sample(reads, QuantifyOptions(Path("salmon_index")), tmp_path / "plain")
    gene_of = dict(zip(*transcript_genes(exons), strict=True))
    routes = {"plain": genes_of(quantified(tmp_path / "plain", "salmon"), gene_of)}
    for aligner in ("star", "hisat2"):
        index = build_index(aligner, folder / "genome.fasta.gz", exons, 1, None, tmp_path)
        sites = tmp_path / "splice_sites.tsv"
        options = AlignOptions(aligner, index, exons, sites, transcriptome=aligner == "star")
        outdir = tmp_path / f"aligned_{aligner}"
        align_sample(reads, options, outdir)
        bams = outdir / "alignments" / "S.1"
        for quantifier in QUANTIFIERS if aligner == "star" else QUANTIFIERS[1:]:
            sample = SampleAlignments(
                "S.1", (bams / "S.1.bam",), transcriptome_bam=bams / "S.1.transcriptome.bam"
            )
            how = AlignmentOptions(quantifier, exons, tmp_path / "transcripts.fa")
            assert quantify_alignment(sample, how, outdir / quantifier).passed
            counts = quantified(outdir / quantifier, quantifier)
            routes[f"{aligner} {quantifier}"] = genes_of(counts, gene_of)
    table = pd.DataFrame(routes).fillna(0)
    expressed = table[(table > 10).all(axis=1)]
    assert len(expressed) > 50
    assert np.log2(expressed).corr().min().min() >= 0.95


def transcript_genes(exons: Path) -> tuple[list[str], list[str]]:
    names = [re.findall(r'(?:transcript|gene)_id "([^"]+)"', line) for line in exons.read_text().splitlines()]
    return [transcript for _, transcript in names], [gene for gene, _ in names]


def genes_of(counts: dict[str, float], gene_of: dict[str, str]) -> pd.Series:
    """Counts of transcripts (or of genes) by gene."""
    by_name = pd.Series(counts)
    return by_name.groupby([gene_of.get(name, name) for name in by_name.index]).sum()
