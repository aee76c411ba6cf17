"""Sequence files as users give them: the first read of FASTQ, names in FASTA, Salmon's index and quant.sf."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from rxpress.errors import InputError, Problem
from rxpress.reads import CHUNK_BYTES, GZIP_MAGIC
from rxpress.tables import read_json

QUANT_HEADER = b"Name\tLength\tEffectiveLength\tTPM\tNumReads"

DAMAGED_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)
LONGEST_LINE = 1 << 26
# Gzip makes sequences a fourth and annotations a thirtieth as large; what shrinks to a hundredth was made so.
LARGEST_TEXT, LIKELY_RATIO = 1 << 28, 100
# Qualities of Illumina before version 1.8 are letters from '@' (Solexa: ';') to 'h' (Phred+64); later ones
# (Phred+33) end at 'K' where there are others than the best.
LOWEST_PHRED64, HIGHEST_PHRED33 = ord(";"), ord("K")
BEST_OF_LONG_READS = ord("~")
# Amino acids that are no code of nucleotides.
PROTEIN = frozenset("EFILPQ")
SNIFFED_LETTERS = 1000
BLANKS = b" \t\r\n\v\f"

# First bytes of what users take for FASTQ (or FASTA), after inflation where the file is gzip.
FOREIGN = {
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"PK\x03\x04": "a zip file",
    b"BAM\x01": "a BAM file",
    b"CRAM": "a CRAM file",
    b"NCBI.sra": "an SRA archive",
    b"<": "a web page or XML",
    b"@HD\t": "a SAM file",
    b"@SQ\t": "a SAM file",
    b"##gff": "an annotation",
    b">": "FASTA",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\xef\xbb\xbf": "text with a byte-order mark",
}


@dataclass(frozen=True)
class FastqHead:
    """What the first bytes of a FASTQ file tell.

    `name` of the first read and its `mate` (1 or 2; 0 when its header does not say); `empty` : no reads;
    `truncated` : the whole file is here and ends early; `phred64` : qualities are in the range of old
    Illumina; `fault` : what is wrong otherwise.
    """

    name: bytes = b""
    mate: int = 0
    empty: bool = False
    truncated: bool = False
    phred64: bool = False
    fault: str = ""


def read_fastq_head(head: bytes, whole: bool) -> FastqHead:
    """The first read in the first bytes of a FASTQ file, plain or gzip by content.

    whole : whether `head` is the whole file, so that an end in it is the file's.
    """
    if not head:
        return FastqHead(empty=True)
    try:
        text, ended = _inflate(head) if head.startswith(GZIP_MAGIC) else (head, True)
    except zlib.error:
        return FastqHead(fault="begins as gzip, but is damaged")
    if what := foreign_format(text):
        return FastqHead(fault=f"is {what}, not FASTQ")
    if not text.strip():
        return FastqHead(empty=whole and ended, truncated=whole and not ended)
    return _first_read(text.lstrip(b"\r\n"), whole, ended)


def _inflate(head: bytes) -> tuple[bytes, bool]:
    """What the first bytes of a gzip file hold, over its members; and whether the last one is complete."""
    text = b""
    while head.startswith(GZIP_MAGIC):
        member = zlib.decompressobj(wbits=31)
        text += member.decompress(head)
        head = member.unused_data
        if not member.eof:
            return text, False
    return text, True


def _first_read(text: bytes, whole: bool, ended: bool) -> FastqHead:
    lines = text.split(b"\n")
    complete = lines if whole and ended else lines[:-1]
    if not text.startswith(b"@"):
        return FastqHead(fault="does not begin with '@' as FASTQ does")
    if len(complete) > 2 and not complete[2].startswith(b"+"):
        return FastqHead(fault="has no '+' in the third line of its first read")
    if len(complete) < 4:
        return FastqHead(truncated=whole)
    bases, qualities = len(complete[1].rstrip()), len(complete[3].rstrip(b"\r"))
    if bases != qualities:
        return FastqHead(fault=f"its first read has {bases} bases but {qualities} qualities")
    name, _, comment = complete[0][1:].strip().partition(b" ")
    mate = comment[:1] if comment[1:2] == b":" else name[-1:] if name[-2:-1] == b"/" else b""
    number = int(mate) if mate in (b"1", b"2") else 0
    return FastqHead(name, number, truncated=whole and not ended, phred64=_is_phred64(complete))


def _is_phred64(lines: Sequence[bytes]) -> bool:
    """Whether no quality in whole reads is below the lowest of Phred+64, and some is above Phred+33's best.

    Source: Cock et al. 2010, Nucleic Acids Research 38:1767 (the FASTQ variants and their ranges).
    """
    qualities = b"".join(line.rstrip(b"\r") for line in lines[3::4])
    lowest, highest = min(qualities, default=0), max(qualities, default=0)
    return lowest >= LOWEST_PHRED64 and HIGHEST_PHRED33 < highest < BEST_OF_LONG_READS


def foreign_format(start: bytes) -> str:
    """What a file is by its first bytes, if that is one of the formats users take for another; else ''."""
    return next((what for magic, what in FOREIGN.items() if start.startswith(magic)), "")


def open_bytes(path: str | Path) -> BinaryIO:
    """A file opened for reading bytes, inflated if it is gzip whatever its name says."""
    with Path(path).open("rb") as stream:
        gzipped = stream.read(2) == GZIP_MAGIC
    return gzip.open(path, "rb") if gzipped else Path(path).open("rb")  # type: ignore[return-value]


def read_blocks(path: str | Path) -> Iterator[bytes]:
    """A file, plain or gzip, in large blocks that end where lines end. InputError for damaged gzip."""
    try:
        with open_bytes(path) as stream:
            for block in _chunks(stream, path):
                end = stream.readline(LONGEST_LINE)
                if len(end) == LONGEST_LINE:
                    raise InputError(Problem("has a line without end", "get the file again", Path(path).name))
                yield block + end
    except DAMAGED_GZIP:
        raise _cut_off(path) from None


def _cut_off(path: str | Path) -> InputError:
    return InputError(Problem("cannot be read to its end", "get the file again", Path(path).name))


def _chunks(stream: BinaryIO, path: str | Path) -> Iterator[bytes]:
    """What a stream from the file holds, in large pieces. InputError when gzip becomes too much."""
    size = Path(path).stat().st_size
    most = max(LARGEST_TEXT, size * LIKELY_RATIO)
    while block := stream.read(CHUNK_BYTES):
        if stream.tell() > most:
            what = f"is gzip of {size:,} bytes that becomes more than {most:,}"
            raise InputError(Problem(what, "look what is in it, and give it as text", Path(path).name))
        yield block


def read_lines(path: str | Path) -> Iterator[bytes]:
    """Lines of a file, plain or gzip, without their ends; three times as fast as Python's reading by line."""
    for block in read_blocks(path):
        yield from block.removesuffix(b"\n").split(b"\n")


