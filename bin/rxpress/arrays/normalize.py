"""From the CEL files of a study to log2 expression of probesets, detection calls and the quality of arrays.

The files are read one after another, and only what the chip's probes saw is kept. Masked and outlying cells
count as they were measured, as by Bioconductor's `justRMA`; how many there are is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.arrays.cdf import Cdf, OnChip, check_chip, find_cdf, read_cdf, read_probe_table
from rxpress.arrays.cel import Cel, read_cel, scan_date
from rxpress.arrays.contents import broken
from rxpress.arrays.mas5 import Mas5, mas5
from rxpress.arrays.plm import sample_probesets, standard_errors
from rxpress.arrays.quality import Quality, assess_arrays, three_five_ratios, with_columns
from rxpress.arrays.rma import estimate_background, expected_signal, median_polish, normalize_quantiles
from rxpress.errors import InputError, Problem, Problems
from rxpress.tables import GeneMatrix

RMA, MAS5 = "rma", "mas5"


@dataclass(frozen=True)
class Arrays:
    """The arrays of a study as scanned.

    pm, mm : (probes, arrays) intensities of the probe pairs of `cdf`, float32, mm None when not every probe
    has a mismatch; about : a row per array, `sample file chip scan_date masked_cells outlier_cells`; paths :
    the files.
    """

    cdf: Cdf
    pm: np.ndarray
    mm: np.ndarray | None
    about: pd.DataFrame
    paths: Sequence[Path]

    @property
    def probeset(self) -> np.ndarray:
        """(probes,) index of each probe's probeset."""
        return np.repeat(np.arange(len(self.cdf.names)), np.diff(self.cdf.offsets))


@dataclass(frozen=True)
class NormalizedStudy:
    """probesets : log2 expression; calls : (probesets, arrays) P, M or A, None without mismatches."""

    probesets: GeneMatrix
    calls: np.ndarray | None
    quality: Quality
    facts: dict[str, Any]


def normalize_study(
    cels: Sequence[Path], samples: Sequence[str], cdf: Path | None, probes: Path | None, method: str = RMA
) -> NormalizedStudy:
    """Read the CEL files of a study, one per sample, and summarise them by RMA or MAS5.

    cdf : a CDF file or a folder of them; probes : a table of probes instead. MAS5 runs for RMA too when the
    chip has mismatches, for the calls and what they say of the arrays. InputError with all that is wrong.
    """
    arrays = read_arrays(cels, samples, cdf, probes)
    signals, reason = _mas5(arrays)
    if method == MAS5 and signals is None:
        raise broken(arrays.cdf.path, f"is not for MAS5: {reason}", "normalise by --array_method rma")
    if method == MAS5 and signals is not None:
        values, after, errors = np.log2(signals.signal), signals.signal, None
    else:
        after = normalize_quantiles(correct_backgrounds(arrays), overwrite=True)
        values, errors = median_polish(after, arrays.probeset), _standard_errors(after, arrays.probeset)
    names = np.array(arrays.cdf.names)
    expression = GeneMatrix(names, names, list(samples), values)
    quality = with_columns(assess_arrays(expression, arrays.pm, after, errors), arrays.about)
    facts = _facts(arrays, method, reason)
    if signals is None:
        return NormalizedStudy(expression, None, quality, facts)
    return NormalizedStudy(expression, signals.call, _with_signals(quality, signals, names, samples), facts)


