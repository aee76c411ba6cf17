"""Which genes are called changed by a contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rxpress.errors import InputError, Problem

CALLS = ("up", "down", "unchanged", "untested")


class Tested(Protocol):
    """What a gene table holds of any test: (genes,) log2 fold change, its error, statistic and p values."""

    @property
    def estimate(self) -> np.ndarray: ...

    @property
    def error(self) -> np.ndarray: ...

    @property
    def statistic(self) -> np.ndarray: ...

    @property
    def p_value(self) -> np.ndarray: ...

    @property
    def p_adjusted(self) -> np.ndarray: ...


@dataclass(frozen=True)
class CallRule:
    """A call needs a p value, `adjusted` or `raw`, below `alpha` and a change by `fold_change` or more."""

    alpha: float = 0.05
    fold_change: float = 2.0
    p_value: str = "adjusted"

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise InputError(
                Problem(f"--alpha {self.alpha} is not between 0 and 1", "give a level such as 0.05")
            )
        if self.fold_change < 1:
            raise InputError(
                Problem(f"--fold_change {self.fold_change} is below 1", "give a ratio such as 2")
            )

    @property
    def threshold(self) -> float:
        """The fold change on log2."""
        return float(np.log2(self.fold_change))


def call_genes(test: Tested, rule: CallRule) -> np.ndarray:
    """(genes,) up, down, unchanged or untested."""
    p_value = test.p_adjusted if rule.p_value == "adjusted" else test.p_value
    with np.errstate(invalid="ignore"):
        called = (p_value < rule.alpha) & (np.abs(test.estimate) >= rule.threshold)
    directions = np.where(test.estimate > 0, "up", "down")
    return np.where(np.isnan(p_value), "untested", np.where(called, directions, "unchanged"))
