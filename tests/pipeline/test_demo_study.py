"""The demo study: what was planted is found, nothing else, and every file is where the documents say."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from planted_verdicts import judge_verdicts
from scipy.stats import binom

from .conftest import ROOT, Run, read_tsv

pytestmark = pytest.mark.pipeline

EXPECTED_FILES = [
    "inputs/samples.tsv",
    "inputs/excluded_samples.tsv",
    "inputs/plan.json",
    "reads/fastqc/MM.1S_DMSO_1_1_fastqc.html",
    "reads/fastp/MM.1S_DMSO_1.fastp.json",
    "reads/salmon/MM.1S_DMSO_1/quant.sf",
    "expression/study/gene_counts.tsv",
    "expression/study/gene_tpm.tsv",
    "expression/study/gene_lengths.tsv",
    "expression/study/gene_counts_scaled.tsv",
    "expression/study/gene_counts_length_scaled.tsv",
    "expression/study/transcripts.parquet",
    "expression/study/tx2gene.tsv",
    "expression/study/expression.h5ad",
    "expression/study/log2_expression.tsv",
    "differential/study/samples.tsv",
    "differential/study/contrasts.json",
    "differential/study/summary.tsv",
    *(f"interpretation/{table}.tsv" for table in ("markers", "mechanism", "signatures", "pathways")),
    "interpretation/pathway_activity.tsv",
    "report/rxpress_report.html",
    "report/gene_explorer.html",
    "report/results.xlsx",
    "report/figures/pca_study.svg",
    "report/figures/pca_study.png",
    "provenance/versions.yml",
    "provenance/params.json",
    "provenance/manifest.tsv",
    "provenance/execution_report.html",
    "provenance/timeline.html",
    "provenance/trace.tsv",
    "provenance/dag.html",
    "provenance/rerun.sh",
    "ro-crate-metadata.json",
]


class LoadedAssets(HTMLParser):
    """What a page loads by itself; links that wait for a click do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.assets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += 1
        given = dict(attrs)
        if tag in ("script", "img", "iframe", "source"):
            self.assets.append(given.get("src") or "")
        elif tag == "link":
            self.assets.append(given.get("href") or "")


def contrast_tables(run: Run) -> dict[tuple[str, str], list[dict[str, str]]]:
    """Result tables by (family, who)."""
    folder = run.results / "differential" / "study"
    contrasts = json.loads((folder / "contrasts.json").read_text())["contrasts"]
    return {(one["kind"], who(one)): read_tsv(folder / f"{one['id']}.tsv") for one in contrasts}


def who(contrast: dict[str, str]) -> str:
    return contrast["id"].removeprefix(f"{contrast['kind']}.").removeprefix("bortezomib.")


def planted(study: Path) -> dict[tuple[str, str], dict[str, float]]:
    """Planted log2 fold changes other than 0 by (family, who) and gene."""
    truth: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in read_tsv(study / "truth" / "contrasts.tsv"):
        if float(row["log2_fold_change"]):
            truth[row["family"], row["who"]][row["gene_id"]] = float(row["log2_fold_change"])
    return truth


def test_every_file_of_the_documents_is_there_and_not_empty(demo_run: Run) -> None:
    missing = [name for name in EXPECTED_FILES if not (demo_run.results / name).stat().st_size]
    assert not missing


def assert_planted_is_found(run: Run, study: Path, lines: Sequence[str] = ()) -> None:
    """Of each contrast at least 90 % at 5 % false discovery, at most 10 % false, every direction right.

    lines : those that were run, if not all four; then only their own contrasts are what was planted.
    """
    truth, tables = planted(study), contrast_tables(run)
    if 0 < len(lines) < 4:
        truth = {contrast: effects for contrast, effects in truth.items() if contrast[1] in lines}
        assert len(truth) == len(lines)
    assert set(truth) <= set(tables)
    for contrast, effects in truth.items():
        found = {
            row["gene_id"]: float(row["log2_fold_change"])
            for row in tables[contrast]
            if row["p_adjusted"] != "NA" and float(row["p_adjusted"]) < 0.05
        }
        right = found.keys() & effects.keys()
        assert len(right) / len(effects) >= 0.9, f"recall of {contrast}"
        assert 1 - len(right) / len(found) <= 0.1, f"false discoveries of {contrast}"
        assert all(found[gene] * effects[gene] > 0 for gene in right), f"directions of {contrast}"


