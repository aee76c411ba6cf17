"""Which line a line was selected from (column `parent`), as resistant lines often are."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from rxpress.cells import column, listing, text, text_rows
from rxpress.errors import Problem, did_you_mean


def line_parents(samples: pd.DataFrame) -> dict[str, str]:
    """`{line: parent}` of the rows that name both, in order of appearance."""
    return {line: parent for line, parent in text_rows(samples, "cell_line", "parent") if line and parent}


def parent_problems(samples: pd.DataFrame) -> list[Problem]:
    """What is wrong with the parents of a sheet: unknown lines, a line itself or one that came from it, two
    parents of one line.
    """
    lines = list(dict.fromkeys(filter(None, column(samples, "cell_line", text))))
    named = dict.fromkeys(text_rows(samples, "cell_line", "parent"))
    parents: dict[str, str] = {}
    problems = []
    for line, parent in named:
        if not line or not parent:
            continue
        if parents.setdefault(line, parent) != parent:
            what = f"'{line}' has two parents, '{parents[line]}' and '{parent}'"
            problems.append(Problem(what, "give each line one parent", column="parent"))
        elif parent == line:
            problems.append(
                Problem(f"'{line}' is its own parent", "name the line it came from", column="parent")
            )
        elif parent not in lines:
            fix = did_you_mean(parent, lines) or f"cell lines are {listing(lines)}"
            what = f"'{line}' has the parent '{parent}', but no sample has this cell line"
            problems.append(Problem(what, fix, column="parent"))
    for ring in _rings(parents):
        what = f"'{ring[0]}' comes from itself: {' from '.join([*ring, ring[0]])}"
        problems.append(Problem(what, "leave the parent of the first line empty", column="parent"))
    return problems


def _rings(parents: Mapping[str, str]) -> list[list[str]]:
    """Lines each of which has the next as its parent, and the last the first; two or more, each ring once."""
    rings, seen = [], set()
    for line in parents:
        path: list[str] = []
        while line in parents and line not in seen:
            seen.add(line)
            path.append(line)
            line = parents[line]
        ring = path[path.index(line) :] if line in path else []
        rings += [ring] if len(ring) > 1 else []
    return rings


def notes_on_parents(samples: pd.DataFrame) -> list[str]:
    """Lines of a study whose parent is in other studies only."""
    lines = set(column(samples, "cell_line", text))
    apart = [
        f"{line} (parent {parent})" for line, parent in line_parents(samples).items() if parent not in lines
    ]
    return [f"{listing(apart)}: not compared with the parent, which is not in this study"] if apart else []
