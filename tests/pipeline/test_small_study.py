"""The small study: stub, resume, parsers, gates, and entries beside FASTQ."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ro_crates import violations

from rxpress.tables import read_json

from .conftest import (
    ROOT,
    SMALL,
    SMALL_REFERENCES,
    Run,
    copy_pipeline,
    hash_tables,
    quant_rows,
    read_tsv,
    small_rows,
    write_csv,
)

pytestmark = pytest.mark.pipeline


def sheet(path: Path, rows: list[dict[str, str]]) -> tuple[object, ...]:
    """Options for a sheet of these rows with the references of the small study."""
    return ("--input", write_csv(rows, path), *SMALL_REFERENCES, "--min_reads", 500)


def total_counts(run: Run) -> dict[str, float]:
    """Reads that genes have in all, by sample."""
    table = read_tsv(run.results / "expression" / "study" / "gene_counts.tsv")
    return {name: sum(float(row[name]) for row in table) for name in list(table[0])[2:]}


def test_stub_run_goes_through_every_process(run_pipeline: Callable[..., Run], tmp_path: Path) -> None:
    run = run_pipeline(tmp_path, "-profile", "test", "-stub-run").ended_well()
    assert set(run.tasks("COMPLETED")) == {
        "CHECK_INPUTS",
        "FASTQC",
        "QUANTIFY_READS",
        "SALMON_INDEX",
        "BUILD_TX2GENE",
        "MERGE_QUANTS",
        "DESIGN_CONTRASTS",
        "TEST_EXPRESSION",
        "INTERPRET_RESPONSE",
        "DRAW_FIGURES",
        "EXPORT_RESULTS",
        "REPORT_SECTIONS",
        "MULTIQC",
        "WRITE_MANIFEST",
    }


def test_the_run_needs_no_network(small_run: Run, no_network: list[str]) -> None:
    if not no_network:
        pytest.skip("no network namespace of its own: unshare --net is for root")
    words = [*no_network, "cat", "/proc/net/dev"]
    devices = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]
    assert {"QUANTIFY_READS", "SALMON_INDEX", "MULTIQC"} <= set(small_run.tasks("COMPLETED"))


def test_reports_of_the_last_two_samples_stand_behind_all_samples_to_quantify(small_run: Run) -> None:
    tasks = {row["name"].rpartition(":")[2]: int(row["task_id"]) for row in small_run.trace}
    (last,) = [number for name, number in tasks.items() if name.startswith("FASTQC") and name.count(",") == 1]
    quantified = [number for name, number in tasks.items() if name.startswith("QUANTIFY_READS")]
    assert len(quantified) == len({row["sample"] for row in small_rows()})
    assert last > max(quantified)


def test_the_results_are_a_crate_and_agree_with_their_manifest(small_run: Run) -> None:
    command = [sys.executable, ROOT / "bin" / "verify_results.py", small_run.results]
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert violations(small_run.results) == []


def test_resume_runs_nothing_when_nothing_changed(
    run_pipeline: Callable[..., Run], small_run: Run, small_folder: Path
) -> None:
    again = run_pipeline(small_folder, "-profile", "test").ended_well()
    assert not again.tasks("COMPLETED")
    assert again.tasks("CACHED").total() == len(small_run.trace)


def test_changed_alpha_runs_the_tests_and_what_follows(
    run_pipeline: Callable[..., Run], small_run: Run, small_folder: Path
) -> None:
    precious, report = small_folder / "precious", small_run.results / "report" / "rxpress_report.html"
    precious.write_text("of the user")
    report.unlink()
    report.symlink_to(precious)
    run = run_pipeline(small_folder, "-profile", "test", "--alpha", 0.01).ended_well()
    assert set(run.tasks("COMPLETED")) == {
        "CHECK_INPUTS",
        "TEST_EXPRESSION",
        "INTERPRET_RESPONSE",
        "DRAW_FIGURES",
        "EXPORT_RESULTS",
        "REPORT_SECTIONS",
        "MULTIQC",
        "WRITE_MANIFEST",
    }
    assert precious.read_text() == "of the user", "a link below --outdir is replaced, not written through"
    assert not report.is_symlink()


def test_edited_toolkit_module_runs_the_commands_that_import_it(
    run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    pipeline = copy_pipeline(tmp_path / "pipeline")
    options = (*sheet(tmp_path / "sheet.csv", small_rows()[:3]), "--skip_fastqc")
    run_pipeline(tmp_path, *options, pipeline=pipeline).ended_well()
    module = pipeline / "bin" / "rxpress" / "report" / "palette.py"
    module.write_text(module.read_text() + "\nEDITED = True\n")
    run = run_pipeline(tmp_path, *options, pipeline=pipeline).ended_well()
    assert (
        {"REPORT_SECTIONS", "DRAW_FIGURES", "EXPORT_RESULTS"}
        <= set(run.tasks("COMPLETED"))
        <= {"REPORT_SECTIONS", "DRAW_FIGURES", "EXPORT_RESULTS", "MULTIQC", "WRITE_MANIFEST"}
    )


def under_odd_names(rows: list[dict[str, str]], folder: Path) -> list[dict[str, str]]:
    """The rows with links to their reads whose names a shell, or a program, would take for something else."""
    odd = (
        "$(touch pwned).fq.gz",
        "-rf.fq.gz",
        "a b&&touch pwned.fq.gz",
        "`touch pwned`.fq.gz",
        "ü'*?[a].fq.gz",
    )
    for number, row in enumerate(rows):
        for mate in ("fastq_1", "fastq_2"):
            link = folder / str(number) / mate / odd[number % len(odd)]
            link.parent.mkdir(parents=True)
            link.symlink_to(row[mate])
            row[mate] = str(link)
    return rows


def test_one_sample_more_quantifies_that_sample_only_whatever_its_files_are_called(
    run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    rows = under_odd_names(small_rows()[:5], tmp_path / "reads")
    offsets = ("--length_correction", "offset")
    run_pipeline(tmp_path, *sheet(tmp_path / "sheet.csv", rows[:4]), *offsets).ended_well()
    run = run_pipeline(tmp_path, *sheet(tmp_path / "sheet.csv", rows[:5]), *offsets).ended_well()
    done = run.tasks("COMPLETED")
    assert (done["QUANTIFY_READS"], done["FASTQC"], done["SALMON_INDEX"], done["BUILD_TX2GENE"]) == (
        1,
        1,
        0,
        0,
    )
    assert done["MERGE_QUANTS"] == done["TEST_EXPRESSION"] == 1
    assert read_json(run.results / "differential" / "study" / "fit.json")["length_correction"] == "offset"
    assert not [path for path in tmp_path.rglob("*") if path.name == "pwned"]
    published = [path for path in run.results.rglob("*") if path.suffix == ".html" and "fastqc" in path.name]
    assert len(published) == 2 * len({row["sample"] for row in rows})


def test_strict_parser_gives_the_same_tables_from_quant_folders(
    run_pipeline: Callable[..., Run], small_run: Run, tmp_path: Path
) -> None:
    rows = quant_rows(small_run)
    digests = []
    for parser in ("v1", "v2"):
        run = run_pipeline(
            tmp_path / parser,
            "--input",
            write_csv(rows, tmp_path / "quants.csv"),
            *SMALL_REFERENCES[2:],
            env={"NXF_SYNTAX_PARSER": parser},
        ).ended_well()
        digests.append(hash_tables(run))
    assert digests[0] == digests[1]
    assert "expression/study/gene_counts.tsv" in digests[0]


def test_unusable_samples_are_left_out_aloud_and_do_not_stop_the_others(
    run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    rows = {row["sample"]: row for row in small_rows()}
    empty, truncated, fragile, poor = list(rows)[1], list(rows)[3], list(rows)[5], list(rows)[7]
    nothing, cut = tmp_path / "nothing.fastq.gz", tmp_path / "cut.fastq.gz"
    nothing.write_bytes(gzip.compress(b""))
    cut.write_bytes(Path(rows[truncated]["fastq_1"]).read_bytes()[:20000])
    rows[empty]["fastq_1"] = rows[empty]["fastq_2"] = ""
    rows[empty] |= {"fastq_1": str(nothing)}
    rows[truncated] |= {"fastq_1": str(cut)}
    rows[fragile] |= {"rin": "5.1"}
    options = (
        "--input",
        write_csv(list(rows.values()), tmp_path / "sheet.csv"),
        *SMALL_REFERENCES,
        "--min_reads",
        500,
    )
    run = run_pipeline(tmp_path, *options).ended_well()
    reasons = {
        row["sample"]: row["reason"] for row in read_tsv(run.results / "inputs" / "excluded_samples.tsv")
    }
    assert set(reasons) == {empty, truncated, fragile}
    assert poor not in reasons
    assert "RIN 5.1" in reasons[fragile]
    for sample in reasons:
        assert sample in run.printed
    strict = run_pipeline(tmp_path, *options, "--strict")
    assert strict.status != 0
    assert any(nothing.name in line for line in strict.errors)


def test_count_matrix_enters_at_the_tests_and_contrasts_of_ones_own_are_answered(
    run_pipeline: Callable[..., Run], small_run: Run, tmp_path: Path
) -> None:
    hidden = ("fastq_1", "fastq_2", "strandedness")
    rows = {row["sample"]: {k: v for k, v in row.items() if k not in hidden} for row in small_rows()}
    counts = small_run.results / "expression" / "study" / "gene_counts.tsv"
    whole = tmp_path / "counts.tsv"
    table = read_tsv(counts)
    names = list(table[0])
    lines = ["\t".join(names)] + [
        "\t".join(str(round(float(row[n]))) if n in rows else row[n] for n in names) for row in table
    ]
    whole.write_text("\n".join(lines) + "\n")
    own = "{id: own, up: {treatment: bortezomib}, down: {treatment: DMSO}}"
    (tmp_path / "contrasts.yml").write_text(f"contrasts: [{own}]\n")
    given = ("--input", write_csv(list(rows.values()), tmp_path / "sheet.csv"), "--counts", whole)
    run = run_pipeline(tmp_path, *given, "--contrasts", tmp_path / "contrasts.yml").ended_well()
    assert set(run.tasks("COMPLETED")) == {
        "CHECK_INPUTS",
        "IMPORT_COUNTS",
        "DESIGN_CONTRASTS",
        "TEST_EXPRESSION",
        "INTERPRET_RESPONSE",
        "DRAW_FIGURES",
        "EXPORT_RESULTS",
        "REPORT_SECTIONS",
        "MULTIQC",
        "WRITE_MANIFEST",
    }
    summary = read_tsv(run.results / "differential" / "study" / "summary.tsv")
    assert {row["status"] for row in summary} == {"ok"}
    assert "own" in {row["id"] for row in summary}
    assert (run.results / "differential" / "study" / "own.tsv").stat().st_size
    manifest = read_tsv(run.results / "provenance" / "manifest.tsv")
    read = {row["path"] for row in manifest if row["kind"] == "input"}
    assert read == {"sheet.csv", "counts.tsv", "contrasts.yml"}


def test_without_replicates_expression_and_report_stand_and_say_why_nothing_was_tested(
    run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    """Single reads, decoys after transcripts without a last line end, bootstraps; then the index kept."""
    rows = [
        row | {"fastq_2": ""}
        for row in small_rows()
        if row["replicate"] == "1" and row["cell_line"] == small_rows()[0]["cell_line"]
    ]
    transcripts = tmp_path / "transcripts.fa"
    transcripts.write_bytes(gzip.decompress((SMALL / "transcripts.fa.gz").read_bytes()).rstrip())
    given = ("--input", write_csv(rows, tmp_path / "sheet.csv"), "--transcripts", transcripts)
    given += (*SMALL_REFERENCES[2:], "--min_reads", 500, "--skip_fastqc")
    more = ("--genome", SMALL / "genome.fa.gz", "--bootstraps", 2, "--save_reference")
    run = run_pipeline(tmp_path, *given, *more).ended_well()
    assert (run.results / "expression" / "study" / "log2_expression.tsv").stat().st_size
    assert (run.results / "expression" / "study" / "gene_inferential_variance.tsv").stat().st_size
    assert "replicate" in (run.results / "report" / "rxpress_report.html").read_text()
    assert all(
        row["status"] != "ok" for row in read_tsv(run.results / "differential" / "study" / "summary.tsv")
    )
    kept = run.results / "reference" / "salmon_index"
    assert read_json(kept / "info.json")["num_decoys"] > 0
    counts = total_counts(run)
    ready = run_pipeline(tmp_path, *given, "--salmon_index", kept).ended_well()
    assert ready.tasks("COMPLETED")["QUANTIFY_READS"] == len(counts) == 2
    assert "SALMON_INDEX" not in ready.tasks("COMPLETED") + ready.tasks("CACHED")
    assert total_counts(ready) == pytest.approx(counts, rel=1e-3)


def test_everything_wrong_is_said_at_once_before_any_other_task(
    run_pipeline: Callable[..., Run], tmp_path: Path
) -> None:
    rows = small_rows()[:4]
    rows[1]["fastq_2"] = str(SMALL / "reads" / "none.fastq.gz")
    rows[2]["dose_nM"] = "twenty"
    rows[3]["sample"] = "has blank"
    run = run_pipeline(tmp_path, *sheet(tmp_path / "sheet.csv", rows), "--min_read", 3, "--alpha", 7)
    assert run.status != 0
    told = "\n".join(run.errors)
    for piece in (
        "none.fastq.gz",
        "twenty",
        "has blank",
        "min_read",
        "alpha",
        "sheet.csv:3",
        "sheet.csv:4",
        "sheet.csv:5",
    ):
        assert piece in told
    assert set(run.tasks("FAILED")) == {"CHECK_INPUTS"}
    assert len(run.trace) == 1


def test_a_hundred_problems_are_all_told(run_pipeline: Callable[..., Run], tmp_path: Path) -> None:
    rows = [small_rows()[0] | {"sample": f"s{i}", "fastq_1": f"none_{i}.fastq.gz"} for i in range(100)]
    run = run_pipeline(tmp_path, *sheet(tmp_path / "sheet.csv", rows))
    assert run.status != 0
    for i in range(100):
        assert any(f"none_{i}.fastq.gz" in line for line in run.errors)
