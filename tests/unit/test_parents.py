"""Lines and the parents they were selected from."""

from __future__ import annotations

import pandas as pd
import pytest
from study_sheets import sheet

from rxpress.contrasts import plan_studies, plan_study
from rxpress.errors import InputError


def family(parents: dict[str, str]) -> pd.DataFrame:
    samples = sheet({"S1": "sensitive", "R1": "resistant", "R2": "resistant"})
    return samples.assign(parent=samples["cell_line"].map(parents))


def test_a_line_is_compared_with_its_parent_untreated_and_in_its_drug_effect() -> None:
    found = {c.id: c for c in plan_study(family({"R1": "S1"}), "DMSO").contrasts if c.kind == "acquired"}
    assert set(found) == {"acquired.R1", "acquired.bortezomib.R1"}
    assert found["acquired.R1"].weights == {"R1.DMSO.24h": 1, "S1.DMSO.24h": -1}
    assert found["acquired.bortezomib.R1"].weights == {
        "R1.bortezomib.20nM.24h": 1,
        "R1.DMSO.24h": -1,
        "S1.bortezomib.20nM.24h": -1,
        "S1.DMSO.24h": 1,
    }
    assert found["acquired.R1"].lines == ()


@pytest.mark.parametrize(
    ("parents", "said"),
    [
        ({"R1": "S-1"}, "'R1' has the parent 'S-1', but no sample has this cell line; did you mean 'S1'"),
        ({"R1": "HeLa"}, "cell lines are S1, R1, R2"),
        ({"R1": "R1"}, "'R1' is its own parent"),
        ({"R1": "R2", "R2": "R1"}, "'R1' comes from itself: R1 from R2 from R1; leave the parent"),
        ({"S1": "R1", "R1": "R2", "R2": "R1"}, "'R1' comes from itself: R1 from R2 from R1"),
    ],
)
def test_parents_that_cannot_be_are_refused(parents: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as error:
        plan_study(family(parents), "DMSO")
    assert said in str(error.value)
    assert error.value.problems[0].column == "parent"


def test_a_line_has_one_parent() -> None:
    samples = family({"R1": "S1"})
    samples.loc[samples.index[samples["cell_line"] == "R1"][0], "parent"] = "R2"
    with pytest.raises(InputError, match="'R1' has two parents"):
        plan_study(samples, "DMSO")


def test_a_parent_in_another_study_is_a_note() -> None:
    other = sheet({"P": ""}).assign(study="other")
    samples = pd.concat([family({"R1": "P"}), other], ignore_index=True)
    design = plan_studies(samples, "DMSO")["study"]
    assert not [c for c in design.contrasts if c.kind == "acquired"]
    assert any("R1 (parent P): not compared" in note for note in design.notes)


def test_a_line_called_as_a_drug_and_line_cannot_take_the_place_of_another_contrast() -> None:
    samples = sheet({"S1": "", "R1": "", "bortezomib.R1": ""})
    samples["parent"] = samples["cell_line"].map({"R1": "S1", "bortezomib.R1": "S1"})
    with pytest.raises(InputError, match=r"two contrasts would both be called 'acquired\.bortezomib\.R1'"):
        plan_study(samples, "DMSO")
