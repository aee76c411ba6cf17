"""One section of the report as data, and its form as a MultiQC custom content file."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.report.topics import Topic

if TYPE_CHECKING:
    import pandas as pd

CATEGORIES = ("xcats", "ycats")  # names of a heatmap's columns and rows
NAMING = ("data_labels", "colors", "xlab", "ylab")  # settings of a plot that hold names
MARKUP = re.compile("[&<>\"']")
Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Heading:
    """What tells sections of one topic apart: a study or a contrast.

    text : shown above the section, empty where the topic has only one; key : part of the section's id.
    """

    text: str = ""
    key: str = "all"


ALONE = Heading()


@dataclass(frozen=True)
class Section:
    """What stands under a topic: a table, a plot or a text, with `detail` as a line of its own.

    plot_type, data, pconfig, extra : MultiQC's, see its custom content; tables : {name: all numbers shown}.
    """

    topic: Topic
    plot_type: str
    data: Any
    heading: Heading = ALONE
    detail: str = ""
    pconfig: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """An id as MultiQC wants it, which in its strict mode takes none that ends in `_`."""
        return f"{self.topic.id}_{slug(self.heading.key)}".rstrip("_")

    def to_multiqc(self, facts: Mapping[str, str], id: str = "") -> dict[str, Any]:
        """Custom content for MultiQC 1.35; `facts` fill the text of the topic.

        `id` : in place of its own, where another section has that.

        Data go in as a list of datasets: in a plain dictionary MultiQC takes keys for file names and cuts
        them at slashes, which genes and contrasts may hold.
        """
        alone = not self.heading.text
        about = " ".join([self.topic.text(facts), *([self.detail] if alone and self.detail else [])])
        named = self.plot_type in ("html", "heatmap", "generalstats") or isinstance(self.data, list)
        data = self.data if self.plot_type == "html" else inert(self.data)
        own = {key: inert(value) if key in NAMING else value for key, value in self.pconfig.items()}
        pconfig = {"id": f"{id or self.id}_plot", "title": f"rxpress: {self.topic.name}", **own}
        return {
            "id": id or self.id,
            "parent_id": self.topic.id,
            "parent_name": self.topic.name,
            "parent_description": html.escape(about, quote=False),
            "section_name": self.topic.name if alone else inert_name(self.heading.text),
            "description": html.escape(self.detail, quote=False),
            "plot_type": self.plot_type,
            **({} if self.plot_type in ("html", "generalstats") else {"pconfig": pconfig}),
            **{key: inert(value) if key in CATEGORIES else value for key, value in self.extra.items()},
            "data": data if named else [data],
        }


def inert(value: Any) -> Any:
    """Data with every text in it, keys too, escaped: MultiQC writes texts of users into its page as they are.

    Quotes become numbers, which Plotly knows as well.
    """
    if isinstance(value, str):
        if not MARKUP.search(value):
            return value
        return html.escape(value, quote=False).replace('"', "&#34;").replace("'", "&#39;")
    if isinstance(value, Mapping):
        return {inert(key): inert(item) for key, item in value.items()}
    return [inert(item) for item in value] if isinstance(value, list | tuple) else value


def inert_name(text: str) -> str:
    """The name of a section, escaped so that it stays text where MultiQC unescapes it, in its navigation.

    There, what opens a tag no longer does: a mark without width stands behind the `<`.
    """
    return str(inert(re.sub("<(?=[A-Za-z/!?])", "<\u2060", text)))


def note(topic: Topic, reason: str, heading: Heading = ALONE) -> Section:
    """A section that only says why there is nothing to show."""
    return Section(topic, "html", f"<p>{html.escape(reason)}</p>", heading)


def column(title: str, description: str, form: str = "", **more: Any) -> dict[str, Any]:
    """A column of a MultiQC table; without a colour scale unless `scale` says so."""
    formatted = {"format": form} if form else {}
    return {"title": title, "description": description, "scale": False, **formatted, **more}


def colored_words(colors: Mapping[str, str]) -> dict[str, Any]:
    """Colours of a column's cells by their text, for `column`."""
    return {
        "cond_formatting_rules": {word: [{"s_eq": word}] for word in colors},
        "cond_formatting_colours": [{word: color} for word, color in colors.items()],
    }


def table(
    topic: Topic,
    frame: pd.DataFrame,
    key: str,
    columns: Columns,
    tables: Mapping[str, pd.DataFrame],
    heading: Heading = ALONE,
    detail: str = "",
) -> Section:
    """A table with a row per value of the column `key` of `frame`, showing those of `columns` that it has."""
    shown = [name for name in columns if name in frame]
    rows = [plain_values(row) for row in frame[shown].to_dict("records")]
    data = dict(zip(unique(frame[key].astype(str)), rows, strict=True))
    pconfig = {
        "col1_header": columns[key]["title"],
        "sort_rows": False,
        "no_violin": True,
        "rows_are_samples": False,
    }
    headers = {name: dict(columns[name]) for name in shown if name != key}
    return Section(topic, "table", data, heading, detail, pconfig, {"headers": headers}, tables)


def heatmap(
    topic: Topic,
    frame: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    colors: Sequence[tuple[float, str]],
    heading: Heading = ALONE,
    detail: str = "",
    **more: Any,
) -> Section:
    """A heatmap of numbers in the order of `frame`: its index names the rows. NaN is left blank."""
    pconfig = {
        "cluster_rows": False,
        "cluster_cols": False,
        "display_values": False,
        "xlab": "",
        "ylab": "",
        "colstops": [list(stop) for stop in colors],
        **more,
    }
    cells = [[None if math.isnan(v) else round(v, 4) for v in row] for row in frame.to_numpy(float).tolist()]
    names = {"xcats": [str(c) for c in frame.columns], "ycats": [str(i) for i in frame.index]}
    return Section(topic, "heatmap", cells, heading, detail, pconfig, names, tables)


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts, which wrap; cells are escaped."""

    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<table class="table table-sm"><thead>{line("th", header)}</thead><tbody>{body}</tbody></table>'


def paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts)


def bullets(texts: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"


def folded(name: str, body: str, is_open: bool) -> str:
    """HTML that opens at a click on its name."""
    return f"<details{' open' * is_open}><summary>{html.escape(name)}</summary>{body}</details>"


def as_sentence(text: str) -> str:
    """A note with a capital first and a full stop."""
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def slug(text: str) -> str:
    """Text as part of an id that HTML and its selectors take: letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text)


def unique(names: Iterable[str], numbered: str = "{} ({})") -> list[str]:
    """Names with a number behind those that came before: MultiQC keeps one row, or section, per name."""
    seen: dict[str, int] = {}
    told_apart = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told_apart.append(name if seen[name] == 1 else numbered.format(name, seen[name]))
    return told_apart


def plain_values(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row for JSON: numpy scalars as Python's, truth as yes and no, missing values left out."""
    values = {str(k): v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
    return {
        k: ("yes" if v else "no") if isinstance(v, bool) else v
        for k, v in values.items()
        if v is not None and not (isinstance(v, float) and not math.isfinite(v))
    }
