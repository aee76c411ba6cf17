"""Figures of dose–response: curves by line, and IC50s from the lowest to the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from rxpress.report.figures import styled
from rxpress.report.palette import CATEGORIES, RESPONSES, UNCHANGED

REACHED, ABOVE, BELOW = "reached", "above", "below"
ABREAST = 4
PANEL = (1.7, 1.45)  # inches
ZERO = 0.4  # where dose 0 stands: this times the lowest dose
SHAPES = {"sensitive": "o", "resistant": "s", "": "D"}
TEXT_LINE = 7.2  # points
TALLEST = 1.25  # viabilities above it do not stretch the axis


@dataclass(frozen=True)
class Curve:
    """A curve of a panel.

    name : of the assay time, empty where there is one; points : (n, 2) dose in nM and viability; unused :
    (m, 2), points that were not fitted; course : (k, 4) dose, fitted value and its limits; ic50 : nM, NaN
    where it is not within the doses.
    """

    name: str
    points: np.ndarray
    unused: np.ndarray
    course: np.ndarray
    ic50: float


@dataclass(frozen=True)
class Panel:
    """Curves of a line. text : its IC50 in words; response : sensitive, resistant or ''."""

    line: str
    text: str
    response: str
    curves: Sequence[Curve]


@dataclass(frozen=True)
class Ic50:
    """An IC50 in a ranking, nM. state : REACHED, ABOVE or BELOW the doses `lowest` to `highest`, or ''.

    lower, upper : its interval, NaN or infinite where it has no end; text : the IC50 and its interval.
    """

    line: str
    group: str
    state: str
    value: float
    lower: float
    upper: float
    lowest: float
    highest: float
    response: str
    text: str


@styled
def draw_dose_curves(panels: Sequence[Panel], title: str) -> Figure:
    """A panel per line, with points, fitted curve and its 95 % band, and a mark at the IC50."""
    abreast = min(ABREAST, len(panels))
    down = -(-len(panels) // abreast)
    figure = Figure(figsize=(0.5 + PANEL[0] * abreast, 0.75 + PANEL[1] * down))
    every = figure.subplots(down, abreast, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, panel in zip(every, panels, strict=False):
        _draw_panel(axes, panel)
    for axes in every[len(panels) :]:
        axes.set_visible(False)
        every[len(panels) - 1].tick_params(labelbottom=True)
    for axes in every[max(0, len(panels) - abreast) : len(panels)]:
        axes.tick_params(labelbottom=True)
    points = np.concatenate([curve.points for panel in panels for curve in panel.curves])
    every[0].set_xscale("log")
    every[0].xaxis.set_major_formatter("{x:g}")
    every[0].set_ylim(
        min(-0.05, max(points[:, 1].min(), -0.4)), max(1.1, min(points[:, 1].max(), TALLEST)) + 0.05
    )
    figure.supxlabel("dose (nM)", fontsize=7.5)
    figure.supylabel("viability, fraction of the control", fontsize=7.5)
    figure.suptitle(title, fontsize=8, ha="left", x=0.02)
    times = list(dict.fromkeys(curve.name for panel in panels for curve in panel.curves))
    if len(times) > 1:
        handles = [Line2D([], [], color=_color(i), label=name) for i, name in enumerate(times)]
        figure.legend(handles=handles, loc="outside upper right", ncols=len(times))
    return figure


def _color(i: int) -> str:
    return CATEGORIES[i % len(CATEGORIES)]


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.axhline(0.5, color=UNCHANGED, linewidth=0.5, linestyle=(0, (4, 3)), zorder=0)
    for i, curve in enumerate(panel.curves):
        _draw_curve(axes, curve, _color(i), _color(i) if len(panel.curves) > 1 else "#333333")
    above = 3 + TEXT_LINE * (panel.text.count("\n") + 1)
    _write_above(axes, 0, 2, panel.text, fontsize=5.5, color="#444444")
    _write_above(axes, 0, above, panel.line, fontsize=7, fontweight="bold")
    if panel.response:
        badge = {"boxstyle": "round,pad=0.25", "facecolor": RESPONSES[panel.response], "linewidth": 0}
        _write_above(axes, 1, above + 1, panel.response, fontsize=5.5, ha="right", bbox=badge)


def _draw_curve(axes: Axes, curve: Curve, color: str, of_points: str) -> None:
    dose, fitted, lower, upper = curve.course.T
    if len(dose):
        axes.fill_between(dose, lower, upper, color=color, alpha=0.18, linewidth=0)
        axes.plot(dose, fitted, color=color, linewidth=1.2)
    for points, marker in ((curve.points, "o"), (curve.unused, "x")):
        x, y = _placed(points, curve)
        axes.plot(
            x, np.minimum(y, TALLEST), marker, color=of_points, markersize=2.2, alpha=0.7, markeredgewidth=0.5
        )
    if np.isfinite(curve.ic50):
        axes.plot([curve.ic50] * 2, [-1, 0.5], color=color, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.plot(
            *(curve.ic50, 0.5), marker="D", color=color, markersize=3.5, markeredgecolor="white",
            markeredgewidth=0.5,
        )  # fmt: skip


def _write_above(axes: Axes, x: float, points: float, text: str, **look: Any) -> None:
    """Text so many points above the axes, at `x` of their width."""
    place: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axes.annotate(text, (x, 1), xytext=(0, points), **place, **look)


def _placed(points: np.ndarray, curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Points on a logarithmic axis: those of dose 0 stand left of the lowest dose."""
    dose, value = points.T
    doses = curve.points[:, 0]
    lowest = doses[doses > 0].min(initial=np.inf)
    return np.where(dose > 0, dose, ZERO * lowest), value


