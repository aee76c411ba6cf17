"""Contrasts by formula: their columns and references, what is refused, and results equal to R's."""

from __future__ import annotations

import pandas as pd
import pytest
from deseq2_goldens import assert_same_p_values, golden
from study_sheets import sheet

from rxpress.contrasts import design_studies, plan_study
from rxpress.design.conditions import final_samples
from rxpress.design.contrast_requests import ContrastRequest, read_requests
from rxpress.design.formulas import formula_levels, formula_matrix
from rxpress.design.study_design import StudyDesign
from rxpress.differential.calls import CallRule
from rxpress.differential.expression import analyze_study
from rxpress.differential.study_counts import prepare_counts
from rxpress.errors import InputError
from rxpress.inference import BatchedInference
from rxpress.tables import GeneMatrix

FOUND_OUT = dict.fromkeys(("reads", "percent_mapped", "library_type", "response_source", "reason"))


def request(formula: str, **coefficients: float) -> ContrastRequest:
    """An entry `x`; `treatment_T_a` stands for the coefficient `treatment[T.a]`."""
    named = {f"{name.replace('_T_', '[T.')}]": weight for name, weight in coefficients.items()}
    return ContrastRequest("x", formula=formula, coefficients=named)


def planned(samples: pd.DataFrame, *requests: ContrastRequest) -> StudyDesign:
    return plan_study(samples, "DMSO", requests=list(requests))


def refusal(samples: pd.DataFrame, wanted: ContrastRequest) -> str:
    with pytest.raises(InputError) as error:
        planned(samples, wanted)
    return str(error.value)


def test_references_are_the_vehicle_and_what_comes_first_never_the_alphabet() -> None:
    samples = pd.DataFrame(
        {
            "batch": ["z", "z", "a", "a"],
            "treatment": ["btz", "DMSO", "btz", "DMSO"],
            "age": ["3", "4", "5", "7"],
        }
    )
    levels = formula_levels("~ batch + treatment + age", samples, "DMSO")
    assert levels == {"batch": ("z", "a"), "treatment": ("DMSO", "btz")}
    matrix, names = formula_matrix("~ batch + treatment + age", samples, levels)
    assert names == ["Intercept", "batch[T.a]", "treatment[T.btz]", "age"]
    assert matrix[:, 1:].tolist() == [[0, 1, 3], [0, 0, 4], [1, 1, 5], [1, 0, 7]]


def test_batches_and_replicates_are_categories_even_when_numeric() -> None:
    samples = pd.DataFrame({"batch": [2, 2, 1, 1], "replicate": ["1", "2", "1", "2"]})
    levels = formula_levels("~ batch + replicate", samples, "DMSO")
    assert levels == {"batch": ("2", "1"), "replicate": ("1", "2")}


def test_a_formula_has_the_results_of_r() -> None:
    samples = golden("lines.samples")
    arm = samples["condition"].str[2].map({"v": "DMSO", "d": "drug"})
    samples = samples.assign(study="study", kept=True, cell_line=samples["condition"].str[0], treatment=arm)
    samples = samples.assign(group=samples["condition"], **FOUND_OUT)
    table = golden("lines.counts")
    ids, names = table["gene_id"].to_numpy(str), samples["sample"].tolist()
    counts = GeneMatrix(ids, ids, names, table[names].to_numpy(float))
    asked = ContrastRequest(
        "x", formula="~ 0 + group + batch", coefficients={"group[A.d]": 1, "group[A.v]": -1}
    )
    design = design_studies(samples, "DMSO", requests=[asked])["study"]
    final = final_samples(samples, "DMSO").assign(kept=True)
    ready = prepare_counts(counts, None, names)
    results = analyze_study(ready, final, design, CallRule(), BatchedInference(), "auto")
    ours, theirs = results.tables["x.tsv"], golden("lines.one_line")
    assert_same_p_values(ours["p_value"].to_numpy(), theirs["p_value"])
    assert results.facts["models"]["~ 0 + group + batch"]["fit"] == "study"
    assert set(results.tables["dispersions.tsv"]["model"]) == {"conditions", "~ 0 + group + batch"}


