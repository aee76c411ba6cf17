"""The steps of a drug's mechanism held against its effects in a study.

A step names a gene set and where it should go. In each drug effect the statistics of its genes are compared
with those of all other genes by CAMERA-PR (Wu and Smyth, Nucleic Acids Res 2012), which allows for genes that
move together (correlation 0.01, as limma's); its p-values are adjusted by Benjamini and Hochberg over the
steps of the contrast. The verdict is the first of these that is true:

    not measured   fewer than three genes of the set have a statistic in the contrast
    as expected    adjusted p < 0.05; CAMERA's statistic and the mean log2 fold change have the expected sign
    opposite       adjusted p < 0.05; both have the other sign
    inconclusive   everything else

Both signs are asked for because CAMERA compares with the other genes: a set that rises less than they do would
be called down. When nothing changes, at least one step has a direction with a probability of 5 % at most, as
far as the genes of a set are not more strongly correlated than CAMERA allows for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.study_design import Contrast
from rxpress.interpretation.drug_pack import DrugPack
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_names import PackGene
from rxpress.interpretation.gene_sets import Camera, camera
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
from rxpress.interpretation.study_genes import RankedGenes, StudyGenes

LEAST_GENES = 3
COLUMNS = (
    "study",
    "drug",
    "contrast",
    "label",
    "scope",
    "step",
    "gene_set",
    "expected",
    "note",
    "size",
    "measured",
    "mean_log2_fold_change",
    "normalized_score",
    "p_adjusted",
    "camera_statistic",
    "camera_p_value",
    "camera_p_adjusted",
    "verdict",
)


def mechanism_table(
    study: StudyEvidence, genes: StudyGenes, pack: DrugPack, pathways: pd.DataFrame
) -> pd.DataFrame:
    """A row per drug effect and step of the pack, with the columns COLUMNS.

    pathways : rows of pathways.tsv, from which `normalized_score` and `p_adjusted` of the pack's sets come.
    """
    drugs = names_in_ids(pack.names)
    effects = [c for c in study.tested if comparison_of(c, drugs) == "drug"]
    if not effects or not pack.steps:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = find_sets(pack, genes)
    parts = [_judge_steps(contrast, study.tests[contrast.id], genes, pack, rows) for contrast in effects]
    table = pd.concat(parts, ignore_index=True).assign(study=study.name, drug=pack.name)
    keys = ["contrast", "gene_set"]
    scores = pathways.loc[pathways["collection"] == pack.name, [*keys, "normalized_score", "p_adjusted"]]
    return table.merge(scores, how="left", on=keys)[list(COLUMNS)]


def find_sets(pack: DrugPack, genes: StudyGenes) -> dict[str, list[int | None]]:
    """The rows of the genes of each set of a pack, None for one that is absent or ambiguous.

    A gene is known by its aliases too, where a marker or signature of the pack gives any.
    """
    known = {marker.gene.symbol: marker.gene for marker in pack.markers}
    known |= {gene.gene.symbol: gene.gene for signature in pack.signatures for gene in signature.genes}
    symbols = list(dict.fromkeys(symbol for one in pack.gene_sets for symbol in one.genes))
    found = genes.find([known.get(symbol, PackGene(symbol)) for symbol in symbols])
    row = {symbol: match.row for symbol, match in zip(symbols, found, strict=True)}
    return {one.name: [row[symbol] for symbol in one.genes] for one in pack.gene_sets}


def _judge_steps(
    contrast: Contrast,
    table: pd.DataFrame,
    genes: StudyGenes,
    pack: DrugPack,
    rows: Mapping[str, Sequence[int | None]],
) -> pd.DataFrame:
    ranked = RankedGenes.of(table, genes)
    sets = [ranked.members(rows[step.gene_set]) for step in pack.steps]
    change = table["log2_fold_change"].to_numpy(float)[ranked.rows]
    means = np.array([change[members].mean() if len(members) else np.nan for members in sets])
    test = camera(ranked.statistic, sets)
    p_value = np.where(test.size >= LEAST_GENES, test.p_value, np.nan)
    adjusted = benjamini_hochberg(p_value)
    return pd.DataFrame(
        {
            "contrast": contrast.id,
            "label": contrast.label,
            "scope": contrast.scope,
            "step": [step.name for step in pack.steps],
            "gene_set": [step.gene_set for step in pack.steps],
            "expected": [step.expected for step in pack.steps],
            "note": [step.note or None for step in pack.steps],
            "size": [len(rows[step.gene_set]) for step in pack.steps],
            "measured": test.size,
            "mean_log2_fold_change": means,
            "camera_statistic": test.statistic,
            "camera_p_value": p_value,
            "camera_p_adjusted": adjusted,
            "verdict": step_verdicts([step.expected for step in pack.steps], test, means, adjusted),
        }
    )


def step_verdicts(
    expected: Sequence[str], test: Camera, mean_change: np.ndarray, p_adjusted: np.ndarray
) -> np.ndarray:
    """(steps,) the verdicts by the rules of this module; missing values are NaN.

    expected : `up` or `down`; mean_change : log2, over the genes of a step; p_adjusted : over the steps.
    """
    direction = np.array([SIGN[one] for one in expected])
    sign = np.where(np.sign(test.statistic) == np.sign(mean_change), np.sign(mean_change), 0)
    changed = p_adjusted < ALPHA
    rules = {
        NOT_MEASURED: test.size < LEAST_GENES,
        AS_EXPECTED: changed & (sign == direction),
        OPPOSITE: changed & (sign == -direction),
    }
    return np.select(list(rules.values()), list(rules), INCONCLUSIVE)
