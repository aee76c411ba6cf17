"""limma-voom beside DESeq2: planted effects, which genes are tested, and how the methods are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from staged_results import CALLS
from study_sheets import sheet
from test_limma import golden, matrix
from test_report import report  # noqa: F401
from test_test_expression import CHANGED, COLUMNS, OPPOSED, designed, planted_counts, run  # noqa: F401

from rxpress.deseq.size_factors import Normalization, normalize
from rxpress.design.study_design import Contrast, JointMember
from rxpress.design.study_model import StudyModel
from rxpress.differential.calls import CallRule
from rxpress.differential.gene_tables import gene_table
from rxpress.differential.linear_tables import linear_tables
from rxpress.differential.model_data import CountData
from rxpress.differential.moderated_tests import contrast_tests
from rxpress.differential.second_opinion import second_opinion
from rxpress.differential.study_counts import StudyCounts
from rxpress.differential.weighed_counts import effective_sizes, voom_data, weigh_counts, worthwhile
from rxpress.tables import GeneMatrix, read_json, read_table

TWO_GROUPS = np.kron(np.eye(2), np.ones((3, 1)))
DRUG, INTERACTION = CALLS


def study_of(values: np.ndarray, size_factors: np.ndarray) -> StudyCounts:
    ids = np.array([f"g{i}" for i in range(len(values))])
    genes = GeneMatrix(ids, ids, [f"s{i}" for i in range(values.shape[1])], values)
    return StudyCounts(genes, Normalization(size_factors, size_factors, "ratio"), "none")


def voom_table(
    counts: StudyCounts, matrix: np.ndarray, contrast: Sequence[float], lines: np.ndarray | None = None
) -> pd.DataFrame:
    """The gene table of a contrast of a design."""
    fit = weigh_counts(counts, matrix, lines).fit(np.array([contrast], dtype=float))
    (test,) = contrast_tests(fit, CallRule().threshold)
    means = (counts.values / counts.normalization.factors).mean(axis=1)
    return gene_table(counts.genes, means, test, CallRule())


def test_a_study_of_counts_is_tested_as_by_limma() -> None:
    theirs = golden("voom.study")
    rows = theirs["gene"].to_numpy(int) - 1
    sizes, average = matrix("voom.sizes")[:, 0], matrix("contrasts")[:, 2]
    counts = study_of(matrix("voom.counts"), sizes / sizes.mean())
    table = voom_table(counts, matrix("design"), average)
    assert table.columns.tolist() == COLUMNS
    assert np.flatnonzero(table["call"] != "untested").tolist() == rows.tolist()
    ours = table.iloc[rows]
    np.testing.assert_allclose(ours["log2_fold_change"], theirs["estimate"], atol=1e-9)
    np.testing.assert_allclose(ours["statistic"], theirs["statistic"], atol=1e-8)
    for name in ("p_value", "p_adjusted", "p_adjusted_threshold"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6)


def test_genes_need_ten_counts_in_as_many_samples_as_the_smallest_condition_has() -> None:
    counts = np.array(
        [[10, 10, 10, 0, 0, 0], [10, 10, 9, 0, 0, 0], [0, 0, 10, 10, 10, 0], [9, 9, 9, 9, 9, 9], [5] * 6]
    )
    even, uneven = np.full(6, 1e6), np.repeat([1e6, 2e6], 3)
    assert worthwhile(counts, TWO_GROUPS, even).tolist() == [True, False, True, False, False]
    assert worthwhile(counts, TWO_GROUPS, uneven).tolist() == [True, True, False, True, False]


def test_lengths_by_sample_are_divided_out_of_the_counts() -> None:
    """A gene twice as long under the drug, with twice the counts, does not change."""
    rng = np.random.default_rng(2)
    values = rng.poisson(200, (300, 6)).astype(float)
    factors = np.ones((300, 6))
    values[:150, 3:] *= 2
    factors[:150, 3:] = 2
    factors /= np.sqrt(factors.prod(axis=1, keepdims=True) ** (1 / 3))
    counts = replace(study_of(values, np.ones(6)), normalization=Normalization(factors, np.ones(6), "ratio"))
    table = voom_table(counts, TWO_GROUPS, [-1, 1])
    assert np.abs(table["log2_fold_change"]).max() < 0.4


def test_library_sizes_follow_size_factors_and_keep_their_mean() -> None:
    values = np.array([[100.0, 400], [300, 1200]])
    sizes = effective_sizes(values, np.array([1.0, 3.0]))
    assert sizes[1] / sizes[0] == pytest.approx(3)
    assert np.sqrt(sizes.prod()) == pytest.approx(np.sqrt(400 * 1600))


@pytest.mark.parametrize("lines", [None, np.repeat(["calm", "wild"], 8)])
def test_lines_that_vary_more_than_others_have_no_more_false_positives(lines: np.ndarray | None) -> None:
    """One line has six-fold dispersion. With one trend for both, it alone fills the list of calls."""
    rng = np.random.default_rng(8)
    dispersion = 0.05 * np.repeat([1, 6], 8) * rng.lognormal(0, 0.3, (6000, 1))
    means = 2 ** rng.normal(8, 1.5, (6000, 1)) * rng.uniform(0.7, 1.4, 16)
    counts = study_of(rng.poisson(rng.gamma(1 / dispersion, means * dispersion)).astype(float), np.ones(16))
    counts = replace(counts, normalization=normalize(counts.values))
    design = np.kron(np.eye(4), np.ones((4, 1)))
    vectors = {"calm": np.array([-1.0, 1, 0, 0]), "wild": np.array([0, 0, -1.0, 1])}
    tables = {name: voom_table(counts, design, vector, lines) for name, vector in vectors.items()}
    rates = {name: (table["p_value"].dropna() < 0.05).mean() for name, table in tables.items()}
    if lines is None:
        assert rates["wild"] > 0.1
    else:
        assert all(0.04 < rate < 0.06 for rate in rates.values())


def test_with_hardly_any_gene_to_test_nothing_is_tested() -> None:
    table = voom_table(study_of(np.full((9, 6), 50.0), np.ones(6)), TWO_GROUPS, [-1, 1])
    assert (table["call"] == "untested").all()


def test_limma_finds_planted_effects_and_counts_agreeing_lines(run) -> None:  # noqa: F811
    samples, design = designed(sheet({"S1": "sensitive", "S2": "sensitive"}))
    done, out = run(planted_counts(samples), samples, design, "--test_method=limma")
    assert (done.returncode, done.stderr) == (0, "")
    assert (read_table(out / "second_opinion.tsv")["called_by_both"] > 0).any()
    table = read_table(out / "drug.bortezomib.S1.tsv")
    facts = read_json(out / "fit.json")
    assert facts["method"] == "limma"
    assert facts["genes_tested"] == (table["call"] != "untested").sum()
    assert facts["prior_df"] == "infinite" or facts["prior_df"] > 0
    assert "dispersion_trends" not in facts
    assert facts["second_opinion"]["genes_expressed"] == len(table)
    assert table.columns.tolist() == COLUMNS
    assert table["shrunken_log2_fold_change"].isna().all()
    called = table["call"].to_numpy()
    assert (called[CHANGED] == "up").mean() >= 0.95
    assert (called[OPPOSED] == "up").mean() >= 0.85
    assert np.isin(called[90:], ["up", "down"]).sum() <= 10
    average = read_table(out / "drug.bortezomib.all.tsv")
    assert (average["lines_same_sign"][CHANGED] == 2).all()
    assert (average["lines_same_sign"][OPPOSED] == 1).all()


def test_both_methods_agree_on_planted_effects(run) -> None:  # noqa: F811
    samples, design = designed(sheet({"S1": "sensitive"}))
    _, out = run(planted_counts(samples), samples, design)
    row = read_table(out / "second_opinion.tsv").set_index("contrast").loc["drug.bortezomib.S1"]
    genes = read_table(out / "second_opinion_genes.tsv").query("contrast == 'drug.bortezomib.S1'")
    ours = read_table(out / "drug.bortezomib.S1.tsv")
    assert row["called_by_both"] + row["only_deseq2"] == ours["call"].isin(["up", "down"]).sum()
    assert row["jaccard"] > 0.9
    assert row["lfc_correlation"] > 0.98
    assert (genes["called_by"] == "both").sum() == row["called_by_both"]
    planted = ours["gene_id"][CHANGED]
    assert planted.isin(genes.loc[genes["called_by"] == "both", "gene_id"]).mean() > 0.95


def gene_calls(*rows: tuple[str, float]) -> pd.DataFrame:
    calls, changes = zip(*rows, strict=True)
    names = [f"g{i}" for i in range(len(rows))]
    numbers = {"log2_fold_change": changes, "p_adjusted": 0.01, "call": calls}
    return pd.DataFrame({"gene_id": names, "gene_name": names, **numbers})


def test_genes_are_counted_by_who_calls_them() -> None:
    deseq2 = gene_calls(("up", 2), ("up", 3), ("down", -1), ("unchanged", 0), ("untested", np.nan), ("up", 1))
    limma = gene_calls(("up", 4), ("unchanged", 1), ("down", -2), ("up", 1), ("down", -3), ("down", -1))
    tables = second_opinion({"c": deseq2}, {"c": limma})
    row = tables["second_opinion.tsv"].iloc[0]
    assert row[["called_by_both", "only_deseq2", "only_limma", "opposite"]].tolist() == [2, 1, 2, 1]
    assert row["jaccard"] == pytest.approx(2 / 6)
    assert row["genes_compared"] == 5
    assert row["lfc_correlation"] == pytest.approx(np.corrcoef([2, 3, -1, 0, 1], [4, 1, -2, 1, -1])[0, 1])
    genes = tables["second_opinion_genes.tsv"]
    assert genes["called_by"].tolist() == ["both", "deseq2", "both", "limma", "limma", "opposite"]


def test_the_report_sets_both_methods_side_by_side(report) -> None:  # noqa: F811
    made = report()
    data = made.section("rxpress_second_opinion_called_study")["data"][0]
    numbers = data[f"label of {DRUG} &lt;5 nM&gt;"]
    assert (numbers["called_by_both"], numbers["only_deseq2"], numbers["only_limma"]) == (7, 1, 1)
    cloud = made.section("rxpress_second_opinion_fold")["data"]
    assert [len(tab["both"]) for tab in cloud] == [7, 1]
    assert all(set(tab) == {"both", "only limma-voom"} for tab in cloud)
    body = made.section("rxpress_second_opinion_genes_study")["data"]
    assert "not tested" in body
    assert "2.83-fold down, adjusted p 0.01" in body
    assert made.table("parted_genes_study")["gene_id"].tolist() == ["ENSG000", "ENSG020"] * 2


def test_a_study_without_a_second_opinion_has_no_such_section(report) -> None:  # noqa: F811
    assert not any(id.startswith("rxpress_second_opinion") for id in report(calls={}).ids)


def test_a_joint_test_is_a_moderated_f_of_its_contrasts_and_names_the_largest() -> None:
    design, contrasts = matrix("design"), matrix("contrasts")
    counts = study_of(matrix("voom.counts"), np.ones(len(design)))
    names = [f"c{i}" for i in range(design.shape[1])]
    model = StudyModel("conditions", dict.fromkeys(counts.samples, ""))
    data = CountData(model, counts.genes, design, names, np.full(len(design), ""), counts)
    weights = {id: dict(zip(names, contrasts[:, i].tolist(), strict=True)) for i, id in enumerate("ab")}
    plain = Contrast("", "", "drug", "conditions", {}, (), (), "wald", "ok", "", "", ())
    asked = [replace(plain, id=id, weights=weights[id]) for id in "ab"] + [
        replace(plain, id=id, test="lrt", jointly=tuple(JointMember(one, weights[one]) for one in members))
        for id, members in (("both", "ab"), ("one", "a"))
    ]
    tables = linear_tables(data, voom_data(data, by_line=False), asked, CallRule())
    tested = tables["both"]["call"] != "untested"
    a, b = (tables[id]["log2_fold_change"].abs() for id in "ab")
    assert tables["both"]["largest"][tested].tolist() == np.where(a >= b, "a", "b")[tested].tolist()
    assert tables["both"]["largest"][~tested].isna().all()
    np.testing.assert_allclose(tables["one"]["statistic"], tables["a"]["statistic"] ** 2, rtol=1e-9)
    np.testing.assert_allclose(tables["one"]["p_value"], tables["a"]["p_value"], rtol=1e-9)
    # a and b share the batches only: their t are nearly independent, and F nearly the mean of their squares.
    mean = (tables["a"]["statistic"] ** 2 + tables["b"]["statistic"] ** 2) / 2
    assert np.abs(np.log(tables["both"]["statistic"] / mean))[tested].quantile(0.9) < 0.5
