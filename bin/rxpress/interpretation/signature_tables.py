"""Signatures of a study as tables: scores of samples, which genes they rest on, what they can say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rxpress.interpretation.drug_pack import Signature
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.interpretation.gene_names import GeneMatch
from rxpress.interpretation.signature_tests import TEST_COLUMNS, test_scores
from rxpress.interpretation.signatures import METHODS, Classifier, score_classifier, score_signatures
from rxpress.interpretation.study_genes import StudyGenes

CLASSIFIER = "classifier"
WHO = ("study", "signature", "source")
SCORE_COLUMNS = (*WHO, "method", "sample", "score", "class", "coverage", "withheld")
GENE_COLUMNS = (*WHO, "gene", "gene_id", "matched_by", "remark")
COVERAGE_COLUMNS = (*WHO, "kind", "genes", "measured", "coverage", "missing", "withheld", "statement")

# What a score of each kind can say, for signatures whose pack or table does not.
STATEMENTS = {
    CLASSIFIER: "A weighted sum with the weights, reference and cutoff of its table. It equals the "
    "published score only on the platform that it was made for, normalised alike (for the classifiers of "
    "myeloma: log2 of MAS5 signals of U133 Plus 2.0 arrays), in a cohort with the usual mix of patients, "
    "because each probe is first given the mean and sd of the reference cohort. On other data its classes "
    "mean nothing.",
    "exploratory": "Published as a list of genes without a formula. The score says whether a sample has more "
    "or less of them than the other samples of this study; it has no cutoff and predicts nothing for one "
    "sample.",
    "response": "Genes that a drug moved in another study. The score says how far a sample looks like cells "
    "under that drug beside the other samples of this study; it does not say whether a sample is sensitive.",
}


@dataclass(frozen=True)
class SourcedSignature:
    """A signature and where it comes from: the name of a pack or of a user's file."""

    source: str
    signature: Signature


@dataclass(frozen=True)
class SignatureTables:
    """signatures.tsv, signature_genes.tsv, signature_coverage.tsv and signature_tests.tsv of a study."""

    scores: pd.DataFrame
    genes: pd.DataFrame
    coverage: pd.DataFrame
    tests: pd.DataFrame


@dataclass(frozen=True)
class FoundSignature:
    """A signature among the rows of a study. matches : of each gene; keys : (genes,) the row of each as text,
    or its symbol where there is none (no symbol is a number).
    """

    source: str
    signature: Signature
    matches: tuple[GeneMatch, ...]

    @property
    def keys(self) -> list[str]:
        symbols = (gene.gene.symbol for gene in self.signature.genes)
        return [s if m.row is None else str(m.row) for s, m in zip(symbols, self.matches, strict=True)]

    @property
    def rows(self) -> list[int]:
        return [match.row for match in self.matches if match.row is not None]

    @property
    def weights(self) -> dict[str, float]:
        """By key: the published weight, or 1 and -1 for a direction, or 1."""
        return {
            key: gene.weight if gene.weight is not None else (-1.0 if gene.direction == "down" else 1.0)
            for key, gene in zip(self.keys, self.signature.genes, strict=True)
        }

    def symbols(self, keys: Sequence[str]) -> list[str]:
        """The symbols that some keys stand for."""
        named = dict(zip(self.keys, (gene.gene.symbol for gene in self.signature.genes), strict=True))
        return [named[key] for key in keys]


@dataclass(frozen=True)
class Scored:
    """One signature scored by one method. score : (samples,); label : (samples,) `high`, `low` or None."""

    found: FoundSignature
    method: str
    score: np.ndarray
    label: list[str | None]
    coverage: float
    missing: tuple[str, ...]
    withheld: str


def signature_tables(
    study: StudyEvidence, genes: StudyGenes, signatures: Sequence[SourcedSignature]
) -> SignatureTables:
    """Score a study's samples by every signature and test the scores in its contrasts.

    Classifiers are scored as published; other signatures by three methods. Without log2 expression, or
    without signatures, the tables are empty.
    """
    if study.log2 is None or not signatures:
        columns = (SCORE_COLUMNS, GENE_COLUMNS, COVERAGE_COLUMNS, TEST_COLUMNS)
        return SignatureTables(*(pd.DataFrame(columns=list(names)) for names in columns))
    found = [
        FoundSignature(
            one.source, one.signature, tuple(genes.find([gene.gene for gene in one.signature.genes]))
        )
        for one in signatures
    ]
    values, samples = study.log2.values, study.log2.samples
    scored = [*_score_lists(values, genes, found), *_score_classifiers(values, found)]
    place = {id(one): i for i, one in enumerate(found)}
    scored.sort(key=lambda one: place[id(one.found)])
    return SignatureTables(
        pd.concat([_score_rows(study, one) for one in scored], ignore_index=True),
        pd.concat([_gene_rows(study, genes, one, values) for one in found], ignore_index=True),
        _coverage_rows(study, scored),
        test_scores(
            study,
            samples,
            [(one.found.signature.name, one.found.source, one.method, one.score) for one in scored],
        ),
    )


