"""A study of two arrays in which one file is damaged: every form of CEL, CDF and probe table in turn."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from array_files import CDFS, CELS, Chip
from made_array_study import write_array_study
from made_arrays import damaged, written

from rxpress.arrays.cdf import Cdf, read_cdf
from rxpress.arrays.normalize import normalize_study
from rxpress.errors import InputError

PROBESETS = 90


@dataclass(frozen=True)
class Target:
    """Bytes of a file that reads well, and what normalises the study with other bytes in its place."""

    data: bytes
    normalize: Callable[[bytes], object]


def make_targets(folder: Path) -> dict[str, Target]:
    """By form: `cel v3`, `cel v3 gzip`, … `probes gzip`. The chip has 52 x 52 cells."""
    names = [f"{i}_at" for i in range(PROBESETS)]
    expression = np.random.default_rng(2).uniform(4, 10, (PROBESETS, 1))
    cels, cdf = [], folder / "Made-U1.cdf"
    for form in CELS:
        study = write_array_study(folder / form, expression, names, [form], forms=(form,))
        cels += study.cels
    written(cdf, study.cdf.read_bytes())
    good = cels[-1]

    def with_cel(data: bytes) -> object:
        return normalize_study([written(folder / "damaged.CEL", data), good], ["a", "b"], cdf, None)

    def with_cdf(data: bytes) -> object:
        other = written(folder / "damaged" / cdf.name, data)
        return normalize_study([good], ["a"], other, None)

    def with_probes(data: bytes) -> object:
        return normalize_study([good], ["a"], None, written(folder / "damaged.tsv", data))

    (folder / "damaged").mkdir()
    layout = read_cdf(cdf)
    chip = Chip(layout.chip, layout.columns, layout.rows, probesets_of(layout))
    targets = {f"cel {cel.stem}": Target(cel.read_bytes(), with_cel) for cel in cels}
    targets |= {f"cdf {form}": Target(write(chip), with_cdf) for form, write in CDFS.items()}
    targets["probes"] = Target(probe_table(layout).encode(), with_probes)
    packed = {
        f"{name} gzip": Target(gzip.compress(target.data, 6, mtime=0), target.normalize)
        for name, target in targets.items()
    }
    return targets | packed


def outcomes(targets: dict[str, Target], seeds: range) -> Iterator[tuple[str, str]]:
    """(form, `result` or the text of the named error) of each seed, forms in turn. No other is caught."""
    forms = list(targets)
    for seed in seeds:
        form = forms[seed % len(forms)]
        try:
            targets[form].normalize(damaged(targets[form].data, seed))
            yield form, "result"
        except InputError as error:
            yield form, str(error)


def probesets_of(cdf: Cdf) -> list[tuple[str, int, np.ndarray]]:
    pairs = np.split(np.column_stack([cdf.pm, cdf.mm]), cdf.offsets[1:-1])
    return list(zip(cdf.names, cdf.directions.tolist(), pairs, strict=True))


def probe_table(cdf: Cdf) -> str:
    """The probesets of a chip as a table for --probes."""
    names = np.repeat(cdf.names, np.diff(cdf.offsets))
    lines = ["x\ty\tprobeset\ttype"]
    for kind, cells in (("pm", cdf.pm), ("mm", cdf.mm)):
        places = zip(cells % cdf.columns, cells // cdf.columns, names, strict=True)
        lines += [f"{x}\t{y}\t{name}\t{kind}" for x, y, name in places]
    return "\n".join(lines) + "\n"
