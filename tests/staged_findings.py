"""Planted tables of interpretation/ and comparison/ for a staged results folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from staged_results import CALLS, gene_ids, gene_table

from rxpress.tables import read_table, write_json, write_table

DRUG, INTERACTION = CALLS
STEPS = ("Chaperones rise", "NF-kB falls", "Apoptosis")
IC50 = {"S1": 1.0, "S2": 10.0, "R1": 100.0, "R2": 1000.0}
# gene, comparison, expected, log2 fold change, adjusted p, verdict, remark
MARKERS = (
    ("HSPA1A", "drug", "up", 2.0, 1e-9, "as expected", None),
    ("PSMB8", "drug", "down", 1.5, 1e-4, "opposite", None),
    ("GAPDH", "drug", "up", 0.05, 0.8, "no change", None),
    ("ITPRIP", "drug", "down", -0.9, 0.2, "inconclusive", "measured as KIAA1754"),
    ("CLIP", "drug", "up", None, None, "not measured", "may be CLIP1, CLIP2 or CD74"),
    ("HSPB1", "interaction", "up", 1.2, 1e-3, "as expected", None),
)


def stage_findings(folder: Path, studies: Sequence[str] = ("study",), notes: Sequence[str] = ()) -> None:
    """Write interpretation/ for studies that `stage_results` wrote, and comparison/ of so many."""
    here = folder / "interpretation"
    tables = {
        "markers": pd.concat(map(_markers, studies)),
        "mechanism": pd.concat(map(_mechanism, studies)),
        "signatures": pd.concat(_signatures(folder, study) for study in studies),
        "signature_coverage": pd.concat(map(_coverage, studies)),
        "signature_tests": pd.concat(map(_signature_tests, studies)),
        "connectivity": pd.concat(map(_connectivity, studies)),
        "pathways": pd.concat(pathways(study) for study in studies),
        "enrichment_curves": pd.concat(map(_curves, studies)),
        "pathway_activity": pd.concat(_activity(folder, study) for study in studies),
        "sensitivity": pd.concat(map(_sensitivity, studies)),
    }
    for name, table in tables.items():
        write_table(table, here / f"{name}.tsv")
    said = {study: {"packs": ["bortezomib"], "notes": list(notes)} for study in studies}
    write_json({"studies": said}, here / "summary.json")
    for study in studies:
        path = folder / "differential" / study / "samples.tsv"
        samples = read_table(path)
        write_table(samples.assign(ic50_nM=samples["cell_line"].map(IC50)), path)
    stage_comparison(folder / "comparison", studies)


def _rows(columns: str, rows: Sequence[Sequence[Any]], **same: Any) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split()).assign(**same)


def _markers(study: str) -> pd.DataFrame:
    columns = "gene comparison expected log2_fold_change p_adjusted_panel verdict remark"
    frame = _rows(columns, MARKERS, study=study, drug="bortezomib", scope="these_lines")
    change = frame["log2_fold_change"].astype(float)
    contrast = frame["comparison"].map({"drug": DRUG, "interaction": INTERACTION})
    measured = {"gene_id": gene_ids()[0], "p_value": frame["p_adjusted_panel"], "matched_by": "symbol"}
    words = {"role": "chaperone <a>", "reference": "doi:10.1/x", "note": "literature disagrees"}
    ends = {"lfc_lower": change - 0.3, "lfc_upper": change + 0.3}
    return frame.assign(contrast=contrast, **ends, **measured, **words)


def _mechanism(study: str) -> pd.DataFrame:
    rows = [
        (STEPS[0], "HEAT_SHOCK", "up", 15, 12, 1.23, 2.1, 1e-4, 1e-3, "as expected"),
        (STEPS[1], "NFKB_TARGETS", "down", 11, 10, 0.8, 1.9, 1e-3, 2e-2, "opposite"),
        (STEPS[2], "APOPTOSIS", "up", 11, 2, None, None, None, None, "not measured"),
    ]
    columns = "step gene_set expected size measured mean_log2_fold_change normalized_score p_adjusted"
    columns += " camera_p_adjusted verdict"
    same = {"study": study, "drug": "bortezomib", "contrast": DRUG, "label": f"label of {DRUG} <5 nM>"}
    return _rows(columns, rows, **same, note="early")


def _signatures(folder: Path, study: str) -> pd.DataFrame:
    samples = read_table(folder / "differential" / study / "samples.tsv", ("sample",))
    scores = {"benefit": "weighted_z", "ranked": "rank", "GEP80": "classifier"}
    parts = []
    for signature, method in scores.items():
        frame = samples[["sample"]].assign(study=study, signature=signature, source="pack", method=method)
        resistant = samples["response"].eq("resistant")
        parts.append(frame.assign(score=np.where(resistant, 2.0, -1.0), **{"class": None}))
        if method == "classifier":
            parts[-1]["class"] = np.where(resistant, "high", "low")
    return pd.concat(parts).assign(coverage=1.0, withheld=None)


def _coverage(study: str) -> pd.DataFrame:
    rows = [
        ("benefit", "exploratory", 14, 13, 13 / 14, "CLIP", None, "It predicts nothing for a single sample."),
        ("short", "exploratory", 10, 5, 0.5, "A;B;C;D;E", "5 of 10 genes were measured", "Nothing."),
    ]
    columns = "signature kind genes measured coverage missing withheld statement"
    return _rows(columns, rows, study=study, source="pack")


def _signature_tests(study: str) -> pd.DataFrame:
    rows = [
        (DRUG, "benefit", "weighted_z", 0.5, -0.1, 1.1, 1.8, 0.09, 0.18, 6),
        (INTERACTION, "benefit", "weighted_z", 1.5, 1.0, 2.0, 5.8, 0.001, 0.002, 12),
        (INTERACTION, "ranked", "rank", 0.1, 0.05, 0.15, 5.0, 0.001, 0.002, 12),
    ]
    columns = "contrast signature method estimate lower upper statistic p_value p_adjusted samples"
    return _rows(columns, rows, study=study, scope="these_lines", source="pack")


def _connectivity(study: str) -> pd.DataFrame:
    columns = "contrast signature score normalized_score p_value p_adjusted up_score down_score withheld"
    rows = [
        (DRUG, "Bush2017", 0.7, 2.5, 1e-4, 2e-4, 0.8, -0.6, None),
        (INTERACTION, "Bush2017", -0.1, -0.5, 0.6, 0.6, -0.1, 0.1, None),
        (DRUG, "Short", None, None, None, None, None, None, "too few genes"),
    ]
    return _rows(columns, rows, study=study, source="pack", up_measured=40, down_measured=20, missing=None)


def pathways(study: str, sets: int = 4) -> pd.DataFrame:
    """The first set rises by both tests, the second falls by GSEA alone, the others do not move."""
    frames = []
    for contrast in CALLS:
        names = [f"SET_{i}" for i in range(sets)]
        p = np.array([1e-5, 0.01] + [0.5] * (sets - 2))
        camera = np.array([1e-4, 0.2] + [0.6] * (sets - 2))
        score = np.array([2.2, -1.6] + [0.8] * (sets - 2))
        frame = pd.DataFrame({"gene_set": names, "normalized_score": score, "score": score / 4})
        tests = {"p_value": p, "p_adjusted": p, "camera_p_value": camera, "camera_p_adjusted": camera}
        over = {"up_found": 7, "up_expected": 1.5, "up_p_adjusted": 0.003, "down_found": 0}
        over |= {"down_expected": 1.2, "down_p_adjusted": 1.0, "up_p_value": 0.003, "down_p_value": 1.0}
        frames.append(
            frame.assign(contrast=contrast, camera_statistic=1.0, permutations=1000, **tests, **over)
        )
    same = {"study": study, "collection": "bortezomib", "source": "doi:10.1/x", "size": 20, "measured": 18}
    return pd.concat(frames).assign(**same, leading_edge=";".join(f"G{i}" for i in range(12)))


def _curves(study: str) -> pd.DataFrame:
    rows = [("SET_0", 0, 0.0), ("SET_0", 5, 0.8), ("SET_0", 100, 0.2), ("SET_0", 200, 0.0)]
    frame = _rows("gene_set position running_sum", rows, study=study, collection="bortezomib")
    return pd.concat(frame.assign(contrast=contrast, rank_statistic=1.0) for contrast in CALLS)


def _activity(folder: Path, study: str) -> pd.DataFrame:
    samples = read_table(folder / "differential" / study / "samples.tsv", ("sample",))
    places = [("contrast", id) for id in CALLS] + [("sample", name) for name in samples["sample"]]
    rows = [
        (*place, pathway, score, 0.001, 0.002, 90, None)
        for place in places
        for pathway, score in (("NFkB", -3.5), ("Hypoxia", 1.5))
    ]
    rows += [
        (*place, pathway, None, None, None, genes, f"{genes} of its 500 genes are measured")
        for place in places
        for pathway, genes in (("Trail", 3), ("WNT", 7), ("p53", 3))
    ]
    return _rows("level id pathway score p_value p_adjusted genes withheld", rows, study=study)


def _sensitivity(study: str) -> pd.DataFrame:
    rows = [
        ("baseline", "untreated", "ENSG003", "G3/x", 0.5, 0.3, 0.7, 5.0, 1e-4, 1e-3, 0.9),
        ("baseline", "untreated", "ENSG004", "G4/x", 0.1, -0.3, 0.5, 0.5, 0.6, 0.8, 0.1),
    ]
    columns = "question setting gene_id gene_name slope lower upper statistic p_value p_adjusted correlation"
    return _rows(columns, rows, study=study, measure="ic50_nM", lines=8)


CONSISTENCY = [
    *("contrast", "label", "studies", "doses_nM", "times_h", "genes_joined", "genes_lost", "same_sign_share"),
    *("correlation", "consistent_up", "consistent_down", "fixed_significant", "median_i2", "note"),
]


def stage_comparison(folder: Path, studies: Sequence[str]) -> None:
    """One study: a table without rows. Several: DRUG is compared."""
    if len(studies) < 2:
        write_table(pd.DataFrame(columns=CONSISTENCY), folder / "consistency.tsv")
        return
    row = [
        DRUG,
        f"label of {DRUG} <5 nM>",
        "; ".join(studies),
        "a: 20",
        "a: 24",
        60,
        0,
        0.9,
        0.8,
        5,
        3,
        8,
        0,
        None,
    ]
    write_table(pd.DataFrame([row], columns=CONSISTENCY), folder / "consistency.tsv")
    write_table(compared(studies), folder / f"{DRUG}.tsv")


def compared(studies: Sequence[str], changes: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Genes of several studies: five rise and three fall in all; on the 30th they differ, surely."""
    frame = gene_table(5, 3)
    table = frame[["gene_id", "gene_name", "log2_fold_change", "lfc_se", "p_value", "p_adjusted"]].assign(
        lfc_lower=frame["log2_fold_change"] - 0.4, lfc_upper=frame["log2_fold_change"] + 0.4
    )
    table = table.assign(studies=len(studies), q_p_value=0.5, i2=0.0, consistent="no", hk_p_adjusted=0.5)
    for number, study in enumerate(studies):
        table[f"log2_fold_change.{study}"] = frame["log2_fold_change"]
        table[f"lfc_se.{study}"] = frame["lfc_se"]
        table[f"p_adjusted.{study}"] = frame["p_adjusted"]
        table.loc[30, [f"log2_fold_change.{study}", f"p_adjusted.{study}"]] = [(-1.0) ** number * 2, 1e-5]
    table.loc[30, "q_p_value"] = 1e-6
    return table.assign(**dict(changes or {}))
