"""A study of two lines under bortezomib with simulated counts, as its tests leave it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from study_sheets import sheet

from rxpress.contrasts import design_studies
from rxpress.design.conditions import final_samples
from rxpress.differential.calls import CallRule
from rxpress.differential.expression import analyze_study
from rxpress.differential.study_counts import prepare_counts
from rxpress.inference import BatchedInference
from rxpress.interpretation.drug_pack import DrugPack, read_drug_pack
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.tables import GeneMatrix, read_json, write_json, write_matrix, write_table

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = read_json(ROOT / "assets" / "schema" / "drug_pack.schema.json")
PACK = read_drug_pack(ROOT / "assets" / "drugs" / "bortezomib", SCHEMA)
LINES = {"S1": "sensitive", "R1": "resistant"}
OTHERS = 400
DISPERSION = 0.08


def pack_symbols(pack: DrugPack = PACK) -> list[str]:
    """Every gene that a pack names and that a table can hold, once."""
    symbols = [marker.gene.symbol for marker in pack.markers if not marker.gene.candidates]
    symbols += [gene for one in pack.gene_sets for gene in one.genes]
    symbols += [g.gene.symbol for one in pack.signatures for g in one.genes if not g.gene.candidates]
    return list(dict.fromkeys(symbols))


def simulate(
    seed: int, drug_effects: Mapping[str, float] | None = None, samples: pd.DataFrame | None = None
) -> StudyEvidence:
    """Negative binomial counts of the pack's genes and OTHERS more, tested as the pipeline tests them.

    drug_effects : log2 fold change under the drug by symbol, the same in every line. Without any nothing
    differs between samples but their depth, so no contrast has anything to find.
    """
    rng = np.random.default_rng(seed)
    samples = sheet(LINES) if samples is None else samples
    names = [*pack_symbols(), *(f"OTHER{i}" for i in range(OTHERS))]
    effects = np.array([(drug_effects or {}).get(name, 0.0) for name in names])
    treated = (samples["treatment"] != "DMSO").to_numpy()
    means = 2 ** (rng.uniform(4, 11, (len(names), 1)) + effects[:, None] * treated)
    means *= rng.uniform(0.7, 1.4, len(samples))
    counts = rng.negative_binomial(1 / DISPERSION, 1 / (1 + DISPERSION * means)).astype(float)
    ids = np.array([f"ENSG{i:011d}" for i in range(len(names))])
    return fitted(samples, GeneMatrix(ids, np.array(names), samples["sample"].tolist(), counts))


def fitted(samples: pd.DataFrame, counts: GeneMatrix) -> StudyEvidence:
    """Design, test and hand on a study, as the stages before do."""
    known = {"reads": None, "percent_mapped": None, "library_type": None, "response_source": "sheet"}
    samples = samples.assign(kept=True, reason=None, **known)
    design = design_studies(samples, "DMSO", None, [], None)["study"]
    final = final_samples(samples, "DMSO").assign(kept=True)
    ready = prepare_counts(counts, None, final["sample"].tolist())
    results = analyze_study(ready, final, design, CallRule(), BatchedInference())
    tests = {c.id: results.tables[f"{c.id}.tsv"] for c in design.contrasts if f"{c.id}.tsv" in results.tables}
    return StudyEvidence("study", design, final, tests, results.expression)


def write_study(study: StudyEvidence, folder: Path) -> tuple[Path, Path]:
    """The study's folders under differential/ and expression/, as published."""
    differential, expression = folder / "differential" / study.name, folder / "expression" / study.name
    write_json(study.design.to_json(), differential / "contrasts.json")
    write_table(study.samples, differential / "samples.tsv")
    for name, table in study.tests.items():
        write_table(table, differential / f"{name}.tsv")
    if study.log2:
        write_matrix(study.log2, expression / "log2_expression.tsv")
    return differential, expression
