"""The Salmon folders of a study, read together and compared with each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rxpress.errors import InputError, Problem, Problems, did_you_mean
from rxpress.gene_index import GeneIndex
from rxpress.quantification import Estimates, inferential_variance
from rxpress.salmon_folder import (
    Quant,
    index_hash,
    read_quant,
    read_replicates,
    replicate_count,
    salmon_folder,
)

if TYPE_CHECKING:
    import pyarrow as pa

READERS = 2


@dataclass(frozen=True)
class StudyQuants:
    """The estimates of a study's samples: (transcripts, samples) matrices in the order of the first sample.

    `orders` holds, for a sample whose file has the transcripts in another order, their places in that file;
    `inputs` the path, size, sha256 and role of each file read.
    """

    folders: Mapping[str, Path]
    transcript_ids: pa.StringArray
    estimates: Estimates
    orders: Mapping[str, np.ndarray]
    inputs: list[tuple[str, int, str, str]]

    @property
    def samples(self) -> list[str]:
        return list(self.folders)


def folders_by_sample(
    folders: Sequence[Path], names: Sequence[str], known: Sequence[str], sheet: str
) -> dict[str, Path]:
    """The folder of each sample, in the order of `known`; InputError for an unknown or repeated name.

    Instead of a folder there may be the quant.sf in it.
    """
    problems = Problems()
    if len(names) != len(folders):
        problems.add(f"{len(names)} names for {len(folders)} quant folders", "name every folder")
    for name in dict.fromkeys(names):
        if name not in known:
            problems.add(f"has no sample '{name}'", did_you_mean(name, known), sheet)
        if names.count(name) > 1:
            problems.add(
                f"{names.count(name)} quant folders are named '{name}'", "give one folder per sample"
            )
    problems.stop_if_any()
    found = dict(zip(names, map(salmon_folder, folders), strict=True))
    return {sample: found[sample] for sample in known if sample in found}


def read_study(folders: Mapping[str, Path]) -> StudyQuants:
    """Read the Salmon folder of each sample.

    InputError, for all samples at once, when the transcripts or the index are not those of the first.
    """
    problems = Problems(found=_index_problems(folders))
    first: Quant | None = None
    matrices: list[np.ndarray] = []
    orders: dict[str, np.ndarray] = {}
    inputs = []
    for j, (sample, reading) in enumerate(_read_ahead(folders)):
        try:
            quant = reading.result()
            if first is None:
                first = quant
                shape = len(quant.transcript_ids), len(folders)
                matrices = [np.empty(shape, order="F") for _ in range(3)]
            elif not quant.transcript_ids.equals(first.transcript_ids):
                orders[sample] = _order_of(first, quant)
        except InputError as error:
            problems.take(error)
            continue
        found = quant.estimates
        for matrix, values in zip(matrices, (found.counts, found.tpm, found.lengths), strict=True):
            matrix[:, j] = values[orders[sample]] if sample in orders else values
        inputs.append((quant.file, quant.size, quant.sha256, "quant"))
    problems.stop_if_any()
    if first is None:
        raise InputError("no quant folders to merge")
    return StudyQuants(folders, first.transcript_ids, Estimates(*matrices), orders, inputs)


def _read_ahead(folders: Mapping[str, Path]) -> Iterator[tuple[str, Future[Quant]]]:
    """Read samples in their order, a few at a time and no more ahead than that, so that memory is bounded."""
    with ThreadPoolExecutor(max_workers=READERS) as pool:
        started: deque[tuple[str, Future[Quant]]] = deque()
        for sample, folder in folders.items():
            started.append((sample, pool.submit(read_quant, folder, sample)))
            if len(started) > READERS:
                yield started.popleft()
        yield from started


def _index_problems(folders: Mapping[str, Path]) -> list[Problem]:
    hashes = {sample: index_hash(folder) for sample, folder in folders.items() if folder.is_dir()}
    said = [(sample, value) for sample, value in hashes.items() if value]
    return [
        Problem(
            f"samples {said[0][0]} and {sample} were quantified against different indexes",
            "quantify all samples of a study with one index",
        )
        for sample, value in said
        if value != said[0][1]
    ]


def _order_of(first: Quant, other: Quant) -> np.ndarray:
    """Places in `other` of the transcripts of `first`; InputError when they are not the same set."""
    import pyarrow.compute as pc

    places = pc.index_in(first.transcript_ids, value_set=other.transcript_ids)
    if places.null_count == 0 and len(first.transcript_ids) == len(other.transcript_ids):
        return places.to_numpy()
    differences = []
    for one, two in ((first, other), (other, first)):
        shared = pc.is_in(one.transcript_ids, value_set=two.transcript_ids)
        alone = one.transcript_ids.filter(pc.invert(shared))
        examples = ", ".join(alone[:3].to_pylist()) + (" …" if len(alone) > 3 else "")
        differences += [f"{len(alone):,} only in {one.file} ({examples})"] if len(alone) else []
    what = f"{first.file} and {other.file} are of different transcripts: {', '.join(differences)}"
    raise InputError(Problem(what, "quantify all samples of a study with one index"))


def gene_variances(quants: StudyQuants, index: GeneIndex) -> np.ndarray | None:
    """Variances of gene counts over inferential replicates, (genes, samples); None if a sample has none.

    Replicates are read and reduced one at a time.
    """
    if not all(replicate_count(folder) > 1 for folder in quants.folders.values()):
        return None
    variances = np.empty((len(index.ids), len(quants.samples)), order="F")

    def reduce_sample(j: int, sample: str) -> None:
        order = quants.orders.get(sample)
        ids = quants.transcript_ids if order is None else quants.transcript_ids.take(np.argsort(order))
        replicates = read_replicates(quants.folders[sample], ids)
        ordered = replicates if order is None else (counts[order] for counts in replicates)
        variances[:, j] = inferential_variance(ordered, index.gene, len(index.ids))

    with ThreadPoolExecutor(max_workers=READERS) as pool:
        list(pool.map(reduce_sample, range(len(quants.samples)), quants.samples))
    return variances
