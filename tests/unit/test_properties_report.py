"""What the report computes of any numbers: nothing is lost, names stay apart, distances stay."""

from __future__ import annotations

import html
from html.parser import HTMLParser

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from packed import numbers as unpacked
from packed import unpack
from properties import few, generators, matrices, numbers
from scipy.spatial.distance import pdist, squareform

from rxpress.differential.calls import CallRule, call_genes
from rxpress.differential.second_opinion import called_genes
from rxpress.report.exploration import (
    cluster_order,
    minus_log10,
    p_value_histogram,
    principal_components,
    sample_distances,
    thin_cloud,
    z_scores,
)
from rxpress.report.labels import shorten
from rxpress.report.packing import Packer
from rxpress.report.section import inert, inert_name, slug, unique
from rxpress.report.workbook import SIGNIFICANT, Sheet, name_sheets, significant

CALLS = ["up", "down", "unchanged"]
LABELS = ["drug vs DMSO in A", "drug vs DMSO in B", "x, A", "A", "", "x: y"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=45)


@few
@given(arrays(float, st.integers(0, 60), elements=numbers(0, 1) | st.just(np.nan)))
def test_histogram_holds_every_p_value_once(p_values: np.ndarray) -> None:
    counts, edges = p_value_histogram(p_values)
    finite = p_values[np.isfinite(p_values)]
    expected, _ = np.histogram(finite, np.linspace(0, 1, 21))
    np.testing.assert_array_equal(counts, expected)
    assert edges[0] == 0
    assert edges[-1] == 1
    assert (minus_log10(finite) >= 0).all()


@few
@given(generators(), st.integers(1, 500), st.integers(10, 100))
def test_thinned_cloud_keeps_what_must_be_drawn_and_no_more_than_asked(
    generator: np.random.Generator, points: int, background: int
) -> None:
    x, y = generator.normal(size=(2, points))
    x[generator.random(points) < 0.1] = np.nan
    keep = generator.random(points) < 0.1
    drawn = thin_cloud(x, y, keep, background, most=2000)
    assert drawn[keep & np.isfinite(x)].all()
    assert not drawn[~np.isfinite(x)].any()
    assert drawn[~keep].sum() <= background


@few
@given(generators(), st.integers(2, 6))
def test_distances_are_those_of_scipy_and_turn_with_nothing(
    generator: np.random.Generator, samples: int
) -> None:
    values = generator.normal(8, 2, (50, samples))
    expected = squareform(pdist(values.T))
    np.testing.assert_allclose(sample_distances(values), expected, atol=1e-6)
    np.testing.assert_allclose(sample_distances(values + 5), expected, atol=1e-6)
    assert sorted(cluster_order(values.T)) == list(range(samples))


@few
@given(generators(), st.integers(3, 6))
def test_all_components_keep_the_distances_of_samples(generator: np.random.Generator, samples: int) -> None:
    values = generator.normal(8, 2, (40, samples))
    found = principal_components(values, 40)
    assert found is not None
    np.testing.assert_allclose(squareform(pdist(found.coordinates)), sample_distances(values), atol=1e-6)
    np.testing.assert_allclose(found.variance.sum(), 1, atol=1e-9)
    assert (np.diff(found.variance) <= 1e-12).all()


@few
@given(matrices((1, 8), (2, 6), numbers(-1e3, 1e3)))
def test_z_scores_have_mean_zero_and_deviation_one_or_zero(values: np.ndarray) -> None:
    found = z_scores(np.vstack([values, np.full(values.shape[1], 410.0112004242)]))
    assert (found[-1] == 0).all()
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)
    deviation = found.std(axis=1, ddof=1)
    assert (np.isclose(deviation, 1, atol=1e-6) | np.isclose(deviation, 0, atol=1e-6)).all()


@few
@given(st.lists(arrays(float, 7, elements=numbers(-1e4, 1e4) | st.just(np.nan)), min_size=1, max_size=4))
def test_packed_numbers_come_back_within_half_a_step(columns: list[np.ndarray]) -> None:
    packer = Packer()
    places = [packer.add(column, 0.01) for column in columns]
    header, data = unpack(packer.pack({"places": places, "text": "</script>é"}))
    assert header == {"places": places, "text": "</script>é"}
    for place, column in zip(places, columns, strict=True):
        np.testing.assert_allclose(unpacked(place, data), column, atol=0.005 + 1e-9)


