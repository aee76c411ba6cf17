"""What the gene explorer is given: every gene of any study, samples in their groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_study import draw_results
from packed import numbers, unpack

from rxpress.report.explorer import explorer_payload
from rxpress.report.gene_notes import GeneSet, read_gene_sets
from rxpress.report.palette import CATEGORIES
from rxpress.report.results import Results, Study
from rxpress.tables import GeneMatrix, write_table


@pytest.fixture
def results() -> Results:
    """One study of 5 genes in 12 samples of two lines, and a contrast."""
    return draw_results(studies=1, genes=5, samples=12, contrasts=1)


def payload(
    results: Results, folder: Path, sets: list[GeneSet] | None = None
) -> tuple[dict[str, Any], bytes]:
    return unpack(explorer_payload(results, folder, sets or [], "a title"))


def with_study(results: Results, **changed: Any) -> Results:
    return replace(results, studies=(replace(results.studies[0], **changed),))


def renamed_study(study: Study, id: str, name: str) -> Study:
    """The study as another one, whose first gene alone has this id and name."""
    matrix = study.log2
    assert matrix is not None
    first = GeneMatrix(np.array([id]), np.array([name]), matrix.samples, matrix.values[:1])
    tests = {key: table.head(1).assign(gene_id=id, gene_name=name) for key, table in study.tests.items()}
    return replace(study, name="other", log2=first, tests=tests)


def test_genes_of_all_studies_are_there_and_each_number_stands_at_its_gene(
    results: Results, tmp_path: Path
) -> None:
    study = results.studies[0]
    assert study.log2 is not None
    header, arrays = payload(
        replace(results, studies=(study, renamed_study(study, "7157", "TP53"))), tmp_path
    )
    assert header["genes"]["ids"] == [*study.log2.gene_ids, "7157"]
    assert header["genes"]["names"][-1] == "TP53"
    first, other = (numbers(one["values"], arrays).reshape(6, 12) for one in header["studies"])
    np.testing.assert_allclose(first[:5], study.log2.values, atol=0.0051)
    assert np.isnan(first[5]).all()
    assert np.isnan(other[:5]).all()
    np.testing.assert_allclose(other[5], study.log2.values[0], atol=0.0051)
    change = numbers(header["studies"][1]["contrasts"][0]["change"], arrays)
    expected = study.tests["drug.bortezomib.line0"]["log2_fold_change"][0]
    np.testing.assert_allclose(change, [np.nan] * 5 + [expected], atol=0.00051)


def test_samples_are_grouped_by_line_and_those_with_the_vehicle_are_hollow(
    results: Results, tmp_path: Path
) -> None:
    groups = payload(results, tmp_path)[0]["studies"][0]["groups"]
    assert [(group["heading"], group["label"], group["hollow"]) for group in groups] == [
        ("line0", "DMSO 20 nM 24 h", True),
        ("line0", "bortezomib 20 nM 24 h", False),
        ("line1", "DMSO 20 nM 24 h", True),
        ("line1", "bortezomib 20 nM 24 h", False),
    ]
    assert [group["members"] for group in groups] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert [group["color"] for group in groups] == [CATEGORIES[0]] * 2 + [CATEGORIES[1]] * 2


def test_patients_are_grouped_by_response(results: Results, tmp_path: Path) -> None:
    samples = results.studies[0].samples.drop(columns="cell_line")
    response = np.where(np.arange(12) % 2 == 0, "sensitive", "resistant")
    samples = samples.assign(patient=[f"P{i}" for i in range(12)], response=response)
    samples["condition"] = samples["response"] + "." + samples["treatment"]
    groups = payload(with_study(results, samples=samples), tmp_path)[0]["studies"][0]["groups"]
    assert [group["heading"] for group in groups] == ["sensitive"] * 2 + ["resistant"] * 2
    assert groups[0]["members"] == [0, 2, 6, 8]
    assert len({(group["heading"], group["color"]) for group in groups}) == 2


def test_a_study_without_a_design_or_expression_is_shown_with_what_it_has(
    results: Results, tmp_path: Path
) -> None:
    bare = results.studies[0].samples[["sample", "study", "kept"]]
    header, _ = payload(with_study(results, samples=bare, design=None, tests={}), tmp_path)
    study = header["studies"][0]
    assert (study["contrasts"], [group["label"] for group in study["groups"]]) == ([], ["untreated"])
    assert len(study["groups"][0]["members"]) == 12
    header, _ = payload(with_study(results, log2=None), tmp_path)
    assert "values" not in header["studies"][0]
    assert len(header["genes"]["ids"]) == 5


def test_studies_that_were_joined_by_name_are_together_at_every_gene_of_the_name(
    results: Results, tmp_path: Path
) -> None:
    study = results.studies[0]
    both = replace(results, studies=(study, renamed_study(study, "7157", "GENE0")))
    id = "drug.bortezomib.line0"
    pooled = {"gene_id": "7157", "gene_name": "GENE0", "studies": 2, "log2_fold_change": 1.5}
    pooled |= {"lfc_lower": 1.0, "lfc_upper": 2.0, "p_adjusted": 0.01}
    write_table(pd.DataFrame([pooled]), tmp_path / "comparison" / f"{id}.tsv")
    for joined_by, expected in (("gene_name", [1.5, *[np.nan] * 4, 1.5]), ("gene_id", [np.nan] * 5 + [1.5])):
        join = pd.DataFrame([{"contrast": id, "study": "study0", "joined_by": joined_by}])
        write_table(join, tmp_path / "comparison" / "join.tsv")
        header, arrays = payload(both, tmp_path)
        np.testing.assert_array_equal(numbers(header["together"][0]["change"], arrays), expected)
        np.testing.assert_array_equal(numbers(header["together"][0]["reach"], arrays)[5], 0.5)


def test_gene_sets_of_packs_and_files_know_their_genes(results: Results, tmp_path: Path) -> None:
    pack, file = tmp_path / "a_pack", tmp_path / "mine.gmt"
    pack.mkdir()
    (pack / "gene_sets.gmt").write_text("FIRST\tdoi:1\tGENE4\tGENE0\tNONE\n")
    file.write_text("SECOND\t\tENSG00000000002\n")
    sets = read_gene_sets([pack, tmp_path / "without_sets"], [file])
    header, arrays = payload(results, tmp_path, sets)
    assert [(one["collection"], one["name"], one["size"]) for one in header["sets"]] == [
        ("a_pack", "FIRST", 3),
        ("mine", "SECOND", 1),
    ]
    assert numbers(header["members"], arrays).tolist() == [0, 4, 2]
    assert numbers(header["ends"], arrays).tolist() == [2, 3]
