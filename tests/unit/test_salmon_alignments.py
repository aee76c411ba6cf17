"""Parts of Salmon's work on alignments: first fragments, empty files, genomes that do not fit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pysam
import pytest
from alignment_files import FIRST, PAIRED, SECOND, record, write_bam

from rxpress.alignments.salmon_alignments import (
    TranscriptomeAlignments,
    copy_first_fragments,
    extract_transcripts,
    quantify_transcriptome,
)
from rxpress.errors import InputError


@pytest.mark.parametrize(("asked", "names"), [(1, ["a"]), (2, ["a", "b"]), (9, ["a", "b", "c"])])
def test_first_fragments_are_copied_with_all_their_records(
    tmp_path: Path, asked: int, names: list[str]
) -> None:
    pairs = [record(name, PAIRED | mate) for name in "abc" for mate in (FIRST, SECOND)]
    write_bam(tmp_path / "all.bam", pairs)
    copy_first_fragments(tmp_path / "all.bam", tmp_path / "head.bam", asked)
    with pysam.AlignmentFile(str(tmp_path / "head.bam"), check_sq=False) as found:
        assert [read.query_name for read in found] == [name for name in names for _ in range(2)]


def test_a_file_without_alignments_gives_no_fragments_and_leaves_no_folder(tmp_path: Path) -> None:
    write_bam(tmp_path / "none.bam", [])
    (tmp_path / "quant").mkdir()
    alignments = TranscriptomeAlignments(tmp_path / "none.bam", tmp_path / "t.fa", paired=True)
    assert quantify_transcriptome(alignments, "reverse", tmp_path / "quant") == 0
    assert not (tmp_path / "quant").exists()


@pytest.mark.skipif(shutil.which("gffread") is None, reason="no gffread on PATH")
def test_transcripts_of_a_genome_with_other_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "g.fa").write_text(">chr1\n" + "ACGT" * 50 + "\n")
    line = 'X\tmade\texon\t1\t50\t.\t+\t.\tgene_id "G"; transcript_id "T";\n'
    (tmp_path / "exons.gtf").write_text(line)
    with pytest.raises(InputError, match=r"g\.fa: no transcript could be extracted; give genome and anno"):
        extract_transcripts(tmp_path / "g.fa", tmp_path / "exons.gtf", tmp_path / "out" / "t.fa")
    (tmp_path / "exons.gtf").write_text(line.replace("X\t", "chr1\t"))
    extract_transcripts(tmp_path / "g.fa", tmp_path / "exons.gtf", tmp_path / "out" / "t.fa")
    assert "".join((tmp_path / "out" / "t.fa").read_text().split("\n")[1:]) == ("ACGT" * 13)[:50]
