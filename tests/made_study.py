"""A study of any size with numbers drawn at random, as read from a results folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtr

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.study_design import Contrast, StudyDesign
from rxpress.design.study_model import StudyModel
from rxpress.report.arms import read_arrays
from rxpress.report.findings import read_findings
from rxpress.report.results import Results, Study
from rxpress.tables import GeneMatrix


def draw_results(studies: int, genes: int, samples: int, contrasts: int) -> Results:
    """Results of studies of one size."""
    rng = np.random.default_rng(1)
    made = tuple(draw_study(f"study{i}", genes, samples, contrasts, rng) for i in range(studies))
    versions = pd.DataFrame(columns=["process", "tool", "version"])
    nothing = read_findings(Path("no results"))
    return Results(made, pd.DataFrame(), {}, (), {}, {}, {}, versions, nothing)


def draw_study(name: str, genes: int, samples: int, contrasts: int, rng: np.random.Generator) -> Study:
    """A study of lines with and without a drug in triplicate, and contrasts of 15-digit numbers."""
    lines = [f"line{i // 6}" for i in range(samples)]
    treatments = ["DMSO" if i % 6 < 3 else "bortezomib" for i in range(samples)]
    table = pd.DataFrame({"sample": [f"{name}_s{i}" for i in range(samples)], "study": name, "kept": True})
    table = table.assign(cell_line=lines, treatment=treatments, dose_nM=20.0, time_h=24.0)
    table["condition"] = table["cell_line"] + "." + table["treatment"]
    ids = np.array([f"ENSG{i:011d}" for i in range(genes)])
    names = np.array([f"GENE{i}" for i in range(genes)])
    level = rng.normal(8, 3, (genes, 1))
    log2 = GeneMatrix(ids, names, table["sample"].tolist(), level + rng.normal(0, 0.4, (genes, samples)))
    tests = {
        f"drug.bortezomib.line{i}": draw_contrast(pd.DataFrame({"gene_id": ids, "gene_name": names}), rng)
        for i in range(contrasts)
    }
    design = StudyDesign(
        name,
        unit="cell_line",
        vehicle="DMSO",
        conditions=tuple(table["condition"].unique()),
        covariates=(),
        untested_because="",
        notes=(),
        models=(StudyModel("conditions", dict(zip(table["sample"], table["condition"], strict=True))),),
        contrasts=tuple(made_contrast(id) for id in tests),
    )
    empty = pd.DataFrame()
    summary = pd.DataFrame({"id": list(tests)})
    arrays = read_arrays(Path("of a study of counts"))
    return Study(name, table, design, summary, tests, {}, log2, empty, empty, empty, empty, arrays)


def draw_contrast(genes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A gene table in which a fifth of the genes change."""
    n = len(genes)
    error = rng.uniform(0.1, 0.6, n)
    change = rng.normal(0, error) + np.where(rng.random(n) < 0.2, rng.normal(0, 2, n), 0)
    statistic = change / error
    p_value = 2 * ndtr(-np.abs(statistic))
    adjusted = benjamini_hochberg(p_value)
    called = (adjusted < 0.05) & (np.abs(change) >= 1)
    return genes.assign(
        base_mean=rng.lognormal(5, 2, n),
        log2_fold_change=change,
        lfc_se=error,
        statistic=statistic,
        p_value=p_value,
        p_adjusted=adjusted,
        p_adjusted_threshold=np.minimum(1, adjusted * 10),
        shrunken_log2_fold_change=change * 0.9,
        shrunken_lfc_se=error,
        call=np.where(called, np.where(change > 0, "up", "down"), "unchanged"),
    )


def made_contrast(id: str) -> Contrast:
    return Contrast(
        id, f"label of {id}", "drug", "conditions", {}, (), (), "wald", "ok", "", "these_lines", ()
    )
