"""Meta-analysis against R's metafor (tests/golden/metafor.R), and by principle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rxpress.meta import (
    Combined,
    common_sign,
    fixed_effect,
    hartung_knapp,
    heterogeneity,
    normal_errors,
    restricted_tau2,
    stouffer,
)
from rxpress.tables import read_table

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "metafor"
FIELDS = ("estimate", "error", "lower", "upper", "statistic", "p_value")
AGREE = 1e-6


@pytest.fixture(scope="module")
def metafor() -> pd.DataFrame:
    return read_table(GOLDEN / "metafor.tsv.gz")


def golden_studies(name: str) -> np.ndarray:
    return read_table(GOLDEN / "studies.tsv.gz").filter(like=f"{name}.").to_numpy(float)


EFFECTS, ERRORS, P_VALUES = map(golden_studies, ("estimate", "se", "p"))


def assert_agree(ours: np.ndarray, theirs: pd.Series) -> None:
    """Within 1e-6, relative where a value exceeds 1."""
    theirs = theirs.to_numpy(float)
    assert np.max(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))) <= AGREE


def assert_combined(ours: Combined, theirs: pd.DataFrame, name: str) -> None:
    for field in FIELDS:
        assert_agree(getattr(ours, field), theirs[f"{name}.{field}"])
    np.testing.assert_allclose(ours.p_value, theirs[f"{name}.p_value"], rtol=AGREE)


def test_the_fixed_effect_is_that_of_metafor(metafor: pd.DataFrame) -> None:
    assert_combined(fixed_effect(EFFECTS, ERRORS), metafor, "fixed")


def test_heterogeneity_is_that_of_metafor(metafor: pd.DataFrame) -> None:
    ours = heterogeneity(EFFECTS, ERRORS)
    assert sorted(set(metafor["studies"])) == [2, 3, 4, 5, 6, 7, 8]
    assert 0.2 < (metafor["i2"] < 1e-6).mean() < 0.6  # both sides of the boundary are in the goldens
    for field in ("q", "q_p_value", "tau2"):
        assert_agree(getattr(ours, field), metafor[field])
    assert_agree(ours.i2 / 100, metafor["i2"] / 100)  # metafor stops 1e-10 short of tau² 0


@pytest.mark.parametrize(("name", "least_factor"), [("adhoc", 1.0), ("knha", 0.0)])
def test_hartung_knapp_intervals_are_those_of_metafor(
    metafor: pd.DataFrame, name: str, least_factor: float
) -> None:
    ours = hartung_knapp(EFFECTS, ERRORS, restricted_tau2(EFFECTS, ERRORS), least_factor)
    assert_combined(ours, metafor, name)


def test_stouffer_is_the_sum_of_signed_quantiles(metafor: pd.DataFrame) -> None:
    z, p_value = stouffer(EFFECTS, P_VALUES)
    assert_agree(z, metafor["stouffer_z"])
    np.testing.assert_allclose(p_value, metafor["stouffer_p_value"], rtol=AGREE)


def draw(rng: np.random.Generator, genes: int, studies: int, tau: float = 0.0) -> tuple[np.ndarray, ...]:
    """Effects about 0 and their errors, (genes, studies)."""
    errors = 0.3 * np.exp(rng.uniform(-0.5, 0.5, (genes, studies)))
    return rng.normal(0, np.sqrt(errors**2 + tau**2)), errors


def test_studies_that_agree_exactly_have_no_heterogeneity_and_one_estimate() -> None:
    effects = np.repeat([[1.5], [-0.2], [0.0]], 4, axis=1)
    errors = np.array([[0.1, 0.2, 0.3, 5.0]] * 3)
    spread = heterogeneity(effects, errors)
    fixed, random = fixed_effect(effects, errors), hartung_knapp(effects, errors, spread.tau2)
    assert not spread.tau2.any()
    assert not spread.i2.any()
    np.testing.assert_allclose(fixed.estimate, effects[:, 0], atol=1e-15)
    np.testing.assert_allclose(random.estimate, fixed.estimate, atol=1e-15)
    np.testing.assert_allclose(random.error, fixed.error)  # the factor is at least 1
    assert (random.upper - random.lower > fixed.upper - fixed.lower).all()


def test_the_order_of_studies_does_not_matter() -> None:
    order = [3, 0, 4, 1, 2]
    effects, errors = draw(np.random.default_rng(1), 200, 5, tau=0.4)
    one, other = (restricted_tau2(effects[:, s], errors[:, s]) for s in (slice(None), order))
    np.testing.assert_allclose(one, other, atol=1e-9)
    first = hartung_knapp(effects, errors, one)
    second = hartung_knapp(effects[:, order], errors[:, order], other)
    np.testing.assert_allclose(first.lower, second.lower, atol=1e-7)


def test_effects_in_another_unit_give_the_same_answer_in_that_unit() -> None:
    effects, errors = draw(np.random.default_rng(2), 200, 3, tau=0.4)
    tau2, scaled = restricted_tau2(effects, errors), restricted_tau2(1000 * effects, 1000 * errors)
    np.testing.assert_allclose(scaled, 1e6 * tau2, rtol=1e-6)


@pytest.mark.parametrize("studies", [2, 3, 4, 8])
def test_tau2_is_a_maximum_of_the_restricted_likelihood(studies: int) -> None:
    effects, errors = draw(np.random.default_rng(3), 300, studies, tau=0.4)
    tau2 = restricted_tau2(effects, errors)

    def log_likelihood(tau2: np.ndarray) -> np.ndarray:
        weights = 1 / (errors**2 + tau2[:, None])
        mean = (weights * effects).sum(axis=1) / weights.sum(axis=1)
        squares = (weights * (effects - mean[:, None]) ** 2).sum(axis=1)
        return (np.log(weights).sum(axis=1) - np.log(weights.sum(axis=1)) - squares) / 2

    best = log_likelihood(tau2)
    for factor in (0.9, 1.1):
        assert (log_likelihood(tau2 * factor) <= best + 1e-9).all()
    assert (log_likelihood(tau2 + 1e-4) <= best + 1e-9).all()


@pytest.mark.parametrize("studies", [2, 3, 4])
def test_under_the_null_nobody_rejects_more_than_they_say(studies: int) -> None:
    genes = 40_000
    effects, errors = draw(np.random.default_rng(studies), genes, studies)
    noise = 3 * np.sqrt(0.05 * 0.95 / genes)
    fixed = fixed_effect(effects, errors).p_value
    random = hartung_knapp(effects, errors, restricted_tau2(effects, errors)).p_value
    _, z_p_value = stouffer(effects, fixed_effect_of_each(effects, errors))
    assert np.mean(fixed < 0.05) == pytest.approx(0.05, abs=noise)
    assert np.mean(z_p_value < 0.05) == pytest.approx(0.05, abs=noise)
    assert np.mean(random < 0.05) < 0.05


def fixed_effect_of_each(effects: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Two-sided normal p value of every study."""
    from scipy.stats import norm

    return 2 * norm.sf(np.abs(effects / errors))


