"""Properties of what is computed from counts, for any counts: sums, scales, orders, and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from properties import few, generators, matrices, numbers
from scipy.stats import false_discovery_control, nbinom

from rxpress.deseq.glm import log_likelihood
from rxpress.deseq.multiple_testing import adjust_with_filter, benjamini_hochberg
from rxpress.deseq.size_factors import estimate_size_factors, normalize
from rxpress.quantification import (
    Estimates,
    dtu_scaled_counts,
    fill_missing_lengths,
    group_medians,
    inferential_variance,
    length_scaled_counts,
    scaled_counts,
    summarize_to_genes,
)

GENES = 4
COUNTS = matrices((2, 12), (2, 5), st.integers(0, 5000).map(float))
P_VALUES = arrays(float, st.integers(1, 40), elements=numbers(0, 1) | st.just(np.nan))


def estimates(generator: np.random.Generator) -> tuple[Estimates, np.ndarray]:
    """Transcripts with zeros among them, and the gene of each, -1 for none."""
    shape = (15, 3)
    counts = generator.poisson(50, shape) * generator.integers(0, 2, shape)
    lengths = generator.uniform(100, 5000, shape)
    tpm = counts / lengths
    tpm = tpm / np.maximum(tpm.sum(axis=0), 1e-12) * 1e6
    return Estimates(counts.astype(float), tpm, lengths), generator.integers(-1, GENES, shape[0])


@few
@given(generators())
def test_genes_have_the_sums_of_their_transcripts_and_a_length_between_theirs(
    generator: np.random.Generator,
) -> None:
    transcripts, gene = estimates(generator)
    genes = summarize_to_genes(transcripts, gene, GENES)
    for g in range(GENES):
        own = gene == g
        np.testing.assert_allclose(genes.counts[g], transcripts.counts[own].sum(axis=0))
        np.testing.assert_allclose(genes.tpm[g], transcripts.tpm[own].sum(axis=0))
        if own.any():
            assert (genes.lengths[g] >= transcripts.lengths[own].min() * (1 - 1e-9)).all()
            assert (genes.lengths[g] <= transcripts.lengths[own].max() * (1 + 1e-9)).all()


@few
@given(generators())
def test_order_of_transcripts_does_not_matter(generator: np.random.Generator) -> None:
    transcripts, gene = estimates(generator)
    order = generator.permutation(len(gene))
    shuffled = Estimates(transcripts.counts[order], transcripts.tpm[order], transcripts.lengths[order])
    genes, again = (
        summarize_to_genes(transcripts, gene, GENES),
        summarize_to_genes(shuffled, gene[order], GENES),
    )
    for name in ("counts", "tpm", "lengths"):
        np.testing.assert_allclose(getattr(genes, name), getattr(again, name), rtol=1e-12)


@few
@given(generators())
def test_every_scaled_mode_keeps_the_reads_of_each_sample(generator: np.random.Generator) -> None:
    transcripts, gene = estimates(generator)
    gene = np.where(np.arange(len(gene)) < GENES, np.arange(len(gene)), gene)  # no gene without transcripts
    genes = summarize_to_genes(transcripts, gene, GENES)
    for scaled in (scaled_counts(genes), length_scaled_counts(genes)):
        np.testing.assert_allclose(scaled.sum(axis=0), genes.counts.sum(axis=0), rtol=1e-9)
    usage = dtu_scaled_counts(transcripts, gene, GENES)
    np.testing.assert_allclose(np.nansum(usage, axis=0), genes.counts.sum(axis=0), rtol=1e-9)
    assert np.isnan(usage[gene < 0]).all()


@few
@given(arrays(float, 20, elements=numbers(-1e6, 1e6)), arrays(int, 20, elements=st.integers(0, 5)))
def test_group_medians_are_those_of_numpy(values: np.ndarray, group: np.ndarray) -> None:
    expected = [np.median(values[group == g]) if (group == g).any() else np.nan for g in range(6)]
    np.testing.assert_allclose(group_medians(values, group, 6), expected)


@few
@given(generators(), st.integers(2, 6))
def test_variance_over_replicates_is_that_of_numpy(generator: np.random.Generator, replicates: int) -> None:
    counts = generator.poisson(1e6, (replicates, 15)).astype(float)
    gene = generator.integers(-1, GENES, 15)
    sums = np.array([[one[gene == g].sum() for g in range(GENES)] for one in counts])
    found = inferential_variance(iter(counts), gene, GENES)
    np.testing.assert_allclose(found, sums.var(axis=0, ddof=1), rtol=1e-7, atol=1e-6)


@few
@given(generators())
def test_missing_lengths_are_geometric_means_of_the_gene_in_other_samples(
    generator: np.random.Generator,
) -> None:
    lengths = generator.uniform(100, 5000, (6, 4))
    holes = generator.random((6, 4)) < 0.4
    found = fill_missing_lengths(np.where(holes, np.nan, lengths), np.full(6, 77.0))
    np.testing.assert_allclose(found[~holes], lengths[~holes], rtol=1e-12)
    for gene, sample in zip(*np.nonzero(holes), strict=True):
        known = lengths[gene][~holes[gene]]
        expected = np.exp(np.log(known).mean()) if known.size else 77.0
        np.testing.assert_allclose(found[gene, sample], expected, rtol=1e-9)


@few
@given(COUNTS, st.integers(0, 10))
def test_deeper_samples_have_larger_size_factors_by_as_much(counts: np.ndarray, which: int) -> None:
    counts = np.vstack([counts, np.arange(1.0, counts.shape[1] + 1)])  # a gene that every sample has
    which %= counts.shape[1]
    deeper = counts.copy()
    deeper[:, which] *= 8
    factors, kind = estimate_size_factors(counts)
    after, _ = estimate_size_factors(deeper)
    assert kind == "ratio"
    ratios = (after / after[0]) / (factors / factors[0])
    expected = np.where(np.arange(len(factors)) == which, 8.0, 1.0)
    np.testing.assert_allclose(ratios, expected / expected[0], rtol=1e-9)


@few
@given(COUNTS)
def test_size_factors_are_positive_and_do_not_depend_on_the_order_of_genes(counts: np.ndarray) -> None:
    found = normalize(counts)
    assert (found.size_factors > 0).all()
    assert np.isfinite(found.size_factors).all()
    np.testing.assert_allclose(normalize(counts[::-1]).size_factors, found.size_factors, rtol=1e-12)


@few
@given(P_VALUES)
def test_adjusted_p_values_are_those_of_scipy(p_values: np.ndarray) -> None:
    adjusted = benjamini_hochberg(p_values)
    tested = np.isfinite(p_values)
    np.testing.assert_array_equal(np.isnan(adjusted), ~tested)
    if tested.any():
        np.testing.assert_allclose(adjusted[tested], false_discovery_control(p_values[tested]), rtol=1e-12)


@few
@given(generators(), st.sampled_from([0.01, 0.05, 0.1]))
def test_filter_by_mean_never_rejects_fewer_than_its_cutoff_says(
    generator: np.random.Generator, alpha: float
) -> None:
    base_means = np.round(generator.exponential(100, 300))
    p_values = generator.uniform(size=300) ** np.where(base_means > 100, 5, 1)
    adjusted, cutoff = adjust_with_filter(p_values, base_means, alpha)
    kept = base_means >= cutoff
    np.testing.assert_array_equal(np.isnan(adjusted), ~kept)
    np.testing.assert_allclose(adjusted[kept], false_discovery_control(p_values[kept]), rtol=1e-12)


@few
@given(generators())
def test_likelihood_is_that_of_a_negative_binomial(generator: np.random.Generator) -> None:
    counts = generator.poisson(30, (6, 4)).astype(float)
    means = generator.uniform(0.5, 100, (6, 4))
    dispersions = generator.uniform(0.01, 3, 6)
    size = 1 / dispersions[:, None]
    expected = nbinom.logpmf(counts, size, size / (size + means)).sum(axis=1)
    np.testing.assert_allclose(log_likelihood(counts, means, dispersions), expected, rtol=1e-9)


@few
@given(COUNTS)
def test_sample_without_counts_has_no_size_factor(counts: np.ndarray) -> None:
    assume(counts.any())
    counts = counts.copy()
    counts[:, 0] = 0
    with pytest.raises(ValueError, match="no counts"):
        estimate_size_factors(counts)
