"""Pathway activity in the samples and the contrasts of a study, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from rxpress.interpretation.activity import align_weights, univariate_linear_model
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_names import plain_id
from rxpress.interpretation.measured_genes import measured_genes
from rxpress.interpretation.pathway_tables import tested_rows

COLUMNS = (
    *("study", "level", "id", "pathway", "score", "p_value", "p_adjusted"),
    *("genes", "size", "matched_by", "withheld"),
)
LEAST_GENES, LEAST_SHARE = 5, 0.1

Weights = Mapping[str, Mapping[str, float]]


def activity_table(study: StudyEvidence, weights: Weights) -> pd.DataFrame:
    """ULM scores (`univariate_linear_model`) of each kept sample and each contrast, COLUMNS.

    weights : by pathway and gene. A sample is its log2 expression less the gene's mean over the kept samples,
    over the genes that vary; a contrast is its statistic over the genes that it tested. Joint contrasts have
    no direction and are left out. genes : of the `size` genes of a pathway, how many these are. With fewer
    than five, or than a tenth, they would speak for themselves and not for the pathway: the score is NA, and
    `withheld` says why. p_adjusted : over the pathways of a sample or contrast that have a score.
    """
    plain = {name: {plain_id(gene): w for gene, w in own.items()} for name, own in weights.items()}
    parts = [*_of_samples(study, plain), *_of_contrasts(study, plain)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).assign(study=study.name)[list(COLUMNS)]


def _of_samples(study: StudyEvidence, weights: Weights) -> Iterator[pd.DataFrame]:
    if study.log2 is None:
        return
    values = study.log2.values
    varies = np.isfinite(values).all(axis=1) & (np.ptp(values, axis=1) > 0)
    mean = np.where(varies, values.mean(axis=1), np.nan)
    centred = values - mean[:, None]
    yield _scores(
        "sample",
        study.log2.samples,
        (study.log2.gene_ids, study.log2.gene_names),
        mean,
        centred,
        weights,
    )


def _of_contrasts(study: StudyEvidence, weights: Weights) -> Iterator[pd.DataFrame]:
    for contrast in study.tested:
        if contrast.test == "lrt":
            continue
        table = study.tests[contrast.id]
        level = np.where(tested_rows(table), table["base_mean"], np.nan)
        values = table[["statistic"]].to_numpy(float)
        yield _scores(
            "contrast", [contrast.id], (table["gene_id"], table["gene_name"]), level, values, weights
        )


def _scores(
    level: str,
    ids: Sequence[str],
    names: tuple[Iterable[str], Iterable[str]],
    means: np.ndarray,
    values: np.ndarray,
    weights: Weights,
) -> pd.DataFrame:
    """A row per column of `values` (genes, ids) and pathway; names, means : what `measured_genes` takes."""
    genes = measured_genes(*names, means, {gene for own in weights.values() for gene in own})
    aligned = align_weights(genes.names, weights)
    size = np.array([len(own) for own in weights.values()], dtype=int)
    found = size - np.array([len(missing) for missing in aligned.missing], dtype=int)
    scored = (found >= LEAST_GENES) & (found >= LEAST_SHARE * size)
    score, p_value, p_adjusted = np.full((3, len(size), len(ids)), np.nan)
    if scored.any():
        active = univariate_linear_model(values[genes.rows], aligned.matrix[:, scored])
        score[scored], p_value[scored], p_adjusted[scored] = (
            active.statistic,
            active.p_value,
            active.p_adjusted,
        )
    withheld = [
        None
        if enough
        else f"{n} of its {of} genes are measured; a score needs {LEAST_GENES} and {LEAST_SHARE * 100:g} %"
        for enough, n, of in zip(scored, found, size, strict=True)
    ]
    return pd.DataFrame(
        {
            "level": level,
            "id": np.repeat(ids, len(size)),
            "pathway": list(aligned.pathways) * len(ids),
            "score": score.ravel("F"),
            "p_value": p_value.ravel("F"),
            "p_adjusted": p_adjusted.ravel("F"),
            "genes": np.tile(found, len(ids)),
            "size": np.tile(size, len(ids)),
            "matched_by": genes.matched_by,
            "withheld": withheld * len(ids),
        }
    )
