"""A run as a Workflow Run RO-Crate: https://w3id.org/ro/wfrun/workflow/0.5 over RO-Crate 1.1.

The crate is the folder of results; `ro-crate-metadata.json` stands in it and describes it as JSON-LD: a flat
list of entities that refer to one another by `@id`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from rxpress.provenance import FileRecord

Entity = dict[str, Any]

CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
]
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
WORKFLOW_PROFILE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    WORKFLOW_PROFILE: ("Workflow RO-Crate", "1.0"),
}
PARAMETER_PROFILE = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
MAIN = "provenance/main.nf"
LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#nextflow"
LICENCE = "https://spdx.org/licenses/MIT"
MAKERS = "#makers"
RUN = "#run"
NO_LICENCE = "No licence was given: ask those who ran this before you use it."
FORMATS = {
    ".bam": "application/octet-stream",
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".png": "image/png",
    ".sh": "application/x-sh",
    ".svg": "image/svg+xml",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yml": "application/yaml",
    ".zip": "application/zip",
}


@dataclass(frozen=True)
class Launch:
    """What was launched and how. `repository` is a URL or a folder; `commit` may be empty."""

    name: str
    description: str
    version: str
    nextflow: str
    repository: str
    launch_folder: str
    commit: str = ""
    profile: str = ""
    configs: Sequence[str] = field(default=())


def describe_run(
    launch: Launch,
    records: Iterable[FileRecord],
    parameters: Mapping[str, Any],
    versions: Mapping[str, Mapping[str, str]],
    day: str,
) -> dict[str, Any]:
    """The content of `ro-crate-metadata.json`.

    `records` : inputs, outputs, and files of `provenance/`, their paths relative to the folder of results;
    `parameters` : name → value, those without a value are left out; `versions` : {process: {tool: version}};
    `day` : when the results were written, ISO 8601.
    """
    records = list(records)
    inputs = _input_entities(record for record in records if record.kind == "input")
    outputs = [
        _output_entity(record) for record in records if record.kind == "output" and record.path != MAIN
    ]
    formal, values = _parameter_entities(parameters)
    tools = _tool_entities(versions)
    main = _main_entity(launch, [record for record in records if record.path == MAIN], formal, tools)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": parameters.get("report_title") or f"Results of {launch.name}",
        "description": f"Results of a run of {launch.name} {launch.version}. {launch.description}.",
        "datePublished": day,
        "license": NO_LICENCE,
        "conformsTo": _references(PROFILES),
        "mainEntity": {"@id": MAIN},
        "mentions": {"@id": RUN},
        "hasPart": _references(entity["@id"] for entity in [main, *inputs, *outputs]),
    }
    action = {
        "@id": RUN,
        "@type": "CreateAction",
        "name": f"Run of {launch.name} {launch.version}",
        "description": f"To run it again: {' '.join(again(launch))}",
        "instrument": {"@id": MAIN},
        "object": _references(entity["@id"] for entity in [*inputs, *values]),
        "result": _references(entity["@id"] for entity in outputs),
        "endTime": day,
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": _references([SPECIFICATION, WORKFLOW_PROFILE]),
    }
    context = [*_fixed_entities(launch), *formal, *values, *tools]
    return {"@context": CONTEXT, "@graph": [descriptor, root, main, action, *inputs, *outputs, *context]}


def again(launch: Launch) -> list[str]:
    """The words of the command that runs it again, in the folder it was launched in.

    `$provenance` stands for the folder of `params.json`, `$outdir` for where new results shall go.
    """
    words = ["nextflow", "run", _quoted(launch.repository)]
    words += ["-r", launch.commit] if launch.commit else []
    words += ["-profile", _quoted(launch.profile)] if launch.profile else []
    words += [word for config in launch.configs for word in ("-c", _quoted(config))]
    return [*words, "-params-file", '"$provenance/params.json"', "--outdir", '"$outdir"']


def rerun_script(launch: Launch) -> str:
    """A bash script that runs it again; its argument is where the new results shall go."""
    return f"""#!/usr/bin/env bash
