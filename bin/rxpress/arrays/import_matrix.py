"""A study whose expression a user gives as a matrix: its samples, on log2 scale, probesets and genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rxpress.arrays.expression_matrix import ExpressionMatrix, log2_values, select_samples
from rxpress.arrays.genes import to_genes
from rxpress.arrays.probe_annotation import ProbeAnnotation, read_probe_annotation
from rxpress.checking.expression_checks import check_samples, check_values
from rxpress.errors import InputError, Problems
from rxpress.tables import GeneMatrix


@dataclass(frozen=True)
class ImportedStudy:
    """probesets, genes : log2; given : the values of `probesets` as they came, if they were transformed."""

    probesets: GeneMatrix
    genes: GeneMatrix
    given: np.ndarray | None
    facts: dict[str, Any]


def import_matrix(
    matrix: ExpressionMatrix, samples: Sequence[str], annotation: Path | None, how: str
) -> ImportedStudy:
    """Take `samples` out of a matrix; `annotation` names its probesets, else the matrix may do so itself.

    Rows that miss a value in some sample are left out. InputError for what CHECK_INPUTS refuses.
    """
    problems = Problems()
    check_samples(matrix, dict.fromkeys(samples, None), "samples.tsv", Problems(problems.found))
    check_values(matrix, list(matrix.find(samples).values()), problems)
    problems.stop_if_any()
    given = select_samples(matrix, samples)
    whole = np.isfinite(given.values).all(axis=1)
    scale = log2_values(given.values[whole])
    expression = GeneMatrix(given.gene_ids[whole], given.gene_names[whole], given.samples, scale.values)
    ids = expression.gene_ids.tolist()
    probes, notes = _annotate(matrix, annotation, ids)
    probesets, genes, counts = to_genes(expression, probes, how)
    facts = {
        "source": "matrix",
        "file": matrix.file,
        "chip": ", ".join(matrix.metadata.series.get("platform_id", [])) or None if matrix.metadata else None,
        "method": "given",
        "probesets": len(ids),
        "rows_with_missing_values": int((~whole).sum()),
        "arrays": len(samples),
        "transformation": scale.transformation,
        "annotation": counts,
        "series": matrix.metadata.facts() if matrix.metadata else None,
        "notes": [*map(str, problems.warnings), *notes],
    }
    transformed = given.values[whole] if scale.transformation != "none" else None
    return ImportedStudy(probesets, genes, transformed, facts)


def _annotate(
    matrix: ExpressionMatrix, annotation: Path | None, ids: Sequence[str]
) -> tuple[ProbeAnnotation | None, list[str]]:
    """What names the rows, and a note if `annotation` does not: it may be that of another study."""
    own = matrix.annotation()
    if annotation is None:
        return own, []
    try:
        return read_probe_annotation(annotation, ids), []
    except InputError as error:
        taken = "names in the matrix are taken" if own else "rows are taken for genes"
        return own, [f"{error.problems[0].file}: {error.problems[0].what}: {taken}"]
