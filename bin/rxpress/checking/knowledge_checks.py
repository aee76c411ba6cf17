"""What the user knows of the drug: the pack, signatures, gene sets and weights that the run will read."""

from __future__ import annotations

from rxpress.arguments import listed
from rxpress.cells import listing
from rxpress.checking.inputs import Inputs
from rxpress.errors import Problems
from rxpress.interpretation.drug_pack import DrugPack
from rxpress.interpretation.knowledge import read_knowledge
from rxpress.samplesheet import Schema


def check_knowledge(inputs: Inputs, schema: Schema, problems: Problems) -> None:
    """Everything that is wrong in these files; a warning when a pack is of a drug that nobody was given."""
    packs, gene_sets, weights = (
        [inputs.files[role]] if role in inputs.files else []
        for role in ("drug_pack", "gene_sets", "pathway_weights")
    )
    known = read_knowledge(packs, inputs.files.get("signatures"), gene_sets, weights, problems, schema)
    for pack in known.packs:
        _check_drug(inputs, pack, problems)


def _check_drug(inputs: Inputs, pack: DrugPack, problems: Problems) -> None:
    params = inputs.params
    given = {sample.cells["treatment"] for sample in inputs.samples if "treatment" in sample.cells}
    drugs = sorted({*given, *listed(params.get("drug"))} - {params["vehicle"]})
    names = {name.casefold() for name in pack.names}
    if drugs and not names & {drug.casefold() for drug in drugs}:
        what = f"is of {pack.name}, while treatments are {listing(drugs)}: it will speak of none of them"
        problems.warn(what, "add the name to `synonyms` in its drug.yml, or give another pack", "--drug_pack")
