"""GEO series matrix files: a table of values under what the submitters say of the series and its samples."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rxpress.errors import InputError, Problem

BEGIN, END = "!series_matrix_table_begin", "!series_matrix_table_end"
SERIES, SAMPLE = "!Series_", "!Sample_"


@dataclass(frozen=True)
class SeriesMetadata:
    """What a series matrix says of a series and its samples.

    series : values by field (`title`, `platform_id`); samples : by accession, values by field
    (`title`, `characteristics_ch1`). A field stands as often as it has values.
    """

    series: Mapping[str, list[str]]
    samples: Mapping[str, Mapping[str, list[str]]]

    def characteristics(self, accession: str) -> dict[str, str]:
        """What is told of a sample as `key: value`, several in a cell parted by `;`; else by field."""
        found: dict[str, str] = {}
        for field, cells in self.samples[accession].items():
            for cell in cells if field.startswith("characteristics") else ():
                parts = [part for part in cell.split(";") if part.strip()]
                for part in parts if all(":" in part for part in parts) else [cell]:
                    key, colon, value = part.partition(":")
                    found[key.strip() if colon else field] = (value if colon else key).strip()
        return found

    def names(self) -> dict[str, str]:
        """Accessions by what a sample may be called instead: its title, as it is or with `_` for other signs.

        A title that two samples have names none of them.
        """
        titled = [
            (name, accession)
            for accession, fields in self.samples.items()
            for title in fields.get("title", [])[:1]
            for name in {title, re.sub(r"[^A-Za-z0-9_.-]+", "_", title).strip("_")}
        ]
        times = Counter(name for name, _ in titled)
        return {name: accession for name, accession in titled if times[name] == 1}

    def facts(self) -> dict[str, object]:
        """What a reader should know of where the values come from: the series and how it was processed."""
        processing = [cell for fields in self.samples.values() for cell in fields.get("data_processing", [])]
        return {
            "accession": " ".join(self.series.get("geo_accession", [])),
            "title": " ".join(self.series.get("title", [])),
            "platforms": self.series.get("platform_id", []),
            "processing": list(dict.fromkeys(processing)),
        }


def is_series_matrix(text: str) -> bool:
    return text.lstrip().startswith(SERIES) or BEGIN in text


def split_series_matrix(text: str, file: str) -> tuple[SeriesMetadata, str, int]:
    """Metadata, the table, and the number of lines above it. InputError when its begin or end is missing."""
    lines = text.split("\n")
    marks = [line.strip().strip('"').lower() for line in lines]
    for mark in (BEGIN, END):
        if mark not in marks:
            raise InputError(Problem(f"is truncated: there is no line '{mark}'", "get the file again", file))
    begin, end = marks.index(BEGIN), marks.index(END)
    return _metadata(lines[:begin]), "\n".join(lines[begin + 1 : end]), begin + 1


def _metadata(lines: list[str]) -> SeriesMetadata:
    rows = [[cell.strip().strip('"').strip() for cell in line.split("\t")] for line in lines]
    series: dict[str, list[str]] = {}
    for name, *cells in rows:
        if name.startswith(SERIES):
            series.setdefault(name.removeprefix(SERIES), []).extend(cells)
    accessions = next((cells for name, *cells in rows if name == SAMPLE + "geo_accession"), [])
    samples: dict[str, dict[str, list[str]]] = {accession: {} for accession in accessions}
    for name, *cells in rows:
        for accession, cell in zip(accessions, cells, strict=False):
            if name.startswith(SAMPLE) and cell:
                samples[accession].setdefault(name.removeprefix(SAMPLE), []).append(cell)
    return SeriesMetadata(series, samples)
