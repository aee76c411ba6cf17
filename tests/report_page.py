"""The report of a staged results folder, as its tests read it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from rxpress.report.build import build_sections, write_sections
from rxpress.report.results import Results, read_results
from rxpress.report.section import Section

CONFIG = Path(__file__).parents[1] / "assets" / "multiqc_config.yml"


def render_report(staged: Path, folder: Path, *options: str) -> Path:
    """The page that MultiQC, given `options`, makes of staged results; its tables are in `folder`/tables."""
    results = read_results(staged)
    write_sections(results, build_sections(results), folder)
    multiqc: list[str | Path] = [Path(sys.executable).with_name("multiqc"), "--strict", "--config", CONFIG]
    subprocess.run([*multiqc, *options, "--filename", "report.html", "sections"], cwd=folder, check=True)
    return folder / "report.html"


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
        unseen = r"<style>.*?</style>|<script>.*?</script>|<[^>]+>"
        return " ".join(re.sub(unseen, " ", str(self[id].data), flags=re.S).split())

    def rows(self, id: str) -> list[dict[str, Any]]:
        return list(self[id].data.values())

    @property
    def topics(self) -> set[str]:
        return {section.topic.id.removeprefix("rxpress_") for section in self.sections.values()}
