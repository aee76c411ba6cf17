"""What is planted: expression, differences between lines, and the drug's effect on every gene.

Everything is an array over genes × lines × treatments (0 vehicle, 1 drug); true contrasts are linear
combinations of the very log2 means that counts are drawn from, so truth and data cannot part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PANEL = Path(__file__).with_name("panel.tsv")

# Median fragments per gene and sample and their spread (sd of the natural log), before scaling to the depth.
LEVELS = {"silent": (0.0, 0.0), "low": (6.0, 0.5), "medium": (75.0, 0.25), "high": (200.0, 0.3)}
BACKGROUND = (20.0, 1.0)
EXPRESSED = (100.0, 0.3)

DISPERSION = (0.038, 0.15)

# Share of the genes outside the panel with each planted effect; the rest are constant background.
KINDS = {
    "drug": 0.07,
    "drug, not in resistant": 0.05,
    "drug, stronger in resistant": 0.03,
    "drug, in one line": 0.02,
    "drug and baseline": 0.02,
    "baseline": 0.10,
    "line": 0.08,
    "silent": 0.08,
}
# The panel rises for the most part (proteasome, heat shock); these genes fall, so that the median gene stays.
DOWN_SHARE = 0.9


@dataclass(frozen=True)
class PanelGene:
    """A real symbol with what the literature leads one to expect (log2 fold changes)."""

    name: str
    group: str
    level: str
    baseline: float
    drug_sensitive: float
    drug_resistant: float


@dataclass(frozen=True)
class Expression:
    """The model that counts are drawn from.

    `mean` : (genes,) expected fragments at library factor 1 where nothing is planted; `log2_change` : (genes,
    lines, 2) log2 fold change from `mean` in each line under vehicle and drug; `dispersion` : (genes,) of the
    negative binomial, variance = mean + dispersion · mean².
    """

    mean: np.ndarray
    log2_change: np.ndarray
    dispersion: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """(genes, lines, 2) expected fragments at library factor 1."""
        return self.mean[:, None, None] * 2.0**self.log2_change


def read_panel(path: Path = PANEL) -> list[PanelGene]:
    """The panel, most telling genes first: a small study takes the first rows."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [PanelGene(name, group, level, *map(float, effects)) for name, group, level, *effects in rows]


def draw_expression(
    rng: np.random.Generator, panel: Sequence[PanelGene], others: int, resistant: np.ndarray, pairs: int
) -> Expression:
    """Plant effects in the panel's genes and in `others` further ones, in this order.

    resistant : (lines,) bool; pairs : expected fragments per sample, averaged over lines and treatments.
    """
    kinds = _draw_kinds(rng, others)
    mean = np.concatenate([_panel_means(rng, panel), _other_means(rng, kinds)])
    planted = np.concatenate([_panel_changes(panel, resistant), _other_changes(rng, kinds, resistant)])
    planted = np.where(mean[:, None, None] > 0, planted, 0.0)
    mean = mean * pairs / (mean[:, None, None] * 2.0**planted).sum(axis=0).mean()
    dispersion = _log_normal(rng, *DISPERSION, size=len(mean))
    return Expression(mean, planted, dispersion)


def _log_normal(rng: np.random.Generator, median: float, sigma: float, size: int) -> np.ndarray:
    return median * np.exp(sigma * rng.standard_normal(size))


def _draw_kinds(rng: np.random.Generator, genes: int) -> np.ndarray:
    """(genes,) text: the planted effect of each gene, '' for none; shares are exact but for rounding up."""
    kinds = np.full(genes, "", dtype=object)
    wanted = [kind for kind, share in KINDS.items() for _ in range(int(np.ceil(share * genes)))]
    kinds[rng.choice(genes, size=len(wanted), replace=False)] = wanted
    return kinds


def _panel_means(rng: np.random.Generator, panel: Sequence[PanelGene]) -> np.ndarray:
    medians, sigmas = np.array([LEVELS[gene.level] for gene in panel]).T
    return medians * np.exp(sigmas * rng.standard_normal(len(panel)))


def _other_means(rng: np.random.Generator, kinds: np.ndarray) -> np.ndarray:
    """Genes with an effect are expressed well enough for it to be found; the others range widely."""
    background = _log_normal(rng, *BACKGROUND, size=len(kinds))
    expressed = _log_normal(rng, *EXPRESSED, size=len(kinds))
    return np.where(kinds == "silent", 0.0, np.where(kinds == "", background, expressed))


def _panel_changes(panel: Sequence[PanelGene], resistant: np.ndarray) -> np.ndarray:
    """(genes, lines, 2) log2 changes as the panel's table has them."""
    baseline, sensitive_drug, resistant_drug = np.array(
        [(gene.baseline, gene.drug_sensitive, gene.drug_resistant) for gene in panel]
    ).T[:, :, None]
    return _changes(baseline * resistant, np.where(resistant, resistant_drug, sensitive_drug))


