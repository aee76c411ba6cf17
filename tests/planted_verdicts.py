"""The verdicts that markers must have in the demo study, from what its maker planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Rows = Sequence[Mapping[str, str]]
DIRECTED = {"as expected", "opposite"}


@dataclass(frozen=True)
class Judgement:
    """Verdicts held against the truth.

    planted, unchanged : how many verdicts are on genes with an effect, or not in the study, and without;
    missed : those of the former that are not the right one, in words; false : those of the latter that have a
    direction. One in twenty of the unchanged may have one: when most of a panel changes, adjusting leaves p
    nearly as it is.
    """

    planted: int
    unchanged: int
    missed: tuple[str, ...]
    false: tuple[str, ...]


def judge_verdicts(markers: Rows, contrasts: Rows, genes: Rows) -> Judgement:
    """Hold rows of interpretation/markers.tsv against contrasts.tsv and genes.tsv of the truth."""
    expressed = {row["gene_name"] for row in genes if float(row["mean_expression"])}
    effects = {
        (row["family"], row["who"], row["gene_name"]): float(row["log2_fold_change"])
        for row in contrasts
        if row["gene_name"] in expressed
    }
    missed, false, planted, unchanged = [], [], 0, 0
    for row in markers:
        who = row["contrast"].removeprefix(f"{row['comparison']}.").removeprefix("bortezomib.")
        effect = effects.get((row["comparison"], who.removesuffix(".class"), row["gene"]))
        said = f"{row['gene']} in {row['contrast']} ({effect}): {row['verdict']}"
        if effect != 0:
            planted += 1
            if row["verdict"] not in right_verdicts(row, effect):
                missed.append(said)
        else:
            unchanged += 1
            if row["verdict"] in DIRECTED:
                false.append(said)
    return Judgement(planted, unchanged, tuple(missed), tuple(false))


def right_verdicts(row: Mapping[str, str], effect: float | None) -> set[str]:
    """Verdicts that fit a planted log2 fold change, None for a gene that the study has not.

    An effect that differs between lines may leave a test over lines undecided.
    """
    if effect is None:
        return {"not measured"}
    if row["expected"] == "unknown":
        return {"inconclusive"}
    right = {"as expected" if (effect > 0) == (row["expected"] == "up") else "opposite"}
    return right | {"inconclusive"} if row["scope"] == "class" else right
