"""dose_response/ and qpcr/ of a small results folder, with planted numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.dose_response.fit_table import CURVE_COLUMNS, FIT_COLUMNS
from rxpress.dose_response.labels import LABEL_COLUMNS
from rxpress.dose_response.plates import COLUMNS as POINT_COLUMNS
from rxpress.qpcr import concordance, fold_changes, reference_genes
from rxpress.tables import write_json, write_table

DRUG, INTERACTION = "drug.bortezomib.S1", "interaction.bortezomib.resistant_vs_sensitive"
NAN = float("nan")
# line, IC50, its interval, as text, flags, label, why
IC50S = (
    ("S1", 2.0, 1.5, 2.5, "2", "", "sensitive", "IC50 2 nM; a 20.0-fold gap parts 2 lines from 2"),
    ("S2", NAN, 120.0, float("inf"), "> 100", "not_reached;extrapolated", "resistant", "the sheet <wins>"),
    ("R1", 40.0, 30.0, 55.0, "40", "", "resistant", "IC50 40 nM; a 20.0-fold gap parts 2 lines from 2"),
    ("R2", NAN, NAN, NAN, "not determined", "poor_fit", None, "IC50 is not determined"),
)
CONTRADICTION = (
    "S2 is sensitive by the samplesheet and resistant by IC50 of bortezomib: the sheet is followed"
)
# contrast, target, log2 fold change by qPCR and its reach, adjusted p, the same of expression, verdict, note
PAIRS = (
    (DRUG, "HSPA1A", 2.0, 0.5, 1e-3, 2.2, 0.3, 1e-9, "confirmed", None),
    (DRUG, "PSMB8", 1.5, 0.4, 1e-3, -1.4, 0.3, 1e-6, "contradicted", None),
    (DRUG, "GAPDH2", 0.05, 0.3, 0.8, 0.1, 0.2, 0.9, "no change", None),
    (DRUG, "CLIP", NAN, NAN, NAN, 0.4, 0.3, 0.5, None, "no fold change by qPCR"),
    (INTERACTION, "HSPA1A", 0.6, 0.8, 0.2, 0.5, 0.6, 0.3, "inconclusive", None),
    (INTERACTION, "PSMB8", 0.1, 1.2, 0.9, -0.2, 0.4, 0.9, "inconclusive", None),
    (INTERACTION, "GAPDH2", 0.0, 0.2, 0.9, 0.1, 0.2, 0.9, "no change", None),
    (INTERACTION, "CLIP", NAN, NAN, NAN, 0.2, 0.3, 0.5, None, "no fold change by qPCR"),
)
MOVES = "ACTB moves in drug.bortezomib.S1: +0.90 cycles"


def stage_arms(folder: Path, studies: Sequence[str] = ("study",)) -> Path:
    """Write dose_response/ and qpcr/ for studies; returns the folder."""
    stage_dose(folder, studies)
    stage_qpcr(folder, studies)
    return folder


def stage_dose(folder: Path, studies: Sequence[str] = ("study",)) -> None:
    """Four lines under one drug, one of each kind."""
    here = folder / "dose_response"
    for name, make in (("fits", _fits), ("labels", _labels), ("curves", _curves), ("points", _points)):
        write_table(pd.concat(map(make, studies)), here / f"{name}.tsv")
    said = {study: {"notes": ["viability stands as fraction", CONTRADICTION]} for study in studies}
    write_json({"studies": said, "warnings": ["line 7: viability 4.2 is high"]}, here / "summary.json")


def stage_qpcr(folder: Path, studies: Sequence[str] = ("study",), labels: bool = False) -> None:
    """Four targets in two contrasts, beside expression; labels : whether summary.json tells them."""
    here = folder / "qpcr"
    write_table(pd.concat(map(_fold_changes, studies)), here / "fold_changes.tsv")
    write_table(pd.concat(map(_pairs, studies)), here / "concordance.tsv")
    write_table(pd.concat(map(_agreement, studies)), here / "concordance_summary.tsv")
    write_table(pd.concat(map(_references, studies)), here / "references.tsv")
    write_table(pd.concat(map(_replicates, studies)), here / "replicates.tsv")
    said = {
        "reference_genes": ["GAPDH", "ACTB"],
        "targets": ["HSPA1A", "PSMB8", "GAPDH2", "CLIP"],
        "samples": [f"s{i}" for i in range(24)],
        "wells": 600,
        "wells_used": 598,
        "not_detected": {"CLIP": ["s1", "s2"]},
        "labels": {DRUG: "the drug in S1", INTERACTION: "the difference"} if labels else {},
        "notes": ["no efficiency is given for PSMB8"],
        "warnings": [MOVES],
    }
    write_json({"studies": {study: {"study": study, **said} for study in studies}}, here / "summary.json")


def _same(study: str) -> dict[str, Any]:
    return {"study": study, "treatment": "bortezomib", "time_h": 48.0}


def _fits(study: str) -> pd.DataFrame:
    rows = [
        {
            **_same(study),
            **{"cell_line": line, "ic50_nM": ic50, "ic50_lower_nM": lower, "ic50_upper_nM": upper},
            **{"ic50_text": text, "flags": flags, "lowest_dose_nM": 1.0, "highest_dose_nM": 100.0},
            **{"top": 1.0, "bottom": -0.001, "hill": 1.5, "ec50_nM": ic50, "auc": 0.4, "r_squared": 0.98},
            **{"model": "4PL", "model_reason": "EC50 lies within the doses", "points": 9, "doses": 3},
        }
        for line, ic50, lower, upper, text, flags, *_ in IC50S
    ]
    return pd.DataFrame(rows, columns=FIT_COLUMNS)


def _labels(study: str) -> pd.DataFrame:
    rows = [
        {**_same(study), "cell_line": line, "response": label, "source": "ic50" if label else "none"}
        | {"ic50_nM": ic50, "reason": why}
        for line, ic50, _, _, _, _, label, why in IC50S
    ]
    return pd.DataFrame(rows, columns=LABEL_COLUMNS)


def _curves(study: str) -> pd.DataFrame:
    grid = np.geomspace(1, 100, 9)
    rows = [
        {**_same(study), "cell_line": line, "dose_nM": dose, "fitted": fitted}
        | {"lower": fitted - 0.05, "upper": fitted + 0.05}
        for line in ("S1", "S2", "R1")
        for dose, fitted in zip(grid, 1 / (1 + grid / 10), strict=True)
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _points(study: str) -> pd.DataFrame:
    wells = [("vehicle", 0.0, 1.0, "false"), ("sample", 1.0, 0.9, "false"), ("sample", 10.0, 0.5, "false")]
    wells += [("sample", 100.0, 0.1, "false"), ("sample", 100.0, 3.0, "true"), ("blank", NAN, NAN, "true")]
    rows = [
        {**_same(study), "cell_line": line, "well_type": kind, "dose_nM": dose, "viability": value}
        | {"excluded": excluded}
        for line, *_ in IC50S
        for kind, dose, value, excluded in wells
    ]
    return pd.DataFrame(rows, columns=POINT_COLUMNS)


def _fold_changes(study: str) -> pd.DataFrame:
    rows = [
        {
            **{"study": study, "contrast": contrast, "target": target, "method": "ddct", "test": "welch"},
            **{"log2_fold_change": lfc, "lfc_lower": lfc - reach, "lfc_upper": lfc + reach},
            **{"fold_change": 2**lfc, "fold_lower": 2 ** (lfc - reach), "fold_upper": 2 ** (lfc + reach)},
            **{"p_value": p / 2, "p_adjusted": p, "samples_up": 3, "samples_down": 3},
            "note": "not detected in 2 of 6 samples: s1, s2" if target == "CLIP" else None,
        }
        for contrast, target, lfc, reach, p, *_ in PAIRS
    ]
    return pd.DataFrame(rows, columns=list(fold_changes.COLUMNS))


def _pairs(study: str) -> pd.DataFrame:
    rows = [
        {
            **{"study": study, "expression_study": study, "contrast": contrast, "target": target},
            **{"gene_id": f"ENSG_{target}", "verdict": verdict, "note": note},
            **{"qpcr_log2_fold_change": q, "qpcr_lfc_lower": q - r, "qpcr_lfc_upper": q + r},
            **{
                "expression_log2_fold_change": e,
                "expression_lfc_lower": e - s,
                "expression_lfc_upper": e + s,
            },
            **{"qpcr_p_adjusted": p, "expression_p_adjusted": t},
            "same_direction": None if np.isnan(q) else "true" if q * e > 0 else "false",
        }
        for contrast, target, q, r, p, e, s, t, verdict, note in PAIRS
    ]
    return pd.DataFrame(rows, columns=list(concordance.COLUMNS))


def _agreement(study: str) -> pd.DataFrame:
    counts = ((DRUG, 2, 1, 1, 1, 0), (INTERACTION, 1, 0, 0, 1, 2))
    rows = [
        {
            **{"study": study, "expression_study": study, "contrast": contrast, "targets": 4, "genes": 3},
            **{"same_direction": same, "same_direction_share": same / 3, "confirmed": confirmed},
            **{"contradicted": against, "no_change": none, "inconclusive": unsure},
        }
        for contrast, same, confirmed, against, none, unsure in counts
    ]
    return pd.DataFrame(rows, columns=list(concordance.SUMMARY))


def _references(study: str) -> pd.DataFrame:
    rows = [
        {
            **{"study": study, "gene": gene, "samples": 24, "m": 0.21, "contrast": contrast},
            **{"shift": 0.1, "relative_shift": sign * shift, "warning": MOVES if warned else None},
        }
        for gene, sign in (("GAPDH", -1), ("ACTB", 1))
        for contrast, shift in ((INTERACTION, 0.1), (DRUG, 0.9))
        for warned in (gene == "ACTB" and contrast == DRUG,)
    ]
    return pd.DataFrame(rows, columns=list(reference_genes.COLUMNS))


def _replicates(study: str) -> pd.DataFrame:
    rows = [
        (study, "s1", "HSPA1A", 24.5, 0.1, 3, 0, None, None),
        (study, "s2", "HSPA1A", 25.1, 1.7, 3, 0, "SD above 0.5", "Ct 27.9 (line 14)"),
        (study, "s1", "CLIP", NAN, NAN, 0, 3, "not detected", None),
    ]
    names = ["study", "sample", "target", "mean_ct", "sd_ct", "wells", "wells_without_ct", "flag", "outlying"]
    return pd.DataFrame(rows, columns=names)
