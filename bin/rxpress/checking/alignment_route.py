"""Which way reads and BAM files go: what aligns, what counts, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rxpress.checking.assay_checks import BAM, QUANT, READS

SALMON, FEATURECOUNTS = "salmon", "featurecounts"
DEFAULT_QUANTIFIER = {"none": SALMON, "star": SALMON, "hisat2": FEATURECOUNTS}
ALIGNERS = {"star": "STAR", "hisat2": "hisat2"}
COUNTERS = {"htseq": "htseq-count", FEATURECOUNTS: "featureCounts"}


@dataclass(frozen=True)
class Route:
    """The aligner of reads (`none`: Salmon maps them itself), and what quantifies reads and BAM files."""

    aligner: str
    reads: str
    bam: str

    @property
    def aligned(self) -> bool:
        return self.aligner != "none"

    def quantifier(self, source: str) -> str | None:
        """What quantifies a sample by its source; None for what comes without reads."""
        return {READS: self.reads, QUANT: SALMON, BAM: self.bam}.get(source)

    def programs(self, sources: set[str]) -> list[str]:
        """Programs that the route calls for samples of these sources, beyond those of every run."""
        names = ["fastp"] if READS in sources else []
        if READS in sources and self.aligned:
            names += [ALIGNERS[self.aligner], *(["hisat2-build"] if self.aligner == "hisat2" else [])]
        if (self.aligned and READS in sources) or BAM in sources:
            names.append("samtools")
        counters = {self.quantifier(source) for source in sources} - {None}
        names += [program for name, program in COUNTERS.items() if name in counters]
        if READS in sources and self.reads == SALMON:
            names += ["salmon", *(["gffread"] if self.aligned else [])]
        return names


def choose_route(params: Mapping[str, Any]) -> Route:
    """The route that `--aligner` and `--quantifier` ask for, whether it is possible or not.

    Alignments to a genome cannot be quantified by Salmon, so BAM files go to a counter whatever is asked.
    """
    asked = params["quantifier"]
    counter = asked if asked in COUNTERS else FEATURECOUNTS
    return Route(params["aligner"], asked or DEFAULT_QUANTIFIER[params["aligner"]], counter)
