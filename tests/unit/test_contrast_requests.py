"""The contrasts file: what its entries mean, and what is said of the wrong ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from study_sheets import BORTEZOMIB, DMSO, sheet

from rxpress.contrasts import design_studies, plan_studies, plan_study
from rxpress.design.contrast_requests import read_requests
from rxpress.design.study_design import Contrast
from rxpress.errors import InputError
from rxpress.tables import read_json, read_yaml

SCHEMA = Path(__file__).resolve().parents[2] / "assets" / "schema" / "contrasts.schema.json"
LOW = ("bortezomib", 5.0, 24.0)


@pytest.fixture
def asked(tmp_path):
    """Writes a contrasts file and returns its path."""

    def write(text: str) -> Path:
        path = tmp_path / "contrasts.yml"
        path.write_text(text)
        return path

    return write


def custom(samples: pd.DataFrame, requests: Path) -> Contrast:
    return plan_study(samples, "DMSO", requests=requests).contrasts[-1]


def refusal(samples: pd.DataFrame, requests: Path) -> str:
    with pytest.raises(InputError) as error:
        plan_studies(samples, "DMSO", requests=requests)
    return str(error.value)


def test_sides_select_conditions_by_text_and_number(asked):
    path = asked(
        "contrasts: [{id: x, up: {dose_nM: 20.0, cell_line: S1}, down: {dose_nM: 5, cell_line: S1}}]"
    )
    found = custom(sheet(treatments=[DMSO, BORTEZOMIB, LOW]), path)
    assert found.weights == {"S1.bortezomib.20nM.24h": 1, "S1.bortezomib.5nM.24h": -1}
    assert (found.kind, found.label, found.lines) == ("custom", "x", ())


def test_a_side_weighs_lines_equally_whatever_their_number_of_conditions(asked):
    samples = sheet({"S1": "", "S2": ""}, [DMSO, BORTEZOMIB, LOW])
    samples = samples[~((samples["cell_line"] == "S2") & (samples["dose_nM"] == 5))]
    found = custom(
        samples, asked("contrasts: [{id: x, up: {treatment: bortezomib}, down: {treatment: DMSO}}]")
    )
    assert found.weights == {
        "S1.bortezomib.20nM.24h": 0.25,
        "S1.bortezomib.5nM.24h": 0.25,
        "S1.DMSO.24h": -0.5,
        "S2.bortezomib.20nM.24h": 0.5,
        "S2.DMSO.24h": -0.5,
    }


def test_lines_on_both_sides_are_compared_with_themselves_and_leave_both_together(asked):
    path = asked("contrasts: [{id: x, up: {treatment: bortezomib}, down: {treatment: DMSO}}]")
    samples = sheet({"A": "", "B": "", "C": ""})
    assert {part.side for part in custom(samples, path).lines} == {"paired"}
    samples["kept"] = ~samples["sample"].str.startswith("C_DMSO")
    (design,) = design_studies(samples, "DMSO", requests=path).values()
    assert {name[0] for name in design.contrasts[-1].weights} == {"A", "B"}


def test_a_list_of_selections_takes_what_matches_any_of_them(asked):
    path = asked(
        """
        contrasts:
          - id: own_dose
            label: each line at its dose
            up:
              - {cell_line: S1, dose_nM: 5}
              - {cell_line: S2, dose_nM: [20, 40]}
            down: {treatment: DMSO, cell_line: [S1, S2]}
        """
    )
    found = custom(sheet(treatments=[DMSO, BORTEZOMIB, LOW, ("bortezomib", 40.0, 24.0)]), path)
    assert found.label == "each line at its dose"
    assert found.weights == {
        "S1.bortezomib.5nM.24h": 0.5,
        "S1.DMSO.24h": -0.5,
        "S2.bortezomib.20nM.24h": 0.25,
        "S2.bortezomib.40nM.24h": 0.25,
        "S2.DMSO.24h": -0.5,
    }


def test_extra_columns_and_condition_ids_select_too(asked):
    samples = sheet().assign(
        p53=lambda frame: frame["cell_line"].map(lambda line: "no" if line == "R1" else "yes")
    )
    path = asked("contrasts: [{id: x, up: {p53: no, treatment: DMSO}, down: {condition: S1.DMSO.24h}}]")
    assert custom(samples, path).weights == {"R1.DMSO.24h": 1, "S1.DMSO.24h": -1}


def test_lines_that_stand_on_one_side_only_are_named(asked):
    path = asked("contrasts: [{id: x, up: {dose_nM: 20}, down: {treatment: DMSO, cell_line: [S1, S2]}}]")
    design = plan_study(sheet({"S1": "", "S2": "", "R1": ""}), "DMSO", requests=path)
    assert any(note.startswith("x: R1 stands on one side only") for note in design.notes)


def test_a_difference_subtracts_the_second_from_the_first(asked):
    path = asked(
        """
        contrasts:
          - {id: more_in_r1, difference: [drug.bortezomib.R1, drug.bortezomib.S1]}
          - {id: twice, difference: [more_in_r1, drug.bortezomib.S2]}
        """
    )
    first, second = plan_study(sheet(), "DMSO", requests=path).contrasts[-2:]
    assert first.label == "drug.bortezomib.R1 minus drug.bortezomib.S1"
    drug, vehicle = "bortezomib.20nM.24h", "DMSO.24h"
    assert first.weights == {f"R1.{drug}": 1, f"R1.{vehicle}": -1, f"S1.{drug}": -1, f"S1.{vehicle}": 1}
    assert second.weights == {**first.weights, f"S2.{drug}": -1, f"S2.{vehicle}": 1}


def test_a_difference_falls_with_the_contrasts_it_rests_on(asked):
    path = asked("contrasts: [{id: x, difference: [drug.bortezomib.R1, drug.bortezomib.S1]}]")
    samples = sheet()
    samples["kept"] = ~samples["sample"].str.startswith("R1_DMSO")
    (design,) = design_studies(samples, "DMSO", requests=path).values()
    lost = design.contrasts[-1]
    assert (lost.status, lost.reason) == ("not_estimable", "no sample is left of R1.DMSO.24h")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "contrasts: [{id: x, up: {cell_line: S1}, dwon: {cell_line: R1}}]",
            "unknown key 'dwon'; did you mean 'down'",
        ),
        ("contrast: []", "unknown key 'contrast'"),
        ("- {id: x}", "has no list `contrasts:`"),
        ("", "has no list `contrasts:`"),
        ("contrasts: [{up: {cell_line: S1}, down: {cell_line: R1}}]", "needs an `id:`"),
        (
            "contrasts: [{id: a b, up: {cell_line: S1}, down: {cell_line: R1}}]",
            "`id:` 'a b' cannot name a table",
        ),
        ("contrasts: [{id: summary, up: {cell_line: S1}, down: {cell_line: R1}}]", "another result table"),
        ("contrasts: [{id: x, up: {cell_line: S1}}]", "both `up:` and `down:`, or `difference:`"),
        ("contrasts: [{id: x, up: {cell_line: S1}, down: {}}]", "`down:` is no selection"),
        ("contrasts: [{id: x, up: S1, down: {cell_line: R1}}]", "`up:` is no selection"),
        ("contrasts: [{id: x, difference: [drug.bortezomib.S1]}]", "takes two ids"),
        ("contrasts: [x]", "a contrast is a set of keys"),
        ("contrasts: [{id: x, joint: [a, b]}]", "unknown key 'joint'"),
        ("contrasts:\n  - id: x\n    id: y", "'id' stands here twice"),
        ("contrasts: [{id: x", "is not valid YAML"),
    ],
)
def test_malformed_files_are_refused_with_what_is_wrong(asked, text, said):
    with pytest.raises(InputError) as error:
        read_requests(asked(text))
    assert "contrasts.yml" in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("entry", "good"),
    [
        ("up: {a: b}, down: {a: c}", True),
        ("up: {a: b}, down: [{a: c}, {d: [1, 2]}]", True),
        ("difference: [a, b]", True),
        ("jointly: [a, b, c]", True),
        ("formula: ~ a, coefficients: {b: 1}", True),
        ("up: {a: b}", False),
        ("up: {a: b}, difference: [a, b]", False),
        ("up: {a: b}, down: {a: c}, difference: [a, b]", False),
        ("jointly: [a]", False),
        ("jointly: [a, b], difference: [a, b]", False),
        ("formula: ~ a", False),
        ("coefficients: {b: 1}, difference: [a, b]", False),
        ("formula: ~ a, coefficients: {b: much}", False),
        ("formula: ~ a, coefficients: {}", False),
        ("jointly: [a, b], formula: ~ a, coefficients: {b: 1}", False),
    ],
)
def test_the_schema_for_editors_takes_what_the_reader_takes(asked, entry, good):
    path = asked(f"contrasts: [{{id: x, {entry}}}]")
    assert Draft202012Validator(read_json(SCHEMA)).is_valid(read_yaml(path)) == good
    if good:
        read_requests(path)
        return
    with pytest.raises(InputError):
        read_requests(path)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("up: {cell_line: S-1}, down: {cell_line: R1}", "no sample has cell_line 'S-1'; did you mean 'S1'"),
        (
            "up: {cell_line: HeLa}, down: {cell_line: R1}",
            "the conditions are S1.DMSO.24h, S1.bortezomib.20nM",
        ),
        ("up: {cellline: S1}, down: {cell_line: R1}", "no column 'cellline'; did you mean 'cell_line'"),
        ("up: {cell_line: S1, dose_nM: 7}, down: {cell_line: R1}", "no sample has dose_nM '7'"),
        ("up: {treatment: DMSO, dose_nM: 20}, down: {cell_line: R1}", "selects no condition"),
        ("up: {replicate: 1}, down: {cell_line: R1}", "selects only some of the samples of"),
        ("up: {cell_line: S1}, down: {cell_line: S1}", "select the same conditions"),
        ("difference: [drug.bortezomib.S1, drug.bortezomib.S9]", "no contrast 'drug.bortezomib.S9' above it"),
        ("difference: [drug.bortezomib.S1, drug.bortezomib.S1]", "the two contrasts are the same"),
        (
            "study: stduy, up: {cell_line: S1}, down: {cell_line: R1}",
            "no study 'stduy'; did you mean 'study'",
        ),
    ],
)
def test_what_the_sheet_does_not_have_is_refused_with_file_and_line(asked, entry, said):
    message = refusal(sheet(), asked(f"contrasts:\n  - {{id: x, {entry}}}\n"))
    assert message.startswith("contrasts.yml:2: contrast 'x': ")
    assert said in message


def test_ids_of_derived_contrasts_and_repeated_ids_are_refused(asked):
    same = "{id: drug.bortezomib.S1, up: {cell_line: S1}, down: {cell_line: R1}}"
    assert "a derived contrast has this id" in refusal(sheet(), asked(f"contrasts: [{same}]"))
    assert "stands here twice" in refusal(sheet(), asked(f"contrasts: [{same}, {same}]"))


def test_a_request_confounded_with_a_covariate_is_refused_before_any_run_and_reported_after(asked):
    samples = sheet({"S1": "", "R1": ""})
    samples["batch"] = samples["cell_line"]
    path = asked("contrasts:\n- id: x\n  up: {cell_line: R1}\n  down: {cell_line: S1}\n")
    with pytest.raises(
        InputError, match=r"contrasts\.yml:2: contrast 'x': cannot be estimated .* with batch: R1"
    ):
        plan_study(samples, "DMSO", covariates=["batch"], requests=path)
    (design,) = design_studies(samples.assign(kept=True), "DMSO", None, ["batch"], path).values()
    assert design.contrasts[-1].status == "not_estimable"


def test_everything_wrong_in_a_file_is_said_at_once(asked):
    message = refusal(
        sheet(),
        asked(
            """
            contrasts:
              - {id: x, up: {cell_line: A}, down: {cell_line: R1}}
              - {id: y, up: {cell_line: S1}, down: {treatment: aspirin}}
              - {id: z, formula: ~ cell_line + response, coefficients: {"response[T.resistant]": 1}}
            """
        ),
    )
    assert "contrasts.yml:3" in message
    assert "contrasts.yml:4" in message
    assert "contrasts.yml:5: contrast 'z': cannot be estimated in study 'study'" in message


def test_a_request_without_study_needs_one_study_that_answers_it(asked):
    samples = pd.concat([sheet(), sheet({"M": ""}).assign(study="other")], ignore_index=True)
    path = asked(
        "contrasts: [{id: x, up: {cell_line: M, treatment: DMSO}, down: {cell_line: M, dose_nM: 20}}]"
    )
    designs = plan_studies(samples, "DMSO", requests=path)
    assert [found.id for found in designs["other"].contrasts][-1] == "x"
    assert "x" not in [found.id for found in designs["study"].contrasts]
    named = path.read_text().replace("id: x", "id: x, study: study")
    assert "no sample has cell_line 'M'" in refusal(samples, asked(named))


def test_no_replicates_is_no_error_of_the_contrasts_file(asked):
    path = asked("contrasts: [{id: x, up: {cell_line: R1}, down: {cell_line: S1}}]")
    design = plan_study(sheet(replicates=1), "DMSO", requests=path)
    assert design.untested_because.startswith("no replicates")
