"""Meta-analysis against R's metafor (tests/golden/metafor.R), and by principle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rxpress.meta import (
    Combined,
    common_sign,
    fixed_effect,
    hartung_knapp,
    heterogeneity,
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
