"""The report says what alignments are like, who found which strandedness, and what aligned and counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_page import Page
from staged_alignments import quality
from staged_results import stage_results, status
from study_sheets import sheet

from rxpress.report.build import write_sections
from rxpress.tables import read_table, write_json

SAMPLES = sheet()["sample"].tolist()
FIRST, SECOND = SAMPLES[:2]
TOPICS = {"alignments", "where_aligned", "gene_body", "inserts"}


def stage_alignments(folder: Path, aligner: str = "star", quantifier: str = "salmon") -> Path:
    """A study whose reads were aligned; Salmon and the alignments part on the strand of the second sample."""
    stage_results(folder, parameters={"aligner": aligner, "quantifier": quantifier})
    for sample in SAMPLES:
        found = {
            "quantifier": quantifier,
            "strandedness_alignments": "reverse",
            "strandedness_salmon": "reverse" if quantifier == "salmon" else None,
            "strandedness_used": "reverse",
        }
        if sample == SECOND and quantifier == "salmon":
            found["strandedness_salmon"] = "forward"
            found["warning"] = "the alignments are reverse, by Salmon they are forward; reverse was used"
        write_json(status(sample, **found), folder / "reads" / "status" / f"{sample}.status.json")
        write_json(quality(), folder / "reads" / "alignment_quality" / f"{sample}.json")
    return folder


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(stage_alignments(tmp_path_factory.mktemp("aligned") / "results"))


def test_a_study_without_alignments_has_no_such_sections(tmp_path: Path) -> None:
    assert not Page(stage_results(tmp_path / "results")).topics & TOPICS


def test_shares_are_of_fragments_and_of_aligned_bases(page: Page) -> None:
    row = page["alignments_all"].data[FIRST]
    assert row["percent_mapped"] == pytest.approx(90)
    assert row["percent_unique"] == pytest.approx(80)
    assert row["percent_multiple"] == pytest.approx(10)
    assert row["percent_duplicates"] == pytest.approx(25)
    assert row["percent_exonic"] == pytest.approx(80)
    assert row["median_insert"] == 200


def test_who_found_which_strandedness_stands_side_by_side_and_a_disagreement_is_a_warning(page: Page) -> None:
    row = page["alignments_all"].data[SECOND]
    seen = [row[f"strandedness_{by}"] for by in ("alignments", "salmon", "used")]
    assert seen == ["reverse", "forward", "reverse"]
    assert f"{SECOND}: the alignments are reverse, by Salmon they are forward" in page.text("warnings_all")


def test_every_number_that_is_drawn_is_in_a_table(page: Page, tmp_path: Path) -> None:
    write_sections(page.results, page.sections.values(), tmp_path)
    places = page["where_aligned_all"].data[FIRST]
    table = read_table(tmp_path / "tables" / "alignments.tsv").set_index("sample")
    assert places == {name: table.loc[FIRST, name] for name in places}
    coverage = read_table(tmp_path / "tables" / "alignment_coverage.tsv")
    assert page["gene_body_all"].data[FIRST] == [[i, 1.0] for i in range(1, 101)]
    assert len(coverage) == 100 * len(SAMPLES)
    inserts = read_table(tmp_path / "tables" / "insert_sizes.tsv")
    assert inserts.loc[inserts["sample"] == FIRST, "fragments"].tolist() == [0, 1, 3]
    assert page["inserts_all"].data[FIRST] == [[0.0, 0.0], [10.0, 0.25], [20.0, 0.75]]


def test_a_sample_without_covered_genes_or_pairs_leaves_the_others_their_curves(tmp_path: Path) -> None:
    folder = stage_alignments(tmp_path / "results")
    bare = quality(coverage=[], covered_genes=0, bias_3prime=None, insert_size=None, paired=False)
    write_json(bare, folder / "reads" / "alignment_quality" / f"{FIRST}.json")
    page = Page(folder)
    assert set(page["gene_body_all"].data) == set(page["inserts_all"].data) == set(SAMPLES) - {FIRST}
    assert "bias_3prime" not in page["alignments_all"].data[FIRST]


def test_a_sample_without_any_alignment_is_told_without_shares(tmp_path: Path) -> None:
    folder = stage_alignments(tmp_path / "results")
    none = dict.fromkeys(
        ("reads", "fragments", "mapped_fragments", "unique_fragments", "multi_fragments", "proper_pairs"), 0
    )
    bases = dict.fromkeys(("exonic_bases", "intronic_bases", "intergenic_bases"), 0)
    write_json(quality(**none, **bases), folder / "reads" / "alignment_quality" / f"{FIRST}.json")
    row = Page(folder)["alignments_all"].data[FIRST]
    assert not {"percent_mapped", "percent_exonic"} & row.keys()


@pytest.mark.parametrize(
    ("aligner", "quantifier", "said", "unsaid"),
    [
        ("star", "salmon", ("STAR", "SAMtools", "Alignments to transcripts", "tximport"), ("featureCounts",)),
        ("hisat2", "htseq", ("HISAT2", "HTSeq"), ("Salmon", "tximport", "STAR")),
        ("star", "featurecounts", ("STAR", "featureCounts"), ("Salmon", "tximport", "HTSeq")),
    ],
)
def test_methods_say_what_aligned_and_what_counted(
    tmp_path: Path, aligner: str, quantifier: str, said: tuple[str, ...], unsaid: tuple[str, ...]
) -> None:
    folder = stage_alignments(tmp_path / "results", aligner, quantifier)
    text = Page(folder).text("methods_all").split("References")[0]
    assert all(word in text for word in said)
    assert not [word for word in unsaid if word in text]


def test_sections_are_plain_json(page: Page) -> None:
    facts = page.results.facts
    assert all(json.dumps(page[f"{topic}_all"].to_multiqc(facts), allow_nan=False) for topic in TOPICS)
