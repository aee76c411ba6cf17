"""Joint tests: R's likelihood-ratio tests, and what they add up to."""

from __future__ import annotations

import numpy as np
import pytest
from deseq2_goldens import (
    ALPHA,
    TWO_GROUPS,
    assert_same_p_values,
    assert_same_set,
    golden,
    study,
)
from test_fit_choice import LINES, chosen, drug_weights

from rxpress.deseq.joint import JointTest, evaluate_joint, null_space
from rxpress.design.study_model import coefficient_vector
from rxpress.inference import BatchedInference

EFFECTS = [{f"{line}.d": 1, f"{line}.v": -1} for line in "ABCD"]
DIFFERENCES = [{f"{line}.d": 1, f"{line}.v": -1, "A.d": -1, "A.v": 1} for line in "BCD"]


def jointly(name: str, members: list[dict[str, float]], blocked: bool = True) -> JointTest:
    whole = study(name, blocked)
    contrasts = np.array([whole.contrast(weights) for weights in members])
    return evaluate_joint(whole.fit, contrasts, BatchedInference(), ALPHA)


@pytest.mark.parametrize(
    ("name", "members", "blocked", "values"),
    [
        ("lines", EFFECTS, True, "lines.effects"),
        ("lines", DIFFERENCES, True, "lines.differences"),
        ("lines", EFFECTS, False, "lines.effects.unblocked"),
        ("replicates", [TWO_GROUPS], True, "replicates.joint"),
        ("groups", [TWO_GROUPS], True, "groups.joint"),
        ("pairs", [TWO_GROUPS], True, "pairs.joint"),
        ("lengths", [TWO_GROUPS], True, "lengths.joint"),
    ],
)
def test_joint_tests_are_likelihood_ratio_tests_of_r(
    name: str, members: list[dict[str, float]], blocked: bool, values: str
) -> None:
    ours, table = jointly(name, members, blocked), golden(values)
    settled = (table["settled"] == 1).to_numpy()
    assert settled.mean() > 0.97
    assert ours.df == table["df"].iloc[0] == len(members)
    theirs = np.maximum(table["statistic"].to_numpy(), 0)
    difference = (ours.statistic - theirs) / (1 + theirs)
    assert np.nanquantile(np.abs(difference[settled]), 0.99) < 1e-4
    assert (difference[~settled] < 0.05).all()
    assert np.array_equal(np.isnan(ours.p_value), table["p_value"].isna())
    assert_same_p_values(ours.p_value[settled], table["p_value"][settled])
    assert_same_set(np.nan_to_num(ours.p_adjusted, nan=1.0) < ALPHA, (table["p_adjusted"] < ALPHA).to_numpy())


def test_the_member_shown_is_the_one_with_the_largest_effect() -> None:
    ours = jointly("lines", EFFECTS)
    alone = [study("lines").evaluate(weights) for weights in EFFECTS]
    estimates, errors = (
        np.array([getattr(test, name) for test in alone]).T for name in ("estimate", "error")
    )
    seen = np.isfinite(ours.statistic)
    gene = np.arange(len(ours.member))
    assert set(ours.member[seen]) == {0, 1, 2, 3}
    assert np.abs(ours.estimate[seen]) == pytest.approx(np.abs(estimates[seen]).max(axis=1), abs=1e-9)
    assert ours.estimate[seen] == pytest.approx(estimates[gene, ours.member][seen], abs=1e-9)
    assert ours.error[seen] == pytest.approx(errors[gene, ours.member][seen], rel=1e-9)
    assert np.isnan(ours.estimate[~seen]).all()
    assert np.isnan(ours.p_value[~seen]).all()


def test_a_contrast_that_follows_from_others_adds_no_degree_of_freedom() -> None:
    every_pair = [*DIFFERENCES, {"B.d": 1, "B.v": -1, "C.d": -1, "C.v": 1}]
    three, four = jointly("lines", DIFFERENCES), jointly("lines", every_pair)
    assert four.df == three.df == 3
    easy = (golden("lines.differences")["settled"] == 1).to_numpy()
    assert four.statistic[easy] == pytest.approx(three.statistic[easy], rel=1e-3, abs=1e-3, nan_ok=True)


def test_a_gene_silent_in_all_members_has_p_1() -> None:
    ours = jointly("lines", [EFFECTS[2]])
    line_c = study("lines").samples["condition"].str.startswith("C").to_numpy()
    counts = study("lines").counts
    silent = ~counts[:, line_c].any(axis=1) & counts.any(axis=1)
    assert silent.sum() >= 70
    assert (ours.p_value[silent] == 1).all()
    assert (ours.estimate[silent] == 0).all()


def test_the_reduced_design_holds_all_that_the_contrasts_leave_free() -> None:
    contrasts = np.random.default_rng(1).normal(size=(3, 7)) * np.array([1, 1, 0, 1, 1, 0, 1])
    basis = null_space(np.vstack([contrasts, contrasts[0] - contrasts[2]]))
    assert basis.shape == (7, 4)
    assert np.linalg.matrix_rank(basis) == 4
    assert contrasts @ basis == pytest.approx(np.zeros((3, 4)), abs=1e-12)


def test_conditions_that_are_equal_share_an_indicator_in_the_reduced_design() -> None:
    basis = null_space(np.array([[1.0, -1, 0, 0, 0], [0, 0.25, -0.25, 0, 0]]))
    assert sorted(basis.T.tolist()) == [[0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [1, 1, 1, 0, 0]]


def test_lines_fitted_apart_add_up_their_likelihood_ratios() -> None:
    apart, _ = chosen(3, "cell_line")
    effects = {line: coefficient_vector(drug_weights(line), apart.coefficients) for line in LINES}
    inference = BatchedInference()
    together = evaluate_joint(apart.fit, np.array(list(effects.values())), inference, ALPHA)
    alone = [evaluate_joint(apart.fit, effect[None], inference, ALPHA) for effect in effects.values()]
    assert together.df == 4
    total = np.sum([test.statistic for test in alone], axis=0)
    assert together.statistic == pytest.approx(total, rel=1e-3, abs=0.02, nan_ok=True)
    for test, line in zip(alone, LINES, strict=True):
        assert 0.03 < np.nanmean(test.p_value < 0.05) < 0.085, line
