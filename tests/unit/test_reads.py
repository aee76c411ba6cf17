"""FASTQ files are read to their end, every fault is found and named, and lanes join to valid files."""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import pytest

from rxpress import reads
from rxpress.reads import (
    BrokenReadsError,
    check_sample,
    copy_first_reads,
    examine_fastq,
    join_lanes,
    mate_names_agree,
)


def fastq(reads: int, first: int = 1, mate: str = "") -> bytes:
    return b"".join(
        b"@read%d%s\nACGTACGT\n+\nIIIIIIII\n" % (i, mate.encode()) for i in range(first, first + reads)
    )


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def records(path: Path) -> list[bytes]:
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [line for line in text.split(b"\n") if line.startswith(b"@")]


@pytest.mark.parametrize("name", ["a.fastq", "a.fastq.gz"])
def test_plain_and_gzipped_reads_are_counted_whatever_the_file_is_called(tmp_path, name):
    text = fastq(2500)
    for data, gzipped in ((text, False), (gzip.compress(text), True)):
        found = examine_fastq(put(tmp_path / name, data))
        assert (found.reads, found.gzipped, found.fault) == (2500, gzipped, "")
        assert found.sha256 == hashlib.sha256(data).hexdigest()
        assert found.size == len(data)
        assert found.names == (b"read1", b"read1001", b"read2001")


def test_gzip_of_many_members_is_read_to_its_end(tmp_path):
    text = fastq(300)
    members = b"".join(gzip.compress(text[i : i + 1000]) for i in range(0, len(text), 1000))
    assert examine_fastq(put(tmp_path / "blocks.fastq.gz", members)).reads == 300


def gzip_with(flags: int, text: bytes) -> bytes:
    """A gzip member whose header has these fields (RFC 1952): 2 checksum, 4 extra, 8 name, 16 comment."""
    header = b"\x1f\x8b\x08%c\0\0\0\0\0\xff" % flags
    header += struct.pack("<H", 6) + b"BC\x02\0\x10\0" if flags & 4 else b""
    header += b"a.fastq\0" * bool(flags & 8) + b"made\0" * bool(flags & 16)
    header += struct.pack("<H", zlib.crc32(header) & 0xFFFF) if flags & 2 else b""
    packed = zlib.compressobj(wbits=-15)
    return header + packed.compress(text) + packed.flush() + struct.pack("<II", zlib.crc32(text), len(text))


@pytest.mark.parametrize("flags", [0, 2, 4, 8, 12, 16, 30])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 11, 17, 1000])
def test_members_are_read_wherever_their_headers_are_cut(tmp_path, monkeypatch, flags, size):
    monkeypatch.setattr(reads, "CHUNK_BYTES", size)
    members = gzip_with(flags, fastq(20)) + gzip_with(flags, b"") + gzip_with(flags, fastq(20, first=21))
    assert gzip.decompress(members) == fastq(40)
    found = examine_fastq(put(tmp_path / "a.fastq.gz", members))
    assert (found.reads, found.fault, found.sha256) == (40, "", hashlib.sha256(members).hexdigest())


def test_windows_line_ends_and_a_missing_last_line_end_are_no_fault(tmp_path):
    windows = examine_fastq(put(tmp_path / "a.fastq", fastq(10).replace(b"\n", b"\r\n")))
    assert (windows.reads, windows.fault) == (10, "")
    unended = examine_fastq(put(tmp_path / "b.fastq", fastq(10)[:-1]))
    assert (unended.reads, unended.fault, unended.ends_with_newline) == (10, "", False)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no reads in it"),
        (gzip.compress(b""), "no reads in it"),
        (gzip.compress(fastq(5000))[:-20], "truncated"),
        (gzip.compress(fastq(5000))[:-4], "truncated"),
        (gzip.compress(fastq(50))[:-8] + b"\0" * 8, "corrupt"),
        (fastq(50)[:-12], "read 50: the file is truncated"),
        (fastq(7) + b"@x\nACGT\n+\nIII\n" + fastq(3), "read 8: 4 bases but 3 qualities"),
        (fastq(7) + b"ACGT\n+\nIIII\n" + fastq(3), "read 8: is not a FASTQ record"),
        (b">a\nACGT\n", "read 1: is not a FASTQ record"),
    ],
)
def test_a_fault_is_named_with_file_and_read(tmp_path, data, fault):
    found = examine_fastq(put(tmp_path / "a.fastq.gz", data))
    assert found.fault.startswith("a.fastq.gz: ")
    assert fault in found.fault
    assert found.sha256 == hashlib.sha256(data).hexdigest()


def examined(folder: Path, name: str, data: bytes) -> list:
    return [examine_fastq(put(folder / name, data))]


def test_a_pair_of_files_has_as_many_fragments_as_reads_in_one(tmp_path):
    first = examined(tmp_path, "1.fastq", fastq(1200, mate="/1"))
    second = examined(tmp_path, "2.fastq", fastq(1200, mate="/2"))
    assert check_sample([first, second]) == 1200
    assert check_sample([first + second]) == 2400


@pytest.mark.parametrize(
    ("mate", "reason"),
    [
        (fastq(1199), "mates of different length, 1,200 and 1,199 reads"),
        (fastq(1000) + fastq(200, first=1002), "read 1,001 has two different names"),
    ],
)
def test_files_that_are_not_mates_are_refused(tmp_path, mate, reason):
    first = examined(tmp_path, "1.fastq", fastq(1200))
    with pytest.raises(BrokenReadsError, match=reason):
        check_sample([first, examined(tmp_path, "2.fastq", mate)])


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        (b"r7", b"r7", True),
        (b"r7/1", b"r7/2", True),
        (b"SRR1.7.1", b"SRR1.7.2", True),
        (b"r7", b"r8", False),
        (b"r1001", b"r1002", False),
        (b"r7/2", b"r7/1", False),
    ],
)
def test_mate_names_may_differ_in_the_mate_number_only(first, second, agree):
    assert mate_names_agree(first, second) is agree


@pytest.mark.parametrize("forms", ["gg", "pp", "gp", "pg", "p", "g"])
def test_lanes_join_to_one_valid_file_in_order(tmp_path, forms):
    lanes = []
    for i, form in enumerate(forms):
        text = fastq(5, first=1 + 5 * i)[:-1]
        lanes += examined(tmp_path, f"lane{i}", gzip.compress(text) if form == "g" else text)
    joined = join_lanes(lanes, tmp_path / "sample.x_1")
    assert joined.name == ("sample.x_1.fastq.gz" if "g" in forms else "sample.x_1.fastq")
    assert records(joined) == [b"@read%d" % i for i in range(1, 5 * len(forms) + 1)]
    assert examine_fastq(joined).fault == ""


def test_the_first_reads_are_copied_whole(tmp_path):
    source = put(tmp_path / "a.fastq.gz", gzip.compress(fastq(9)))
    copy_first_reads(source, tmp_path / "head.fastq", 4)
    assert (tmp_path / "head.fastq").read_bytes() == fastq(4)
