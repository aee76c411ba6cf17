"""The command interpret_response.py: all tables, the planted answers, none to nothing, clear errors."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data.demo_study.expression import contrast_weights, true_fold_changes
from data.demo_study.study import FULL, plan_study
from planted_verdicts import judge_verdicts
from scipy.stats import binom
from simulated_response import PACK, SCHEMA, fitted, simulate, write_study

from rxpress.errors import Problems
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.interpret import MARKERS, TABLES, Asked, interpret_response, interpret_study
from rxpress.interpretation.knowledge import Knowledge, check_interpretation_inputs
from rxpress.tables import GeneMatrix, read_json, read_records, read_table

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ROOT / "bin" / "interpret_response.py"
DRUGS = ROOT / "assets" / "drugs"
WEIGHTS = ROOT / "assets" / "pathways" / "progeny_human.tsv.gz"
EFFECTS = {"PSMB5": 2.0, "HSPA1A": 3.0, "TNFAIP3": -2.0, "HMOX1": -3.0}
SIGNATURES = """signature\tgene\tdirection\tweight\tmean\tsd\tmethod\tcutoff\treference
MINE\tPSMB5\tNA\tNA\tNA\tNA\texploratory\tNA\tpmid:1
MINE\tHSPA1A\tNA\tNA\tNA\tNA\texploratory\tNA\tpmid:1
"""
Finished = subprocess.CompletedProcess[str]
Runner = Callable[..., tuple[Finished, Path]]


@pytest.fixture(scope="module")
def responding() -> StudyEvidence:
    return simulate(1, EFFECTS)


@pytest.fixture(scope="module")
def run(responding: StudyEvidence, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Runs the command on a study; returns the finished process and its output folder."""

    def start(*options: str | Path, study: StudyEvidence = responding) -> tuple[Finished, Path]:
        folder = tmp_path_factory.mktemp("run")
        differential, expression = write_study(study, folder)
        arguments = ["--differential", differential, "--outdir", folder / "interpretation", *options]
        if study.log2:
            arguments += ["--expression", expression]
        command = [sys.executable, COMMAND, "--permutations", "50", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done, folder / "interpretation"

    return start


@pytest.fixture(scope="module")
def user_files(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    folder = tmp_path_factory.mktemp("user")
    (folder / "mine.tsv").write_text(SIGNATURES)
    (folder / "sets.gmt").write_text("STRESS\t\tPSMB5\tHSPA1A\tHMOX1\tTNFAIP3\n")
    own = ["--signatures", folder / "mine.tsv", "--gene_sets", folder / "sets.gmt"]
    return [*own, "--pathway_weights", WEIGHTS, "--drug_pack", *sorted(DRUGS.iterdir())]


@pytest.fixture(scope="module")
def results(run: Runner, user_files: list[str | Path]) -> Path:
    done, folder = run(*user_files)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_every_table_is_there_with_its_columns(results: Path) -> None:
    assert {path.name for path in results.iterdir()} == {*(f"{name}.tsv" for name in TABLES), "summary.json"}
    for name, columns in TABLES.items():
        assert list(read_table(results / f"{name}.tsv").columns) == list(columns), name


def test_planted_markers_get_their_verdict_by_the_pack_of_the_drug_alone(results: Path) -> None:
    markers = read_table(results / "markers.tsv")
    assert set(markers["drug"]) == {"bortezomib"}
    rows = markers[markers["comparison"] == "drug"]
    said = {gene: set(rows["verdict"][rows["gene"] == gene]) for gene in EFFECTS}
    assert said["PSMB5"] == said["HSPA1A"] == said["TNFAIP3"] == {"as expected"}
    assert said["HMOX1"] == {"opposite"}
    assert read_json(results / "summary.json")["studies"]["study"]["packs"] == ["bortezomib"]


def test_signatures_and_sets_of_the_user_stand_beside_those_of_the_pack(results: Path) -> None:
    assert set(read_table(results / "signatures.tsv")["source"]) == {"bortezomib", "mine.tsv"}
    assert set(read_table(results / "pathways.tsv")["collection"]) == {"bortezomib", "sets"}
    tests = read_table(results / "signature_tests.tsv").set_index(["signature", "contrast", "method"])
    change = tests.loc[("MINE", "drug.bortezomib.all", "weighted_z")]
    assert change["estimate"] > 1
    assert change["p_value"] < 1e-3
    assert (
        tests.loc[("MINE", "interaction.bortezomib.resistant_vs_sensitive", "weighted_z")]["p_value"] > 0.01
    )


def test_the_same_bytes_whatever_the_threads(
    results: Path, run: Runner, user_files: list[str | Path]
) -> None:
    done, again = run(*user_files, "--threads", "2")
    assert done.returncode == 0
    for path in results.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_another_seed_is_told_and_moves_permutation_p_alone(
    results: Path, run: Runner, user_files: list[str | Path]
) -> None:
    _, other = run(*user_files, "--seed", "7")
    assert read_json(other / "summary.json")["seed"] == 7
    ours, theirs = (read_table(folder / "pathways.tsv") for folder in (results, other))
    assert (ours["p_value"] != theirs["p_value"]).any()
    for column in ("score", "camera_p_value", "up_p_value"):
        pd.testing.assert_series_equal(ours[column], theirs[column])


def test_a_study_of_another_drug_has_no_verdicts_and_the_summary_says_why(
    responding: StudyEvidence,
) -> None:
    packs = (replace(PACK, name="melphalan", synonyms=()),)
    found = interpret_response([responding], Knowledge(packs=packs), Asked())
    for name in ("markers", "mechanism", "signatures", "connectivity", "pathways"):
        assert found.tables[name].empty
        assert list(found.tables[name].columns) == list(TABLES[name])
    assert "no drug pack applies: the treatments are bortezomib" in found.summary["studies"]["study"]["notes"]


def test_a_study_that_could_not_be_tested_still_has_scores(run: Runner, responding: StudyEvidence) -> None:
    design = replace(responding.design, untested_because="no replicates")
    untested = replace(responding, design=design, tests={})
    done, folder = run("--drug_pack", DRUGS / "bortezomib", study=untested)
    assert done.returncode == 0
    assert read_table(folder / "markers.tsv").empty
    assert len(read_table(folder / "signatures.tsv"))
    notes = read_json(folder / "summary.json")["studies"]["study"]["notes"]
    assert "no markers, mechanism, pathways or connectivity: no replicates" in notes


def test_a_study_without_a_usable_sample_is_reported(run: Runner, responding: StudyEvidence) -> None:
    assert responding.log2 is not None
    nothing = replace(responding.log2, samples=[], values=responding.log2.values[:, :0])
    design = replace(responding.design, untested_because="no sample was kept")
    left_out = responding.samples.assign(kept=False)
    done, folder = run(
        "--drug_pack",
        DRUGS / "bortezomib",
        study=replace(responding, design=design, tests={}, samples=left_out, log2=nothing),
    )
    assert (done.returncode, done.stderr) == (0, "")
    notes = read_json(folder / "summary.json")["studies"]["study"]["notes"]
    assert "no markers, mechanism, pathways or connectivity: no sample was kept" in notes


def test_a_study_without_expression_still_has_verdicts(run: Runner, responding: StudyEvidence) -> None:
    done, folder = run("--drug_pack", DRUGS / "bortezomib", study=replace(responding, log2=None))
    assert done.returncode == 0
    assert len(read_table(folder / "markers.tsv"))
    assert read_table(folder / "signatures.tsv").empty
    notes = read_json(folder / "summary.json")["studies"]["study"]["notes"]
    assert "no signature scores or activities of samples: there is no log2 expression" in notes


def test_of_rows_with_one_symbol_the_best_expressed_is_judged_and_the_summary_says_which(
    responding: StudyEvidence,
) -> None:
    table = responding.tests["drug.bortezomib.all"]
    row = table.index[table["gene_name"] == "PSMB5"][0]
    repeat = table.iloc[[row]].assign(gene_id="PROBE2", base_mean=0.1, log2_fold_change=-9.0)
    both = pd.concat([table, repeat], ignore_index=True)
    study = replace(responding, tests={"drug.bortezomib.all": both}, log2=None)
    found = interpret_study(study, Knowledge(packs=(PACK,)), Asked(permutations=20))
    markers = found.tables["markers"].set_index("gene")
    assert markers.loc["PSMB5", "gene_id"] == table["gene_id"][row]
    assert markers.loc["PSMB5", "remark"] == "the best expressed of 2 rows with this symbol"
    assert found.summary["study"]["repeated_symbols"] == {
        "PSMB5": {"rows": 2, "gene_id": table["gene_id"][row]}
    }


def test_genes_without_a_test_are_left_out_of_rankings_and_counted(responding: StudyEvidence) -> None:
    table = responding.tests["drug.bortezomib.all"]
    gaps = table.assign(statistic=table["statistic"].mask(table.index < 30), call="unchanged")
    study = replace(responding, tests={"drug.bortezomib.all": gaps}, log2=None)
    found = interpret_study(study, Knowledge(packs=(PACK,)), Asked(permutations=20))
    left_out = int((gaps["statistic"].isna() | gaps["p_value"].isna()).sum())
    (note,) = (note for note in found.summary["study"]["notes"] if "not tested" in note)
    assert note.startswith(f"{left_out} of {len(gaps)} genes were not tested")


def test_tables_of_different_genes_are_refused(run: Runner, responding: StudyEvidence) -> None:
    assert responding.log2 is not None
    other = GeneMatrix(
        responding.log2.gene_ids[::-1],
        responding.log2.gene_names,
        responding.log2.samples,
        responding.log2.values,
    )
    done, _ = run("--drug_pack", DRUGS / "bortezomib", study=replace(responding, log2=other))
    assert done.returncode == 2
    assert "its gene tables and log2_expression.tsv are not of the same genes" in done.stderr


def test_everything_wrong_with_packs_and_files_is_said_at_once(run: Runner, tmp_path: Path) -> None:
    pack = tmp_path / "bad"
    pack.mkdir()
    (pack / "drug.yml").write_text(
        "name: bad\ntarget: x\nmechanism: y\nreferences: [pmid:1 one]\n"
        "signatures:\n  - name: NONE\n    statement: nothing\n"
    )
    (pack / "markers.tsv").write_text(
        "gene\texpected\tcomparison\trole\treference\nATF3\thigher\tdrug\tx\tpmid:1\n"
    )
    (tmp_path / "mine.tsv").write_text(SIGNATURES.replace("MINE\tHSPA1A", "MINE\tPSMB5"))
    (tmp_path / "sets.gmt").write_text("A\tx\tPSMB5\nA\tx\tPSMA1\n")
    (tmp_path / "weights.tsv").write_text("pathway\tgene\tweight\nTNFa\tA20\tmuch\n")
    files = ["--signatures", tmp_path / "mine.tsv", "--gene_sets", tmp_path / "sets.gmt"]
    done, folder = run("--drug_pack", pack, *files, "--pathway_weights", tmp_path / "weights.tsv")
    assert done.returncode == 2
    assert not folder.exists()
    for said in (
        "error: markers.tsv:2: column 'expected': 'higher' is not a direction",
        "error: drug.yml:6: column 'name': 'NONE' is not a signature of signatures.tsv",
        "error: mine.tsv:3: 'MINE PSMB5' stands in line 2 already",
        "error: sets.gmt:2: 'A' stands in line 1 already",
        "error: weights.tsv:2: column 'weight': 'much' is not a number",
    ):
        assert said in done.stderr
    problems = Problems()
    check_interpretation_inputs(
        [pack], tmp_path / "mine.tsv", [tmp_path / "sets.gmt"], [tmp_path / "weights.tsv"], problems, SCHEMA
    )
    assert [f"error: {problem}" for problem in problems.found] == done.stderr.splitlines()


def test_names_that_tables_could_not_tell_apart_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bortezomib.gmt").write_text("A\tx\tPSMB5\n")
    problems = Problems()
    check_interpretation_inputs(
        [DRUGS / "bortezomib"], None, [tmp_path / "bortezomib.gmt"], [], problems, SCHEMA
    )
    (problem,) = problems.found
    assert "collection 'bortezomib' is that of" in problem.what


def test_freshly_fitted_null_studies_have_hardly_any_verdict_with_a_direction() -> None:
    # Fifty seeds: benchmarks/null_verdicts.py.
    said: dict[str, Counter[str]] = {"markers": Counter(), "mechanism": Counter()}
    for seed in range(100, 105):
        found = interpret_study(simulate(seed), Knowledge(packs=(PACK,)), Asked(permutations=20))
        for name, verdicts in said.items():
            verdicts.update(found.tables[name]["verdict"])
    for name, verdicts in said.items():
        measured = sum(verdicts.values()) - verdicts["not measured"]
        assert measured > 200, name
        assert verdicts["as expected"] + verdicts["opposite"] <= 0.05 * measured, name


def demo_evidence() -> tuple[StudyEvidence, list[dict[str, str]], list[dict[str, str]]]:
    """The demo study tested on the counts that were drawn for it, and its truth as its maker writes it."""
    study = plan_study(FULL)
    rows = [
        {
            "sample": sample.name,
            "study": "study",
            "cell_line": FULL.lines[sample.line].name,
            "treatment": ("DMSO", "bortezomib")[sample.treatment],
            "dose_nM": (0.0, 20.0)[sample.treatment],
            "time_h": 24.0,
            "response": FULL.lines[sample.line].response,
        }
        for sample in study.samples
    ]
    ids, names = (np.array([getattr(g, key) for g in study.genes]) for key in ("gene_id", "name"))
    counts = GeneMatrix(ids, names, [row["sample"] for row in rows], study.counts.astype(float))
    weights = contrast_weights([line.name for line in FULL.lines], FULL.resistant)
    contrasts = [
        {"family": family, "who": who, "gene_name": name, "log2_fold_change": str(change)}
        for (family, who), own in weights.items()
        for name, change in zip(names, true_fold_changes(study.expression, own), strict=True)
    ]
    totals = study.counts.sum(axis=1)
    genes = [{"gene_name": n, "mean_expression": str(t)} for n, t in zip(names, totals, strict=True)]
    return fitted(pd.DataFrame(rows), counts), contrasts, genes


def test_every_marker_planted_in_the_demo_study_gets_its_verdict(tmp_path: Path) -> None:
    study, contrasts, genes = demo_evidence()
    found = interpret_study(study, Knowledge(packs=(PACK,)), Asked(permutations=20))
    found.tables["markers"].to_csv(tmp_path / "markers.tsv", sep="\t", index=False, na_rep="NA")
    judged = judge_verdicts(read_records(tmp_path / "markers.tsv"), contrasts, genes)
    assert list(found.tables["markers"].columns) == list(MARKERS)
    assert judged.planted > 500
    assert not judged.missed
    assert len(judged.false) <= binom.ppf(0.999, judged.unchanged, 0.05)
