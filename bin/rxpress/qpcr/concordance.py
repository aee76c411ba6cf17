"""Fold changes by qPCR held against those of expression, contrast by contrast.

Both have a log2 fold change, a 95 % interval and an adjusted p (over the targets of the contrast; over its
genes). A gene is changed in one of them if adjusted p < alpha. The verdict is the first that is true:

    confirmed      changed in both, in the same direction
    contradicted   changed in both, in opposite directions; or changed in one, with its interval wholly beyond
                   ±log2(1.5), while the interval of the other lies wholly within
    no change      both intervals lie within ±log2(1.5)
    inconclusive   everything else

A target without an interval on either side has no verdict, and a note says why.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from rxpress.interpretation.gene_names import PackGene, match_genes
from rxpress.interpretation.markers import NO_CHANGE
from rxpress.intervals import UPPER_TAIL, interval, interval_quantile
from rxpress.qpcr.fold_changes import LOST_LINES
from rxpress.tables import GENE_COLUMNS, read_json, read_table

CONFIRMED, CONTRADICTED = "confirmed", "contradicted"
UNCHANGED, INCONCLUSIVE = "no change", "inconclusive"
VERDICTS = (CONFIRMED, CONTRADICTED, UNCHANGED, INCONCLUSIVE)
FEWEST_GENES = 5  # for a correlation
COLUMNS = (
    "study",
    "expression_study",
    "contrast",
    "target",
    "gene_id",
    "qpcr_log2_fold_change",
    "qpcr_lfc_lower",
    "qpcr_lfc_upper",
    "qpcr_p_adjusted",
    "expression_log2_fold_change",
    "expression_lfc_lower",
    "expression_lfc_upper",
    "expression_p_adjusted",
    "same_direction",
    "verdict",
    "note",
)
SUMMARY = (
    "study",
    "expression_study",
    "contrast",
    "targets",
    "genes",
    "same_direction",
    "same_direction_share",
    "pearson",
    "lin_ccc",
    "lin_ccc_lower",
    "lin_ccc_upper",
    *(verdict.replace(" ", "_") for verdict in VERDICTS),
)


@dataclass(frozen=True)
class ExpressionStudy:
    """The gene tables of a study by contrast id."""

    name: str
    tables: Mapping[str, pd.DataFrame]


def read_expression_study(folder: Path, contrasts: Sequence[str]) -> ExpressionStudy:
    """The gene tables of these contrasts that a folder of differential/ has; its contrasts.json names it."""
    named = folder / "contrasts.json"
    name = str(read_json(named)["study"]) if named.exists() else folder.name
    files = {contrast: folder / f"{contrast}.tsv" for contrast in dict.fromkeys(contrasts)}
    return ExpressionStudy(name, {c: read_table(f, GENE_COLUMNS) for c, f in files.items() if f.exists()})


def compare_with_expression(
    fold_changes: pd.DataFrame, studies: Sequence[ExpressionStudy], alpha: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row per target, contrast and study whose expression has that contrast; and a summary per contrast.

    fold_changes : as `fold_change_table` makes it.
    """
    parts = [
        _compare(rows, study.name, study.tables[str(contrast)], alpha)
        for (_, contrast), rows in fold_changes.groupby(["study", "contrast"], sort=False)
        for study in studies
        if contrast in study.tables
    ]
    pairs = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    groups = pairs.groupby(["study", "expression_study", "contrast"], sort=False)
    summary = pd.DataFrame([_summarize(key, rows) for key, rows in groups], columns=list(SUMMARY))
    return pairs[list(COLUMNS)], summary


