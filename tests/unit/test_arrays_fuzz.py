"""Studies with a damaged file end in a result or a named error (2,000 of them: benchmarks/array_fuzz.py)."""

from __future__ import annotations

from pathlib import Path

from array_fuzzing import make_targets, outcomes

SEEDS = 168


def test_a_study_with_a_damaged_file_ends_in_a_result_or_a_named_error(tmp_path: Path) -> None:
    ended = list(outcomes(make_targets(tmp_path), range(SEEDS)))
    errors = [outcome for _, outcome in ended if outcome != "result"]
    assert len({form for form, _ in ended}) == 12
    assert 0 < len(errors) < SEEDS
    assert all(".CEL" in error or ".cdf" in error or ".tsv" in error for error in errors)