def test_each_formula_is_a_model_and_equal_ones_share_it() -> None:
    samples = sheet({"S1": "", "S2": ""})
    first = request("~ batch + treatment", treatment_T_bortezomib=1)
    second = ContrastRequest("y", formula="~ batch + treatment", coefficients={"batch[T.2]": 1})
    third = ContrastRequest("z", formula="~ treatment", coefficients={"treatment[T.bortezomib]": 1})
    design = planned(samples, first, second, third)
    assert [model.name for model in design.models] == ["conditions", "~ batch + treatment", "~ treatment"]
    assert design.models[1].levels["treatment"] == ("DMSO", "bortezomib")
    assert [c.status for c in design.contrasts[-3:]] == ["ok"] * 3
    assert StudyDesign.from_json(design.to_json()) == design


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (request("~ treatment", treatment_T_btz=1), "there are: Intercept, treatment[T.bortezomib]"),
        (request("~ tretment", treatment_T_bortezomib=1), "no column 'tretment'; did you mean 'treatment'"),
        (request("~ treatment +", treatment_T_bortezomib=1), "cannot be read"),
        (request("y ~ treatment", treatment_T_bortezomib=1), "nothing may stand before the ~"),
        (request("~ treatment + {open('x')}", treatment_T_bortezomib=1), "open() is not known here"),
        (request("~ treatment + eval(batch)", treatment_T_bortezomib=1), "eval() is not known here"),
        (request("~ {batch.__class__}", treatment_T_bortezomib=1), "more than columns"),
        (request("~ I(batch[0])", treatment_T_bortezomib=1), "I() is not known here; functions are C"),
        (request("~ cell_line + batch2 + treatment", batch2_T_R1=1), "do not determine it"),
        (request("~ sample + treatment", treatment_T_bortezomib=1), "nothing to estimate the variance from"),
        (request("~ gap + treatment", treatment_T_bortezomib=1), "'gap' is empty for S1_DMSO_0_24_1"),
    ],
)
def test_formulas_that_cannot_be_answered_are_refused_before_the_run(
    wanted: ContrastRequest, said: str
) -> None:
    samples = sheet({"S1": "", "R1": ""})
    samples["batch2"] = samples["cell_line"]
    samples["gap"] = [None, *["x", "y"] * 5, "x"]
    message = refusal(samples, wanted)
    assert "contrast 'x'" in message
    assert said in message


def test_a_lost_reference_never_changes_what_a_coefficient_means() -> None:
    samples = sheet({"S1": "", "S2": "", "R1": ""})
    asked = ContrastRequest("x", formula="~ cell_line + treatment", coefficients={"cell_line[T.R1]": 1})
    drug = ContrastRequest(
        "y", formula="~ cell_line + treatment", coefficients={"treatment[T.bortezomib]": 1}
    )
    samples["kept"] = samples["cell_line"] != "S1"
    (design,) = design_studies(samples, "DMSO", requests=[asked, drug]).values()
    lost, left = design.contrasts[-2:]
    assert lost.status == "not_estimable"
    assert "do not determine it" in lost.reason
    assert left.status == "ok"


def test_a_formula_whose_own_coding_lost_a_level_is_not_estimable() -> None:
    samples = sheet({"S1": "", "S2": "", "R1": ""})
    samples["passage"] = samples["cell_line"].map({"S1": 1, "S2": 2, "R1": 3})
    formula = "~ C(passage) + treatment"
    asked = ContrastRequest("x", formula=formula, coefficients={"C(passage)[T.3.0]": 1})
    assert planned(samples, asked).contrasts[-1].status == "ok"
    samples["kept"] = samples["passage"] != 1
    (design,) = design_studies(samples, "DMSO", requests=[asked]).values()
    assert design.contrasts[-1].reason == f"the samples left change the columns of {formula}"


def test_contrasts_of_different_models_are_not_subtracted() -> None:
    asked = request("~ treatment", treatment_T_bortezomib=1)
    both = ContrastRequest("y", difference=("x", "drug.bortezomib.S1"))
    with pytest.raises(InputError, match="come from different models"):
        planned(sheet({"S1": "", "S2": ""}), asked, both)


def test_a_file_gives_formula_and_coefficients(tmp_path) -> None:
    path = tmp_path / "contrasts.yml"
    path.write_text(
        """
        contrasts:
          - id: paired
            formula: "~batch  + treatment"
            coefficients: {"treatment[T.bortezomib]": 1, "batch[T.2]": -0.5}
        """
    )
    (found,) = read_requests(path)
    assert found.formula == "~ batch + treatment"
    assert found.coefficients == {"treatment[T.bortezomib]": 1, "batch[T.2]": -0.5}
    path.write_text("contrasts: [{id: x, formula: ~ a, coefficients: {b: much}}]")
    with pytest.raises(InputError, match="`coefficients:` gives no weights"):
        read_requests(path)
    path.write_text("contrasts: [{id: x, formula: ~ a}]")
    with pytest.raises(InputError, match="`formula:` and `coefficients:`"):
        read_requests(path)
