"""What is known before a study is looked at: drug packs, signatures, gene sets, pathway weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rxpress.errors import InputError, Problems
from rxpress.interpretation.drug_pack import DrugPack, Signature, read_drug_pack, read_signatures
from rxpress.interpretation.gene_set_files import Collection, read_collection, read_pathway_weights
from rxpress.samplesheet import Schema

Read = TypeVar("Read")


@dataclass(frozen=True)
class Knowledge:
    """packs : drug packs; signatures : of the user's table, whose file is `signature_file`; collections : of
    the user's gene sets; weights : {pathway: {gene: weight}}, of all files.
    """

    packs: tuple[DrugPack, ...] = ()
    signatures: tuple[Signature, ...] = ()
    signature_file: str = ""
    collections: tuple[Collection, ...] = ()
    weights: Mapping[str, Mapping[str, float]] | None = None


def read_knowledge(
    packs: Iterable[Path],
    signatures: Path | None,
    gene_sets: Iterable[Path],
    pathway_weights: Iterable[Path],
    problems: Problems,
    schema: Schema,
) -> Knowledge:
    """Read all of it; what is wrong is added to `problems`, and the rest is what can be read.

    packs : folders; schema : assets/schema/drug_pack.schema.json.
    """

    def read(reader: Callable[[Path], Read], path: Path) -> Read | None:
        try:
            return reader(path)
        except InputError as error:
            problems.take(error)
            return None

    packs, gene_sets, weight_files = list(packs), list(gene_sets), list(pathway_weights)
    found = [(path, read(lambda folder: read_drug_pack(folder, schema), path)) for path in packs]
    own = read(lambda path: read_signatures(path, schema, problems), signatures) if signatures else ()
    collections = [(path, read(read_collection, path)) for path in gene_sets]
    weights = [(path, read(read_pathway_weights, path)) for path in weight_files]
    taken: dict[str, str] = {}
    for path, one in (*found, *collections):
        if one:
            _refuse_repeat(one.name, "collection", path, taken, problems)
    pathways: dict[str, str] = {}
    for path, table in weights:
        for name in table or ():
            _refuse_repeat(name, "pathway", path, pathways, problems)
    return Knowledge(
        tuple(pack for _, pack in found if pack),
        tuple(own or ()),
        signatures.name if signatures else "",
        tuple(collection for _, collection in collections if collection),
        {name: own for _, table in weights for name, own in (table or {}).items()},
    )


def check_interpretation_inputs(
    packs: Sequence[Path],
    signatures: Path | None,
    gene_sets: Sequence[Path],
    pathway_weights: Sequence[Path],
    problems: Problems,
    schema: Schema,
) -> None:
    """Add to `problems` everything that is wrong with what INTERPRET_RESPONSE will read."""
    read_knowledge(packs, signatures, gene_sets, pathway_weights, problems, schema)


def _refuse_repeat(name: str, what: str, path: Path, taken: dict[str, str], problems: Problems) -> None:
    """Tables tell packs, collections and pathways apart by name."""
    first = taken.setdefault(name, str(path))
    if first != str(path):
        problems.add(f"{what} '{name}' is that of {first} as well", "give it another name", str(path))
