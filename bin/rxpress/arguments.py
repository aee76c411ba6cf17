"""What commands and parameters have in common; it imports nothing, for commands that begin with it."""

from __future__ import annotations


def listed(value: str | None) -> list[str]:
    """The items of a comma-separated parameter."""
    return [item.strip() for item in (value or "").split(",") if item.strip()]
