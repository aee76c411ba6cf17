"""STAR and HISAT2 on made reads whose truth is known; a BAM that is not whole is never left behind."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path
from shutil import which
from typing import NamedTuple

import pandas as pd
import pysam
import pytest
from genome_library import PLANTED, READ, GenomeLibrary, make_genome_library

from rxpress.alignments.aligners import AlignedReads, AlignOptions, align_sample
from rxpress.alignments.exons import write_exons
from rxpress.alignments.indexes import build_index, write_plain
from rxpress.alignments.junctions import count_junctions, crossed_introns, read_star_junctions
from rxpress.alignments.sorted_bam import SortMemory, check_whole, index_bam
from rxpress.alignments.star import has_exons, held_bytes, index_parameters, star_memory
from rxpress.errors import InputError, ToolError
from rxpress.fastp import SampleReads

COMMAND = Path(__file__).parents[2] / "bin" / "align_reads.py"
PAIRS = sum(PLANTED.values())
PROGRAMS = ("STAR", "hisat2", "samtools", "fastp")
SURE_OVERHANG = 15

needs_tools = pytest.mark.skipif(
    not all(map(which, PROGRAMS)), reason=f"{', '.join(PROGRAMS)} are not all on PATH: aligners NOT tested"
)


class References(NamedTuple):
    library: GenomeLibrary
    exons: Path
    splice_sites: Path
    indexes: dict[str, Path]


@pytest.fixture(scope="session")
def references(tmp_path_factory) -> References:
    folder = tmp_path_factory.mktemp("genome")
    library = make_genome_library(folder)
    write_exons(library.annotation, folder)
    exons = folder / "exons.gtf"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        indexes = {
            aligner: build_index(aligner, library.genome, exons, 1, None, folder / "indexes")
            for aligner in ("star", "hisat2")
        }
    return References(library, exons, folder / "splice_sites.tsv", indexes)


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def options_for(references: References, aligner: str, **more) -> AlignOptions:
    index = more.pop("index", references.indexes[aligner])
    return AlignOptions(aligner, index, references.exons, references.splice_sites, **more)


def align(folder: Path, references: References, aligner: str, mates: int = 2, **more) -> AlignedReads:
    files = references.library.write(folder)[:mates]
    return align_sample(SampleReads("S.1", files), options_for(references, aligner, **more), folder)


@needs_tools
@pytest.mark.parametrize("mates", [1, 2])
@pytest.mark.parametrize("aligner", ["star", "hisat2"])
def test_planted_reads_come_back_where_they_are_from(tmp_path, references, aligner, mates):
    found = align(tmp_path, references, aligner, mates)
    assert (found.reads_raw, found.reads, found.reason, found.paired) == (PAIRS, PAIRS, "", mates == 2)
    folder = tmp_path / "alignments" / "S.1"
    check_whole(folder / "S.1.bam")
    right = 0
    with pysam.AlignmentFile(str(folder / "S.1.bam")) as bam:
        assert bam.header.to_dict()["HD"]["SO"] == "coordinate"
        assert bam.header.to_dict()["RG"] == [{"ID": "S.1", "SM": "S.1"}]
        assert bam.check_index()
        for record in bam:
            gene = record.query_name.partition(":")[0]
            right += not record.is_secondary and record.reference_name == (
                "chrA" if gene in ("G1", "G3", "G5") else "chrB"
            )
    assert right >= 0.99 * PAIRS * mates
    assert not list(tmp_path.glob("reads_*")), "scratch files are left behind"


@needs_tools
@pytest.mark.parametrize("aligner", ["star", "hisat2"])
def test_planted_introns_are_in_the_table_of_junctions(tmp_path, references, aligner):
    align(tmp_path, references, aligner)
    table = pd.read_csv(tmp_path / "alignments" / "S.1" / "S.1.junctions.tsv", sep="\t")
    annotated = table[table["annotated"] == "yes"].set_index(["sequence", "start", "end"])
    planted = pd.Series(references.library.junctions)
    assert set(annotated.index) == set(planted.index)
    found = annotated["unique_reads"].reindex(planted.index)
    assert (found <= planted).all()
    assert found.sum() >= 0.9 * planted.sum()
    assert annotated["max_overhang"].between(SURE_OVERHANG, READ // 2).all()
    assert annotated["motif"].isna().all() == (aligner == "hisat2")
    assert set(annotated["strand"]) == {"+", "-"}


@needs_tools
def test_junctions_counted_from_a_bam_are_those_that_star_tells(tmp_path, references):
    align(tmp_path, references, "star", mates=1)
    folder = tmp_path / "alignments" / "S.1"
    told = pd.read_csv(folder / "S.1.junctions.tsv", sep="\t")
    ours = count_junctions(folder / "S.1.bam", references.splice_sites, threads=1)
    numbers = ["sequence", "start", "end", "annotated", "unique_reads", "multi_reads", "max_overhang"]
    pd.testing.assert_frame_equal(pd.DataFrame(ours)[numbers], told[numbers])


def test_an_overhang_is_the_shorter_side_of_an_intron():
    assert list(crossed_introns(101, "5S20M100N30M2D10M50N15M")) == [(121, 220, 20), (263, 312, 15)]
    assert list(crossed_introns(1, "75M")) == []


@needs_tools
def test_star_gives_alignments_to_transcripts_when_asked(tmp_path, references):
    align(tmp_path, references, "star", transcriptome=True)
    with pysam.AlignmentFile(
        str(tmp_path / "alignments" / "S.1" / "S.1.transcriptome.bam"), check_sq=False
    ) as bam:
        assert set(bam.references) == {f"{name}.1" for name in PLANTED}
        names = {record.query_name for record in bam if record.reference_name == "G2.1"}
    assert len(names) >= 0.99 * PLANTED["G2"]


@needs_tools
def test_an_index_without_the_annotation_gives_the_same_alignments(tmp_path, references):
    bare = tmp_path / "bare"
    command = ["STAR", "--runMode", "genomeGenerate", "--genomeDir", bare, "--genomeSAindexNbases", "6"]
    command += ["--genomeFastaFiles", references.library.genome, "--outFileNamePrefix", tmp_path / "made."]
    subprocess.run([*map(str, command)], check=True, capture_output=True)
    tables = []
    for name, index in (("bare", bare), ("built", references.indexes["star"])):
        (tmp_path / name).mkdir(exist_ok=True)
        align(tmp_path / name, references, "star", index=index)
        tables.append((tmp_path / name / "alignments" / "S.1" / "S.1.junctions.tsv").read_text())
    assert tables[0] == tables[1]


@needs_tools
@pytest.mark.parametrize("aligner", ["star", "hisat2"])
def test_reads_that_cannot_be_used_are_told_and_leave_no_bam(tmp_path, references, aligner):
    (tmp_path / "broken.fq.gz").write_bytes(gzip.compress(b"@r\nACGT\n+\nIIII\n" * 100)[:-10])
    reads = SampleReads("S.1", ((tmp_path / "broken.fq.gz",),))
    found = align_sample(reads, options_for(references, aligner), tmp_path)
    assert "the gzip data end early" in found.reason
    assert found.inputs[0]["path"] == "broken.fq.gz"
    assert not list(tmp_path.glob("alignments/*/*.bam"))


@needs_tools
def test_an_index_that_does_not_serve_is_an_input_error(tmp_path, references):
    def fails_with(aligner: str, name: str, words: str, **more) -> None:
        with pytest.raises(InputError, match=words):
            align(tmp_path, references, aligner, index=tmp_path / name, **more)

    for name in ("cut", "prefix", "missing", "older"):
        shutil.copytree(references.indexes["star"], tmp_path / name)
    for name, file in (("cut", "SA"), ("prefix", "SAindex")):
        data = (tmp_path / name / file).read_bytes()
        (tmp_path / name / file).write_bytes(data[: len(data) // 2])
    (tmp_path / "missing" / "Genome").unlink()
    parameters = tmp_path / "older" / "genomeParameters.txt"
    parameters.write_text(parameters.read_text().replace("2.7.4a", "2.7.1a"))
    fails_with("star", "cut", "SA: is damaged: .* bytes instead of .*; build it again")
    fails_with("star", "prefix", "SAindex: is damaged")
    fails_with("star", "missing", "Genome: does not exist")
    fails_with("star", "older", "has version 2.7.1a, which STAR .* cannot read; build it again")
    fails_with("star", "nowhere", "is not a STAR index")
    fails_with("hisat2", "nowhere", "is not a HISAT2 index")
    shutil.copytree(references.indexes["hisat2"], tmp_path / "part")
    (tmp_path / "part" / "genome.3.ht2").unlink()
    fails_with("hisat2", "part", r"genome\.3\.ht2: is missing or empty")
    with pytest.raises(InputError, match=r"STAR needs .* for this index and 1 threads, 0\.10 GB are there"):
        align(tmp_path, references, "star", memory=100_000_000)


@needs_tools
def test_files_that_are_not_there_are_told_together(tmp_path, references):
    reads = SampleReads("S.1", ((tmp_path / "a.fq",),))
    options = AlignOptions("hisat2", tmp_path, tmp_path / "e.gtf", tmp_path / "s.tsv", transcriptome=True)
    with pytest.raises(InputError) as error:
        align_sample(reads, options, tmp_path)
    for words in (
        "a.fq: does not",
        "e.gtf: does not",
        "s.tsv: does not",
        "only STAR",
        "is not a HISAT2 index",
    ):
        assert words in str(error.value)


@needs_tools
@pytest.mark.parametrize(("way", "status"), [("kill -9 $$", 137), ("exit 1", 1)])
def test_a_hisat2_that_dies_midway_leaves_no_bam(tmp_path, references, monkeypatch, way, status):
    tools = tmp_path / "tools"
    tools.mkdir()
    lines = r"@HD\tVN:1.0\tSO:unsorted\n@SQ\tSN:chrA\tLN:60000\nr\t0\tchrA\t1\t60\t4M\t*\t0\t0\tACGT\tIIII\n"
    (tools / "hisat2").write_text(f"#!/bin/sh\nprintf '{lines}'\n{way}\n")
    (tools / "hisat2").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    with pytest.raises(ToolError, match="hisat2 failed") as error:
        align(tmp_path, references, "hisat2")
    assert error.value.exit_status == status
    assert not list(tmp_path.rglob("*.bam"))


@needs_tools
@pytest.mark.parametrize("aligner", ["star", "hisat2"])
def test_a_tool_that_breaks_is_an_error_with_its_words(tmp_path, references, aligner):
    with pytest.raises(ToolError, match="no_such_option"):
        align(tmp_path, references, aligner, extra_aligner_args="--no_such_option 1")
    assert not list(tmp_path.rglob("*.bam"))
    assert not list(tmp_path.glob("reads_*"))


@needs_tools
def test_a_star_that_runs_out_of_memory_says_so_and_is_retried(tmp_path, references, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "STAR").write_text(f'#!/bin/sh\nulimit -v 150000\nexec {which("STAR")} "$@"\n')
    (tools / "STAR").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    with pytest.raises(ToolError, match="STAR had too little memory") as error:
        align(tmp_path, references, "star")
    assert 130 <= error.value.exit_status <= 145
    assert not list(tmp_path.rglob("*.bam"))


@needs_tools
def test_an_annotation_that_is_put_in_later_takes_more_memory(tmp_path, references):
    index, other = references.indexes["star"], tmp_path / "other.gtf"
    other.write_text(references.exons.read_text() + "\n")
    assert has_exons(index, references.exons)
    assert not has_exons(index, other)
    suffixes = sum((index / name).stat().st_size for name in ("SA", "SAindex"))
    assert held_bytes(index, other) == held_bytes(index, references.exons) + suffixes


@needs_tools
def test_the_command_writes_what_is_known_of_the_reads(tmp_path, references):
    first, second = (lanes[0] for lanes in references.library.write(tmp_path))
    command = [sys.executable, "-B", COMMAND, "--sample", "S.1", "--fastq_1", first, "--fastq_2", second]
    command += ["--aligner", "hisat2", "--index", references.indexes["hisat2"], "--exons", references.exons]
    command += ["--splice_sites", references.splice_sites, "--strandedness", "forward", "--outdir", "out"]
    subprocess.run(command, check=True)
    folder = Path("out/alignments/S.1")
    known = json.loads((folder / "S.1.reads.json").read_text())
    assert (known["reads"], known["strandedness_declared"], known["reason"]) == (PAIRS, "forward", "")
    assert "HISAT2 summary stats:" in (folder / "S.1.hisat2.summary.txt").read_text()
    assert sorted(path.name for path in Path("out/fastp").iterdir()) == ["S.1.fastp.html", "S.1.fastp.json"]


@needs_tools
def test_a_long_sequence_gets_the_index_that_can_hold_it(tmp_path):
    for bases, suffix in ((500_000_000, ".bai"), (600_000_000, ".csi")):
        header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "1", "LN": bases}]})
        path = tmp_path / f"{bases}.bam"
        pysam.AlignmentFile(str(path), "wb", header=header).close()
        assert index_bam(path, 1).name == path.name + suffix
        assert (tmp_path / (path.name + suffix)).is_file()


@needs_tools
def test_a_cut_bam_is_not_whole(tmp_path, references):
    align(tmp_path, references, "hisat2")
    path = tmp_path / "alignments" / "S.1" / "S.1.bam"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ToolError, match="samtools failed"):
        check_whole(path)


@pytest.mark.parametrize(
    ("bases", "sequences", "expected"),
    [
        (3_100_000_000, 25, (14, 18)),
        (1_000_000, 1, (8, 18)),
        (100_000, 1, (7, 16)),
        (1_000_000, 10_000, (8, 6)),
    ],
)
def test_star_is_told_the_parameters_of_its_manual(bases, sequences, expected):
    assert index_parameters(bases, sequences) == expected


def test_a_human_genome_needs_what_the_manual_of_star_says():
    """Section 2.1: at least 10 times the bases of a genome; about 30 GB for 3 billion, 32 GB recommended."""
    memory = star_memory(3_100_000_000, 25, threads=1)
    assert 29e9 < memory.alignment < 33e9
    assert 30e9 < memory.building < 40e9


@needs_tools
def test_the_memory_told_is_that_of_the_index(references):
    size = write_plain(references.library.genome, Path("plain.fa"))
    held = held_bytes(references.indexes["star"])
    buffers = star_memory(1, 1, junctions=0).alignment
    told = star_memory(size.bases, size.sequences, junctions=18).alignment - buffers
    assert held <= told <= 1.3 * held


@needs_tools
def test_too_little_memory_and_a_foreign_annotation_are_input_errors(tmp_path, references):
    genome = references.library.genome
    with pytest.raises(InputError, match=r"STAR needs 0\.\d\d GB to build .*, 0\.00 GB are there"):
        build_index("star", genome, references.exons, 1, 1_000_000, tmp_path)
    foreign = tmp_path / "foreign.gtf"
    foreign.write_text(references.exons.read_text().replace("chr", "sequence_"))
    with pytest.raises(InputError, match="no exon of the annotation lies on a sequence of the genome"):
        build_index("star", genome, foreign, 1, None, tmp_path)


def test_buffers_for_sorting_stay_within_the_memory():
    assert SortMemory(2).per_thread == 768 << 20
    assert 2 * SortMemory(2, 1 << 30).per_thread < 1 << 30
    assert SortMemory(4, 8 << 30, beside=6 << 30).per_thread < (2 << 30) // 4
    assert SortMemory(1, 64 << 30).per_thread == 2 << 30


def test_codes_of_star_are_read_as_words(tmp_path):
    (tmp_path / "SJ.out.tab").write_text("chrA\t10\t20\t2\t2\t1\t5\t1\t30\nchrA\t40\t60\t0\t0\t0\t1\t0\t9\n")
    first, second = read_star_junctions(tmp_path / "SJ.out.tab")
    assert first == ("chrA", 10, 20, "-", "CT/AC", "yes", 5, 1, 30)
    assert second == ("chrA", 40, 60, None, "non-canonical", "no", 1, 0, 9)
