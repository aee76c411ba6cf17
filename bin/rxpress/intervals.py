"""95 % intervals of the log2 fold changes of a gene table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy

if TYPE_CHECKING:
    import pandas as pd

UPPER_TAIL = 0.975  # what lies below the upper end of a 95 % interval
NORMAL_QUANTILE = 1.959964
TELLING = (0.5, 8.0)  # statistics whose p-value tells its degrees of freedom well


def interval_quantile(table: pd.DataFrame) -> float:
    """q: how many standard errors a 95 % interval reaches to either side of an estimate of this gene table.

    It is the quantile of the t distribution (or the normal: 1.96) by which the p-values of most genes follow
    from estimate and error.
    """
    columns = (table[name].to_numpy(float) for name in ("log2_fold_change", "lfc_se", "p_value"))
    estimate, error, p_value = columns
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.abs(estimate / error)
    telling = (size > TELLING[0]) & (size < TELLING[1]) & (p_value > 0)
    if not telling.any():
        return NORMAL_QUANTILE
    df = np.median(scipy.special.stdtridf(p_value[telling] / 2, -size[telling]))
    return float(scipy.special.stdtrit(df, UPPER_TAIL)) if np.isfinite(df) else NORMAL_QUANTILE


def interval(
    estimate: np.ndarray, error: np.ndarray, quantile: float = NORMAL_QUANTILE
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the 95 % interval, log2: estimate ± quantile · error."""
    return estimate - quantile * error, estimate + quantile * error
