"""Steps of a mechanism get the verdict that a study allows, and hardly ever one on null data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from simulated_response import PACK, pack_symbols, simulate

from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.mechanism import COLUMNS, mechanism_table, pack_collection, step_verdicts
from rxpress.interpretation.pathway_tables import pathway_tables
from rxpress.interpretation.study_genes import StudyGenes

EFFECTS = {
    **{gene: 1.5 for one in PACK.gene_sets if one.name == "PROTEASOME_BOUNCE_BACK" for gene in one.genes},
    **{gene: -1.5 for one in PACK.gene_sets if one.name == "HEAT_SHOCK" for gene in one.genes},
    **{gene: -1.5 for one in PACK.gene_sets if one.name == "G2M_ARREST" for gene in one.genes},
}


def judged(study: StudyEvidence) -> pd.DataFrame:
    collection = pack_collection(PACK, StudyGenes.of_study(study))
    pathways = pathway_tables(study, [collection], permutations=100).pathways
    return mechanism_table(study, PACK, collection, pathways)


@pytest.fixture(scope="module")
def responding() -> StudyEvidence:
    """The proteasome rises and G2-M falls, as they should; heat shock falls, as it should not."""
    return simulate(1, EFFECTS)


@pytest.fixture(scope="module")
def rows(responding: StudyEvidence) -> pd.DataFrame:
    return judged(responding)


@pytest.mark.parametrize(
    ("expected", "measured", "statistic", "change", "p_adjusted", "verdict"),
    [
        ("up", 10, 4.0, 1.0, 0.001, "as expected"),
        ("down", 10, -4.0, -1.0, 0.001, "as expected"),
        ("up", 10, -4.0, -1.0, 0.001, "opposite"),
        ("down", 10, 4.0, 1.0, 0.001, "opposite"),
        ("down", 10, -4.0, 0.2, 0.001, "inconclusive"),  # it rises, only less than the other genes
        ("up", 10, 4.0, 1.0, 0.05, "inconclusive"),
        ("up", 3, 4.0, 1.0, 0.001, "as expected"),
        ("up", 2, 4.0, 1.0, 0.001, "not measured"),
        ("up", 0, np.nan, np.nan, np.nan, "not measured"),
        ("up", 300, np.nan, 1.0, np.nan, "inconclusive"),  # nearly all genes: not tested
    ],
)
def test_a_verdict_needs_both_signs_and_three_genes(
    expected: str, measured: int, statistic: float, change: float, p_adjusted: float, verdict: str
) -> None:
    numbers = (np.array([value]) for value in (measured, statistic, change, p_adjusted))
    assert list(step_verdicts([expected], *numbers)) == [verdict]


def test_planted_steps_get_their_verdict_in_every_drug_effect_and_nowhere_else(
    responding: StudyEvidence, rows: pd.DataFrame
) -> None:
    assert list(rows.columns) == list(COLUMNS)
    effects = [contrast.id for contrast in responding.tested if contrast.kind == "drug"]
    assert list(dict.fromkeys(rows["contrast"])) == effects
    assert len(rows) == len(effects) * len(PACK.steps)
    said = {name: set(rows["verdict"][rows["gene_set"] == name]) for name in rows["gene_set"]}
    assert said["PROTEASOME_BOUNCE_BACK"] == said["G2M_ARREST"] == {"as expected"}
    assert said["HEAT_SHOCK"] == {"opposite"}
    assert set(rows["size"][rows["gene_set"] == "HEAT_SHOCK"]) == {15}


def test_the_mean_change_is_that_of_the_tested_genes(responding: StudyEvidence, rows: pd.DataFrame) -> None:
    table = responding.tests["drug.bortezomib.all"]
    (genes,) = (set(one.genes) for one in PACK.gene_sets if one.name == "HEAT_SHOCK")
    tested = table[table["gene_name"].isin(genes) & table["p_value"].notna()]
    row = rows[(rows["contrast"] == "drug.bortezomib.all") & (rows["gene_set"] == "HEAT_SHOCK")].iloc[0]
    assert row["measured"] == len(tested)
    assert row["mean_log2_fold_change"] == pytest.approx(tested["log2_fold_change"].mean())


def test_p_is_adjusted_over_the_steps_of_a_contrast(rows: pd.DataFrame) -> None:
    for _, steps in rows.groupby("contrast"):
        p_value = np.sort(steps["camera_p_value"].to_numpy(float))  # R: p.adjust(p, "BH"), by its definition
        adjusted = np.minimum.accumulate((p_value * len(p_value) / np.arange(1, len(p_value) + 1))[::-1])[
            ::-1
        ]
        assert np.sort(steps["camera_p_adjusted"]) == pytest.approx(adjusted)


def test_genes_that_a_table_has_by_an_old_symbol_count(responding: StudyEvidence) -> None:
    aliases = {marker.gene.symbol: marker.gene.aliases for marker in PACK.markers}
    assert "HSPB1" in aliases
    table = responding.tests["drug.bortezomib.S1"]
    old = table.assign(gene_name=table["gene_name"].replace({"HSPB1": "HSP27"}))
    found, current = (
        judged(replace(responding, tests={"drug.bortezomib.S1": one}, log2=None)) for one in (old, table)
    )
    pd.testing.assert_frame_equal(found, current)


def test_contrasts_of_another_drug_and_packs_without_steps_have_no_mechanism(
    responding: StudyEvidence,
) -> None:
    collection = pack_collection(PACK, None)
    pathways = pathway_tables(responding, [], permutations=100).pathways
    for pack in (replace(PACK, name="melphalan", synonyms=()), replace(PACK, steps=())):
        rows = mechanism_table(responding, pack, collection, pathways)
        assert (len(rows), list(rows.columns)) == (0, list(COLUMNS))


def test_the_simulated_genes_are_those_of_the_pack(responding: StudyEvidence) -> None:
    names = set(responding.tests["drug.bortezomib.all"]["gene_name"])
    assert set(pack_symbols()) <= names
