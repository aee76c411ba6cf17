"""Gene sets in the contrasts of a study: planted ones are found, others not, and none is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from interpretation_goldens import walk
from made_evidence import evidence, gene_table
from scipy.stats import kstest

from rxpress.interpretation.gene_set_files import Collection
from rxpress.interpretation.gene_sets import camera, over_representation, prerank
from rxpress.interpretation.pathway_tables import PathwayTables, pathway_tables

GENES = 2000
NAMES = [f"G{i}" for i in range(GENES)]
ID = "drug.bortezomib.all"


def collection(name: str = "made", **sets: list[str]) -> Collection:
    return Collection(name, {key: f"source of {key}" for key in sets}, sets)


def null_statistic(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=GENES)


def random_sets(number: int, size: int, seed: int, first: int = 0) -> dict[str, list[str]]:
    generator = np.random.default_rng(seed)
    return {f"NULL{i}": list(generator.choice(NAMES[first:], size, replace=False)) for i in range(number)}


def tables_of(statistic: np.ndarray, *collections: Collection, **options: int) -> PathwayTables:
    return pathway_tables(evidence({ID: gene_table(NAMES, statistic)}), collections, **options)


def by_set(tables: PathwayTables) -> pd.DataFrame:
    return tables.pathways.set_index("gene_set")


def test_planted_sets_are_found_by_every_test_in_their_direction_and_others_are_not() -> None:
    statistic = null_statistic(1)
    statistic[:30] += 3
    statistic[30:60] -= 3
    sets = {"UP": NAMES[:30], "DOWN": NAMES[30:60], **random_sets(40, 30, seed=2, first=60)}
    found = by_set(tables_of(statistic, collection(**sets)))
    for test in ("p_adjusted", "camera_p_adjusted"):
        assert found.index[found[test] < 0.01].tolist() == ["UP", "DOWN"]
    assert found.index[found["up_p_adjusted"] < 0.01].tolist() == ["UP"]
    assert found.index[found["down_p_adjusted"] < 0.01].tolist() == ["DOWN"]
    for column in ("score", "normalized_score", "camera_statistic"):
        assert found.loc["UP", column] > 0 > found.loc["DOWN", column]
    assert found.loc["UP", "permutations"] == 100_000
    assert found.loc["UP", "leading_edge"].split(";")[0] == NAMES[int(np.argmax(statistic[:30]))]


def test_p_of_sets_without_effect_is_valid_over_many_null_studies_and_that_of_gsea_uniform() -> None:
    null = pd.concat(
        tables_of(null_statistic(seed), collection(**random_sets(3, 40, seed)), seed=seed).pathways
        for seed in range(200)
    )
    for column in ("p_value", "camera_p_value", "up_p_value", "down_p_value"):
        assert kstest(null[column].to_numpy(float), "uniform", alternative="greater").pvalue > 0.05
    assert kstest(null["p_value"].to_numpy(float), "uniform").pvalue > 0.05


def test_values_are_those_of_the_kernels_on_the_genes_that_the_contrast_tested() -> None:
    statistic, sets = null_statistic(3), random_sets(5, 50, seed=4)
    table = gene_table(NAMES, statistic)
    table.loc[:99, ["statistic", "p_value", "p_adjusted"]] = np.nan  # untested
    table.loc[100:199, ["statistic", "p_value"]] = 0.0, 1.0  # silent in this contrast
    table.loc[200:209, "p_value"] = np.nan  # an outlier among its counts
    found = by_set(pathway_tables(evidence({ID: table}), [collection(**sets)], permutations=100, seed=7))
    rows = [
        np.array(sorted(int(name[1:]) - 210 for name in names if int(name[1:]) >= 210))
        for names in sets.values()
    ]
    left = statistic[210:]
    ours = prerank(left, rows, 100, seed=7)
    assert found["measured"].tolist() == [len(r) for r in rows]
    assert np.array_equal(found["score"], ours.score)
    assert np.array_equal(found["p_adjusted"], ours.p_adjusted)
    assert np.array_equal(found["camera_p_value"], camera(left, rows).p_value)
    called = over_representation((table["call"] == "down").to_numpy()[210:], rows)
    assert np.array_equal(found["down_found"], called.found)
    assert np.array_equal(found["down_p_value"], called.p_value)


def test_a_joint_test_gets_over_representation_alone_and_says_why() -> None:
    table = gene_table(NAMES, np.abs(null_statistic(5)))
    study = evidence({"any_dose.bortezomib": table, ID: table}, joint=["any_dose.bortezomib"])
    tables = pathway_tables(study, [collection(A=NAMES[:20])], permutations=50)
    joint, other = (tables.pathways.iloc[i] for i in range(2))
    assert joint[["score", "p_value", "permutations", "camera_p_value", "leading_edge"]].isna().all()
    assert joint["up_p_value"] == other["up_p_value"] <= 1
    assert set(tables.curves["contrast"]) == {ID}
    assert [
        note for note in tables.notes if note.startswith("any_dose.bortezomib: a joint test has no direction")
    ]


def test_the_best_expressed_row_stands_for_a_symbol_and_the_repeat_is_told() -> None:
    table = gene_table(["A", "B", "A", *NAMES], np.array([9.0, -3.0, -9.0, *null_statistic(6)]))
    table.loc[2, "base_mean"] = 101.0
    tables = pathway_tables(evidence({ID: table}), [collection(S=["A", "B", "G1"])], permutations=50)
    assert tables.pathways["measured"].tolist() == [3]
    assert tables.pathways["leading_edge"].tolist() == ["A;B"]
    assert "Of the rows of A the one of highest mean stands for the gene." in tables.notes


def test_sets_of_ensembl_ids_are_matched_by_id_without_version_and_shown_as_symbols() -> None:
    ids = [f"ENSG{i:011d}" for i in range(30)]
    versions = [f"ENSG{i:011d}.9" for i in range(30)]
    statistic = null_statistic(8)
    statistic[:30] += 0.4
    of_symbols = by_set(tables_of(statistic, collection(S=NAMES[:30]), permutations=50))
    tables = tables_of(statistic, collection(S=ids, V=versions), permutations=50)
    found = by_set(tables)
    assert found["matched_by"].unique().tolist() == ["gene id"]
    assert (
        found.loc["S", "leading_edge"]
        == found.loc["V", "leading_edge"]
        == of_symbols.loc["S", "leading_edge"]
    )
    assert found["score"].tolist() == [of_symbols.loc["S", "score"]] * 2
    assert tables.notes == ("Gene sets of made were matched by gene id.",)


def test_genes_without_symbol_still_count_as_other_genes() -> None:
    table = gene_table(NAMES, null_statistic(9))
    table.loc[1000:, "gene_name"] = None
    found = pathway_tables(evidence({ID: table}), [collection(S=NAMES[:50])], permutations=50).pathways
    expected = by_set(tables_of(null_statistic(9), collection(S=NAMES[:50]), permutations=50))
    assert found["score"].tolist() == expected["score"].tolist()


def test_sets_with_too_few_or_too_many_tested_genes_are_listed_but_not_tested() -> None:
    sets = {"TWO": [*NAMES[:2], "X"], "THREE": NAMES[:3], "MOST": NAMES[:1700], "NONE": ["Y"]}
    found = by_set(tables_of(null_statistic(10), collection(**sets), permutations=50))
    assert found["size"].tolist() == [3, 3, 1700, 1]
    assert found["measured"].tolist() == [2, 3, 1700, 0]
    columns = [
        "score",
        "p_adjusted",
        "permutations",
        "camera_p_value",
        "up_p_adjusted",
        "up_found",
        "leading_edge",
    ]
    assert found[columns].notna().all(axis=1).tolist() == [False, True, False, False]
    assert found.loc[["TWO", "MOST", "NONE"], columns].isna().all(axis=None)
    assert found.loc["THREE", "p_adjusted"] == found.loc["THREE", "p_value"]


def test_without_called_genes_over_representation_has_p_1() -> None:
    table = gene_table(NAMES, null_statistic(11)).assign(call="unchanged")
    found = pathway_tables(evidence({ID: table}), [collection(S=NAMES[:9])], permutations=50).pathways
    assert found[["up_p_value", "down_p_value", "up_p_adjusted"]].to_numpy().tolist() == [[1.0, 1.0, 1.0]]
    assert found["up_found"].tolist() == [0]


def test_a_collection_is_judged_apart_and_threads_change_nothing() -> None:
    first, second = collection("a", **random_sets(4, 25, 12)), collection("b", **random_sets(6, 80, 13))
    study = evidence({"x": gene_table(NAMES, null_statistic(14)), "y": gene_table(NAMES, null_statistic(15))})
    alone = pathway_tables(study, [first], permutations=50).pathways
    both = pathway_tables(study, [first, second], permutations=50, threads=3)
    pd.testing.assert_frame_equal(both.pathways.query("collection == 'a'").reset_index(drop=True), alone)
    pairs = both.pathways[["contrast", "collection"]].drop_duplicates()
    assert pairs.to_numpy().tolist() == [["x", "a"], ["x", "b"], ["y", "a"], ["y", "b"]]
    assert alone["source"].tolist() == [f"source of {name}" for name in first.sets] * 2


def test_curves_are_the_running_sums_of_the_three_best_sets() -> None:
    statistic = null_statistic(16)
    statistic[:40] += 3
    sets = {
        "WIDE": NAMES[:400],
        "UP": NAMES[:40],
        "HALF": NAMES[20:60],
        **random_sets(10, 30, seed=17, first=60),
    }
    tables = tables_of(statistic, collection(**sets), permutations=300)
    best = tables.pathways.nsmallest(3, "p_adjusted")["gene_set"]
    assert set(tables.curves["gene_set"]) == set(best) == {"WIDE", "UP", "HALF"}
    found, order = by_set(tables), np.argsort(-statistic, kind="stable")
    for name, curve in tables.curves.groupby("gene_set"):
        rows = np.array([int(gene[1:]) for gene in sets[str(name)]])
        inside = np.isin(order, rows)
        assert curve["position"].is_monotonic_increasing
        assert (curve.loc[curve["hit"], "position"] - 1).tolist() == np.flatnonzero(inside).tolist()
        assert (~curve["hit"]).sum() <= 300
        peak = curve["running_sum"].iloc[int(curve["running_sum"].abs().to_numpy().argmax())]
        assert peak == pytest.approx(found.loc[str(name), "score"]) == pytest.approx(walk(statistic, rows))
        assert curve["running_sum"].iloc[-1] == pytest.approx(0)
        assert curve["rank_statistic"].tolist() == statistic[order[curve["position"] - 1]].tolist()


def test_a_negative_curve_goes_down_to_the_score_however_many_points_are_left_out() -> None:
    statistic = null_statistic(18)
    statistic[:700] -= 0.1
    tables = tables_of(statistic, collection(S=NAMES[:700]), permutations=50)
    assert tables.curves["running_sum"].min() == pytest.approx(tables.pathways["score"][0])


def test_a_collection_of_another_species_or_kind_of_id_is_told() -> None:
    tables = tables_of(null_statistic(19), collection(S=["Psmb5", "Hspa5", "G1"] * 2, T=["x", "y", "z"]))
    assert tables.notes[0].startswith("Less than 20% of the genes that made names were tested")


def test_a_study_without_tests_or_sets_has_empty_tables_with_all_columns() -> None:
    tables = pathway_tables(evidence({}), [collection(S=NAMES[:5])])
    assert len(tables.pathways) == len(tables.curves) == 0
    assert list(tables.pathways.columns[:5]) == ["study", "contrast", "collection", "gene_set", "source"]
    untested = gene_table(NAMES, np.full(GENES, np.nan))
    tables = pathway_tables(evidence({ID: untested}), [collection(S=NAMES[:5])])
    assert tables.pathways["measured"].tolist() == [0]
    assert tables.pathways["score"].isna().all()
