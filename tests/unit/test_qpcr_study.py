"""The qPCR of studies: planted fold changes of every kind of contrast, and what becomes of odd wells."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from qpcr_plates import SCHEMA, designed, plate
from scipy.stats import norm, ttest_ind, ttest_rel
from study_sheets import sheet

from rxpress.errors import InputError
from rxpress.qpcr.analysis import QpcrResults, QpcrRules, analyze_qpcr
from rxpress.qpcr.check_table import read_checked
from rxpress.qpcr.run import analyze_run, find_designs, with_study_and_kept
from rxpress.tables import read_json, read_table, write_json, write_table

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "analyze_qpcr.py"
REFERENCES = ("GAPDH", "ACTB")


def bortezomib(row: Mapping[str, str], target: str) -> float:
    """HMOX1 rises eight-fold, DDIT3 four-fold in sensitive lines; resistant lines have twice the PSMB5."""
    treated, sensitive = row["treatment"] == "bortezomib", row.get("response") == "sensitive"
    rises = {"HMOX1": 3.0 * treated, "DDIT3": 2.0 * (treated and sensitive), "PSMB5": 1.0 * (not sensitive)}
    return rises.get(target, 0.0)


def analyzed(
    folder: Path,
    samples: pd.DataFrame,
    wells: pd.DataFrame,
    references: Sequence[str] = REFERENCES,
    rules: QpcrRules | None = None,
) -> QpcrResults:
    samples, design = designed(samples)
    write_table(wells, folder / "ct.tsv")
    table, _ = read_checked(folder / "ct.tsv", SCHEMA, samples, references)
    return analyze_qpcr(table, samples, design, references, rules or QpcrRules())


def change(results: QpcrResults, contrast: str, target: str) -> pd.Series:
    rows = results.tables["fold_changes"]
    return rows[(rows["contrast"] == contrast) & (rows["target"] == target)].iloc[0]


def mean_ct(wells: pd.DataFrame, rows: str) -> pd.DataFrame:
    numbers = pd.to_numeric(wells["ct"], errors="coerce")
    return wells.assign(ct=numbers).pivot_table("ct", rows, "target")


def test_planted_fold_changes_are_found_in_every_contrast_of_lines(tmp_path: Path) -> None:
    samples = sheet()
    results = analyzed(tmp_path, samples, plate(samples, bortezomib))
    truth = {
        ("drug.bortezomib.S1", "HMOX1"): 3,
        ("drug.bortezomib.R2", "DDIT3"): 0,
        ("drug.bortezomib.sensitive", "DDIT3"): 2,
        ("drug.bortezomib.all", "HMOX1"): 3,
        ("drug.bortezomib.all", "DDIT3"): 1,
        ("baseline.resistant_vs_sensitive", "PSMB5"): 1,
        ("interaction.bortezomib.resistant_vs_sensitive", "DDIT3"): -2,
        ("interaction.bortezomib.resistant_vs_sensitive", "HMOX1"): 0,
    }
    for (contrast, target), lfc in truth.items():
        row = change(results, contrast, target)
        assert row["log2_fold_change"] == pytest.approx(lfc, abs=0.5), (contrast, target)
        assert (row["p_adjusted"] < 0.05) == (lfc != 0)
        assert (row["method"], row["test"]) == ("ddct", "welch")
    rows = results.tables["fold_changes"]
    assert set(rows["target"]) == {"TBP", "HMOX1", "DDIT3", "PSMB5"}
    np.testing.assert_array_equal(rows["log2_fold_change"], -rows["delta_delta_ct"])
    np.testing.assert_allclose(rows["fold_change"], 2.0 ** rows["log2_fold_change"])
    assert (rows["fold_lower"] < rows["fold_change"]).all()


def test_two_conditions_are_compared_by_welch(tmp_path: Path) -> None:
    samples = sheet({"S1": "sensitive"})
    wells = plate(samples, bortezomib)
    row = change(analyzed(tmp_path, samples, wells), "drug.bortezomib.S1", "HMOX1")
    ct = mean_ct(wells, "sample")
    delta = ct["HMOX1"] - ct[list(REFERENCES)].mean(axis=1)
    treated = delta.index.str.contains("bortezomib")
    test = ttest_ind(-delta[treated], -delta[~treated], equal_var=False)
    interval = test.confidence_interval()
    found = row[["statistic", "p_value", "df", "lfc_lower", "lfc_upper"]].tolist()
    assert found == pytest.approx([test.statistic, test.pvalue, test.df, interval.low, interval.high])
    assert (row["samples_up"], row["samples_down"]) == (3, 3)
    assert row["range_sd"] == pytest.approx(delta[treated].std())


def patients(responses: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        {"sample": f"{p}_{t}", "study": "study", "patient": p, "treatment": t, "response": r or None}
        for p, r in responses.items()
        for t in ("DMSO", "bortezomib")
    ]
    return pd.DataFrame(rows)


def test_patients_are_compared_within_complete_pairs(tmp_path: Path) -> None:
    samples = patients({f"p{i}": "sensitive" if i < 4 else "resistant" for i in range(8)})
    wells = plate(samples, bortezomib, wells=2)
    lost = (wells["sample"] == "p0_DMSO") & (wells["target"] == "HMOX1")
    wells.loc[lost, "ct"] = "Undetermined"
    results = analyzed(tmp_path, samples, wells)
    ct = mean_ct(wells, "sample")
    level = -ct.sub(ct[list(REFERENCES)].mean(axis=1), axis=0)
    drug, vehicle = (
        level[level.index.str.endswith(t)].rename(lambda name: name[:2]) for t in ("bortezomib", "DMSO")
    )
    paired = ttest_rel(drug["HMOX1"][1:], vehicle["HMOX1"][1:])
    row = change(results, "drug.bortezomib.all", "HMOX1")
    assert row[["statistic", "p_value", "df"]].tolist() == pytest.approx([paired.statistic, paired.pvalue, 6])
    assert (row["test"], row["samples_up"], row["samples_down"]) == ("paired", 7, 7)
    assert "not detected in 1 of 16 samples: p0_DMSO" in row["note"]
    difference = (drug - vehicle)["DDIT3"]
    welch = ttest_ind(difference[4:], difference[:4], equal_var=False)
    row = change(results, "interaction.bortezomib.resistant_vs_sensitive", "DDIT3")
    found = row[["statistic", "p_value", "df"]].tolist()
    assert found == pytest.approx([welch.statistic, welch.pvalue, welch.df])
    row = change(results, "baseline.resistant_vs_sensitive", "PSMB5")
    welch = ttest_ind(vehicle["PSMB5"][4:], vehicle["PSMB5"][:4], equal_var=False)
    assert (row["p_value"], row["test"]) == (pytest.approx(welch.pvalue), "welch")


def test_a_test_over_lines_takes_each_line_for_one_value(tmp_path: Path) -> None:
    lines = {f"{side[0].upper()}{i}": side for side in ("sensitive", "resistant") for i in range(3)}
    samples = sheet(lines)
    results = analyzed(tmp_path, samples, plate(samples, bortezomib))
    row = change(results, "interaction.bortezomib.resistant_vs_sensitive.class", "DDIT3")
    effects = [change(results, f"drug.bortezomib.{line}", "DDIT3")["log2_fold_change"] for line in lines]
    welch = ttest_ind(effects[3:], effects[:3], equal_var=False)
    found = row[["log2_fold_change", "statistic", "p_value"]].tolist()
    wanted = [np.mean(effects[3:]) - np.mean(effects[:3]), welch.statistic, welch.pvalue]
    assert found == pytest.approx(wanted)
    assert row["test"] == "lines"


def test_nothing_is_put_in_the_place_of_a_missing_ct(tmp_path: Path) -> None:
    """Without one of three wells the mean is of two; without any the sample has no ΔCt and is named."""
    samples = sheet({"S1": "sensitive", "S2": "sensitive"})
    wells = plate(samples, bortezomib)
    of_target = wells["target"] == "HMOX1"
    one = of_target & (wells["sample"] == "S1_DMSO_0_24_1")
    wells.loc[one & (wells["replicate"] == 2), "ct"] = "Undetermined"
    wells.loc[of_target & (wells["sample"] == "S1_DMSO_0_24_2"), "ct"] = "40.01"
    wells.loc[of_target & wells["sample"].str.startswith("S2_DMSO"), "ct"] = "Undetermined"
    results = analyzed(tmp_path, samples, wells)
    joined = results.tables["replicates"].set_index(["target", "sample"]).loc["HMOX1"]
    kept = wells[one & (wells["replicate"] != 2)]["ct"].astype(float)
    assert joined.loc["S1_DMSO_0_24_1", "mean_ct"] == pytest.approx(kept.mean())
    assert joined.loc["S1_DMSO_0_24_1", "flag"] == "1 of 3 wells without a Ct"
    assert joined.loc["S1_DMSO_0_24_2", "flag"] == "not detected"
    assert np.isnan(joined.loc["S1_DMSO_0_24_2", "mean_ct"])
    reasons = results.tables["wells"]["reason"].value_counts()
    assert (reasons["Ct above 40"], reasons["undetermined"]) == (3, 10)
    row = change(results, "drug.bortezomib.S1", "HMOX1")
    assert (row["samples_up"], row["samples_down"]) == (3, 2)
    assert row["note"] == "not detected in 1 of 6 samples: S1_DMSO_0_24_2"
    row = change(results, "drug.bortezomib.S2", "HMOX1")
    assert np.isnan(row["delta_delta_ct"])
    assert row["note"].startswith("no ΔCt in S2.DMSO.24h; not detected in 3 of 6 samples")
    average = change(results, "drug.bortezomib.all", "HMOX1")
    alone = change(results, "drug.bortezomib.S1", "HMOX1")
    assert average["delta_delta_ct"] == alone["delta_delta_ct"]
    assert average["note"].startswith("leaves out S2, without ΔCt in one of its conditions")
    counted = results.summary["not_detected"]["HMOX1"]
    assert counted == [f"S1_DMSO_0_24_{2}", *(f"S2_DMSO_0_24_{i}" for i in (1, 2, 3))]


def test_replicates_that_spread_are_flagged_and_the_outlying_well_is_named(tmp_path: Path) -> None:
    samples = sheet({"S1": "sensitive"})
    wells = plate(samples, bortezomib)
    spoilt = (wells["sample"] == "S1_DMSO_0_24_1") & (wells["target"] == "TBP") & (wells["replicate"] == 3)
    wells.loc[spoilt, "ct"] = "29.5"
    line = int(np.flatnonzero(spoilt)[0]) + 2
    joined = analyzed(tmp_path, samples, wells).tables["replicates"]
    flagged = joined[joined["flag"].notna()]
    assert flagged[["sample", "target", "flag", "outlying"]].values.tolist() == [
        ["S1_DMSO_0_24_1", "TBP", "SD above 0.5", f"Ct 29.5 (line {line})"]
    ]
    assert flagged["wells"].tolist() == [3]
    lenient = analyzed(tmp_path, samples, wells, rules=QpcrRules(max_ct_sd=5)).tables["replicates"]
    assert lenient["flag"].isna().all()


def test_reference_genes_that_move_with_treatment_are_warned_about(tmp_path: Path) -> None:
    samples = sheet({"S1": "sensitive"}, replicates=4)

    def moving(row: Mapping[str, str], target: str) -> float:
        return bortezomib(row, target) + 1.5 * (target == "ACTB" and row["treatment"] == "bortezomib")

    quiet = analyzed(tmp_path, samples, plate(samples, bortezomib), ("GAPDH", "ACTB", "TBP"))
    assert quiet.summary["warnings"] == []
    results = analyzed(tmp_path, samples, plate(samples, moving), ("GAPDH", "ACTB", "TBP"))
    table = results.tables["references"].set_index("contrast").loc["drug.bortezomib.S1"].set_index("gene")
    assert table.loc["ACTB", "relative_shift"] == pytest.approx(-1.5, abs=0.4)
    assert table.loc["ACTB", "relative_p_value"] < 0.01
    assert any("ACTB moves in drug.bortezomib.S1: -1." in warning for warning in results.summary["warnings"])
    assert table["m"].idxmax() == "ACTB"
    assert any("ACTB is not stable over samples: M " in warning for warning in results.summary["warnings"])
    alone = analyzed(tmp_path, samples, plate(samples, moving, amounts=0.2), ("ACTB",))
    assert np.isnan(alone.tables["references"]["m"]).all()
    assert alone.summary["warnings"][0].startswith("ACTB moves in drug.bortezomib.S1: -1.")
    assert "or the amount of RNA does" in alone.summary["warnings"][0]


@pytest.mark.parametrize(
    ("cycles", "moves", "unstable"), [(0.3, False, False), (0.7, True, False), (1.3, True, True)]
)
def test_references_are_warned_of_from_half_a_cycle_and_from_an_m_of_half_on(
    tmp_path: Path, cycles: float, moves: bool, unstable: bool
) -> None:
    """With a reference that moves by d in half of the samples, geNorm's M of it is about d / 2."""
    samples = sheet({"S1": "sensitive"}, replicates=12)

    def moving(row: Mapping[str, str], target: str) -> float:
        return bortezomib(row, target) + cycles * (target == "ACTB" and row["treatment"] == "bortezomib")

    wells = plate(samples, moving, noise=0.05, amounts=0.1)
    warnings = analyzed(tmp_path, samples, wells, ("GAPDH", "ACTB", "TBP")).summary["warnings"]
    assert any(warning.startswith("ACTB moves in") for warning in warnings) == moves
    assert any(warning.startswith("ACTB is not stable") for warning in warnings) == unstable