def _other_changes(rng: np.random.Generator, kinds: np.ndarray, resistant: np.ndarray) -> np.ndarray:
    """(genes, lines, 2) log2 changes drawn for each kind of effect."""
    genes, lines = len(kinds), len(resistant)
    size = _rounded_uniform(rng, 1.6, 2.4, genes)[:, None]
    more = _rounded_uniform(rng, 1.6, 2.0, genes)[:, None]
    only = np.eye(lines)[rng.integers(lines, size=genes)]
    strength = {
        "drug": size,
        "drug and baseline": size,
        "drug, not in resistant": (size + 0.4) * ~resistant,
        "drug, stronger in resistant": 1.3 + more * resistant,
        "drug, in one line": (size + 1.0) * only,
    }
    direction = np.where(rng.random(genes) < DOWN_SHARE, -1.0, 1.0)[:, None]
    drug = direction * sum(np.where((kinds == kind)[:, None], value, 0.0) for kind, value in strength.items())
    shift = _signs(rng, genes) * _rounded_uniform(rng, 1.3, 2.2, genes)[:, None] * resistant
    baseline = np.where(np.isin(kinds, ("baseline", "drug and baseline"))[:, None], shift, 0.0)
    own = np.where((kinds == "line")[:, None], _line_offsets(rng, genes, resistant), 0.0)
    return _changes(baseline + own, drug)


def _rounded_uniform(rng: np.random.Generator, low: float, high: float, size: int) -> np.ndarray:
    return np.round(rng.uniform(low, high, size), 2)


def _signs(rng: np.random.Generator, genes: int) -> np.ndarray:
    return rng.choice([-1.0, 1.0], size=(genes, 1))


def _line_offsets(rng: np.random.Generator, genes: int, resistant: np.ndarray) -> np.ndarray:
    """(genes, lines) differences between lines that cancel within sensitive and within resistant lines.

    Because they cancel, averages over a class are unchanged: such genes have no baseline effect.
    """
    offsets = np.zeros((genes, len(resistant)))
    for group in (resistant, ~resistant):
        lines = np.flatnonzero(group)
        pattern = np.where(np.arange(len(lines)) % 2, -1.0, 1.0)
        size = _signs(rng, genes) * _rounded_uniform(rng, 0.6, 1.2, genes)[:, None]
        offsets[:, lines] = size * (pattern - pattern.mean())
    return offsets


def _changes(untreated: np.ndarray, drug: np.ndarray) -> np.ndarray:
    """(genes, lines, 2) from (genes, lines) differences of untreated lines and what the drug adds."""
    return np.stack([untreated, untreated + drug], axis=2)


def contrast_weights(lines: Sequence[str], resistant: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
    """(lines, 2) weights over condition means of every question, by family and who; lines count equally."""
    each = np.eye(len(lines))
    sensitive_mean, resistant_mean = ~resistant / np.sum(~resistant), resistant / np.sum(resistant)
    gap, drug = resistant_mean - sensitive_mean, np.array([-1.0, 1.0])
    groups = dict(zip(lines, each, strict=True)) | {
        "sensitive": sensitive_mean,
        "resistant": resistant_mean,
        "all": each.mean(axis=0),
    }
    versus = "resistant_vs_sensitive"
    return {("drug", who): np.outer(weights, drug) for who, weights in groups.items()} | {
        ("baseline", versus): np.outer(gap, [1.0, 0.0]),
        ("treated", versus): np.outer(gap, [0.0, 1.0]),
        ("interaction", versus): np.outer(gap, drug),
    }


def true_fold_changes(expression: Expression, weights: np.ndarray) -> np.ndarray:
    """(genes,) planted log2 fold change of a contrast.

    Effects have two decimals, so that rounding makes zeros exact.
    """
    return np.round(np.tensordot(expression.log2_change, weights, axes=2), 6) + 0.0


def draw_gene_counts(rng: np.random.Generator, expected: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """(genes,) fragments of one sample: Poisson around gamma-distributed means, a negative binomial.

    expected, dispersion : (genes,).
    """
    return rng.poisson(expected * rng.gamma(1 / dispersion) * dispersion)


def draw_isoform_shares(rng: np.random.Generator, gene_of_transcript: np.ndarray) -> np.ndarray:
    """(transcripts,) share of each isoform among its gene's fragments, the same in every sample."""
    weight = rng.gamma(2.0, size=len(gene_of_transcript))
    return weight / np.bincount(gene_of_transcript, weight)[gene_of_transcript]


def split_by_isoform(
    rng: np.random.Generator, counts: np.ndarray, gene_of_transcript: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """(transcripts,) fragments: the (genes,) counts dealt out by the shares of isoforms."""
    first = np.searchsorted(gene_of_transcript, np.arange(len(counts)))
    isoform = np.arange(len(gene_of_transcript)) - first[gene_of_transcript]
    table = np.zeros((len(counts), isoform.max() + 1))
    table[gene_of_transcript, isoform] = shares
    return rng.multinomial(counts, table)[gene_of_transcript, isoform]