def test_every_contrast_finds_what_was_planted_with_few_false_genes_and_right_directions(
    demo_run: Run, demo_study: Path
) -> None:
    assert_planted_is_found(demo_run, demo_study)


def test_every_planted_marker_gets_its_verdict(demo_run: Run, demo_study: Path) -> None:
    truth = demo_study / "truth"
    markers = read_tsv(demo_run.results / "interpretation" / "markers.tsv")
    found = judge_verdicts(markers, read_tsv(truth / "contrasts.tsv"), read_tsv(truth / "genes.tsv"))
    assert found.planted > 500
    assert not found.missed
    assert len(found.false) <= binom.ppf(0.999, found.unchanged, 0.05)


def test_gene_counts_are_near_the_fragments_that_were_sequenced(demo_run: Run, demo_study: Path) -> None:
    sequenced = {row["gene_id"]: row for row in read_tsv(demo_study / "truth" / "counts.tsv")}
    counted = read_tsv(demo_run.results / "expression" / "study" / "gene_counts.tsv")
    samples = [name for name in counted[0] if name not in ("gene_id", "gene_name")]
    for sample in samples:
        errors = sum(abs(float(row[sample]) - float(sequenced[row["gene_id"]][sample])) for row in counted)
        assert errors / sum(float(row[sample]) for row in sequenced.values()) < 0.05


def test_library_type_is_found_reverse_stranded(demo_run: Run) -> None:
    samples = read_tsv(demo_run.results / "differential" / "study" / "samples.tsv")
    assert {row["library_type"] for row in samples} == {"ISR"}
    assert {row["kept"] for row in samples} == {"true"}


def test_manifest_holds_the_digest_of_every_published_file(demo_run: Run) -> None:
    outputs = {
        row["path"]: row["sha256"]
        for row in read_tsv(demo_run.results / "provenance" / "manifest.tsv")
        if row["kind"] == "output"
    }
    published = {
        str(path.relative_to(demo_run.results)): path
        for path in demo_run.results.rglob("*")
        if path.is_file() and "provenance" not in path.parts
    }
    crate = published.pop("ro-crate-metadata.json")  # names the manifest, which cannot name it
    assert json.loads(crate.read_text())["@graph"]
    assert set(outputs) == set(published)
    wrong = [
        name
        for name, path in published.items()
        if hashlib.sha256(path.read_bytes()).hexdigest() != outputs[name]
    ]
    assert not wrong


def test_results_verify_themselves(demo_run: Run, demo_study: Path) -> None:
    inputs = [demo_study, demo_study.parent / "assets"]
    command = [sys.executable, ROOT / "bin" / "verify_results.py", demo_run.results, "--inputs", *inputs]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_manifest_names_reads_and_references(demo_run: Run, demo_study: Path) -> None:
    rows = [
        row for row in read_tsv(demo_run.results / "provenance" / "manifest.tsv") if row["kind"] == "input"
    ]
    digests = {row["path"].split("/")[-1]: row["sha256"] for row in rows}
    for path in [
        *(demo_study / "reads").iterdir(),
        demo_study / "transcripts.fa.gz",
        demo_study / "annotation.gtf.gz",
    ]:
        assert digests[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_report_opens_offline(demo_run: Run) -> None:
    page = LoadedAssets()
    page.feed((demo_run.results / "report" / "rxpress_report.html").read_text(encoding="utf-8"))
    assert page.seen > 100
    assert not [asset for asset in page.assets if asset.startswith(("http:", "https:", "//"))]


def test_closing_message_says_where_the_report_is(demo_run: Run) -> None:
    assert "results/demo/report/rxpress_report.html" in demo_run.printed
    assert "All samples were used." in demo_run.printed
