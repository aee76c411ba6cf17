"""The report says what interpretation/ and comparison/ hold, no more and in words."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from natsort import natsorted
from staged_findings import DRUG, IC50, INTERACTION, MARKERS, compared, pathways, stage_findings
from staged_results import CALLS, stage_results

from rxpress.report.across_studies import overlap_table, parted, top_genes
from rxpress.report.build import build_sections, write_sections
from rxpress.report.drawing import draw_figures
from rxpress.report.findings import in_order
from rxpress.report.labels import shorten
from rxpress.report.palette import VERDICT_BADGES, VERDICTS, shade
from rxpress.report.pathways import chosen_sets, found_by
from rxpress.report.results import SHOWN_CONTRASTS, Results, read_results
from rxpress.report.section import Section
from rxpress.tables import read_matrix, read_table, write_json, write_table

ORDERED = ("mechanism", "markers", "signatures", "pathways", "across", "activity", "sensitivity")
LABEL = f"label of {DRUG} <5 nM>"


class Page:
    """The sections of a staged folder, by id."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self.sections = {section.id.removeprefix("rxpress_"): section for section in build_sections(results)}

    def __getitem__(self, id: str) -> Section:
        return self.sections[id]

    def text(self, id: str) -> str:
        """The section as a reader sees it: no tags, no hints."""
        return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", str(self[id].data), flags=re.S).split())

    def under(self, topic: str) -> list[Section]:
        return [section for section in self.sections.values() if section.topic.id == f"rxpress_{topic}"]


def staged(folder: Path, studies: tuple[str, ...] = ("study",), **planted: Any) -> Path:
    stage_results(folder, studies=studies, **planted)
    stage_findings(folder, studies)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return staged(tmp_path_factory.mktemp("findings") / "results")


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    return Page(read_results(folder))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(read_results(staged(tmp_path_factory.mktemp("two") / "results", ("a", "b-2"))))


def test_first_words_count_markers_and_name_the_opposite(page: Page) -> None:
    text = page.text("summary_all")
    # Of the five markers of the drug's effect four are measured, one of them as expected.
    assert "1 of 4 in “label of drug.bortezomib.S1 &lt;5 nM&gt;” (opposite: PSMB8)" in text
    assert "1 of 1 in “label of interaction" in text
    assert "1 rise (SET_0); 4 tested" in text


def test_mechanism_is_told_in_words_before_the_picture(page: Page) -> None:
    text = page.text("mechanism_bortezomib_study")
    start = "As expected: Chaperones rise. Opposite: NF-kB falls. Not measured: Apoptosis."
    assert text.startswith(start)
    assert "↑ Chaperones rise as expected +1.23" in text
    assert "↓ NF-kB falls opposite +0.80" in text
    assert text.endswith("↑ Apoptosis not measured")
    assert "12 of 15 genes measured" in page["mechanism_bortezomib_study"].data
    assert "not of other lines" in page["mechanism_bortezomib_study"].detail


def test_every_marker_stands_in_the_matrix_with_its_verdict(page: Page) -> None:
    text = page.text("markers_bortezomib_markers_study")
    for gene, *_, change, _, verdict, remark in MARKERS:
        number = "" if change is None else f" {change:+.2f}"
        assert f"{gene} {verdict}{number}{'*' if remark else ''}" in text
    data = page["markers_bortezomib_markers_study"].data
    assert "may be CLIP1, CLIP2 or CD74" in data
    assert "chaperone &lt;a&gt;" in data
    assert "1.50 [1.20, 1.80], adjusted p in the panel 0.0001" in data


def test_verdicts_are_counted(page: Page) -> None:
    counts = page["markers_counted"].tables["marker_verdicts"].set_index("contrast")
    assert counts.loc[DRUG, list(VERDICTS)].tolist() == [1, 1, 1, 1, 1]
    assert counts.loc[INTERACTION, list(VERDICTS)].tolist() == [1, 0, 0, 0, 0]
    bars = page["markers_counted"].data
    assert bars[LABEL]["opposite"] == 1