def test_heterogeneity_fools_the_fixed_effect_but_hardly_hartung_and_knapp() -> None:
    effects, errors = draw(np.random.default_rng(5), 20_000, 4, tau=0.6)
    random = hartung_knapp(effects, errors, restricted_tau2(effects, errors)).p_value
    assert np.mean(fixed_effect(effects, errors).p_value < 0.05) > 0.25
    assert np.mean(random < 0.05) < 0.06


def test_a_study_without_a_usable_error_is_left_out() -> None:
    effects = np.array([[1.0, 2.0, 50.0], [1.0, 2.0, 50.0], [1.0, np.nan, 50.0]])
    errors = np.array([[0.5, 0.5, np.nan], [0.5, 0.5, 0.0], [0.5, 0.5, np.nan]])
    fixed = fixed_effect(effects, errors)
    np.testing.assert_allclose(fixed.estimate, [1.5, 1.5, np.nan])
    assert np.isnan(hartung_knapp(effects, errors, restricted_tau2(effects, errors)).p_value[2])
    assert np.isnan(heterogeneity(effects, errors).i2[2])


def test_stouffer_cancels_opposite_effects_and_stays_finite_at_p_zero() -> None:
    effects, p_values = (
        np.array([[1.0, -1.0], [1.0, 2.0], [1.0, 1.0]]),
        np.array([[0.01, 0.01], [0, 0], [0.5, np.nan]]),
    )
    z, p_value = stouffer(effects, p_values)
    assert z[0] == pytest.approx(0)
    assert np.isfinite(z[1])
    assert 0 < p_value[0] <= 1
    assert np.isnan(z[2])


def test_signs_agree_only_when_every_study_says_so() -> None:
    effects = np.array([[1, 2, 3], [-1, np.nan, -3], [1, -1, 1], [1, np.nan, np.nan], [0, 1, 1]], dtype=float)
    assert common_sign(effects).tolist()[:3] == [1, -1, 0]
    assert np.isnan(common_sign(effects)[3])
    assert common_sign(effects)[4] == 0


def few_lines(genes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, standard errors and p values of t tests of four lines in each of two studies, under the null."""
    lines = np.random.default_rng(3).normal(size=(genes, 2, 4))
    effects, errors = lines.mean(axis=2), lines.std(axis=2, ddof=1) / 2
    return effects, errors, 2 * stats.t.sf(np.abs(effects / errors), 3)


def test_errors_are_widened_to_what_the_p_values_of_t_tests_need() -> None:
    effects, errors, p_values = few_lines(1000)
    wide = normal_errors(effects, errors, p_values)
    np.testing.assert_allclose(2 * stats.norm.sf(np.abs(effects) / wide), p_values, rtol=1e-9)
    assert (wide > errors).all()
    wald = 2 * stats.norm.sf(np.abs(effects / errors))
    np.testing.assert_array_equal(normal_errors(effects, errors, wald), errors)
    nothing = np.array([[0.0, np.nan]])
    np.testing.assert_array_equal(normal_errors(nothing, np.array([[1.0, 1.0]]), np.array([[1.0, 0.5]])), 1.0)


def test_studies_of_few_lines_reject_too_often_unless_their_errors_are_widened() -> None:
    effects, errors, p_values = few_lines(20_000)
    rejected = [
        np.mean(fixed_effect(effects, one).p_value < 0.001)
        for one in (errors, normal_errors(effects, errors, p_values))
    ]
    assert rejected[0] > 0.02
    assert rejected[1] < 0.0025
