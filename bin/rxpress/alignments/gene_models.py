"""Exons → what reads are held against: exonic and genic stretches, one model per gene, splice sites.

A place is one number for sequence and position, `sequence * SPAN + position` (0-based), so that the whole
genome is one sorted axis. Reads on a sequence that the annotation does not have (-1) lie before all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SPAN = 1 << 32  # longer than any sequence: BAM holds positions in 31 bits
SHORTEST_INTRON = 5  # HISAT2's: exons of a transcript that are nearer than this count as one


@dataclass(frozen=True)
class Exons:
    """Exons as annotated, one entry each; a transcript at several loci counts as one of each.

    `sequence`, `transcript` : (exons,) index; `start`, `end` : (exons,) 0-based, half-open; `strand` :
    (exons,) 1, -1, or 0 where the annotation has none; `gene` : (transcripts,) index; the others are names.
    """

    sequences: Sequence[str]
    gene_ids: Sequence[str]
    gene_names: Sequence[str]
    transcript_ids: Sequence[str]
    gene: np.ndarray
    sequence: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strand: np.ndarray
    transcript: np.ndarray


@dataclass(frozen=True)
class Regions:
    """Disjoint stretches in order: `starts`, `ends` : (stretches,) places, half-open; `before` : bases in
    earlier ones.
    """

    starts: np.ndarray
    ends: np.ndarray
    before: np.ndarray

    @classmethod
    def union(cls, starts: np.ndarray, ends: np.ndarray) -> Regions:
        """The union of stretches given in any order, (stretches,) places."""
        starts, ends = merge_intervals(starts, ends)
        widths = ends - starts
        return cls(starts, ends, np.cumsum(widths) - widths)

    def bases_before(self, places: np.ndarray) -> np.ndarray:
        """How many bases of the stretches lie before each place."""
        if not len(self.starts):
            return np.zeros(len(places), dtype=np.int64)
        last = np.searchsorted(self.starts, places, side="right") - 1
        inside = np.minimum(places, self.ends[last]) - self.starts[last]
        return np.where(last < 0, 0, self.before[last] + inside)

    def overlap(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """How many bases of each interval [start, end) lie in the stretches."""
        return self.bases_before(ends) - self.bases_before(starts)


@dataclass(frozen=True)
class TranscriptModels:
    """The longest transcript of each gene that shares no exonic base with another gene.

    `starts`, `ends`, `owner`, `offset` : (exons,) places in order, the model, and exonic bases of the model
    before the exon (in the order of the genome); `lengths`, `strands`, `genes` : (models,).
    """

    starts: np.ndarray
    ends: np.ndarray
    owner: np.ndarray
    offset: np.ndarray
    lengths: np.ndarray
    strands: np.ndarray
    genes: np.ndarray

    def exon_at(self, places: np.ndarray) -> np.ndarray:
        """Index of the model exon at each place, -1 where there is none."""
        if not len(self.starts):
            return np.full(len(places), -1)
        exon = np.searchsorted(self.starts, places, side="right") - 1
        return np.where((exon >= 0) & (places < self.ends[exon]), exon, -1)


@dataclass(frozen=True)
class SpliceSites:
    """Introns, each once, by place.

    (introns,) each: `sequence`; `left`, the last base before; `right`, the first base after; `strand`.
    """

    sequence: np.ndarray
    left: np.ndarray
    right: np.ndarray
    strand: np.ndarray


@dataclass(frozen=True)
class GeneModels:
    """What an annotation says of genes.

    `sequences` : names; `gene_ids`, `gene_names` : in the order of the annotation; `gene_lengths` : (genes,)
    bases in the union of exons, featureCounts' Length; `exon_genes`, `exon_starts`, `exon_ends` : that union,
    by gene, as places; `exonic`, `genic` : all exons, and all genes from end to end; `forward`, `reverse` :
    the exons of each strand; `models` : for coverage; `splice_sites`; `other_introns` : the
    sorted starts of introns that no model has, and for each the nearest end of it and those after, as places.
    """

    sequences: Sequence[str]
    gene_ids: Sequence[str]
    gene_names: Sequence[str]
    gene_lengths: np.ndarray
    exon_genes: np.ndarray
    exon_starts: np.ndarray
    exon_ends: np.ndarray
    exonic: Regions
    genic: Regions
    forward: Regions
    reverse: Regions
    models: TranscriptModels
    splice_sites: SpliceSites
    other_introns: tuple[np.ndarray, np.ndarray]


def build_gene_models(exons: Exons) -> GeneModels:
    """Everything reads are held against, from exons."""
    starts, ends = exons.sequence * SPAN + exons.start, exons.sequence * SPAN + exons.end
    gene = exons.gene[exons.transcript]
    exon_genes, exon_starts, exon_ends = _union_per_group(gene, starts, ends)
    lengths = np.bincount(exon_genes, exon_ends - exon_starts, len(exons.gene_ids)).astype(np.int64)
    models = _longest_transcripts(exons, _shared_genes(exon_genes, exon_starts, exon_ends, len(lengths)))
    sites = _find_splice_sites(exons)
    by_strand = [Regions.union(starts[exons.strand == s], ends[exons.strand == s]) for s in (1, -1)]
    return GeneModels(
        sequences=exons.sequences,
        gene_ids=exons.gene_ids,
        gene_names=exons.gene_names,
        gene_lengths=lengths,
        exon_genes=exon_genes,
        exon_starts=exon_starts,
        exon_ends=exon_ends,
        exonic=Regions.union(starts, ends),
        genic=Regions.union(*_loci(exon_genes, exon_starts, exon_ends)),
        forward=by_strand[0],
        reverse=by_strand[1],
        models=models,
        splice_sites=sites,
        other_introns=_introns_elsewhere(models, sites),
    )


def merge_intervals(starts: np.ndarray, ends: np.ndarray, gap: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Union of intervals [start, end), in order; those at most `gap` bases apart become one."""
    if not len(starts):
        return starts.astype(np.int64), ends.astype(np.int64)
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    first = np.append(True, starts[1:] > reach[:-1] + gap)
    return starts[first], reach[np.append(np.flatnonzero(first)[1:] - 1, len(reach) - 1)]


