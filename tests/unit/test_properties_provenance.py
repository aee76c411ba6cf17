"""The manifest and the RO-Crate of any tree of files: every file once, by its name and its content."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from hypothesis import example, given
from hypothesis import strategies as st
from properties import few

from rxpress.crate import MAIN, Launch, describe_run
from rxpress.provenance import file_records, input_records, output_records
from rxpress.tables import write_records
from rxpress.verification import read_manifest, verify_inputs, verify_outputs

LAUNCH = Launch(
    "rxpress/rxpress", "From raw data to one report", "0.1.0", "25.04.4", "/repository", "/launch"
)
DAY = "2026-11-29"
# What a relative reference of RFC 3986 may hold: unreserved, percent-encoded, sub-delimiters, `@` and `/`.
REFERENCE = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})+")
# `é` stands there in one character and in two, which are two names.
LETTERS = "aZ9._- %#?:&=+@~'\"[](){}\\<>|`^*é漢😀" + "\u0301"
NAMES = st.text(LETTERS, min_size=1, max_size=8).filter(
    lambda name: set(name) != {"."} and name == name.strip()
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CONTENTS = st.binary(max_size=3)  # short, so that some are alike
TREES = st.dictionaries(PATHS, CONTENTS, min_size=1, max_size=8)


def plant(tree: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """Write a tree anew; what of it stands there, as a path of one may be the folder of another."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    there = {}
    for name, content in tree.items():
        path = folder / name
        if (
            not any((folder / parent).is_file() for parent in PurePosixPath(name).parents)
            and not path.exists()
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            there[str(PurePosixPath(name))] = content
    return there


def references(value: Any) -> list[str]:
    """Every `{"@id": …}` that stands as a value within an entity."""
    if isinstance(value, list):
        return [one for item in value for one in references(item)]
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [r for v in value.values() for r in references(v)]
    return []


@few
@given(TREES, TREES)
@example({"a b%20c": b"1", "a b c": b"1", "a%20b c": b"2"}, {"é": b"1", "e\u0301": b"2", "#x?y": b"3"})
def test_every_file_stands_in_the_crate_once_with_its_name_and_digest(
    tmp_path: Path, tree: dict[str, bytes], other: dict[str, bytes]
) -> None:
    staged = tmp_path / "staged"
    expected = {
        **{f"expression/a b/{name}": content for name, content in plant(tree, staged / "1").items()},
        **{f"report/{name}": content for name, content in plant(other, staged / "2").items()},
    }
    records = output_records(staged, ["expression/a b", "report"])
    crate = json.loads(json.dumps(describe_run(LAUNCH, records, {"alpha": 0.05}, {"P": {"t": "1"}}, DAY)))
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"])
    files = {name: one for name, one in entities.items() if one["@type"] == "File"}
    assert sorted(map(unquote, files)) == sorted(expected)
    for name, entity in files.items():
        assert REFERENCE.fullmatch(name)
        content = expected[unquote(name)]
        assert entity["name"] == unquote(name)
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert int(entity["contentSize"]) == len(content)
    for whole, part in (("./", "hasPart"), ("#run", "result")):
        listed = references(entities[whole][part])
        assert sorted(listed) == sorted(set(listed))
        assert set(listed) == {*files, MAIN} - ({MAIN} if part == "result" else set())
    named = {one for entity in entities.values() for value in entity.values() for one in references(value)}
    assert {one for one in named if not one.startswith("http")} <= entities.keys()


@few
@given(st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=8))
@example({'"open': b"1", "after": b"2"})
@example({"=1+1.fa": b"1", "-genome.fa": b"1", " blank ": b"2"})
def test_inputs_of_any_name_are_listed_and_found_again(tmp_path: Path, named: dict[str, bytes]) -> None:
    files = [tmp_path / "inputs" / name for name in plant(named, tmp_path / "inputs")]
    rows = [
        (path.name, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), "reference")
        for path in files
    ]
    write_records(("path", "size", "sha256", "role"), rows, tmp_path / "inputs.tsv")
    records = input_records([tmp_path / "inputs.tsv"])
    assert len(records) == len(named)
    write_manifest(tmp_path, records)
    found = read_manifest(tmp_path)
    assert found == records
    assert verify_inputs(found, files) == []
    changed = files[0]
    changed.write_bytes(changed.read_bytes() + b"x")
    assert [difference.what for difference in verify_inputs(found, files)] == ["changed"]
    assert [difference.what for difference in verify_inputs(found, files[1:])] == ["missing"]
    crate = describe_run(LAUNCH, records, {}, {}, DAY)
    inputs = [entity for entity in crate["@graph"] if entity["@id"].startswith("ni:")]
    assert {entity["sha256"] for entity in inputs} == {digest for _, _, digest, _ in rows}
    assert len(inputs) == len({digest for _, _, digest, _ in rows})
    told = [name for entity in inputs for name in (entity["name"], *entity.get("alternateName", ()))]
    assert sorted(told) == sorted(record.path for record in records)


def write_manifest(results: Path, records: list[Any]) -> None:
    rows = [(record.path, record.size, record.sha256, record.kind) for record in records]
    write_records(("path", "size", "sha256", "kind"), rows, results / "provenance" / "manifest.tsv")


@few
@given(TREES, st.data())
def test_a_tree_is_that_of_its_manifest_until_a_file_changes_goes_or_comes(
    tmp_path: Path, tree: dict[str, bytes], data: st.DataObject
) -> None:
    results = tmp_path / "results"
    there = sorted(plant({f"report/{name}": content for name, content in tree.items()}, results))
    write_manifest(results, file_records(results, "."))
    records = read_manifest(results)
    assert verify_outputs(results, records) == []
    name = data.draw(st.sampled_from(there))
    (results / name).write_bytes(bytes([*(results / name).read_bytes()[:-1], 7, 7, 7]))
    assert [(one.path, one.what) for one in verify_outputs(results, records)] == [(name, "changed")]
    (results / name).rename(results / "come")
    assert [(one.path, one.what) for one in verify_outputs(results, records)] == sorted(
        [(name, "missing"), ("come", "not listed")]
    )
