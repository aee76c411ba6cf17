"""INTERPRET_RESPONSE: every table of interpretation/ and its summary, from studies and what is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.interpretation import activity_tables, connectivity_table, mechanism, pathway_tables, sensitivity
from rxpress.interpretation import signature_tables as signature_files
from rxpress.interpretation.drug_pack import DrugPack
from rxpress.interpretation.enrichment_curves import CURVE_COLUMNS
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_set_files import Collection
from rxpress.interpretation.knowledge import Knowledge
from rxpress.interpretation.markers import COLUMNS as MARKER_COLUMNS
from rxpress.interpretation.markers import judge_markers
from rxpress.interpretation.pack_choice import choose_packs
from rxpress.interpretation.pathway_tables import PathwayTables
from rxpress.interpretation.signature_tables import SourcedSignature, signature_tables
from rxpress.interpretation.signature_tests import TEST_COLUMNS
from rxpress.interpretation.study_genes import RankedGenes, StudyGenes, rename_genes

MARKERS = ("study", "drug", *MARKER_COLUMNS[1:])
# The columns of each table, by file name without ending.
TABLES: dict[str, Sequence[str]] = {
    "markers": MARKERS,
    "mechanism": mechanism.COLUMNS,
    "signatures": signature_files.SCORE_COLUMNS,
    "signature_genes": signature_files.GENE_COLUMNS,
    "signature_coverage": signature_files.COVERAGE_COLUMNS,
    "signature_tests": TEST_COLUMNS,
    "connectivity": connectivity_table.COLUMNS,
    "pathways": pathway_tables.COLUMNS,
    "enrichment_curves": (*pathway_tables.KEYS, *CURVE_COLUMNS),
    "pathway_activity": activity_tables.COLUMNS,
    "sensitivity": sensitivity.COLUMNS,
}


@dataclass(frozen=True)
class Asked:
    """How studies are to be interpreted.

    drug : the name that the user gives, or empty; packs_given : whether the user chose the packs;
    permutations : random sets at first, see `prerank`; seed : of all random sets; threads : processes.
    """

    drug: str = ""
    packs_given: bool = False
    permutations: int = 1000
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Interpretation:
    """The tables by file name without ending, and summary.json."""

    tables: dict[str, pd.DataFrame]
    summary: dict[str, Any]


def interpret_response(
    studies: Sequence[StudyEvidence], knowledge: Knowledge, asked: Asked
) -> Interpretation:
    """Every table, its rows in the order of studies; a table without rows has its columns."""
    found = [interpret_study(study, knowledge, asked) for study in studies]
    tables = {
        name: _join((one.tables[name] for one in found if name in one.tables), columns)
        for name, columns in TABLES.items()
    }
    of_studies = {study: facts for one in found for study, facts in one.summary.items()}
    return Interpretation(
        tables, {"permutations": asked.permutations, "seed": asked.seed, "studies": of_studies}
    )


def interpret_study(study: StudyEvidence, knowledge: Knowledge, asked: Asked) -> Interpretation:
    """The tables that a study fills, and its part of the summary by its name."""
    if study.log2 and not study.log2.samples:
        study = replace(study, log2=None)
    choice = choose_packs(study, knowledge.packs, asked.drug, asked.packs_given)
    summary: dict[str, Any] = {"packs": [pack.name for pack in choice.packs]}
    notes = [*choice.notes, *_notes(study)]
    genes = StudyGenes.of_study(study)
    if genes is None:
        return Interpretation({}, {study.name: summary | {"notes": notes}})
    signatures = [SourcedSignature(pack.name, one) for pack in choice.packs for one in pack.signatures]
    signatures += [SourcedSignature(knowledge.signature_file, one) for one in knowledge.signatures]
    sets = {pack.name: mechanism.pack_collection(pack, genes) for pack in choice.packs}
    pathways = _pathways(study, [*sets.values(), *knowledge.collections], asked)
    scores = signature_tables(study, genes, signatures)
    markers = [_marker_rows(study, genes, pack) for pack in choice.packs]
    steps = [
        mechanism.mechanism_table(study, pack, sets[pack.name], pathways.pathways) for pack in choice.packs
    ]
    tables = {
        "markers": _join(markers, MARKERS),
        "mechanism": _join(steps, mechanism.COLUMNS),
        "signatures": scores.scores,
        "signature_genes": scores.genes,
        "signature_coverage": scores.coverage,
        "signature_tests": scores.tests,
        "connectivity": connectivity_table.connectivity_table(study, genes, signatures, asked.seed),
        "pathways": pathways.pathways,
        "enrichment_curves": pathways.curves,
        "pathway_activity": activity_tables.activity_table(study, knowledge.weights or {}),
        "sensitivity": sensitivity.sensitivity_table(study),
    }
    notes += [*pathways.notes, *_notes_on_genes(study, genes), *tables["sensitivity"].attrs["notes"]]
    summary |= {
        "notes": list(dict.fromkeys(notes)),
        "repeated_symbols": _repeats(genes, choice.packs, signatures),
    }
    return Interpretation(tables, {study.name: summary})


def _marker_rows(study: StudyEvidence, genes: StudyGenes, pack: DrugPack) -> pd.DataFrame:
    """judge_markers; of rows with one symbol the best expressed is judged, which the remark says."""
    rows = judge_markers(pack.markers, study.design, rename_genes(study, genes).tests, pack.names)
    row_of = {gene_id: row for row, gene_id in enumerate(genes.ids)}
    remarks = rows["gene_id"].map(lambda gene_id: genes.remark(row_of.get(gene_id)))
    rows["remark"] = rows["remark"].where(rows["remark"] != "", remarks)
    filled = {name: rows[name].mask(rows[name] == "") for name in ("remark", "note")}
    return rows.assign(drug=pack.name, **filled)[list(MARKERS)]


def _pathways(study: StudyEvidence, collections: Sequence[Collection], asked: Asked) -> PathwayTables:
    """`pathway_tables`, a contrast at a time, the contrasts shared among processes."""
    alone = [
        replace(study, tests={contrast.id: study.tests[contrast.id]}, log2=None) for contrast in study.tested
    ]
    if asked.threads < 2 or len(alone) < 2 or not collections:
        parts = [_pathways_of_one(one, collections, asked) for one in alone]
    else:
        with ProcessPoolExecutor(asked.threads, get_context("fork")) as pool:
            jobs = [pool.submit(_pathways_of_one, one, collections, asked) for one in alone]
            parts = [job.result() for job in jobs]
    return PathwayTables(
        _join((part.pathways for part in parts), TABLES["pathways"]),
        _join((part.curves for part in parts), TABLES["enrichment_curves"]),
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _pathways_of_one(study: StudyEvidence, collections: Sequence[Collection], asked: Asked) -> PathwayTables:
    return pathway_tables.pathway_tables(study, collections, asked.permutations, asked.seed)


def _notes(study: StudyEvidence) -> list[str]:
    """What a reader should know of what could not be done."""
    notes = []
    if not study.tested:
        why = study.design.untested_because or "no contrast has a gene table"
        notes.append(f"no markers, mechanism, pathways or connectivity: {why}")
    if study.log2 is None:
        notes.append("no signature scores or activities of samples: there is no log2 expression")
    joint = [contrast.id for contrast in study.tested if contrast.jointly]
    if joint:
        lost = "signature tests, connectivity and mechanism leave out joint tests, which have no direction"
        notes.append(f"{lost}: {listing(joint)}")
    return notes


def _notes_on_genes(study: StudyEvidence, genes: StudyGenes) -> list[str]:
    """How many genes were left out of rankings."""
    left_out = [
        RankedGenes.of(study.tests[contrast.id], genes).left_out
        for contrast in study.tested
        if not contrast.jointly
    ]
    if not any(left_out):
        return []
    least, most = min(left_out), max(left_out)
    number = str(least) if least == most else f"{least} to {most}"
    what = f"{number} of {int(genes.speaking.sum())} genes were not tested"
    return [f"{what}, depending on the contrast, and are left out of its ranking"]


def _repeats(
    genes: StudyGenes, packs: Sequence[DrugPack], signatures: Sequence[SourcedSignature]
) -> dict[str, dict[str, Any]]:
    """Symbols of packs and signatures that stand in several rows, and the row that was taken for each."""
    asked = {marker.gene.symbol for pack in packs for marker in pack.markers}
    asked |= {symbol for pack in packs for one in pack.gene_sets for symbol in one.genes}
    asked |= {gene.gene.symbol for one in signatures for gene in one.signature.genes}
    taken = {genes.names[row]: str(genes.ids[row]) for row in np.flatnonzero(genes.speaking)}
    return {
        symbol: {"rows": rows, "gene_id": taken[symbol]}
        for symbol, rows in genes.repeats.items()
        if symbol in asked
    }


def _join(parts: Iterable[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Tables below each other; without rows a table of these columns."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))