def test_amounts_of_rna_that_differ_by_chance_are_no_moving_reference(tmp_path: Path) -> None:
    samples = sheet({"S1": "sensitive"}, replicates=4)
    results = analyzed(tmp_path, samples, plate(samples, bortezomib, amounts=2.0, seed=2), REFERENCES)
    table = results.tables["references"]
    assert (table["shift"].abs() > 0.5).all()
    assert (table["p_value"] > 0.05).all()
    assert results.summary["warnings"] == []


def test_efficiencies_give_the_ratio_of_pfaffl(tmp_path: Path) -> None:
    samples = sheet({"S1": "sensitive"})
    wells = plate(samples, bortezomib, targets=("GAPDH", "HMOX1"))
    efficiency = wells["target"].map({"GAPDH": "0.98", "HMOX1": "90"})
    row = change(
        analyzed(tmp_path, samples, wells.assign(efficiency=efficiency), ("GAPDH",)),
        "drug.bortezomib.S1",
        "HMOX1",
    )
    means = mean_ct(wells.assign(drug=wells["sample"].str.contains("bortezomib")), "drug")
    fall = means.loc[False] - means.loc[True]
    assert row["fold_change"] == pytest.approx(1.9 ** fall["HMOX1"] / 1.98 ** fall["GAPDH"])
    assert row["method"] == "pfaffl"


