"""gffread and Salmon on alignments, where they say that they ended well and left nothing or a part."""

from __future__ import annotations

from pathlib import Path

import pytest
from alignment_files import record, write_bam

from rxpress.alignments.salmon_alignments import (
    TranscriptomeAlignments,
    extract_transcripts,
    quantify_transcriptome,
)
from rxpress.errors import InputError, ToolError

META = '{"num_valid_targets": 2}'
ROW = "t1\\t100\\t50\\t1.0\\t3.0\\n"
HEADER = "Name\\tLength\\tEffectiveLength\\tTPM\\tNumReads\\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`program(name, lines)`: a program of that name is first on PATH and does as the lines of shell say."""

    def write(name: str, lines: str) -> None:
        path = tmp_path / "tools" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/bash\n{lines}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(path.parent), prepend=":")

    return write


@pytest.mark.parametrize(
    ("fasta", "error"),
    [(">t1\\nACGT\\n>t2\\nAC", ToolError), (">t1\\nACGT\\n>t", ToolError), ("", InputError)],
)
def test_transcripts_cut_short_are_no_transcripts(tmp_path, program, fasta, error):
    program("gffread", f"printf '{fasta}' > \"${{@: -1}}\"")
    with pytest.raises(error, match="gffread" if error is ToolError else "no transcript"):
        extract_transcripts(tmp_path / "genome.fa", tmp_path / "exons.gtf", tmp_path / "transcripts.fa")


@pytest.mark.parametrize("table", ["", HEADER, HEADER + ROW, HEADER + ROW + ROW[:-4]])
def test_a_table_of_salmon_cut_short_is_an_error_and_no_sample_without_reads(tmp_path, program, table):
    bam = write_bam(tmp_path / "reads.bam", [record()])
    writes = f"printf '{table}' > out/quant.sf" if table else ":"
    program("salmon", f"mkdir -p out/aux_info; echo '{META}' > out/aux_info/meta_info.json; {writes}")
    alignments = TranscriptomeAlignments(bam, tmp_path / "transcripts.fa", paired=False)
    with pytest.raises(ToolError, match="salmon left"):
        quantify_transcriptome(alignments, "unstranded", Path("out"))


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
