"""The command test_expression.py: planted effects, studies with nothing to test, real counts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from study_sheets import sheet

from rxpress.contrasts import design_studies
from rxpress.design.conditions import final_samples
from rxpress.design.study_design import StudyDesign
from rxpress.differential.calls import CallRule, call_genes
from rxpress.differential.expression import StudyResults, analyze_study
from rxpress.differential.study_counts import prepare_counts
from rxpress.errors import InputError
from rxpress.inference import BatchedInference, choose_inference
from rxpress.tables import (
    GeneMatrix,
    read_json,
    read_matrix,
    read_table,
    write_json,
    write_matrix,
    write_table,
)

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "test_expression.py"
COLUMNS = [
    "gene_id",
    "gene_name",
    "base_mean",
    "log2_fold_change",
    "lfc_se",
    "statistic",
    "p_value",
    "p_adjusted",
    "p_adjusted_threshold",
    "shrunken_log2_fold_change",
    "shrunken_lfc_se",
    "call",
]
AGREEMENT = ["lines_same_sign", "lines", "lfc_min_leave_one_out", "lfc_max_leave_one_out"]
CHANGED = slice(0, 60)
OPPOSED = slice(60, 90)


def designed(samples: pd.DataFrame, covariates: tuple[str, ...] = ()) -> tuple[pd.DataFrame, StudyDesign]:
    """A study's samples.tsv and design as DESIGN_CONTRASTS makes them; samples not `kept` stay out."""
    found_out = {"reads": None, "percent_mapped": None, "library_type": None, "response_source": "sheet"}
    samples = samples.assign(**{"kept": True, "reason": None, **found_out, **samples.to_dict("series")})
    design = design_studies(samples, "DMSO", None, list(covariates), None)["study"]
    return final_samples(samples, "DMSO").assign(kept=samples["kept"]), design


def planted_counts(samples: pd.DataFrame, genes: int = 800, seed: int = 0) -> GeneMatrix:
    """Counts in which the drug raises CHANGED genes eight-fold, and OPPOSED ones up in S1, down in S2."""
    rng = np.random.default_rng(seed)
    effects = np.zeros((genes, len(samples)))
    treated = (samples["treatment"] != "DMSO").to_numpy()
    effects[CHANGED, treated] = 3
    for line, effect in (("S1", 2), ("S2", -2)):
        effects[OPPOSED, treated & (samples["cell_line"] == line)] = effect
    means = 2 ** (rng.uniform(4, 11, (genes, 1)) + effects) * rng.uniform(0.7, 1.4, len(samples))
    counts = rng.negative_binomial(12, 12 / (12 + means)).astype(float)
    ids = np.array([f"ENSG{i:05d}" for i in range(genes)])
    return GeneMatrix(ids, np.char.replace(ids, "ENSG", "NAME"), samples["sample"].tolist(), counts)


def analyzed(samples: pd.DataFrame, counts: GeneMatrix, rule: CallRule | None = None) -> StudyResults:
    samples, design = designed(samples)
    samples = samples[samples["kept"]]
    ready = prepare_counts(counts, None, samples["sample"].tolist())
    return analyze_study(ready, samples, design, rule or CallRule(), BatchedInference())


@pytest.fixture(scope="module")
def two_lines() -> StudyResults:
    samples = sheet({"S1": "sensitive", "S2": "sensitive"})
    return analyzed(samples, planted_counts(samples))


@pytest.fixture
def run(tmp_path):
    """Runs the command on a study's matrix; returns the finished process and its output folder."""

    def test(
        matrix: GeneMatrix,
        samples: pd.DataFrame,
        design: StudyDesign,
        *options: str,
        measured: str = "counts",
    ):
        write_matrix(matrix, tmp_path / f"{measured}.tsv")
        write_table(
            samples.assign(kept=samples["kept"].map({True: "true", False: "false"})), tmp_path / "samples.tsv"
        )
        write_json(design.to_json(), tmp_path / "contrasts.json")
        files = FILES | {measured: f"{measured}.tsv"}
        words = [f"--{name}={tmp_path / file}" for name, file in files.items()]
        done = subprocess.run(
            [sys.executable, COMMAND, *words, *options], capture_output=True, text=True, check=False
        )
        return done, tmp_path / "out"

    return test


FILES = {"samples": "samples.tsv", "contrasts": "contrasts.json", "outdir": "out"}


