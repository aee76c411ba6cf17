"""The RO-Crate of a run against the validator of the RO-Crate project, and against its reader."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ro_crates import violations

from rxpress.crate import Launch, describe_run, rerun_script
from rxpress.provenance import FileRecord, file_records, hash_file

LAUNCH = Launch(
    name="rxpress/rxpress",
    description="From raw data to one report",
    version="0.1.0",
    nextflow="25.04.4",
    repository="https://example.org/rxpress.git",
    launch_folder="/studies/Bob's",
    commit="0123456789abcdef0123456789abcdef01234567",
    profile="test,docker",
    configs=("/sites/cluster.config",),
)
FILES = {
    "provenance/main.nf": "workflow {}\n",
    "provenance/params.json": "{}\n",
    "expression/a b/gene_counts.tsv": "gene_id\n",
    "report/rxpress_report.html": "<html></html>\n",
}
INPUTS = [
    FileRecord(
        "input", "s_1.fastq.gz", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
    FileRecord(
        "input", "copy.fastq.gz", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    ),
]
VERSIONS = {
    "QUANTIFY_READS": {"salmon": "1.10.1"},
    "SALMON_INDEX": {"salmon": "1.10.1"},
    "FASTQC": {"fastqc": "0.12"},
}
PARAMETERS = {"alpha": 0.05, "seed": 0, "strict": False, "drug": "bortezomib", "covariates": None}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of results with its crate."""
    folder = tmp_path / "results"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    crate = describe_run(LAUNCH, INPUTS + file_records(folder, "."), PARAMETERS, VERSIONS, "2026-11-29")
    (folder / "ro-crate-metadata.json").write_text(json.dumps(crate))
    return folder


def entities(results: Path) -> dict[str, dict[str, Any]]:
    graph = json.loads((results / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def test_validator_accepts_the_crate_as_a_workflow_run(results: Path) -> None:
    assert violations(results) == []


def test_validator_tells_all_that_a_crate_lacks(results: Path) -> None:
    path = results / "ro-crate-metadata.json"
    graph = entities(results)
    lacking = {"#run": "instrument", "./": "datePublished", "#parameter-alpha": "additionalType"}
    for entity, name in lacking.items():
        del graph[entity][name]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"@graph": list(graph.values())}))
    (results / "report" / "rxpress_report.html").unlink()
    told = violations(results)
    for piece in (*lacking.values(), "rxpress_report.html"):
        assert any(piece in message for message in told), told


def test_reader_of_crates_finds_workflow_inputs_and_outputs_with_their_content(results: Path) -> None:
    rocrate = pytest.importorskip("rocrate.rocrate", reason="scripts/setup.sh test installs rocrate")
    crate = rocrate.ROCrate(results)
    run = crate.root_dataset["mentions"]
    assert crate.mainEntity.id == "provenance/main.nf"
    assert crate.mainEntity["programmingLanguage"]["name"] == "Nextflow"
    assert run["instrument"] == crate.mainEntity
    outputs = {file["name"]: file for file in run["result"]}
    assert set(outputs) == set(FILES) - {"provenance/main.nf"}
    for name, file in outputs.items():
        assert file["sha256"] == hash_file(results / name)
        assert int(file["contentSize"]) == (results / name).stat().st_size
    assert {tool["name"]: tool["softwareVersion"] for tool in crate.mainEntity["softwareRequirements"]} == {
        "salmon": "1.10.1",
        "fastqc": "0.12",
    }


def test_inputs_of_the_same_content_are_one_entity_named_by_it(results: Path) -> None:
    # The name of "abc" by its digest, encoded by openssl: openssl dgst -sha256 -binary | base64
    (entity,) = (one for name, one in entities(results).items() if name.startswith("ni:"))
    assert entity["@id"] == "ni:///sha-256;ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
    assert (entity["name"], entity["alternateName"]) == ("s_1.fastq.gz", ["copy.fastq.gz"])


def test_parameters_keep_their_types_and_those_without_a_value_are_left_out(results: Path) -> None:
    graph = entities(results)
    given = [graph[one["@id"]] for one in graph["#run"]["object"] if one["@id"].startswith("#value")]
    assert {one["name"]: one["value"] for one in given} == {
        "alpha": 0.05,
        "seed": 0,
        "strict": False,
        "drug": "bortezomib",
    }
    kinds = {
        name: graph[f"#parameter-{name}"]["additionalType"] for name in ("alpha", "seed", "strict", "drug")
    }
    assert kinds == {"alpha": "Float", "seed": "Integer", "strict": "Boolean", "drug": "Text"}


def test_script_runs_the_same_commit_profile_and_parameters_from_the_folder_of_launch(tmp_path: Path) -> None:
    launch_folder = tmp_path / "Bob's studies"
    launch_folder.mkdir()
    tools, provenance = tmp_path / "tools", tmp_path / "results" / "provenance"
    tools.mkdir()
    provenance.mkdir(parents=True)
    fake = tools / "nextflow"
    fake.write_text('#!/bin/sh\npwd\necho "$NXF_VER"\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    launch = Launch(**{**vars(LAUNCH), "launch_folder": str(launch_folder)})
    (provenance / "rerun.sh").write_text(rerun_script(launch))
    ended = subprocess.run(
        ["/bin/bash", provenance / "rerun.sh", "again"],
        cwd=tmp_path,
        env={"PATH": f"{tools}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    folder, nextflow, *words = ended.stdout.splitlines()
    assert (folder, nextflow) == (str(launch_folder), "25.04.4")
    assert words == shlex.split(
        f"run https://example.org/rxpress.git -r {LAUNCH.commit} -profile test,docker "
        f"-c /sites/cluster.config -params-file {provenance}/params.json --outdir {tmp_path}/again"
    )