def _compare(rows: pd.DataFrame, study: str, table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """The targets of a contrast beside its gene table, where a gene without counts has fold change 0, p 1."""
    genes = [PackGene(target) for target in rows["target"].astype(str)]
    matches = match_genes(genes, table["gene_id"].to_numpy(), table["gene_name"].to_numpy())
    places = np.array([-1 if match.row is None else match.row for match in matches])

    def of_gene(name: str) -> np.ndarray:
        values = table[name].to_numpy(float)
        return np.where(places < 0, np.nan, values[places]) if len(values) else np.full(len(places), np.nan)

    change = of_gene("log2_fold_change")
    change[(change == 0) & (of_gene("p_value") == 1)] = np.nan
    lower, upper = interval(change, of_gene("lfc_se"), interval_quantile(table))
    pairs = pd.DataFrame(
        {
            "study": rows["study"].to_numpy(),
            "expression_study": study,
            "contrast": rows["contrast"].to_numpy(),
            "target": rows["target"].to_numpy(),
            "gene_id": [None if i < 0 else str(table["gene_id"].iloc[i]) for i in places],
            "qpcr_log2_fold_change": rows["log2_fold_change"].to_numpy(float),
            "qpcr_lfc_lower": rows["lfc_lower"].to_numpy(float),
            "qpcr_lfc_upper": rows["lfc_upper"].to_numpy(float),
            "qpcr_p_adjusted": rows["p_adjusted"].to_numpy(float),
            "expression_log2_fold_change": change,
            "expression_lfc_lower": lower,
            "expression_lfc_upper": upper,
            "expression_p_adjusted": of_gene("p_adjusted"),
        }
    )
    q, e = pairs["qpcr_log2_fold_change"].to_numpy(), pairs["expression_log2_fold_change"].to_numpy()
    same = np.where(np.sign(q) == np.sign(e), "true", "false").astype(object)
    same[~np.isfinite(q * e)] = None
    notes = [match.remark or _why_unpaired(*pair) for match, *pair in zip(matches, q, e, strict=True)]
    notes = [_with_lost_lines(note, said) for note, said in zip(notes, rows["note"], strict=True)]
    verdicts = _verdicts(pairs, alpha)
    return pairs.assign(same_direction=same, verdict=verdicts, note=pd.Series(notes, dtype=object))


def _with_lost_lines(note: str | None, said: object) -> str | None:
    """A note with what the fold change by qPCR leaves out: then the two average different lines."""
    lost = str(said).split(";")[0] if str(said).startswith(LOST_LINES) else ""
    return "; ".join(filter(None, (note, lost and f"qPCR {lost}"))) or None


def _why_unpaired(qpcr: float, expression: float) -> str | None:
    if not np.isfinite(qpcr):
        return "no fold change by qPCR"
    return None if np.isfinite(expression) else "no expression in the contrast"


def _verdicts(pairs: pd.DataFrame, alpha: float) -> np.ndarray:
    def of(assay: str) -> Assay:
        names = ("log2_fold_change", "lfc_lower", "lfc_upper", "p_adjusted")
        return Assay(*(pairs[f"{assay}_{name}"].to_numpy(float) for name in names))

    return judge_pairs(of("qpcr"), of("expression"), alpha)


@dataclass(frozen=True)
class Assay:
    """What one assay says of genes: (genes,) log2 fold change, its 95 % interval and adjusted p."""

    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p_adjusted: np.ndarray

    @property
    def within(self) -> np.ndarray:
        """Whether the interval lies within ±log2(1.5)."""
        return (self.lower > -NO_CHANGE) & (self.upper < NO_CHANGE)

    @property
    def beyond(self) -> np.ndarray:
        """Whether it lies wholly on one side of that."""
        return (self.lower > NO_CHANGE) | (self.upper < -NO_CHANGE)


def judge_pairs(qpcr: Assay, expression: Assay, alpha: float) -> np.ndarray:
    """(genes,) the verdict of each gene by the rules of this module; None without both intervals."""
    changed = [assay.p_adjusted < alpha for assay in (qpcr, expression)]
    both = changed[0] & changed[1]
    same = np.sign(qpcr.estimate) == np.sign(expression.estimate)
    at_odds = changed[0] & qpcr.beyond & expression.within | changed[1] & expression.beyond & qpcr.within
    known = np.isfinite(qpcr.lower + qpcr.upper + expression.lower + expression.upper)
    rules = {
        CONFIRMED: both & same,
        CONTRADICTED: both & ~same | at_odds,
        UNCHANGED: qpcr.within & expression.within,
    }
    verdicts = np.select(list(rules.values()), list(rules), INCONCLUSIVE).astype(object)
    verdicts[~known] = None
    return verdicts


def _summarize(key: tuple[Hashable, ...], rows: pd.DataFrame) -> dict[str, object]:
    """How far the genes with both fold changes agree; correlations from FEWEST_GENES on."""
    pairs = rows[rows["same_direction"].notna()]
    q, e = (pairs[f"{name}_log2_fold_change"].to_numpy(float) for name in ("qpcr", "expression"))
    agree = int((pairs["same_direction"] == "true").sum())
    few = len(pairs) < FEWEST_GENES
    ccc, lower, upper = (np.nan,) * 3 if few else lin_concordance(q, e)
    return {
        **dict(zip(("study", "expression_study", "contrast"), key, strict=True)),
        "targets": len(rows),
        "genes": len(pairs),
        "same_direction": agree,
        "same_direction_share": agree / len(pairs) if len(pairs) else np.nan,
        "pearson": np.nan if few else float(np.corrcoef(q, e)[0, 1]),
        "lin_ccc": ccc,
        "lin_ccc_lower": lower,
        "lin_ccc_upper": upper,
        **{name.replace(" ", "_"): int((rows["verdict"] == name).sum()) for name in VERDICTS},
    }


def lin_concordance(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Lin's concordance correlation of paired values and its 95 % interval (by Fisher's z; NaN if r is ±1).

    2 s_xy / (s_x² + s_y² + (mean x - mean y)²), divisor n: 1 only if all pairs are equal. (Lin 1989,
    Biometrics 45:255; variance as corrected in 2000, Biometrics 56:324)
    """
    n = len(x)
    shift = x.mean() - y.mean()
    s_xx, s_yy, s_xy = x.var(), y.var(), ((x - x.mean()) * (y - y.mean())).mean()
    ccc = 2 * s_xy / (s_xx + s_yy + shift**2)
    r = s_xy / np.sqrt(s_xx * s_yy)
    u2 = shift**2 / np.sqrt(s_xx * s_yy)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (1 - r**2) * ccc**2 / ((1 - ccc**2) * r**2)
        spread += 2 * ccc**3 * (1 - ccc) * u2 / (r * (1 - ccc**2) ** 2)
        spread -= ccc**4 * u2**2 / (2 * r**2 * (1 - ccc**2) ** 2)
        margin = scipy.special.ndtri(UPPER_TAIL) * np.sqrt(spread / (n - 2))
        z = np.arctanh(ccc)
    return float(ccc), float(np.tanh(z - margin)), float(np.tanh(z + margin))
