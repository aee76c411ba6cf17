"""BAM files taken apart by numpy, held against pysam's own reading of the same records."""

from __future__ import annotations

import array
import gzip

import pysam
import pytest
from alignment_files import REVERSE, UNMAPPED, made_library, record, write_bam

from rxpress.alignments import bam
from rxpress.alignments.bam import open_bam
from rxpress.errors import InputError

CIGARS = [
    "50M",
    "5S40M5S",
    "3H47M",
    "20M100N30M",
    "20M2I10M3D18M",
    "10=1X39=",
    "4S10M5N6M2N30M",
    "2H8S40M1S1H",
]


def read_all(path):
    """Every column of the records of a file, as lists."""
    columns = {}
    reads = 0
    for records in open_bam(path).blocks():
        for name, values in vars(records).items():
            moved = values + reads if name == "block_read" else values
            columns.setdefault(name, []).extend(moved.tolist())
        reads += len(records.flag)
    return columns


def by_pysam(path):
    """The same columns by pysam's iterator, one read at a time."""
    columns = {name: [] for name in bam.Records.__dataclass_fields__}
    with pysam.AlignmentFile(str(path)) as file:
        for i, read in enumerate(file.fetch(until_eof=True)):
            operations = read.cigartuples or []
            clips = [n if op in (4, 5) else 0 for op, n in operations]
            inner = [k for k, (op, _) in enumerate(operations) if op not in (4, 5)]
            first, last = (inner[0], inner[-1]) if inner else (0, -1)
            blocks = aligned_blocks(read)
            row = {
                "flag": read.flag,
                "mapping_quality": read.mapping_quality,
                "length": read.query_length,
                "template_length": read.template_length,
                "sequence": read.reference_id,
                "mate_sequence": read.next_reference_id,
                "start": read.reference_start,
                "end": read.reference_end if operations else read.reference_start,
                "mate_start": read.next_reference_start,
                "clip_left": sum(clips[:first]),
                "clip_right": sum(clips[last + 1 :]),
                "spliced": any(op == 3 for op, _ in operations),
                "hits": read.get_tag("NH") if read.has_tag("NH") else 0,
            }
            for name, value in row.items():
                columns[name].append(value)
            for start, end in blocks:
                columns["block_read"].append(i)
                columns["block_start"].append(start)
                columns["block_end"].append(end)
    return columns


def aligned_blocks(read):
    place, blocks = read.reference_start, []
    for operation, length in read.cigartuples or []:
        if operation in (0, 7, 8):
            blocks.append((place, place + length))
        place += length if operation in (0, 2, 3, 7, 8) else 0
    return blocks


def bases_of(cigar):
    read = pysam.AlignedSegment()
    read.cigarstring = cigar
    return read.infer_query_length()


@pytest.mark.parametrize("block_bytes", [1 << 23, 700])
def test_every_column_is_what_pysam_reads(tmp_path, monkeypatch, block_bytes):
    monkeypatch.setattr(bam, "BLOCK_BYTES", block_bytes)
    odd = [record(f"o{i}", REVERSE * (i % 2), 200 + i, c, bases=bases_of(c)) for i, c in enumerate(CIGARS)]
    odd += [
        record("u", UNMAPPED),
        record("p", 73, mate=("1", 100)),
        record("n", tags={"XX": 1}),
        record("m", tags={"NH": 70000}),
    ]
    path = write_bam(tmp_path / "a.bam", [*odd, *made_library(fragments=150)])
    assert read_all(path) == by_pysam(path)


def test_nh_is_found_behind_tags_of_every_type(tmp_path):
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "1", "LN": 1000}]})
    before = [("XA", "a", "A"), ("XF", 1.5, "f"), ("XZ", "", "Z"), ("XY", "NHtext", "Z"), ("XH", "1AE3", "H")]
    before += [("XI", -(2**31), "i"), ("XJ", 2**32 - 1, "I"), ("XS", -300, "s"), ("XT", 60000, "S")]
    before += [("XC", -3, "c"), ("XD", 200, "C")]
    arrays = [("X" + code, array.array(code, [1, 2, 3])) for code in "bBhHiIf"]
    path = tmp_path / "tags.bam"
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for i in range(len(before) + 1):
            for code, hits in (("c", 7), ("C", 200), ("s", 300), ("S", 60000), ("i", 70000), ("I", 2**31)):
                read = pysam.AlignedSegment(header)
                read.query_name, read.reference_id, read.reference_start = "r", 0, 5
                read.query_sequence, read.cigarstring = "ACGTA", "5M"
                read.set_tags([*before[:i], *arrays[: i % 8], ("NH", hits, code)])
                out.write(read)
    assert read_all(path)["hits"] == [7, 200, 300, 60000, 70000, 2**31] * (len(before) + 1)


def test_a_file_without_reads_has_a_header_and_no_blocks(tmp_path):
    file = open_bam(write_bam(tmp_path / "none.bam", [], "coordinate"))
    assert (file.sequences, file.sort_order) == (["1", "2", "MT"], "coordinate")
    assert list(file.blocks()) == []


def sam_text(tmp_path, mode):
    path = write_bam(tmp_path / "in.bam", [record()])
    out = tmp_path / "converted"
    fasta = tmp_path / "g.fa"
    fasta.write_text(
        "".join(f">{n}\n{'A' * size}\n" for n, size in (("1", 60_000), ("2", 40_000), ("MT", 5_000)))
    )
    with (
        pysam.AlignmentFile(str(path)) as source,
        pysam.AlignmentFile(str(out), mode, template=source, reference_filename=str(fasta)) as target,
    ):
        for read in source.fetch(until_eof=True):
            target.write(read)
    return out.read_bytes()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b"@read\nACGT\n+\nIIII\n", "is not BAM"),
        (lambda _: gzip.compress(b"@read\nACGT\n+\nIIII\n"), "is no BAM file or is damaged"),
        (lambda p: sam_text(p, "w"), "is a SAM file, not BAM; make a BAM file of it with `samtools sort`"),
        (lambda p: sam_text(p, "wc"), "is a CRAM file, not BAM; make a BAM file of it with `samtools sort`"),
    ],
)
def test_what_is_no_bam_file_is_named(tmp_path, content, words):
    path = tmp_path / "sample.bam"
    path.write_bytes(content(tmp_path))
    with pytest.raises(InputError, match=r"sample\.bam: ") as error:
        open_bam(path)
    assert words in str(error.value)


def test_a_file_cut_anywhere_is_an_input_error_that_names_it(tmp_path):
    whole = write_bam(tmp_path / "whole.bam", made_library(fragments=600)).read_bytes()
    path = tmp_path / "cut.bam"
    for size in [*range(1, 60, 7), *range(60, len(whole), len(whole) // 40), len(whole) - 28, len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=r"cut\.bam: "):
            list(open_bam(path).blocks())


def test_a_damaged_block_is_an_input_error_that_names_the_file(tmp_path):
    data = bytearray(write_bam(tmp_path / "whole.bam", made_library(fragments=600)).read_bytes())
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "damaged.bam"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"damaged\.bam: .*damaged"):
        list(open_bam(path).blocks())
