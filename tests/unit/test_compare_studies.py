"""Studies with planted effects on disk, compared by the command and by its parts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from study_sheets import DMSO, sheet

from rxpress.comparison.compare import Comparison, compare_studies
from rxpress.comparison.gene_comparison import Evidence, compare_genes
from rxpress.comparison.joining import join_genes
from rxpress.comparison.overview import unjoined_relatives
from rxpress.comparison.studies import GeneTests, read_studies
from rxpress.contrasts import plan_study
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.design.conditions import find_conditions
from rxpress.errors import InputError
from rxpress.tables import read_json, read_table, write_json, write_table

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "compare_studies.py"
GENES, PLANTED = 1000, 50
ALL = "drug.bortezomib.all"


def effects_table(seed: int, scale: float = 1.0, genes: int = GENES) -> pd.DataFrame:
    """A gene table; the first 50 genes go up by 1.5 · scale, the next 50 down, the rest do not change."""
    rng = np.random.default_rng(seed)
    planted = np.repeat([1.5, -1.5, 0.0], [PLANTED, PLANTED, genes - 2 * PLANTED]) * scale
    error = 0.2 * abs(scale) * np.exp(rng.uniform(-0.3, 0.3, genes))
    change = planted + rng.normal(0, error)
    p_value = 2 * norm.sf(np.abs(change / error))
    return pd.DataFrame(
        {
            "gene_id": [f"ENSG{i:011}" for i in range(genes)],
            "gene_name": [f"G{i}" for i in range(genes)],
            "base_mean": np.arange(genes) + 10.0,
            "log2_fold_change": change,
            "lfc_se": error,
            "p_value": p_value,
            "p_adjusted": benjamini_hochberg(p_value),
        }
    )


def stage(
    folder: Path, table: pd.DataFrame, doses: Sequence[float] = (20,), ids: Sequence[str] = (ALL,)
) -> Path:
    """A study's folder under differential/: `table` for each of `ids`, at doses (nM) of bortezomib."""
    samples = sheet(treatments=[DMSO, *(("bortezomib", dose, 24.0) for dose in doses)])
    samples["condition"] = find_conditions(samples, "DMSO")[1]
    write_table(samples.assign(study=folder.name, kept="true"), folder / "samples.tsv")
    write_json(plan_study(samples, "DMSO").to_json(), folder / "contrasts.json")
    for id in ids:
        write_table(table, folder / f"{id}.tsv")
    return folder


def compare(*folders: Path) -> Comparison:
    (found,) = compare_studies(read_studies(folders))
    return found


def columns(found: Comparison) -> pd.DataFrame:
    assert found.columns is not None
    return pd.DataFrame(found.columns)


def test_planted_effects_are_consistent_although_an_array_shows_them_smaller(tmp_path: Path) -> None:
    found = compare(
        stage(tmp_path / "reads", effects_table(1)), stage(tmp_path / "array", effects_table(2, 0.5))
    )
    table = columns(found)
    planted = np.repeat(["up", "down", "no"], [PLANTED, PLANTED, GENES - 2 * PLANTED])
    assert (table["consistent"] == planted).mean() > 0.99
    assert (table["consistent"][: 2 * PLANTED] == planted[: 2 * PLANTED]).mean() > 0.95
    assert sorted(table["rank"])[:3] == [1, 2, 3]
    assert (table["rank"][: 2 * PLANTED] <= 2 * PLANTED + 3).all()
    assert found.overview["genes_joined"] == GENES
    assert found.overview["consistent_up"] == (table["consistent"] == "up").sum()
    assert found.overview["correlation"] > 0.6
    assert found.overview["same_sign_share"] > 0.9


def test_opposite_effects_are_not_consistent_and_cancel_in_stouffers_z(tmp_path: Path) -> None:
    table = columns(
        compare(stage(tmp_path / "a", effects_table(1)), stage(tmp_path / "b", effects_table(2, -1.0)))
    )
    planted = table.head(2 * PLANTED)
    assert (planted["consistent"] == "no").all()
    assert (planted["same_sign"] == "no").all()
    assert (planted["significant_in"] == 2).mean() > 0.95
    assert (planted["stouffer_p_adjusted"] < 0.05).mean() < 0.2
    assert planted["i2"].median() > 90


def test_the_order_of_studies_changes_nothing_about_a_gene(tmp_path: Path) -> None:
    folders = [stage(tmp_path / name, effects_table(seed)) for seed, name in enumerate("abc")]
    first, second = columns(compare(*folders)), columns(compare(*folders[::-1]))
    assert (first["consistent"] == second["consistent"]).all()
    for name in ("log2_fold_change", "hk_upper", "hk_p_value", "tau2", "i2", "stouffer_z", "rank"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-6, atol=1e-7)


