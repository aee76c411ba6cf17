"""CEL files, CDF files and an annotation of a made study, from planted log2 expression.

A perfect match sees background (normal), its probeset's expression times its own affinity, and noise; its
mismatch sees a part of the same signal. Small chips and chips of the size of HG-U133 Plus 2.0 are made alike.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from array_files import CDFS, CELS, Chip, Scan

CONTROLS = [
    f"AFFX-{gene}_{part}_at" for gene in ("HSAC07/X00351", "HUMGAPDH/M33197") for part in ("3", "M", "5")
]
CONTROL_LEVEL, CONTROL_PAIRS = 11.0, 20
U133_PLUS_2 = {"columns": 1164, "rows": 1164}
U133_PLUS_2_PROBESETS, U133_PLUS_2_PROBES = 54675, 604258


@dataclass(frozen=True)
class ArrayStudy:
    """What was written: a CEL file per sample in their order, the chip as CDF, and the annotation."""

    cels: list[Path]
    cdf: Path
    annotation: Path


@dataclass(frozen=True)
class Faults:
    """What is wrong with single arrays, by sample.

    degraded : log2 that control probesets lose from 3' to the middle, and again to 5' (0.3 otherwise);
    noisy : SD of log2 noise of each probe (0.1 otherwise); dim : factor of all intensities (1 otherwise).
    """

    degraded: Mapping[str, float] = field(default_factory=dict)
    noisy: Mapping[str, float] = field(default_factory=dict)
    dim: Mapping[str, float] = field(default_factory=dict)


def write_array_study(
    folder: Path,
    expression: np.ndarray,
    names: Sequence[str],
    samples: Sequence[str],
    *,
    chip: str = "Made-U1",
    probes_per_set: int | Sequence[int] = 11,
    mismatches: bool = True,
    columns: int | None = None,
    rows: int | None = None,
    forms: Sequence[str] = ("v4",),
    gzipped: Collection[str] = (),
    cdf_form: str = "xda",
    symbols: Sequence[str] | None = None,
    gene_ids: Sequence[str] | None = None,
    id_column: str = "ENTREZID",
    faults: Faults | None = None,
    seed: int = 1,
) -> ArrayStudy:
    """Write `cel/<sample>.CEL`, `<chip>.cdf` and `<chip>.annotation.tsv` (PROBEID SYMBOL ENTREZID).

    expression : (probesets, samples) planted log2 expression of `names`. Six control probesets of 20 pairs
    are added, of actin and GAPDH at 3', middle and 5'. `forms` (v3, v4, calvin) are taken in turn; files of
    samples in `gzipped` are gzip under the same name. Without `columns` the chip is the smallest square that
    holds the probes. Without `symbols` every 40th probeset is of two genes (`A///B`). The chip depends on the
    number of probes only, not on the seed: studies of one chip share its CDF.
    """
    sizes = np.append(np.broadcast_to(probes_per_set, len(names)), [CONTROL_PAIRS] * len(CONTROLS))
    side = int(np.ceil(np.sqrt(2.2 * sizes.sum())))
    columns, rows = columns or side, rows or side
    pairs = _places(int(sizes.sum()), columns, rows, mismatches)
    folder.mkdir(parents=True, exist_ok=True)
    probesets = np.split(pairs, np.cumsum(sizes)[:-1])
    layout = Chip(
        chip, columns, rows, [(n, 1, p) for n, p in zip([*names, *CONTROLS], probesets, strict=True)]
    )
    cdf = _written(folder / f"{chip}.cdf", CDFS[cdf_form](layout))

    faults = faults or Faults()
    probeset = np.repeat(np.arange(len(sizes)), sizes)
    affinity, cross = _probes(len(pairs))
    cels = []
    for i, sample in enumerate(samples):
        levels = np.append(expression[:, i], _control_levels(faults.degraded.get(sample, 0.3)))
        signal = levels[probeset] + affinity
        means = _scanned(
            signal, cross, pairs, columns * rows, faults, sample, np.random.default_rng([seed, i])
        )
        data = CELS[forms[i % len(forms)]](_scan(chip, columns, rows, means))
        data = gzip.compress(data, 1, mtime=0) if sample in gzipped else data
        cels.append(_written(folder / "cel" / f"{sample}.CEL", data))

    annotation = _annotation(names, symbols, gene_ids, id_column)
    path = _written(folder / f"{chip}.annotation.tsv", annotation.encode())
    return ArrayStudy(cels, cdf, path)


def u133_plus_2_sizes() -> np.ndarray:
    """Probe pairs of the probesets beside the controls, so that both are as many as on HG-U133 Plus 2.0."""
    sizes = np.full(U133_PLUS_2_PROBESETS - len(CONTROLS), 11)
    longer, rest = divmod(U133_PLUS_2_PROBES - sizes.sum() - CONTROL_PAIRS * len(CONTROLS), 9)
    sizes[:longer] += 9
    sizes[longer] += rest
    return sizes


def _places(pairs: int, columns: int, rows: int, mismatches: bool) -> np.ndarray:
    """(pairs, 2) cells: perfect matches scattered over even rows, each mismatch below its perfect match."""
    places = np.random.default_rng(pairs).permutation(columns * (rows // 2))[:pairs]
    assert len(places) == pairs, "the chip is too small for its probes"
    pm = places // columns * 2 * columns + places % columns
    return np.column_stack([pm, pm + columns if mismatches else np.full(pairs, -1)])


def _probes(pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair: its log2 affinity, and the part of the signal that the mismatch sees (2 % see more)."""
    random = np.random.default_rng(pairs + 1)
    cross = random.uniform(0.05, 0.6, pairs)
    cross[random.random(pairs) < 0.02] = 1.5
    return random.normal(0, 1, pairs), cross


