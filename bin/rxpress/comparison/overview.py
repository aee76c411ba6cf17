"""How far studies agree in a contrast as a whole, and what was not joined: comparison/consistency.tsv."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from rxpress.cells import column, listing, number, plain, text
from rxpress.comparison.gene_comparison import SIGNIFICANT, Evidence
from rxpress.comparison.joining import JoinedGenes
from rxpress.comparison.studies import Study
from rxpress.design.study_design import Contrast

CONSISTENCY_COLUMNS = (
    "contrast",
    "label",
    "studies",
    "doses_nM",
    "times_h",
    "genes_joined",
    "genes_lost",
    "same_sign_share",
    "correlation",
    "consistent_up",
    "consistent_down",
    "fixed_significant",
    "median_i2",
    "note",
)
SETTING_IN_LABEL = re.compile(r"(, [\d.]+ (nM|h))+(?=$|, )")
SETTING_IN_ID = re.compile(r"(\.[\d.]+nM)?(\.[\d.]+h)?(?=$|\.class$)")


def describe_contrast(id: str, studies: Sequence[Study]) -> dict[str, Any]:
    """What a contrast asks, in which studies, and at which doses and times; `note` says what to beware of."""
    contrasts = [study.contrasts[id] for study in studies]
    treated = [_treated(study, contrast) for study, contrast in zip(studies, contrasts, strict=True)]
    return {
        "contrast": id,
        "label": _common_label([contrast.label for contrast in contrasts]),
        "studies": "; ".join(study.name for study in studies),
        "doses_nM": _by_study(studies, [_range(doses) for doses, _ in treated]),
        "times_h": _by_study(studies, [_range(times) for _, times in treated]),
        "note": "; ".join(_cautions(studies, contrasts)) or None,
    }


def summarize_agreement(
    genes: JoinedGenes, evidence: Evidence, columns: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Numbers of a contrast over all genes; `columns` are those of its table.

    same_sign_share : among genes that some study finds significant and two or more speak of; correlation :
    Pearson's, of log2 fold changes, mean over pairs of studies.
    """
    asked = evidence.significant.any(axis=1) & (evidence.studies > 1)
    consistent, i2 = columns["consistent"], columns["i2"]
    return {
        "genes_joined": len(genes.rows),
        "genes_lost": sum(losses.lost for losses in genes.losses),
        "same_sign_share": float(np.mean(columns["same_sign"][asked] == "yes")) if asked.any() else None,
        "correlation": mean_correlation(evidence.effects),
        "consistent_up": int(np.sum(consistent == "up")),
        "consistent_down": int(np.sum(consistent == "down")),
        "fixed_significant": int(np.sum(columns["p_adjusted"] < SIGNIFICANT)),
        "median_i2": float(np.nanmedian(i2)) if np.isfinite(i2).any() else None,
    }


def mean_correlation(effects: np.ndarray) -> float | None:
    """Mean over pairs of studies of the correlation of effects (genes, studies), of genes that both have.

    None when no pair shares three genes that vary.
    """
    found = []
    for i, j in combinations(range(effects.shape[1]), 2):
        pair = effects[np.isfinite(effects[:, [i, j]]).all(axis=1)][:, [i, j]]
        if len(pair) > 2 and (np.ptp(pair, axis=0) > 0).all():
            found.append(np.corrcoef(pair.T)[0, 1])
    return float(np.mean(found)) if found else None


def unjoined_relatives(studies: Sequence[Study]) -> list[str]:
    """A sentence for each question that studies ask at several doses or times, so that ids do not meet.

    An id names dose or time only where its study has several.
    """
    ids: dict[str, dict[str, list[str]]] = {}
    for study in studies:
        for id in study.tested:
            ids.setdefault(SETTING_IN_ID.sub("", id, count=1), {}).setdefault(study.name, []).append(id)
    return [
        f"{question}: its ids differ among studies ({_whose(asked)}), and only equal ids are joined; an id "
        "names dose or time only where its study has several"
        for question, asked in ids.items()
        if len(asked) > 1 and len({tuple(sorted(own)) for own in asked.values()}) > 1
    ]


def _whose(asked: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{study}: {listing(own)}" for study, own in asked.items())


def _cautions(studies: Sequence[Study], contrasts: Sequence[Contrast]) -> list[str]:
    """What a reader of the combined result should know."""
    notes = []
    if any(contrast.jointly for contrast in contrasts):
        notes.append("a joint test has no fold change of its own: not combined")
    if len({contrast.kind for contrast in contrasts}) > 1:
        kinds = _by_study(studies, [contrast.kind for contrast in contrasts])
        notes.append(f"one id, but different kinds of contrast ({kinds}): see whether they ask the same")
    if any(contrast.scope == "class" for contrast in contrasts):
        lines = _by_study(studies, [str(len(contrast.lines)) for contrast in contrasts])
        notes.append(
            f"standard errors are those of few lines ({lines}), which the fixed effect takes as exact; "
            "Stouffer's z rests on the t tests themselves"
        )
    return notes


def absent_studies(id: str, studies: Sequence[Study]) -> list[str]:
    """Studies that ask for the contrast and cannot answer it, with their reason."""
    return [
        f"without {study.name}: {study.contrasts[id].reason or study.design.untested_because or 'not tested'}"
        for study in studies
        if id in study.contrasts and id not in study.tested
    ]


def _treated(study: Study, contrast: Contrast) -> tuple[list[float | None], list[float | None]]:
    """Doses (nM) of a contrast's treated samples, and times (h) of all its samples."""
    own = study.samples[study.samples["sample"].isin(contrast.samples)]
    treated = own[[treatment != study.design.vehicle for treatment in column(own, "treatment", text)]]
    return column(treated, "dose_nM", number), column(own, "time_h", number)


def _range(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return ""
    ends = (plain(min(known)), plain(max(known)))
    return "–".join(dict.fromkeys(ends))


def _by_study(studies: Sequence[Study], values: Sequence[str]) -> str | None:
    """`MM1: 10–20; MM2: 20`; None when no study has a value."""
    parts = [f"{study.name}: {value}" for study, value in zip(studies, values, strict=True) if value]
    return "; ".join(parts) or None


def _common_label(labels: Sequence[str]) -> str:
    """The label of the first study, without dose and time unless all studies have the same."""
    return labels[0] if len(set(labels)) == 1 else SETTING_IN_LABEL.sub("", labels[0])
