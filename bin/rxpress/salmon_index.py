"""Whether a Salmon index is whole. Salmon itself does not look: it ends well on a disk that is full when it
builds one, and reads an index cut short without a word, where fewer reads then map, or others.
"""

from __future__ import annotations

import json
from pathlib import Path
from struct import calcsize, error, unpack

from rxpress.errors import Problem

INFO = "info.json"
BUILD_AGAIN = "build it again: `salmon index`, or --transcripts instead of --salmon_index"
# Packed numbers: whether the width is fixed, bits of a number, how many there are, and room that was there.
PACKED_HEADER = "<4Q"
PACKED = ("seq.bin", "rank.bin", "refseq.bin", "ctg_offsets.bin", "pos.bin")
# Plain numbers, one per transcript: how many there are, and the bytes of each.
PLAIN_HEADER = "<Q"
PLAIN = {"reflengths.bin": 4, "complete_ref_lens.bin": 4, "refAccumLengths.bin": 8}
# Of these Salmon notices that they are cut short, but waits for ever when the first is not there.
NOTICED = ("mphf.bin", "ctable.bin", "versionInfo.json")
ONLY_DENSE = ("pos.bin",)  # `salmon index --sparse` writes others in its place


def check_salmon_index(index: Path) -> list[Problem]:
    """What is wrong with an index: not one, files that are missing, or files cut short."""
    if not (index / INFO).is_file():
        return [Problem("is not a Salmon index", "make one with `salmon index`", str(index))]
    try:
        sparse = json.loads((index / INFO).read_text(encoding="utf-8"))["sampling_type"] != "dense"
    except (ValueError, KeyError):
        return [Problem("is damaged", BUILD_AGAIN, str(index / INFO))]
    problems = []
    for name in (*PACKED, *PLAIN, *NOTICED):
        file = index / name
        size = file.stat().st_size if file.is_file() else 0
        if not size and not (sparse and name in ONLY_DENSE):
            problems.append(Problem("is missing or empty", BUILD_AGAIN, str(file)))
        elif size and name not in NOTICED and size < (expected := _expected_bytes(file)):
            what = f"is damaged: {size:,} bytes instead of {expected:,}"
            problems.append(Problem(what, BUILD_AGAIN, str(file)))
    return problems


def _expected_bytes(file: Path) -> int:
    """Size of a file by its first bytes; one more than it has when these are cut short themselves."""
    header = PACKED_HEADER if file.name in PACKED else PLAIN_HEADER
    with file.open("rb") as data:
        try:
            numbers = unpack(header, data.read(calcsize(header)))
        except error:
            return file.stat().st_size + 1
    if file.name in PLAIN:
        return calcsize(header) + int(numbers[0]) * PLAIN[file.name]
    bits, count = int(numbers[1]), int(numbers[2])
    return calcsize(header) + 8 * -(-bits * count // 64)