def test_opposite_markers_come_first_in_numbers(page: Page) -> None:
    rows = list(page["markers_bortezomib_numbers_study"].data.values())
    assert [row["gene"] for row in rows] == ["PSMB8", "HSPA1A", "HSPB1", "ITPRIP", "GAPDH", "CLIP"]
    assert rows[0]["interval"] == "1.50 [1.20, 1.80]"
    assert rows[5]["remark"] == "may be CLIP1, CLIP2 or CD74"
    assert rows[0]["scope"] == "these lines"


def test_scores_stand_by_group_and_a_withheld_one_says_why(page: Page) -> None:
    drawn = dict(zip(("benefit", "GEP80"), page["signatures_scores_study"].data, strict=True))
    lines = page["signatures_scores_study"].pconfig["categories"]
    assert lines == ["S1", "S2", "R1", "R2"]
    for state, side in (("DMSO 24 h", -0.15), ("bortezomib 20 nM 24 h", 0.15)):
        places = [(point["x"], point["y"]) for point in drawn["benefit"][state]]
        expected = [(i + side, 2.0 if line.startswith("R") else -1.0) for i, line in enumerate(lines)]
        assert sorted(set(places)) == expected
        assert len(places) == 12
    classes = page["signatures_classes_study"].tables["classes_study"]
    assert classes.groupby("signature")[["high", "low"]].sum().to_dict("index") == {
        "GEP80": {"high": 12, "low": 12}
    }
    text = page.text("signatures_statements_study")
    assert "It predicts nothing for a single sample." in text
    assert "withheld: 5 of 10 genes were measured" in text
    first = page["signatures_tests_study"].data["1"]
    assert (first["signature"], first["interval"]) == ("benefit", "1.50 [1.00, 2.00]")
    assert len(page["signatures_tests_study"].data) == 2  # the rank score stays in its file


def test_likeness_is_claimed_only_where_it_is_sure(page: Page) -> None:
    text = page.text("connectivity_likeness_study")
    assert "+0.70 like it" in text
    assert "-0.10 not sure" in text
    assert "Short: withheld, too few genes." in text


def test_sets_found_by_both_tests_are_marked(page: Page) -> None:
    assert found_by({"p_adjusted": 0.01, "camera_p_adjusted": 0.01}, 0.05) == "GC"
    text = page.text("pathways_sets_study")
    assert "SET_0 +2.20 GC +2.20 GC" in text
    assert "SET_1 -1.60 G -1.60 G" in text
    assert "<b>+2.20 GC</b>" in page["pathways_sets_study"].data
    first = page["pathways_tests_study"].data["1"]
    assert (first["up"], first["of"]) == ("7, 1.5 expected, p 0.003", "18 of 20")
    assert first["leading"].count(",") == 9


def test_of_many_sets_those_of_smallest_p_are_shown_in_their_order() -> None:
    many = pathways("study", sets=100).assign(collection="big")
    many.loc[many["gene_set"] == "SET_70", "camera_p_adjusted"] = 1e-9
    chosen = chosen_sets(many, dict.fromkeys(CALLS, ""), most=3)
    assert chosen["gene_set"].tolist() == ["SET_0", "SET_1", "SET_70"]


def test_a_large_study_says_what_is_shown(tmp_path: Path) -> None:
    many = {f"drug.bortezomib.L{i}": (1, 0) for i in range(15)}
    folder = stage_results(tmp_path / "results", calls=many)
    stage_findings(folder)
    tables = folder / "interpretation"
    sets = pathways("study", sets=60)
    steps = read_table(tables / "mechanism.tsv")
    write_table(pd.concat(sets.assign(contrast=id) for id in many), tables / "pathways.tsv")
    write_table(pd.concat(steps.assign(contrast=id) for id in many), tables / "mechanism.tsv")
    page = Page(read_results(folder))
    assert (
        f"{SHOWN_CONTRASTS} of 15 contrasts (the others stand in the file)"
        in page["mechanism_bortezomib_study"].detail
    )
    assert page["mechanism_bortezomib_study"].data.count("as expected +1.23") == SHOWN_CONTRASTS
    assert "the 40 of 60 sets" in page["pathways_sets_study"].detail
    assert "The 200 of 1,800 tests" in page["pathways_tests_study"].detail
    assert f"As expected in each of {SHOWN_CONTRASTS} contrasts" in page.text("mechanism_bortezomib_study")


