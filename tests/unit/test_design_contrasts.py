"""The command design_contrasts.py: its files, its exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from study_sheets import sheet

from rxpress.tables import read_json, read_samples, write_table

COMMAND = Path(__file__).resolve().parents[2] / "bin" / "design_contrasts.py"


@pytest.fixture
def run(tmp_path):
    """Runs the command on a sheet and statuses; returns the finished process and its output folder."""

    def design(samples: pd.DataFrame, *options: str, statuses: dict[str, dict] | None = None):
        write_table(samples, tmp_path / "samples.tsv")
        files = []
        for sample, status in (statuses or {}).items():
            files.append(tmp_path / f"{sample}.status.json")
            files[-1].write_text(json.dumps({"sample": sample, "library_type": "ISR", **status}))
        words = ["--samples", tmp_path / "samples.tsv", "--outdir", tmp_path / "out", *options]
        words += ["--status", *files] if files else []
        done = subprocess.run([sys.executable, COMMAND, *words], capture_output=True, text=True, check=False)
        return done, tmp_path / "out"

    return design


def passed(reads: int) -> dict:
    return {"passed": True, "reason": "", "reads": reads, "percent_mapped": 90.0}


def test_a_study_s_files_say_what_was_decided(run):
    samples = sheet({"S1": "sensitive", "R1": "resistant"}).assign(fastq_1="reads.fq.gz", site="1e5")
    statuses = {name: passed(50000) for name in samples["sample"]}
    statuses["S1_DMSO_0_24_1"] = passed(12034)
    statuses["R1_DMSO_0_24_2"] = {"passed": False, "reason": "is empty", "reads": 0, "percent_mapped": 0.0}
    done, out = run(samples, "--min_reads", "20000", "--covariates", "batch", statuses=statuses)
    assert (done.returncode, done.stderr) == (0, "")
    written = read_samples(out / "study" / "samples.tsv")
    assert written.columns.tolist()[-7:] == [
        "reads",
        "percent_mapped",
        "library_type",
        "response_source",
        "condition",
        "kept",
        "reason",
    ]
    assert written["kept"].sum() == 10
    assert written["site"].unique().tolist() == ["1e5"]
    assert written["condition"][0] == "S1.DMSO.24h"
    design = read_json(out / "study" / "contrasts.json")
    assert design["covariates"] == ["batch"]
    assert design["contrasts"][1]["samples"][0] == "S1_DMSO_0_24_2"
    excluded = (out / "excluded_samples.tsv").read_text().splitlines()
    assert excluded == [
        "sample\tstudy\treason",
        "S1_DMSO_0_24_1\tstudy\t12,034 reads after trimming, fewer than --min_reads 20000",
        "R1_DMSO_0_24_2\tstudy\tis empty",
    ]


def test_each_study_has_its_folder_and_nothing_excluded_leaves_a_header(run):
    samples = pd.concat([sheet({"S1": ""}), sheet({"M": ""}).assign(study="other")])
    done, out = run(samples)
    assert done.returncode == 0, done.stderr
    assert (out / "excluded_samples.tsv").read_text() == "sample\tstudy\treason\n"
    assert read_json(out / "other" / "contrasts.json")["conditions"] == [
        "M.DMSO.24h",
        "M.bortezomib.20nM.24h",
    ]


def test_labels_make_the_comparison_of_responses_possible(run, tmp_path):
    rows = [("study", "A", "bortezomib", "sensitive"), ("study", "B", "bortezomib", "resistant")]
    labels = pd.DataFrame(rows, columns=["study", "cell_line", "treatment", "response"])
    write_table(labels, tmp_path / "labels.tsv")
    done, out = run(sheet({"A": "", "B": "sensitive"}), "--labels", str(tmp_path / "labels.tsv"))
    assert done.returncode == 0, done.stderr
    design = read_json(out / "study" / "contrasts.json")
    assert design["notes"] == [
        "B is sensitive by the sheet and resistant by IC50: the sheet is followed",
        "the sheet has 3 batches, but batch is not among --covariates",
    ]
    assert (
        read_samples(out / "study" / "samples.tsv")["response_source"].tolist()
        == ["ic50"] * 6 + ["sheet"] * 6
    )


def test_a_study_that_lost_every_sample_is_reported_not_crashed(run):
    done, out = run(sheet().assign(rin=4.0), "--min_rin", "7")
    assert done.returncode == 0, done.stderr
    assert "none of the 24 samples" in read_json(out / "study" / "contrasts.json")["untested_because"]
    assert len((out / "excluded_samples.tsv").read_text().splitlines()) == 25


def test_strict_fails_with_every_loss(run):
    samples = sheet().assign(rin=8.0)
    samples.loc[0, "rin"] = 4.0
    done, out = run(samples, "--min_rin", "7", "--strict")
    assert done.returncode == 2
    assert "sample 'S1_DMSO_0_24_1' of study 'study' cannot be used: RIN 4, below --min_rin 7" in done.stderr
    assert not out.exists()


def test_a_wrong_contrasts_file_is_an_error_of_the_user(run, tmp_path):
    (tmp_path / "wanted.yml").write_text(
        "contrasts:\n- {id: x, up: {cell_line: S9}, down: {cell_line: S1}}\n"
    )
    done, _ = run(sheet(), "--contrasts", str(tmp_path / "wanted.yml"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: wanted.yml:2: contrast 'x': `up:` no sample has cell_line 'S9'")


def test_the_same_patients_give_the_same_bytes_whatever_the_order_of_sets(run, monkeypatch):
    responses = {f"P{i}": "sensitive" if i < 4 else "resistant" for i in range(8)}
    samples = sheet(responses, replicates=2).rename(columns={"cell_line": "patient"})
    written = []
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        done, out = run(samples[samples["sample"] != "P0_DMSO_0_24_1"])
        assert (done.returncode, done.stderr) == (0, "")
        written.append((out / "study" / "contrasts.json").read_bytes())
    assert written[0] == written[1]
    models = {model["name"]: model for model in json.loads(written[0])["models"]}
    assert models["pairs.bortezomib"]["libraries"]["P0.DMSO.24h"] == ["P0_DMSO_0_24_2"]