def test_the_command_writes_every_table_of_a_study(run) -> None:
    samples, design = designed(sheet())
    counts = planted_counts(samples)
    done, out = run(counts, samples, design)
    assert (done.returncode, done.stderr) == (0, "")
    assert {path.name for path in out.iterdir()} == {
        "log2_expression.tsv",
        "size_factors.tsv",
        "dispersions.tsv",
        "summary.tsv",
        "fit.json",
        "second_opinion.tsv",
        "second_opinion_genes.tsv",
        *(f"{contrast.id}.tsv" for contrast in design.contrasts),
    }
    summary = read_table(out / "summary.tsv").set_index("id")
    assert (summary["status"] == "ok").all()
    table = read_table(out / "drug.bortezomib.S1.tsv")
    assert table.columns.tolist() == COLUMNS
    assert table["gene_id"].tolist() == counts.gene_ids.tolist()
    assert summary.loc["drug.bortezomib.S1", "up"] == (table["call"] == "up").sum()
    assert read_matrix(out / "log2_expression.tsv").samples == counts.samples
    assert read_json(out / "fit.json")["transformation"] == "vst"


def test_the_same_input_gives_the_same_bytes_whatever_the_threads(run, tmp_path) -> None:
    samples, design = designed(sheet({"S1": "sensitive"}))
    counts = planted_counts(samples)
    _, out = run(counts, samples, design)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run(counts, samples, design, "--threads=2")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_matrices_that_lack_a_sample_or_hold_logs_are_refused(run) -> None:
    samples, design = designed(sheet({"S1": "sensitive"}))
    counts = planted_counts(samples)
    done, out = run(counts.select(counts.samples[1:]), samples, design)
    assert done.returncode == 2
    assert f"no counts of {counts.samples[0]}" in done.stderr
    assert not out.exists()
    with pytest.raises(InputError, match="0 and above"):
        prepare_counts(replace(counts, values=-counts.values), None, counts.samples)


def test_planted_effects_are_found_with_their_direction(two_lines: StudyResults) -> None:
    table = two_lines.tables["drug.bortezomib.S1.tsv"]
    called = table["call"].to_numpy()
    assert (called[CHANGED] == "up").mean() >= 0.95
    assert (called[OPPOSED] == "up").mean() >= 0.9
    assert np.isin(called[90:], ["up", "down"]).sum() <= 10
    assert np.median(table["log2_fold_change"][CHANGED]) == pytest.approx(3, abs=0.3)


def test_an_average_says_how_many_lines_share_its_sign(two_lines: StudyResults) -> None:
    average = next(table for table in two_lines.tables.values() if "lines_same_sign" in table)
    assert average.columns.tolist() == [*COLUMNS, *AGREEMENT]
    assert (average["lines"] == 2).all()
    assert (average["lines_same_sign"][CHANGED] == 2).all()
    assert (average["lines_same_sign"][OPPOSED] == 1).all()
    summary = two_lines.tables["summary.tsv"].set_index("id")["lines_agree"]
    assert summary["drug.bortezomib.all"] == 1
    assert np.isnan(summary["drug.bortezomib.S1"])


def test_a_call_needs_both_a_small_p_value_and_a_fold_change() -> None:
    samples = sheet({"S1": "sensitive"})
    counts = planted_counts(samples)
    for rule in (CallRule(), CallRule(alpha=0.01, fold_change=4), CallRule(p_value="raw")):
        results = analyzed(samples, counts, rule)
        table = results.tables["drug.bortezomib.S1.tsv"]
        p_value = table["p_value" if rule.p_value == "raw" else "p_adjusted"]
        called = table["call"].isin(["up", "down"])
        assert called.equals(
            (p_value < rule.alpha) & (table["log2_fold_change"].abs() >= np.log2(rule.fold_change))
        )
        assert (table["call"] == "untested").equals(p_value.isna())
        expected = results.facts.get("expected_false_positives", {})
        assert expected == ({} if rule.p_value == "adjusted" else dict.fromkeys(expected, 0.05 * 800))


def test_calls_begin_at_the_very_thresholds() -> None:
    estimate = np.array([1.0, -1.0, 0.999, 3.0, 3.0, 3.0])
    p_adjusted = np.array([0.049, 0.049, 0.001, 0.05, 0.051, np.nan])
    test = SimpleNamespace(
        estimate=estimate, error=None, statistic=None, p_value=p_adjusted / 2, p_adjusted=p_adjusted
    )
    at_5_percent = ["up", "down", "unchanged", "unchanged", "unchanged", "untested"]
    assert call_genes(test, CallRule(0.05, 2)).tolist() == at_5_percent
    assert call_genes(test, CallRule(0.025, 2, "raw")).tolist() == at_5_percent


