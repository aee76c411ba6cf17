"""Samplesheets, contrasts files and designs of any content: round trips, orders, and algebra by rank."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from input_files import SCHEMAS
from properties import few, generators, numbers
from study_sheets import sheet

from rxpress.checking.parameters import check_parameters
from rxpress.contrasts import plan_study
from rxpress.design.conditions import id_part
from rxpress.design.contrast_requests import read_requests
from rxpress.design.formulas import formula_levels, formula_matrix
from rxpress.design.model_matrix import estimable, model_matrix
from rxpress.design.planned_contrasts import Part, combine
from rxpress.errors import Problems, did_you_mean, nearest
from rxpress.samplesheet import cell_number, join_lanes, read_sheet

NAMES = st.text("abcXYZ019", min_size=1, max_size=5).map("s{}".format)
PLAIN = st.text("abcXYZ019_.", min_size=1, max_size=6).map("v{}".format)


@few
@given(st.lists(NAMES, min_size=1, max_size=6, unique=True), st.permutations(range(5)), st.data())
def test_a_sheet_says_the_same_in_any_order_of_columns(
    tmp_path: Path, names: list[str], order: list[int], data: st.DataObject
) -> None:
    columns = ["sample", "cell_line", "treatment", "dose_nM", "note"]
    rows = [[name, *data.draw(st.lists(PLAIN, min_size=4, max_size=4))] for name in names]
    found = []
    for shown in (range(5), order):
        path = tmp_path / "samples.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([[row[i] for i in shown] for row in [columns, *rows]])
        problems = Problems()
        samples = join_lanes(read_sheet(path, SCHEMAS.sheet, problems))
        assert problems.found == []
        found.append([(sample.name, dict(sorted(sample.cells.items())), sample.line) for sample in samples])
    assert found[0] == found[1]
    assert [name for name, *_ in found[0]] == names
    assert [cells for _, cells, _ in found[0]] == [
        dict(sorted(zip(columns, row, strict=True))) for row in rows
    ]


@few
@given(numbers(-1e12, 1e12) | st.integers().map(float))
def test_a_cell_is_the_number_that_it_shows(value: float) -> None:
    assert cell_number(repr(value)) == value
    assert cell_number(f"{value}x") is None
    assert cell_number(f"{value},5") is None


SELECTION = st.dictionaries(PLAIN, PLAIN | st.lists(PLAIN, min_size=1, max_size=3), min_size=1, max_size=3)
SIDES = st.fixed_dictionaries(
    {"up": SELECTION | st.lists(SELECTION, min_size=1, max_size=2), "down": SELECTION}
)
COMBINED = st.fixed_dictionaries({"difference": st.lists(PLAIN, min_size=2, max_size=2)})
WEIGHTS = st.dictionaries(PLAIN, numbers(0.1, 9), min_size=1, max_size=2)
FORMULA = st.fixed_dictionaries({"formula": st.just("~ batch"), "coefficients": WEIGHTS})


@few
@given(st.dictionaries(NAMES, SIDES | COMBINED | FORMULA, min_size=1, max_size=4))
def test_a_contrasts_file_reads_back(tmp_path: Path, asked: dict[str, dict[str, object]]) -> None:
    entries = [{"id": id, "label": f"label of {id}", **keys} for id, keys in asked.items()]
    path = tmp_path / "contrasts.yml"
    path.write_text(yaml.safe_dump({"contrasts": entries}, sort_keys=False))
    found = read_requests(path)
    lines = path.read_text().splitlines()
    assert [request.id for request in found] == list(asked)
    for request in found:
        keys = asked[request.id]
        assert request.label == f"label of {request.id}"
        assert request.difference == tuple(keys.get("difference", ()))
        assert dict(request.coefficients) == keys.get("coefficients", {})
        assert bool(request.up) == ("up" in keys)
        down = keys.get("down", {})
        given_down = {k: tuple(v) if isinstance(v, list) else (v,) for k, v in down.items()}
        assert [dict(selection) for selection in request.down] == ([given_down] if down else [])
        assert lines[request.line_of["id"] - 1].endswith(f"id: {request.id}")


@few
@given(generators(), st.integers(4, 12))
def test_model_matrix_follows_the_samples_and_has_a_column_per_condition(
    generator: np.random.Generator, n: int
) -> None:
    samples = pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(n)],
            "condition": [f"c{i}" for i in generator.integers(0, 3, n)],
            "batch": [f"b{i}" for i in generator.integers(0, 2, n)],
            "rin": generator.uniform(5, 10, n),
        }
    )
    matrix, names = model_matrix(samples, ["batch", "rin"])
    conditions = samples["condition"].unique().tolist()
    assert sorted(names[: len(conditions)]) == sorted(conditions)
    for j, condition in enumerate(names[: len(conditions)]):
        np.testing.assert_array_equal(matrix[:, j], samples["condition"] == condition)
    order = generator.permutation(n)
    turned, again = model_matrix(samples.iloc[order].reset_index(drop=True), ["batch", "rin"])
    for name in conditions:
        np.testing.assert_array_equal(turned[:, again.index(name)], matrix[order, names.index(name)])
    both = np.hstack([turned, matrix[order]])
    assert np.linalg.matrix_rank(both, tol=1e-9) == np.linalg.matrix_rank(matrix, tol=1e-9)


@few
@given(generators(), st.sampled_from(["~ a", "~ a + b", "~ a * b", "~ 0 + a", "~ a + x", "~ a:b"]))
def test_columns_of_a_formula_tell_apart_what_its_terms_do(
    generator: np.random.Generator, formula: str
) -> None:
    samples = pd.DataFrame(
        {
            "sample": [f"s{i}" for i in range(24)],
            "a": np.tile(["a0", "a1", "a2"], 8),
            "b": np.repeat(["b0", "b1"], 12),
            "x": generator.normal(size=24).round(3),
        }
    )
    levels = formula_levels(formula, samples, "a0")
    matrix, names = formula_matrix(formula, samples, levels)
    assert len(set(names)) == matrix.shape[1]
    rank = {"~ a": 3, "~ a + b": 4, "~ a * b": 6, "~ 0 + a": 3, "~ a + x": 4, "~ a:b": 6}[formula]
    assert np.linalg.matrix_rank(matrix) == rank
    order = generator.permutation(24)
    turned, again = formula_matrix(formula, samples.iloc[order].reset_index(drop=True), levels)
    assert again == names
    np.testing.assert_allclose(turned, matrix[order])


@few
@given(st.integers(1, 3), st.integers(2, 3), st.permutations(["S1", "S2", "R1", "R2"]))
def test_derived_contrasts_sum_to_zero_and_do_not_depend_on_the_order_of_lines(
    doses: int, replicates: int, order: list[str]
) -> None:
    responses = {"S1": "sensitive", "S2": "sensitive", "R1": "resistant", "R2": "resistant"}
    treatments = [("DMSO", 0.0, 24.0), *(("bortezomib", 5.0 * 2**i, 24.0) for i in range(doses))]
    designs = [
        plan_study(sheet({line: responses[line] for line in lines}, treatments, replicates), "DMSO")
        for lines in (list(responses), order)
    ]
    for design in designs:
        for contrast in design.contrasts:
            if contrast.weights:
                assert sum(contrast.weights.values()) == pytest.approx(0, abs=1e-12)
    one, other = ({c.id: dict(c.weights) for c in design.contrasts} for design in designs)
    assert one.keys() == other.keys()
    for id, weights in one.items():
        assert weights == pytest.approx(other[id])


@few
@given(st.lists(st.tuples(NAMES, st.sampled_from([1, -1])), min_size=1, max_size=6))
def test_mean_of_parts_weighs_each_side_as_one(parts: list[tuple[str, int]]) -> None:
    made = [
        Part(name, "", sign, {f"{name}.{i}.t": 1.0, f"{i}.d": -1.0}) for i, (name, sign) in enumerate(parts)
    ]
    combined = combine(made)
    assert sum(combined.values()) == pytest.approx(0, abs=1e-12)
    upper = sum(
        w for name, w in combined.items() if name.endswith(".t") and parts[int(name.split(".")[1])][1] > 0
    )
    assert upper == pytest.approx(1.0 if any(sign > 0 for _, sign in parts) else 0.0)


@few
@given(generators())
def test_differences_of_conditions_can_be_estimated_where_both_have_samples(
    generator: np.random.Generator,
) -> None:
    condition = generator.integers(0, 4, 6)
    matrix = np.eye(4)[condition]
    contrasts = np.array([np.eye(4)[i] - np.eye(4)[j] for i in range(4) for j in range(4) if i != j])
    there = set(condition.tolist())
    expected = [i in there and j in there for i in range(4) for j in range(4) if i != j]
    assert estimable(contrasts, matrix).tolist() == expected


@few
@given(st.text(max_size=8), st.lists(PLAIN, max_size=5))
def test_words_are_likened_to_known_ones_only(word: str, known: list[str]) -> None:
    found = nearest(word, known)
    assert found is None or found in known
    assert all(nearest(name.upper(), [name]) == name for name in known)
    assert did_you_mean(word, known) == (f"did you mean '{found}'?" if found else "")
    assert set(id_part(word)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
KNOWN = ["alpha", "fold_change", "seed", "fit", "input", "min_rin", "aligner"]


@few
@given(
    st.dictionaries(
        st.sampled_from([*["alpha", "fold_change", "seed", "fit", "input", "min_rin", "aligner"], "alhpa"]),
        ANYTHING,
    )
)
def test_any_parameters_are_taken_or_told(given_values: dict[str, object]) -> None:
    problems = Problems()
    check_parameters(SCHEMAS.parameters, given_values, problems)
    assert all(str(problem).startswith("--") for problem in problems.found)
    if "alhpa" in given_values and given_values["alhpa"] is not None:
        assert any("--alhpa" in str(problem) for problem in [*problems.found, *problems.warnings])
