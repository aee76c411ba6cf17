"""Signatures of a study: which genes were found, what is withheld, and tests under the study's own model."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp, ttest_ind, ttest_rel
from simulated_response import PACK, SCHEMA
from study_sheets import BORTEZOMIB, DMSO, sheet

from rxpress.contrasts import plan_study
from rxpress.errors import Problems
from rxpress.interpretation.connectivity_table import connectivity_table
from rxpress.interpretation.drug_pack import Signature, SignatureGene, read_signatures
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_names import PackGene
from rxpress.interpretation.signature_tables import SignatureTables, SourcedSignature, signature_tables
from rxpress.interpretation.study_genes import StudyGenes
from rxpress.tables import GeneMatrix, write_records

THREE = {"S1": "sensitive", "S2": "sensitive", "S3": "sensitive"}
SIX = {**THREE, "R1": "resistant", "R2": "resistant", "R3": "resistant"}


def study_of(
    samples: pd.DataFrame, values: np.ndarray, names: list[str], covariates: tuple[str, ...] = ()
) -> StudyEvidence:
    """A study with this log2 expression (genes, samples), whose contrasts all have a gene table."""
    design = plan_study(samples, "DMSO", None, covariates)
    ids = [f"ENSG{i:011d}" for i in range(len(names))]
    z = np.random.default_rng(0).normal(size=len(names))
    table = pd.DataFrame(
        {"gene_id": ids, "gene_name": names, "base_mean": values.mean(axis=1), "statistic": z, "p_value": 0.5}
    )
    tests = {contrast.id: table for contrast in design.contrasts if contrast.status == "ok"}
    matrix = GeneMatrix(np.array(ids), np.array(names), samples["sample"].tolist(), values)
    return StudyEvidence("study", design, samples, tests, matrix)


def signature(*genes: PackGene | str, method: str = "exploratory", statement: str = "") -> SourcedSignature:
    found = [gene if isinstance(gene, PackGene) else PackGene(gene) for gene in genes]
    members = tuple(SignatureGene(gene, "up", None, None, None, "") for gene in found)
    return SourcedSignature("test", Signature("S", method, "z", None, "pmid:1", members, statement))


def tables_of(study: StudyEvidence, *signatures: SourcedSignature) -> SignatureTables:
    genes = StudyGenes.of_study(study)
    assert genes is not None
    return signature_tables(study, genes, signatures)


@pytest.fixture
def two_lines() -> StudyEvidence:
    samples = sheet({"S1": "sensitive", "R1": "resistant"})
    values = np.random.default_rng(1).normal(8, 1, (60, len(samples)))
    return study_of(samples, values, [*"ABCDEFGH", *(f"G{i}" for i in range(52))])


def test_every_sample_has_a_score_by_three_methods(two_lines: StudyEvidence) -> None:
    scores = tables_of(two_lines, signature(*"ABCDE")).scores
    assert list(scores["method"].unique()) == ["weighted_z", "rank", "ssgsea"]
    assert list(scores["sample"]) == two_lines.samples["sample"].tolist() * 3
    assert two_lines.log2 is not None
    z = two_lines.log2.values[:5]
    z = (z - z.mean(axis=1, keepdims=True)) / z.std(axis=1, ddof=1, keepdims=True)
    expected = z.sum(axis=0) / np.sqrt(5)
    assert scores["score"][scores["method"] == "weighted_z"].to_numpy() == pytest.approx(expected)
    assert scores["class"].isna().all()


def test_genes_are_found_by_alias_and_ambiguous_and_missing_ones_are_named(two_lines: StudyEvidence) -> None:
    wanted = ["A", "B", "C", PackGene("NEW", aliases=("D",)), PackGene("CLIP", candidates=("E", "F"))]
    tables = tables_of(two_lines, signature(*wanted))
    genes = tables.genes.set_index("gene")
    assert list(genes["matched_by"]) == ["symbol", "symbol", "symbol", "alias", "ambiguous"]
    assert genes.loc["NEW", "gene_id"] == "ENSG00000000003"
    assert genes.loc["NEW", "remark"] == "by its old symbol D"
    assert genes.loc["CLIP", "remark"] == "may mean E, F: not guessed"
    (row,) = tables.coverage.itertuples()
    assert (row.genes, row.measured, row.coverage, row.missing) == (5, 4, 0.8, "CLIP")
    assert pd.isna(row.withheld)
    assert tables.scores["score"].notna().all()


def test_under_80_percent_nothing_is_scored_or_tested(two_lines: StudyEvidence) -> None:
    tables = tables_of(two_lines, signature("A", "B", "C", "NOT1", "NOT2"))
    assert tables.scores["score"].isna().all()
    assert set(tables.scores["withheld"]) == {"3 of 5 genes were measured, under 80%"}
    assert tables.coverage["missing"][0] == "NOT1;NOT2"
    assert tables.tests.empty


def test_of_rows_with_one_symbol_the_best_expressed_is_scored_and_the_remark_says_so() -> None:
    samples = sheet({"S1": "sensitive"})
    values = np.random.default_rng(2).normal(8, 1, (20, len(samples)))
    values[4] += 3
    study = study_of(samples, values, ["A", "B", "C", "A", "A", *(f"G{i}" for i in range(15))])
    tables = tables_of(study, signature("A"))
    assert list(tables.genes["gene_id"]) == ["ENSG00000000004"]
    assert tables.genes["remark"][0] == "the best expressed of 3 rows with this symbol"
    by_id = tables_of(study, signature("ENSG00000000003")).genes
    assert list(by_id["gene_id"]) == ["ENSG00000000003"]


def test_a_gene_that_no_sample_expresses_is_remarked(two_lines: StudyEvidence) -> None:
    assert two_lines.log2 is not None
    two_lines.log2.values[1] = 1.5
    remarks = tables_of(two_lines, signature(*"ABC")).genes["remark"]
    assert remarks[1] == "the same in every sample, most likely not expressed: tells no samples apart"
    assert remarks[[0, 2]].isna().all()


def test_a_difference_within_a_line_has_the_variance_of_all_conditions(two_lines: StudyEvidence) -> None:
    tables = tables_of(two_lines, signature(*"ABCDE"))
    score = tables.scores[tables.scores["method"] == "weighted_z"].set_index("sample")["score"]
    groups = [
        score[[f"{line}_{drug}_{dose}_24_{i}" for i in (1, 2, 3)]].to_numpy()
        for line in ("S1", "R1")
        for drug, dose in (("DMSO", 0), ("bortezomib", 20))
    ]
    variance = np.mean([group.var(ddof=1) for group in groups])
    estimate = groups[1].mean() - groups[0].mean()
    tests = tables.tests.set_index(["contrast", "method"]).loc[("drug.bortezomib.S1", "weighted_z")]
    assert tests["estimate"] == pytest.approx(estimate)
    assert tests["statistic"] == pytest.approx(estimate / np.sqrt(variance * 2 / 3))
    half = 2.306004 * np.sqrt(variance * 2 / 3)  # R: qt(0.975, 8)
    assert (tests["lower"], tests["upper"]) == pytest.approx((estimate - half, estimate + half), rel=1e-6)
    assert (tests["samples"], tests["scope"]) == (6, "these_lines")


def test_with_one_line_the_test_is_that_of_two_groups() -> None:
    samples = sheet({"S1": "sensitive"})
    study = study_of(samples, np.random.default_rng(3).normal(8, 1, (30, 6)), [f"G{i}" for i in range(30)])
    tables = tables_of(study, signature("G1", "G2", "G3"))
    score = tables.scores[tables.scores["method"] == "rank"]["score"].to_numpy()
    theirs = ttest_ind(score[3:], score[:3])
    ours = tables.tests.set_index(["contrast", "method"]).loc[("drug.bortezomib.S1", "rank")]
    assert (ours["statistic"], ours["p_value"]) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_batches_stay_in_the_model() -> None:
    samples = sheet({"S1": "sensitive"}, replicates=4)
    values = np.random.default_rng(4).normal(8, 0.2, (30, 8))
    values[:3] += 5 * samples["batch"].astype(int).to_numpy()
    names = [f"G{i}" for i in range(30)]
    wanted = signature("G0", "G1", "G2")
    plain, blocked = (
        tables_of(study_of(samples, values, names, covariates), wanted).tests.set_index(
            ["contrast", "method"]
        )["upper"][("drug.bortezomib.S1", "weighted_z")]
        for covariates in ((), ("batch",))
    )
    assert blocked < plain / 3


def test_patients_are_compared_in_pairs_after_their_libraries_are_averaged() -> None:
    rows = [
        {"sample": f"{patient}_{drug}_{library}", "study": "study", "patient": patient, "treatment": drug}
        for patient in ("P1", "P2", "P3", "P4", "P5")
        for drug in ("DMSO", "bortezomib")
        for library in range(2 if patient == "P1" else 1)
    ]
    samples, rng = pd.DataFrame(rows), np.random.default_rng(7)
    of_patient = dict(zip(samples["patient"].unique(), rng.normal(0, 3, 5), strict=True))
    values = rng.normal(8, 1, (30, len(samples))) + samples["patient"].map(of_patient).to_numpy()
    tables = tables_of(study_of(samples, values, [f"G{i}" for i in range(30)]), signature("G1", "G2", "G3"))
    score = tables.scores[tables.scores["method"] == "weighted_z"].assign(**samples[["patient", "treatment"]])
    means = score.pivot_table(index="patient", columns="treatment", values="score")
    theirs = ttest_rel(means["bortezomib"], means["DMSO"])
    ours = tables.tests.set_index(["contrast", "method"]).loc[("drug.bortezomib.all", "weighted_z")]
    assert (ours["statistic"], ours["p_value"]) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert (ours["samples"], ours["scope"]) == (10, "patients")


def test_over_lines_each_line_counts_once() -> None:
    samples = sheet(SIX)
    study = study_of(samples, np.random.default_rng(5).normal(8, 1, (30, 36)), [f"G{i}" for i in range(30)])
    tables = tables_of(study, signature("G1", "G2", "G3"))
    score = tables.scores[tables.scores["method"] == "weighted_z"].assign(
        line=samples["cell_line"].to_numpy(), treatment=samples["treatment"].to_numpy()
    )
    means = score.pivot_table(index="line", columns="treatment", values="score")
    change = means["bortezomib"] - means["DMSO"]
    ours = tables.tests[tables.tests["method"] == "weighted_z"].set_index("contrast")
    drug = ours.loc["drug.bortezomib.all.class"]
    theirs = ttest_1samp(change, 0)
    assert (drug["statistic"], drug["p_value"]) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert (drug["samples"], drug["scope"]) == (6, "class")
    interaction = ours.loc["interaction.bortezomib.resistant_vs_sensitive.class"]
    theirs = ttest_ind(change[["R1", "R2", "R3"]], change[["S1", "S2", "S3"]])
    assert (interaction["statistic"], interaction["p_value"]) == pytest.approx(
        (theirs.statistic, theirs.pvalue)
    )


def test_joint_tests_have_no_signature_test() -> None:
    samples = sheet({"S1": "sensitive"}, (DMSO, BORTEZOMIB, ("bortezomib", 50.0, 24.0)))
    study = study_of(samples, np.random.default_rng(6).normal(8, 1, (30, 9)), [f"G{i}" for i in range(30)])
    assert any(contrast.jointly for contrast in study.tested)
    tested = set(tables_of(study, signature("G1", "G2", "G3")).tests["contrast"])
    assert tested == {contrast.id for contrast in study.tested if not contrast.jointly}


def test_what_a_score_can_say_is_the_pack_s_word_or_that_of_its_method(two_lines: StudyEvidence) -> None:
    own, general = signature("A", statement="Says nothing."), signature("A")
    assert tables_of(two_lines, own).coverage["statement"][0] == "Says nothing."
    assert "without a formula" in tables_of(two_lines, general).coverage["statement"][0]
    shipped = {one.name: one.statement for one in PACK.signatures}
    assert "not the published predictor" in " ".join(shipped["STLsig_bortezomib_benefit"].split())
    assert all(shipped.values())


def test_a_response_that_is_the_study_s_own_has_the_largest_score(two_lines: StudyEvidence) -> None:
    contrast = "drug.bortezomib.S1"
    table = two_lines.tests[contrast]
    order = table["statistic"].sort_values().index
    genes = StudyGenes.of_study(two_lines)
    assert genes is not None
    (row,) = connectivity_table(
        replace(two_lines, tests={contrast: table}),
        genes,
        [up_and_down(table["gene_name"][order[-5:]], table["gene_name"][order[:5]])],
        seed=0,
    ).to_dict("records")
    assert (row["up_score"], row["down_score"], row["score"]) == (1.0, -1.0, 1.0)
    assert (row["up_measured"], row["down_measured"]) == (5, 5)
    assert row["p_value"] < 0.001


def up_and_down(up: pd.Series, down: pd.Series) -> SourcedSignature:
    members = tuple(
        SignatureGene(PackGene(name), side, None, None, None, "")
        for side, names in (("up", up), ("down", down))
        for name in names
    )
    return SourcedSignature("test", Signature("R", "response", "z", None, "pmid:1", members))


def test_a_response_whose_genes_were_not_tested_is_withheld_and_they_are_named(
    two_lines: StudyEvidence,
) -> None:
    table = two_lines.tests["drug.bortezomib.S1"]
    gaps = table.assign(statistic=table["statistic"].mask(table["gene_name"].isin(["A", "B"])))
    study = replace(two_lines, tests={"drug.bortezomib.S1": gaps})
    genes = StudyGenes.of_study(study)
    assert genes is not None
    wanted = up_and_down(pd.Series(["A", "C"]), pd.Series(["B", "D"]))
    (row,) = connectivity_table(study, genes, [wanted], seed=0).to_dict("records")
    assert (row["missing"], row["withheld"]) == ("A;B", "2 of 4 genes were measured, under 80%")
    assert np.isnan(row["score"])


def read_csv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "scale", "cutoff", "high"), [("UAMS80", "expression", 2.48, 4), ("EMC92", "z", 0.827, 6)]
)
def test_a_user_s_classifier_gives_the_published_scores_and_classes(
    name: str, scale: str, cutoff: float, high: int, real_data: Path, tmp_path: Path
) -> None:
    folder = real_data / "signatures_myeloma"
    header = ["signature", "gene", "weight", "mean", "sd", "method", "scale", "cutoff", "reference"]
    probes = read_csv(folder / f"{name}.csv")
    rows = [[name, *probe.values(), "classifier", scale, cutoff, "pmid:1"] for probe in probes]
    write_records(header, rows, tmp_path / "mine.tsv")
    problems = Problems()
    (classifier,) = read_signatures(tmp_path / "mine.tsv", SCHEMA, problems)
    problems.stop_if_any()
    expression = read_csv(folder / "exampleMAS5_expr.csv.gz")
    values = np.log2([[float(x) for key, x in row.items() if key] for row in expression])
    patients = [key for key in expression[0] if key]
    samples = pd.DataFrame({"sample": patients, "study": "study", "patient": patients, "treatment": "DMSO"})
    ids = np.array([row[""] for row in expression])
    study = StudyEvidence(
        "study", plan_study(samples, "DMSO"), samples, {}, GeneMatrix(ids, ids, patients, values)
    )
    tables = tables_of(study, SourcedSignature("mine.tsv", classifier))
    theirs = {row["sample"]: row for row in read_csv(folder / f"result_{name}.csv")}
    published = np.array([float(theirs[patient]["score"]) for patient in tables.scores["sample"]])
    assert np.abs(tables.scores["score"].to_numpy() - published).max() < 1e-6
    classes = {"Risk-I": "low", "Risk-II": "high"}
    assert list(tables.scores["class"]) == [classes[theirs[x]["cls"]] for x in tables.scores["sample"]]
    assert (tables.scores["class"] == "high").sum() == high
