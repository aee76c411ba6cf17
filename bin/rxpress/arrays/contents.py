"""The bytes of an array file, plain or gzipped, read with bounds: no number of a header is trusted."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from pathlib import Path

import numpy as np

from rxpress.errors import InputError, Problem

GZIP_MAGIC = b"\x1f\x8b"
LARGEST = 1 << 29
PART = 1 << 22
HEAD_BYTES = 4096
LARGEST_HEAD = 1 << 16


def broken(path: Path, what: str, fix: str = "get the file again from where it came") -> InputError:
    """The error that names a malformed file."""
    return InputError(Problem(what, fix, str(path)))


def read_bytes(path: Path) -> bytes:
    """The file's content, inflated when it is gzip. InputError when corrupt or over 512 MiB."""
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == GZIP_MAGIC
        with gzip.open(path) if gzipped else path.open("rb") as file:
            # Not read(LARGEST): it would ask for as much memory at once.
            parts, size = [], 0
            while size <= LARGEST and (part := file.read(PART)):
                parts.append(part)
                size += len(part)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise broken(path, f"the gzip data are corrupt or end early ({error})") from None
    except OSError as error:
        raise broken(path, f"cannot be read ({error.strerror})", "check the path") from None
    if size > LARGEST:
        raise broken(path, "holds more than 512 MiB, which no supported array does", "check the file")
    return b"".join(parts)


def inflated_head(head: bytes) -> bytes:
    """The first bytes of a file, when it is gzip inflated as far as they go.

    ValueError when it is empty, or damaged or truncated gzip.
    """
    if not head:
        raise ValueError("is empty")
    if not head.startswith(GZIP_MAGIC):
        return head
    try:
        data = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, LARGEST_HEAD)
    except zlib.error as error:
        raise ValueError(f"is damaged gzip ({error})") from None
    if not data:
        raise ValueError("is truncated or corrupt: it ends within its header")
    return data


class Reader:
    """Takes values from `data` one after another; InputError where the file ends before a value does.

    `order` is struct's and numpy's byte order: `<` or `>`.
    """

    def __init__(self, data: bytes, path: Path, order: str, position: int = 0) -> None:
        self.data, self.path, self.order, self.position = data, path, order, position

    def take(self, size: int) -> bytes:
        end = self.position + size
        if size < 0 or end > len(self.data):
            raise broken(self.path, f"truncated or corrupt at byte {self.position} of {len(self.data)}")
        start, self.position = self.position, end
        return self.data[start:end]

    def values(self, codes: str) -> tuple[int, ...]:
        """Integers of struct's format `codes`, without padding."""
        form = struct.Struct(self.order + codes)
        return form.unpack(self.take(form.size))

    def integer(self) -> int:
        return self.values("i")[0]

    def text(self) -> str:
        """A length (32 bits) and as many Latin-1 characters."""
        return self.take(self.integer()).decode("latin-1")

    def wide_text(self) -> str:
        """A length (32 bits) and as many UTF-16 characters, as Calvin files write text."""
        return self.take(2 * self.integer()).decode("utf-16-be", errors="replace")

    def array(self, dtype: np.dtype, count: int) -> np.ndarray:
        """`count` records of `dtype`; the bytes are looked for before anything is allocated."""
        return np.frombuffer(self.take(dtype.itemsize * count), dtype)


def facts_of(text: str) -> dict[str, str]:
    """The `key=value` lines of a text."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def number(facts: dict[str, str], key: str, path: Path) -> int:
    """The whole number under `key`. InputError when there is none."""
    value = facts.get(key, "")
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise broken(path, f"truncated or corrupt: '{key}' is '{value[:40]}', not a number")
    return int(value)