@pytest.mark.parametrize(("alpha", "fold_change"), [(0, 2), (1.5, 2), (0.05, 0.5)])
def test_impossible_rules_are_refused(alpha: float, fold_change: float) -> None:
    with pytest.raises(InputError, match=r"--alpha|--fold_change"):
        CallRule(alpha, fold_change)


def nothing_to_test() -> dict[str, tuple[pd.DataFrame, GeneMatrix, str]]:
    """Studies without a test, and what the summary says of them."""
    samples = sheet({"S1": "sensitive"})
    counts = planted_counts(samples)
    empty = counts.values.copy()
    empty[:, 2] = 0
    pair = sheet({"S1": "sensitive"}, replicates=1)
    return {
        "one sample": (pair[:1], planted_counts(pair[:1]), "replicates"),
        "no replicates": (pair, planted_counts(pair), "no replicates"),
        "no counts": (
            samples,
            replace(counts, values=np.zeros_like(empty)),
            "no counts at all in S1_DMSO_0_24_1",
        ),
        "an empty sample": (samples, replace(counts, values=empty), "no counts at all in S1_DMSO_0_24_3"),
        "no sample kept": (samples.assign(kept=False), counts, "can be used"),
        "no genes": (
            samples,
            GeneMatrix(*([np.array([], dtype=str)] * 2), counts.samples, empty[:0]),
            "no counts",
        ),
    }


@pytest.mark.parametrize("name", nothing_to_test())
def test_a_study_with_nothing_to_test_has_its_expression_and_the_reason(name: str) -> None:
    samples, counts, reason = nothing_to_test()[name]
    results = analyzed(samples, counts)
    kept = len(samples) if "kept" not in samples else int(samples["kept"].sum())
    assert sorted(results.tables) == ["size_factors.tsv", "summary.tsv"]
    assert (results.tables["summary.tsv"]["status"] == "not_estimable").all()
    assert results.tables["summary.tsv"]["reason"].str.contains(reason).all()
    assert reason in results.facts["untested_because"]
    assert np.shape(results.expression.values) == (len(counts.gene_ids), kept)
    assert np.isfinite(results.expression.values).all()
    assert len(results.tables["size_factors.tsv"]) == kept


def test_samples_that_are_not_kept_touch_nothing() -> None:
    samples = sheet({"S1": "sensitive"}, replicates=4)
    spoilt = samples["replicate"] == "4"
    counts = planted_counts(samples)
    ruined = counts.values.copy()
    ruined[:, spoilt] = 10**6
    without = analyzed(samples[~spoilt].reset_index(drop=True), counts)
    left_out = analyzed(samples.assign(kept=~spoilt), replace(counts, values=ruined))
    for name, table in without.tables.items():
        pd.testing.assert_frame_equal(table, left_out.tables[name])


def test_a_design_of_other_samples_is_refused() -> None:
    samples, design = designed(sheet({"S1": "sensitive"}))
    counts = planted_counts(samples)
    fewer = samples[samples["sample"] != counts.samples[0]]
    ready = prepare_counts(counts, None, fewer["sample"].tolist())
    with pytest.raises(InputError, match=f"what samples.tsv does not keep: {counts.samples[0]}"):
        analyze_study(ready, fewer, design, CallRule(), BatchedInference())


def test_a_few_genes_that_swallow_the_reads_of_one_side_are_warned_of() -> None:
    samples = sheet({"S1": "sensitive"})
    counts = planted_counts(samples)
    flooded = counts.values.copy()
    flooded[:2, samples["treatment"] != "DMSO"] = flooded.sum()
    unmoved = planted_counts(samples.assign(treatment="DMSO"))
    assert analyzed(samples, unmoved).facts["warnings"] == []
    assert any(
        "size factors" in text
        for text in analyzed(samples, replace(counts, values=flooded)).facts["warnings"]
    )


@pytest.mark.parametrize(("more", "warned"), [(0.3, False), (1.0, True)])
def test_a_shift_is_warned_of_from_one_and_a_half_fold_on(more: float, warned: bool) -> None:
    """Under the drug two genes take so many reads more: libraries grow, size factors do not."""
    samples = sheet({"S1": "sensitive"})
    counts = planted_counts(samples.assign(treatment="DMSO"))
    flooded = counts.values.copy()
    flooded[:2] += np.where(samples["treatment"] != "DMSO", more / 2 * flooded.sum(axis=0), 0).round()
    warnings = analyzed(samples, replace(counts, values=flooded)).facts["warnings"]
    assert any("size factors and library sizes part" in text for text in warnings) == warned


