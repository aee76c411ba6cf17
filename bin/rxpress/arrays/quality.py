"""Quality of the arrays of a study: how each compares with the others, and which stand out.

Measures as in Bioconductor's affyPLM (RLE, NUSE: Brettschneider et al., Technometrics 2008),
arrayQualityMetrics (densities, MA plots against the median array, likeness: Kauffmann, Gentleman and Huber,
Bioinformatics 2009) and simpleaffy (Affymetrix's own: Wilson and Miller, Bioinformatics 2005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rxpress.arrays.outlier_arrays import flag_arrays
from rxpress.arrays.probesets import median
from rxpress.arrays.rma import bandwidth_nrd0
from rxpress.tables import GeneMatrix

GRID = 128
BINS = 1024
DENSITY_PROBES = 2**17
HOEFFDING_POINTS = 1000
MA_POINTS = 1500
MA_EXTREMES = 300
COLUMNS = (
    *("sample", "file", "chip", "scan_date", "scale_factor", "percent_present", "mean_background"),
    *("rle_median", "rle_iqr", "nuse_median", "nuse_iqr", "ma_dependence", "actb_3_5_ratio"),
    *("gapdh_3_5_ratio", "masked_cells", "outlier_cells", "mean_correlation"),
)
BOX = ("minimum", "lower_whisker", "lower_quartile", "median", "upper_quartile", "upper_whisker", "maximum")
# Signal at both ends of the transcript, on human, mouse and rat chips.
CONTROLS = {
    "actb": ("AFFX-HSAC07/X00351", "AFFX-b-ActinMur/M12481", "AFFX_Rat_beta-actin"),
    "gapdh": ("AFFX-HUMGAPDH/M33197", "AFFX-GapdhMur/M32599", "AFFX_Rat_GAPDH"),
}


@dataclass(frozen=True)
class Quality:
    """What is known of the arrays of a study; `arrays` has a row per array, in the order of the samples."""

    arrays: pd.DataFrame
    densities: pd.DataFrame
    distributions: pd.DataFrame
    ma: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The files of `arrays/<study>/`, arrays that stand out flagged by all columns there are now."""
        known = [name for name in COLUMNS if name in self.arrays]
        others = [name for name in self.arrays if name not in COLUMNS]
        return {
            "quality.tsv": flag_arrays(self.arrays[[*known, *others]]),
            "densities.tsv": self.densities,
            "distributions.tsv": self.distributions,
            "ma.tsv": self.ma,
        }


def assess_arrays(
    expression: GeneMatrix,
    before: np.ndarray | None,
    after: np.ndarray | None,
    standard_errors: np.ndarray | None,
) -> Quality:
    """Compare each array with the others.

    expression : log2, probesets × arrays; before, after : (probes, arrays) intensities of perfect matches on
    the natural scale, raw and normalised, None for a matrix that came without (`before` alone: the values as
    they were given, which were transformed); standard_errors : (n, arrays) of plm.py, None where there are no
    probes. Probesets with a missing value are left out of every measure.
    """
    whole = np.isfinite(expression.values).all(axis=1)
    values, ids, samples = expression.values[whole], expression.gene_ids[whole], expression.samples
    middle = median(values, axis=1)
    deviation = values - middle
    boxes = {"rle": box_statistics(deviation)}
    if standard_errors is not None:
        boxes["nuse"] = box_statistics(normalized_errors(standard_errors))
    measures = {
        "ma_dependence": _dependences(middle[:, 0], deviation),
        "mean_correlation": mean_correlation(values),
    }
    for measure, box in boxes.items():
        measures[f"{measure}_median"] = box[BOX.index("median")]
        measures[f"{measure}_iqr"] = box[BOX.index("upper_quartile")] - box[BOX.index("lower_quartile")]
    return Quality(
        arrays=pd.DataFrame({"sample": samples, **measures}).dropna(axis="columns", how="all"),
        densities=_densities(samples, _stages(expression.values, before, after)),
        distributions=_distributions(samples, boxes),
        ma=_ma_points(samples, ids, middle[:, 0], deviation),
    )


