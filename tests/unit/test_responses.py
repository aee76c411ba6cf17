"""Responses of lines: the sheet's word first, labels by IC50 where it is silent."""

from __future__ import annotations

import pandas as pd
from study_sheets import sheet

from rxpress.design.responses import fill_responses, unit_responses


def labels(**responses: str) -> pd.DataFrame:
    """labels.tsv with a response to bortezomib per line."""
    rows = [
        {
            "study": "study",
            "cell_line": line,
            "treatment": "bortezomib",
            "response": response,
            "source": "ic50",
        }
        for line, response in responses.items()
    ]
    return pd.DataFrame(rows)


def test_labels_fill_what_the_sheet_leaves_open():
    samples, notes = fill_responses(
        sheet({"A": "", "B": "sensitive", "C": ""}), labels(A="resistant"), "DMSO"
    )
    found = samples.groupby("cell_line")[["response", "response_source"]].first()
    assert found.loc["A"].tolist() == ["resistant", "ic50"]
    assert found.loc["B"].tolist() == ["sensitive", "sheet"]
    assert found.loc["C", "response_source"] == "none"
    assert notes == {}
    assert unit_responses(samples, "DMSO")["DMSO"] == {"A": "resistant", "B": "sensitive"}


def test_the_sheet_wins_over_a_label_and_the_contradiction_is_noted_once():
    samples, notes = fill_responses(sheet({"A": "sensitive"}), labels(A="resistant"), "DMSO")
    assert set(samples["response"]) == {"sensitive"}
    assert notes == {"study": ["A is sensitive by the sheet and resistant by IC50: the sheet is followed"]}


def test_labels_of_another_study_do_not_count():
    samples, _ = fill_responses(sheet({"A": ""}).assign(study="other"), labels(A="resistant"), "DMSO")
    assert set(samples["response_source"]) == {"none"}


def test_without_labels_only_the_sheet_speaks():
    samples, _ = fill_responses(sheet({"A": "sensitive", "B": ""}), None, "DMSO")
    assert samples.groupby("cell_line")["response_source"].first().to_dict() == {"A": "sheet", "B": "none"}


def test_the_vehicle_rows_alone_tell_a_line_s_response_to_the_drug():
    samples = sheet({"A": "resistant"})
    samples.loc[samples["treatment"] == "bortezomib", "response"] = None
    assert unit_responses(samples, "DMSO") == {"DMSO": {"A": "resistant"}, "bortezomib": {"A": "resistant"}}


def test_fitted_ic50s_are_written_to_the_rows_of_their_line():
    fitted = labels(A="resistant", B="sensitive").assign(ic50_nM=[40.0, None])
    samples, _ = fill_responses(sheet({"A": "", "B": "", "C": ""}), fitted, "DMSO")
    found = samples.groupby("cell_line")["ic50_nM"]
    assert found.first()["A"] == 40
    assert found.count()["A"] == len(samples) / 3
    assert found.count()[["B", "C"]].tolist() == [0, 0]


def test_a_line_with_two_drugs_has_the_ic50_of_each_in_its_rows_and_none_in_those_of_the_vehicle():
    fitted = pd.concat([labels(A="resistant"), labels(A="sensitive").assign(treatment="dexamethasone")])
    samples = sheet({"A": ""})
    samples, _ = fill_responses(samples, fitted.assign(ic50_nM=[40.0, 2.0]), "DMSO")
    by_treatment = samples.groupby("treatment")["ic50_nM"]
    assert by_treatment.first()["bortezomib"] == 40
    assert by_treatment.count()["DMSO"] == 0


def test_ic50s_of_the_sheet_stay():
    samples = sheet({"A": ""}).assign(ic50_nM=7.0)
    filled, _ = fill_responses(samples, labels(A="resistant").assign(ic50_nM=[40.0]), "DMSO")
    assert set(filled["ic50_nM"]) == {7.0}