def test_counts_and_lengths_give_the_length_scaled_counts_of_tximport() -> None:
    genes, samples = np.array(["a", "b"]), ["x", "y"]
    counts = GeneMatrix(genes, genes, samples, np.array([[100.0, 50], [100, 50]]))
    lengths = GeneMatrix(genes, genes, samples, np.array([[1000.0, 500], [1000, 1000]]))
    scaled = prepare_counts(counts, lengths, samples, "scaled").values
    assert scaled[:, 0].tolist() == [round(200 * 0.75 / 1.75), round(200 / 1.75)]
    assert scaled[:, 1].tolist() == [round(100 * 1.5 / 2.5), round(100 / 2.5)]


def test_lengths_that_do_not_fit_the_counts_are_refused() -> None:
    genes, samples = np.array(["a", "b"]), ["x", "y"]
    counts = GeneMatrix(genes, genes, samples, np.full((2, 2), 50.0))
    strange = [
        replace(counts, gene_ids=genes[::-1]),
        replace(counts, samples=["x", "z"]),
        replace(counts, values=np.zeros((2, 2))),
    ]
    for lengths in strange:
        with pytest.raises(InputError, match="lengths"):
            prepare_counts(counts, lengths, samples, "offset")
    with pytest.raises(InputError, match="needs gene lengths"):
        prepare_counts(counts, None, samples, "offset")
    with pytest.raises(InputError, match="knows no length offsets"):
        choose_inference("pydeseq2", length_correction="offset")


def test_control_genes_are_named_by_id_or_name() -> None:
    samples = sheet({"S1": "sensitive"})
    counts = planted_counts(samples)
    plain = prepare_counts(counts, None, counts.samples)
    wanted = [*counts.gene_ids[200:250], *counts.gene_names[250:300]]
    controlled = prepare_counts(counts, None, counts.samples, control_genes=wanted)
    few = GeneMatrix(
        *(part[200:300] for part in (counts.gene_ids, counts.gene_names)),
        counts.samples,
        counts.values[200:300],
    )
    truth = prepare_counts(few, None, counts.samples)
    assert np.array_equal(controlled.normalization.factors, truth.normalization.factors)
    assert not np.array_equal(controlled.normalization.factors, plain.normalization.factors)
    with pytest.raises(InputError, match="ACTB"):
        prepare_counts(counts, None, counts.samples, control_genes=["ACTB"])


@pytest.mark.real
@pytest.mark.parametrize(
    ("covariates", "file"), [((), "pasilla_DESeq2__condition"), (("type",), "pasilla_DESeq2__type_condition")]
)
def test_pasilla_is_tested_as_by_r(real_data: Path, run, covariates: tuple[str, ...], file: str) -> None:
    """R's results are for the genes with ten counts and more, filtered for alpha = 0.1."""
    folder = real_data / "counts_pasilla"
    theirs = pd.read_csv(folder / f"{file}.csv.gz", index_col=0)
    counts = read_matrix(folder / "pasilla_gene_counts.tsv")
    genes = pd.Index(counts.gene_ids).isin(theirs.index)
    counts = GeneMatrix(
        counts.gene_ids[genes], counts.gene_names[genes], counts.samples, counts.values[genes]
    )
    done, out = run(counts, *designed(pasilla_sheet(folder), covariates), "--alpha=0.1")
    assert (done.returncode, done.stderr) == (0, "")
    ours = read_table(out / "drug.RNAi.S2.tsv").set_index("gene_id").loc[theirs.index]
    for level in (0.05, 0.1):
        called, truth = ours["p_adjusted"] < level, theirs["padj"] < level
        assert (called & truth).sum() >= 0.99 * (called | truth).sum()
    likely = theirs["pvalue"] < 0.1
    ratio = ours["log2_fold_change"][likely] / theirs["log2FoldChange"][likely]
    assert np.quantile(np.abs(ratio - 1), 0.99) < 1e-3


def pasilla_sheet(folder: Path) -> pd.DataFrame:
    annotation = pd.read_csv(folder / "pasilla_sample_annotation.csv")
    return pd.DataFrame(
        {
            "sample": annotation["file"].str.removesuffix("fb"),
            "study": "study",
            "cell_line": "S2",
            "treatment": annotation["condition"].map({"treated": "RNAi", "untreated": "DMSO"}),
            "type": annotation["type"],
        }
    )
