"""One fit or one per line: chosen by dispersions, exact for each line, right in its error rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from study_sheets import LINES, sheet

from rxpress.contrasts import design_studies
from rxpress.deseq.contrast import ContrastTest, evaluate_contrast
from rxpress.deseq.fit import fit_study
from rxpress.design.conditions import final_samples
from rxpress.design.study_design import StudyDesign
from rxpress.design.study_model import coefficient_vector
from rxpress.differential.fit_choice import ChosenFit, choose_fit
from rxpress.differential.model_data import CountData
from rxpress.differential.study_counts import StudyCounts, prepare_counts
from rxpress.errors import InputError
from rxpress.inference import BatchedInference, Inference, choose_inference
from rxpress.tables import GeneMatrix

SILENT = slice(0, 20)
NOISY = "S1"


def null_study(
    fold: float, genes: int = 1500, samples: pd.DataFrame | None = None
) -> tuple[StudyCounts, pd.DataFrame, StudyDesign]:
    """A study without drug effects; line NOISY is `fold` times as dispersed, R2 lacks the SILENT genes."""
    samples = sheet(LINES) if samples is None else samples
    found_out = dict.fromkeys(("reads", "percent_mapped", "library_type", "response_source", "reason"))
    samples = samples.assign(kept=True, **found_out)
    design = design_studies(samples, "DMSO", None, [], None)["study"]
    rng = np.random.default_rng(11)
    lines = samples["cell_line"].to_numpy()
    base = 2 ** rng.normal(8, 2, (genes, 1))
    of_line = {line: rng.normal(0, 0.4, (genes, 1)) for line in LINES}
    means = base * np.exp(np.hstack([of_line[line] for line in lines])) * rng.uniform(0.7, 1.4, len(lines))
    means[SILENT, lines == "R2"] = 0
    dispersions = (
        (0.05 + 2 / base) * np.where(lines == NOISY, fold, 1) * np.exp(rng.normal(0, 0.4, (genes, 1)))
    )
    counts = rng.poisson(means * rng.gamma(1 / dispersions, dispersions)).astype(float)
    ids = np.array([f"g{i}" for i in range(genes)])
    matrix = GeneMatrix(ids, ids, samples["sample"].tolist(), counts)
    return (
        prepare_counts(matrix, None, matrix.samples),
        final_samples(samples, "DMSO").assign(kept=True),
        design,
    )


def fitted(
    counts: StudyCounts, samples: pd.DataFrame, design: StudyDesign, wanted: str, inference: Inference
) -> ChosenFit:
    (model,) = design.models
    data = CountData.of(model, counts, samples)
    return choose_fit(data, design.of_model(model), wanted, inference)


def chosen(fold: float, wanted: str) -> tuple[ChosenFit, StudyCounts]:
    counts, samples, design = null_study(fold)
    return fitted(counts, samples, design, wanted, BatchedInference()), counts


def drug_weights(*lines: str) -> dict[str, float]:
    """The drug effect averaged over lines."""
    conditions = {"bortezomib.20nM.24h": 1 / len(lines), "DMSO.24h": -1 / len(lines)}
    return {f"{line}.{name}": weight for line in lines for name, weight in conditions.items()}


def drug_effect(fit: ChosenFit, *lines: str) -> ContrastTest:
    vector = coefficient_vector(drug_weights(*lines), fit.coefficients)
    return evaluate_contrast(fit.fit, vector, BatchedInference(), 0.05, 1.0)


def test_lines_of_equal_dispersion_share_one_fit() -> None:
    fit, _ = chosen(1, "auto")
    assert fit.kind == "study"
    assert fit.relative_dispersions == pytest.approx(dict.fromkeys(LINES, 1), rel=0.15)


@pytest.mark.parametrize(("fold", "kind"), [(1.18, "study"), (1.4, "cell_line")])
def test_lines_part_where_one_is_a_quarter_more_dispersed(fold: float, kind: str) -> None:
    fit, _ = chosen(fold, "auto")
    assert fit.kind == kind, fit.reason


@pytest.mark.parametrize("fold", [3, 6])
def test_a_noisy_line_is_fitted_apart_and_each_line_keeps_its_error_rate(fold: float) -> None:
    apart, _ = chosen(fold, "auto")
    together, _ = chosen(fold, "study")
    assert apart.kind == "cell_line"
    assert apart.relative_dispersions[NOISY] == pytest.approx(fold, rel=0.2)
    assert np.nanmean(drug_effect(together, NOISY).p_value < 0.05) > 0.12
    for line in LINES:
        assert 0.03 < np.nanmean(drug_effect(apart, line).p_value < 0.05) < 0.075


def test_each_line_has_the_results_of_its_samples_alone() -> None:
    apart, counts = chosen(3, "cell_line")
    rows = sheet(LINES)["cell_line"].to_numpy() == "S2"
    columns = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    alone = fit_study(counts.values[:, rows], counts.normalization.factors[rows], columns, BatchedInference())
    theirs = evaluate_contrast(alone, np.array([-1.0, 1.0]), BatchedInference(), 0.05, 1.0)
    ours = drug_effect(apart, "S2")
    seen = alone.fitted_genes
    for name in ("estimate", "error", "p_value", "shrunken", "shrunken_error"):
        assert getattr(ours, name)[seen] == pytest.approx(getattr(theirs, name)[seen], rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("wanted", ["cell_line", "study"])
def test_an_outlier_in_one_line_leaves_the_others_their_results(wanted: str) -> None:
    """Apart, not a bit changes; in one fit the gene's dispersion is shared, but no p value is lost."""
    counts, samples, design = null_study(3, 600)
    vehicle, hit = int(np.flatnonzero(samples["cell_line"] == "S1")[0]), slice(100, 160)
    spoiled = counts.values.copy()
    spoiled[hit, vehicle] = spoiled[hit, vehicle] * 100 + 5000
    other = replace(counts, genes=replace(counts.genes, values=spoiled))
    before, after = (fitted(c, samples, design, wanted, BatchedInference()) for c in (counts, other))
    assert np.isnan(drug_effect(after, "S1").p_value[hit]).sum() > 40
    for line in ("S2", "R1"):
        earlier, later = drug_effect(before, line), drug_effect(after, line)
        if wanted == "cell_line":
            for name in ("estimate", "error", "p_value", "shrunken", "shrunken_error"):
                assert np.array_equal(getattr(earlier, name), getattr(later, name), equal_nan=True)
        assert np.array_equal(np.isnan(earlier.p_value), np.isnan(later.p_value))
        assert later.estimate == pytest.approx(earlier.estimate, abs=0.1, nan_ok=True)