def test_samples_that_are_left_out_enter_nothing(tmp_path: Path) -> None:
    samples = sheet({"S1": "sensitive"}, replicates=4)
    samples["kept"] = samples["sample"] != "S1_DMSO_0_24_1"
    results = analyzed(tmp_path, samples, plate(samples, bortezomib))
    wells = results.tables["wells"]
    assert set(wells.loc[wells["used"] == "false", "sample"]) == {"S1_DMSO_0_24_1"}
    assert set(wells.loc[wells["used"] == "false", "reason"]) == {"sample is left out"}
    assert change(results, "drug.bortezomib.S1", "HMOX1")["samples_down"] == 3
    assert "S1_DMSO_0_24_1" not in set(results.tables["delta_ct"]["sample"])


def run_command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(COMMAND), *arguments, "--outdir", str(folder / "qpcr")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.real
def test_the_data_of_livak_give_the_printed_fold_change_and_range(tmp_path: Path, real_data: Path) -> None:
    """c-myc against GAPDH in separate tubes, six wells each of one brain and one kidney sample."""
    ct = pd.read_csv(real_data / "qpcr/livak_ct1.csv").assign(sample=["brain"] * 6 + ["kidney"] * 6)
    write_table(ct.melt("sample", var_name="target", value_name="ct"), tmp_path / "ct.tsv")
    samples = pd.DataFrame({"sample": ["brain", "kidney"], "treatment": ["brain", "kidney"]})
    write_table(samples, tmp_path / "samples.tsv")
    files = ["--qpcr", str(tmp_path / "ct.tsv"), "--samples", str(tmp_path / "samples.tsv")]
    done = run_command(tmp_path, *files, "--reference_genes", "GAPDH", "--vehicle", "brain")
    assert done.returncode == 0, done.stderr
    row = read_table(tmp_path / "qpcr/fold_changes.tsv").iloc[0]
    assert round(row["delta_delta_ct"], 3) == -2.495
    assert round(row["fold_change"], 3) == 5.637
    assert (round(row["range_lower"], 2), round(row["range_upper"], 2)) == (5.28, 6.02)
    assert np.isnan(row["p_value"])
    assert row["note"] == "no replicates: no condition has two samples"


