"""The ΔCt of one study with what it was made from and how its contrasts are tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rxpress.qpcr.contrast_tests import ContrastPlan
from rxpress.qpcr.delta_ct import DeltaCt
from rxpress.qpcr.replicates import Replicates


@dataclass(frozen=True)
class StudyQpcr:
    """The ΔCt of a study, and what it was made from. references : names; factors : (targets,) E."""

    study: str
    replicates: Replicates
    delta: DeltaCt
    references: list[str]
    factors: np.ndarray
    plans: list[ContrastPlan]

    @property
    def measured(self) -> list[str]:
        """The targets that are no reference genes."""
        return [target for target in self.replicates.targets if target not in self.references]

    def by_library(self, matrix: np.ndarray, target: str) -> dict[str, float]:
        """One row of a (targets, samples) matrix, by sample."""
        row = matrix[self.replicates.targets.index(target)]
        return dict(zip(self.replicates.samples, map(float, row), strict=True))
