"""From probesets to genes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rxpress.arrays.probe_annotation import ProbeAnnotation
from rxpress.errors import InputError, Problem
from rxpress.tables import GeneMatrix

HIGHEST_MEAN, APART = "highest_mean", "apart"
CONTROL = "AFFX"  # of spikes, of transcripts at both ends, of background: no genes of the sample
ENOUGH_IDS = 0.9


def to_genes(
    expression: GeneMatrix, annotation: ProbeAnnotation | None, how: str
) -> tuple[GeneMatrix, GeneMatrix, dict[str, Any]]:
    """Name probesets, and reduce them to genes.

    expression : log2, probesets × arrays, without missing values. Probesets of several genes and
    Affymetrix's control probesets become no gene. By `highest_mean` a gene is the one of its probesets with
    the highest mean over all arrays, the first of equals, and probesets without a gene are dropped; `apart`
    keeps each probeset, and so does an absent annotation. Returns all probesets with the names of their
    genes, the genes, and facts whose counts add up: `probesets` = `controls_dropped` + `ambiguous_dropped` +
    `unannotated` + `annotated`; by highest mean, `annotated` = `genes` + `reduced_probesets`. InputError when
    no gene is left.
    """
    ids = expression.gene_ids.tolist()
    genes = _genes_of_rows(expression, annotation)
    number = np.array([len(named) for named in genes], dtype=int)
    names = np.array([" /// ".join(named) or i for i, named in zip(ids, genes, strict=True)], dtype=str)
    control = np.array([i.startswith(CONTROL) for i in ids], dtype=bool)
    annotated = np.flatnonzero(~control & (number == 1))
    reduce = how == HIGHEST_MEAN and annotation is not None
    if annotation is not None and reduce:
        rows = annotated[_best_rows(names[annotated], expression.values[annotated].mean(axis=1))]
        gene_ids = _gene_ids(annotation, ids, names, annotated)
        shown = np.array([gene_ids[name] for name in names[rows].tolist()], dtype=str)
    else:
        rows = np.flatnonzero(~control & (number <= 1))
        shown = expression.gene_ids[rows]
    facts = _facts(ids, annotation, HIGHEST_MEAN if reduce else APART) | {
        "controls_dropped": int(control.sum()),
        "ambiguous_dropped": int((~control & (number > 1)).sum()),
        "unannotated": int((~control & (number == 0)).sum()),
        "annotated": len(annotated),
        "genes": len(set(names[annotated].tolist())),
        "reduced_probesets": len(annotated) - len(rows) if reduce else 0,
        "rows": len(rows),
    }
    if not facts["rows"]:
        what = f"none of the {len(ids):,} probesets is of one gene and no control"
        raise InputError(Problem(what, "give the annotation of the arrays' platform", facts["file"] or ""))
    samples, values = expression.samples, expression.values
    named = GeneMatrix(expression.gene_ids, names, samples, values)
    return named, GeneMatrix(shown, names[rows], samples, values[rows]), facts


def _genes_of_rows(expression: GeneMatrix, annotation: ProbeAnnotation | None) -> list[tuple[str, ...]]:
    """Names of the genes of each row: by the annotation, else the row's own name unless it repeats the id."""
    ids = expression.gene_ids.tolist()
    if annotation is not None:
        return [annotation.genes(i) for i in ids]
    own_names = zip(ids, expression.gene_names.tolist(), strict=True)
    return [() if name == i else (name,) for i, name in own_names]


def _best_rows(names: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Of the rows of each name the one with the highest mean, the first of equals; rows in their order."""
    _, gene = np.unique(names, return_inverse=True)
    order = np.lexsort((np.arange(len(names)), -means, gene))
    first = np.ones(len(order), dtype=bool)
    first[1:] = gene[order][1:] != gene[order][:-1]
    return np.sort(order[first])


def _gene_ids(
    annotation: ProbeAnnotation, probesets: Sequence[str], names: np.ndarray, annotated: np.ndarray
) -> Mapping[str, str]:
    """The id of each gene by its name: what all of its probesets say, if that is one id and no other gene's.

    The name where it is not so, and for every gene when fewer than 90 % of them would have an id.
    """
    ids_of: dict[str, set[str]] = defaultdict(set)
    genes_of: dict[str, set[str]] = defaultdict(set)
    for row in annotated.tolist():
        name = str(names[row])
        for gene_id in annotation.ids.get(probesets[row], ()):
            ids_of[name].add(gene_id)
            genes_of[gene_id].add(name)
    gene_names = set(names[annotated].tolist())
    single = {
        name: gene_id
        for name, (gene_id, *more) in ids_of.items()
        if not more and len(genes_of[gene_id]) == 1 and (gene_id == name or gene_id not in gene_names)
    }
    enough = len(single) >= ENOUGH_IDS * len(gene_names)
    return {name: single.get(name, name) if enough else name for name in gene_names}


def _facts(ids: Sequence[str], annotation: ProbeAnnotation | None, how: str) -> dict[str, Any]:
    """Where genes come from, and how many of the probesets `ids` the annotation lists."""
    if annotation is None:
        return {"file": None, "format": None, "how": how, "probesets": len(ids), "listed": 0}
    considered = {"considered": list(annotation.considered)} if annotation.considered else {}
    listed = sum(probeset in annotation.symbols for probeset in ids)
    facts = {"file": annotation.file, "format": annotation.format, "how": how}
    return facts | considered | {"probesets": len(ids), "listed": listed}
