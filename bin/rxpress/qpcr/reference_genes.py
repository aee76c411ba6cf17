"""Whether reference genes can serve: stable over samples, and not moved by what is compared.

A reference that moves by d cycles in a contrast shifts every fold change by d / k on log2 (k references). Two
tests, both on the contrast's samples: of its Ct relative to the other references, and of its own Ct, which
also moves with the amount of RNA. Where p, adjusted over contrasts, is below alpha and the shift is half a
cycle or more, there is a warning: by the relative Ct if that is so there, else by its own. With two
references nobody can tell which of them moves relative to the other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.qpcr.contrast_tests import evaluate
from rxpress.qpcr.delta_ct import stability
from rxpress.qpcr.study_qpcr import StudyQpcr

# M above this is no stable reference in samples of one kind (Hellemans et al. 2007, Genome Biology 8:R19).
STABLE_M = 0.5
NOTABLE_SHIFT = 0.5
SHIFTS = [
    f"{of}{name}" for of in ("", "relative_") for name in ("shift", "shift_se", "p_value", "p_adjusted")
]
COLUMNS = ("study", "gene", "samples", "m", "contrast", *SHIFTS, "warning")


def reference_table(study: StudyQpcr, alpha: float) -> tuple[pd.DataFrame, list[str]]:
    """A row per reference gene and contrast (one without a contrast if there is none), and the warnings."""
    names = [gene for gene in study.references if gene in study.replicates.targets]
    lines = [study.replicates.targets.index(gene) for gene in names]
    cts = np.log2(study.factors[lines])[:, None] * study.replicates.mean[lines]
    of_gene, others = stability(-cts), _mean_of_others(cts)
    parts, warnings = [], []
    for k, gene in enumerate(names):
        unstable = f"{gene} is not stable over samples: M {of_gene[k]:.2f}" if of_gene[k] > STABLE_M else ""
        own, relative = _shifts(study, cts[k]), _shifts(study, cts[k] - others[k])
        shifts = own.join(relative.add_prefix("relative_")).reindex(columns=SHIFTS)
        moved = [_warning(gene, str(contrast), row, alpha) for contrast, row in shifts.iterrows()]
        warnings += [unstable, *moved]
        shifts["warning"] = ["; ".join(filter(None, (unstable, text))) or None for text in moved]
        if shifts.empty:
            shifts = pd.DataFrame([{"warning": unstable or None}], index=[None])
        rows = shifts.rename_axis("contrast").reset_index()
        samples = int(np.isfinite(cts[k]).sum())
        parts.append(rows.assign(study=study.study, gene=gene, samples=samples, m=of_gene[k]))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return table.reindex(columns=list(COLUMNS)), list(dict.fromkeys(filter(None, warnings)))


def _mean_of_others(cts: np.ndarray) -> np.ndarray:
    """(genes, samples) mean over the other genes; NaN with one gene."""
    if len(cts) < 2:
        return np.full_like(cts, np.nan)
    return (cts.sum(axis=0) - cts) / (len(cts) - 1)


def _shifts(study: StudyQpcr, values: np.ndarray) -> pd.DataFrame:
    """The contrasts of a gene's Ct by contrast id: cycles, positive when there is less of it.

    p is adjusted over the contrasts.
    """
    by_sample = dict(zip(study.replicates.samples, map(float, values), strict=True))
    found = {plan.id: (evaluate(plan, by_sample).test, plan.testable) for plan in study.plans}
    rows = [
        (test.estimate, *((test.error, test.p_value) if meant else (np.nan, np.nan)))
        for test, meant in found.values()
    ]
    table = pd.DataFrame(rows, index=list(found), columns=["shift", "shift_se", "p_value"], dtype=float)
    return table.assign(p_adjusted=benjamini_hochberg(table["p_value"].to_numpy()))


def _warning(gene: str, contrast: str, shifts: pd.Series, alpha: float) -> str:
    """What to tell of a reference gene that moves in a contrast; empty when it does not."""
    alone = np.isnan(shifts["relative_shift"])
    doubt = (
        "or the amount of RNA does" if alone else "with the other reference genes, or the amount of RNA does"
    )
    for prefix, what in (("relative_", "relative to the other reference genes"), ("", doubt)):
        shift, p = shifts[f"{prefix}shift"], shifts[f"{prefix}p_adjusted"]
        if p < alpha and abs(shift) >= NOTABLE_SHIFT:
            return f"{gene} moves in {contrast}: {shift:+.2f} cycles ({what}; adjusted p = {p:.2g})"
    return ""
