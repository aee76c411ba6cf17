"""Which gene each quantified transcript belongs to, as positions in a sorted list of genes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rxpress.annotation import map_transcripts, read_gene_table
from rxpress.errors import InputError, Problem
from rxpress.tables import MISSING, read_columns

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_MAPPED = 0.9
MAP_COLUMNS = ("transcript_id", "gene_id", "gene_name")


@dataclass(frozen=True)
class GeneIndex:
    """The genes of transcripts, sorted by id.

    ids, names : (genes,) text; gene : (transcripts,) position of each one's gene, -1 for none; spike_ins :
    how many of those without are spike-in controls.
    """

    ids: np.ndarray
    names: np.ndarray
    gene: np.ndarray
    spike_ins: int = 0

    @property
    def unmapped(self) -> int:
        """Transcripts without a gene, spike-ins left aside."""
        return int((self.gene < 0).sum()) - self.spike_ins


def index_genes(transcript_ids: pa.StringArray, table: Path) -> GeneIndex:
    """Look up the gene of each transcript in a table of transcript, gene and perhaps gene name.

    Ids match exactly or, where they do not, as CHECK_INPUTS matches them. InputError when fewer than 90 % of
    the transcripts, spike-ins left aside, have a gene.
    """
    gene_ids, names = _exact_genes(transcript_ids, table)
    spike_ins = 0
    if gene_ids.null_count:
        gene_ids, names, spike_ins = _loosely_matched(transcript_ids, gene_ids, names, table)
    total = len(transcript_ids) - spike_ins
    mapped = len(gene_ids) - gene_ids.null_count
    if mapped < LEAST_MAPPED * total or not mapped:
        example = transcript_ids.filter(gene_ids.is_null())[0].as_py()
        what = f"gives a gene to {mapped:,} of {total:,} transcripts in the quants (not to {example})"
        fix = "give the annotation of the release that the index was made from"
        raise InputError(Problem(what, fix, table.name))
    return _sorted_index(gene_ids, names, spike_ins)


def _exact_genes(transcript_ids: pa.StringArray, table: Path) -> tuple[pa.StringArray, pa.StringArray]:
    """Gene id and name of each transcript that the table names as it is; null for the others.

    A header line is read as a transcript that no sample has.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = read_columns(table.read_bytes(), table.name, text=MAP_COLUMNS, header=False)
    if "gene_id" not in found.column_names:
        nothing = pa.nulls(len(transcript_ids), pa.string())
        return nothing, nothing
    rows = pc.index_in(transcript_ids, value_set=found["transcript_id"].combine_chunks())
    gene_ids, names = (
        found[name].take(rows).combine_chunks() for name in ("gene_id", found.column_names[-1])
    )
    nameless = pc.is_in(names, value_set=pa.array(["", MISSING]))
    return pc.if_else(pc.equal(gene_ids, ""), None, gene_ids), pc.if_else(nameless, gene_ids, names)


def _loosely_matched(
    transcript_ids: pa.StringArray, gene_ids: pa.StringArray, names: pa.StringArray, table: Path
) -> tuple[pa.StringArray, pa.StringArray, int]:
    """Fill the genes of transcripts that did not match exactly; also the number of spike-ins among them."""
    import pyarrow as pa

    left = np.flatnonzero(gene_ids.is_null())
    ids = transcript_ids.take(left).to_pylist()
    matched = map_transcripts(ids, read_gene_table(table))
    filled = [array.to_numpy(zero_copy_only=False).copy() for array in (gene_ids, names)]
    for place, name in zip(left, ids, strict=True):
        if gene := matched.genes.get(name):
            filled[0][place], filled[1][place] = gene
    return *(pa.array(values, pa.string()) for values in filled), len(matched.spike_ins)


def _sorted_index(gene_ids: pa.StringArray, names: pa.StringArray, spike_ins: int) -> GeneIndex:
    """Number the genes by their sorted ids; a gene's name is that of its first transcript."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = gene_ids.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    genes = len(order)
    rank = np.full(genes + 1, -1)
    rank[order.to_numpy()] = np.arange(genes)
    gene = rank[encoded.indices.fill_null(genes).to_numpy()]
    mapped = np.flatnonzero(gene >= 0)[::-1]
    first = np.empty(genes, int)
    first[gene[mapped]] = mapped  # backwards, so that the first transcript is the one that stays
    ids, first_names = encoded.dictionary.take(order), names.take(pa.array(first))
    return GeneIndex(
        ids.to_numpy(zero_copy_only=False), first_names.to_numpy(zero_copy_only=False), gene, spike_ins
    )