@pytest.mark.real
def test_the_instrument_has_the_same_delta_ct_where_it_saw_a_signal(tmp_path: Path, real_data: Path) -> None:
    """Avg Delta Ct and its SE, columns 10 and 11 of the SDS export; where no well has a Ct it took 40."""
    export = real_data / "qpcr/sds_export.txt"
    write_table(pd.DataFrame({"sample": ["Sample01"]}), tmp_path / "samples.tsv")
    done = run_command(tmp_path, "--qpcr", str(export), "--samples", str(tmp_path / "samples.tsv"))
    assert done.returncode == 0, done.stderr
    found = read_table(tmp_path / "qpcr/delta_ct.tsv").set_index("target")
    cells = [line.split("\t") for line in export.read_text().replace("\r", "\n").split("\n")]
    wells = {row[5]: (row[9], row[10]) for row in cells if row[0].isdigit() and row[9]}
    compared = 0
    for gene, (delta, error) in wells.items():
        if found.loc[gene, "state"] == "detected":
            assert found.loc[gene, "delta_ct"] == pytest.approx(float(delta), abs=1e-5)
            compared += 1
            if error:
                assert found.loc[gene, "delta_ct_se"] == pytest.approx(float(error), abs=1e-5)
        else:
            assert float(delta) == pytest.approx(40 - found.loc[gene, "reference_ct"], abs=1e-5)
            assert np.isnan(found.loc[gene, "delta_ct"])
    assert (compared, len(wells)) == (180, 190)


