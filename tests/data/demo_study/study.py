"""Plan the demo study: its lines and samples, its genome, and the fragments of every gene to sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import expression as model
from . import genome

TREATMENTS = ("DMSO", "bortezomib")
DOSE_NM = {"DMSO": 0, "bortezomib": 20}
TIME_H = 24
DEPTH = (0.8, 1.2)  # a sample's reads, relative to the wanted number
FOREIGN_SHARE = (0.02, 0.05)  # pairs that map nowhere, relative to those from genes
RIN = (8.0, 9.9)
NOVEL_GENES = 6


@dataclass(frozen=True)
class Line:
    """A cell line; names with `.` and `-` show that names pass through a pipeline unchanged."""

    name: str
    response: str


@dataclass(frozen=True)
class Settings:
    """What decides every byte of a study.

    `panel_genes`, `other_genes` : numbers of genes; `pairs` : read pairs from genes per sample, on average.
    """

    lines: tuple[Line, ...]
    replicates: int
    panel_genes: int
    other_genes: int
    pairs: int
    seed: int = 1
    read_length: int = 75

    @property
    def resistant(self) -> np.ndarray:
        return np.array([line.response == "resistant" for line in self.lines])


FULL = Settings(
    lines=(
        Line("MM.1S", "sensitive"),
        Line("SUDHL-6", "sensitive"),
        Line("SUDHL-4", "resistant"),
        Line("KMS-11.BTZ", "resistant"),
    ),
    replicates=3,
    panel_genes=len(model.read_panel()),
    other_genes=420,
    pairs=30_000,
)
SMALL = Settings(
    lines=(Line("MM.1S", "sensitive"), Line("SUDHL-4", "resistant")),
    replicates=2,
    panel_genes=24,
    other_genes=36,
    pairs=2_000,
)


@dataclass(frozen=True)
class Sample:
    """One sample: positions of its line and treatment, its depth relative to others, its lanes' names."""

    name: str
    line: int
    treatment: int
    replicate: int
    depth: float
    foreign_share: float
    rin: float
    lanes: tuple[str, ...]


@dataclass(frozen=True)
class Study:
    """All of a study but its reads.

    `library_factors` : (samples,) what multiplies expected counts, the truth behind size factors.
    Fragments to sequence: `counts` (genes, samples), `transcript_counts` (transcripts, samples), `foreign`
    (samples,).
    """

    settings: Settings
    genes: list[genome.Gene]
    chromosomes: dict[str, np.ndarray]
    transcripts: genome.Transcripts
    expression: model.Expression
    samples: list[Sample]
    library_factors: np.ndarray
    counts: np.ndarray
    transcript_counts: np.ndarray
    foreign: np.ndarray


def plan_study(settings: Settings) -> Study:
    """Draw everything but the reads."""
    panel = model.read_panel()[: settings.panel_genes]
    names = [gene.name for gene in panel] + _other_names(settings.other_genes)
    rng = random_stream(settings, "genome")
    genes, lengths = genome.place_genes(rng, names)
    chromosomes = genome.draw_chromosomes(rng, genes, lengths)
    transcripts = genome.splice(chromosomes, genes)
    rng = random_stream(settings, "expression")
    planted = model.draw_expression(rng, panel, settings.other_genes, settings.resistant, settings.pairs)
    shares = model.draw_isoform_shares(rng, transcripts.gene)
    samples = draw_samples(random_stream(settings, "samples"), settings)
    factors = library_factors(samples, planted.expected, settings.pairs)
    counts, transcript_counts, foreign = [], [], []
    for sample, factor in zip(samples, factors, strict=True):
        rng = random_stream(settings, "counts", sample.name)
        expected = factor * planted.expected[:, sample.line, sample.treatment]
        counts.append(model.draw_gene_counts(rng, expected, planted.dispersion))
        transcript_counts.append(model.split_by_isoform(rng, counts[-1], transcripts.gene, shares))
        foreign.append(round(sample.foreign_share * counts[-1].sum()))
    return Study(
        settings,
        genes,
        chromosomes,
        transcripts,
        planted,
        samples,
        factors,
        np.column_stack(counts),
        np.column_stack(transcript_counts),
        np.array(foreign),
    )


def library_factors(samples: Sequence[Sample], expected: np.ndarray, pairs: int) -> np.ndarray:
    """(samples,) factors that give each sample the reads of its depth, whatever its genes do.

    A sequencer deals out reads, not molecules: a drug that raises much of what is expressed leaves fewer
    reads for the rest. Total counts are therefore no guide to these factors.

    expected : (genes, lines, 2) fragments at factor 1.
    """
    totals = expected.sum(axis=0)
    return np.array([pairs * sample.depth / totals[sample.line, sample.treatment] for sample in samples])


def random_stream(settings: Settings, *what: str) -> np.random.Generator:
    """Random numbers of their own for each part, so that one sample's reads do not depend on another's."""
    digest = hashlib.sha256("/".join(what).encode()).digest()
    return np.random.default_rng([settings.seed, int.from_bytes(digest[:8], "big")])


def _other_names(genes: int) -> list[str]:
    """Made-up symbols; the last few genes are novel and have none."""
    return [f"DEMO{i}" if i <= genes - NOVEL_GENES else "" for i in range(1, genes + 1)]


def draw_samples(rng: np.random.Generator, settings: Settings) -> list[Sample]:
    """Every line × treatment × replicate; the first sample comes in two lanes."""
    samples: list[Sample] = []
    for position, line in enumerate(settings.lines):
        for treatment, treatment_name in enumerate(TREATMENTS):
            for replicate in range(1, settings.replicates + 1):
                name = f"{line.name}_{treatment_name}_{replicate}"
                lanes = ("",) if samples else ("_L001", "_L002")
                depth, foreign, rin = rng.uniform(*np.transpose([DEPTH, FOREIGN_SHARE, RIN]))
                samples.append(
                    Sample(name, position, treatment, replicate, depth, foreign, round(rin, 1), lanes)
                )
    return samples
