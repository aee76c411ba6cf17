"""A pack speaks of studies of its drug, and of studies without a drug only when it was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated_response import PACK, SCHEMA
from study_sheets import sheet

from rxpress.contrasts import plan_study
from rxpress.interpretation.drug_pack import DrugPack, read_drug_pack
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.pack_choice import choose_packs

DRUGS = Path(__file__).resolve().parents[2] / "assets" / "drugs"
DEXAMETHASONE = read_drug_pack(DRUGS / "dexamethasone", SCHEMA)
BOTH: list[DrugPack] = [PACK, DEXAMETHASONE]


def study_of(*treatments: str) -> StudyEvidence:
    samples = sheet({"S1": "sensitive"}, [(name, 10.0, 24.0) for name in treatments])
    return StudyEvidence("study", plan_study(samples, "DMSO"), samples, {}, None)


@pytest.mark.parametrize(
    ("treatments", "drug", "asked", "chosen"),
    [
        (("DMSO", "bortezomib"), "", False, ["bortezomib"]),
        (("DMSO", "velcade"), "", False, ["bortezomib"]),
        (("DMSO", "btz", "DEX"), "", False, ["bortezomib", "dexamethasone"]),
        (("DMSO", "melphalan"), "", False, []),
        (("DMSO", "melphalan"), "", True, []),
        (("DMSO",), "", False, []),
        (("DMSO",), "", True, ["bortezomib", "dexamethasone"]),
        (("DMSO",), "Dexamethasone", False, ["dexamethasone"]),
        (("dmso",), "", False, []),
    ],
)
def test_packs_are_chosen_by_the_treatments(
    treatments: tuple[str, ...], drug: str, asked: bool, chosen: list[str]
) -> None:
    found = choose_packs(study_of(*treatments), BOTH, drug, asked)
    assert [pack.name for pack in found.packs] == chosen
    assert bool(found.notes) == (not chosen or (treatments == ("DMSO",) and asked))


def test_why_a_pack_does_not_apply_is_said_with_a_name_that_may_be_meant() -> None:
    (note,) = choose_packs(study_of("DMSO", "bortezomb"), BOTH, "", False).notes
    assert note.startswith("the pack of bortezomib does not apply: the treatments are bortezomb")
    assert "is 'bortezomb' it? then add that name to the synonyms in drug.yml" in note
    (note,) = choose_packs(study_of("DMSO", "melphalan"), BOTH, "", False).notes
    assert note == "no drug pack applies: the treatments are melphalan"
