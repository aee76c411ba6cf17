"""The steps of a drug's mechanism held against its effects in a study.

A step names a gene set and where it should go. In each drug effect the statistics of its genes are compared
with those of all others by CAMERA-PR (Wu and Smyth, Nucleic Acids Res 2012), which allows for genes that
move together (correlation 0.01, as limma's); its p-values are adjusted by Benjamini and Hochberg over the
steps of the contrast. The verdict is the first of these that is true:

    not measured   the contrast tested fewer than three genes of the set
    as expected    adjusted p < 0.05; CAMERA's statistic and the mean log2 fold change have the expected sign
    opposite       adjusted p < 0.05; both have the other sign
    inconclusive   everything else

Both signs are asked for because CAMERA compares with the other genes: a set that rises less than they do
would be called down. When nothing changes, a verdict has a direction with a probability of 5 % at most, as
far as the genes of a set are not more strongly correlated than CAMERA allows for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.study_design import Contrast
from rxpress.interpretation.drug_pack import DrugPack
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_names import PackGene
from rxpress.interpretation.gene_set_files import Collection
from rxpress.interpretation.gene_sets import find_members
from rxpress.interpretation.markers import (
    ALPHA,
    AS_EXPECTED,
    INCONCLUSIVE,
    NOT_MEASURED,
    OPPOSITE,
    SIGN,
    comparison_of,
    names_in_ids,
)
from rxpress.interpretation.measured_genes import lookup_names, measured_genes
from rxpress.interpretation.pathway_tables import tested_rows
from rxpress.interpretation.study_genes import StudyGenes

LEAST_GENES = 3
# Columns of pathways.tsv.
GSEA = ("normalized_score", "p_adjusted")
CAMERA = ("camera_statistic", "camera_p_value")
COLUMNS = (
    *("study", "drug", "contrast", "label", "scope", "step", "gene_set", "expected", "note"),
    *("size", "measured", "mean_log2_fold_change", *GSEA, *CAMERA, "camera_p_adjusted", "verdict"),
)


def pack_collection(pack: DrugPack, genes: StudyGenes | None) -> Collection:
    """The gene sets of a pack, their genes called as the study calls them.

    A gene is known by its aliases too, where a marker or signature of the pack gives any.
    """
    known = {marker.gene.symbol: marker.gene for marker in pack.markers}
    known |= {gene.gene.symbol: gene.gene for signature in pack.signatures for gene in signature.genes}
    symbols = list(dict.fromkeys(symbol for one in pack.gene_sets for symbol in one.genes))
    called = {symbol: symbol for symbol in symbols}
    if genes:
        found = genes.find([known.get(symbol, PackGene(symbol)) for symbol in symbols])
        called |= {
            symbol: str(genes.names[match.row])
            for symbol, match in zip(symbols, found, strict=True)
            if match.row is not None
        }
    return Collection(
        pack.name,
        {one.name: one.source for one in pack.gene_sets},
        {one.name: [called[symbol] for symbol in one.genes] for one in pack.gene_sets},
    )


def mechanism_table(
    study: StudyEvidence, pack: DrugPack, collection: Collection, pathways: pd.DataFrame
) -> pd.DataFrame:
    """A row per drug effect and step of the pack, with the columns COLUMNS.

    collection : `pack_collection` of the pack; pathways : the rows that `pathway_tables` gives of it.
    """
    drugs = names_in_ids(pack.names)
    effects = [c for c in study.tested if comparison_of(c, drugs) == "drug"]
    if not effects or not pack.steps:
        return pd.DataFrame(columns=list(COLUMNS))
    own = pathways[pathways["collection"] == pack.name]
    parts = [
        _judge_steps(study, contrast, pack, collection, own[own["contrast"] == contrast.id])
        for contrast in effects
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]


def _judge_steps(
    study: StudyEvidence, contrast: Contrast, pack: DrugPack, collection: Collection, pathways: pd.DataFrame
) -> pd.DataFrame:
    steps = pd.DataFrame(
        {name: [getattr(step, name) for step in pack.steps] for name in ("gene_set", "expected")}
    )
    table = steps.merge(pathways.drop(columns=["study", "contrast"]), how="left", on="gene_set")
    means = mean_changes(study.tests[contrast.id], collection)
    change = table["gene_set"].map(means).to_numpy(float)
    adjusted = benjamini_hochberg(table["camera_p_value"].to_numpy(float))
    return table.assign(
        study=study.name,
        drug=pack.name,
        contrast=contrast.id,
        label=contrast.label,
        scope=contrast.scope,
        step=[step.name for step in pack.steps],
        note=pd.Series([step.note or None for step in pack.steps], dtype=object),
        mean_log2_fold_change=change,
        camera_p_adjusted=adjusted,
        verdict=step_verdicts(
            [step.expected for step in pack.steps],
            table["measured"].to_numpy(int),
            table["camera_statistic"].to_numpy(float),
            change,
            adjusted,
        ),
    )


def mean_changes(table: pd.DataFrame, collection: Collection) -> dict[str, float]:
    """The mean log2 fold change of each set over its genes that a contrast tested; NaN where there are none.

    The genes are those that `pathway_tables` tests.
    """
    level = np.where(tested_rows(table), table["base_mean"], np.nan)
    sets = {name: lookup_names(genes) for name, genes in collection.sets.items()}
    wanted = {gene for genes in sets.values() for gene in genes}
    genes = measured_genes(table["gene_id"], table["gene_name"], level, wanted)
    change = table["log2_fold_change"].to_numpy(float)[genes.rows]
    members = find_members(genes.names, sets)
    return {
        name: float(change[one.rows].mean()) if len(one.rows) else np.nan for name, one in members.items()
    }


def step_verdicts(
    expected: Sequence[str],
    measured: np.ndarray,
    statistic: np.ndarray,
    mean_change: np.ndarray,
    p_adjusted: np.ndarray,
) -> np.ndarray:
    """(steps,) the verdicts by the rules of this module; missing values are NaN.

    expected : `up` or `down`; measured : genes with a statistic; statistic : CAMERA's; mean_change : log2;
    p_adjusted : of CAMERA, over the steps.
    """
    direction = np.array([SIGN[one] for one in expected])
    sign = np.where(np.sign(statistic) == np.sign(mean_change), np.sign(mean_change), 0)
    changed = p_adjusted < ALPHA
    rules = {
        NOT_MEASURED: measured < LEAST_GENES,
        AS_EXPECTED: changed & (sign == direction),
        OPPOSITE: changed & (sign == -direction),
    }
    return np.select(list(rules.values()), list(rules), INCONCLUSIVE)
