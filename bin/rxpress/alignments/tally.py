"""Sums over the records of BAM files, block by block.

Pairs are counted by their flags, without looking for the mate: by the first read, or by the second where the
first is not mapped. So the order of a file does not matter, and memory does not grow with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from rxpress.alignments.along_transcripts import Coverage, lengths_without_introns
from rxpress.alignments.bam import (
    DUPLICATE,
    FIRST,
    MATE_REVERSE,
    MATE_UNMAPPED,
    PAIRED,
    PROPER,
    REVERSE,
    SECONDARY,
    SUPPLEMENTARY,
    UNMAPPED,
    BamFile,
    Records,
)
from rxpress.alignments.distinct import DistinctCounter
from rxpress.alignments.gene_models import SPAN, GeneModels

# A mapping quality of 3 says that the place is as likely wrong as right (SAMv1, section 1.4).
DOUBTFUL_QUALITY = 3
LONGEST_INSERT = 2000
SORT_ORDERS = ("coordinate", "queryname", "unsorted")
NO_SEQUENCE = SPAN // 2 - 1  # where records without a sequence stand in a sorted file: at the end


@dataclass(frozen=True)
class Kinds:
    """Which records count as what, (reads,) each.

    `primary`; `mapped` : primary and mapped; `fragment` : mapped, and stands for its fragment;
    `unmapped_fragment` : stands for a fragment of which nothing is mapped; `unique` : mapped to one place, as
    far as the file tells.
    """

    primary: np.ndarray
    mapped: np.ndarray
    fragment: np.ndarray
    unmapped_fragment: np.ndarray
    unique: np.ndarray


def tell_kinds(records: Records) -> Kinds:
    """Sort records by their flags, the tag NH and, without it, the mapping quality."""
    flag = records.flag
    primary = (flag & (SECONDARY | SUPPLEMENTARY)) == 0
    unmapped = (flag & UNMAPPED) != 0
    single, first, alone = (flag & PAIRED) == 0, (flag & FIRST) != 0, (flag & MATE_UNMAPPED) != 0
    told = records.hits > 0
    unique = np.where(told, records.hits == 1, records.mapping_quality > DOUBTFUL_QUALITY)
    mapped = primary & ~unmapped
    return Kinds(
        primary=primary,
        mapped=mapped,
        fragment=mapped & (single | first | alone),
        unmapped_fragment=primary & unmapped & (single | (first & alone)),
        unique=mapped & unique,
    )


class Tally:
    """The sums: `counts` by name, `inserts` by length, mapped `reads_on` sequences, observed `orders`."""

    def __init__(self, models: GeneModels) -> None:
        self._models = models
        self.counts: Counter[str] = Counter()
        self.reads_on: Counter[str] = Counter()
        self.inserts = np.zeros(LONGEST_INSERT + 1, dtype=np.int64)
        self.coverage = Coverage(models.models)
        self.distinct = DistinctCounter()
        self.orders: list[str] = []
        self._numbers: dict[str, int] = {}  # of sequences, in all files

    def begin(self, file: BamFile) -> None:
        """Turn to the records of another file."""
        known = {name: i for i, name in enumerate(self._models.sequences)}
        self._names = file.sequences
        # The last entry is for records without a sequence, -1.
        self._index = np.array([*(known.get(name, -1) for name in file.sequences), -1], dtype=np.int64)
        numbers = (self._numbers.setdefault(name, len(self._numbers)) for name in file.sequences)
        self._number = np.array([*numbers, -1], dtype=np.int64)
        self._claimed = file.sort_order if file.sort_order in SORT_ORDERS else "unsorted"
        self._last_place = -1
        self.orders.append("coordinate")

    def add(self, records: Records) -> None:
        """Take a block of records."""
        kinds = tell_kinds(records)
        place = self._index[records.sequence] * SPAN
        block_place = place[records.block_read]
        starts, ends = block_place + records.block_start, block_place + records.block_end
        self._watch_order(records)
        self._count_reads(records, kinds)
        self._count_fragments(records, kinds)
        self._count_bases(starts, ends, kinds.mapped[records.block_read])
        unique = kinds.unique[records.block_read]
        self.coverage.add(starts[unique], ends[unique])
        self._judge_strands(records, kinds, starts, ends)
        self._measure_inserts(records, kinds, place)

    def _watch_order(self, records: Records) -> None:
        places = np.where(records.sequence < 0, NO_SEQUENCE, records.sequence) * SPAN + records.start
        if (np.diff(places, prepend=self._last_place) < 0).any():
            self.orders[-1] = self._claimed if self._claimed != "coordinate" else "unsorted"
        self._last_place = places[-1]

    def _count_reads(self, records: Records, kinds: Kinds) -> None:
        primary, mapped = kinds.primary, kinds.mapped
        self.counts["reads"] += int(primary.sum())
        self.counts["read_bases"] += int(records.length[primary].sum())
        self.counts["paired_reads"] += int((primary & (records.flag & PAIRED > 0)).sum())
        self.counts["spliced_reads"] += int((mapped & records.spliced).sum())
        on = np.bincount(records.sequence[mapped & (records.sequence >= 0)], minlength=len(self._names))
        for i in np.flatnonzero(on):
            self.reads_on[self._names[i]] += int(on[i])

    def _count_fragments(self, records: Records, kinds: Kinds) -> None:
        fragment, flag = kinds.fragment, records.flag
        pair = fragment & (flag & PAIRED > 0) & (flag & MATE_UNMAPPED == 0)
        self.counts["mapped_fragments"] += int(fragment.sum())
        self.counts["unmapped_fragments"] += int(kinds.unmapped_fragment.sum())
        self.counts["unique_fragments"] += int((fragment & kinds.unique).sum())
        self.counts["with_hits"] += int((records.hits > 0).sum())
        self.counts["proper_pairs"] += int((pair & (flag & PROPER > 0)).sum())
        self.counts["flagged_duplicates"] += int((fragment & (flag & DUPLICATE > 0)).sum())
        reverse = flag & REVERSE
        begin = np.where(reverse > 0, records.end + records.clip_right, records.start - records.clip_left)
        mate = np.where(pair, self._number[records.mate_sequence] * SPAN + records.mate_start, -1)
        template = np.where(pair, records.template_length, 0)
        columns = (self._number[records.sequence], begin, reverse, mate, template)
        self.distinct.add(*(column[fragment] for column in columns))

    def _count_bases(self, starts: np.ndarray, ends: np.ndarray, counted: np.ndarray) -> None:
        starts, ends = starts[counted], ends[counted]
        self.counts["bases"] += int((ends - starts).sum())
        self.counts["exonic_bases"] += int(self._models.exonic.overlap(starts, ends).sum())
        self.counts["genic_bases"] += int(self._models.genic.overlap(starts, ends).sum())

    def _judge_strands(self, records: Records, kinds: Kinds, starts: np.ndarray, ends: np.ndarray) -> None:
        """Fragments with one place that touch exons of one strand only."""
        judged = (kinds.fragment & kinds.unique)[records.block_read]
        read, starts, ends = records.block_read[judged], starts[judged], ends[judged]
        on_forward, on_reverse = (
            np.bincount(read, regions.overlap(starts, ends), len(records.flag)) > 0
            for regions in (self._models.forward, self._models.reverse)
        )
        second = (records.flag & PAIRED > 0) & (records.flag & FIRST == 0)
        read_forward = (records.flag & REVERSE == 0) ^ second
        one = on_forward ^ on_reverse
        agree = int((one & (read_forward == on_forward)).sum())
        self.counts["forward"] += agree
        self.counts["reverse"] += int(one.sum()) - agree

    def _measure_inserts(self, records: Records, kinds: Kinds, place: np.ndarray) -> None:
        """Proper pairs with one place, by the mate on the reverse strand: from the other's start to its end.

        The template length of the file is not asked: HISAT2's leaves introns out, STAR's does not.
        """
        measured = kinds.unique & (records.flag & (PAIRED | PROPER | REVERSE) == PAIRED | PROPER | REVERSE)
        measured &= (records.flag & MATE_REVERSE == 0) & (records.sequence == records.mate_sequence)
        start, end = (place[measured] + at[measured] for at in (records.mate_start, records.end))
        lengths = lengths_without_introns(self._models, start, end)
        self.inserts += np.bincount(np.minimum(lengths, LONGEST_INSERT), minlength=LONGEST_INSERT + 1)
