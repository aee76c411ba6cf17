"""Planted swaps and copies are found, and sound studies raise no alarm."""

from __future__ import annotations

import numpy as np
import pytest

from rxpress.report.misplaced import misplaced_notes, misplaced_samples, same_libraries

CONDITIONS = ["A.DMSO"] * 3 + ["A.drug"] * 3 + ["B.DMSO"] * 3 + ["B.drug"] * 3


def study(seed: int, effect: float = 1.0) -> np.ndarray:
    """2,000 genes: lines differ (SD 2), the drug moves a tenth of them (SD `effect`), noise of SD 0.2."""
    random = np.random.default_rng(seed)
    gene = random.normal(8, 2, (2000, 1))
    lines = {name: random.normal(0, 2, (2000, 1)) for name in "AB"}
    drug = random.normal(0, effect, (2000, 1)) * (np.arange(2000)[:, None] % 10 == 0)
    columns = [gene + lines[c[0]] + drug * c.endswith("drug") for c in CONDITIONS]
    return np.hstack(columns) + random.normal(0, 0.2, (2000, len(CONDITIONS)))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("effect", [0.0, 0.3, 1.0])
def test_a_sound_study_raises_no_alarm_even_where_the_drug_does_nothing(seed: int, effect: float) -> None:
    assert misplaced_notes(CONDITIONS, CONDITIONS, study(seed, effect)) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("first", "second"), [(0, 3), (1, 8), (5, 9)])
def test_two_swapped_samples_are_both_named_and_no_other(seed: int, first: int, second: int) -> None:
    values = study(seed)
    values[:, [first, second]] = values[:, [second, first]]
    found = misplaced_samples(values, CONDITIONS)
    assert [m.sample for m in found] == [first, second]
    assert [CONDITIONS[m.nearest] for m in found] == [CONDITIONS[second], CONDITIONS[first]]


def test_a_library_under_two_names_is_found_also_when_it_was_scaled() -> None:
    values = study(1)
    values[:, 7] = values[:, 2] + 0.5
    assert same_libraries(values) == [(2, 7)]
    assert same_libraries(study(2)) == []


def test_samples_without_replicates_are_not_judged() -> None:
    assert misplaced_samples(study(1)[:, :4], ["w", "x", "y", "z"]) == []


def test_samples_of_one_value_and_studies_of_a_few_genes_are_no_copies() -> None:
    values = study(1)
    values[:, [2, 7]] = 410.0112004242  # whose mean is not quite itself
    assert same_libraries(values) == []
    assert same_libraries(study(1)[:2]) == []
    copies = np.repeat(study(1)[:, :1], 2, axis=1)
    assert misplaced_notes(["a", "b"], ["x", "x"], copies) == [], (
        "two samples have nothing to be held against"
    )