def _control_levels(drop: float) -> np.ndarray:
    return np.tile(CONTROL_LEVEL - drop * np.arange(3), 2)


def _scanned(
    signal: np.ndarray,
    cross: np.ndarray,
    pairs: np.ndarray,
    cells: int,
    faults: Faults,
    sample: str,
    random: np.random.Generator,
) -> np.ndarray:
    """Intensities (cells,) of one array, to a half; signal : (pairs,) log2 of what perfect matches see."""
    level = random.uniform(0.9, 1.1)
    means = random.normal(60 * level, 6, cells).astype(np.float32)
    seen = level * 2 ** (signal + random.normal(0, faults.noisy.get(sample, 0.1), len(signal)))
    means[pairs[:, 0]] += seen
    with_mismatch = pairs[:, 1] >= 0
    means[pairs[with_mismatch, 1]] += (cross * seen)[with_mismatch]
    return np.clip(np.round(2 * means * faults.dim.get(sample, 1)) / 2, 1, 65535)


def _scan(chip: str, columns: int, rows: int, means: np.ndarray) -> Scan:
    pixels = np.full(columns * rows, 16, np.int16)
    return Scan(
        chip, columns, rows, means, (means / 8).astype(np.float32), pixels, [(0, 1)], [(1, 1), (2, 1)]
    )


def _annotation(
    names: Sequence[str], symbols: Sequence[str] | None, gene_ids: Sequence[str] | None, id_column: str
) -> str:
    numbers = range(len(names))
    both = [f"///{{}}{i + 1}" if i % 40 == 20 else "" for i in numbers]
    symbols = symbols or [f"MADE{i}" + both[i].format("MADE") for i in numbers]
    gene_ids = gene_ids or [f"{10000 + i}" + both[i].format("1000") for i in numbers]
    lines = [f"PROBEID\tSYMBOL\t{id_column}", *map("\t".join, zip(names, symbols, gene_ids, strict=True))]
    lines += [f"{name}\tNA\tNA" for name in CONTROLS]
    return "\n".join(lines) + "\n"


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
