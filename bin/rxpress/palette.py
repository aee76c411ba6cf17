"""Colours and shapes shared by the report and the figures; told apart with every common colour blindness.

Colours: Okabe and Ito, Color Universal Design (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UP = "#D55E00"
DOWN = "#0072B2"
UNCHANGED = "#B0B0B0"
CALLS = {"up": UP, "down": DOWN, "unchanged": UNCHANGED}

CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D1F", "#000000")
DIVERGING = ((0.0, DOWN), (0.25, "#7FB8DA"), (0.5, "#FFFFFF"), (0.75, "#EAAE7F"), (1.0, UP))
SEQUENTIAL = ((0.0, "#08306B"), (0.35, "#4292C6"), (0.7, "#C6DBEF"), (1.0, "#FFFFFF"))

SHAPES = 8


@dataclass(frozen=True)
class Look:
    """How a sample is drawn: `group` in the legend, its colour, and `shape` as a number below SHAPES."""

    group: str
    color: str
    shape: int


def give_looks(units: Sequence[str], states: Sequence[str]) -> list[Look]:
    """A look per sample: colour by unit (line or patient), shape by state (treatment, dose, time).

    With a single unit the state has both. Colours and shapes repeat when they run out.
    """
    unit_at = _positions(units)
    state_at = _positions(states)
    by_state = len(unit_at) < 2
    looks = []
    for unit, state in zip(units, states, strict=True):
        color = CATEGORIES[(state_at[state] if by_state else unit_at[unit]) % len(CATEGORIES)]
        group = " · ".join(part for part in (unit, state) if part) or "sample"
        looks.append(Look(group, color, state_at[state] % SHAPES))
    return looks


def _positions(values: Sequence[str]) -> dict[str, int]:
    return {value: i for i, value in enumerate(dict.fromkeys(values))}
