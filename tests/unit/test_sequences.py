"""FASTQ by its first bytes, and names of transcripts in FASTA files, Salmon's index and quant.sf."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import struct
import subprocess

import pytest
from input_files import QUANT_HEADER, fasta, fastq

from rxpress.errors import InputError
from rxpress.sequences import (
    fasta_names,
    index_names,
    quant_head_names,
    read_fastq_head,
    read_lines,
    transcript_names,
)

MANY = b"".join(fastq(f"read{i}", "ACGT" * 25, "I" * 100) for i in range(2000))


@pytest.mark.parametrize(
    ("data", "name", "mate"),
    [
        (fastq("r1"), b"r1", 0),
        (fastq("r1/2"), b"r1/2", 2),
        (fastq("r1 1:N:0:ATC"), b"r1", 1),
        (fastq("r1 length=4"), b"r1", 0),
        (fastq("r1").replace(b"\n", b"\r\n"), b"r1", 0),
        (fastq("r1").rstrip(), b"r1", 0),
        (gzip.compress(fastq("r1")), b"r1", 0),
        (gzip.compress(b"") + gzip.compress(fastq("r1")), b"r1", 0),
        (MANY, b"read0", 0),
        (gzip.compress(MANY, compresslevel=1, mtime=0), b"read0", 0),
    ],
)
def test_the_first_read_is_found_in_plain_and_gzipped_heads(data, name, mate):
    head = read_fastq_head(data[:4096], len(data) <= 4096)
    assert (head.name, head.mate, head.fault) == (name, mate, "")


@pytest.mark.parametrize(
    ("data", "state"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (gzip.compress(b""), "empty"),
        (fastq()[:-6], "truncated"),
        (b"@read", "truncated"),
        (gzip.compress(MANY)[:30], "truncated"),
        (gzip.compress(fastq())[:-9], "truncated"),
    ],
)
def test_empty_and_cut_off_files_are_neither_right_nor_foreign(data, state):
    head = read_fastq_head(data, whole=True)
    assert (head.empty, head.truncated, head.fault) == (state == "empty", state == "truncated", "")


def test_a_read_longer_than_the_head_is_no_fault():
    head = read_fastq_head(fastq("long", "A" * 9000, "I" * 9000)[:4096], whole=False)
    assert (head.fault, head.empty, head.truncated) == ("", False, False)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"BZh91AY", "is a bzip2 file, not FASTQ"),
        (b"\xfd7zXZ\x00", "is an xz file, not FASTQ"),
        (b"PK\x03\x04", "is a zip file, not FASTQ"),
        (gzip.compress(b"BAM\x01abc"), "is a BAM file, not FASTQ"),
        (b"@HD\tVN:1.6\n", "is a SAM file, not FASTQ"),
        (b"<!DOCTYPE html>", "is a web page or XML, not FASTQ"),
        (fasta(["a"]).encode(), "is FASTA, not FASTQ"),
        (b"sample,reads\n", "does not begin with '@' as FASTQ does"),
        (b"@a\nACGT\nACGT\n@b\n", "has no '+' in the third line of its first read"),
        (fastq("a", "ACGT", "III"), "its first read has 4 bases but 3 qualities"),
        (b"\x1f\x8b\x08\x00garbage that is no gzip", "begins as gzip, but is damaged"),
    ],
)
def test_what_is_not_fastq_is_called_by_its_name(data, fault):
    assert read_fastq_head(data, whole=True).fault == fault


def test_names_in_fasta_end_at_the_first_blank(tmp_path):
    (tmp_path / "t.fa").write_text(">a.1|g description\nAC\nGT\n>b\nACGT\n")
    (tmp_path / "t.fa.gz").write_bytes(gzip.compress((tmp_path / "t.fa").read_bytes()))
    assert fasta_names(tmp_path / "t.fa") == fasta_names(tmp_path / "t.fa.gz") == ["a.1|g", "b"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "t.fa: is empty; give a FASTA file"),
        (fastq(), "t.fa: is not FASTA: it does not begin with '>'; give a FASTA file"),
        (b"##gff-version 3\n", "t.fa: is an annotation, not FASTA; give a FASTA file"),
        (
            gzip.compress(fasta(["a"] * 9000).encode())[:200],
            "t.fa: cannot be read to its end; get the file again",
        ),
    ],
)
def test_what_is_not_fasta_is_refused(tmp_path, data, line):
    (tmp_path / "t.fa").write_bytes(data)
    with pytest.raises(InputError, match=line):
        fasta_names(tmp_path / "t.fa")


def write_index(folder, names, decoys=(), duplicates=()):
    """An index as Salmon 1.10 lays it out, as far as names go."""
    folder.mkdir()
    (folder / "info.json").write_text(json.dumps({"num_decoys": len(decoys)}))
    texts = [name.encode() for name in [*names, *decoys]]
    counted = b"".join(struct.pack("<Q", len(text)) + text for text in texts)
    (folder / "ctable.bin").write_bytes(struct.pack("<Q", len(texts)) + counted + b"the contigs")
    pairs = "".join(f"{names[0]}\t{name}\n" for name in duplicates)
    (folder / "duplicate_clusters.tsv").write_text("RetainedRef\tDuplicateRef\n" + pairs)


def test_an_index_tells_transcripts_without_decoys_and_the_duplicates_it_left_out(tmp_path):
    write_index(tmp_path / "index", ["a", "b.1"], decoys=["chr1"], duplicates=["c"])
    assert index_names(tmp_path / "index") == (["a", "b.1"], ["c"])


def test_a_folder_that_is_no_index_is_refused(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(InputError, match=r"old: is not an index of Salmon 1\.x"):
        index_names(tmp_path / "old")


def test_a_real_index_of_salmon_has_the_names_of_its_fasta(tmp_path):
    if not shutil.which("salmon"):
        pytest.skip("no salmon on PATH")
    rng = random.Random(1)
    sequences = {name: "".join(rng.choices("ACGT", k=200)) for name in ("a.1|g1|x", "b.1|g1|y", "chr1")}
    sequences["same|g2"] = sequences["a.1|g1|x"]
    order = ["a.1|g1|x", "b.1|g1|y", "same|g2", "chr1"]
    (tmp_path / "t.fa").write_text("".join(f">{name}\n{sequences[name]}\n" for name in order))
    (tmp_path / "decoys.txt").write_text("chr1\n")
    command = "salmon index -t t.fa -d decoys.txt --gencode -i index -p 1"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    assert index_names(tmp_path / "index") == (["a.1", "b.1"], ["same"])


def test_names_come_from_fasta_index_and_quant_alike(tmp_path):
    (tmp_path / "t.fa").write_text(fasta(["a", "b"]))
    table = (QUANT_HEADER + "a\t1\t1\t1\t1\nb\t1\t1\t1\t1\n").encode()
    (tmp_path / "quant.sf").write_bytes(table)
    (tmp_path / "quant.sf.gz").write_bytes(gzip.compress(table))
    write_index(tmp_path / "index", ["a", "b"])
    for name in ("t.fa", "quant.sf", "quant.sf.gz", "index"):
        assert transcript_names(tmp_path / name) == ["a", "b"]


def test_the_head_of_a_quant_gives_whole_lines_only():
    table = (QUANT_HEADER + "".join(f"tx{i}\t1\t1\t1\t1\n" for i in range(5000))).encode()
    for data in (table, gzip.compress(table)):
        names = quant_head_names(data[:4096], whole=False)
        assert names == [f"tx{i}" for i in range(len(names))]
        assert len(names) > 100
    with pytest.raises(ValueError, match="not a quant"):
        quant_head_names(b"target_id\tlength\n", whole=True)


def test_lines_are_the_same_however_they_are_cut_and_packed(tmp_path, monkeypatch):
    monkeypatch.setattr("rxpress.sequences.CHUNK_BYTES", 7)
    text = b"one\n\nthree is longer\nfour"
    (tmp_path / "plain").write_bytes(text)
    (tmp_path / "packed").write_bytes(gzip.compress(text))
    for name in ("plain", "packed"):
        assert list(read_lines(tmp_path / name)) == text.split(b"\n")