def test_genes_are_ranked_by_stouffer_up_to_four_studies_and_by_random_effects_from_five(
    tmp_path: Path,
) -> None:
    folders = [stage(tmp_path / f"s{i}", effects_table(i)) for i in range(5)]
    for studies, by in ((4, "stouffer_p_value"), (5, "hk_p_value")):
        table = columns(compare(*folders[:studies]))
        assert table.sort_values("rank")[by].is_monotonic_increasing
        other = {"stouffer_p_value": "hk_p_value", "hk_p_value": "stouffer_p_value"}[by]
        assert not table.sort_values("rank")[other].is_monotonic_increasing


def test_a_gene_counts_the_studies_that_test_it(tmp_path: Path) -> None:
    tables = [effects_table(seed) for seed in range(3)]
    tables[0].loc[0, "p_value"] = np.nan  # one outlying sample dictates it
    tables[0].loc[0, "log2_fold_change"] = 99.0
    tables[0].loc[1, "lfc_se"] = np.nan
    tables[1].loc[1, "lfc_se"] = 0.0
    tables[2] = tables[2].drop(index=2)
    tables[1], tables[2] = tables[1].drop(index=3), tables[2].drop(index=3)
    found = compare(*(stage(tmp_path / f"s{i}", table) for i, table in enumerate(tables)))
    table = columns(found).set_index("gene_name")
    assert table.loc[["G0", "G1", "G2", "G4"], "studies"].tolist() == [2, 1, 2, 3]
    assert table.loc["G0", "log2_fold_change"] < 3
    assert np.isnan(table.loc["G1", "p_value"])
    assert table.loc["G1", "consistent"] == "no"
    assert "G3" not in table.index
    assert [row[-2] for row in found.join] == [1, 0, 0]


def test_arrays_join_reads_by_symbol_and_every_lost_row_is_counted(tmp_path: Path) -> None:
    reads, array = effects_table(1, genes=300), effects_table(2, genes=300)
    reads["gene_id"] += ".7"
    reads.loc[299, "gene_name"] = reads.loc[299, "gene_id"]
    array["gene_id"] = [f"{i}_at" for i in range(300)]
    array.loc[5, "gene_name"] = "G4"  # a second probe set, better expressed
    array.loc[6, "gene_name"] = np.nan
    array.loc[7, "gene_name"] = "ELSEWHERE"
    found = compare(stage(tmp_path / "reads", reads), stage(tmp_path / "array", array))
    losses = {
        row[1]: dict(zip(("type", "genes", "joined", "nameless", "repeated", "alone"), row[2:8], strict=True))
        for row in found.join
    }
    # G5, G6 and G7 have no partner among the probe sets, G299 none among the reads.
    assert losses["reads"] == {
        "type": "ensembl",
        "genes": 300,
        "joined": 296,
        "nameless": 1,
        "repeated": 0,
        "alone": 3,
    }
    assert losses["array"] == {
        "type": "affymetrix",
        "genes": 300,
        "joined": 296,
        "nameless": 1,
        "repeated": 1,
        "alone": 2,
    }
    assert {row[-1] for row in found.join} == {"gene_name"}
    assert found.overview["genes_lost"] == 8
    table = columns(found).set_index("gene_name")
    assert table.loc["G4", "log2_fold_change.array"] == array.loc[5, "log2_fold_change"]
    assert table.loc["G4", "gene_id"] == "ENSG00000000004.7"


def genes(ids: Sequence[str], names: Sequence[str | None]) -> GeneTests:
    numbers = np.arange(len(ids), dtype=float)
    return GeneTests(np.array(ids, object), np.array(names, object), *[numbers] * 5)


def test_versions_of_ensembl_ids_do_not_part_genes() -> None:
    first = genes(["ENSG00000000001.3", "ENSG00000000002.1", "ENSG00000000002.1_PAR_Y"], ["A", "B", "B"])
    second = genes(["ENSG00000000002.9", "ENSG00000000001.4"], ["B", "OLDNAME"])
    joined = join_genes([first, second])
    assert joined.joined_by == "gene_id"
    assert joined.rows.tolist() == [[0, 1], [1, 0]]
    assert joined.gene_names.tolist() == ["A", "B"]


def test_symbols_that_serve_as_ids_are_joined_with_ids_that_have_symbols() -> None:
    first = genes(["ENSG00000000001", "ENSG00000000002"], ["A", "B"])
    second = genes(["B", "A"], ["B", "A"])
    joined = join_genes([first, second])
    assert joined.joined_by == "gene_name"
    assert [losses.id_type for losses in joined.losses] == ["ensembl", "symbol"]
    assert joined.rows.tolist() == [[0, 1], [1, 0]]


