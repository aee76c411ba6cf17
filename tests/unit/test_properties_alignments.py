"""Kernels of alignments on any data: brute force base by base, and what must hold by symmetry."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from properties import few

from rxpress.alignments.along_transcripts import bias_3prime
from rxpress.alignments.distinct import DistinctCounter
from rxpress.alignments.gene_models import Exons, Regions, build_gene_models, merge_intervals
from rxpress.alignments.junctions import crossed_introns
from rxpress.alignments.strands import judge_strandedness

INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), min_size=1, max_size=12)
CIGAR = st.lists(st.tuples(st.integers(1, 30), st.sampled_from("MIDN=XS")), min_size=1, max_size=8)
EXONS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 60), st.integers(1, 20)), min_size=1, max_size=10
)


def bases(starts: np.ndarray, ends: np.ndarray) -> set[int]:
    return {place for start, end in zip(starts, ends, strict=True) for place in range(start, end)}


@few
@given(INTERVALS, st.integers(0, 3))
def test_union_of_intervals_has_their_bases_and_nothing_between(
    intervals: list[tuple[int, int]], gap: int
) -> None:
    starts = np.array([start for start, _ in intervals])
    ends = starts + np.array([width for _, width in intervals])
    merged = merge_intervals(starts, ends)
    assert bases(*merged) == bases(starts, ends)
    assert (merged[0][1:] > merged[1][:-1]).all(), "touching ones are one"
    closed = merge_intervals(starts, ends, gap)
    assert bases(*closed) >= bases(starts, ends)
    assert (closed[0][1:] - closed[1][:-1] > gap).all()


@few
@given(INTERVALS, INTERVALS)
def test_bases_of_an_interval_within_regions_are_those_counted_one_by_one(
    intervals: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    starts = np.array([start for start, _ in intervals])
    regions = Regions.union(starts, starts + np.array([width for _, width in intervals]))
    inside = bases(regions.starts, regions.ends)
    first = np.array([start for start, _ in asked])
    last = first + np.array([width for _, width in asked])
    expected = [len(inside & set(range(a, b))) for a, b in zip(first, last, strict=True)]
    assert regions.overlap(first, last).tolist() == expected


@few
@given(EXONS)
def test_length_of_a_gene_is_that_of_the_union_of_its_exons(
    exons: list[tuple[int, int, int]],
) -> None:
    gene, start, width = (np.array(column) for column in zip(*exons, strict=True))
    transcripts, names = np.arange(4), [f"G{i}" for i in range(4)]
    strand, sequence = np.where(gene % 2 == 0, 1, -1), np.zeros_like(gene)
    models = build_gene_models(
        Exons(["chr1"], names, names, names, transcripts, sequence, start, start + width, strand, gene)
    )
    for own in range(4):
        mine = gene == own
        assert models.gene_lengths[own] == len(bases(start[mine], (start + width)[mine]))


@few
@given(CIGAR, st.integers(1, 1000))
def test_introns_are_those_of_a_walk_along_the_alignment(
    operations: list[tuple[int, str]], position: int
) -> None:
    place, introns = position, []
    for length, kind in operations:
        if kind == "N":
            introns.append((place, place + length - 1))
        place += length if kind in "MDN=X" else 0
    text = "".join(f"{length}{kind}" for length, kind in operations)
    found = list(crossed_introns(position, text))
    assert [(start, end) for start, end, _ in found] == introns
    aligned = sum(length for length, kind in operations if kind in "M=X")
    assert all(0 <= shorter <= aligned // 2 for *_, shorter in found)


@few
@given(st.floats(0.1, 1e4), st.floats(-0.9, 0.9))
def test_bias_is_one_when_even_and_inverts_when_turned_round(depth: float, slope: float) -> None:
    assert bias_3prime(np.full(100, depth)) == 1
    profile = depth * (1 + slope * np.linspace(-1, 1, 100))
    one, other = bias_3prime(profile), bias_3prime(profile[::-1])
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(one * other, 1, rtol=0.05)
    assert (one > 1) == (slope > 0) or abs(slope) < 0.05


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