def fasta_names(path: str | Path) -> list[str]:
    """Names (up to the first blank) in a FASTA file, plain or gzip. InputError if it is none.

    Those that stand there more than once come at the end again.
    """
    lengths, repeated = _read_fasta(path)
    return [*lengths, *repeated]


def fasta_lengths(path: str | Path) -> dict[str, int]:
    """The length in bases of each sequence in a FASTA file, plain or gzip. InputError if it is none."""
    return _read_fasta(path)[0]


def _read_fasta(path: str | Path) -> tuple[dict[str, int], list[str]]:
    """Lengths of sequences by name, and the names that stand there more than once."""
    file = Path(path).name
    try:
        with open_bytes(path) as stream:
            magic = stream.read(64).lstrip()
        if not magic.startswith(b">"):
            foreign = foreign_format(magic)
            what = f"is {foreign}, not FASTA" if foreign else "is not FASTA: it does not begin with '>'"
            raise InputError(Problem(what if magic else "is empty", "give a FASTA file", file))
        with open_bytes(path) as stream:
            lengths, repeated, start = _count_bases(_chunks(stream, path), file)
    except (OSError, *DAMAGED_GZIP):
        raise _cut_off(path) from None
    if PROTEIN & set(start.upper()):
        raise InputError(Problem("is protein, not DNA or RNA", "give sequences of nucleotides", file))
    return lengths, list(repeated)