def test_doses_are_shown_and_ids_that_name_them_are_not_joined_unsaid(tmp_path: Path) -> None:
    one = stage(tmp_path / "one", effects_table(1), doses=[10], ids=[ALL, "baseline.resistant_vs_sensitive"])
    two = stage(tmp_path / "two", effects_table(2), doses=[20], ids=[ALL])
    both = stage(
        tmp_path / "both",
        effects_table(3),
        doses=[10, 20],
        ids=[f"{ALL}.10nM", f"{ALL}.20nM", "baseline.resistant_vs_sensitive"],
    )
    found = {found.id: found for found in compare_studies(read_studies([one, two, both]))}
    drug, baseline = found[ALL], found["baseline.resistant_vs_sensitive"]
    assert drug.overview["doses_nM"] == "one: 10; two: 20"
    assert drug.overview["times_h"] == "one: 24; two: 24"
    assert drug.overview["label"] == "bortezomib vs DMSO, all lines"
    assert baseline.overview["doses_nM"] is None
    assert baseline.overview["studies"] == "one; both"
    (note,) = unjoined_relatives(read_studies([one, two, both]))
    assert note.startswith(f"{ALL}: its ids differ among studies")
    assert f"both: {ALL}.10nM, {ALL}.20nM" in note


def test_a_study_that_cannot_answer_is_named_with_its_reason(tmp_path: Path) -> None:
    folders = [stage(tmp_path / name, effects_table(seed)) for seed, name in enumerate("abc")]
    design = read_json(folders[2] / "contrasts.json")
    for contrast in design["contrasts"]:
        contrast.update(
            {"status": "not_estimable", "reason": "no vehicle left"} if contrast["id"] == ALL else {}
        )
    write_json(design, folders[2] / "contrasts.json")
    (folders[2] / f"{ALL}.tsv").unlink()
    assert compare(*folders).overview["note"] == "without c: no vehicle left"


def test_joint_tests_are_listed_but_not_combined(tmp_path: Path) -> None:
    doses, id = [10, 20], "any_dose.bortezomib.S1"
    folders = [stage(tmp_path / name, effects_table(seed), doses, [id]) for seed, name in enumerate("ab")]
    found = compare(*folders)
    assert found.columns is None
    assert "not combined" in found.overview["note"]


def test_tests_over_lines_say_how_few_they_rest_on(tmp_path: Path) -> None:
    id = f"{ALL}.class"
    folders = [stage(tmp_path / name, effects_table(seed), ids=[id]) for seed, name in enumerate("ab")]
    assert "few lines (a: 4; b: 4)" in compare(*folders).overview["note"]


def test_a_study_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="study 'a' is given twice"):
        read_studies([tmp_path / "one" / "a", tmp_path / "two" / "a"])


def run(*folders: Path, outdir: Path) -> subprocess.CompletedProcess[str]:
    arguments = [str(COMMAND), "--differential", *map(str, folders), "--outdir", str(outdir)]
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_the_command_writes_what_it_promises_and_the_same_bytes_again(tmp_path: Path) -> None:
    folders = [stage(tmp_path / name, effects_table(seed)) for seed, name in enumerate("ab")]
    for out in ("first", "second"):
        done = run(*folders, outdir=tmp_path / out)
        assert done.returncode == 0, done.stderr
    written = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert written == ["consistency.tsv", f"{ALL}.tsv", "join.tsv", "summary.json"]
    for name in written:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    table = read_table(tmp_path / "first" / f"{ALL}.tsv")
    assert table.columns[:2].tolist() == ["gene_id", "gene_name"]
    assert table["gene_id"].tolist() == effects_table(0)["gene_id"].tolist()
    np.testing.assert_array_equal(table["log2_fold_change.b"], effects_table(1)["log2_fold_change"])


def test_studies_that_share_no_contrast_get_a_header(tmp_path: Path) -> None:
    one = stage(tmp_path / "one", effects_table(1), ids=["drug.bortezomib.S1"])
    two = stage(tmp_path / "two", effects_table(2), ids=["drug.bortezomib.S2"])
    assert run(one, two, outdir=tmp_path / "out").returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["consistency.tsv", "summary.json"]
    assert read_table(tmp_path / "out" / "consistency.tsv").empty


def test_significant_is_an_adjusted_p_value_below_5_percent() -> None:
    p_adjusted = np.array([[0.049, 0.049], [0.049, 0.051], [0.051, 0.051]])
    found = compare_genes(Evidence(np.full((3, 2), 2.0), np.full((3, 2), 0.4), p_adjusted / 2, p_adjusted))
    assert found["significant_in"].tolist() == [2, 1, 0]
    assert found["consistent"].tolist() == ["up", "no", "no"]


def test_consistent_asks_for_one_sign_everywhere_and_two_significant_studies() -> None:
    effects = np.array([[2, 2, 0.1], [2, 0.1, 0.1], [-2, -2, -0.1], [2, 2, -0.1], [2, 2, np.nan]])
    p_values = np.where(np.abs(effects) > 1, 1e-6, 0.5)
    p_values[np.isnan(effects)] = np.nan
    errors = np.where(np.isnan(effects), np.nan, 0.4)
    found = compare_genes(Evidence(effects, errors, p_values, p_values))
    assert found["consistent"].tolist() == ["up", "no", "down", "no", "up"]
    assert found["same_sign"].tolist() == ["yes", "yes", "yes", "no", "yes"]
    assert found["significant_in"].tolist() == [2, 1, 2, 2, 2]
    assert found["studies"].tolist() == [3, 3, 3, 3, 2]
