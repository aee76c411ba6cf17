"""qPCR beside expression: genes matched by name, verdicts by their rules, how far fold changes agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from rxpress.qpcr.concordance import (
    Assay,
    ExpressionStudy,
    compare_with_expression,
    judge_pairs,
    read_expression_study,
)
from rxpress.tables import write_table

TARGETS = ["HMOX1", "DDIT3", "PSMB5", "TBP", "Atf4", "ENSG005", "XBP1_spliced"]
QPCR = [3.0, 2.0, 0.1, 0.8, 1.0, -2.0, 1.0]
EXPRESSION = {"HMOX1": 2.5, "DDIT3": -1.5, "PSMB5": 0.05, "TBP": 0.5, "ATF4": 0.2, "GENE5": -1.6}

ERRORS = np.array([0.2, 0.3, 0.1, 0.4, 0.1, 0.2])


def fold_changes() -> pd.DataFrame:
    lfc = np.array(QPCR)
    margin = np.array([0.5, 0.4, 0.3, 1.0, 0.3, 0.5, 0.2])
    return pd.DataFrame(
        {
            "study": "validation",
            "contrast": "drug.bortezomib.all",
            "target": TARGETS,
            "log2_fold_change": lfc,
            "lfc_lower": lfc - margin,
            "lfc_upper": lfc + margin,
            "p_adjusted": [0.001, 0.001, 0.8, 0.2, 0.002, 0.003, 0.001],
            "note": [None, "leaves out S2, without ΔCt in one of its conditions; no test", *[None] * 5],
        }
    )


def gene_table() -> pd.DataFrame:
    lfc = np.array(list(EXPRESSION.values()))
    return pd.DataFrame(
        {
            "gene_id": [f"ENSG00{i}" for i in range(6)],
            "gene_name": list(EXPRESSION),
            "log2_fold_change": lfc,
            "lfc_se": ERRORS,
            "p_value": 2 * norm.sf(np.abs(lfc) / ERRORS),
            "p_adjusted": [1e-6, 0.001, 0.9, 0.4, 0.3, 1e-4],
        }
    )


def test_each_gene_has_the_verdict_of_the_rules() -> None:
    study = ExpressionStudy("rnaseq", {"drug.bortezomib.all": gene_table()})
    pairs, summary = compare_with_expression(fold_changes(), [study], 0.05)
    verdicts = dict(zip(pairs["target"], pairs["verdict"], strict=True))
    assert verdicts == {
        "HMOX1": "confirmed",
        "DDIT3": "contradicted",
        "PSMB5": "no change",
        "TBP": "inconclusive",
        "Atf4": "contradicted",  # qPCR wholly beyond 1.5-fold, expression wholly within
        "ENSG005": "confirmed",
        "XBP1_spliced": None,
    }
    assert pairs["gene_id"].tolist() == [*(f"ENSG00{i}" for i in range(6)), None]
    assert pairs["same_direction"].tolist()[:2] == ["true", "false"]
    assert pairs["note"].tolist()[-1] == "not in the table"
    assert pairs["note"][1] == "qPCR leaves out S2, without ΔCt in one of its conditions"
    row = summary.iloc[0]
    assert (row["targets"], row["genes"], row["same_direction"]) == (7, 6, 5)
    assert row["same_direction_share"] == pytest.approx(5 / 6)
    wanted = np.corrcoef(QPCR[:6], list(EXPRESSION.values()))[0, 1]
    assert row["pearson"] == pytest.approx(wanted)
    assert row[["confirmed", "contradicted", "no_change", "inconclusive"]].tolist() == [2, 2, 1, 1]
    assert row["lin_ccc_lower"] < row["lin_ccc"] < row["lin_ccc_upper"]


def test_intervals_of_expression_are_estimate_and_error() -> None:
    """By the normal distribution where p is of a Wald test, by Student's t where it is of a t test."""
    table = gene_table()
    of_t = table.assign(p_value=2 * t.sf(np.abs(table["log2_fold_change"]) / ERRORS, 4))
    for genes, quantile in ((table, norm.ppf(0.975)), (of_t, t.ppf(0.975, 4))):
        study = ExpressionStudy("rnaseq", {"drug.bortezomib.all": genes})
        pairs, _ = compare_with_expression(fold_changes(), [study], 0.05)
        assert pairs["expression_lfc_upper"][0] == pytest.approx(2.5 + quantile * 0.2, rel=1e-5)


def test_a_gene_without_counts_says_nothing() -> None:
    table = gene_table()
    table.loc[2, ["log2_fold_change", "lfc_se", "p_value"]] = [0.0, 0.0, 1.0]
    study = ExpressionStudy("array", {"drug.bortezomib.all": table})
    pairs, summary = compare_with_expression(fold_changes(), [study], 0.05)
    assert pd.isna(pairs["verdict"][2])
    assert pairs["note"][2] == "no expression in the contrast"
    assert summary["genes"][0] == 5


def test_a_hair_decides_no_verdict() -> None:
    """Both changed in the same direction, but one p just above alpha; an interval just beyond ±log2(1.5)."""
    edge = np.log2(1.5)

    def assay(estimate: float, lower: float, upper: float, p: float) -> Assay:
        return Assay(*(np.array([x]) for x in (estimate, lower, upper, p)))

    sure, unsure = assay(2, 1, 3, 0.01), assay(2, 1, 3, 0.0501)
    inside, outside = assay(0, -edge + 1e-9, edge - 1e-9, 0.9), assay(0, -0.3, edge + 1e-9, 0.9)
    unknown = assay(2, np.nan, np.nan, np.nan)
    verdicts = [
        judge_pairs(*pair, 0.05)[0]
        for pair in ((sure, sure), (sure, unsure), (inside, inside), (inside, outside), (sure, unknown))
    ]
    assert verdicts == ["confirmed", "inconclusive", "no change", "inconclusive", None]
    assert judge_pairs(sure, inside, 0.05)[0] == judge_pairs(inside, sure, 0.05)[0] == "contradicted"
    assert judge_pairs(sure, outside, 0.05)[0] == "inconclusive"


def test_fewer_than_five_genes_have_no_correlation() -> None:
    study = ExpressionStudy("rnaseq", {"drug.bortezomib.all": gene_table().iloc[:4]})
    _, summary = compare_with_expression(fold_changes(), [study], 0.05)
    row = summary.iloc[0]
    assert row["genes"] == 4
    assert np.isnan([row["pearson"], row["lin_ccc"], row["lin_ccc_lower"]]).all()
    assert row["same_direction_share"] == 0.75


def test_only_contrasts_that_both_have_are_compared(tmp_path: Path) -> None:
    write_table(gene_table(), tmp_path / "rnaseq" / "drug.bortezomib.all.tsv")
    study = read_expression_study(tmp_path / "rnaseq", ["drug.bortezomib.all", "drug.bortezomib.S1"])
    assert (study.name, list(study.tables)) == ("rnaseq", ["drug.bortezomib.all"])
    others = fold_changes().assign(contrast="drug.bortezomib.S1")
    pairs, summary = compare_with_expression(others, [study], 0.05)
    assert pairs.empty
    assert summary.empty
    both = pd.concat([others, fold_changes()])
    pairs, summary = compare_with_expression(both, [study, study], 0.05)
    assert len(pairs) == 14
    assert summary["contrast"].unique().tolist() == ["drug.bortezomib.all"]
