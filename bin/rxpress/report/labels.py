"""Labels of contrasts, made short where they stand side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile


def shorten(labels: Sequence[str]) -> tuple[list[str], str]:
    """Labels without what all of them say, and that: `drug vs DMSO in A`, `drug vs DMSO in B` are A and B.

    They stay whole when there is one, or when what is left would not tell them apart.
    """
    parts = [re.split(r", |: ", label) for label in labels]
    shared = [part for part in parts[0] if all(part in own for own in parts)] if parts else []
    left = [[part for part in own if part not in shared] for own in parts]
    heads = [own[0].split() if own else [] for own in left]
    start = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*heads, strict=False))]
    rests = [
        [" ".join(head[len(start) :]).removeprefix("in "), *own[1:]]
        for head, own in zip(heads, left, strict=True)
    ]
    short = [", ".join(part for part in rest if part) for rest in rests]
    if len(labels) < 2 or not all(short) or len(set(short)) < len(short):
        return list(labels), ""
    return short, ", ".join([" ".join(start)] * bool(start) + shared)
