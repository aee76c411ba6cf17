"""The counts of a study as its tests take them: of the kept samples, whole, and with their normalisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rxpress.deseq.size_factors import Normalization, normalize
from rxpress.design.study_model import StudyModel
from rxpress.errors import InputError, Problem
from rxpress.quantification import Estimates, length_scaled_counts
from rxpress.tables import GeneMatrix


@dataclass(frozen=True)
class StudyCounts:
    """Whole counts of the kept samples, their normalisation, and what was done about gene lengths.

    length_correction : `scaled`, `offset` or `none`; lengths : (genes, samples) for offsets, else None;
    control : (genes,) which genes size factors rest on, None for all.
    """

    genes: GeneMatrix
    normalization: Normalization
    length_correction: str
    lengths: np.ndarray | None = None
    control: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        return self.genes.values

    @property
    def samples(self) -> list[str]:
        return self.genes.samples

    def of_model(self, model: StudyModel) -> StudyCounts:
        """The counts of a model's samples, normalised by themselves: sums over their libraries.

        A gene's length in a sum is the mean of its lengths in the libraries, weighted by its counts + 0.5.
        """
        if list(model.conditions) == self.samples:
            return self
        parts = [self._positions(model.libraries_of(sample)) for sample in model.conditions]
        values = _sums(self.values, parts)
        lengths = None
        if self.lengths is not None:
            weights = self.values + 0.5
            lengths = _sums(self.lengths * weights, parts) / _sums(weights, parts)
        genes = replace(self.genes, samples=list(model.conditions), values=values)
        return replace(
            self, genes=genes, lengths=lengths, normalization=_normalize(values, lengths, self.control)
        )

    def _positions(self, libraries: Sequence[str]) -> list[int]:
        try:
            return [self.samples.index(library) for library in libraries]
        except ValueError:
            what = f"no counts of {', '.join(x for x in libraries if x not in self.samples)}"
            raise InputError(Problem(what, "the matrix needs a column per kept sample")) from None


def _sums(values: np.ndarray, parts: Sequence[Sequence[int]]) -> np.ndarray:
    """(genes, len(parts)) sums of columns."""
    return np.column_stack([np.sum(values[:, list(columns)], axis=1) for columns in parts])


def prepare_counts(
    counts: GeneMatrix,
    lengths: GeneMatrix | None,
    samples: Sequence[str],
    length_correction: str = "none",
    control_genes: Iterable[str] = (),
) -> StudyCounts:
    """Counts of `samples` ready for the fit.

    lengths : of the genes in each sample, needed for a `length_correction`: `scaled` turns counts into
    tximport's lengthScaledTPM (which rests on all samples of the matrix), `offset` keeps them and
    normalises each gene by its lengths. control_genes : ids or names of genes that size factors may rest
    on, default all.
    """
    if lengths is not None:
        lengths = match_lengths(lengths, counts)
    if lengths is not None and length_correction == "scaled":
        counts = replace(counts, values=scale_by_lengths(counts.values, lengths.values))
    if lengths is None and length_correction == "offset":
        raise InputError(Problem("--length_correction offset needs gene lengths", "give --lengths"))
    counts = select_counts(counts, samples)
    offsets = lengths.select(samples).values if lengths and length_correction == "offset" else None
    control = find_control_genes(counts, control_genes)
    normalization = _normalize(counts.values, offsets, control)
    correction = length_correction if lengths else "none"
    return StudyCounts(counts, normalization, correction, offsets, control)


def _normalize(counts: np.ndarray, lengths: np.ndarray | None, control: np.ndarray | None) -> Normalization:
    try:
        return normalize(counts, lengths, control)
    except ValueError:
        what = "a sample has no counts of the control genes"
        raise InputError(Problem(what, "name more of them, or run without --control_genes")) from None


def take_samples(matrix: GeneMatrix, samples: Sequence[str], kind: str) -> GeneMatrix:
    """The columns of these samples, in their order; InputError, naming the `kind` of values, without one."""
    try:
        return matrix.select(samples)
    except KeyError as missing:
        what = f"no {kind} of {missing.args[0]}"
        raise InputError(Problem(what, "the matrix needs a column per kept sample")) from None


def select_counts(counts: GeneMatrix, samples: Sequence[str]) -> GeneMatrix:
    """The counts of these samples, rounded; InputError for a sample without a column or impossible values."""
    counts = take_samples(counts, samples, "counts")
    values = np.rint(counts.values)
    if not (np.isfinite(values) & (values >= 0)).all():
        what = "counts must be numbers of 0 and above"
        raise InputError(Problem(what, "give raw counts, not logs or ratios"))
    return replace(counts, values=values)


def match_lengths(lengths: GeneMatrix, counts: GeneMatrix) -> GeneMatrix:
    """The lengths in the order of the counts' samples; InputError unless genes and samples are the same."""
    same_samples = set(counts.samples) <= set(lengths.samples)
    if not same_samples or not np.array_equal(counts.gene_ids, lengths.gene_ids):
        what = "lengths and counts differ in their genes or samples"
        raise InputError(Problem(what, "give the lengths that belong to the counts"))
    lengths = lengths.select(counts.samples)
    if not np.all(np.asarray(lengths.values) > 0):
        raise InputError(
            Problem("gene lengths must be above 0", "give the lengths that belong to the counts")
        )
    return lengths


def scale_by_lengths(counts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Counts as if each gene had its mean length in every sample: tximport's lengthScaledTPM."""
    return length_scaled_counts(Estimates(counts, counts / lengths, lengths))


def find_control_genes(counts: GeneMatrix, wanted: Iterable[str]) -> np.ndarray | None:
    """(genes,) which genes are `wanted`, by id or name; None if none is. InputError for unknown ones."""
    wanted = set(wanted)
    if not wanted:
        return None
    unknown = sorted(wanted - set(counts.gene_ids) - set(counts.gene_names))
    if unknown:
        what = f"control genes that are not in the counts: {', '.join(unknown[:5])}"
        raise InputError(Problem(what, "give ids or names as in the count matrix"))
    return np.isin(counts.gene_ids, list(wanted)) | np.isin(counts.gene_names, list(wanted))