def _count_bases(blocks: Iterator[bytes], file: str) -> tuple[dict[str, int], dict[str, None], str]:
    """Lengths of sequences, names that come again, first letters; no sequence is held as a whole."""
    lengths: dict[str, int] = {}
    repeated: dict[str, None] = {}
    name, start, held = "", b"", b"\n"  # held : the end of a block, if a header may stand or begin in it
    for block in chain([next(blocks, b"").lstrip(BLANKS)], blocks, [b"\n"]):
        text = held + block
        line = text.rfind(b"\n")
        held = text[line:] if line >= 0 and text[line + 1 : line + 2] in (b"", b">") else b""
        if len(held) > LONGEST_LINE:
            raise InputError(Problem("has a line without end", "get the file again", file))
        rest, *records = text[: len(text) - len(held)].split(b"\n>")
        if lengths:
            lengths[name] += len(rest.translate(None, BLANKS))
        for record in records:
            header, _, bases = record.partition(b"\n")
            name = b"".join(header.split(None, 1)[:1]).decode(errors="replace")
            if name in lengths:
                repeated[name] = None
            lengths[name] = len(bases.translate(None, BLANKS))
            start = start or bases[:SNIFFED_LETTERS]
    return lengths, repeated, start.decode(errors="replace")


def index_names(folder: str | Path) -> tuple[list[str], list[str]]:
    """Names of the transcripts in an index of Salmon 1.x, and of those it left out as duplicates of others.

    Source: pufferfish's `ctable.bin` begins with the names (count, then length and bytes of each, as 64-bit
    little-endian numbers), decoys last; `duplicate_clusters.tsv` has the pairs. InputError if it is no index.
    """
    folder = Path(folder)
    try:
        decoys = int(read_json(folder / "info.json").get("num_decoys", 0))
        with (folder / "ctable.bin").open("rb") as stream:
            names = list(_counted_names(stream))
    except (OSError, ValueError, struct.error, AttributeError):
        what = "is not an index of Salmon 1.x: info.json or ctable.bin is missing or damaged"
        raise InputError(
            Problem(what, "make it with `salmon index`, or leave it away", folder.name)
        ) from None
    pairs = folder / "duplicate_clusters.tsv"
    rows = pairs.read_text().splitlines()[1:] if pairs.exists() else []
    return names[: len(names) - decoys], [row.split("\t")[1] for row in rows if "\t" in row]


def _counted_names(stream: BinaryIO) -> Iterator[str]:
    (count,) = struct.unpack("<Q", stream.read(8))
    for _ in range(count):
        (length,) = struct.unpack("<Q", stream.read(8))
        yield stream.read(length).decode()


def quant_names(lines: Iterable[bytes]) -> list[str]:
    """Names of transcripts in the lines of a quant.sf, header first. ValueError if it is none."""
    rows = iter(lines)
    if next(rows, b"").strip() != QUANT_HEADER:
        raise ValueError("not a quant.sf")
    return [row.split(b"\t", 1)[0].decode() for row in rows if row.strip()]


def quant_head_names(head: bytes, whole: bool) -> list[str]:
    """The transcripts in the first bytes of a quant.sf(.gz). ValueError if it is none."""
    try:
        text, ended = _inflate(head) if head.startswith(GZIP_MAGIC) else (head, True)
    except zlib.error:
        raise ValueError("damaged gzip") from None
    lines = text.split(b"\n")
    return quant_names(lines if whole and ended else lines[:-1])


def transcript_names(path: str | Path) -> list[str]:
    """Names of transcripts in a FASTA file, a Salmon index or a quant.sf, told apart by content."""
    if Path(path).is_dir():
        return index_names(path)[0]
    try:
        with open_bytes(path) as stream:
            is_quant = stream.read(len(QUANT_HEADER)) == QUANT_HEADER
    except DAMAGED_GZIP:
        raise _cut_off(path) from None
    try:
        return quant_names(read_lines(path)) if is_quant else fasta_names(path)
    except ValueError:
        what = "begins like a quant.sf, but is none"
        raise InputError(Problem(what, "quantify the sample again", Path(path).name)) from None