# Runs {launch.name} {launch.version} again, with the same parameters: bash rerun.sh OUTDIR
set -euo pipefail
provenance=$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)
outdir=$(realpath -m -- "${{1:?where shall the results go? bash rerun.sh OUTDIR}}")
export NXF_VER="${{NXF_VER:-{launch.nextflow}}}"
# Relative paths of the parameters start here.
cd {_quoted(launch.launch_folder)}
{" ".join(again(launch))}
"""


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _references(ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"@id": one} for one in dict.fromkeys(ids)]


def _content(record: FileRecord) -> Entity:
    return {"contentSize": str(record.size), "sha256": record.sha256}


def _output_entity(record: FileRecord) -> Entity:
    suffix = PurePosixPath(record.path).suffix
    return {
        "@id": quote(record.path),
        "@type": "File",
        "name": record.path,
        "encodingFormat": FORMATS.get(suffix, "application/octet-stream"),
        **_content(record),
    }


def _input_entities(records: Iterable[FileRecord]) -> list[Entity]:
    """Files that are not in the crate, named by their content (RFC 6920); one entity per content."""
    entities: dict[str, Entity] = {}
    for record in records:
        digest = base64.urlsafe_b64encode(bytes.fromhex(record.sha256)).decode().rstrip("=")
        entity = {"@id": f"ni:///sha-256;{digest}", "@type": "File", "name": record.path, **_content(record)}
        known = entities.setdefault(record.sha256, entity)
        if known["name"] != record.path:
            known["alternateName"] = [*known.get("alternateName", []), record.path]
    return list(entities.values())


def _parameter_entities(parameters: Mapping[str, Any]) -> tuple[list[Entity], list[Entity]]:
    """For each parameter with a value what it is, and the value that it had."""
    formal, values = [], []
    for name, value in sorted(parameters.items()):
        if value is None:
            continue
        parameter, given = f"#parameter-{quote(name)}", f"#value-{quote(name)}"
        formal.append(
            {
                "@id": parameter,
                "@type": "FormalParameter",
                "name": name,
                "additionalType": _kind(value),
                "conformsTo": {"@id": PARAMETER_PROFILE},
                "workExample": {"@id": given},
            }
        )
        values.append(
            {
                "@id": given,
                "@type": "PropertyValue",
                "name": name,
                "value": value if isinstance(value, bool | int | float) else str(value),
                "exampleOfWork": {"@id": parameter},
            }
        )
    return formal, values


def _kind(value: object) -> str:
    kinds = ((bool, "Boolean"), (int, "Integer"), (float, "Float"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "Text")


def _tool_entities(versions: Mapping[str, Mapping[str, str]]) -> list[Entity]:
    """A program or package in a version, with the processes that used it."""
    used: dict[tuple[str, str], list[str]] = {}
    for process, tools in versions.items():
        for tool, version in tools.items():
            used.setdefault((tool, version), []).append(process)
    return [
        {
            "@id": f"#tool-{quote(tool, safe='')}-{quote(version, safe='')}",
            "@type": "SoftwareApplication",
            "name": tool,
            "softwareVersion": version,
            "description": f"Used by {', '.join(sorted(processes))}",
        }
        for (tool, version), processes in sorted(used.items())
    ]


def _main_entity(
    launch: Launch, records: Sequence[FileRecord], formal: Sequence[Entity], tools: Sequence[Entity]
) -> Entity:
    source = launch.repository if launch.repository.startswith(("http://", "https://")) else ""
    return {
        "@id": MAIN,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": launch.name,
        "description": launch.description,
        "version": launch.version,
        "license": {"@id": LICENCE},
        "creator": {"@id": MAKERS},
        "programmingLanguage": {"@id": LANGUAGE},
        "encodingFormat": "text/plain",
        "input": _references(entity["@id"] for entity in formal),
        "softwareRequirements": _references(entity["@id"] for entity in tools),
        **({"codeRepository": source, "url": source} if source else {}),
        **({"identifier": launch.commit} if launch.commit else {}),
        **(_content(records[0]) if records else {}),
    }


def _fixed_entities(launch: Launch) -> list[Entity]:
    """What other entities name: profiles, the language, the licence, the makers."""
    profiles: list[Entity] = [
        {"@id": one, "@type": "CreativeWork", "name": name, "version": version}
        for one, (name, version) in PROFILES.items()
    ]
    return [
        *profiles,
        {
            "@id": LANGUAGE,
            "@type": "ComputerLanguage",
            "name": "Nextflow",
            "identifier": "https://www.nextflow.io/",
            "url": "https://www.nextflow.io/",
            "version": launch.nextflow,
        },
        {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "identifier": "MIT"},
        {"@id": MAKERS, "@type": "Organization", "name": "rxpress developers"},
    ]
