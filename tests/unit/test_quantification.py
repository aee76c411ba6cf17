"""Gene estimates are those of R's tximport (goldens made by tests/golden/tximport.R) and keep their sums."""

import numpy as np
import pandas as pd
import pytest
from tximport_golden import GOLDEN_STUDY, read_golden

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


def golden_transcripts() -> tuple[Estimates, np.ndarray, list[str]]:
    """Estimates of the golden study's transcripts, their genes, and the sorted gene ids; read by pandas."""
    files = [pd.read_csv(path, sep="\t") for path in sorted(GOLDEN_STUDY.glob("quants/*/quant.sf"))]
    gene_of = pd.read_csv(GOLDEN_STUDY / "tx2gene.tsv", sep="\t").set_index("transcript_id")["gene_id"]
    genes = sorted(set(gene_of))
    gene = np.array([genes.index(gene_of[t]) if t in gene_of else -1 for t in files[0]["Name"]])
    counts, tpm, lengths = (
        np.column_stack([file[name] for file in files]) for name in ("NumReads", "TPM", "EffectiveLength")
    )
    return Estimates(counts, tpm, lengths), gene, genes


@pytest.mark.parametrize(
    ("golden", "compute"),
    [
        ("counts_no", lambda genes: genes.counts),
        ("tpm", lambda genes: genes.tpm),
        ("length", lambda genes: genes.lengths),
        ("counts_scaledTPM", scaled_counts),
        ("counts_lengthScaledTPM", length_scaled_counts),
    ],
)
def test_gene_estimates_are_those_of_tximport(golden, compute):
    transcripts, gene, genes = golden_transcripts()
    ours = compute(summarize_to_genes(transcripts, gene, len(genes)))
    np.testing.assert_allclose(ours, read_golden(golden).loc[genes], rtol=1e-9, atol=0)


def test_transcript_counts_for_usage_tests_are_those_of_tximport():
    transcripts, gene, genes = golden_transcripts()
    ours = dtu_scaled_counts(transcripts, gene, len(genes))
    np.testing.assert_allclose(ours[gene >= 0], read_golden("counts_dtuScaledTPM"), rtol=1e-9, atol=0)
    assert np.isnan(ours[gene < 0]).all()


def test_the_golden_study_has_the_hard_cases():
    transcripts, gene, genes = golden_transcripts()
    tpm = summarize_to_genes(transcripts, gene, len(genes)).tpm
    silent = (tpm == 0).sum(axis=1)
    assert (silent == tpm.shape[1]).any()
    assert ((silent > 0) & (silent < tpm.shape[1])).any()
    assert (gene < 0).any()


def made_transcripts(seed: int) -> tuple[Estimates, np.ndarray]:
    """120 transcripts of 20 genes in 4 samples, and their genes; some silent, some without a gene."""
    random = np.random.default_rng(seed)
    gene = np.append(np.arange(20), random.integers(-1, 18, 100))  # genes 18 and 19 have one transcript
    counts = random.poisson(random.choice([0, 0, 0.5, 30], (120, 1)), (120, 4)).astype(float)
    lengths = random.uniform(100, 4000, (120, 4))
    return Estimates(counts, counts / lengths * 1000, lengths), gene


