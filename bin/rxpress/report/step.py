"""A sentence of the methods text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A sentence of the methods, without its full stop, and the keys of what it cites."""

    text: str
    cites: tuple[str, ...] = ()
