"""Labels by IC50: a threshold, or a gap with disjoint intervals and two lines on each side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rxpress.design.responses import fill_responses
from rxpress.dose_response.labels import label_lines

HIGHEST = 100.0
NO_SHEET: dict[tuple[str, str, str], str] = {}


def fits(time: float = 72.0, spread: float = 1.2, **ic50: float | str) -> pd.DataFrame:
    """Rows of fits.tsv: a number is an IC50 with an interval `spread`-fold each way; `>`, `<` lie outside."""
    rows = []
    for line, value in ic50.items():
        number = value if isinstance(value, float) else np.nan
        texts = {">": "> 100", "<": "< 0.1", "?": "not determined"}
        rows.append(
            {
                "study": "s",
                "cell_line": line,
                "treatment": "bortezomib",
                "time_h": time,
                "lowest_dose_nM": 0.1,
                "highest_dose_nM": HIGHEST,
                "ic50_nM": number,
                "ic50_lower_nM": number / spread,
                "ic50_upper_nM": number * spread,
                "ic50_text": texts.get(str(value), f"{number:.3g}"),
            }
        )
    return pd.DataFrame(rows)


def responses(labels: pd.DataFrame) -> dict[str, str | None]:
    return dict(zip(labels["cell_line"], labels["response"], strict=True))


def test_a_gap_parts_sensitive_from_resistant_lines() -> None:
    labels, notes = label_lines(fits(A=3.0, B=4.0, C=20.0, D=25.0), NO_SHEET)
    assert responses(labels) == {"A": "sensitive", "B": "sensitive", "C": "resistant", "D": "resistant"}
    assert labels["source"].unique().tolist() == ["ic50"]
    assert labels["reason"][0] == "IC50 3 nM; a 5.0-fold gap parts 2 lines from 2"
    assert notes == {}


def test_the_widest_gap_counts_and_a_single_line_is_no_side() -> None:
    labels, _ = label_lines(fits(A=0.2, B=3.0, C=4.0, D=10.0, E=11.0), NO_SHEET)
    assert responses(labels)["C"] == "sensitive"
    assert responses(labels)["D"] == "resistant"


def test_without_a_gap_no_line_is_labelled_and_a_note_says_why() -> None:
    for lines, why in (
        (fits(A=3.0, B=4.0, C=7.0, D=8.0), "no gap of more than 2-fold with 2 lines on each side"),
        (fits(A=3.0, B=30.0, C=31.0), "3 lines with an IC50, 4 are needed to tell them apart"),
        (
            fits(spread=2.5, A=3.0, B=4.0, C=9.0, D=10.0),
            "lines that lie 2-fold apart have intervals that overlap",
        ),
    ):
        labels, notes = label_lines(lines, NO_SHEET)
        assert set(labels["response"]) == {None}
        assert labels["source"].unique().tolist() == ["none"]
        assert labels["reason"].unique().tolist() == [why]
        assert notes["s"] == [
            f"bortezomib at 72 h: no line is labelled by IC50: {why}; "
            "give --ic50_threshold, or fill 'response' in the samplesheet"
        ]


def test_an_ic50_that_is_not_reached_counts_as_high_from_the_highest_dose_on() -> None:
    labels, _ = label_lines(fits(A=3.0, B=4.0, C=">", D=">"), NO_SHEET)
    assert responses(labels)["C"] == responses(labels)["D"] == "resistant"
    labels, _ = label_lines(fits(A=60.0, B=70.0, C=">", D=">"), NO_SHEET)
    assert set(labels["response"]) == {None}
    labels, _ = label_lines(fits(A="<", B="<", C=5.0, D=">"), NO_SHEET)
    assert responses(labels) == {"A": "sensitive", "B": "sensitive", "C": "resistant", "D": "resistant"}


def test_an_ic50_that_is_not_determined_gives_no_label() -> None:
    labels, _ = label_lines(fits(A=3.0, B=4.0, C=20.0, D=25.0, E="?"), NO_SHEET)
    assert responses(labels)["E"] is None
    assert labels["reason"].iloc[-1] == "IC50 is not determined"


def test_a_threshold_decides_as_far_as_the_doses_tell() -> None:
    lines = fits(A=3.0, B=10.0, C=11.0, D=">", E="<", F="?")
    labels, notes = label_lines(lines, NO_SHEET, threshold=10.0)
    assert responses(labels) == {
        **dict.fromkeys("ABE", "sensitive"),
        **dict.fromkeys("CD", "resistant"),
        "F": None,
    }
    assert labels["reason"][2] == "IC50 11 nM, threshold 10 nM, which its interval includes"
    assert notes == {}
    labels, _ = label_lines(lines, NO_SHEET, threshold=200.0)
    assert labels["reason"][3] == "IC50 > 100 nM, threshold 200 nM: higher doses needed"
    assert responses(labels)["D"] is None
    labels, _ = label_lines(lines, NO_SHEET, threshold=0.05)
    assert responses(labels)["E"] is None


def test_assay_times_are_judged_apart_and_must_agree() -> None:
    early = fits(24.0, A=30.0, B=40.0, C=">", D=">")
    late = fits(72.0, A=3.0, B=4.0, C=20.0, D=25.0)
    labels, _ = label_lines(pd.concat([early, late]), NO_SHEET)
    assert responses(labels)["A"] == "sensitive"
    assert (labels["ic50_nM"][0], labels["time_h"][0]) == (3.0, 72.0)
    swapped = fits(72.0, A=20.0, B=25.0, C=3.0, D=4.0)
    labels, _ = label_lines(pd.concat([early, swapped]), NO_SHEET)
    assert set(labels["response"]) == {None}
    assert labels["reason"][0] == "assay times disagree: resistant at 72 h, sensitive at 24 h"


def test_a_contradiction_to_the_samplesheet_is_told_and_the_sheet_wins_in_the_design() -> None:
    lines = fits(A=3.0, B=4.0, C=20.0, D=25.0)
    labels, notes = label_lines(lines, {("s", "A", "bortezomib"): "resistant"})
    assert labels["reason"][0].endswith("; the samplesheet says resistant, which wins")
    assert notes["s"] == [
        "A is resistant by the samplesheet and sensitive by IC50 of bortezomib: the sheet is followed"
    ]
    samples = pd.DataFrame(
        {"study": "s", "cell_line": ["A", "C"], "treatment": "bortezomib", "response": ["resistant", None]}
    )
    filled, _ = fill_responses(samples, labels, "DMSO")
    assert filled["response"].tolist() == ["resistant", "resistant"]
    assert filled["response_source"].tolist() == ["sheet", "ic50"]