def with_columns(quality: Quality, frame: pd.DataFrame) -> Quality:
    """The same with more columns on its arrays; frame : `sample` and the columns, a row per array."""
    joined = quality.arrays.merge(frame, on="sample", how="left", validate="one_to_one")
    return replace(quality, arrays=joined)


def three_five_ratios(expression: GeneMatrix) -> pd.DataFrame:
    """`sample actb_3_5_ratio gapdh_3_5_ratio`: signal at the 3' end of a control transcript over the 5' end.

    expression : log2 signals of probesets, best those of MAS5, for which the limit was set. A ratio without
    control probesets on the chip is left out. Degraded RNA loses its 5' end first.
    """
    row = {str(id): i for i, id in enumerate(expression.gene_ids)}
    columns: dict[str, object] = {"sample": expression.samples}
    for gene, controls in CONTROLS.items():
        ends = [(row.get(f"{control}_3_at"), row.get(f"{control}_5_at")) for control in controls]
        three, five = next(((t, f) for t, f in ends if t is not None and f is not None), (None, None))
        if three is not None:
            columns[f"{gene}_3_5_ratio"] = 2.0 ** (expression.values[three] - expression.values[five])
    return pd.DataFrame(columns)


def normalized_errors(standard_errors: np.ndarray) -> np.ndarray:
    """NUSE, (m, arrays): standard errors over their median across arrays; probesets without any left out."""
    known = np.isfinite(standard_errors).all(axis=1)
    errors = standard_errors[known]
    middle = median(errors, axis=1)
    result: np.ndarray = (errors / np.where(middle > 0, middle, np.nan))[middle[:, 0] > 0]
    return result


def box_statistics(values: np.ndarray) -> np.ndarray:
    """(7, arrays) of BOX: whiskers end at the last value within 1.5 interquartile ranges of the box (Tukey).

    values : (n, arrays).
    """
    if not len(values):
        return np.full((len(BOX), values.shape[1]), np.nan)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    reach = 1.5 * (high - low)
    within = (values >= low - reach) & (values <= high + reach)
    lower = np.where(within, values, np.inf).min(axis=0)
    upper = np.where(within, values, -np.inf).max(axis=0)
    return np.stack([values.min(axis=0), lower, low, middle, high, upper, values.max(axis=0)])


def mean_correlation(values: np.ndarray) -> np.ndarray:
    """Mean Pearson correlation of each array with the others, NaN if there is none; values : (n, arrays)."""
    if min(values.shape) < 2:
        return np.full(values.shape[1], np.nan)
    centred = values - values.mean(axis=0)
    centred /= np.maximum(np.sqrt((centred**2).sum(axis=0)), np.finfo(float).tiny)
    result: np.ndarray = (centred.T @ centred.sum(axis=1) - (centred**2).sum(axis=0)) / (values.shape[1] - 1)
    return result


def hoeffding_d(x: np.ndarray, y: np.ndarray) -> float:
    """Hoeffding's D, times 30 as in Hmisc: 1 for dependence without noise, about 0 for none.

    x, y : (n,), n >= 5, every pair compared. Hoeffding, Annals of Mathematical Statistics 1948; ties count
    half as in Hollander and Wolfe, Nonparametric Statistical Methods, section 8.6.
    """
    n = len(x)
    below_x, below_y = ((np.sign(values[:, None] - values) + 1) / 2 for values in (x, y))
    r, s = below_x.sum(axis=1) - 0.5, below_y.sum(axis=1) - 0.5
    q = (below_x * below_y).sum(axis=1) - 0.25
    d1, d2, d3 = (q * (q - 1)).sum(), (r * (r - 1) * s * (s - 1)).sum(), ((r - 1) * (s - 1) * q).sum()
    return float(30 * ((n - 2) * (n - 3) * d1 + d2 - 2 * (n - 2) * d3) / np.prod(n - np.arange(5.0)))


