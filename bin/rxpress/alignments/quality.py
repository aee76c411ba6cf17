"""What alignments are like, in one pass over BAM files: mapping, duplicates, place of bases, strand, lengths.

A fragment is a read, or a pair of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rxpress.alignments.along_transcripts import bias_3prime
from rxpress.alignments.bam import open_bam
from rxpress.alignments.gene_models import GeneModels
from rxpress.alignments.strands import LIBRARY_TYPES, judge_strandedness
from rxpress.alignments.tally import SORT_ORDERS, Tally
from rxpress.errors import InputError, Problems

INSERT_BIN = 10
COVERAGE_DECIMALS = 4
WORTHY_SHARE = 0.1


@dataclass(frozen=True)
class InsertSizes:
    """Lengths of fragments without their introns: how many were judged, quartiles, and a histogram.

    `counts[i]` : fragments of `bin_width` × i bases up to the next bin; the last one holds all longer ones.
    """

    judged: int
    lower_quartile: int
    median: int
    upper_quartile: int
    bin_width: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class MissingSequence:
    """A sequence with reads that the annotation does not have; what it may be called there, or ''."""

    sequence: str
    reads: int
    known_as: str


@dataclass(frozen=True)
class AlignmentQuality:
    """What the alignments of a sample are like.

    `reads` : primary records, both mates, mapped or not; `fragments`, `mapped_fragments`, `proper_pairs`;
    `unique_fragments`, `multi_fragments` : by tag NH, without it (`unique_by` "mapping quality") by quality
    over 3; `duplicate_share` : of mapped fragments, those whose ends (of single reads, the 5' end) and strand
    another one has already, exact unless `duplicates_estimated`; `flagged_duplicates` : fragments that the
    file marks; `spliced_reads`.
    `exonic_bases`, `intronic_bases`, `intergenic_bases` : aligned bases of primary records. `coverage` : mean
    depth at 100 places from 5' to 3' over `covered_genes` genes (empty for none). `bias_3prime` : 1 is even.
    `forward_share` : of the `judged_fragments`, those whose first read lies on the strand of its gene.
    """

    paired: bool
    reads: int
    mean_read_length: float
    fragments: int
    mapped_fragments: int
    unique_fragments: int
    multi_fragments: int
    unique_by: str
    proper_pairs: int
    duplicate_share: float
    duplicates_estimated: bool
    flagged_duplicates: int
    spliced_reads: int
    exonic_bases: int
    intronic_bases: int
    intergenic_bases: int
    coverage: tuple[float, ...]
    covered_genes: int
    bias_3prime: float | None
    strandedness: str
    forward_share: float
    judged_fragments: int
    library_type: str
    insert_size: InsertSizes | None
    sort_order: str
    sequences_missing: tuple[MissingSequence, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine_alignments(bams: Sequence[Path], models: GeneModels) -> AlignmentQuality:
    """Read the BAM files of a sample once, in whatever order their records are.

    InputError for all files that are no BAM or end early.
    """
    problems = Problems()
    files = []
    for path in bams:
        try:
            files.append(open_bam(path))
        except InputError as error:
            problems.take(error)
    problems.stop_if_any()
    tally = Tally(models)
    for file in files:
        tally.begin(file)
        for records in file.blocks():
            tally.add(records)
    return summarize(tally, models)


def summarize(tally: Tally, models: GeneModels) -> AlignmentQuality:
    """What the sums over all records say."""
    counts = tally.counts
    mapped = counts["mapped_fragments"]
    strandedness, share = judge_strandedness(counts["forward"], counts["reverse"])
    paired = counts["paired_reads"] > 0
    letters = LIBRARY_TYPES.get(strandedness, LIBRARY_TYPES["unstranded"])
    coverage, genes = tally.coverage.profile()
    return AlignmentQuality(
        paired=paired,
        reads=counts["reads"],
        mean_read_length=counts["read_bases"] / counts["reads"] if counts["reads"] else 0.0,
        fragments=mapped + counts["unmapped_fragments"],
        mapped_fragments=mapped,
        unique_fragments=counts["unique_fragments"],
        multi_fragments=mapped - counts["unique_fragments"],
        unique_by="NH" if counts["with_hits"] or not mapped else "mapping quality",
        proper_pairs=counts["proper_pairs"],
        duplicate_share=max(1 - tally.distinct.count / mapped, 0.0) if mapped else 0.0,
        duplicates_estimated=not tally.distinct.exact,
        flagged_duplicates=counts["flagged_duplicates"],
        spliced_reads=counts["spliced_reads"],
        exonic_bases=counts["exonic_bases"],
        intronic_bases=counts["genic_bases"] - counts["exonic_bases"],
        intergenic_bases=counts["bases"] - counts["genic_bases"],
        coverage=tuple(np.round(coverage, COVERAGE_DECIMALS).tolist()),
        covered_genes=genes,
        bias_3prime=bias_3prime(coverage),
        strandedness=strandedness,
        forward_share=share,
        judged_fragments=counts["forward"] + counts["reverse"],
        library_type=letters[paired],
        insert_size=describe_inserts(tally.inserts),
        sort_order=max(tally.orders, key=SORT_ORDERS.index),
        sequences_missing=tuple(find_missing(tally.reads_on, models.sequences)),
    )


def describe_inserts(inserts: np.ndarray) -> InsertSizes | None:
    """Quartiles and histogram of (lengths,) numbers of fragments of each length; None without any."""
    total = int(inserts.sum())
    if not total:
        return None
    reached = np.cumsum(inserts)
    lower, median, upper = (int(np.searchsorted(reached, share * total)) for share in (0.25, 0.5, 0.75))
    edges = np.arange(0, len(inserts), INSERT_BIN)
    counts = np.trim_zeros(np.add.reduceat(inserts, edges), "b")
    return InsertSizes(total, lower, median, upper, INSERT_BIN, tuple(counts.tolist()))


def find_missing(reads_on: Mapping[str, int], known: Sequence[str]) -> list[MissingSequence]:
    """Sequences with reads that the annotation lacks, those with most reads first."""
    plain = {_plain_sequence(name): name for name in known}
    missing = [
        MissingSequence(name, reads, plain.get(_plain_sequence(name), ""))
        for name, reads in reads_on.items()
        if name not in known
    ]
    return sorted(missing, key=lambda m: (-m.reads, m.sequence))


def _plain_sequence(name: str) -> str:
    """What UCSC, Ensembl and TAIR call alike: `chr1` and `1`, `chrM` and `MT`."""
    bare = re.sub(r"^(chromosome|chr)_?", "", name.lower()) or name
    return "mt" if bare in ("m", "mt", "mitochondrion") else bare


def describe_missing(quality: AlignmentQuality) -> str:
    """A warning about sequences that the annotation does not have; '' when no such reads are worth one.

    Worth it are sequences that the annotation has under another name, and a tenth of all reads.
    """
    missing = quality.sequences_missing
    renamed = [m for m in missing if m.known_as]
    reads = sum(m.reads for m in missing)
    if not renamed and reads < WORTHY_SHARE * quality.reads:
        return ""
    listed = ", ".join(m.sequence for m in missing[:3]) + " …" * (len(missing) > 3)
    text = (
        f"{reads:,} of {quality.reads:,} reads lie on sequences that the annotation does not have: {listed}"
    )
    return f"{text}; did you mean '{renamed[0].known_as}' by '{renamed[0].sequence}'?" if renamed else text
