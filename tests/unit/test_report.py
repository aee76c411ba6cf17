"""The report says what the results folder holds, and MultiQC takes it as it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from staged_alignments import quality
from staged_arms import stage_arms
from staged_arrays import stage_arrays
from staged_findings import stage_findings
from staged_results import CALLS, GENES, gene_table, stage_results, status
from study_sheets import sheet

from rxpress.report.build import build_sections, write_sections
from rxpress.report.comparisons import axis_ranges, drawn_points, top_genes, volcano_points
from rxpress.report.results import SHOWN_CONTRASTS, read_results
from rxpress.report.topics import IN_ORDER
from rxpress.tables import read_json, read_table, read_yaml, write_json

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "assets" / "multiqc_config.yml"
DRUG, INTERACTION = CALLS


class Report:
    """What `write_sections` wrote for a results folder."""

    def __init__(self, results: Path, schema: Path | None = None) -> None:
        self.folder = results.parent / "report"
        read = read_results(results, schema)
        write_sections(read, build_sections(read), self.folder)

    def section(self, id: str) -> dict[str, Any]:
        content = read_json(self.folder / "sections" / f"{id}_mqc.json")
        assert isinstance(content, dict)
        return content

    def table(self, name: str) -> pd.DataFrame:
        return read_table(self.folder / "tables" / f"{name}.tsv")

    @property
    def ids(self) -> set[str]:
        return {path.name.removesuffix("_mqc.json") for path in (self.folder / "sections").glob("*.json")}


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Report]:
    """A report on a staged folder; arguments are those of `stage_results`."""
    return lambda **planted: Report(stage_results(tmp_path / "results", **planted))


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report on a staged folder as it comes."""
    results = stage_results(tmp_path_factory.mktemp("usual") / "results")
    stage_findings(results)
    stage_arms(results)
    stage_arrays(results, sheet()["sample"].tolist())
    write_json(quality(), results / "reads" / "alignment_quality" / "S1_DMSO_0_24_1.json")
    return Report(results)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a real MultiQC run on two studies, with logs of the tools beside the sections."""
    folder = tmp_path_factory.mktemp("multiqc")
    left_out = {"a_S1_DMSO_0_24_1": "12 reads after trimming, fewer than --min_reads 100"}
    results = stage_results(folder / "results", studies=("a", "b-2"), left_out=left_out)
    stage_findings(results, ("a", "b-2"))
    stage_arms(results, ("a", "b-2"))
    stage_arrays(results, ("b-2_" + sheet()["sample"]).tolist(), "b-2")
    Report(results)
    for sample in ("a_S1_DMSO_0_24_1", "a_S1_DMSO_0_24_2"):
        log_of_salmon(folder / "report" / "sections" / sample)
        log_of_fastqc(folder / "report" / "sections", f"{sample}_1")
        log_of_fastqc(folder / "report" / "sections", f"{sample}_2")
    run_multiqc(folder / "report" / "sections", folder)
    return folder


def run_multiqc(sections: Path, out: Path) -> None:
    command: list[str | Path] = [
        Path(sys.executable).with_name("multiqc"),
        "--strict",
        "--no-version-check",
        "--config",
        CONFIG,
    ]
    options = ["--filename", "report.html", "--outdir", out, sections]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=out)
    assert done.returncode == 0, done.stdout + done.stderr


def log_of_salmon(folder: Path) -> None:
    info = {"salmon_version": "1.10.0", "percent_mapped": 90.0, "num_mapped": 90, "library_types": ["ISR"]}
    write_json(info, folder / "aux_info" / "meta_info.json")
    (folder / "libParams").mkdir()
    (folder / "libParams" / "flenDist.txt").write_text("0.1 0.2 0.4 0.2 0.1")


def log_of_fastqc(folder: Path, name: str) -> None:
    text = f"##FastQC\t0.12.1\n>>Basic Statistics\tpass\n#Measure\tValue\nFilename\tstdin:{name}\n"
    text += "Total Sequences\t100\n%GC\t50\n>>END_MODULE\n"
    with zipfile.ZipFile(folder / f"{name}_fastqc.zip", "w") as archive:
        archive.writestr(f"{name}_fastqc/", "")
        archive.writestr(f"{name}_fastqc/fastqc_data.txt", text)


def test_calls_are_those_of_the_gene_tables(usual: Report) -> None:
    calls = usual.table("calls").set_index("id")
    assert calls[["up", "down"]].to_dict("index") == {
        DRUG: {"up": 5, "down": 3},
        INTERACTION: {"up": 2, "down": 0},
    }
    assert (calls["tested"] == GENES - 2).all()
    assert (calls["beyond_fold_change"] == 1).all()
    assert calls["lines_agree"].dropna().to_dict() == {INTERACTION: 0.5}  # others are of one line
    bars = usual.section("rxpress_calls_all")["data"][0]
    assert bars[f"label of {DRUG} &lt;5 nM&gt;"] == {"up": 5, "down": 3}


def test_multiqc_takes_names_that_end_in_signs_or_differ_by_them_alone(tmp_path: Path) -> None:
    calls = {"drug.btz.U266_resistant_": (5, 3), "my.own": (2, 0), "my-own": (0, 2)}
    report = Report(stage_results(tmp_path / "results", studies=("a", "b_"), calls=calls))
    run_multiqc(report.folder / "sections", tmp_path)
    tables = [report.section(id) for id in report.ids if id.startswith("rxpress_top_genes_")]
    assert len(tables) == 6
    assert len({content["pconfig"]["id"] for content in tables}) == 6


def test_topics_stand_in_the_order_of_the_configuration(usual: Report) -> None:
    order = read_yaml(CONFIG)["custom_content"]["order"]
    assert order == [topic.id for topic in IN_ORDER]
    assert {usual.section(id)["parent_id"] for id in usual.ids} - {"rxpress_general"} == set(order)


def test_every_topic_explains_itself_and_names_its_table(usual: Report) -> None:
    tables = {path.stem for path in (usual.folder / "tables").iterdir()}
    for id in usual.ids - {"rxpress_general_all", "rxpress_summary_all", "rxpress_methods_all"}:
        text = usual.section(id)["parent_description"]
        assert len(text) > 60
        named = re.findall(r"tables/(\w+)", text)
        elsewhere = r"(interpretation|comparison|dose_response|qpcr|arrays/<study>)/\w+\.(tsv|json)"
        assert named or re.search(elsewhere, unescape(text)), id
        assert all(any(table.startswith(name) for table in tables) for name in named), id


def test_a_sample_left_out_is_listed_with_its_reason(report: Callable[..., Report]) -> None:
    reason = "RIN 5.1, lower than --min_rin 7"
    made = report(left_out={"S1_DMSO_0_24_1": reason})
    data = made.section("rxpress_samples_all")["data"][0]
    assert (data["S1_DMSO_0_24_1"]["kept"], data["S1_DMSO_0_24_1"]["reason"]) == ("no", reason)
    assert data["S1_DMSO_0_24_2"]["kept"] == "yes"
    assert "S1_DMSO_0_24_1" not in made.table("pca_study")["sample"].tolist()
    assert "1 left out of the tests" in made.section("rxpress_summary_all")["data"]
    assert made.section("rxpress_general_all")["data"]["S1_DMSO_0_24_1"]["kept"] == "no"


def test_without_tests_the_report_says_why(report: Callable[..., Report]) -> None:
    made = report(untested_because="no condition has two samples")
    for id in ("rxpress_summary_all", "rxpress_calls_all", "rxpress_claims_all"):
        assert "no condition has two samples" in made.section(id)["data"]
    assert "rxpress_volcano_all" not in made.ids
    assert {"rxpress_pca_study", "rxpress_distances_study", "rxpress_heatmap_study"} <= made.ids
    assert "as nothing was tested" in made.section("rxpress_heatmap_study")["parent_description"]


def test_an_empty_folder_still_gives_a_report(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    made = Report(tmp_path / "results")
    assert "There is no study" in made.section("rxpress_calls_all")["data"]
    run_multiqc(made.folder / "sections", tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_a_study_whose_samples_are_all_lost_is_reported(tmp_path: Path) -> None:
    results = stage_results(tmp_path / "results")
    for part in ("differential", "expression"):
        (results / part / "study").rename(tmp_path / part)
    samples = read_table(results / "inputs" / "samples.tsv")
    excluded = samples[["sample", "study"]].assign(reason="no reads")
    excluded.to_csv(results / "inputs" / "excluded_samples.tsv", sep="\t", index=False)
    made = Report(results)
    assert "Nothing was tested: no sample was kept" in made.section("rxpress_summary_all")["data"]
    assert set(made.table("samples")["reason"]) == {"no reads"}


def test_all_points_of_a_volcano_stand_in_its_table(usual: Report) -> None:
    table = usual.table("volcano_genes").query("contrast == @DRUG")
    section = usual.section("rxpress_volcano_all")
    drawn = [point for series in section["data"][0].values() for point in series]
    assert sorted(point["name"] for point in drawn) == sorted(table["gene_name"])
    assert {call: len(points) for call, points in section["data"][0].items()} == {
        "unchanged": GENES - 10,
        "down": 3,
        "up": 5,
    }
    assert [tab["name"] for tab in section["pconfig"]["data_labels"]] == [
        f"label of {id} &lt;5 nM&gt;" for id in CALLS
    ]


def test_called_genes_are_drawn_on_top_and_untested_ones_not() -> None:
    drawn = drawn_points(volcano_points(gene_table(5, 3)))
    assert drawn["call"].tolist()[-8:] == ["up"] * 5 + ["down"] * 3
    assert "untested" not in set(drawn["call"])


def test_axes_have_room_beyond_the_last_point() -> None:
    ranges = axis_ranges(np.array([0.0, 10.0]), np.array([1.0, 1.0]))
    assert (ranges["xmin"], ranges["xmax"]) == (-0.4, 10.4)
    assert ranges["ymin"] < 1 < ranges["ymax"]


def test_top_genes_are_those_of_smallest_p_value() -> None:
    genes = gene_table(5, 3)
    genes.loc[40, "p_value"] = 1e-9
    genes.loc[GENES - 1, "p_value"] = 1e-99  # untested by its call
    top = top_genes(genes, most=6)
    # Of equal p-values the larger change comes first: those that fall, then the last of those that rise.
    assert top["gene_id"].tolist() == ["ENSG040", "ENSG005", "ENSG006", "ENSG007", "ENSG004", "ENSG003"]


def test_beyond_twelve_contrasts_the_summary_heatmap_shows_all(report: Callable[..., Report]) -> None:
    many = {f"drug.bortezomib.L{i}": (i, 0) for i in range(15)}
    made = report(calls=many)
    assert len(made.section("rxpress_volcano_all")["data"]) == SHOWN_CONTRASTS
    assert len(made.section("rxpress_fold_changes_study")["xcats"]) == 15
    assert len(made.table("calls")) == 15
    assert made.table("warnings")["what"].str.contains("3 more have their tables only").any()


def test_under_raw_p_values_false_positives_to_expect_are_told(report: Callable[..., Report]) -> None:
    made = report(parameters={"p_value": "raw", "alpha": 0.01})
    text = made.section("rxpress_claims_all")["data"]
    assert "With --p_value raw" in text
    assert "up to 1 of 58 genes pass the p-value by chance" in text  # 0.01 × 58
    assert "with p-value below 0.01" in made.section("rxpress_calls_all")["parent_description"]


def test_claims_are_limited_to_the_lines_of_the_contrast(usual: Report) -> None:
    claims = usual.table("claims").set_index("contrast")
    drug, interaction = (claims.loc[f"label of {id} <5 nM>"] for id in CALLS)
    assert drug["p_values_speak_of"] == "these lines (S1, S2, R1, R2), not other lines like them"
    sides = "sensitive: S1, S2; resistant: R1, R2"
    assert interaction["p_values_speak_of"] == f"these lines ({sides}), not other lines like them"
    assert "50%" in interaction["note"]
    assert pd.isna(drug["note"])


def test_only_a_test_over_lines_may_name_a_marker(usual: Report, report: Callable[..., Report]) -> None:
    assert "Only a test over lines" in usual.section("rxpress_claims_all")["data"]
    assert "needs three lines on each side" in usual.section("rxpress_claims_all")["data"]
    over_lines, joint = f"{INTERACTION}.class", "any_dose.bortezomib.S1"
    made = report(calls={**CALLS, over_lines: (1, 0), joint: (4, 1)})
    assert "needs three lines" not in made.section("rxpress_claims_all")["data"]
    claims = made.table("claims").set_index("contrast")
    claim = claims.loc[f"label of {over_lines} <5 nM>"]
    assert claim["p_values_speak_of"].startswith("lines of this kind (sensitive: S1, S2; resistant: R1, R2)")
    assert "called genes may be called markers" in claim["note"]
    assert not claims["note"].drop(claim.name).str.contains("markers", na=False).any()
    assert claims.loc[f"label of {joint} <5 nM>", "beyond_fold_change"] == "not asked of 5 called genes"
    assert np.isnan(made.table("calls").set_index("id").loc[joint, "beyond_fold_change"])
    changes = made.table("fold_changes_study")
    assert changes.columns.tolist() == ["gene_id", "gene_name", *CALLS]
    methods = made.section("rxpress_methods_all")["data"]
    assert "moderated t tests" in methods
    assert "likelihood ratio" in methods


def test_genes_of_an_average_tell_how_many_lines_agree(usual: Report) -> None:
    first = usual.section(f"rxpress_top_genes_study_{INTERACTION.replace('.', '-')}")["data"][0]
    assert first["G1/x"]["lines_agree"] == "2 of 4"
    assert first["G1/x"]["left_out"].endswith(" to 3.25")
    alone = usual.section(f"rxpress_top_genes_study_{DRUG.replace('.', '-')}")["data"][0]
    assert not {"lines_agree", "left_out"} & alone["G4/x"].keys()


def test_two_studies_do_not_mix(report: Callable[..., Report]) -> None:
    made = report(studies=("a", "b-2"))
    assert {"rxpress_pca_a", "rxpress_pca_b-2"} <= made.ids
    assert made.section("rxpress_pca_b-2")["section_name"] == "b-2"
    names = [tab["name"] for tab in made.section("rxpress_ma_all")["pconfig"]["data_labels"]]
    assert names[0] == f"a: label of {DRUG} &lt;5 nM&gt;"
    assert len(set(names)) == 4


def test_a_contradicted_strandedness_stands_in_libraries_and_warnings(tmp_path: Path) -> None:
    results = stage_results(tmp_path / "results")
    warning = "declared forward, but the reads say reverse"
    wrong = status("S1_DMSO_0_24_1", strandedness_declared="forward", warning=warning)
    write_json(wrong, results / "reads" / "status" / "S1_DMSO_0_24_1.status.json")
    made = Report(results)
    row = made.section("rxpress_libraries_all")["data"][0]["S1_DMSO_0_24_1"]
    assert (row["strandedness_declared"], row["strandedness_found"], row["warning"]) == (
        "forward",
        "reverse",
        warning,
    )
    assert made.table("warnings")["what"].str.contains(warning).any()
    parts = made.section("rxpress_reads_all")["data"][0]["S1_DMSO_0_24_1"]
    assert list(parts.values()) == [810, 90, 100]  # of 1000 reads 900 left, 810 mapped


def test_changed_parameters_come_first(tmp_path: Path) -> None:
    results = stage_results(tmp_path / "results", parameters={"alpha": 0.05, "strict": True, "vehicle": None})
    properties = {"alpha": {"default": 0.05}, "strict": {"default": False}, "fold_change": {"default": 2}}
    write_json({"$defs": {"tests": {"properties": properties}}}, tmp_path / "schema.json")
    frame = Report(results, tmp_path / "schema.json").table("parameters").set_index("parameter")
    assert frame.index[0] in ("strict", "p_value")
    assert frame["changed"].to_dict() == {
        "p_value": True,
        "strict": True,
        "alpha": False,
        "fold_change": False,
        "vehicle": False,
    }


def test_methods_cite_what_ran_and_nothing_else(report: Callable[..., Report]) -> None:
    text = report(parameters={"skip_fastqc": True, "genome": "g.fa"}).section("rxpress_methods_all")["data"]
    assert "Salmon 1.10, the genome serving as decoy [2]." in text
    assert "FastQC" not in text
    numbers = {int(n) for marks in re.findall(r"\[([\d, ]+)\]", text) for n in marks.split(",")}
    assert numbers == set(range(1, text.count("<li>") + 1))


def test_texts_of_users_are_escaped(usual: Report) -> None:
    for id in ("rxpress_claims_all", "rxpress_summary_all"):
        assert "&lt;5 nM&gt;" in usual.section(id)["data"]
        assert "<5 nM>" not in usual.section(id)["data"]


def test_versions_stay_text(usual: Report) -> None:
    versions = read_yaml(usual.folder / "sections" / "rxpress_mqc_versions.yml")
    assert versions == {"QUANTIFY_READS": {"fastp": "0.23.2", "salmon": "1.10"}}


def test_multiqc_keeps_names_of_samples_and_joins_reads_to_them(html: Path) -> None:
    rows = read_table(html / "report_data" / "multiqc_general_stats.txt", text=("Sample",))
    named = [name for name in rows["Sample"] if name.startswith("a_S1_DMSO_0_24_")]
    assert named == [
        "a_S1_DMSO_0_24_1",
        "a_S1_DMSO_0_24_1 read 1",
        "a_S1_DMSO_0_24_1 read 2",
        "a_S1_DMSO_0_24_2",
        "a_S1_DMSO_0_24_2 read 1",
        "a_S1_DMSO_0_24_2 read 2",
        "a_S1_DMSO_0_24_3",
    ]


def test_the_page_holds_what_was_planted(html: Path) -> None:
    page = (html / "report.html").read_text()
    modules = re.findall(r'id="mqc-module-section-(\w+)"', page)
    assert "12 reads after trimming, fewer than --min_reads 100" in page
    assert "opposite +0.80" in page
    assert ">G0/x<" in page  # genes keep their slashes
    assert modules[0] == "rxpress_summary"
    assert modules[-6:] == [
        "fastqc",
        "salmon",
        "rxpress_warnings",
        "rxpress_methods",
        "rxpress_parameters",
        "multiqc_software_versions",
    ]


def test_the_page_loads_nothing_from_elsewhere(html: Path) -> None:
    page = (html / "report.html").read_text()
    markup = re.sub(r"<script\b.*?</script>", "", page, flags=re.S)
    assert not re.findall(r'<(?:img|script|iframe|link)[^>]+(?:src|href)="(?:https?:)?//[^"]*"', markup)
    assert not re.findall(r'<script[^>]+src="', page)


def run_command(name: str, results: Path, outdir: Path) -> None:
    command = [sys.executable, ROOT / "bin" / name, "--results", results, "--outdir", outdir]
    subprocess.run([*command, "--schema", ROOT / "nextflow_schema.json"], check=True)


def test_commands_write_sections_and_tables_and_what_readers_take_along(tmp_path: Path) -> None:
    results, out = stage_results(tmp_path / "results"), tmp_path / "out"
    run_command("report_sections.py", results, out)
    assert json.loads((out / "sections" / "rxpress_calls_all_mqc.json").read_text())
    assert (out / "tables" / "calls.tsv").exists()
    run_command("export_results.py", results, out)
    assert {"gene_explorer.html", "results.xlsx"} <= {path.name for path in out.iterdir()}
    run_command("draw_figures.py", results, out)
    stems = ["calls", "pca_study", "sample_distances_study", "heatmap_study"]
    stems += [f"{kind}_study_{id}" for kind in ("volcano", "ma") for id in CALLS]
    figures = {path.name for path in (out / "figures").iterdir()}
    assert figures == {f"{stem}.{ending}" for stem in stems for ending in ("svg", "png")}
