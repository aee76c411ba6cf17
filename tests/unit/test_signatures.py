"""Signature scores against gseapy and R's lm, published scores of patients, and by hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from interpretation_goldens import golden, golden_expression, golden_sets

from rxpress.interpretation.signatures import (
    Classifier,
    SignatureScore,
    compare_scores,
    rank_score,
    score_classifier,
    score_signatures,
    ssgsea,
    weighted_z,
)

EXACT = 1e-10
NEEDS_OTHERS = "ranks need genes outside the signature"
PUBLISHED = [("UAMS80", 2.48, False, 4), ("EMC92", 0.827, True, 6)]


def test_ssgsea_is_that_of_gseapy_also_where_genes_tie() -> None:
    expression = golden_expression().to_numpy()
    ours = ssgsea(expression, golden_sets())
    assert np.abs(ours - golden("ssgsea").set_index("Term").to_numpy()).max() < 1e-6


def test_rank_score_is_the_mean_rank_between_its_bounds() -> None:
    sets = [np.array(rows) for rows in ([1, 4, 8], [7, 8, 9], [0, 1, 2])]
    ours = rank_score(np.column_stack([np.arange(10.0), np.ones(10)]), sets)
    assert ours[:, 0] == pytest.approx([(16 / 3 - 2) / 7 - 0.5, 0.5, -0.5])
    assert ours[:, 1] == pytest.approx([0.0, 0.0, 0.0])


def test_weighted_z_standardises_genes_and_weighs_them() -> None:
    expression = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0], [0.0, 0.0, 6.0]])
    expected = np.array([-2, 0, 2]) - np.array([-1, -1, 2]) / np.sqrt(3)
    ours = weighted_z(expression, np.array([2.0, 1.0, -1.0]))
    np.testing.assert_allclose(ours, expected / np.sqrt(6), atol=EXACT)


def score_signature(
    expression: np.ndarray, genes: list[str], weights: dict[str, float], method: str = "weighted_z"
) -> SignatureScore:
    return score_signatures(expression, genes, {"signature": weights}, method)["signature"]


@pytest.mark.parametrize("method", ["weighted_z", "rank", "ssgsea"])
def test_a_planted_signature_separates_its_samples_and_turns_with_its_sign(method: str) -> None:
    expression = np.random.default_rng(1).normal(8, 1, size=(500, 12))
    expression[:10, 6:] += 1.5
    expression[10:20, 6:] -= 1.5
    genes = [f"g{i}" for i in range(500)]
    weights = {gene: 1.0 if i < 10 else -1.0 for i, gene in enumerate(genes[:20])}
    ours = score_signature(expression, genes, weights, method)
    turned = score_signature(expression, genes, {gene: -w for gene, w in weights.items()}, method)
    assert (ours.coverage, ours.missing, ours.withheld) == (1.0, (), "")
    assert ours.score[6:].min() > ours.score[:6].max()
    np.testing.assert_allclose(turned.score, -ours.score, atol=1e-9)


def test_missing_genes_are_named_and_under_80_percent_the_score_is_withheld() -> None:
    expression = np.random.default_rng(2).normal(size=(10, 4))
    expression[8, 1] = np.nan
    genes = list("ABCDEFGHIJ")
    enough = score_signature(expression, genes, dict.fromkeys("ABCDX", 1.0))
    assert np.isfinite(enough.score).all()
    assert (enough.coverage, enough.missing, enough.withheld) == (0.8, ("X",), "")
    few = score_signature(expression, genes, dict.fromkeys("ABCIX", 1.0))
    assert np.isnan(few.score).all()
    assert few.missing == ("I", "X")
    assert few.withheld == "3 of 5 genes were measured, under 80%"
    with pytest.raises(ValueError, match="no method"):
        score_signature(expression, genes, {"A": 1.0}, "mean")


def test_signatures_are_scored_together_as_alone_and_need_other_genes_for_ranks() -> None:
    expression = np.random.default_rng(4).normal(size=(8, 3))
    genes = list("ABCDEFGH")
    signatures = {"up": {"A": 1.0, "C": 2.0}, "both": {"B": 1.0, "D": -1.0}, "all": dict.fromkeys(genes, 1.0)}
    for method in ("weighted_z", "rank", "ssgsea"):
        together = score_signatures(expression, genes, signatures, method)
        for name in ("up", "both"):
            alone = score_signature(expression, genes, signatures[name], method)
            assert np.array_equal(together[name].score, alone.score)
        assert np.isnan(together["all"].score).all() == (method != "weighted_z")
        assert together["all"].withheld == ("" if method == "weighted_z" else NEEDS_OTHERS)


def read_csv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))


def patients(folder: Path) -> tuple[np.ndarray, list[str]]:
    """log2 MAS5 signals (probesets, 25 patients) of GSE19784, and the probesets."""
    rows = read_csv(folder / "signatures_myeloma" / "exampleMAS5_expr.csv.gz")
    return np.log2([[float(x) for name, x in row.items() if name] for row in rows]), [row[""] for row in rows]


def published_classifier(folder: Path, name: str, cutoff: float, standardized: bool) -> Classifier:
    rows = read_csv(folder / "signatures_myeloma" / f"{name}.csv")
    columns = [np.array([float(row[key]) for row in rows]) for key in ("weight", "mean", "sd")]
    return Classifier(tuple(row["probe"] for row in rows), *columns, cutoff, standardized)


@pytest.mark.real
@pytest.mark.parametrize(("name", "cutoff", "standardized", "high"), PUBLISHED)
def test_patients_have_their_published_scores_and_classes(
    real_data: Path, name: str, cutoff: float, standardized: bool, high: int
) -> None:
    expression, probes = patients(real_data)
    theirs = read_csv(real_data / "signatures_myeloma" / f"result_{name}.csv")
    ours = score_classifier(expression, probes, published_classifier(real_data, name, cutoff, standardized))
    assert np.abs(ours.score - [float(row["score"]) for row in theirs]).max() < 1e-6
    assert np.array_equal(ours.high == 1, [row["cls"] == "Risk-II" for row in theirs])
    assert (ours.high.sum(), len(ours.high)) == (high, 25)


@pytest.mark.real
@pytest.mark.parametrize(("name", "cutoff", "standardized", "high"), PUBLISHED)
def test_patients_keep_most_classes_with_missing_probes_and_few_patients_are_not_adjusted(
    real_data: Path, name: str, cutoff: float, standardized: bool, high: int
) -> None:
    expression, probes = patients(real_data)
    classifier = published_classifier(real_data, name, cutoff, standardized)
    lost = set(classifier.probes[::8])
    kept = [i for i, probe in enumerate(probes) if probe not in lost]
    whole = score_classifier(expression, probes, classifier)
    partial = score_classifier(expression[kept], [probes[i] for i in kept], classifier)
    assert set(partial.missing) == lost
    assert np.corrcoef(partial.score, whole.score)[0, 1] > 0.9
    assert abs(partial.score.mean() - whole.score.mean()) < 1e-9
    few = score_classifier(expression[:, :19], probes, classifier)
    assert np.isnan(few.score).all()
    assert np.isnan(few.high).all()
    assert few.withheld == "19 samples are too few to adjust them to the reference cohort"


@pytest.mark.parametrize(("standardized", "expected"), [(True, [3.0, 2.0]), (False, [19.0, 17.0])])
def test_without_adjustment_a_score_is_the_weighted_sum(standardized: bool, expected: list[float]) -> None:
    classifier = Classifier(
        ("a", "b"), np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([2.0, 2.0]), 2.5, standardized
    )
    expression = np.array([[7.0, 7.0], [5.0, 3.0]])
    scored = score_classifier(expression, ["b", "a"], classifier, adjust=False)
    assert scored.score.tolist() == expected
    assert scored.high.tolist() == [float(score > 2.5) for score in expected]


def test_contrasts_of_scores_are_those_of_lm() -> None:
    theirs = golden("score_tests")
    design = np.repeat(np.eye(4), 3, axis=0)
    contrasts = np.array([[-1.0, 1, 0, 0], [1, -1, -1, 1]]).T
    ours = compare_scores(golden("scores").to_numpy(float).T, design, contrasts)
    for name in ("estimate", "statistic", "p_value", "low", "high"):
        np.testing.assert_allclose(getattr(ours, name).ravel(), theirs[name], rtol=1e-9)


def test_a_withheld_score_has_no_test_and_does_not_count_in_the_adjustment() -> None:
    scores = np.random.default_rng(3).normal(size=(3, 6))
    scores[1] = np.nan
    ours = compare_scores(scores, np.repeat(np.eye(2), 3, axis=0), np.array([[-1.0], [1.0]]))
    assert np.isnan(ours.p_value[1, 0])
    tested = ours.p_value[[0, 2], 0]
    assert ours.p_adjusted[[0, 2], 0].min() == pytest.approx(min(2 * tested.min(), tested.max()))
