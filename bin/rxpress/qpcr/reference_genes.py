"""Whether reference genes can serve: stable over samples, and not moved by what is compared.

A reference that moves by d cycles in a contrast shifts every fold change by d / k on log2 (k references). Two
tests, both on the contrast's samples: of its Ct relative to the other references, and of its own Ct, which
also moves with the amount of RNA. A warning is given where p < alpha and the shift is half a cycle or more,
by the relative Ct if that is so there, else by its own. With two references nobody can tell which of them
moves relative to the other.
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
    """What to tell of a reference gene that moves in a contrast; empty when it does not."""
    doubt = "or the amount of RNA does" if genes == 1 else "and so do the others, or the amount of RNA does"
    for shift, what in ((relative, "relative to the other reference genes"), (own, doubt)):
        if plan.testable and shift.p_value < alpha and abs(shift.estimate) >= NOTABLE_SHIFT:
            return (
                f"{gene} moves in {plan.id}: {shift.estimate:+.2f} cycles ({what}; p = {shift.p_value:.2g})"
            )
    return ""
