"""Of genes with one symbol, the best expressed speaks; nothing else is dropped unsaid."""

import numpy as np

from rxpress.interpretation.evidence import symbol_rows


def test_of_rows_with_one_symbol_the_best_expressed_is_kept_and_the_repeat_is_counted():
    names = np.array(["PSMB5", "HSPA1A", "PSMB5", "JUN", None], dtype=object)
    rows, repeated = symbol_rows(names, np.array([1.0, 5.0, 9.0, np.nan, 3.0]))
    assert rows.tolist() == [1, 2]
    assert repeated == {"PSMB5": 2}


def test_the_first_of_equals_is_kept():
    rows, _ = symbol_rows(["A", "A"], np.array([2.0, 2.0]))
    assert rows.tolist() == [0]
