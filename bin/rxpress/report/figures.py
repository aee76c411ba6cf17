"""Figures for papers: the same picture from the same numbers, as SVG with text as text and as PNG.

Each function takes arrays and gives a matplotlib Figure; `save_figure` writes it.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rxpress.report.palette import CALLS, DOWN, SHADES, UP, Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

MARKERS = ("o", "D", "s", "^", "P", "X", "*", "v")
DPI = 200
PACKED = {"compress_level": 3}  # a third less time than at 6, and files that are no larger
# Where a name may stand: so far from its point, in pixels, and in which direction.
LABEL_DISTANCES, _angles = (
    grid.ravel()
    for grid in np.meshgrid(
        (6, 11, 20, 31, 45, 62), np.linspace(0, 2 * np.pi, 16, endpoint=False), indexing="ij"
    )
)
LABEL_DIRECTIONS = np.column_stack([np.cos(_angles), np.sin(_angles)])
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "figure.dpi": DPI,
    "svg.fonttype": "none",
    "text.hinting": "none",  # for screens of few dots; a tenth of the time
    "svg.hashsalt": "rxpress",
}
Stops = Sequence[tuple[float, str]]
P = ParamSpec("P")


@dataclass(frozen=True)
class Cloud:
    """Genes as points, all (genes,): `x`, `y`; `calls` up, down or unchanged; `p_values` say whom to name."""

    x: np.ndarray
    y: np.ndarray
    calls: np.ndarray
    names: np.ndarray
    p_values: np.ndarray


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in our style without changing matplotlib's for others."""

    @wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return in_style


def save_figure(figure: Figure, path: Path) -> None:
    """Write `<path>.svg` and `<path>.png`, without a date, so that equal figures are equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        _lay_out(figure)
        # savefig would draw everything once more before each, to find out how large it is.
        FigureCanvasSVG(figure).print_svg(f"{path}.svg", metadata={"Date": None})
        figure.dpi = DPI  # print_svg has set it to that of SVG
        FigureCanvasAgg(figure).print_png(f"{path}.png", metadata={"Software": None}, pil_kwargs=PACKED)


def as_svg(figure: Figure) -> str:
    """The figure as SVG, to stand in a page."""
    page = BytesIO()
    with mpl.rc_context(STYLE):
        _lay_out(figure)
        FigureCanvasSVG(figure).print_svg(page, metadata={"Date": None})
    return page.getvalue().decode()


def embedded(figure: Figure, alt: str) -> str:
    """The figure as an image in HTML that needs no other file."""
    data = base64.b64encode(as_svg(figure).encode()).decode()
    name = html.escape(alt, quote=True)
    return f'<img alt="{name}" src="data:image/svg+xml;base64,{data}" style="max-width:100%">'


def _lay_out(figure: Figure) -> None:
    """Give everything its place, once; matplotlib would do it again, slowly, whenever it draws."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        engine.execute(figure)  # the room that labels need changes with the room that they have
        figure.set_layout_engine("none")


def placed_figure(size: tuple[float, float]) -> Figure:
    """A figure in which everything stays where it is put: to let matplotlib find the room takes long."""
    figure = Figure(figsize=size)
    figure.set_layout_engine("none")
    return figure


@styled
def draw_samples(coordinates: np.ndarray, looks: Sequence[Look], axes_labels: tuple[str, str]) -> Figure:
    """Samples on two components, (samples, 2): colour by line or patient, shape by treatment."""
    figure = Figure(figsize=(4.6, 3.4))
    axes = figure.subplots()
    for (x, y), look in zip(coordinates, looks, strict=True):
        marker = MARKERS[look.shape]
        axes.scatter(x, y, s=34, c=look.color, marker=marker, edgecolors="white", linewidths=0.5)
    axes.set_xlabel(axes_labels[0])
    axes.set_ylabel(axes_labels[1])
    axes.margins(0.08)
    figure.legend(handles=_look_legend(looks), loc="outside right center")
    return figure


def _look_legend(looks: Sequence[Look]) -> list[Line2D]:
    """Colours of units, then shapes of states."""
    units = {look.unit: look.color for look in looks if look.unit}
    several = len(units) > 1
    states = {look.state: ("#555555" if several else look.color, look.shape) for look in looks}
    points = [(unit, color, "o") for unit, color in units.items() if several]
    points += [(state, color, MARKERS[shape]) for state, (color, shape) in states.items()]
    return [
        Line2D([], [], linestyle="", marker=marker, color=color, markersize=4.5, label=label)
        for label, color, marker in points
    ]


