"""The manifest against sha256sum, and the order of its lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rxpress.errors import InputError
from rxpress.provenance import FileRecord, hash_file, input_records, output_records, software_versions
from rxpress.tables import read_json, read_records, read_yaml, write_records

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
BIN = Path(__file__).parents[2] / "bin"
LAUNCH = json.dumps(
    {
        "name": "rxpress/rxpress",
        "description": "From raw data to one report",
        "version": "0.1.0",
        "nextflow": "25.04.4",
        "repository": "/pipelines/rxpress",
        "launch_folder": "/studies/one",
    }
)


def stage(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_hash_is_that_of_the_standard(tmp_path: Path) -> None:
    stage(tmp_path, {"abc.txt": "abc"})
    assert hash_file(tmp_path / "abc.txt") == ABC


def test_outputs_stand_under_the_prefix_of_their_folder(tmp_path: Path) -> None:
    stage(tmp_path, {"1/gene_counts.tsv": "abc", "2/figures/pca.svg": "abc", "3/a.tsv": ""})
    records = output_records(tmp_path, ["expression/study1", "report", "."])
    assert [record.path for record in records] == [
        "a.tsv",
        "expression/study1/gene_counts.tsv",
        "report/figures/pca.svg",
    ]
    assert [record.size for record in records] == [0, 3, 3]
    assert records[1].sha256 == ABC


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    stage(tmp_path / "work", {"figures/pca.svg": "abc"})
    (tmp_path / "staged" / "1").mkdir(parents=True)
    (tmp_path / "staged" / "1" / "figures").symlink_to(tmp_path / "work" / "figures")
    (tmp_path / "staged" / "1" / "pca.svg").symlink_to(tmp_path / "work" / "figures" / "pca.svg")
    records = output_records(tmp_path / "staged", ["report"])
    assert [record.path for record in records] == ["report/figures/pca.svg", "report/pca.svg"]


def test_a_folder_that_was_not_staged_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder; stage what goes to 'report' there"):
        output_records(tmp_path, ["report"])


def test_an_input_that_two_tasks_read_is_listed_once(tmp_path: Path) -> None:
    header = ("path", "size", "sha256", "role")
    write_records(
        header, [("sheet.csv", 3, ABC, "samplesheet"), ("T.fa", 3, ABC, "transcripts")], tmp_path / "a.tsv"
    )
    write_records(header, [("T.fa", 3, ABC, "index")], tmp_path / "b.tsv")
    status = {"sample": "s", "inputs": [{"path": "s_1.fq.gz", "size": 3, "sha256": ABC}]}
    (tmp_path / "s.status.json").write_text(json.dumps(status))
    records = input_records([tmp_path / "b.tsv", tmp_path / "s.status.json", tmp_path / "a.tsv"])
    assert [record.path for record in records] == ["T.fa", "s_1.fq.gz", "sheet.csv"]


def test_a_salmon_folder_of_the_run_is_no_input_and_a_file_of_the_user_that_equals_an_output_is(
    tmp_path: Path,
) -> None:
    rows = [
        ("S/quant.sf", 3, ABC, "quant"),
        ("T/quant.sf", 3, "0" * 64, "quant"),
        ("c.tsv", 3, ABC, "counts"),
    ]
    write_records(("path", "size", "sha256", "role"), rows, tmp_path / "inputs.tsv")
    made = [FileRecord("output", "expression/study/gene_counts.tsv", 3, ABC)]
    records = input_records([tmp_path / "inputs.tsv"], made)
    assert [record.path for record in records] == ["T/quant.sf", "c.tsv"]


def test_versions_do_not_depend_on_the_order_in_which_tasks_ended() -> None:
    rows = [("SALMON", "salmon", "1.10"), ("FASTQC", "fastqc", "0.12.1"), ("SALMON", "fastp", "0.23.2")]
    versions = software_versions(rows)
    assert versions == software_versions(rows[::-1])
    assert list(versions) == ["FASTQC", "SALMON"]
    assert list(versions["SALMON"]) == ["fastp", "salmon"]


def test_command_agrees_with_sha256sum(tmp_path: Path) -> None:
    stage(
        tmp_path,
        {
            "staged/1/a b.tsv": "x\n1\n",
            "prefixes.txt": "    inputs\n",
            "params.json": '{"alpha": 0.05}',
            "launch.json": LAUNCH,
            "main.nf": "workflow {}\n",
        },
    )
    write_records(("process", "tool", "version"), [("SALMON", "salmon", "1.10")], tmp_path / "versions.tsv")
    command = [
        sys.executable,
        BIN / "write_manifest.py",
        "--staged",
        "staged",
        "--outputs-prefixes",
        "prefixes.txt",
    ]
    options = ["--versions", "versions.tsv", "--params", "params.json"]
    options += ["--launch", "launch.json", "--main", "main.nf", "--outdir", "out"]
    subprocess.run([*command, *options], cwd=tmp_path, check=True)
    said = subprocess.run(
        ["sha256sum", "a b.tsv"], cwd=tmp_path / "staged" / "1", capture_output=True, text=True
    )
    assert read_records(tmp_path / "out" / "provenance" / "manifest.tsv") == [
        {"path": "inputs/a b.tsv", "size": "4", "sha256": said.stdout.split()[0], "kind": "output"}
    ]
    assert read_yaml(tmp_path / "out" / "provenance" / "versions.yml") == {
        "SALMON": {"salmon": "1.10"}
    }  # text, not a number
    assert read_json(tmp_path / "out" / "provenance" / "params.json") == {"alpha": 0.05}