def kernel_density(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Gaussian kernel density at `grid`, evenly spaced, of the finite values; bandwidth nrd0 as in R.

    values : (n,); values beyond the grid count at its ends. They are binned finely first.
    """
    values = np.sort(values[np.isfinite(values)])
    if not len(values):
        return np.zeros(len(grid))
    bandwidth = bandwidth_nrd0(values)
    counts, edges = np.histogram(np.clip(values, grid[0], grid[-1]), BINS, (grid[0], grid[-1]))
    distance = (grid[:, None] - (edges[1:] + edges[:-1]) / 2) / bandwidth
    density: np.ndarray = np.exp(-(distance**2) / 2) @ counts / (len(values) * bandwidth * np.sqrt(2 * np.pi))
    return density


def _dependences(middle: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Hoeffding's D of M and A, (arrays,), of evenly spaced probesets; middle : (probesets,) median array."""
    rows = np.unique(np.linspace(0, len(middle) - 1, min(len(middle), HOEFFDING_POINTS)).round().astype(int))
    if len(rows) < 5:
        return np.full(deviation.shape[1], np.nan)
    return np.array([hoeffding_d(middle[rows] + m / 2, m) for m in deviation[rows].T])


def _stages(
    expression: np.ndarray, before: np.ndarray | None, after: np.ndarray | None
) -> Mapping[str, tuple[np.ndarray, bool]]:
    """{stage: values and whether they are logarithms already}."""
    if before is None:
        return {"given": (expression, True)}
    if after is None:
        return {"given": (before, False), "after": (expression, True)}
    return {"before": (before, False), "after": (after, False)}


def _densities(samples: list[str], stages: Mapping[str, tuple[np.ndarray, bool]]) -> pd.DataFrame:
    """`sample stage log2_intensity density` at GRID points that the arrays of a stage share."""
    frames = []
    for stage, (values, logarithms) in stages.items():
        step = -(-len(values) // DENSITY_PROBES)
        columns = [column if logarithms else _log2(column) for column in values[::step].T]
        together = np.concatenate([column[np.isfinite(column)] for column in columns])
        grid = np.linspace(together.min(), together.max(), GRID) if len(together) else np.arange(GRID)
        frames += [
            pd.DataFrame(
                {
                    "sample": sample,
                    "stage": stage,
                    "log2_intensity": grid.round(4),
                    "density": kernel_density(column, grid).round(6),
                }
            )
            for sample, column in zip(samples, columns, strict=True)
        ]
    return pd.concat(frames, ignore_index=True)


def _log2(values: np.ndarray) -> np.ndarray:
    """Logarithms, NaN for values that have none."""
    return np.log2(np.where(values > 0, values, np.nan))


def _distributions(samples: list[str], boxes: Mapping[str, np.ndarray]) -> pd.DataFrame:
    frames = [
        pd.DataFrame({"sample": samples, "measure": measure, **dict(zip(BOX, box, strict=True))})
        for measure, box in boxes.items()
    ]
    return pd.concat(frames, ignore_index=True).dropna(subset=["median"])


def _ma_points(
    samples: list[str], ids: np.ndarray, middle: np.ndarray, deviation: np.ndarray
) -> pd.DataFrame:
    """`sample gene_id a m` of at most MA_POINTS probesets per array: the farthest out, the others thinned."""
    frames = []
    for sample, m in zip(samples, deviation.T, strict=True):
        a = middle + m / 2
        rows = _thinned(a, m)
        frames.append(
            pd.DataFrame(
                {"sample": sample, "gene_id": ids[rows], "a": a[rows].round(4), "m": m[rows].round(4)}
            )
        )
    return pd.concat(frames, ignore_index=True)


def _thinned(a: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Rows to draw: MA_EXTREMES of largest |m|, and the others evenly spaced in the order of `a`."""
    if len(a) <= MA_POINTS:
        return np.arange(len(a))
    outward = np.argsort(-np.abs(m), kind="stable")
    others = outward[MA_EXTREMES:]
    others = others[np.argsort(a[others], kind="stable")]
    spaced = np.linspace(0, len(others) - 1, MA_POINTS - MA_EXTREMES).round().astype(int)
    return np.sort(np.concatenate([outward[:MA_EXTREMES], others[spaced]]))