def test_a_table_without_treatments_has_delta_ct_and_says_why_nothing_is_compared(tmp_path: Path) -> None:
    samples = pd.DataFrame({"sample": ["a1", "a2"], "study": "study"})
    results = analyzed(tmp_path, samples, plate(samples.assign(treatment="none"), lambda *_: 0.0))
    assert results.tables["fold_changes"].empty
    assert len(results.tables["delta_ct"]) == 8
    assert results.summary["notes"] == ["the sheet names no treatment"]


def test_several_studies_share_a_table(tmp_path: Path) -> None:
    first, second = sheet({"S1": "sensitive"}), sheet({"R1": "resistant"}).assign(study="other")
    samples = pd.concat([first, second], ignore_index=True)
    wells = plate(samples, bortezomib)
    write_table(wells, tmp_path / "ct.tsv")
    whole = with_study_and_kept(samples)
    table, _ = read_checked(tmp_path / "ct.tsv", SCHEMA, whole, REFERENCES)
    run = analyze_run(table, whole, find_designs(whole, [], [], "DMSO"), REFERENCES, QpcrRules())
    changes = run.tables["fold_changes"].set_index(["study", "contrast", "target"])["log2_fold_change"]
    assert changes["study", "drug.bortezomib.S1", "DDIT3"] == pytest.approx(2, abs=0.5)
    assert changes["other", "drug.bortezomib.R1", "DDIT3"] == pytest.approx(0, abs=0.5)
    assert run.tables["wells"]["line"].tolist() == list(range(2, 2 + len(wells)))
    assert (run.tables["wells"]["used"] == "true").all()
    assert list(run.summary["studies"]) == ["study", "other"]


