"""A topic of the report: a heading, and what a biologist should know when looking at it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A heading of the report: `id` for MultiQC, the name that is shown, and the paragraph below it."""

    id: str
    name: str
    about: str = ""

    def text(self, facts: Mapping[str, str]) -> str:
        return " ".join(inspect.cleandoc(self.about).format(**facts).split())
