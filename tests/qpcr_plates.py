"""Plates with known fold changes, as a user would write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rxpress.contrasts import design_studies
from rxpress.design.conditions import final_samples
from rxpress.design.study_design import StudyDesign
from rxpress.tables import read_json

SCHEMA = read_json(Path(__file__).resolve().parents[1] / "assets/schema/qpcr.schema.json")
BASE = {"GAPDH": 18.0, "ACTB": 19.5, "TBP": 25.0, "HMOX1": 28.0, "DDIT3": 27.0, "PSMB5": 23.0}


def designed(samples: pd.DataFrame) -> tuple[pd.DataFrame, StudyDesign]:
    """A study's samples.tsv and design as DESIGN_CONTRASTS makes them; samples not `kept` stay out."""
    found_out = {"reads": None, "percent_mapped": None, "library_type": None, "response_source": "sheet"}
    samples = samples.assign(**{"kept": True, "reason": None, **found_out, **samples.to_dict("series")})
    design = design_studies(samples, "DMSO")["study"]
    return final_samples(samples, "DMSO").assign(kept=samples["kept"]), design


def plate(
    samples: pd.DataFrame,
    effect: Callable[[Mapping[str, str], str], float],
    targets: Sequence[str] = tuple(BASE),
    wells: int = 3,
    seed: int = 0,
    noise: float = 0.15,
    amounts: float = 0.6,
) -> pd.DataFrame:
    """A long table. effect(row of the sheet, target) : log2 fold change; noise, amounts : SD over samples of
    each target's level, and of the amount of RNA, in cycles."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in samples.to_dict("records"):
        amount = rng.normal(0, amounts)
        for target in targets:
            level = BASE[target] - effect(row, target) + amount + rng.normal(0, noise)
            for replicate in range(1, wells + 1):
                ct = round(level + rng.normal(0, 0.05), 3)
                rows.append(
                    {"sample": row["sample"], "target": target, "ct": str(ct), "replicate": replicate}
                )
    return pd.DataFrame(rows)
