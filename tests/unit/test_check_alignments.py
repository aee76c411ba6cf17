"""What CHECK_INPUTS says of BAM files, of --aligner and --quantifier, and of the memory that STAR needs."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pysam
import pytest
from input_files import SCHEMAS, SHEET, examine, fasta, told, write_quant, write_study

from rxpress.alignments.memory import memory_for_genome
from rxpress.checking.alignment_checks import sequence_names
from rxpress.checking.checks import check_everything
from rxpress.checking.inputs import gather
from rxpress.checking.run_plan import describe_run
from rxpress.errors import Problems

BAMS = """\
sample,bam,cell_line,treatment,replicate
a1,a1.bam,MM1S,DMSO,1
a2,a2.bam,MM1S,DMSO,2
b1,b1.bam,MM1S,bortezomib,1
b2,b2.bam,MM1S,bortezomib,2
"""


def write_bam(path: Path, sequences: Sequence[str] = ("chr1", "chr2")) -> None:
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": 1000} for name in sequences]}
    with pysam.AlignmentFile(str(path), "wb", header=header):
        pass


@pytest.fixture
def bams(tmp_path: Path) -> dict[str, Any]:
    """Four BAM files and the annotation that fits."""
    for name in ("a1", "a2", "b1", "b2"):
        write_bam(tmp_path / f"{name}.bam")
    return {"gtf": write_study(tmp_path)["gtf"]}


@pytest.fixture
def aligned(tmp_path: Path) -> dict[str, Any]:
    """References for reads that are aligned."""
    gtf = write_study(tmp_path)["gtf"]
    (tmp_path / "genome.fa").write_text(fasta(["chr1"]))
    return {"gtf": gtf, "genome": str(tmp_path / "genome.fa"), "aligner": "star"}


def test_bam_files_with_an_annotation_are_right(tmp_path: Path, bams: dict[str, Any]) -> None:
    assert told(tmp_path, BAMS, bams) == ([], [])


def test_bam_files_need_an_annotation(tmp_path: Path, bams: dict[str, Any]) -> None:
    assert told(tmp_path, BAMS, {})[0] == [
        "--gtf: is missing: nothing says where the genes of BAM files are; give --gtf or --gff"
    ]


def test_what_is_no_whole_bam_is_told_in_one_run(tmp_path: Path, bams: dict[str, Any]) -> None:
    whole = (tmp_path / "a1.bam").read_bytes()
    (tmp_path / "a1.bam").write_bytes(whole[:-28])
    (tmp_path / "a2.bam").write_text("@HD\tVN:1.6\n@SQ\tSN:chr1\tLN:1000\n")
    (tmp_path / "b1.bam").write_bytes(b"CRAM\x03\x00")
    (tmp_path / "b2.bam").write_bytes(gzip.compress(b">chr1\nACGT\n"))
    assert told(tmp_path, BAMS, bams)[0] == [
        "samples.csv:2: column 'bam': file 'a1.bam' is cut off: it lacks the mark at the end of BAM files; "
        "get the file again",
        "samples.csv:3: column 'bam': file 'a2.bam' is a SAM file, not BAM; give BAM (`samtools view -b`)",
        "samples.csv:4: column 'bam': file 'b1.bam' is a CRAM file, not BAM; give BAM (`samtools view -b`)",
        "samples.csv:5: column 'bam': file 'b2.bam' is FASTA, not BAM; give BAM (`samtools view -b`)",
    ]


def test_a_bam_of_other_chromosome_names_is_told_once_for_all_alike(
    tmp_path: Path, bams: dict[str, Any]
) -> None:
    for name in ("a2", "b1"):
        write_bam(tmp_path / f"{name}.bam", ["1", "2", "MT", "X"])
    assert told(tmp_path, BAMS, bams)[0] == [
        "samples.csv:3: column 'bam': 'a2.bam' and 1 more has none of the annotation's sequences: it has "
        "'1', '2', 'MT', the annotation 'chr1'; give the annotation of the genome that the reads were "
        "aligned to"
    ]


def test_names_of_a_header_that_goes_on_beyond_what_was_seen_are_whole(tmp_path: Path) -> None:
    names = [f"scaffold_{i:05d}" for i in range(20_000)]
    write_bam(tmp_path / "many.bam", names)
    found = sequence_names((tmp_path / "many.bam").read_bytes()[:4096])
    assert 100 < len(found) < len(names)
    assert found == names[: len(found)]


def test_a_sample_is_a_bam_or_something_else_not_both(tmp_path: Path, bams: dict[str, Any]) -> None:
    header, first, *rest = BAMS.splitlines()
    sheet = "\n".join([f"{header},fastq_1", f"{first},a1_1.fq.gz", *(f"{line}," for line in rest)])
    line = "samples.csv:2: column 'bam': both a BAM file and reads or a Salmon folder are given; "
    assert f"{line}keep one of them" in told(tmp_path, sheet, bams)[0]


def test_salmon_folders_and_counted_alignments_do_not_mix_in_a_study(
    tmp_path: Path, bams: dict[str, Any]
) -> None:
    write_quant(tmp_path / "q1")
    sheet = BAMS.replace("sample,bam", "sample,quant,bam").replace(",a1.bam", ",q1,")
    sheet = "\n".join(
        line if ",q1," in line or "quant" in line else line.replace(",", ",,", 1)
        for line in sheet.splitlines()
    )
    assert told(tmp_path, sheet, bams)[0] == [
        "samples.csv:3: column 'study': sample 'a2' is quantified by featurecounts, others of study 'study' "
        "by salmon; make two studies of them, or choose --aligner and --quantifier to suit both"
    ]


@pytest.mark.parametrize("quantifier", [None, "salmon", "htseq", "featurecounts"])
def test_reads_by_star_go_with_every_quantifier(
    tmp_path: Path, aligned: dict[str, Any], quantifier: str | None
) -> None:
    assert told(tmp_path, SHEET, aligned | {"quantifier": quantifier}) == ([], [])


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            {"aligner": "none", "quantifier": "htseq"},
            "--quantifier: htseq counts alignments, and reads are not aligned; add --aligner star or hisat2",
        ),
        (
            {"aligner": "hisat2", "quantifier": "salmon"},
            "--quantifier: Salmon needs alignments to transcripts, which HISAT2 does not give; "
            "use featurecounts or htseq, or --aligner star",
        ),
        ({"genome": None}, "--genome: is missing: --aligner star aligns reads to it; give --genome"),
        (
            {"genome": None, "aligner": "hisat2"},
            "--genome: is missing: --aligner hisat2 aligns reads to it; give --genome, or --hisat2_index",
        ),
        (
            {"gtf": None},
            "--gtf: is missing: aligned reads are counted by the genes of an annotation; give --gtf or --gff",
        ),
        (
            {"quantifier": "htseq", "length_correction": "offset"},
            "--length_correction: offset needs gene lengths, which counts by htseq do not have; "
            "use scaled or none: counts are tested as they are",
        ),
    ],
)
def test_an_impossible_route_is_told(
    tmp_path: Path, aligned: dict[str, Any], asked: dict[str, Any], line: str
) -> None:
    assert told(tmp_path, SHEET, aligned | asked)[0] == [line]


def test_what_the_route_does_not_use_is_a_warning(tmp_path: Path, aligned: dict[str, Any]) -> None:
    (tmp_path / "empty").mkdir()
    more = {"transcripts": str(tmp_path / "transcripts.fa"), "hisat2_index": str(tmp_path / "empty")}
    problems, warnings = told(tmp_path, SHEET, aligned | more)
    assert problems == [
        f"--hisat2_index: '{tmp_path}/empty' has no HISAT2 index: no *.1.ht2 or *.1.ht2l in it; "
        "make it with hisat2-build, or leave it away"
    ]
    assert warnings == [
        "--transcripts: is not used for reads: they are aligned to the genome",
        "--hisat2_index: is not used without --aligner hisat2",
    ]


def test_arguments_for_an_aligner_that_does_not_run_are_a_warning(
    tmp_path: Path, aligned: dict[str, Any]
) -> None:
    asked = {
        "gtf": aligned["gtf"],
        "transcripts": str(tmp_path / "transcripts.fa"),
        "extra_aligner_args": "-x",
    }
    warnings = told(tmp_path, SHEET, asked | {"extra_aligner_args": "-x"})
    assert warnings == ([], ["--extra_aligner_args: is not used: no reads are aligned"])


def test_a_folder_that_is_no_star_index_is_told_with_what_it_lacks(
    tmp_path: Path, aligned: dict[str, Any]
) -> None:
    (tmp_path / "star").mkdir()
    (tmp_path / "star/Genome").write_bytes(b"GNGN")
    assert told(tmp_path, SHEET, aligned | {"star_index": str(tmp_path / "star")})[0] == [
        f"--star_index: '{tmp_path}/star' is no STAR index: genomeParameters.txt, SA, SAindex not found "
        "in it; make it with STAR --runMode genomeGenerate, or leave it away"
    ]


def test_too_little_memory_for_star_is_told_before_it_runs(tmp_path: Path, aligned: dict[str, Any]) -> None:
    lines, _ = told(tmp_path, SHEET, aligned, memory=500_000_000)
    assert len(lines) == 1
    assert lines[0].startswith("--aligner: star needs ")
    assert "and a step may use 0.5 GB; use hisat2 or none" in lines[0]
    assert told(tmp_path, SHEET, aligned, memory=64_000_000_000)[0] == []
    assert told(tmp_path, SHEET, aligned | {"aligner": "hisat2"}, memory=1_100_000_000)[0] == []


@pytest.mark.parametrize(("with_exons", "needed"), [(True, 1.6), (False, 2.0)])
def test_a_ready_star_index_needs_what_it_holds_and_more_for_an_annotation_of_its_own(
    tmp_path: Path, aligned: dict[str, Any], with_exons: bool, needed: float
) -> None:
    folder = tmp_path / "star"
    folder.mkdir()
    (folder / "genomeParameters.txt").write_text("versionGenome\t2.7.4a\n")
    sizes = {"Genome": 200_000_000, "SA": 300_000_000, "SAindex": 100_000_000}
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    if with_exons:
        (folder / "exons.sha256").write_text("0" * 64)
    asked = aligned | {"star_index": str(folder)}
    enough = round(needed * 1e9)
    assert told(tmp_path, SHEET, asked, memory=enough)[0] == []
    assert f"star needs {needed:.1f} GB of memory" in told(tmp_path, SHEET, asked, memory=enough - 1)[0][0]


def test_memory_for_star_is_told_in_the_plan(tmp_path: Path, aligned: dict[str, Any]) -> None:
    (tmp_path / "samples.csv").write_text(SHEET)
    findings, _ = examine(tmp_path / "samples.csv", aligned)
    assert findings is not None
    plan = describe_run(findings, [])
    needed = memory_for_genome("star", {"chr1": 8})
    assert plan["aligner_memory"] == {"index": needed.index, "alignment": needed.alignment}
    assert plan["notices"] == [
        f"--aligner star takes memory: {needed.index / 1e9:.1f} GB to make its index, "
        f"{needed.alignment / 1e9:.1f} GB to align a sample"
    ]
    assert plan["route"] == {"aligner": "star", "reads": "salmon", "bam": "featurecounts"}


def test_a_human_genome_needs_what_stars_manual_says() -> None:
    """At least 10 bytes per base and, for human, about 30 GB (STAR 2.7 manual, 2.1 and 1.1)."""
    needed = memory_for_genome("star", {f"chr{i}": 124_000_000 for i in range(25)})
    assert 30e9 < needed.alignment < 34e9
    assert 32e9 < needed.index < 42e9


@pytest.mark.parametrize(
    ("asked", "programs"),
    [
        ({}, ["fastp", "salmon"]),
        ({"aligner": "star"}, ["fastp", "STAR", "samtools", "salmon", "gffread"]),
        (
            {"aligner": "hisat2", "quantifier": "htseq"},
            ["fastp", "hisat2", "hisat2-build", "samtools", "htseq-count"],
        ),
    ],
)
def test_the_programs_of_the_route_are_asked_for(
    tmp_path: Path,
    aligned: dict[str, Any],
    asked: dict[str, Any],
    programs: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    more = {"aligner": "none", "transcripts": str(tmp_path / "transcripts.fa")} | asked
    if more["aligner"] != "none":
        del more["transcripts"]
    (tmp_path / "samples.csv").write_text(SHEET)
    problems = Problems()
    given = gather(str(tmp_path / "samples.csv"), aligned | more, SCHEMAS, tools=["multiqc", "fastqc"])
    check_everything(given, problems)
    missing = next(str(p) for p in problems.found if "not installed" in str(p))
    assert missing.partition("; ")[0] == f"not installed: multiqc, fastqc, {', '.join(programs)}"