def test_the_command_writes_its_tables_and_the_same_bytes_again(tmp_path: Path) -> None:
    samples, design = designed(sheet())
    write_table(samples, tmp_path / "samples.tsv")
    write_json(design.to_json(), tmp_path / "contrasts.json")
    write_table(plate(samples, bortezomib), tmp_path / "ct.tsv")
    files = [f"--qpcr={tmp_path}/ct.tsv", f"--samples={tmp_path}/samples.tsv"]
    files += [f"--contrasts={tmp_path}/contrasts.json", "--reference_genes=GAPDH,ACTB"]
    done = run_command(tmp_path, *files)
    assert done.returncode == 0, done.stderr
    written = {path.name: path.read_bytes() for path in (tmp_path / "qpcr").iterdir()}
    assert sorted(written) == [
        "concordance.tsv",
        "concordance_summary.tsv",
        "delta_ct.tsv",
        "fold_changes.tsv",
        "references.tsv",
        "replicates.tsv",
        "summary.json",
        "wells.tsv",
    ]
    assert len(read_table(tmp_path / "qpcr/wells.tsv")) == 24 * 6 * 3
    told = read_json(tmp_path / "qpcr/summary.json")["studies"]["study"]
    assert told["wells_used"] == 24 * 6 * 3
    assert list(told["labels"]) == told["contrasts"]
    assert told["labels"]["drug.bortezomib.S1"] == "bortezomib vs DMSO in S1, 20 nM, 24 h"
    assert run_command(tmp_path, *files).returncode == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "qpcr").iterdir()} == written


def test_the_design_and_the_gene_tables_of_a_folder_of_differential_are_used(tmp_path: Path) -> None:
    samples, design = designed(sheet())
    write_table(samples, tmp_path / "samples.tsv")
    write_table(plate(samples, bortezomib), tmp_path / "ct.tsv")
    genes = ["HMOX1", "DDIT3", "PSMB5", "TBP", "OTHER"]
    lfc = np.array([2.6, 0.9, 0.02, 0.01, 4.0])
    table = pd.DataFrame({"gene_id": [f"ENSG{i}" for i in range(5)], "gene_name": genes})
    table = table.assign(log2_fold_change=lfc, lfc_se=0.1, p_value=2 * norm.sf(lfc / 0.1))
    folder = tmp_path / "differential" / "study"
    write_table(table.assign(p_adjusted=table["p_value"]), folder / "drug.bortezomib.all.tsv")
    write_json(design.to_json(), folder / "contrasts.json")
    files = [f"--qpcr={tmp_path}/ct.tsv", f"--samples={tmp_path}/samples.tsv"]
    done = run_command(tmp_path, *files, "--reference_genes=GAPDH,ACTB", "--differential", str(folder))
    assert done.returncode == 0, done.stderr
    pairs = read_table(tmp_path / "qpcr/concordance.tsv").set_index("target")
    assert pairs["contrast"].unique().tolist() == ["drug.bortezomib.all"]
    assert pairs.loc[["HMOX1", "DDIT3"], "verdict"].tolist() == ["confirmed", "confirmed"]
    assert set(pairs.loc[["PSMB5", "TBP"], "verdict"]) <= {"no change", "inconclusive"}
    summary = read_table(tmp_path / "qpcr/concordance_summary.tsv").iloc[0]
    assert (summary["genes"], summary["confirmed"]) == (4, 2)


def test_contrasts_of_a_study_without_samples_are_refused(tmp_path: Path) -> None:
    samples, design = designed(sheet())
    write_json(design.to_json() | {"study": "other"}, tmp_path / "contrasts.json")
    with pytest.raises(InputError, match="contrasts are of study 'other', of which --samples has no sample"):
        find_designs(with_study_and_kept(samples), [tmp_path / "contrasts.json"], [], "DMSO")


def test_the_command_tells_bad_input_by_line_and_ends_with_status_2(tmp_path: Path) -> None:
    write_table(sheet({"S1": "sensitive"}), tmp_path / "samples.tsv")
    (tmp_path / "ct.csv").write_text("sample,target,ct\nS1_DMSO_0_24_1,GAPDH,x\nS1-DMSO-0-24-2,HMOX1,25\n")
    files = [f"--qpcr={tmp_path}/ct.csv", f"--samples={tmp_path}/samples.tsv", "--reference_genes=GAPDH"]
    done = run_command(tmp_path, *files)
    assert done.returncode == 2
    assert [line.split("; ")[0] for line in done.stderr.splitlines()] == [
        "error: ct.csv:2: column 'ct': 'x' is not a Ct",
        "error: ct.csv:3: column 'sample': sample 'S1-DMSO-0-24-2' is not in the samplesheet",
    ]
    assert not (tmp_path / "qpcr").exists()