@few
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_sheets_have_names_that_excel_takes_and_none_twice(names: list[str]) -> None:
    empty = pd.DataFrame()
    found = [sheet.name for sheet in name_sheets([Sheet(name, empty, "", "") for name in names])]
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in found)
    folded = [name.casefold() for name in found]
    assert len(set(folded)) == len(folded)
    assert not {"history", "about"} & set(folded)


@few
@given(st.lists(st.sampled_from(LABELS), max_size=5))
def test_shortened_labels_are_told_apart_as_well_as_whole_ones(labels: list[str]) -> None:
    short, _ = shorten(labels)
    assert len(short) == len(labels)
    assert len(set(short)) >= len(set(labels)) or short == labels


@few
@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8))
def test_repeated_names_get_numbers(names: list[str]) -> None:
    assert len(set(unique(names))) == len(names)


@few
@given(TEXTS | st.text("<>&\"'/sciptmg!?a", max_size=30))
def test_texts_hold_nothing_that_opens_a_tag_or_ends_an_attribute(text: str) -> None:
    started: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: started.append(tag)  # type: ignore[method-assign]
    assert not set(inert(text)) & set("<>\"'")
    assert html.unescape(inert(text)) == text
    parser.feed(html.unescape(inert_name(text)))
    assert started == []
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@few
@given(arrays(float, 9, elements=numbers(-1e9, 1e9)))
def test_rounded_numbers_differ_by_less_than_their_digits(values: np.ndarray) -> None:
    np.testing.assert_allclose(
        np.array(significant(values), float), values, rtol=0.5 * 10.0 ** (1 - SIGNIFICANT)
    )


class Test:
    """What `call_genes` looks at."""

    __test__ = False

    def __init__(self, generator: np.random.Generator) -> None:
        self.estimate = generator.normal(0, 1.5, 60)
        self.p_value = generator.uniform(size=60) ** 4
        self.p_adjusted = np.minimum(1, 3 * self.p_value)
        self.p_value[:5] = self.p_adjusted[:5] = np.nan


@few
@given(generators(), numbers(0.001, 0.5), numbers(1, 4))
def test_stricter_rules_call_fewer_genes_and_never_others(
    generator: np.random.Generator, alpha: float, fold: float
) -> None:
    test = Test(generator)
    called = call_genes(test, CallRule(alpha, fold))  # type: ignore[arg-type]
    for rule in (CallRule(alpha / 2, fold), CallRule(alpha, fold * 1.5)):
        stricter = call_genes(test, rule)  # type: ignore[arg-type]
        changed = np.isin(stricter, ("up", "down"))
        assert (stricter[changed] == called[changed]).all()
    assert (test.estimate[called == "up"] >= np.log2(fold)).all()
    assert (test.estimate[called == "down"] <= -np.log2(fold)).all()


@few
@given(generators())
def test_genes_that_methods_call_are_those_of_either(generator: np.random.Generator) -> None:
    ids = [f"G{i}" for i in range(30)]
    same = {"log2_fold_change": 1.0, "p_value": 0.1, "p_adjusted": 0.2, "statistic": 1.0, "base_mean": 1.0}
    tables = [
        pd.DataFrame({"gene_id": ids, "gene_name": ids, "call": generator.choice(CALLS, 30)}).assign(**same)
        for _ in range(2)
    ]
    found = called_genes({"c": tables[0]}, {"c": tables[1]})
    calls = [dict(zip(ids, table["call"], strict=True)) for table in tables]
    either = {gene for gene in ids if {calls[0][gene], calls[1][gene]} != {"unchanged"}}
    assume(either)
    assert set(found["gene_id"]) == either
    for gene, by in zip(found["gene_id"], found["called_by"], strict=True):
        one, other = calls[0][gene], calls[1][gene]
        if "unchanged" in (one, other):
            assert by == ("limma" if one == "unchanged" else "deseq2")
        else:
            assert by == ("both" if one == other else "opposite")
