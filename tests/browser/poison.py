"""Texts of users in a results folder, made such that a browser would run them if a page let it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd

from rxpress.tables import read_table, write_json, write_table

# What each would set if it ran; a quote or a tag of its own ends whatever it stands in.
PAYLOADS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=2>",
    "\"'><svg/onload=window.pwned=3>",
    "' onmouseover='window.pwned=4' x='",
    '" onfocus="window.pwned=5" autofocus tabindex="1',
    '<a href="javascript:window.pwned=6">here</a>',
    "</script><script>window.pwned=7</script>",
    "</title></style></textarea><script>window.pwned=8</script>",
    '<iframe srcdoc="<script>parent.pwned=9</script>"></iframe>',
    "{{ 7*7 }}{% raw %}${window.pwned=10}",
    "&lt;img src=x onerror=window.pwned=11&gt;",
    "\\u003cimg src=x onerror=window.pwned=12\\u003e",
)
# Names of folders and files, and words that the pipeline itself writes.
OURS = {"id", "study", "contrast", "call", "status", "kind", "verdict", "kept", "level", "question", "source"}
OURS |= {"method", "model", "test", "scope", "comparison", "expected", "flags", "flag", "well_type", "class"}
OURS |= {
    "gene_id",
    "expression_study",
    "excluded",
    "same_direction",
    "response",
    "process",
    "tool",
    "version",
}
OURS |= {"matched_by", "measure", "collection", "sources", "untested_because", "packs", "studies"}

# Keys of JSON under which words of the user, or words about them, stand.
TOLD = {"label", "notes", "warnings", "reason", "report_title", "sample", "strandedness_declared", "vehicle"}


class Poison:
    """Adds a payload to each text; the same text gets the same payload wherever it stands."""

    def __init__(self) -> None:
        self._payloads = itertools.cycle(PAYLOADS)
        self.texts: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if text not in self.texts:
            self.texts[text] = f"{text}{next(self._payloads)}"
        return self.texts[text]

    def folder(self, results: Path) -> None:
        """Poison samples, genes, conditions, labels and notes in all tables and JSON of a results folder."""
        for name in read_table(results / "inputs" / "samples.tsv")["sample"]:
            self(name)
        for path in sorted(results.rglob("*.tsv")):
            write_table(self._table(read_table(path)), path)
        for path in sorted(results.rglob("*.json")):
            write_json(self._value(json.loads(path.read_text()), path.stem), path)

    def _table(self, frame: pd.DataFrame) -> pd.DataFrame:
        texts = [name for name in frame if frame[name].dtype == object and name not in OURS]
        frame = frame.rename(columns={name: self.texts[name] for name in frame if name in self.texts})
        for name in texts:
            frame[name] = [self(cell) if isinstance(cell, str) else cell for cell in frame[name]]
        return frame

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {self.texts.get(name, name): self._value(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, key) for item in value]
        told = isinstance(value, str) and value and key not in OURS
        return self(value) if told and (value in self.texts or key in TOLD) else value
