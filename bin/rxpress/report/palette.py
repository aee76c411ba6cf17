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

# Verdicts are words as well; the colours are light enough for black text.
VERDICTS = {
    "as expected": "#7CCDB4",
    "opposite": "#E6A0C4",
    "no change": "#D4D4D4",
    "inconclusive": "#F4EBC8",
    "not measured": "#FFFFFF",
}
# The same with white text, and beside each other without words.
VERDICT_BADGES = {
    "as expected": "#00795A",
    "opposite": "#A83C7B",
    "no change": "#5A5A5A",
    "inconclusive": "#8C6D1F",
    "not measured": "#757575",
}
VERDICT_BARS = VERDICTS | {"inconclusive": "#EADB9B", "not measured": "#F0F0F0"}

# Response of a line; '' has no label.
RESPONSES = {"sensitive": "#56B4E9", "resistant": "#E69F00", "": "#777777"}
# qPCR beside expression: cells with black text, and points.
CONCORDANCE = {
    "confirmed": VERDICTS["as expected"],
    "contradicted": VERDICTS["opposite"],
    "no change": VERDICTS["no change"],
    "inconclusive": VERDICTS["inconclusive"],
}
CONCORDANCE_BADGES = {
    "confirmed": VERDICT_BADGES["as expected"],
    "contradicted": VERDICT_BADGES["opposite"],
    "no change": VERDICT_BADGES["no change"],
    "inconclusive": VERDICT_BADGES["inconclusive"],
}

CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D1F", "#000000")
SHADES = ("#D9D9D9", "#525252", "#969696", "#000000", "#BDBDBD", "#737373", "#F0F0F0", "#252525")
DIVERGING = ((0.0, DOWN), (0.25, "#7FB8DA"), (0.5, "#FFFFFF"), (0.75, "#EAAE7F"), (1.0, UP))
SEQUENTIAL = ((0.0, "#08306B"), (0.35, "#4292C6"), (0.7, "#C6DBEF"), (1.0, "#FFFFFF"))


def shade(share: float, stops: Sequence[tuple[float, str]] = DIVERGING) -> str:
    """The colour at `share`, 0 to 1, of a colour scale, between its stops in proportion; ends beyond."""
    share = min(max(share, 0.0), 1.0)
    after = next(i for i, (at, _) in enumerate(stops) if at >= share)
    (low, one), (high, other) = stops[max(after - 1, 0)], stops[after]
    part = (share - low) / (high - low) if high > low else 0.0
    channels = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + part * (b - a)):02X}" for a, b in channels)


@dataclass(frozen=True)
class Look:
    """How a sample is drawn: a colour for its `unit` (line or patient), a shape, of 8, for its `state`
    (treatment, dose, time).
    """

    unit: str
    state: str
    color: str
    shape: int

    @property
    def group(self) -> str:
        return " · ".join(part for part in (self.unit, self.state) if part) or "sample"


def give_looks(units: Sequence[str], states: Sequence[str]) -> list[Look]:
    """A look per sample: colour by unit, shape by state; with a single unit the state has both.

    Colours and shapes repeat when they run out.
    """
    unit_at, state_at = _positions(units), _positions(states)
    looks = []
    for unit, state in zip(units, states, strict=True):
        color = unit_at[unit] if len(unit_at) > 1 else state_at[state]
        looks.append(Look(unit, state, CATEGORIES[color % len(CATEGORIES)], state_at[state] % len(SHADES)))
    return looks


def _positions(values: Sequence[str]) -> dict[str, int]:
    return {value: i for i, value in enumerate(dict.fromkeys(values))}