def read_arrays(
    cels: Sequence[Path], samples: Sequence[str], cdf: Path | None, probes: Path | None
) -> Arrays:
    """Read CEL files, one per sample, all of one chip. InputError that names every file with a problem."""
    problems = Problems()
    first: OnChip | None = None
    layout: Cdf | None = None
    about = []
    for i, (path, sample) in enumerate(zip(cels, samples, strict=True)):
        try:
            cel = read_cel(path)
            if first is None:
                first = cel
                first = layout = _layout(cel, cdf, probes)
                pm = np.empty((len(layout.pm), len(cels)), np.float32, order="F")
                mm = np.empty_like(pm) if (layout.mm >= 0).all() else None
            check_chip(cel, first)
        except InputError as error:
            problems.take(error)
            continue
        if layout is not None:
            pm[:, i] = cel.intensities[layout.pm]
            if mm is not None:
                mm[:, i] = cel.intensities[layout.mm]
            about.append(_about(cel, sample))
    problems.stop_if_any()
    if layout is None:
        raise InputError(Problem("there are no CEL files", "name them by --cel"))
    about_arrays = pd.DataFrame(about).dropna(axis=1, how="all")
    return Arrays(layout, pm, mm, about_arrays, list(cels))


def _layout(cel: Cel, cdf: Path | None, probes: Path | None) -> Cdf:
    """The probesets of the chip that an array is of."""
    if probes is not None:
        return read_probe_table(probes, cel.chip, cel.rows, cel.columns)
    if cdf is None:
        what = f"its chip '{cel.chip}' cannot be read without the chip's probesets"
        raise broken(cel.path, what, "give --cdf or --probes")
    return read_cdf(find_cdf(cdf, cel.chip))


def _about(cel: Cel, sample: str) -> dict[str, object]:
    facts: dict[str, object] = {"sample": sample, "file": cel.path.name, "chip": cel.chip}
    marked = {"masked_cells": len(cel.masks), "outlier_cells": len(cel.outliers)}
    return facts | {"scan_date": scan_date(cel.header)} | marked


def correct_backgrounds(arrays: Arrays) -> np.ndarray:
    """RMA's expected signal, (probes, arrays), of each array. InputError for those without a background."""
    corrected = np.empty(arrays.pm.shape, order="F")
    problems = Problems()
    for i, path in enumerate(arrays.paths):
        intensity = arrays.pm[:, i].astype(float)
        try:
            corrected[:, i] = expected_signal(intensity, estimate_background(intensity))
        except ValueError as error:
            problems.add(str(error), "leave the array out", str(path))
    problems.stop_if_any()
    return corrected


def _mas5(arrays: Arrays) -> tuple[Mas5 | None, str]:
    """MAS5 of all arrays; or None, and why the chip does not allow it."""
    if arrays.mm is None:
        return None, "the chip has probes without mismatches"
    cdf = arrays.cdf
    chip = (cdf.columns, cdf.rows)
    try:
        return mas5(arrays.pm, arrays.mm, arrays.probeset, cdf.pm, cdf.mm, chip), ""
    except ValueError as error:
        return None, str(error)


def _standard_errors(normalized: np.ndarray, probeset: np.ndarray) -> np.ndarray:
    rows, of_rows = sample_probesets(probeset)
    return standard_errors(np.log2(normalized[rows]), of_rows)


def _with_signals(quality: Quality, signals: Mas5, probesets: np.ndarray, samples: Sequence[str]) -> Quality:
    """The same with what MAS5 says of each array."""
    told = {
        "sample": samples,
        "scale_factor": signals.scale_factor,
        "percent_present": 100 * (signals.call == "P").mean(axis=0),
        "mean_background": signals.background,
    }
    signal = GeneMatrix(probesets, probesets, list(samples), np.log2(signals.signal))
    return with_columns(with_columns(quality, pd.DataFrame(told)), three_five_ratios(signal))


def _facts(arrays: Arrays, method: str, no_calls: str) -> dict[str, Any]:
    cdf, about = arrays.cdf, arrays.about
    notes = [f"There are no detection calls: {no_calls}."] if no_calls else []
    for kind in ("masked", "outlier"):
        if marked := int(about[f"{kind}_cells"].sum()):
            notes.append(f"The scanner's software marked {marked:,} cells as {kind}; they count as measured.")
    counts = {"probesets": len(cdf.names), "probes": len(cdf.pm), "arrays": len(about)}
    facts = {"source": "cel", "chip": str(about["chip"].iloc[0]), "cdf": cdf.path.name, "method": method}
    return facts | counts | {"notes": notes}