@styled
def draw_cloud(
    cloud: Cloud,
    axes_labels: tuple[str, str],
    title: str,
    fold_lines: Mapping[str, Sequence[float]],
    labels: int = 10,
) -> Figure:
    """A volcano or MA plot: called genes in colour, those of smallest p-value named.

    fold_lines : {"x" or "y": where to draw dashed lines}.
    """
    figure = placed_figure((3.7, 3.5))
    axes = figure.subplots(gridspec_kw={"left": 0.13, "right": 0.97, "bottom": 0.2, "top": 0.89})
    for call in ("unchanged", "down", "up"):
        own = cloud.calls == call
        quiet = call == "unchanged"
        size, strength = (3, 0.45) if quiet else (6, 0.85)
        axes.scatter(
            cloud.x[own], cloud.y[own], s=size, c=CALLS[call], alpha=strength, linewidths=0, rasterized=True,
            label=f"{call} ({own.sum():,})",
        )  # fmt: skip
    for at in fold_lines.get("x", ()):
        axes.axvline(at, color="#888888", linewidth=0.5, linestyle=(0, (4, 3)), zorder=0)
    for at in fold_lines.get("y", ()):
        axes.axhline(at, color="#888888", linewidth=0.5, linestyle=(0, (4, 3)), zorder=0)
    axes.set(xlabel=axes_labels[0], ylabel=axes_labels[1])
    axes.set_title(fill(title, 48), loc="left")
    axes.margins(x=0.12, y=0.08)
    figure.legend(
        loc="lower center",
        ncols=3,
        markerscale=2,
        handletextpad=0.1,
        columnspacing=1,
        borderaxespad=0,
        borderpad=0.2,
    )
    _label_genes(axes, cloud, labels)
    return figure


def _label_genes(axes: Axes, cloud: Cloud, most: int) -> None:
    """Name the called genes of smallest p-value."""
    called = np.flatnonzero(np.isin(cloud.calls, ("up", "down")))
    chosen = called[np.argsort(cloud.p_values[called], kind="stable")[:most]]
    name_points(axes, np.column_stack([cloud.x, cloud.y]), chosen, cloud.names)


def name_points(
    axes: Axes, points: np.ndarray, chosen: Iterable[int], names: Sequence[str] | np.ndarray
) -> None:
    """Write the names of chosen points, (n, 2) in data, each where it covers least; axes have their place."""
    # Limits that follow what is drawn, and what is drawn here, would move the names.
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim())
    places = axes.transData.transform(points)
    renderer = FigureCanvasAgg(axes.get_figure(root=True)).get_renderer()
    frame = np.array(axes.get_window_extent(renderer).extents)
    taken = np.empty((0, 4))
    for i in chosen:
        text = axes.text(0, 0, names[i], fontsize=6, ha="center", va="center")
        extent = text.get_window_extent(renderer)
        box = _free_box(places[i], np.array([extent.width, extent.height]), places, taken, frame)
        taken = np.vstack([taken, box])
        to_data = axes.transData.inverted()
        text.set_position(tuple(to_data.transform((box[:2] + box[2:]) / 2)))
        nearest = np.clip(places[i], box[:2], box[2:])
        if np.hypot(*(nearest - places[i])) > 10:
            ends = to_data.transform([nearest, places[i]])
            axes.plot(*ends.T, color="#555555", linewidth=0.4, zorder=3)


