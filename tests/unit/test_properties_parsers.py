"""Readers of users' files on files that were damaged anyhow: they read them, or say what is wrong.

Whatever stands in a file, a reader gives a value or raises InputError that names the file; no other
exception, and it ends.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from input_files import ROOT, SCHEMAS, SHEET, TRANSCRIPTS, fasta, fastq, gtf
from properties import few

from rxpress.alignments.exons import read_exons
from rxpress.annotation import map_transcripts, read_annotation
from rxpress.arrays.expression_matrix import read_expression_matrix
from rxpress.arrays.probe_annotation import read_probe_annotation
from rxpress.checking.count_matrix import check_count_columns, check_count_values, read_count_matrix
from rxpress.design.contrast_requests import read_requests
from rxpress.dose_response.viability import check_viability
from rxpress.errors import InputError, Problems
from rxpress.interpretation.drug_pack import read_drug_pack
from rxpress.interpretation.gene_set_files import read_collection, read_pathway_weights
from rxpress.qpcr.check_table import check_qpcr
from rxpress.reads import examine_fastq
from rxpress.salmon_folder import index_hash, read_quant, replicate_count
from rxpress.samplesheet import by_study, check_cells, check_lanes, check_study, join_lanes, read_sheet
from rxpress.sequences import fasta_lengths, transcript_names
from rxpress.tables import read_yaml_lines
from rxpress.user_tables import read_user_matrix

GFF3 = (
    "##gff-version 3\nchr1\tx\tgene\t1\t99\t.\t+\t.\tID=gene:G1;Name=TP53\n"
    "chr1\tx\tmRNA\t1\t99\t.\t+\t.\tID=transcript:T1;Parent=gene:G1\n"
    "chr1\tx\texon\t1\t99\t.\t+\t.\tParent=transcript:T1\n"
)
SERIES = (
    '!Series_title\t"a study"\n!Sample_title\t"one"\t"two"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n'
    '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"1_at"\t4.5\t6\n"2_at"\t7.25\t1e1\n'
    "!series_matrix_table_end\n"
)
ANNOT = (
    "^Annotation\n#ID = probe\n!platform_table_begin\nID\tGene symbol\tGene ID\n1_at\tTP53\t7157\n"
    "2_at\tMYC///MYCN\t4609///4613\n!platform_table_end\n"
)
COUNTS = "gene_id\tgene_name\ta1\ta2\nG1\tTP53\t10\t0\nG2\tMYC\t3\t7\nG3\tACTB\t100\t90\n"
CONTRASTS = (
    "contrasts:\n  - id: high_vs_low\n    label: a label\n    study: [study]\n"
    "    up: {treatment: bortezomib, dose_nM: 20}\n    down:\n      - {treatment: DMSO}\n"
    "  - id: both\n    jointly: [high_vs_low, other]\n"
    "  - id: own\n    formula: ~ batch + treatment\n    coefficients: {'treatment[T.b]': 1}\n"
)
VIABILITY = (
    "cell_line,treatment,dose_nM,time_h,viability,replicate\nMM1S,bortezomib,0,48,1.0,1\n"
    "MM1S,bortezomib,5,48,0.5,1\nMM1S,bortezomib,50,48,0.1,1\n"
)
QPCR = "sample,target,ct,efficiency,replicate\na1,GAPDH,18.2,95,1\na1,ATF3,25.1,95,1\na2,GAPDH,18,95,1\n"
INSTRUMENT = (
    "* Experiment Name = x\n\n[Results]\nWell,Sample Name,Target Name,Task,CT\n"
    "A1,a1,GAPDH,UNKNOWN,18.2\nA2,a1,ATF3,UNKNOWN,Undetermined\n"
)
GMT = "SET_A\tdoi:1 things\tTP53\tMYC\nSET_B\t\tACTB,1.0\tTP53\n"
WEIGHTS = "pathway\tgene\tweight\tp_value\nNFkB\tTP53\t1.5\t0.01\nNFkB\tMYC\t-2\t0.2\n"
QUANT = "Name\tLength\tEffectiveLength\tTPM\tNumReads\nT1\t100\t50\t1\t10\nT2\t90\t40\t0\t0\n"
MARKS = ["", "\t", ",", ";", '"', "'", "\n", "\r\n", " ", "\x00", "[", "{", "#", "!", "=", "~", ">", "@", "|"]
WORDS = ["NA", "-1", "1e999", "nan", "&a", "*a", "é", "::", "TRUE", "2026-03-01", "0x1", "½", "%41", "\ufeff"]
JUNK = st.sampled_from([*MARKS, *WORDS, "1,5"])


@dataclass(frozen=True)
class Reader:
    """What reads a file of that name, whose undamaged text is `sound`."""

    name: str
    sound: str = field(repr=False)
    read: Callable[[Path, Problems], Any]
    zips: bool = True


def sheet(path: Path, problems: Problems) -> Any:
    found = read_sheet(path, SCHEMAS.sheet, problems)
    check_cells(found, SCHEMAS.sheet, problems)
    samples = join_lanes(found)
    check_lanes(samples, SCHEMAS.sheet, found.file, problems)
    for name, own in by_study(samples, SCHEMAS.sheet).items():
        check_study(name, own, found.file, problems)
    return samples


def counts(path: Path, problems: Problems) -> Any:
    matrix = read_count_matrix(path)
    check_count_columns(matrix, {"a1": 2, "a2": 3}, "samples.csv", problems)
    check_count_values(matrix, ["a1", "a2"], problems)
    return matrix


def annotation(path: Path, problems: Problems) -> Any:
    found = read_annotation(path)
    return found, map_transcripts(["T1", "TX1.1", "TX9|x"], found)


def quant_folder(path: Path, problems: Problems) -> Any:
    folder = path.parent.parent
    return index_hash(folder), replicate_count(folder)


def drug_pack(path: Path, problems: Problems) -> Any:
    for other in (ROOT / "assets" / "drugs" / "bortezomib").iterdir():
        if not (path.parent / other.name).exists():
            shutil.copy(other, path.parent)
    return read_drug_pack(path.parent, SCHEMAS.pack)


def viability(path: Path, problems: Problems) -> Any:
    return check_viability(path, SCHEMAS.viability, [], problems)


def qpcr(path: Path, problems: Problems) -> Any:
    return check_qpcr(path, SCHEMAS.qpcr, ["a1", "a2"], ["GAPDH"], problems)


READERS = [
    Reader("samples.csv", SHEET, sheet),
    Reader("samples.tsv", SHEET.replace(",", "\t"), sheet),
    Reader("contrasts.yml", CONTRASTS, lambda path, _: read_requests(path)),
    Reader("any.yml", CONTRASTS, lambda path, _: read_yaml_lines(path)),
    Reader("counts.tsv", COUNTS, counts),
    Reader("matrix.csv", COUNTS.replace("\t", ","), lambda path, _: read_user_matrix(path)),
    Reader("genes.gtf", gtf(TRANSCRIPTS), annotation),
    Reader("exons.gtf", gtf(TRANSCRIPTS), lambda path, _: read_exons(path)),
    Reader("genes.gff3", GFF3, annotation),
    Reader("tx2gene.csv", "transcript,gene,name\nT1,G1,TP53\nT2,G2,MYC\n", annotation),
    Reader("t.fa", fasta(["T1", "T2"]), lambda path, _: fasta_lengths(path)),
    Reader("quant.sf", QUANT, lambda path, _: transcript_names(path)),
    Reader("reads.fq", fastq().decode() * 3, lambda path, _: examine_fastq(path)),
    Reader("series_matrix.txt", SERIES, lambda path, _: read_expression_matrix(path)),
    Reader("probes.annot", ANNOT, lambda path, _: read_probe_annotation(path, ["1_at", "2_at"])),
    Reader("viability.csv", VIABILITY, viability),
    Reader("qpcr.csv", QPCR, qpcr),
    Reader("instrument.csv", INSTRUMENT, qpcr),
    Reader("sets.gmt", GMT, lambda path, _: read_collection(path)),
    Reader("weights.tsv", WEIGHTS, lambda path, _: read_pathway_weights(path)),
    Reader("s1/quant.sf", QUANT, lambda path, _: read_quant(path.parent, "s1")),
    Reader(
        "aux_info/meta_info.json", '{"index_seq_hash": "1a", "num_bootstraps": 3}', quant_folder, zips=False
    ),
    Reader(
        "cmd_info.json", '{"auxDir": "aux_info", "index": "x"}', lambda p, _: index_hash(p.parent), zips=False
    ),
    *(
        Reader(f"pack/{name}", (ROOT / "assets/drugs/bortezomib" / name).read_text(), drug_pack)
        for name in ("drug.yml", "markers.tsv", "signatures.tsv", "gene_sets.gmt")
    ),
]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 2, 5, 30]), JUNK | st.text(max_size=3)), max_size=4
)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    """The text with stretches, by their place and length, replaced."""
    for place, length, new in edits:
        at = int(place * len(text))
        text = text[:at] + new + text[at + length :]
    return text


def outcome(reader: Reader, path: Path) -> list[str]:
    """What a reader says is wrong; nothing else may be raised."""
    problems = Problems()
    try:
        reader.read(path, problems)
    except InputError as error:
        problems.take(error)
    return [str(problem) for problem in problems.found]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_a_sound_file_is_read_plain_and_compressed(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / reader.name
    path.parent.mkdir(exist_ok=True)
    for data in (reader.sound.encode(), gzip.compress(reader.sound.encode()))[: 1 + reader.zips]:
        path.write_bytes(data)
        assert outcome(reader, path) == []


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@few
@given(edits=EDITS, cut=st.integers(0, 40), zipped=st.booleans())
def test_a_damaged_file_is_read_or_told_by_name(
    tmp_path: Path, reader: Reader, edits: list[tuple[float, int, str]], cut: int, zipped: bool
) -> None:
    data = edited(reader.sound, edits).encode(errors="surrogatepass")
    data = gzip.compress(data, mtime=0) if zipped else data
    path = tmp_path / reader.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data[: len(data) - cut] if cut > 20 else data)
    said = outcome(reader, path)
    assert all(path.name in line for line in said), said
