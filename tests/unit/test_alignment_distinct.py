"""Different keys among many, counted in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from rxpress.alignments.distinct import DistinctCounter


def count(keys, capacity, block=1000):
    counter = DistinctCounter(capacity)
    for i in range(0, len(keys), block):
        counter.add(keys[i : i + block], np.zeros(len(keys[i : i + block]), dtype=np.int64))
    return counter


def test_up_to_its_capacity_the_count_is_exact():
    keys = np.random.default_rng(1).integers(0, 5000, size=20_000)
    counter = count(keys, capacity=5000)
    assert (counter.count, counter.exact) == (len(set(keys.tolist())), True)


@pytest.mark.parametrize("copies", [1, 3, 50])
def test_beyond_its_capacity_the_count_is_near_whatever_the_number_of_copies(copies):
    keys = np.tile(np.arange(100_000) * 7, copies)
    np.random.default_rng(2).shuffle(keys)
    counter = count(keys, capacity=4000, block=20_000)
    assert not counter.exact
    assert counter.count == pytest.approx(100_000, rel=0.06)


def test_one_key_that_fills_the_file_does_not_disturb_the_count():
    keys = np.concatenate([np.arange(50_000), np.full(400_000, 17)])
    assert count(keys, capacity=4000).count == pytest.approx(50_000, rel=0.06)


def test_rows_differ_when_any_of_their_columns_does():
    rows = np.array([(a, b, c) for a in range(-20, 20) for b in range(30) for c in (0, 1 << 40)]).T
    counter = DistinctCounter()
    counter.add(*rows)
    counter.add(*rows)
    assert counter.count == rows.shape[1]
