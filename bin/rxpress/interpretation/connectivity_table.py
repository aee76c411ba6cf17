"""Published responses to a drug beside the contrasts of a study: connectivity.tsv."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.interpretation.connectivity import connectivity
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.signature_tables import SourcedSignature
from rxpress.interpretation.signatures import judge_coverage
from rxpress.interpretation.study_genes import RankedGenes, StudyGenes

COLUMNS = (
    "study",
    "contrast",
    "signature",
    "source",
    "up_measured",
    "down_measured",
    "missing",
    "score",
    "normalized_score",
    "p_value",
    "p_adjusted",
    "up_score",
    "down_score",
    "withheld",
)
SCORES = ("score", "normalized_score", "p_value", "up_score", "down_score")


def connectivity_table(
    study: StudyEvidence, genes: StudyGenes, signatures: Sequence[SourcedSignature], seed: int
) -> pd.DataFrame:
    """A row per contrast and signature of method `response`, with the columns COLUMNS.

    A gene is measured where it has a statistic; under 80 % of them the score is withheld. p is adjusted over
    the signatures of a contrast. Joint tests, whose statistic has no sign, are left out.
    """
    responses = [one for one in signatures if one.signature.method == "response"]
    found = [_Lists.of(one, genes) for one in responses]
    parts = []
    for contrast in study.tested:
        if contrast.jointly or not found:
            continue
        ranked = RankedGenes.of(study.tests[contrast.id], genes)
        part = pd.DataFrame([one.row(ranked, seed) for one in found])
        adjusted = benjamini_hochberg(part["p_value"].to_numpy(float))
        parts.append(part.assign(study=study.name, contrast=contrast.id, p_adjusted=adjusted))
    return (
        pd.concat(parts, ignore_index=True)[list(COLUMNS)] if parts else pd.DataFrame(columns=list(COLUMNS))
    )


class _Lists:
    """The up and down genes of a response among the rows of a gene table; None is no row."""

    def __init__(self, signature: SourcedSignature, symbols: list[str], rows: dict[str, list[int | None]]):
        self.signature, self.symbols, self.rows = signature, symbols, rows

    @classmethod
    def of(cls, signature: SourcedSignature, genes: StudyGenes) -> _Lists:
        listed = signature.signature.genes
        matches = genes.find([gene.gene for gene in listed])
        rows = {
            side: [m.row for gene, m in zip(listed, matches, strict=True) if gene.direction == side]
            for side in ("up", "down")
        }
        ordered = sorted(listed, key=lambda gene: gene.direction != "up")
        return cls(signature, [gene.gene.symbol for gene in ordered], rows)

    def row(self, ranked: RankedGenes, seed: int) -> dict[str, object]:
        """A row of the table, without study, contrast and adjusted p."""
        up, down = (ranked.members(rows) for rows in self.rows.values())
        there = [bool(len(ranked.members([row]))) for rows in self.rows.values() for row in rows]
        missing = [symbol for symbol, seen in zip(self.symbols, there, strict=True) if not seen]
        _, withheld = judge_coverage(len(self.symbols), missing)
        scores = dict.fromkeys(SCORES, np.nan)
        if not withheld:
            result = connectivity(ranked.statistic, up, down, seed=seed)
            scores = {name: getattr(result, name) for name in SCORES}
        return {
            "signature": self.signature.signature.name,
            "source": self.signature.source,
            "up_measured": len(up),
            "down_measured": len(down),
            "missing": ";".join(missing) or None,
            "withheld": withheld or None,
            **scores,
        }
