"""Figures: equal input gives equal files, text stays text, labels stand free."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from rxpress.report.figures import (
    Cloud,
    _free_box,
    draw_calls,
    draw_cloud,
    draw_heatmap,
    draw_samples,
    save_figure,
)
from rxpress.report.palette import DIVERGING, give_looks

ROOT = Path(__file__).resolve().parents[2]
LOOKS = give_looks(
    ["MM.1S", "MM.1S", "U266", "U266"], ["DMSO", "bortezomib 20 nM", "DMSO", "bortezomib 20 nM"]
)


def volcano(genes: int = 200) -> Figure:
    rng = np.random.default_rng(4)
    x = rng.normal(size=genes)
    y = rng.exponential(size=genes)
    calls = np.where(y < 1, "unchanged", np.where(x > 0, "up", "down"))
    names = np.array([f"GENE{i}" for i in range(genes)])
    cloud = Cloud(x, y, calls, names, 10.0**-y)
    return draw_cloud(cloud, ("log2 fold change", "−log10 p-value"), "drug vs vehicle", {"x": (-1, 1)})


def shared_area(one: np.ndarray, other: np.ndarray) -> float:
    """Pixels that two boxes (left, bottom, right, top) both cover."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(sides.clip(min=0).prod())


def test_equal_figures_are_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_figure(volcano(), tmp_path / name)
    for ending in ("svg", "png"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


def test_text_of_an_svg_can_be_edited_and_has_no_date(tmp_path: Path) -> None:
    save_figure(volcano(), tmp_path / "volcano")
    svg = (tmp_path / "volcano.svg").read_text()
    assert ">log2 fold change</text>" in svg
    assert "<dc:date>" not in svg
    assert svg.count(">GENE") == 10


def test_a_png_is_sharp_enough_to_print(tmp_path: Path) -> None:
    save_figure(volcano(), tmp_path / "volcano")
    with Image.open(tmp_path / "volcano.png") as image:
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_names_of_genes_do_not_cover_each_other() -> None:
    figure = volcano()
    extents = [t.get_window_extent().extents for t in figure.axes[0].texts if t.get_text().startswith("GENE")]
    pairs = [(a, b) for i, a in enumerate(extents) for b in extents[:i]]
    assert len(extents) == 10
    assert not any(shared_area(a, b) > 0 for a, b in pairs)


def test_names_stay_apart_where_the_limits_of_the_axes_follow_what_is_drawn() -> None:
    rng = np.random.default_rng(1)
    calls = np.repeat(["unchanged", "down", "up"], [3000, 1000, 200])
    x = np.where(calls == "up", rng.normal(2.6, 0.2, 4200), rng.normal(2, 0.4, 4200))
    y = rng.normal(0, 0.3, 4200) + np.select([calls == "up", calls == "down"], [2.2, -1.7])
    names = np.array([f"GENE{i}" for i in range(4200)])
    cloud = Cloud(x, y, calls, names, np.where(calls == "up", rng.random(4200) / 100, 0.5))
    figure = draw_cloud(cloud, ("mean", "log2 fold change"), "drug vs vehicle", {"y": (-1, 1)})
    FigureCanvasAgg(figure).draw()
    extents = [text.get_window_extent().extents for text in figure.axes[0].texts]
    assert len(extents) == 10
    assert max(shared_area(a, b) for i, a in enumerate(extents) for b in extents[:i]) == 0


def test_a_label_leaves_taken_boxes_and_the_outside_alone() -> None:
    frame, taken = np.array([0.0, 0.0, 200.0, 100.0]), np.array([[100.0, 40.0, 140.0, 60.0]])
    point = np.array([99.0, 50.0])
    box = _free_box(point, np.array([30.0, 10.0]), point[None], taken, frame)
    assert shared_area(box, taken[0]) == 0
    assert box[0] >= 0
    assert box[1] >= 0
    assert box[2] <= 200
    assert box[3] <= 100


def test_drawing_leaves_the_style_of_others_alone() -> None:
    before = dict(mpl.rcParams)
    volcano()
    assert dict(mpl.rcParams) == before


def test_a_line_has_one_colour_and_a_treatment_one_shape() -> None:
    assert LOOKS[0].color == LOOKS[1].color != LOOKS[2].color
    assert LOOKS[0].shape == LOOKS[2].shape != LOOKS[1].shape
    assert LOOKS[3].group == "U266 · bortezomib 20 nM"


def test_with_one_line_treatments_differ_in_colour() -> None:
    one = give_looks(["", ""], ["DMSO", "bortezomib"])
    assert one[0].color != one[1].color


def test_legend_of_samples_names_lines_and_treatments() -> None:
    figure = draw_samples(np.zeros((4, 2)), LOOKS, ("PC1", "PC2"))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["MM.1S", "U266", "DMSO", "bortezomib 20 nM"]


def test_heatmap_names_rows_and_columns_in_the_order_given(tmp_path: Path) -> None:
    values = np.arange(8.0).reshape(2, 4)
    figure = draw_heatmap(values, ["b", "a"], ["s1", "s2", "s3", "s4"], DIVERGING, (0, 8), "z", LOOKS)
    line, treatment, main, _ = figure.axes
    assert [text.get_text() for text in main.get_yticklabels()] == ["b", "a"]
    assert [text.get_text() for text in main.get_xticklabels()] == ["s1", "s2", "s3", "s4"]
    assert [axes.get_yticklabels()[0].get_text() for axes in (line, treatment)] == ["line", "treatment"]
    save_figure(figure, tmp_path / "heatmap")


def test_bars_carry_their_counts() -> None:
    figure = draw_calls(["a", "b"], np.array([1200, 0]), np.array([3, 0]))
    assert [text.get_text() for text in figure.axes[0].texts] == ["1,200", "0", "3", "0"]


def test_a_command_of_the_report_starts_without_what_it_does_not_use() -> None:
    code = """
        import sys
        import rxpress.report.drawing
        import pandas as pd
        assert {"pyarrow", "mpl_toolkits.mplot3d.axes3d"}.isdisjoint(sys.modules)
        import pyarrow as pa
        assert pa.table({"gene": ["HMOX1", None]}).to_pandas().equals(pd.DataFrame({"gene": ["HMOX1", None]}))
    """
    command = [sys.executable, "-c", dedent(code)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "bin")})
