"""Figures of qPCR: fold changes with intervals, and fold changes beside those of expression."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rxpress.report.figures import name_points, styled
from rxpress.report.palette import CONCORDANCE_BADGES, DOWN, UNCHANGED, UP

ABREAST = 3
LETTER, LINE = 0.058, 0.15  # inches: width of a letter, height of a line
SHAPES = {"confirmed": "o", "contradicted": "X", "no change": "s", "inconclusive": "D"}
WRAP = 34  # letters of a panel's title
MOST_NAMES = 25  # of genes in a panel


@dataclass(frozen=True)
class Changes:
    """Fold changes of a contrast. estimate, lower, upper : (targets,) log2, NaN where unknown; sure :
    (targets,) whether adjusted p is small.
    """

    label: str
    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    sure: np.ndarray


@dataclass(frozen=True)
class Pairs:
    """Genes of a contrast in both assays. qpcr, expression : (genes, 3) log2 fold change and its limits;
    verdicts : (genes,) words; said : how far they agree, in words.
    """

    label: str
    genes: Sequence[str]
    qpcr: np.ndarray
    expression: np.ndarray
    verdicts: Sequence[str]
    said: str


def _panels(count: int, size: tuple[float, float], left: float) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels of a size in inches, with one scale; what is too many stays empty."""
    abreast = min(ABREAST, count)
    down = -(-count // abreast)
    width, height = left + (size[0] + 0.2) * abreast, 0.75 + (size[1] + 0.5) * down
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")
    every = figure.subplots(
        *(down, abreast), sharex=True, sharey=True, squeeze=False,
        gridspec_kw={
            "left": left / width, "right": 1 - 0.1 / width, "top": 1 - 0.5 / height, "bottom": 0.7 / height,
            "wspace": 0.2 / size[0], "hspace": 0.5 / size[1],
        },
    ).ravel()  # fmt: skip
    for axes in every[count:]:
        axes.set_visible(False)
    for axes in every[max(0, count - abreast) : count]:
        axes.tick_params(labelbottom=True)
    return figure, list(every[:count])


@styled
def draw_fold_changes(targets: Sequence[str], contrasts: Sequence[Changes], title: str) -> Figure:
    """A panel per contrast, a line per target: estimate and 95 % interval; filled where it is sure."""
    left = 0.3 + LETTER * max(map(len, targets))
    figure, panels = _panels(len(contrasts), (1.75, LINE * (len(targets) + 1)), left)
    at = np.arange(len(targets))
    for axes, one in zip(panels, contrasts, strict=True):
        axes.axvline(0, color=UNCHANGED, linewidth=0.6, zorder=0)
        for y in at.tolist():
            color = UP if one.estimate[y] > 0 else DOWN
            axes.plot([one.lower[y], one.upper[y]], [y, y], color=color, linewidth=1)
            fill_style = "full" if one.sure[y] else "none"
            axes.plot(one.estimate[y], y, "s", color=color, markersize=3.5, fillstyle=fill_style)
        axes.set_title(_wrapped(one.label), loc="left", fontsize=6.5)
        axes.set_yticks(at, targets, fontsize=6.5)
        axes.tick_params(axis="y", length=0)
    panels[0].set_ylim(len(targets) - 0.4, -0.6)
    _name(figure, title, "log2 fold change by qPCR, 95 % interval")
    hollow = "hollow: not significant, or not tested"
    looks = ((UP, UP, "up"), (DOWN, DOWN, "down"), ("#555555", "none", hollow))
    handles = [
        Line2D([], [], linestyle="", marker="s", color=color, markerfacecolor=face, markersize=4, label=label)
        for color, face, label in looks
    ]
    _legend(figure, handles)
    return figure


@styled
def draw_concordance(contrasts: Sequence[Pairs], title: str, axes_names: tuple[str, str]) -> Figure:
    """A panel per contrast, a point per gene with both intervals, coloured by verdict; dashed: equal."""
    figure, panels = _panels(len(contrasts), (1.75, 1.75), 0.65)
    values = np.concatenate([np.stack([one.expression[:, 0], one.qpcr[:, 0]]) for one in contrasts], axis=1)
    values = values[np.isfinite(values)]
    limit = 1.2 * max(1.0, float(np.abs(values).max(initial=0)))
    for axes, one in zip(panels, contrasts, strict=True):
        axes.plot(
            [-limit, limit], [-limit, limit], color="#888888", linewidth=0.6, linestyle=(0, (4, 3)), zorder=0
        )
        for line in (axes.axhline, axes.axvline):
            line(0, color=UNCHANGED, linewidth=0.5, zorder=0)
        axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
        _draw_pairs(axes, one)
        axes.set_title(_wrapped(one.label), loc="left", fontsize=6.5, pad=3)
        axes.text(0.97, 0.03, one.said, transform=axes.transAxes, fontsize=5.5, ha="right", color="#444444")
    _name(figure, title, axes_names[0])
    figure.supylabel(axes_names[1], fontsize=7, x=0.08 / figure.get_figwidth(), ha="left")
    found = {verdict for one in contrasts for verdict in one.verdicts}
    handles = [
        Line2D([], [], linestyle="", marker=SHAPES[word], color=color, markersize=4, label=word)
        for word, color in CONCORDANCE_BADGES.items()
        if word in found
    ]
    _legend(figure, handles)
    return figure


def _draw_pairs(axes: Axes, pairs: Pairs) -> None:
    both = np.isfinite(pairs.expression[:, 0] + pairs.qpcr[:, 0])
    for i in np.flatnonzero(both).tolist():
        color = CONCORDANCE_BADGES.get(pairs.verdicts[i], UNCHANGED)
        (x, left, right), (y, low, high) = pairs.expression[i], pairs.qpcr[i]
        axes.plot([left, right], [y, y], color=color, linewidth=0.6, alpha=0.7)
        axes.plot([x, x], [low, high], color=color, linewidth=0.6, alpha=0.7)
        axes.plot(x, y, SHAPES.get(pairs.verdicts[i], "."), color=color, markersize=3.8)
    points = np.column_stack([pairs.expression[both, 0], pairs.qpcr[both, 0]])
    names = np.array(pairs.genes)[both]
    farthest = np.argsort(-np.abs(points).max(axis=1, initial=0), kind="stable")[:MOST_NAMES]
    name_points(axes, points, farthest.tolist(), names)


def _wrapped(label: str) -> str:
    """A label in lines that keep a number and its unit together."""
    return fill(re.sub(r"(\d) (nM|h)\b", "\\1\u00a0\\2", label), WRAP)


def _name(figure: Figure, title: str, x_name: str) -> None:
    width, height = figure.get_size_inches()
    figure.supxlabel(x_name, fontsize=7, y=0.3 / height)
    figure.suptitle(title, fontsize=8, x=0.08 / width, y=1 - 0.05 / height, ha="left", va="top")


def _legend(figure: Figure, handles: Sequence[Line2D]) -> None:
    height = figure.get_figheight()
    figure.legend(handles=list(handles), loc="lower center", bbox_to_anchor=(0.5, 0.02 / height), ncols=4)
