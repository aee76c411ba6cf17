"""fit_dose_response.py as a user runs it: planted lines, real curves with published IC50, real plates."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares
from scipy.special import expit

from rxpress.dose_response.fit_table import CURVE_COLUMNS, FIT_COLUMNS
from rxpress.dose_response.labels import LABEL_COLUMNS
from rxpress.dose_response.plates import COLUMNS
from rxpress.tables import read_table

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "fit_dose_response.py"
TABLES = {"fits": FIT_COLUMNS, "curves": CURVE_COLUMNS, "points": COLUMNS, "labels": LABEL_COLUMNS}
IC50 = {"S1": 3.0, "S2": 4.0, "R1": 40.0, "R2": 60.0}


def run(folder: Path, table: pd.DataFrame, *options: str) -> subprocess.CompletedProcess[str]:
    table.to_csv(folder / "viability.csv", index=False)
    command = [sys.executable, str(COMMAND), "--viability", "viability.csv", "--outdir", "dose_response"]
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True)


def fitted(folder: Path, table: pd.DataFrame, *options: str) -> dict[str, pd.DataFrame]:
    """The tables that the command writes."""
    done = run(folder, table, *options)
    assert done.returncode == 0, done.stderr
    return {name: read_table(folder / "dose_response" / f"{name}.tsv") for name in TABLES}


def planted() -> pd.DataFrame:
    """Four lines in percent, doses from 0.1 to 1000 nM in triplicate, and vehicle wells."""
    random, rows = np.random.default_rng(1), []
    for line, ic50 in IC50.items():
        for dose in [0.0, *np.logspace(-1, 3, 9)]:
            for replicate in (1, 2, 3):
                value = 100 / (1 + (dose / ic50) ** 1.5) + random.normal(0, 3)
                rows.append((line, "bortezomib" if dose else "DMSO", dose, value, 72, replicate))
    return pd.DataFrame(
        rows, columns=["cell_line", "treatment", "dose_nM", "viability", "time_h", "replicate"]
    )


def test_planted_lines_are_fitted_and_labelled(tmp_path: Path) -> None:
    tables = fitted(tmp_path, planted())
    assert {name: list(table) for name, table in tables.items()} == TABLES
    fits = tables["fits"].set_index("cell_line")
    for line, ic50 in IC50.items():
        assert fits.loc[line, "ic50_lower_nM"] < ic50 < fits.loc[line, "ic50_upper_nM"]
        assert fits.loc[line, "ic50_nM"] == pytest.approx(ic50, rel=0.2)
    labels = tables["labels"].set_index("cell_line")["response"].to_dict()
    assert labels == {"S1": "sensitive", "S2": "sensitive", "R1": "resistant", "R2": "resistant"}
    summary = json.loads((tmp_path / "dose_response" / "summary.json").read_text())
    assert "percent" in summary["studies"]["study"]["notes"][0]


def test_same_table_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    for name in ("one", "two"):
        fitted(tmp_path / name, planted())
    for name in TABLES:
        one, two = ((tmp_path / n / "dose_response" / f"{name}.tsv").read_bytes() for n in ("one", "two"))
        assert one == two


def test_names_and_responses_of_the_sheet_are_compared(tmp_path: Path) -> None:
    header = "sample\tstudy\tcell_line\ttreatment\tresponse\n"
    rows = "".join(f"{line}\tmine\t{line}\tbortezomib\tresistant\n" for line in ("S1", "R1"))
    (tmp_path / "samples.tsv").write_text(header + rows)
    labels = fitted(tmp_path, planted(), "--samples", "samples.tsv", "--ic50_threshold", "10")["labels"]
    assert labels["study"].unique().tolist() == ["mine"]
    assert labels["reason"][0].endswith("; the samplesheet says resistant, which wins")
    done = run(tmp_path, planted().replace({"R1": "R-1"}), "--samples", "samples.tsv")
    assert done.returncode == 2
    assert "'R-1' is another spelling of 'R1'; did you mean 'R1'?" in done.stderr


def test_faults_end_the_command_with_status_2_and_no_tables(tmp_path: Path) -> None:
    done = run(tmp_path, planted().rename(columns={"viability": "value"}), "--ic50_threshold", "0")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: --ic50_threshold: must be above 0; give an IC50 in nM",
        "error: viability.csv:1: has no response; add a column 'viability', or 'signal' and 'well_type'",
    ]
    assert not (tmp_path / "dose_response").exists()


@pytest.mark.real
def test_ic50_of_ccle_curves_are_within_two_fold_of_the_published_ones(
    tmp_path: Path, real_data: Path
) -> None:
    """Of those whose doses bracket the published IC50 (it is the highest dose where it was not reached)."""
    ccle = pd.read_csv(real_data / "dose" / "ccle_50_curves.csv")
    rows = [
        (row["id"], "drug", 1000 * row[f"dose{i}"], row[f"viab{i}"])
        for _, row in ccle.iterrows()
        for i in range(1, 9)
    ]
    table = pd.DataFrame(rows, columns=["cell_line", "treatment", "dose_nM", "viability"])
    fits = fitted(tmp_path, table)["fits"].set_index("cell_line")
    published = 1000 * ccle.set_index("id")["ic50_published"]
    bracketed = published[(published > 2.5) & (published < 8000)]
    fold = fits["ic50_nM"].reindex(bracketed.index) / bracketed
    assert len(bracketed) == 20
    assert np.mean((fold > 0.5) & (fold < 2)) >= 0.8
    unreached = fits.loc[published.index[published == 8000]]
    assert np.mean(unreached["ic50_text"] == "> 8000") > 0.9


@pytest.mark.real
def test_raw_plates_of_gdsc_are_normalized_by_plate_and_fitted(tmp_path: Path, real_data: Path) -> None:
    raw = pd.read_csv(real_data / "dose" / "gdsc_raw_six_lines.csv.gz", dtype={"BARCODE": str})
    kinds = {"B": "blank", "NC-1": "vehicle"}
    kind = [kinds.get(tag, "sample" if tag.endswith("-S") else "") for tag in raw["TAG"]]
    raw = raw.assign(kind=kind)[np.array(kind) != ""]
    drug = raw["kind"] == "sample"
    table = pd.DataFrame(
        {
            "cell_line": raw["CELL_LINE_NAME"].where(raw["kind"] != "blank"),
            "treatment": ("GDSC" + raw["DRUG_ID"].astype(str)).where(drug),
            "dose_nM": (1000 * raw["CONC"]).where(drug),
            "signal": raw["INTENSITY"],
            "well_type": raw["kind"],
            "plate": raw["BARCODE"],
        }
    )
    tables = fitted(tmp_path, table)
    points, fits = tables["points"], tables["fits"]
    assert len(points) == len(table)
    assert len(fits) == 36
    assert fits["cell_line"].nunique() == 6
    # By hand: each used signal against the means of its own plate.
    means = raw.pivot_table(index="BARCODE", columns="kind", values="INTENSITY", aggfunc="mean")
    used = points[points["excluded"].astype(str).str.lower() == "false"]
    own = means.loc[used["plate"].astype(str)]
    expected = (used["signal"].to_numpy() - own["blank"].to_numpy()) / (
        own["vehicle"] - own["blank"]
    ).to_numpy()
    np.testing.assert_allclose(used["viability"], expected, rtol=1e-12)
    logistic = fits[fits["model"] == "4PL"]
    assert len(logistic) >= 10
    for row in logistic.itertuples():
        own = used[(used["cell_line"] == row.cell_line) & (used["treatment"] == row.treatment)]
        rss = row.residual_sd**2 * (row.points - 4)
        assert rss <= least_rss(own["dose_nM"].to_numpy(), own["viability"].to_numpy()) * (1 + 1e-6)


def least_rss(dose: np.ndarray, y: np.ndarray) -> float:
    """Residual sum of squares of the logistic by scipy, from many starts, within the same bounds."""
    x = np.log(dose)
    low, high = min(0.0, y.min()), max(1.0, y.max() + 0.25 * np.ptp(y))
    bounds = [low, low, x.min() - np.log(100), 0.1], [high, high, x.max() + np.log(100), 10.0]

    def residuals(p: np.ndarray) -> np.ndarray:
        return p[1] + (p[0] - p[1]) * expit(p[3] * (p[2] - x)) - y

    starts = [
        (y.max(), y.min(), centre, hill) for centre in np.linspace(x.min(), x.max(), 6) for hill in (1, 4)
    ]
    return min(2 * least_squares(residuals, np.clip(start, *bounds), bounds=bounds).cost for start in starts)
