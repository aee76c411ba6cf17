"""Pathway activity of samples and contrasts: equal to decoupler's, and withheld where too few genes speak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_evidence import evidence, gene_table

from rxpress.interpretation.activity_tables import COLUMNS, Weights, activity_table
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_set_files import read_pathway_weights
from rxpress.tables import GeneMatrix, read_table

ROOT = Path(__file__).resolve().parents[2]
PROGENY = read_pathway_weights(ROOT / "assets" / "pathways" / "progeny_human.tsv.gz")
ID = "drug.bortezomib.all"


def golden(name: str) -> pd.DataFrame:
    return read_table(ROOT / "tests" / "golden" / "progeny" / f"{name}.tsv.gz", text=["gene"])


def golden_study() -> StudyEvidence:
    log2 = golden("log2")
    genes = log2["gene"].to_numpy(str)
    values = log2.drop(columns="gene")
    matrix = GeneMatrix(genes, genes, list(values.columns), values.to_numpy())
    return evidence({ID: gene_table(list(genes), (values["s4"] - values["s1"] - 0.001).to_numpy())}, matrix)


def wide(table: pd.DataFrame, level: str) -> pd.DataFrame:
    return table[table["level"] == level].pivot_table(index="id", columns="pathway", values="score")


def weights_of(*genes: str) -> Weights:
    return {"path": {gene: (-1.0) ** i * (1 + i % 3) for i, gene in enumerate(genes)}}


def test_activities_of_samples_and_contrasts_are_those_of_decoupler() -> None:
    table = activity_table(golden_study(), PROGENY)
    theirs = golden("ulm").set_index("sample")
    assert list(table.columns) == list(COLUMNS)
    assert np.abs(wide(table, "sample").loc[theirs.index, theirs.columns] - theirs).max(axis=None) < 1e-9
    change = golden("ulm_change").drop(columns="sample")
    assert np.abs(wide(table, "contrast")[change.columns] - change.to_numpy()).max(axis=None) < 1e-9


def test_planted_activity_is_the_strongest_of_its_sample_and_p_is_adjusted_within_it() -> None:
    table = activity_table(golden_study(), PROGENY)
    for sample, pathway, sign in (("s3", "NFkB", 1), ("s4", "p53", -1)):
        own = table[table["id"] == sample]
        strongest = own.loc[own["score"].abs().idxmax()]
        assert (strongest["pathway"], np.sign(strongest["score"])) == (pathway, sign)
        assert strongest["p_adjusted"] == pytest.approx(14 * strongest["p_value"])


def test_a_pathway_of_too_few_measured_genes_is_listed_without_score_and_says_why() -> None:
    names = [f"G{i}" for i in range(100)]
    weights = {
        "four": {f"G{i}": i + 1.0 for i in range(4)} | {"X": 1.0},
        "five": {f"G{i}": i + 1.0 for i in range(5)},
        "tenth": {f"G{i}": 1.0 + i % 3 for i in range(10)} | {f"X{i}": 1.0 for i in range(90)},
        "less": {f"G{i}": 1.0 + i % 3 for i in range(10)} | {f"X{i}": 1.0 for i in range(91)},
    }
    study = evidence({ID: gene_table(names, np.random.default_rng(1).normal(size=100))})
    table = activity_table(study, weights).set_index("pathway")
    assert table["score"].notna().to_dict() == {"four": False, "five": True, "tenth": True, "less": False}
    assert table["genes"].tolist() == [4, 5, 10, 10]
    assert table["size"].tolist() == [5, 5, 100, 101]
    assert table.loc["four", "withheld"] == "4 of its 5 genes are measured; a score needs 5 and 10 %"
    assert table["withheld"].isna().tolist() == [False, True, True, False]
    assert table["p_adjusted"].max() <= 2 * table["p_value"].max()


def test_untested_and_constant_genes_do_not_count_and_joint_contrasts_have_no_activity() -> None:
    names = [f"G{i}" for i in range(60)]
    statistic = np.random.default_rng(2).normal(size=60)
    clean = evidence({ID: gene_table(names[:50], statistic[:50])})
    table = gene_table(names, statistic)
    table.loc[50:, ["statistic", "p_value"]] = np.nan
    study = evidence({ID: table, "any_dose.bortezomib": table}, joint=["any_dose.bortezomib"])
    ours = activity_table(study, weights_of(*names[:20]))
    pd.testing.assert_frame_equal(ours, activity_table(clean, weights_of(*names[:20])))
    values = np.random.default_rng(3).normal(size=(60, 3))
    values[50:] = 7.0
    full, part = (
        activity_table(
            evidence({}, GeneMatrix(*[np.array(names[:n])] * 2, ["a", "b", "c"], values[:n])), weights
        )
        for n, weights in ((60, weights_of(*names[:20], names[55])), (50, weights_of(*names[:20], names[55])))
    )
    assert full["genes"].tolist() == [20, 20, 20]
    np.testing.assert_allclose(full["score"], part["score"], rtol=1e-9)


def test_weights_by_ensembl_id_are_matched_by_id() -> None:
    names = [f"G{i}" for i in range(80)]
    study = evidence({ID: gene_table(names, np.random.default_rng(4).normal(size=80))})
    by_symbol = activity_table(study, weights_of(*names[:20]))
    by_id = activity_table(study, weights_of(*(f"ENSG{i:011d}.7" for i in range(20))))
    assert by_id["matched_by"].tolist() == ["gene id"]
    assert by_id["score"].tolist() == by_symbol["score"].tolist()


def test_a_single_sample_has_nothing_to_be_compared_with() -> None:
    names = np.array([f"G{i}" for i in range(50)])
    study = evidence({}, GeneMatrix(names, names, ["only"], np.random.default_rng(5).normal(size=(50, 1))))
    table = activity_table(study, weights_of(*names[:20]))
    assert table[["score", "p_value"]].isna().all(axis=None)
    assert table["withheld"].notna().all()


def test_a_study_without_expression_and_tests_has_an_empty_table() -> None:
    assert list(activity_table(evidence({}), PROGENY).columns) == list(COLUMNS)