def _score_lists(values: np.ndarray, genes: StudyGenes, found: Sequence[FoundSignature]) -> Iterator[Scored]:
    """Signatures that are no classifiers, by each method, among one row per symbol."""
    lists = {str(i): one for i, one in enumerate(found) if one.signature.method != CLASSIFIER}
    used = genes.speaking.copy()
    used[[row for one in lists.values() for row in one.rows]] = True
    rows = np.flatnonzero(used)
    names = [str(row) for row in rows]
    weights = {name: one.weights for name, one in lists.items()}
    for method in METHODS:
        scores = score_signatures(values[rows], names, weights, method) if lists else {}
        for name, result in scores.items():
            nobody: list[str | None] = [None] * values.shape[1]
            missing = tuple(lists[name].symbols(result.missing))
            yield Scored(lists[name], method, result.score, nobody, result.coverage, missing, result.withheld)


def _score_classifiers(values: np.ndarray, found: Sequence[FoundSignature]) -> Iterator[Scored]:
    for one in found:
        if one.signature.method != CLASSIFIER:
            continue
        columns = ([getattr(gene, name) for gene in one.signature.genes] for name in ("weight", "mean", "sd"))
        weight, mean, sd = (np.array(column, dtype=float) for column in columns)
        cutoff = one.signature.cutoff
        classifier = Classifier(
            tuple(one.keys),
            weight,
            mean,
            sd,
            np.inf if cutoff is None else cutoff,
            one.signature.scale == "z",
        )
        result = score_classifier(values[one.rows], [str(row) for row in one.rows], classifier)
        unclassed = cutoff is None or bool(result.withheld)
        label = [None if unclassed else "high" if high else "low" for high in result.high]
        missing = tuple(one.symbols(result.missing))
        yield Scored(one, CLASSIFIER, result.score, label, result.coverage, missing, result.withheld)


def _who(study: StudyEvidence, found: FoundSignature) -> dict[str, str]:
    return dict(zip(WHO, (study.name, found.signature.name, found.source), strict=True))


def _score_rows(study: StudyEvidence, scored: Scored) -> pd.DataFrame:
    assert study.log2 is not None
    values = {
        **_who(study, scored.found),
        "method": scored.method,
        "sample": study.log2.samples,
        "score": scored.score,
        "class": scored.label,
        "coverage": scored.coverage,
        "withheld": scored.withheld or None,
    }
    return pd.DataFrame(values, columns=list(SCORE_COLUMNS))


def _gene_rows(
    study: StudyEvidence, genes: StudyGenes, found: FoundSignature, values: np.ndarray
) -> pd.DataFrame:
    rows = [
        {
            "gene": gene.gene.symbol,
            "gene_id": None if match.row is None else genes.ids[match.row],
            "matched_by": match.matched_by,
            "remark": "; ".join(filter(None, (match.remark, _about_values(values, match.row)))) or None,
        }
        for gene, match in zip(found.signature.genes, found.matches, strict=True)
    ]
    return pd.DataFrame(rows).assign(**_who(study, found))[list(GENE_COLUMNS)]


def _about_values(values: np.ndarray, row: int | None) -> str:
    """What a reader should know of a gene's expression; empty when there is nothing."""
    if row is None:
        return ""
    gaps = int((~np.isfinite(values[row])).sum())
    if gaps:
        return f"no value in {gaps} samples, so not used"
    if len(values[row]) > 1 and np.ptp(values[row]) == 0:
        return "the same in every sample, most likely not expressed: tells no samples apart"
    return ""


def _coverage_rows(study: StudyEvidence, scored: Sequence[Scored]) -> pd.DataFrame:
    """A row per signature, from the first method that scored it."""
    rows = []
    for one in {id(one.found): one for one in reversed(scored)}.values():
        signature = one.found.signature
        rows.append(
            {
                **_who(study, one.found),
                "kind": signature.method,
                "genes": len(signature.genes),
                "measured": len(signature.genes) - len(one.missing),
                "coverage": one.coverage,
                "missing": ";".join(one.missing) or None,
                "withheld": one.withheld or None,
                "statement": signature.statement or STATEMENTS[signature.method],
            }
        )
    return pd.DataFrame(rows[::-1], columns=list(COVERAGE_COLUMNS))
