"""Markers of a drug pack held against the contrasts of a study.

A marker is held against each contrast of the family that its publication speaks of. A gene has there a log2
fold change b, its standard error s, the 95 % interval b ± q s, a p-value, and a p-value adjusted by Benjamini
and Hochberg (1995) over the markers of this family that the contrast tests (the panel). q is 1.96 where the
p-values of the table are those of a normal b / s, and larger where they are of Student's t (few lines, scope
`class`). The verdict is the first of these that is true:

    not measured   the gene is not in the table, its name is ambiguous, it has no b or s, or no count in the
                   samples of the contrast (b is exactly 0 and p is 1)
    no change      the interval lies within ±log2(1.5), and p is there
    as expected    adjusted p < 0.05 and b has the sign that the publication gives
    opposite       adjusted p < 0.05 and b has the other sign
    inconclusive   everything else, and every marker whose publication gives no direction

Where nothing changes and p is uniform, a verdict is `as expected` or `opposite` with a
probability of at most 5 %, however the genes depend on each other: an adjusted p is never below its own p.
When no marker of a panel of independent genes changes, it is 5 % for the panel as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.conditions import id_part
from rxpress.design.planned_contrasts import VERSUS
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.interpretation.drug_pack import Marker
from rxpress.interpretation.gene_names import GeneMatch, match_genes
from rxpress.intervals import interval, interval_quantile

ALPHA = 0.05
NO_CHANGE = np.log2(1.5)

AS_EXPECTED, OPPOSITE, UNCHANGED = "as expected", "opposite", "no change"
INCONCLUSIVE, NOT_MEASURED = "inconclusive", "not measured"
VERDICTS = (AS_EXPECTED, OPPOSITE, UNCHANGED, INCONCLUSIVE, NOT_MEASURED)
SIGN = {"up": 1, "down": -1, "unknown": 0}

COLUMNS = (
    "study",
    "comparison",
    "contrast",
    "scope",
    "gene",
    "role",
    "expected",
    "gene_id",
    "log2_fold_change",
    "lfc_lower",
    "lfc_upper",
    "p_value",
    "p_adjusted_panel",
    "verdict",
    "matched_by",
    "remark",
    "reference",
    "note",
)


def judge_markers(
    markers: Sequence[Marker],
    design: StudyDesign,
    tables: Mapping[str, pd.DataFrame],
    drug_names: Iterable[str],
) -> pd.DataFrame:
    """A row per marker and contrast that it speaks of, with the columns COLUMNS; missing values are NaN.

    tables : the gene table of each contrast, by its id; contrasts without one (not estimable) are left out.
    drug_names : every name that the sheet may have for the drug; contrasts of other drugs are left out, and
    studies of other drugs only, whose lines are sensitive or resistant to those.
    """
    drugs = names_in_ids(drug_names)
    effects = [comparison_of(contrast, drugs) for contrast in design.contrasts if contrast.kind == "drug"]
    if effects and not any(effects):
        return pd.DataFrame(columns=list(COLUMNS))
    parts: list[pd.DataFrame] = []
    ids: np.ndarray = np.empty(0, dtype=object)
    matches: list[GeneMatch] = []
    for contrast in design.contrasts:
        comparison = comparison_of(contrast, drugs)
        if contrast.id not in tables or not comparison:
            continue
        table = tables[contrast.id]
        if not matches or not np.array_equal(ids, table["gene_id"].to_numpy()):
            ids = table["gene_id"].to_numpy()
            matches = match_genes([marker.gene for marker in markers], ids, table["gene_name"].to_numpy())
        panel = [pair for pair in zip(markers, matches, strict=True) if pair[0].comparison == comparison]
        if panel:
            parts.append(_judge_contrast(panel, contrast, table))
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(parts, ignore_index=True).assign(study=design.study)[list(COLUMNS)]


def names_in_ids(drug_names: Iterable[str]) -> set[str]:
    """The names of a drug as ids of contrasts may have them, case aside."""
    return {id_part(name).casefold() for name in drug_names}


def comparison_of(contrast: Contrast, drugs: set[str]) -> str:
    """The comparison that a contrast is, as markers name it; empty when no marker of the drug speaks of it.

    drugs : as of `names_in_ids`. An id is `family[.treatment].who…`. Untreated lines are compared without a
    drug, or by their responses to one; against a parent they are compared untreated (two conditions) and in
    their drug effects, which no marker speaks of.
    """
    rest = contrast.id.removeprefix(f"{contrast.kind}.")
    of_drug = any(rest.casefold().startswith(f"{drug}.") for drug in drugs)
    answers = {
        "drug": of_drug,
        "treated": of_drug,
        "interaction": of_drug,
        "baseline": of_drug or rest.startswith(VERSUS),
        "acquired": len(contrast.weights) == 2,
    }
    return contrast.kind if answers.get(contrast.kind) else ""


def _judge_contrast(
    panel: Sequence[tuple[Marker, GeneMatch]], contrast: Contrast, table: pd.DataFrame
) -> pd.DataFrame:
    """The markers of one comparison, and where they stand, in the gene table of a contrast."""
    markers, matches = zip(*panel, strict=True)
    rows = np.array([-1 if match.row is None else match.row for match in matches])

    def column(name: str) -> np.ndarray:
        values = table[name].to_numpy(float)
        return np.where(rows < 0, np.nan, values[rows]) if len(values) else np.full(len(rows), np.nan)

    estimate, error, p_value = column("log2_fold_change"), column("lfc_se"), column("p_value")
    adjusted = adjust_over_panel(p_value, rows)
    expected = np.array([SIGN[marker.expected] for marker in markers])
    gene_ids = [None if row < 0 else str(table["gene_id"].iloc[row]) for row in rows]
    lower, upper = interval(estimate, error, interval_quantile(table))
    return pd.DataFrame(
        {
            "comparison": contrast.kind,
            "contrast": contrast.id,
            "scope": contrast.scope,
            "gene": [marker.gene.symbol for marker in markers],
            "gene_id": gene_ids,
            "log2_fold_change": estimate,
            "lfc_lower": lower,
            "lfc_upper": upper,
            "p_value": p_value,
            "p_adjusted_panel": adjusted,
            "verdict": verdicts(expected, estimate, lower, upper, p_value, adjusted),
            "matched_by": [match.matched_by for match in matches],
            "remark": [match.remark for match in matches],
            **{
                name: [getattr(m, name) for m in markers]
                for name in ("role", "expected", "reference", "note")
            },
        }
    )


def adjust_over_panel(p_value: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(markers,) adjusted p over the genes of a panel, each counted once; NaN stays NaN.

    rows : (markers,) which gene a marker is, negative for none.
    """
    genes, first, position = np.unique(rows, return_index=True, return_inverse=True)
    return benjamini_hochberg(np.where(genes < 0, np.nan, p_value[first]))[position]


def verdicts(
    expected: np.ndarray,
    estimate: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    p_value: np.ndarray,
    p_adjusted: np.ndarray,
) -> np.ndarray:
    """(markers,) the verdict of each marker by the rules of this module; missing values are NaN.

    expected : 1 up, -1 down, 0 unknown; estimate, lower, upper : log2 fold change and its interval; p_value,
    p_adjusted : of no change, raw and over the panel.
    """
    silent = (estimate == 0) & (p_value == 1)
    changed = (p_adjusted < ALPHA) & (expected != 0)
    sign = np.sign(estimate)
    rules = {
        NOT_MEASURED: ~np.isfinite(lower) | ~np.isfinite(upper) | silent,
        UNCHANGED: (lower > -NO_CHANGE) & (upper < NO_CHANGE) & np.isfinite(p_value),
        AS_EXPECTED: changed & (sign == expected),
        OPPOSITE: changed & (sign == -expected),
    }
    return np.select(list(rules.values()), list(rules), INCONCLUSIVE)