def _union_per_group(
    group: np.ndarray, starts: np.ndarray, ends: np.ndarray, gap: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Union of the intervals of each group on each sequence, ordered by group and place."""
    sequence = starts // SPAN
    sequences = sequence.max(initial=0) + 1
    loci, locus = np.unique(group * sequences + sequence, return_inverse=True)
    moved = (locus - sequence) * SPAN
    starts, ends = merge_intervals(starts + moved, ends + moved, gap)
    locus = starts // SPAN
    back = (loci[locus] % sequences - locus) * SPAN
    return loci[locus] // sequences, starts + back, ends + back


def _loci(genes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From the first to the last exon of a gene on a sequence; exons come by gene and place."""
    new = (np.diff(genes) != 0) | (np.diff(starts // SPAN) != 0)
    first = np.append(True, new)[: len(genes)]
    last = np.append(new, True)[: len(genes)]
    return starts[first], ends[last]


def _longest_transcripts(exons: Exons, shared: np.ndarray) -> TranscriptModels:
    """The longest transcript (the first of equals) of each gene that is not `shared`, (genes,)."""
    base = exons.sequence * SPAN
    transcript, starts, ends = _union_per_group(exons.transcript, base + exons.start, base + exons.end)
    bases = np.bincount(transcript, ends - starts, len(exons.gene)).astype(np.int64)
    strand = np.zeros(len(exons.gene), dtype=np.int64)
    strand[exons.transcript] = exons.strand
    order = np.lexsort((np.arange(len(bases)), -bases, exons.gene))
    genes, first = np.unique(exons.gene[order], return_index=True)
    chosen = order[first]
    fit = ~shared[genes] & (strand[chosen] != 0)
    genes, chosen = genes[fit], chosen[fit]
    model = np.full(len(exons.gene), -1)
    model[chosen] = np.arange(len(chosen))
    kept = model[transcript] >= 0
    owner, starts, ends = model[transcript[kept]], starts[kept], ends[kept]
    order = np.lexsort((starts, owner))
    widths = (ends - starts)[order]
    offset = np.empty_like(widths)
    offset[order] = np.cumsum(widths) - widths
    lengths = bases[chosen]
    offset -= (np.cumsum(lengths) - lengths)[owner]
    by_place = np.argsort(starts, kind="stable")
    return TranscriptModels(
        starts[by_place], ends[by_place], owner[by_place], offset[by_place], lengths, strand[chosen], genes
    )


def _introns_elsewhere(models: TranscriptModels, sites: SpliceSites) -> tuple[np.ndarray, np.ndarray]:
    """The introns that do not join exons of a model: sorted starts, and the nearest end from each on."""
    starts, ends = sites.sequence * SPAN + sites.left + 1, sites.sequence * SPAN + sites.right
    before, after = models.exon_at(starts - 1), models.exon_at(ends)
    joined = (before >= 0) & (after >= 0)
    if joined.any():
        width = models.ends[before] - models.starts[before]
        joined &= (models.ends[before] == starts) & (models.starts[after] == ends)
        joined &= models.owner[before] == models.owner[after]
        joined &= models.offset[before] + width == models.offset[after]
    starts, ends = starts[~joined], ends[~joined]
    order = np.argsort(starts, kind="stable")
    return starts[order], np.minimum.accumulate(ends[order][::-1])[::-1]


def _shared_genes(gene: np.ndarray, starts: np.ndarray, ends: np.ndarray, genes: int) -> np.ndarray:
    """Whether each gene has an exonic base that another one has, on either strand."""
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], ends[order]
    shared = np.zeros(len(starts), dtype=bool)
    shared[1:] = starts[1:] < np.maximum.accumulate(ends)[:-1]
    shared[:-1] |= ends[:-1] > starts[1:]
    return np.bincount(gene[order], shared, genes) > 0


def _find_splice_sites(exons: Exons) -> SpliceSites:
    """The introns between the exons of transcripts that have a strand, as HISAT2's own script finds them."""
    stranded = exons.strand != 0
    base = exons.sequence[stranded] * SPAN
    transcript, starts, ends = _union_per_group(
        exons.transcript[stranded],
        base + exons.start[stranded],
        base + exons.end[stranded],
        gap=SHORTEST_INTRON - 1,
    )
    strand = np.zeros(len(exons.gene), dtype=np.int64)
    strand[exons.transcript] = exons.strand
    follows = (np.diff(transcript) == 0) & (np.diff(starts // SPAN) == 0)
    sites = np.stack([ends[:-1][follows] - 1, starts[1:][follows], strand[transcript[1:][follows]]])
    sites = sites[:, np.lexsort(sites[::-1])]
    new = np.append(True, (np.diff(sites, axis=1) != 0).any(axis=0))[: sites.shape[1]]
    left, right, strand = sites[:, new]
    return SpliceSites(left // SPAN, left % SPAN, right % SPAN, strand)
