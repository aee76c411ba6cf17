"""Kernels of alignments on any data: brute force, and what must hold by symmetry."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from properties import few

from rxpress.alignments.distinct import DistinctCounter
from rxpress.alignments.strands import judge_strandedness


@few
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=80))
def test_different_keys_are_counted_once_in_any_order_and_portion(keys: list[tuple[int, int]]) -> None:
    columns = np.array(keys).T
    whole, parts = DistinctCounter(), DistinctCounter(capacity=256)
    whole.add(*columns)
    for key in reversed(keys):
        parts.add(*(np.array([part]) for part in key))
    assert whole.exact
    assert whole.count == parts.count == len(set(keys))


@few
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_strandedness_mirrors_with_the_strands(forward: int, reverse: int) -> None:
    mirror = {"forward": "reverse", "reverse": "forward"}
    said, _ = judge_strandedness(forward, reverse)
    turned, _ = judge_strandedness(reverse, forward)
    assert turned == mirror.get(said, said)
