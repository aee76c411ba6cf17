"""A pack of a drug that nobody was given is told; one whose drug goes by a synonym is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from input_files import ROOT, SCHEMAS, SHEET, told, write_study

from rxpress.checking.inputs import gather
from rxpress.checking.run_plan import input_records

PACK = str(ROOT / "assets" / "drugs" / "bortezomib")


@pytest.mark.parametrize("drug", ["bortezomib", "Bortezomib", "Velcade", "PS-341"])
def test_a_pack_speaks_of_its_drug_by_every_name(tmp_path: Path, drug: str) -> None:
    params = write_study(tmp_path)
    text = SHEET.replace("bortezomib", drug)
    assert told(tmp_path, text, {**params, "drug_pack": PACK}) == ([], [])


def test_a_pack_of_another_drug_is_told(tmp_path: Path) -> None:
    params = write_study(tmp_path)
    problems, warnings = told(
        tmp_path, SHEET.replace("bortezomib", "dexamethasone"), {**params, "drug_pack": PACK}
    )
    assert problems == []
    assert warnings == [
        "--drug_pack: is of bortezomib, while treatments are dexamethasone: it will speak of none of them; "
        "add the name to `synonyms` in its drug.yml, or give another pack"
    ]


def test_files_of_a_folder_and_of_an_index_are_recorded(tmp_path: Path) -> None:
    params = write_study(tmp_path)
    (tmp_path / "samples.csv").write_text(SHEET)
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "info.json").write_text("{}")
    (tmp_path / "index" / "ctable.bin").write_bytes(b"large")
    more = {"drug_pack": PACK, "salmon_index": str(tmp_path / "index")}
    given = gather(str(tmp_path / "samples.csv"), params | more, SCHEMAS)
    recorded = {(role, name): size for name, size, _, role in input_records(given)}
    assert recorded["index", "info.json"] == 2
    assert ("index", "ctable.bin") not in recorded
    packs = {name for role, name in recorded if role == "drug_pack"}
    assert packs == {path.name for path in Path(PACK).iterdir()}
