"""What the property tests share: the same few examples in every run, and matrices as strategies."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

few = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False, allow_subnormal=False)


def matrices(
    rows: tuple[int, int], columns: tuple[int, int], elements: st.SearchStrategy[float]
) -> st.SearchStrategy[np.ndarray]:
    """Matrices with sizes in these ranges, ends included."""
    shape = st.tuples(st.integers(*rows), st.integers(*columns))
    return shape.flatmap(lambda size: arrays(float, size, elements=elements))


def generators() -> st.SearchStrategy[np.random.Generator]:
    """Random numbers for what must be plausible rather than odd."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)
