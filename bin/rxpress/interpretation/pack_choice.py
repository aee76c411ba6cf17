"""Which drug packs speak of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rxpress.cells import listing
from rxpress.errors import nearest
from rxpress.interpretation.drug_pack import DrugPack
from rxpress.interpretation.evidence import StudyEvidence


@dataclass(frozen=True)
class PackChoice:
    """The packs that apply to a study, and why others do not, as far as that is worth a word."""

    packs: tuple[DrugPack, ...]
    notes: tuple[str, ...]


def choose_packs(study: StudyEvidence, packs: Sequence[DrugPack], drug: str, asked: bool) -> PackChoice:
    """The packs with a name that is a treatment of the study, or `drug`, case aside; several in a study of
    several drugs.

    asked : whether the user chose these packs. Then they speak also of a study that names no drug: its lines
    may be compared untreated, its samples scored.
    """
    vehicle = study.design.vehicle
    drugs = sorted(name for name in study.treatments | {drug} if name and not _same(name, vehicle))
    chosen = [pack for pack in packs if any(_same(name, known) for name in drugs for known in pack.names)]
    notes = []
    for pack in packs:
        if pack in chosen:
            continue
        if not drugs and asked:
            chosen.append(pack)
            notes.append(
                f"the samples name no drug; the pack of {pack.name} is applied because it was asked for"
            )
        elif asked or _near(pack, drugs):
            notes.append(_why_not(pack, drugs))
    if not chosen and not notes:
        notes.append(f"no drug pack applies: {_treatments(drugs)}")
    return PackChoice(tuple(pack for pack in packs if pack in chosen), tuple(notes))


def _why_not(pack: DrugPack, drugs: Sequence[str]) -> str:
    near = _near(pack, drugs)
    hint = f"; is '{near}' it? then add that name to the synonyms in drug.yml" if near else ""
    return f"the pack of {pack.name} does not apply: {_treatments(drugs)}{hint}"


def _treatments(drugs: Sequence[str]) -> str:
    return f"the treatments are {listing(drugs)}" if drugs else "the samples name no drug"


def _near(pack: DrugPack, drugs: Sequence[str]) -> str | None:
    return next((near for name in pack.names if (near := nearest(name, drugs))), None)


def _same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()