def test_an_average_joins_lines_by_estimate_and_standard_error() -> None:
    apart, _ = chosen(3, "cell_line")
    parts = [drug_effect(apart, line) for line in LINES]
    average = drug_effect(apart, *LINES)
    seen = np.arange(SILENT.stop, len(average.estimate))
    estimate = np.mean([part.estimate[seen] for part in parts], axis=0)
    error = np.sqrt(np.sum([part.error[seen] ** 2 for part in parts], axis=0)) / len(parts)
    assert average.estimate[seen] == pytest.approx(estimate, abs=1e-9, nan_ok=True)
    assert average.error[seen] == pytest.approx(error, rel=1e-6, nan_ok=True)


def test_a_gene_silent_in_one_line_is_still_tested_in_the_average() -> None:
    apart, counts = chosen(3, "cell_line")
    expressed = counts.values[SILENT].any(axis=1)
    assert np.isfinite(drug_effect(apart, *LINES).p_value[SILENT][expressed]).all()
    assert (drug_effect(apart, "R2").p_value[SILENT][expressed] == 1).all()


def test_lines_that_cannot_be_fitted_apart_share_a_fit_or_are_refused() -> None:
    full = sheet(LINES)
    bare = full[~((full["cell_line"] == "R1") & (full["replicate"] != "1"))].reset_index(drop=True)
    counts, samples, design = null_study(3, 300, bare)
    fit = fitted(counts, samples, design, "auto", BatchedInference())
    assert (fit.kind, fit.reason) == ("study", "no replicates within R1")
    with pytest.raises(InputError, match="no replicates within R1"):
        fitted(counts, samples, design, "cell_line", BatchedInference())
    counts, samples, design = null_study(3, 300, sheet({"S1": "sensitive"}))
    assert "several lines" in fitted(counts, samples, design, "auto", BatchedInference()).reason
    counts, samples, design = null_study(3, 30)
    assert "too few genes" in fitted(counts, samples, design, "auto", BatchedInference()).reason
    assert "PyDESeq2" in fitted(counts, samples, design, "auto", choose_inference("pydeseq2")).reason
