"""Packed numbers come back within half a step, packed text as it was."""

from __future__ import annotations

import numpy as np
import pytest
from packed import numbers, unpack

from rxpress.report.packing import Packer


@pytest.mark.parametrize(
    ("largest", "step", "width"),
    [(1.0, 0.01, 1), (127, 1, 1), (32.7, 0.001, 2), (128, 1, 2), (400, 0.001, 4)],
)
def test_numbers_come_back_within_half_a_step_in_few_bytes(largest: float, step: float, width: int) -> None:
    values = np.concatenate([np.random.default_rng(1).uniform(-largest, largest, 500), [largest, -largest]])
    packer = Packer()
    packer.add(np.arange(7), 1)
    place = packer.add(values, step)
    header, arrays = unpack(packer.pack({"place": place}))
    assert header["place"]["width"] == width
    np.testing.assert_allclose(numbers(place, arrays), values, rtol=0, atol=step / 2 * (1 + 1e-9))


def test_missing_and_infinite_numbers_are_missing_and_huge_ones_stay_huge() -> None:
    packer = Packer()
    place = packer.add(np.array([[1.0, np.nan], [np.inf, -1e300]]), 0.001)
    found = numbers(place, unpack(packer.pack({}))[1])
    np.testing.assert_array_equal(found[:3], [1.0, np.nan, np.nan])
    assert found[3] < -2e6


def test_text_comes_back_and_the_same_content_gives_the_same_payload() -> None:
    header = {"names": ["</script>", "β\n\t\"'", ""]}
    payloads = {Packer().pack(header) for _ in range(2)}
    assert len(payloads) == 1
    assert unpack(payloads.pop())[0] == header
