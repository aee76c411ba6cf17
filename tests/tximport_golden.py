"""The small study of tests/golden/tximport.R and what R's tximport made of it."""

from pathlib import Path

import pandas as pd

GOLDEN_STUDY = Path(__file__).parent / "golden" / "tximport"


def read_golden(name: str) -> pd.DataFrame:
    """A table of R's values: ids as index, a column per sample."""
    return pd.read_csv(
        GOLDEN_STUDY / f"golden_{name}.tsv", sep="\t", index_col="id", float_precision="round_trip"
    )
