"""From wells to points of curves: signals relative to the vehicle of their plate, vehicle wells as dose 0."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rxpress.dose_response.wells import Assay, PlateLine, Scale, Well
from rxpress.errors import Problems

KEY = ["study", "cell_line", "treatment", "time_h"]
COLUMNS = [*KEY, "dose_nM", "viability", "plate", "replicate", "well_type", "signal", "excluded", "reason"]
NOT_USED = {
    "blank": "blank: background of its plate",
    "vehicle": "vehicle: what viability is relative to",
    "time_zero": "time zero: growth rates are not computed",
}


def curve_points(assay: Assay) -> pd.DataFrame:
    """A row per point of a curve: COLUMNS and its `line`; what is not used is `excluded` with a `reason`.

    Signals become (signal - background) / (untreated - background). Of viabilities the vehicle's wells are
    points of dose 0 in every curve of their line and time.
    """
    drugs: dict[tuple[str, str | None, float | None], dict[str, None]] = defaultdict(dict)
    for well in assay.wells:
        if well.well_type == "sample" and well.treatment:
            drugs[well.study, well.cell_line, well.time].setdefault(well.treatment)
    rows: list[tuple[object, ...]] = []
    for well in assay.wells:
        treatments: list[str | None] = [well.treatment]
        if well.well_type == "vehicle" and assay.measure == "viability":
            treatments = [*drugs[well.study, well.cell_line, well.time]] or treatments
        rows += [_point(well, treatment, assay) for treatment in treatments]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "line"])
    frame = frame.astype(dict.fromkeys(("time_h", "dose_nM", "viability", "signal"), float))
    dosed = (frame["dose_nM"] > 0) & ~frame["excluded"]
    dosed = dosed.groupby([frame[name] for name in KEY], dropna=False).transform("any")
    frame.loc[~dosed & ~frame["excluded"], "reason"] = "no dose above zero in its curve"
    return frame.assign(excluded=frame["reason"].notna())


def _point(well: Well, treatment: str | None, assay: Assay) -> tuple[object, ...]:
    """A row of COLUMNS and the line."""
    of_signal, scale = assay.measure == "signal", assay.scales.get(well.plate_line)
    value, signal, reason = well.value, None, None
    if of_signal:
        signal, value = well.value, None
        if scale and signal is not None:
            value = (signal - scale.background) / (scale.untreated - scale.background)
    if well.value is None:
        reason = "no value"
    elif well.well_type == "vehicle" and not of_signal:
        reason = None if treatment else "vehicle: no drug was tested on this line at this time"
    else:
        reason = NOT_USED.get(well.well_type)
    dose = 0.0 if well.well_type == "vehicle" else well.dose
    where = (well.study, well.cell_line, treatment, well.time, dose, value, well.plate, well.replicate)
    return (*where, well.well_type, signal, reason is not None, reason, well.line)


def plate_scales(wells: Sequence[Well], file: str, problems: Problems) -> Mapping[PlateLine, Scale]:
    """Scale of the sample wells by plate and line; vehicle wells without a time serve all times of a plate.

    A plate without vehicle wells of a line is a problem, one without blanks a warning.
    """
    signals: dict[tuple[object, ...], list[float]] = defaultdict(list)
    first: dict[PlateLine, Well] = {}
    for well in wells:
        if well.well_type == "sample":
            first.setdefault(well.plate_line, well)
        elif well.value is not None and well.well_type == "vehicle":
            signals[well.plate_line].append(well.value)
        elif well.value is not None and well.well_type == "blank":
            signals[well.study, well.plate].append(well.value)
    scales: dict[PlateLine, Scale] = {}
    for (study, plate, line, time), well in first.items():
        vehicles = signals.get((study, plate, line, time)) or signals.get((study, plate, line, None))
        blanks = signals.get((study, plate))
        name = f"plate '{plate}'" if plate else f"study '{study}', which names no plates,"
        if not blanks:
            what = f"{name} has no blank wells: its background is taken as 0"
            problems.warn(what, "", file, well.line, "well_type")
        background = float(np.mean(blanks)) if blanks else 0.0
        if not vehicles:
            hours = "" if time is None else f" at {time:g} h"
            fix = "add them with well_type vehicle: signals are relative to them"
            problems.add(f"{name} has no vehicle wells of '{line}'{hours}", fix, file, well.line, "well_type")
        elif np.mean(vehicles) <= background:
            what = f"on {name} vehicle wells of '{line}' are no brighter ({np.mean(vehicles):g}) than blanks"
            problems.add(f"{what} ({background:g})", "look which wells are which", file, well.line, "signal")
        else:
            scales[study, plate, line, time] = Scale(background, float(np.mean(vehicles)))
    return scales