def all_modes(transcripts: Estimates, gene: np.ndarray) -> list[np.ndarray]:
    genes = summarize_to_genes(transcripts, gene, 20)
    return [genes.counts, genes.tpm, genes.lengths, scaled_counts(genes), length_scaled_counts(genes)]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_transcripts_changes_nothing(seed):
    transcripts, gene = made_transcripts(seed)
    order = np.random.default_rng(seed).permutation(len(gene))
    permuted = Estimates(transcripts.counts[order], transcripts.tpm[order], transcripts.lengths[order])
    for one, two in zip(all_modes(transcripts, gene), all_modes(permuted, gene[order]), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12)
    dtu = dtu_scaled_counts(transcripts, gene, 20)
    np.testing.assert_allclose(dtu[order], dtu_scaled_counts(permuted, gene[order], 20), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_a_gene_of_one_transcript_keeps_its_numbers(seed):
    """Its length too, where it has reads; where it has none the others' lengths stand in."""
    transcripts, gene = made_transcripts(seed)
    genes = summarize_to_genes(transcripts, gene, 20)
    for i in (18, 19):
        np.testing.assert_array_equal(genes.counts[i], transcripts.counts[i])
        np.testing.assert_array_equal(genes.tpm[i], transcripts.tpm[i])
        seen = transcripts.tpm[i] > 0
        np.testing.assert_allclose(genes.lengths[i, seen], transcripts.lengths[i, seen], rtol=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_all_count_modes_have_the_sums_of_the_counts(seed):
    transcripts, gene = made_transcripts(seed)
    counts, tpm = transcripts.counts.copy(), transcripts.tpm.copy()
    genes = summarize_to_genes(transcripts, gene, 20)
    totals = counts[gene >= 0].sum(axis=0)
    np.testing.assert_allclose(genes.counts.sum(axis=0), totals)
    np.testing.assert_allclose(scaled_counts(genes).sum(axis=0), totals)
    np.testing.assert_allclose(length_scaled_counts(genes).sum(axis=0), totals)
    np.testing.assert_allclose(np.nansum(dtu_scaled_counts(transcripts, gene, 20), axis=0), totals)
    np.testing.assert_array_equal(transcripts.counts, counts)  # the caller's matrices are left alone
    np.testing.assert_array_equal(transcripts.tpm, tpm)


def test_a_switch_of_isoform_alone_changes_no_length_scaled_count():
    """One gene moves from a 1 kb to a 4 kb isoform with the same number of molecules (TPM)."""
    gene = np.array([0, 0, 1])
    lengths = np.array([[1000.0, 1000], [4000, 4000], [2000, 2000]])
    tpm = np.array([[100.0, 0], [0, 100], [300, 300]])
    genes = summarize_to_genes(Estimates(tpm * lengths / 1000, tpm, lengths), gene, 2)
    share = length_scaled_counts(genes) / genes.counts.sum(axis=0)
    assert genes.counts[0, 1] == 4 * genes.counts[0, 0]
    assert share[0, 1] == pytest.approx(share[0, 0])


def test_a_sample_without_reads_stays_zero():
    zero = np.zeros((3, 1))
    genes = summarize_to_genes(Estimates(zero, zero, np.full((3, 1), 500.0)), np.array([0, 0, 1]), 2)
    assert genes.lengths.tolist() == [[500], [500]]
    for counts in (scaled_counts(genes), length_scaled_counts(genes)):
        assert counts.tolist() == [[0], [0]]


def test_missing_lengths_are_the_geometric_mean_of_the_others_or_the_average():
    lengths = np.array([[100.0, np.nan, 400], [np.nan, np.nan, np.nan], [1, 2, 3]])
    filled = fill_missing_lengths(lengths, np.array([7.0, 8, 9]))
    np.testing.assert_allclose(filled, [[100, 200, 400], [8, 8, 8], [1, 2, 3]])


def test_group_medians_are_those_of_pandas():
    random = np.random.default_rng(4)
    values, group = random.normal(size=500), random.integers(0, 60, 500)
    group[group == 7] = 8
    expected = pd.Series(values).groupby(group).median().reindex(range(60))
    np.testing.assert_array_equal(group_medians(values, group, 60), expected)


def test_inferential_variance_is_the_sample_variance_of_gene_sums():
    random = np.random.default_rng(5)
    replicates = random.poisson(1000, (8, 30)) + 1e6
    gene = np.append(np.arange(5), random.integers(-1, 5, 25))
    expected = [np.var(replicates[:, gene == i].sum(axis=1), ddof=1) for i in range(5)]
    np.testing.assert_allclose(inferential_variance(iter(replicates), gene, 5), expected, rtol=1e-9)
    assert np.isnan(inferential_variance(iter(replicates[:1]), gene, 5)).all()
