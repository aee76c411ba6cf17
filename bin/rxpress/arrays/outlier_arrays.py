"""Which arrays of a study stand out, by rules of the field. They are named with the reasons, not left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Affymetrix, GeneChip Expression Analysis: Data Analysis Fundamentals (2004): scale factors within three-fold
# of each other; 3'/5' signal of controls no more than 3. simpleaffy (Wilson and Miller 2005): percent present
# within 10 points.
SCALE_FACTOR_FOLD = 3.0
THREE_FIVE_RATIO = 3.0
PRESENT_POINTS = 10.0
# affyPLM practice (Brettschneider et al. 2008): median NUSE above 1.05.
NUSE_MEDIAN = 1.05
# arrayQualityMetrics (Kauffmann, Gentleman and Huber 2009): Hoeffding's D of the MA plot above 0.15, and
# values beyond 1.5 interquartile ranges of the arrays' box (Tukey) for spread and likeness.
MA_DEPENDENCE = 0.15
BOX_REACH = 1.5
# Ours. In a study whose arrays are all alike Tukey's rule finds outliers that do not matter; RLE should be
# centred on zero (affyPLM), and 0.2 is 15 % of every gene.
SPREAD_FOLD = 1.25
RLE_MEDIAN = 0.2
CORRELATION_DROP = 0.01


@dataclass(frozen=True)
class Rule:
    """Arrays of a study that break a rule: `broken` (arrays,) of bool, and what to say of a value."""

    column: str
    broken: np.ndarray
    reason: str


def flag_arrays(arrays: pd.DataFrame) -> pd.DataFrame:
    """`arrays` with `flagged` (true or false) and `reasons`, by those rules whose column is there."""
    rules = [rule for rule in _rules(arrays) if rule.broken.any()]
    reasons: list[str] = [
        "; ".join(rule.reason.format(arrays[rule.column].iloc[i]) for rule in rules if rule.broken[i])
        for i in range(len(arrays))
    ]
    flagged = np.where([bool(reason) for reason in reasons], "true", "false")
    return arrays.assign(flagged=flagged, reasons=pd.Series(reasons, arrays.index).replace("", None))


def _rules(arrays: pd.DataFrame) -> Iterator[Rule]:
    """The rules whose column is there; a missing value breaks none."""
    known = {str(name): arrays[name].to_numpy(float) for name in arrays.select_dtypes("number")}
    known = {name: values for name, values in known.items() if np.isfinite(values).any()}
    if "scale_factor" in known:
        values, middle = known["scale_factor"], np.nanmedian(known["scale_factor"])
        far = np.maximum(values / middle, middle / values) > SCALE_FACTOR_FOLD
        says = f"scale factor {{:.2g}} is over {SCALE_FACTOR_FOLD:g}-fold from the median, {middle:.2g}"
        yield Rule("scale_factor", far, says)
    if "percent_present" in known:
        values, middle = known["percent_present"], np.nanmedian(known["percent_present"])
        says = f"{{:.1f}} % present; the median is {middle:.1f} %"
        yield Rule("percent_present", np.abs(values - middle) > PRESENT_POINTS, says)
    for gene in ("actb", "gapdh"):
        name = f"{gene}_3_5_ratio"
        if name in known:
            says = f"3'/5' ratio of {gene.upper()} {{:.1f}} is above {THREE_FIVE_RATIO:g}"
            yield Rule(name, known[name] > THREE_FIVE_RATIO, says)
    yield from _rules_of_fit(known)


def _rules_of_fit(known: dict[str, np.ndarray]) -> Iterator[Rule]:
    """Rules on how an array's expression compares with that of the others."""
    if "nuse_median" in known:
        says = f"median NUSE {{:.3f}} is above {NUSE_MEDIAN:g}"
        yield Rule("nuse_median", known["nuse_median"] > NUSE_MEDIAN, says)
    if "rle_median" in known:
        says = "RLE is not centred on zero (median {:.2f}): the arrays seem not normalised together"
        yield Rule("rle_median", np.abs(known["rle_median"]) > RLE_MEDIAN, says)
    if "rle_iqr" in known:
        values = known["rle_iqr"]
        middle, limit = np.nanmedian(values), _upper_fence(values)
        wide = values > max(limit, SPREAD_FOLD * middle)
        yield Rule("rle_iqr", wide, f"RLE spreads wider (IQR {{:.2f}}) than in the others ({middle:.2f})")
    if "ma_dependence" in known:
        says = f"MA plot has a trend (Hoeffding's D {{:.2f}} is above {MA_DEPENDENCE:g})"
        yield Rule("ma_dependence", known["ma_dependence"] > MA_DEPENDENCE, says)
    if "mean_correlation" in known:
        values = known["mean_correlation"]
        middle, limit = np.nanmedian(values), -_upper_fence(-values)
        low = values < min(limit, middle - CORRELATION_DROP)
        says = f"correlates less with the others ({{:.3f}}) than they do ({middle:.3f})"
        yield Rule("mean_correlation", low, says)


def _upper_fence(values: np.ndarray) -> float:
    lower, upper = np.nanquantile(values, [0.25, 0.75])
    return float(upper + BOX_REACH * (upper - lower))
