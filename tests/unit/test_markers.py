"""Markers get the verdict that the data of a contrast allow, and hardly ever one on null data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm, t
from study_sheets import DMSO, sheet

from rxpress.contrasts import plan_study
from rxpress.design.study_design import StudyDesign
from rxpress.interpretation.drug_pack import Marker, read_drug_pack
from rxpress.interpretation.gene_names import PackGene
from rxpress.interpretation.markers import AS_EXPECTED, COLUMNS, OPPOSITE, judge_markers, verdicts
from rxpress.intervals import interval, interval_quantile
from rxpress.tables import read_json, read_records

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMA = read_json(ROOT / "assets" / "schema" / "drug_pack.schema.json")
PACK = read_drug_pack(ROOT / "assets" / "drugs" / "bortezomib", SCHEMA)
DEMO_PANEL = read_records(ROOT / "tests" / "data" / "demo_study" / "panel.tsv")
LINES = {"S1": "sensitive", "S2": "sensitive", "R1": "resistant", "R2": "resistant"}
SIGNED = {AS_EXPECTED, OPPOSITE}


def marker(
    symbol: str, expected: str = "up", comparison: str = "drug", aliases: tuple[str, ...] = ()
) -> Marker:
    return Marker(PackGene(symbol, aliases), expected, comparison, "role", "pmid:1", "")


def gene_table(names: list[str], estimate: np.ndarray, error: np.ndarray) -> pd.DataFrame:
    """A gene table whose p-values are those of z = estimate / error."""
    return pd.DataFrame(
        {
            "gene_id": [f"ENSG{i:011d}.1" for i in range(len(names))],
            "gene_name": names,
            "log2_fold_change": estimate,
            "lfc_se": error,
            "p_value": 2 * norm.sf(np.abs(estimate / error)),
        }
    )


def design(**parents: str) -> StudyDesign:
    samples = sheet(LINES)
    samples["parent"] = samples["cell_line"].map(parents)
    return plan_study(samples, "DMSO")


def judge(markers: list[Marker], contrast: str, table: pd.DataFrame, **parents: str) -> pd.DataFrame:
    return judge_markers(markers, design(**parents), {contrast: table}, ("bortezomib", "BTZ"))


def one_verdict(expected: int, estimate: float, error: float, p_adjusted: float, p_value: float = 0.5) -> str:
    values = (estimate, *interval(estimate, error), p_value, p_adjusted)
    return str(verdicts(np.array([expected]), *(np.array([value]) for value in values))[0])


@pytest.mark.parametrize(
    ("expected", "estimate", "error", "p_adjusted", "verdict"),
    [
        (1, 2.0, 0.2, 1e-9, "as expected"),
        (-1, -2.0, 0.2, 1e-9, "as expected"),
        (1, -2.0, 0.2, 1e-9, "opposite"),
        (-1, 2.0, 0.2, 1e-9, "opposite"),
        (1, 0.0, 0.1, 0.9, "no change"),
        (1, 0.3, 0.1, 0.01, "no change"),  # it changes, but certainly by less than 1.5
        (1, 0.5, 0.1, 1e-4, "as expected"),  # the interval reaches beyond log2(1.5) = 0.585
        (1, 0.0, 0.3, 0.9, "inconclusive"),  # and here it reaches beyond it: 1.96 * 0.3 = 0.588
        (1, 0.0, 0.298, 0.9, "no change"),
        (1, 1.0, 0.5, 0.06, "inconclusive"),
        (0, 2.0, 0.2, 1e-9, "inconclusive"),
        (-1, 0.0, 1.0, 0.01, "inconclusive"),  # no change has neither direction, whatever p says
        (0, 0.0, 0.1, 0.9, "no change"),
        (1, np.nan, 0.1, np.nan, "not measured"),
        (1, 1.0, np.nan, np.nan, "not measured"),
    ],
)
def test_the_verdict_follows_interval_and_adjusted_p(
    expected: int, estimate: float, error: float, p_adjusted: float, verdict: str
) -> None:
    assert one_verdict(expected, estimate, error, p_adjusted) == verdict


def test_a_gene_without_counts_in_the_contrast_is_not_measured() -> None:
    assert one_verdict(1, 0.0, 0.1, 1.0, p_value=1.0) == "not measured"


def test_a_gene_whose_p_was_withheld_is_inconclusive_however_narrow_its_interval() -> None:
    assert one_verdict(1, 0.0, 0.01, np.nan, p_value=np.nan) == "inconclusive"


def test_intervals_and_panel_p_are_those_of_r() -> None:
    # R: p.adjust(c(0.001, 0.02, 0.04), "BH") is 0.003 0.030 0.040; the rest of the table does not count.
    names = ["A", "B", "C", "OTHER1", "OTHER2"]
    p_value = np.array([0.001, 0.02, 0.04, 0.9, 0.9])
    table = gene_table(names, norm.isf(p_value / 2), np.ones(5))
    rows = judge([marker(name) for name in "ABC"], "drug.bortezomib.all", table)
    assert rows["p_adjusted_panel"].to_numpy() == pytest.approx([0.003, 0.03, 0.04])
    estimate = rows["log2_fold_change"].to_numpy()
    assert rows["lfc_lower"].to_numpy() == pytest.approx(estimate - 1.959964)  # R: qnorm(0.975)
    assert rows["lfc_upper"].to_numpy() == pytest.approx(estimate + 1.959964)


@pytest.mark.parametrize(("df", "quantile"), [(4, 2.776445), (10, 2.228139), (np.inf, 1.959964)])
def test_intervals_are_as_wide_as_the_distribution_of_the_p_values_asks(df: float, quantile: float) -> None:
    # R: qt(0.975, c(4, 10, Inf))
    z = np.array([0.0, 1e-9, 1.0, 2.0, 3.0, 40.0, np.nan])
    table = gene_table(list("ABCDEFG"), z, np.ones(7)).assign(p_value=2 * t.sf(np.abs(z), df))
    assert interval_quantile(table) == pytest.approx(quantile, abs=2e-6)


def test_no_change_over_few_lines_needs_an_interval_of_students_t() -> None:
    estimate, error = np.array([0.05, 1.0]), np.array([0.25, 1.0])
    normal = gene_table(["A", "B"], estimate, error)
    few_lines = normal.assign(p_value=2 * t.sf(np.abs(estimate / error), 4))
    said = [judge([marker("A")], "drug.bortezomib.all.class", x)["verdict"][0] for x in (normal, few_lines)]
    assert said == ["no change", "inconclusive"]


def test_genes_that_are_not_measured_do_not_count_in_the_panel() -> None:
    table = gene_table(["A"], np.array([2.3]), np.ones(1))
    rows = judge([marker("A"), *(marker(f"ABSENT{i}") for i in range(20))], "drug.bortezomib.all", table)
    assert rows["p_adjusted_panel"][0] == pytest.approx(2 * norm.sf(2.3))
    assert set(rows["verdict"][1:]) == {"not measured"}


def test_a_marker_is_held_against_its_own_family_alone() -> None:
    found = design(R1="S1")
    table = gene_table(["A"], np.array([2.0]), np.array([0.2]))
    families = ("drug", "baseline", "treated", "interaction", "acquired")
    markers = [marker("A", comparison=family) for family in families]
    rows = judge_markers(
        markers, found, {c.id: table for c in found.contrasts if c.status == "ok"}, ["bortezomib"]
    )
    assert list(rows.columns) == list(COLUMNS)
    assert set(rows["contrast"].groupby(rows["comparison"]).get_group("drug")) == {
        f"drug.bortezomib.{who}" for who in (*LINES, "sensitive", "resistant", "all", "all.class")
    }
    others = {(row.comparison, row.contrast) for row in rows.itertuples() if row.comparison != "drug"}
    assert others == {
        ("baseline", "baseline.resistant_vs_sensitive"),
        ("treated", "treated.bortezomib.resistant_vs_sensitive"),
        ("interaction", "interaction.bortezomib.resistant_vs_sensitive"),
        ("acquired", "acquired.R1"),  # untreated; not the difference of drug effects
    }
    assert set(rows["contrast"][rows["scope"] == "class"]) == {"drug.bortezomib.all.class"}


def test_contrasts_of_another_drug_are_left_alone_and_other_names_of_the_drug_known() -> None:
    samples = sheet(LINES, (DMSO, ("BTZ", 20.0, 24.0), ("dexamethasone", 100.0, 24.0)))
    found = plan_study(samples, "DMSO")
    table = gene_table(["A"], np.array([2.0]), np.array([0.2]))
    tables = {c.id: table for c in found.contrasts if c.status == "ok"}
    assert any(name.startswith("drug.dexamethasone") for name in tables)
    rows = judge_markers([marker("A")], found, tables, ("bortezomib", "btz"))
    assert rows["contrast"].str.startswith("drug.BTZ.").all()
    assert len(rows) == 8


def test_a_study_of_another_drug_says_nothing_even_of_untreated_lines() -> None:
    found = plan_study(sheet(LINES), "DMSO")
    table = gene_table(["A"], np.array([2.0]), np.array([0.2]))
    tables = {c.id: table for c in found.contrasts if c.status == "ok"}
    assert judge_markers([marker("A", comparison="baseline")], found, tables, ("dexamethasone",)).empty
    assert len(judge_markers([marker("A", comparison="baseline")], found, tables, ("bortezomib",))) == 1


def test_a_contrast_without_a_table_has_no_verdicts() -> None:
    rows = judge_markers([marker("A")], design(), {}, ["bortezomib"])
    assert (len(rows), list(rows.columns)) == (0, list(COLUMNS))


def test_an_empty_gene_table_measures_nothing() -> None:
    rows = judge([marker("A")], "drug.bortezomib.all", gene_table([], np.empty(0), np.empty(0)))
    assert list(rows["verdict"]) == ["not measured"]


def test_how_a_gene_was_found_stands_beside_its_verdict() -> None:
    table = gene_table(["KIAA1754", "B", "B"], np.array([-2.0, 2.0, 2.0]), np.full(3, 0.2))
    markers = [marker("ITPRIP", "down", aliases=("KIAA1754",)), marker("B")]
    rows = judge(markers, "drug.bortezomib.all", table)
    assert list(rows["verdict"]) == ["as expected", "not measured"]
    assert list(rows["matched_by"]) == ["alias", "ambiguous"]
    assert rows["remark"][0] == "by its old symbol KIAA1754"
    assert "B (ENSG00000000001.1), B (ENSG00000000002.1)" in rows["remark"][1]


def null_tables(seed: int, correlation: float) -> tuple[StudyDesign, dict[str, pd.DataFrame]]:
    """Tables of a study without any effect: z normal, correlated among genes; errors of real size."""
    generator, found = np.random.default_rng(seed), design(R1="S1")
    names = [m.gene.symbol for m in PACK.markers if not m.gene.candidates]
    names = [*dict.fromkeys(names), *(f"OTHER{i}" for i in range(200))]
    tables = {}
    for contrast in found.contrasts:
        common, own = generator.normal(size=1), generator.normal(size=len(names))
        z = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
        error = np.exp(generator.normal(np.log(0.3), 0.5, len(names)))
        tables[contrast.id] = gene_table(names, z * error, error)
    return found, tables


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_on_null_studies_at_most_one_verdict_in_twenty_has_a_direction(correlation: float) -> None:
    said = []
    for seed in range(50):
        found, tables = null_tables(seed, correlation)
        rows = judge_markers(PACK.markers, found, tables, PACK.names)
        measured = rows["verdict"] != "not measured"
        said.append(rows["verdict"][measured].isin(SIGNED).mean())
        assert measured.sum() > 400
    assert np.mean(said) <= 0.05


def test_even_a_panel_of_one_gene_is_right_in_nineteen_of_twenty_null_studies() -> None:
    studies = 4000
    z = np.random.default_rng(1).normal(size=studies)
    p_value = 2 * norm.sf(np.abs(z))
    said = verdicts(np.ones(studies, int), 2 * z, *interval(2 * z, np.full(studies, 2.0)), p_value, p_value)
    directed = np.isin(said, list(SIGNED)).sum()
    # The errors are too large for `no change`, so this is the bound itself: neither above nor far below.
    assert binom.ppf(0.001, studies, 0.05) <= directed <= binom.ppf(0.999, studies, 0.05)


@pytest.mark.parametrize(
    ("contrast", "planted"),
    [
        ("drug.bortezomib.sensitive", "drug_log2_fold_change_sensitive"),
        ("drug.bortezomib.resistant", "drug_log2_fold_change_resistant"),
        ("interaction.bortezomib.resistant_vs_sensitive", "interaction"),
        ("baseline.resistant_vs_sensitive", "baseline_log2_fold_change"),
    ],
)
def test_effects_planted_in_the_demo_study_get_their_verdict(contrast: str, planted: str) -> None:
    sensitive, resistant = (f"drug_log2_fold_change_{side}" for side in ("sensitive", "resistant"))
    effects = {
        row["gene_name"]: float(row[resistant]) - float(row[sensitive])
        if planted == "interaction"
        else float(row[planted])
        for row in DEMO_PANEL
    }
    truth, names = np.array(list(effects.values())), list(effects)
    error, directed, null = np.full(len(truth), 0.15), 0, 0
    for seed in range(50):
        estimate = truth + np.random.default_rng(seed).normal(size=len(truth)) * error
        rows = judge(list(PACK.markers), contrast, gene_table(names, estimate, error))
        rows = rows[rows["verdict"] != "not measured"]
        effect = rows["expected"].map({"up": 1, "down": -1, "unknown": 0}) * rows["gene"].map(effects)
        assert (effect != 0).sum() >= 5
        assert set(rows["verdict"][effect > 0]) <= {AS_EXPECTED}
        assert set(rows["verdict"][effect < 0]) <= {OPPOSITE}
        directed += rows["verdict"][effect == 0].isin(SIGNED).sum()
        null += (effect == 0).sum()
    assert directed <= 0.05 * null