def test_running_sums_keep_their_points_in_order(page: Page) -> None:
    curves = page["enrichment_all"].data[0]
    assert curves == {"SET_0": [[0.0, 0.0], [5.0, 0.8], [100.0, 0.2], [200.0, 0.0]]}


def test_activities_are_shown_and_those_without_a_score_named(page: Page) -> None:
    assert "NFkB -3.5 -3.5" in page.text("activity_contrasts_study")
    without = "Trail, p53 (3 of its 500 genes are measured), WNT (7 of its 500 genes are measured)."
    assert f"Without a score: {without}" in page["activity_contrasts_study"].detail
    heat = page["activity_samples_study"]
    assert heat.extra["ycats"] == ["NFkB", "Hypoxia"]
    assert set(np.ravel(heat.data)) == {-3.5, 1.5}


def test_one_study_is_told_that_nothing_is_compared(page: Page) -> None:
    assert "There is one study" in page.text("across_all")


def test_genes_significant_in_the_same_studies_are_counted_by_direction() -> None:
    table = overlap_table(
        compared(("a", "b")).assign(**{"p_adjusted.b": [1e-6] * 4 + [1.0] * 26 + [1e-5] + [1.0] * 29}), 0.05
    )
    # By hand: genes 0 to 3 in both; 4 to 7 in a alone; gene 30 in both, in opposite directions.
    assert table.to_dict("records") == [
        {"significant_in": "a + b", "genes": 5, "same_direction": 4, "directions_differ": 1},
        {"significant_in": "a only", "genes": 4, "same_direction": 4, "directions_differ": 0},
    ]
    assert parted(compared(("a", "b")), 0.05, 10)["gene_id"].tolist() == ["ENSG030"]
    assert top_genes(compared(("a", "b")), 3)["gene_id"].tolist() == ["ENSG005", "ENSG006", "ENSG007"]


def test_forests_are_drawn_into_the_page(two: Page) -> None:
    data = two["across_forests"].data
    drawn = base64.b64decode(re.findall(r"base64,([\w+/=]+)", data)[0]).decode()
    for word in ("a", "b-2", "together", "G5/x", "log2 fold change, 95 % interval"):
        assert f">{word}</text>" in drawn
    assert "&lt;5 nM&gt;" in data
    disagree = list(two["across_Studies-disagree"].data.values())
    assert [row["gene_name"] for row in disagree] == ["G30/x"]
    assert (disagree[0]["in.a"], disagree[0]["in.b-2"]) == ("2.00, p 1.0e-05", "-2.00, p 1.0e-05")


def test_lines_behind_a_regression_are_those_of_the_study(folder: Path, page: Page) -> None:
    points = page["sensitivity_lines_study"].tables["sensitivity_lines_study"]
    first = points[points["gene_id"] == "ENSG003"].set_index("line")
    assert first["x"].to_dict() == {line: np.log10(value) for line, value in IC50.items()}
    log2 = read_matrix(folder / "expression" / "study" / "log2_expression.tsv")
    untreated = log2.select([f"R1_DMSO_0_24_{i}" for i in (1, 2, 3)]).values[3]
    assert first.loc["R1", "y"] == pytest.approx(untreated.mean(), abs=1e-12)
    assert page["sensitivity_genes_study"].data["1"]["interval"] == "0.50 [0.30, 0.70]"


def test_the_response_of_a_line_is_that_of_its_contrast(tmp_path: Path) -> None:
    folder = staged(tmp_path / "results")
    path = folder / "interpretation" / "sensitivity.tsv"
    asked = read_table(path).assign(question="drug", setting="bortezomib, 20 nM, 24 h")
    write_table(asked, path)
    points = Page(read_results(folder))["sensitivity_lines_study"].tables["sensitivity_lines_study"]
    change = read_table(folder / "differential" / "study" / f"{DRUG}.tsv").set_index("gene_id")
    first = points[points["gene_id"] == "ENSG003"]
    assert first["line"].tolist() == ["S1"]
    assert first["y"].tolist() == [change.loc["ENSG003", "log2_fold_change"]]


