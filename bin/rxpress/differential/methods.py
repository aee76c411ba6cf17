"""Which tests fit which kind of expression."""

from __future__ import annotations

# The first is the default.
METHODS = {"counts": ("deseq2", "limma"), "expression": ("limma", "ttest", "anova")}


def choose_method(wanted: str, measured: str) -> tuple[str, list[str]]:
    """The method for `counts` or (log2) `expression`, and a warning if that is not the one wanted."""
    fitting = METHODS[measured]
    if wanted in (*fitting, "auto"):
        return (wanted if wanted in fitting else fitting[0]), []
    what = "counts" if measured == "counts" else "expression of arrays"
    return fitting[0], [f"--test_method {wanted} is not for {what}: {fitting[0]} was taken"]