def _free_box(
    point: np.ndarray, size: np.ndarray, points: np.ndarray, taken: np.ndarray, frame: np.ndarray
) -> np.ndarray:
    """The box near `point` that covers least: left, bottom, right, top, in pixels as all arguments.

    Candidates lie around the point at growing distance. A box costs its overlap with boxes `taken`, (n, 4),
    before and with the outside of `frame` most, then points, (m, 2), that it hides, then distance.
    """
    near = points[(np.abs(points - point) < LABEL_DISTANCES[-1] + size).all(axis=1)]
    around = LABEL_DIRECTIONS * (LABEL_DISTANCES[:, None] + size / 2)
    low, high = point + around - size / 2, point + around + size / 2
    outside = np.maximum(frame[:2] - low, high - frame[2:]).max(axis=1).clip(min=0)
    # A margin of one pixel counts to what two boxes share.
    shared = np.minimum(high[:, None], taken[:, 2:]) - np.maximum(low[:, None], taken[:, :2]) + 1
    overlap = shared.clip(min=0).prod(axis=2).sum(axis=1)
    hidden = ((near > low[:, None]) & (near < high[:, None])).all(axis=2).sum(axis=1)
    best = np.argmin(1000 * outside + 10 * overlap + 3 * hidden + LABEL_DISTANCES)
    return np.concatenate([low[best], high[best]])


@styled
def draw_heatmap(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    stops: Stops,
    limits: tuple[float, float],
    label: str,
    looks: Sequence[Look] = (),
) -> Figure:
    """A heatmap of (rows, columns) in the order given; `looks` of the columns stand above as strips."""
    height, width = values.shape
    strips = _strips(looks)
    longest = 0.055 * max(map(len, [*rows, *columns]))
    size = (
        1.3 + longest + max(1.6, 0.15 * width),
        0.8 + longest + 0.3 * len(strips) + max(1.2, 0.13 * height),
    )
    figure = Figure(figsize=size)
    axes = figure.subplots(1 + len(strips), 1, squeeze=False, height_ratios=[*[1.2] * len(strips), height])
    for (name, colors), strip in zip(strips.items(), axes[:, 0], strict=False):
        strip.imshow([mpl.colors.to_rgba_array(colors)], aspect="auto", interpolation="nearest")
        strip.set_yticks([0], [name])
        strip.set_xticks([])
        _bare(strip)
    main = axes[-1, 0]
    shades = LinearSegmentedColormap.from_list("rxpress", list(stops))
    image = main.imshow(
        values, aspect="auto", cmap=shades, vmin=limits[0], vmax=limits[1], interpolation="nearest"
    )
    main.set_xticks(range(width), columns, rotation=90)
    main.set_yticks(range(height), rows)
    main.yaxis.tick_right()
    _bare(main)
    main.tick_params(labelsize=6 if max(height, width) <= 60 else 3)
    figure.colorbar(image, ax=axes[:, 0].tolist(), label=label, shrink=0.4, location="left", aspect=12)
    if strips:
        figure.legend(handles=_strip_legend(looks), loc="outside upper center", ncols=4, columnspacing=1)
    return figure


def _strips(looks: Sequence[Look]) -> dict[str, list[str]]:
    """Colours above the columns of a heatmap, by name of the strip; what does not vary gets none."""
    strips = {}
    if len({look.unit for look in looks}) > 1:
        strips["line"] = [look.color for look in looks]
    if len({look.state for look in looks}) > 1:
        strips["treatment"] = [SHADES[look.shape] for look in looks]
    return strips


def _strip_legend(looks: Sequence[Look]) -> list[Patch]:
    units = {look.unit: look.color for look in looks}
    states = {look.state: SHADES[look.shape] for look in looks}
    shown = (units if len(units) > 1 else {}) | (states if len(states) > 1 else {})
    line: Any = {"edgecolor": "#888888", "linewidth": 0.3}
    return [Patch(facecolor=color, label=name, **line) for name, color in shown.items()]


def _bare(axes: Axes) -> None:
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


@styled
def draw_calls(labels: Sequence[str], up: np.ndarray, down: np.ndarray) -> Figure:
    """Called genes per contrast: up to the right, down to the left, from top to bottom as given."""
    figure = Figure(figsize=(5.6, 0.7 + 0.26 * len(labels)))
    axes = figure.subplots()
    at = -np.arange(len(labels))
    room = 0.015 * max(1, up.max(initial=0) + down.max(initial=0))
    for counts, sign, color in ((up, 1, UP), (down, -1, DOWN)):
        axes.barh(at, sign * counts, color=color, height=0.7, label="up" if sign > 0 else "down")
        for y, count in zip(at.tolist(), counts.tolist(), strict=True):
            side = "left" if sign > 0 else "right"
            axes.text(sign * (count + room), y, f"{count:,}", ha=side, va="center", fontsize=6)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_yticks(at, labels)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.set_xlabel("genes down · genes up")
    return figure
