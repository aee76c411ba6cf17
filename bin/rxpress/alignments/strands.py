"""Which strand of a transcript reads come from: one rule for Salmon's counts and for alignments."""

from __future__ import annotations

# Shares as in nf-core/rnaseq: stranded from 80 % on one strand, unstranded up to 10 % apart.
STRANDED_SHARE = 0.8
UNSTRANDED_DIFFERENCE = 0.1
FRAGMENTS_TO_JUDGE = 100

# Salmon's letters for a strandedness: (single reads, pairs that face each other).
LIBRARY_TYPES = {
    "auto": ("A", "A"),
    "forward": ("SF", "ISF"),
    "reverse": ("SR", "ISR"),
    "unstranded": ("U", "IU"),
}


def judge_strandedness(forward: int, reverse: int) -> tuple[str, float]:
    """`forward`, `reverse`, `unstranded` or `undetermined`, and the share of fragments on the forward strand.

    `forward` and `reverse` : fragments whose first (or only) read lies on the transcript's strand, and on the
    other one.
    """
    total = forward + reverse
    share = forward / total if total else 0.5
    if total >= FRAGMENTS_TO_JUDGE:
        if max(share, 1 - share) >= STRANDED_SHARE:
            return ("forward" if share > 0.5 else "reverse"), share
        if abs(2 * share - 1) <= UNSTRANDED_DIFFERENCE:
            return "unstranded", share
    return "undetermined", share
