"""arrays/<study>/ of a results folder, of made arrays of which the second is planted to stand out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.arrays.quality import assess_arrays, three_five_ratios, with_columns
from rxpress.tables import GeneMatrix, write_json, write_table

PROBESETS = 2000
CONTROLS = [f"AFFX-{gene}_{end}_at" for gene in ("HSAC07/X00351", "HUMGAPDH/M33197") for end in "35"]
FACTS = {
    "source": "cel",
    "chip": "HG-U133_Plus_2",
    "cdf": "HG-U133_Plus_2.cdf",
    "method": "rma",
    "probesets": PROBESETS,
    "probes": PROBESETS,
    "transformation": "none",
    "annotation": {
        "file": "GPL570.annot.gz",
        "format": "GEO annot",
        "how": "highest_mean",
        "controls_dropped": 4,
        "ambiguous_dropped": 96,
        "unannotated": 300,
        "annotated": 1600,
        "genes": 1000,
        "reduced_probesets": 600,
        "rows": 1000,
    },
    "notes": ["probes of 3 probesets are shared"],
}


def stage_arrays(folder: Path, samples: Sequence[str], study: str = "study", **facts: Any) -> Path:
    """Write arrays/<study>/ for these samples; facts : changes to arrays.json. Returns `folder`."""
    n = len(samples)
    random = np.random.default_rng(11)
    level = random.normal(7, 2, (PROBESETS, 1))
    level[: len(CONTROLS)] = 10
    noise = np.full(n, 0.15)
    noise[1] = 0.6
    values = level + random.normal(0, 1, (PROBESETS, n)) * noise
    values[0, 1] += 2.5
    ids = np.array(CONTROLS + [f"{i}_at" for i in range(PROBESETS - len(CONTROLS))])
    expression = GeneMatrix(ids, ids, list(samples), values)
    after = 2**values
    before = after * random.lognormal(0, 0.3, n) + random.normal(60, 8, (PROBESETS, n)).clip(20)
    errors = random.lognormal(-2, 0.1, (500, n)) * (1 + 0.3 * (np.arange(n) == 1))
    quality = assess_arrays(expression, before, after, errors)
    of_mas5 = pd.DataFrame({"sample": samples, "scale_factor": np.linspace(0.8, 1.6, n)})
    of_mas5["percent_present"] = np.where(np.arange(n) == 1, 31.5, np.linspace(46, 50, n))
    ratios = three_five_ratios(expression)
    for more in (of_mas5, ratios):
        quality = with_columns(quality, more)
    for name, frame in quality.tables.items():
        write_table(frame, folder / "arrays" / study / name)
    write_json({**FACTS, "arrays": n, **facts}, folder / "arrays" / study / "arrays.json")
    return folder