def test_without_a_pack_the_reason_stands_in_place_of_markers(tmp_path: Path) -> None:
    folder = stage_results(tmp_path / "results")
    reason = "no pack speaks of tunicamycin"
    write_json(
        {"studies": {"study": {"packs": [], "notes": [reason]}}}, folder / "interpretation" / "summary.json"
    )
    page = Page(read_results(folder))
    assert reason in page.text("markers_all")
    assert page["warnings_all"].tables["warnings"]["what"].eq(reason).any()
    assert (
        not page.under("mechanism")
        + page.under("pathways")
        + page.under("across")
        + page.under("sensitivity")
    )


def test_tables_without_rows_give_no_sections(tmp_path: Path) -> None:
    folder = staged(tmp_path / "results")
    for path in (folder / "interpretation").glob("*.tsv"):
        write_table(read_table(path)[:0], path)
    page = Page(read_results(folder))
    topics = {*ORDERED, "connectivity", "enrichment"} - {"across"}
    assert not [section.id for topic in topics for section in page.under(topic)]


def test_sections_stand_on_the_page_in_the_order_of_the_build(two: Page) -> None:
    """MultiQC sorts the sections of a topic by their names."""
    for topic in ORDERED:
        for study in ("a: ", "b-2: "):
            names = [s.heading.text for s in two.under(topic) if s.heading.text.startswith(study)]
            assert names == natsorted(names), topic
    together = [section.heading.text for section in two.under("across")]
    assert together == natsorted(together)


def test_every_file_that_a_section_names_is_there(two: Page, tmp_path: Path) -> None:
    folder = staged(tmp_path / "results", ("a", "b-2"))
    results = read_results(folder)
    sections = build_sections(results)
    write_sections(results, sections, tmp_path / "report")
    for section in sections:
        text = f"{section.topic.text(results.facts)} {section.detail}"
        for part, name in re.findall(r"\b(interpretation|comparison)/([\w.]+\.tsv|summary.json)", text):
            known = {"signature_genes.tsv", "join.tsv"}
            assert name in known or (folder / part / name).exists(), section.id
        for name in re.findall(r"tables/(sensitivity_lines|classes|overlap|marker_verdicts)", section.detail):
            assert list((tmp_path / "report" / "tables").glob(f"{name}*.tsv")), section.id


def test_labels_are_cut_to_what_tells_them_apart() -> None:
    labels = [
        "bortezomib vs DMSO in MM.1S, 20 nM, 24 h",
        "bortezomib vs DMSO, sensitive lines, 20 nM, 24 h",
        "bortezomib vs DMSO, all lines, 20 nM, 24 h: test over lines",
    ]
    short = ["MM.1S", "sensitive lines", "all lines, test over lines"]
    assert shorten(labels) == (short, "bortezomib vs DMSO, 20 nM, 24 h")
    doses = ["x vs y in A, 1 nM, 4 h", "x vs y in A, 2 nM, 4 h"]
    assert shorten(doses) == (["1 nM", "2 nM"], "x vs y in A, 4 h")
    assert shorten(["one"]) == (["one"], "")
    assert shorten(["a, b", "a"]) == (["a, b", "a"], "")
    assert shorten([]) == ([], "")


def test_colours_run_between_their_stops_and_carry_readable_text() -> None:
    assert shade(0.5) == "#FFFFFF"
    assert shade(-3) == shade(0.0) == "#0072B2"
    assert shade(0.125) == "#4095C6"  # half way from #0072B2 to #7FB8DA
    for color, text in [*((c, 0.0) for c in VERDICTS.values()), *((c, 1.0) for c in VERDICT_BADGES.values())]:
        light = _luminance(color)
        lighter, darker = max(light, text), min(light, text)
        assert (lighter + 0.05) / (darker + 0.05) > 4.5, color


def _luminance(color: str) -> float:
    """Relative luminance by WCAG 2.1."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_figures_of_what_the_response_means(tmp_path: Path) -> None:
    results = read_results(staged(tmp_path / "results", ("a", "b-2")))
    draw_figures(results, tmp_path / "figures")
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    expected = {f"forest_{DRUG}", "mechanism_a_bortezomib", "markers_b-2_bortezomib_interaction"}
    expected |= {"gene_sets_a", f"enrichment_a_{INTERACTION}"}
    assert expected <= names
    svg = (tmp_path / "figures" / "markers_a_bortezomib_drug.svg").read_text()
    assert "opposite +1.50" in svg
    assert in_order(pd.Series(["b", "a", "b"])) == ["b", "a"]
