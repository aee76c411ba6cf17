"""The report of a staged results folder, as its tests read it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rxpress.report.build import build_sections
from rxpress.report.results import Results, read_results
from rxpress.report.section import Section


class Page:
    """The sections of a staged folder, by id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results: Results = read_results(folder)
        self.sections = {s.id.removeprefix("rxpress_"): s for s in build_sections(self.results)}

    def __getitem__(self, id: str) -> Section:
        return self.sections[id]

    def text(self, id: str) -> str:
        """The section as a reader sees it: no tags, no pictures."""
        return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", str(self[id].data), flags=re.S).split())

    def rows(self, id: str) -> list[dict[str, Any]]:
        return list(self[id].data.values())

    @property
    def topics(self) -> set[str]:
        return {section.topic.id.removeprefix("rxpress_") for section in self.sections.values()}
