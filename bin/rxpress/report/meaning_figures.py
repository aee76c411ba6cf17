"""Figures of what the response means: tables of coloured words, forests of effects, running sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from rxpress.report.figures import placed_figure, styled
from rxpress.report.labels import shorten
from rxpress.report.matrix import Row
from rxpress.report.palette import CATEGORIES, UNCHANGED

PANELS_ABREAST = 3
LETTER, LINE, CELL = 0.058, 0.14, 0.95  # inches: width of a letter, height of a line, width of a cell
GROUP_ROOM = 1.2  # lines that the name of a group takes


@dataclass(frozen=True)
class Forest:
    """Effects of genes in studies, log2 fold changes with intervals.

    genes : their names; studies : theirs; estimate, lower, upper : (genes, studies), NaN where a study has
    none; together : (genes, 3) estimate, lower and upper end of all studies together.
    """

    genes: Sequence[str]
    studies: Sequence[str]
    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    together: np.ndarray


@styled
def draw_words(columns: Sequence[str], rows: Sequence[Row]) -> Figure:
    """A matrix of words on colours, as in the report; groups are set apart by their names."""
    groups = [row.group != before for row, before in zip(rows, ["", *(r.group for r in rows)], strict=False)]
    at = np.arange(len(rows)) + np.cumsum(groups) * 1.2
    short, shared = shorten(columns)
    names = [fill(name, 18) for name in short]
    groups = [row.group != before for row, before in zip(rows, ["", *(r.group for r in rows)], strict=False)]
    at = np.arange(len(rows)) + np.cumsum(groups) * GROUP_ROOM
    left = 0.2 + LETTER * max((len(row.name) for row in rows), default=0)
    above = 0.15 + LINE * (max(name.count("\n") + 1 for name in names) + 1.5 * bool(shared))
    width, height = CELL * len(columns), LINE * (at.max(initial=0) + 1.2)
    figure, axes = _placed(left, above, width, height)
    boxes = []
    for y, row, starts in zip(at.tolist(), rows, groups, strict=True):
        if starts:
            axes.text(-0.55, y - 1, row.group, fontweight="bold", fontsize=6, va="center", ha="left")
        for x, cell in enumerate(row.cells):
            corners = [(x - 0.48, y - 0.44), (x + 0.48, y - 0.44), (x + 0.48, y + 0.44), (x - 0.48, y + 0.44)]
            boxes.append((corners, cell.color))
            weight = "bold" if cell.bold else "normal"
            axes.text(x, y, cell.text, ha="center", va="center", fontsize=5.5, fontweight=weight)
    axes.add_collection(PolyCollection([box for box, _ in boxes], facecolors=[color for _, color in boxes]))
    axes.set(xlim=(-0.55, len(columns) - 0.45), ylim=(at.max(initial=0) + 0.6, -0.6))
    axes.set_xticks(range(len(columns)), names, fontsize=6)
    axes.xaxis.tick_top()
    axes.set_yticks(at, [row.name for row in rows], fontsize=6)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if shared:
        figure.suptitle(
            shared, fontsize=7, x=0.05 / (left + width), y=1 - 0.05 / (above + height), ha="left", va="top"
        )
    return figure


def _placed(left: float, above: float, width: float, height: float) -> tuple[Figure, Axes]:
    """Axes of a size in inches with room beside them."""
    size = (left + width + 0.05, above + height + 0.05)
    figure = placed_figure(size)
    return figure, figure.add_axes((left / size[0], 0.05 / size[1], width / size[0], height / size[1]))


@styled
def draw_forest(forest: Forest, title: str) -> Figure:
    """A panel per gene: a line per study, all studies together (a diamond) below."""
    abreast = min(PANELS_ABREAST, len(forest.genes))
    down = -(-len(forest.genes) // abreast)
    lines = len(forest.studies) + 1
    left, height = 0.25 + LETTER * max(map(len, (*forest.studies, "together"))), 0.16 * lines
    size = (left + 1.75 * abreast, 0.3 + down * (height + 0.32) + 0.35)
    room = {
        "left": left / size[0],
        "right": 1 - 0.1 / size[0],
        "top": 1 - 0.5 / size[1],
        "bottom": 0.5 / size[1],
    }
    figure = placed_figure(size)
    panels = figure.subplots(
        *(down, abreast), sharex=True, sharey=True, squeeze=False,
        gridspec_kw={**room, "wspace": 0.12, "hspace": 0.32 / height},
    ).ravel()  # fmt: skip
    at = np.arange(lines)
    for i, axes in enumerate(panels):
        if i >= len(forest.genes):
            axes.set_visible(False)
            continue
        axes.axvline(0, color=UNCHANGED, linewidth=0.6, zorder=0)
        for k in range(lines - 1):
            axes.plot([forest.lower[i, k], forest.upper[i, k]], [k, k], color="#444444", linewidth=0.9)
            axes.plot(forest.estimate[i, k], k, "s", color=CATEGORIES[k % len(CATEGORIES)], markersize=3.5)
        middle, low, high = forest.together[i]
        axes.fill(
            [low, middle, high, middle], [lines - 1, lines - 1.3, lines - 1, lines - 0.7], color="#000000"
        )
        axes.set_title(forest.genes[i], loc="left", fontsize=7, fontweight="bold", pad=2)
        axes.set_yticks(at, [*forest.studies, "together"])
        axes.tick_params(axis="y", length=0)
    panels[0].set_ylim(lines - 0.4, -0.6)
    figure.supxlabel("log2 fold change, 95 % interval", fontsize=7, y=0.08 / size[1])
    figure.suptitle(fill(title, 90), fontsize=8, x=0.08 / size[0], y=1 - 0.05 / size[1], ha="left", va="top")
    return figure


@styled
def draw_curves(curves: Mapping[str, np.ndarray], title: str) -> Figure:
    """Running sums of gene sets along the ranking: {set: (points, 2) of position and sum}."""
    figure = Figure(figsize=(4.2, 2.8))
    axes = figure.subplots()
    for (name, points), color in zip(curves.items(), CATEGORIES, strict=False):
        axes.plot(*points.T, color=color, linewidth=1.2, label=name)
    axes.axhline(0, color=UNCHANGED, linewidth=0.6, zorder=0)
    axes.set(xlabel="genes, from the most raised to the most lowered", ylabel="running sum")
    axes.set_title(fill(title, 56), loc="left")
    figure.legend(loc="outside lower center", ncols=1)
    return figure
