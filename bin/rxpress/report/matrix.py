"""Tables of coloured words, rows against contrasts: what MultiQC's heatmaps cannot say in words."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rxpress.report.labels import shorten

# Header and first column stay in sight while a long matrix is scrolled; text is black also in the dark mode.
STYLE = """<style>
.rx-box {overflow: auto; max-height: 620px; margin-bottom: 1rem}
.rx {border-collapse: separate; border-spacing: 1px; font-size: 11px; line-height: 1.25}
.rx td {padding: 3px 5px; color: #000; white-space: nowrap}
.rx th {padding: 3px 5px; font-weight: 600; text-align: left; vertical-align: bottom;
  background: var(--bs-body-bg, #fff)}
.rx thead th {position: sticky; top: 0; z-index: 2; min-width: 60px; max-width: 150px; white-space: normal}
.rx tbody th {position: sticky; left: 0; z-index: 1; white-space: nowrap; font-weight: 500}
.rx .rx-group {padding-top: 8px; font-weight: 700; opacity: 0.75}
.rx small {opacity: 0.7; font-weight: 400}
.rx-key span {padding: 1px 8px; margin-right: 6px; color: #000; border: 1px solid #999; font-size: 12px}
</style>"""


@dataclass(frozen=True)
class Cell:
    """A cell of a matrix: its words, its colour, and what it says when pointed at."""

    text: str = ""
    color: str = "#FFFFFF"
    hint: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a matrix: its name, a smaller remark beside it, its cells, and the group that it stands in."""

    name: str
    cells: Sequence[Cell]
    remark: str = ""
    group: str = ""


def cells(
    frame: pd.DataFrame, columns: Iterable[str], by: str, cell: Callable[[Mapping[Any, Any]], Cell]
) -> list[Cell]:
    """A cell per value of `columns`, made of the row of `frame` that has it in `by`; blank where none has."""
    rows = {row[by]: row for row in frame.to_dict("records")}
    return [cell(rows[name]) if name in rows else Cell() for name in columns]


def matrix(corner: str, columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Rows against columns as HTML; a line with the name of the group stands where it changes.

    What the names of all columns say stands once, in the corner.
    """
    short, shared = shorten(columns)
    body, group = [], ""
    for row in rows:
        if row.group != group:
            group = row.group
            body.append(
                f'<tr><th class="rx-group" colspan="{len(columns) + 1}">{html.escape(group)}</th></tr>'
            )
        remark = f" <small>{html.escape(row.remark)}</small>" if row.remark else ""
        cells = "".join(map(_cell, row.cells))
        body.append(f"<tr><th>{html.escape(row.name)}{remark}</th>{cells}</tr>")
    said = f" <small>({html.escape(shared)})</small>" if shared else ""
    head = f"<th>{html.escape(corner)}{said}</th>"
    head += "".join(
        f'<th title="{html.escape(name)}">{html.escape(text)}</th>'
        for name, text in zip(columns, short, strict=True)
    )
    table = f'<table class="rx"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'
    return f'{STYLE}<div class="rx-box">{table}</div>'


def key(colors: Iterable[tuple[str, str]]) -> str:
    """What the colours of a matrix mean, (word, colour) each, as a line above it."""
    words = (f'<span style="background:{color}">{html.escape(word)}</span>' for word, color in colors)
    return f'{STYLE}<p class="rx-key">{"".join(words)}</p>'


def _cell(cell: Cell) -> str:
    hint = f' title="{html.escape(cell.hint)}"' if cell.hint else ""
    text = html.escape(cell.text)
    shown = f"<b>{text}</b>" if cell.bold else text
    return f'<td style="background:{cell.color}"{hint}>{shown}</td>'
