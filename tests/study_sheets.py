"""Small samplesheets for tests of designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

DMSO = ("DMSO", 0.0, 24.0)
BORTEZOMIB = ("bortezomib", 20.0, 24.0)
LINES = {"S1": "sensitive", "S2": "sensitive", "R1": "resistant", "R2": "resistant"}


def sheet(
    lines: Mapping[str, str] = LINES,
    treatments: Sequence[tuple[str, float, float]] = (DMSO, BORTEZOMIB),
    replicates: int = 3,
) -> pd.DataFrame:
    """One row per line, treatment (name, dose, time) and replicate: `S1_DMSO_0_24_1`; batch is replicate."""
    rows = [
        {
            "sample": f"{line}_{treatment}_{dose:g}_{time:g}_{replicate}",
            "study": "study",
            "cell_line": line,
            "treatment": treatment,
            "dose_nM": dose,
            "time_h": time,
            "response": response or None,
            "replicate": str(replicate),
            "batch": str(replicate),
        }
        for line, response in lines.items()
        for treatment, dose, time in treatments
        for replicate in range(1, replicates + 1)
    ]
    return pd.DataFrame(rows)
