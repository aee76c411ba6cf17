"""Whether reference genes can serve: stable over samples, and not moved by what is compared.

A reference that moves by d cycles in a contrast shifts every fold change by d / k on log2 (k references). Two
tests, both on the contrast's samples: its own Ct, which also moves with the amount of RNA, and its Ct relative
to the other references, which does not. A warning is given where p < alpha and the shift is half a cycle or
more: on the relative one if there are two references and more, else on the Ct itself.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rxpress.qpcr.contrast_tests import ContrastPlan, GroupTest, evaluate
from rxpress.qpcr.delta_ct import stability
from rxpress.qpcr.study_qpcr import StudyQpcr

# M above this is no stable reference in samples of one kind (Hellemans et al. 2007, Genome Biology 8:R19).
STABLE_M = 0.5
NOTABLE_SHIFT = 0.5
COLUMNS = (
    "study",
    "gene",
    "samples",
    "m",
    "contrast",
    "ct_shift",
    "ct_shift_se",
    "p_value",
    "relative_shift",
    "relative_shift_se",
    "relative_p_value",
    "warning",
)


def reference_table(study: StudyQpcr, alpha: float) -> tuple[pd.DataFrame, list[str]]:
    """A row per reference gene and contrast (one without a contrast if there is none), and its warnings."""
    names = [gene for gene in study.references if gene in study.replicates.targets]
    lines = [study.replicates.targets.index(gene) for gene in names]
    cts = np.log2(study.factors[lines])[:, None] * study.replicates.mean[lines]
    of_gene = stability(-cts)
    others = _mean_of_others(cts)
    rows, warnings = [], []
    for k, gene in enumerate(names):
        unstable = f"{gene} is not stable over samples: M {of_gene[k]:.2f}" if of_gene[k] > STABLE_M else ""
        warnings += [unstable] if unstable else []
        head = {
            "study": study.study,
            "gene": gene,
            "samples": int(np.isfinite(cts[k]).sum()),
            "m": of_gene[k],
        }
        for plan in study.plans:
            own, relative = (_shift(study, plan, values) for values in (cts[k], cts[k] - others[k]))
            warning = _warning(gene, plan, own, relative, len(names), alpha)
            warnings += [warning] if warning else []
            rows.append(
                head
                | {"contrast": plan.id, "ct_shift": own.estimate, "ct_shift_se": own.error}
                | {"p_value": own.p_value, "relative_shift": relative.estimate}
                | {"relative_shift_se": relative.error, "relative_p_value": relative.p_value}
                | {"warning": "; ".join(filter(None, (unstable, warning))) or None}
            )
        if not study.plans:
            rows.append(head | {"warning": unstable or None})
    return pd.DataFrame(rows, columns=list(COLUMNS)), list(dict.fromkeys(warnings))


def _mean_of_others(cts: np.ndarray) -> np.ndarray:
    """(genes, samples) mean over the other genes; NaN with one gene."""
    if len(cts) < 2:
        return np.full_like(cts, np.nan)
    return (cts.sum(axis=0) - cts) / (len(cts) - 1)


def _shift(study: StudyQpcr, plan: ContrastPlan, values: np.ndarray) -> GroupTest:
    """The contrast of a gene's Ct: cycles, positive when there is less of it."""
    return evaluate(plan, dict(zip(study.replicates.samples, map(float, values), strict=True))).test


def _warning(
    gene: str, plan: ContrastPlan, own: GroupTest, relative: GroupTest, genes: int, alpha: float
) -> str:
    decisive = relative if genes > 1 else own
    if not plan.testable or not (decisive.p_value < alpha and abs(decisive.estimate) >= NOTABLE_SHIFT):
        return ""
    what = "relative to the other reference genes" if genes > 1 else "itself, or the amount of RNA does"
    return f"{gene} moves in {plan.id}: {decisive.estimate:+.2f} cycles ({what}; p = {decisive.p_value:.2g})"