@styled
def draw_ic50(rows: Sequence[Ic50], title: str, threshold: float | None = None) -> Figure:
    """IC50s with 95 % intervals on a logarithmic axis, groups one below the other; an arrow goes on.

    A pale bar spans the doses of each line; threshold : nM, drawn as a line.
    """
    groups = {name: list(own) for name, own in groupby(rows, key=lambda row: row.group)}
    headed = groups if len(groups) > 1 else {}
    figure = Figure(figsize=(6.4, 0.19 * (len(rows) + 1.6 * len(headed)) + 0.95))
    axes = figure.subplots()
    axes.set_xscale("log")
    left, right = _ends(rows)
    beside: Any = {"transform": axes.get_yaxis_transform(), "va": "center"}
    ticks, y = {}, 0.0
    for name, own in groups.items():
        if name in headed:
            axes.text(-0.01, y, name, fontsize=6.5, fontweight="bold", ha="right", **beside)
            y += 1
        for row in own:
            _draw_row(axes, row, y, (left, right))
            axes.text(1.02, y, row.text, fontsize=6, **beside)
            ticks[y] = row.line
            y += 1
        y += 0.6
    if threshold:
        axes.axvline(threshold, color="#444444", linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set(xlim=(left, right), ylim=(y - 0.8, -0.8), xlabel="IC50 (nM), 95 % interval")
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_minor_locator(LogLocator(subs=(2, 3, 4, 5, 6, 7, 8, 9)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_title(title, loc="left")
    figure.legend(handles=_responses(rows), loc="outside lower center", ncols=4)
    return figure


def _ends(rows: Sequence[Ic50]) -> tuple[float, float]:
    """Where the axis begins and ends, nM: beyond all doses, and beyond intervals that end near them."""
    low, high = min(row.lowest for row in rows), max(row.highest for row in rows)
    limits = [end for row in rows for end in (row.lower, row.upper) if low / 30 < end < high * 30]
    return min([low, *limits]) / 1.6, max([high, *limits]) * 2.2


def _draw_row(axes: Axes, row: Ic50, y: float, limits: tuple[float, float]) -> None:
    color = RESPONSES[row.response]
    axes.plot(
        [row.lowest, row.highest], [y, y], color="#EFEFEF", linewidth=6, solid_capstyle="butt", zorder=0
    )
    if not row.state:
        return
    lower = row.lower if np.isfinite(row.lower) else row.highest if row.state == ABOVE else limits[0]
    upper = row.upper if np.isfinite(row.upper) else row.lowest if row.state == BELOW else limits[1]
    axes.plot([max(lower, limits[0]), min(upper, limits[1])], [y, y], color=color, linewidth=1.3)
    if upper >= limits[1]:
        axes.plot(limits[1] / 1.06, y, marker=">", color=color, markersize=4)
    if lower <= limits[0]:
        axes.plot(limits[0] * 1.06, y, marker="<", color=color, markersize=4)
    if row.state in (ABOVE, BELOW):
        ends = [row.highest, lower] if row.state == ABOVE else [upper, row.lowest]
        axes.plot(ends, [y, y], color=color, linewidth=0.8, linestyle=(0, (1, 1)))
    value = {ABOVE: row.highest, BELOW: row.lowest}.get(row.state, row.value)
    fill = "full" if row.state == REACHED else "none"
    axes.plot(
        value,
        y,
        SHAPES[row.response],
        color=color,
        markersize=4.5,
        fillstyle=fill,
        markerfacecoloralt="white",
    )


def _responses(rows: Sequence[Ic50]) -> list[Line2D]:
    found = {row.response for row in rows}
    names = {"sensitive": "sensitive", "resistant": "resistant", "": "no label by IC50"}
    handles = [
        Line2D([], [], linestyle="", marker=SHAPES[key], color=RESPONSES[key], markersize=4.5, label=name)
        for key, name in names.items()
        if key in found
    ]
    if any(row.state in (ABOVE, BELOW) for row in rows):
        label = "hollow: beyond the doses"
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker="o",
                fillstyle="none",
                color="#444444",
                markersize=4.5,
                label=label,
            )
        )
    return handles
