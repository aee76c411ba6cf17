"""limma-voom as a second opinion on DESeq2's calls: where both agree, and which genes only one calls."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

CALLED = ("up", "down")
COMPARED = ("log2_fold_change", "p_adjusted", "call")


def second_opinion(
    deseq2: Mapping[str, pd.DataFrame], limma: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """What both methods say of the same contrasts, given their gene tables; tables by file name."""
    called = called_genes(deseq2, limma)
    return {
        "second_opinion.tsv": agreement(deseq2, limma, called),
        "second_opinion_genes.tsv": called,
    }


def called_genes(deseq2: Mapping[str, pd.DataFrame], limma: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per contrast and gene that a method calls: what both say of it, and `called_by`.

    That is `deseq2`, `limma`, `both`, or `opposite` where both call it, but in opposite directions.
    """
    parts = []
    for contrast in deseq2:
        part = deseq2[contrast][["gene_id", "gene_name"]].assign(contrast=contrast)
        for method, table in (("deseq2", deseq2[contrast]), ("limma", limma[contrast])):
            part = part.assign(**{f"{method}_{column}": table[column].to_numpy() for column in COMPARED})
        first, second = (part[f"{method}_call"].isin(CALLED) for method in ("deseq2", "limma"))
        same = part["deseq2_call"] == part["limma_call"]
        whose = np.select(
            [first & second & same, first & second, first], ["both", "opposite", "deseq2"], "limma"
        )
        parts.append(part.assign(called_by=whose)[first | second])
    columns = ["contrast", "gene_id", "gene_name", "called_by"]
    together = pd.concat(parts, ignore_index=True)
    return together[[*columns, *together.columns.drop(columns)]]


def agreement(
    deseq2: Mapping[str, pd.DataFrame], limma: Mapping[str, pd.DataFrame], called: pd.DataFrame
) -> pd.DataFrame:
    """A row per contrast: genes called by both methods in the same direction, by one, in opposite directions.

    called : of `called_genes`; jaccard : share of those by both among all called; lfc_correlation :
    Pearson's, of the log2 fold changes of the genes that both tested (genes_compared).
    """
    rows = []
    for contrast, table in deseq2.items():
        whose = called.loc[called["contrast"] == contrast, "called_by"].value_counts()
        tested = (table["call"] != "untested").to_numpy() & (limma[contrast]["call"] != "untested").to_numpy()
        first, second = (t["log2_fold_change"].to_numpy(float)[tested] for t in (table, limma[contrast]))
        rows.append(
            {
                "contrast": contrast,
                "called_by_both": whose.get("both", 0),
                "only_deseq2": whose.get("deseq2", 0),
                "only_limma": whose.get("limma", 0),
                "opposite": whose.get("opposite", 0),
                "jaccard": whose.get("both", 0) / whose.sum() if len(whose) else np.nan,
                "lfc_correlation": _correlation(first, second),
                "genes_compared": int(tested.sum()),
            }
        )
    return pd.DataFrame(rows)


def _correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's; NaN for fewer than three points or if one side does not vary."""
    if len(x) < 3 or not (np.ptp(x) and np.ptp(y)):
        return np.nan
    return float(np.corrcoef(x, y)[0, 1])
