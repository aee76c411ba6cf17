"""Lines, patients, parents and responses of any study: what order and names must not matter, definitions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from input_files import SCHEMAS
from properties import few, generators
from study_sheets import sheet

from rxpress.contrasts import plan_study
from rxpress.design.conditions import id_part
from rxpress.design.responses import RESPONSES, fill_responses, unit_responses
from rxpress.design.study_design import StudyDesign
from rxpress.dose_response.labels import GAP, LEAST_LINES, LineIc50, label_by_gap, label_by_threshold
from rxpress.errors import InputError, Problems
from rxpress.samplesheet import Row, Sample, check_parents

LINES = ("A", "B", "C", "D", "E")
ANSWERS = st.sampled_from(["", *RESPONSES])
NAMES = st.text("abcXYZ019 -_.é", min_size=1, max_size=6).map("p{}q".format)


def shuffled(samples: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    return samples.iloc[generator.permutation(len(samples))].reset_index(drop=True)


def content(design: StudyDesign, names: Mapping[str, str] | None = None) -> dict[str, object]:
    """What a design says, without the order it says it in; samples called by their `names`."""
    known = names or {}
    contrasts = {
        c.id: (c.label, dict(c.weights), {known.get(s, s) for s in c.samples}, c.test, c.status, c.scope)
        for c in design.contrasts
    }
    models = {
        m.name: (
            {known.get(sample, sample): condition for sample, condition in m.conditions.items()},
            {known.get(s, s): {known.get(one, one) for one in many} for s, many in m.libraries.items()},
            m.covariates,
            m.paired,
        )
        for m in design.models
    }
    return {"contrasts": contrasts, "models": models, "conditions": set(design.conditions)}


# Parents


def by_walk(parents: Mapping[str, str]) -> bool:
    """Whether someone who goes from a line to its parent, and on, comes back to where he has been."""
    for start in parents:
        line, steps = start, 0
        while line in parents and steps <= len(parents):
            line, steps = parents[line], steps + 1
        if steps > len(parents):
            return True
    return False


def family(parents: Mapping[str, str]) -> pd.DataFrame:
    samples = sheet(dict.fromkeys(LINES, ""), replicates=2)
    return samples.assign(parent=samples["cell_line"].map(dict(parents)))


PARENTS = st.dictionaries(st.sampled_from(LINES), st.sampled_from(LINES), max_size=5)


@few
@given(PARENTS)
@example({"A": "B", "B": "A"})
@example({"A": "B", "B": "C", "C": "B"})
def test_parents_are_refused_where_a_walk_from_child_to_parent_comes_back(parents: dict[str, str]) -> None:
    if by_walk(parents):
        with pytest.raises(InputError) as error:
            plan_study(family(parents), "DMSO")
        assert {problem.column for problem in error.value.problems} == {"parent"}
        return
    found = [c for c in plan_study(family(parents), "DMSO").contrasts if c.kind == "acquired"]
    assert {c.id: dict(c.weights) for c in found if len(c.weights) == 2} == {
        f"acquired.{line}": {f"{line}.DMSO.24h": 1, f"{parent}.DMSO.24h": -1}
        for line, parent in parents.items()
    }


@few
@given(PARENTS.filter(lambda parents: not by_walk(parents)), generators())
def test_parents_say_the_same_in_any_order_of_rows_and_in_one_row_of_a_line(
    parents: dict[str, str], generator: np.random.Generator
) -> None:
    samples = family(parents)
    once = samples.assign(parent=samples["parent"].where(~samples["cell_line"].duplicated()))
    found = content(plan_study(samples, "DMSO"))
    for other in (shuffled(samples, generator), shuffled(once, generator)):
        assert content(plan_study(other, "DMSO")) == found


@few
@given(st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(LINES), st.sampled_from("xy")), min_size=1))
def test_a_parent_of_no_line_is_told_once_and_one_of_another_study_warned_of(
    rows: list[tuple[str, str, str]],
) -> None:
    cells = [dict(zip(("cell_line", "parent", "study"), row, strict=True)) for row in rows]
    samples = [Sample(f"s{i}", (Row(i + 2, cell),), cell) for i, cell in enumerate(cells)]
    problems = Problems()
    check_parents(samples, SCHEMAS.sheet, "samples.csv", problems)
    lines = {line for line, _, _ in rows}
    pairs = {(study, parent) for _, parent, study in rows}
    unknown = {(study, parent) for study, parent in pairs if parent not in lines}
    apart = {
        (study, parent)
        for study, parent in pairs - unknown
        if not any(line == parent and other == study for line, _, other in rows)
    }
    assert sorted(p.what for p in problems.found) == sorted(
        f"no sample has the cell line '{parent}'" for _, parent in unknown
    )
    assert sorted(p.what for p in problems.warnings) == sorted(
        f"'{parent}' is no cell line of study '{study}'" for study, parent in apart
    )


# Patients


def cohort(answers: list[str], generator: np.random.Generator) -> pd.DataFrame:
    """Patients under drug and vehicle, some halves in two libraries, a fifth of the libraries missing."""
    patients = {f"p{i}": answer for i, answer in enumerate(answers)}
    samples = sheet(patients, replicates=2).rename(columns={"cell_line": "patient"})
    return samples[generator.random(len(samples)) < 0.8].reset_index(drop=True)


@few
@given(st.lists(ANSWERS, min_size=2, max_size=7), generators())
def test_a_study_of_patients_does_not_see_the_order_of_rows(
    answers: list[str], generator: np.random.Generator
) -> None:
    samples = cohort(answers, generator)
    assert content(plan_study(shuffled(samples, generator), "DMSO")) == content(plan_study(samples, "DMSO"))


@few
@given(
    st.lists(ANSWERS, min_size=2, max_size=7),
    st.lists(NAMES, min_size=7, max_size=7, unique_by=id_part),
    generators(),
)
def test_a_study_of_patients_does_not_see_what_they_are_called(
    answers: list[str], called: list[str], generator: np.random.Generator
) -> None:
    samples = cohort(answers, generator)
    other = samples.assign(patient=samples["patient"].map({f"p{i}": name for i, name in enumerate(called)}))
    ids = {
        f"{id_part(name)}.{half}": f"p{i}.{half}"
        for i, name in enumerate(called)
        for half in ("DMSO.24h", "bortezomib.20nM.24h")
    }
    assert content(plan_study(other, "DMSO"), ids) == content(plan_study(samples, "DMSO"))


@few
@given(st.lists(ANSWERS, min_size=2, max_size=7), generators())
def test_pairs_are_the_patients_with_both_halves_and_each_library_counts_once(
    answers: list[str], generator: np.random.Generator
) -> None:
    samples = cohort(answers, generator)
    design = plan_study(samples, "DMSO")
    halves = samples.groupby("patient")["treatment"].agg(set)
    both = {patient for patient, seen in halves.items() if len(seen) == 2}
    for model in design.models:
        libraries = [one for many in model.libraries.values() for one in many]
        assert len(libraries) == len(set(libraries))
        assert set(libraries) <= set(samples["sample"])
        if model.name == "pairs.bortezomib":
            assert {sample.split(".")[0] for sample in model.conditions} == both
            assert set(libraries) == set(samples.loc[samples["patient"].isin(both), "sample"])


# Responses


@few
@given(st.lists(ANSWERS, min_size=5, max_size=5), st.lists(ANSWERS, min_size=5, max_size=5), generators())
def test_the_sheet_speaks_first_and_labels_where_it_is_silent_in_any_order(
    told: list[str], labelled: list[str], generator: np.random.Generator
) -> None:
    samples = sheet(dict(zip(LINES, told, strict=True)), replicates=2)
    labels = pd.DataFrame({"cell_line": LINES, "response": [one or None for one in labelled]})
    labels = labels.assign(study="study", treatment="bortezomib", ic50_nM=generator.uniform(1, 90, 5))
    filled, notes = fill_responses(
        shuffled(samples, generator), labels.iloc[generator.permutation(5)], "DMSO"
    )
    expected = {
        line: own or label for line, own, label in zip(LINES, told, labelled, strict=True) if own or label
    }
    assert unit_responses(filled, "DMSO") == {"DMSO": expected, "bortezomib": expected}
    source = dict(zip(filled["cell_line"], filled["response_source"], strict=True))
    assert source == {
        line: "sheet" if own else "ic50" if label else "none"
        for line, own, label in zip(LINES, told, labelled, strict=True)
    }
    contradicted = sum(
        bool(own and label and own != label) for own, label in zip(told, labelled, strict=True)
    )
    assert sum(map(len, notes.values())) == contradicted
    ic50 = labels.set_index("cell_line")["ic50_nM"]
    np.testing.assert_array_equal(filled["ic50_nM"], ic50[filled["cell_line"]])


def ic50s(generator: np.random.Generator, count: int) -> list[LineIc50]:
    """Lines in two groups, some beyond the doses (1 to 100 nM) and some not determined; powers of two."""
    lines = []
    for i in range(count):
        ic50 = float(2.0 ** generator.integers(-2, 9))
        spread = float(2.0 ** generator.integers(0, 3))
        above, below = ic50 > 100, ic50 < 1
        value = 100.0 if above else 1.0 if below else ic50
        lower, upper = (100.0 if above else value / spread), (np.inf if above else value * spread)
        if generator.random() < 0.1:
            value, above, below = np.nan, False, False
        text = f">{value:g}" if above else f"<{value:g}" if below else f"{value:g}"
        lines.append(LineIc50(f"line{i}", value, lower, upper, above, below, text, value, 72.0))
    return lines


def times(lines: list[LineIc50], unit: float) -> list[LineIc50]:
    return [
        LineIc50(
            n.line, n.value * unit, n.lower * unit, n.upper * unit, n.above, n.below, n.text, n.ic50, n.time
        )
        for n in lines
    ]


@few
@given(generators(), st.sampled_from([0.5, 1, 2, 3, 20, 64, 99, 100, 101, 300]), st.integers(-6, 6))
def test_a_threshold_parts_lines_as_far_as_the_doses_tell_in_any_unit(
    generator: np.random.Generator, threshold: float, power: int
) -> None:
    lines = ic50s(generator, 12)
    found = [verdict.response for verdict in label_by_threshold(lines, threshold)[0]]
    for line, response in zip(lines, found, strict=True):
        # What the true IC50 can be, given what was seen of it.
        lowest = line.value if not line.below else 0.0
        highest = line.value if not line.above else np.inf
        sure_sensitive, sure_resistant = highest <= threshold, lowest > threshold
        sure_resistant |= line.above and line.value >= threshold
        expected = "sensitive" if sure_sensitive else "resistant" if sure_resistant else None
        assert response == expected, line
    unit = 2.0**power
    other = label_by_threshold(times(lines, unit), threshold * unit)[0]
    assert [verdict.response for verdict in other] == found


@few
@given(generators(), st.integers(2, 12), st.integers(-6, 6))
def test_a_gap_parts_lines_as_trying_every_split_does_in_any_unit_and_order(
    generator: np.random.Generator, count: int, power: int
) -> None:
    lines = ic50s(generator, count)
    known = [line for line in lines if not np.isnan(line.value)]
    splits = []
    for bound in known:  # the upper side: this line and all that lie as high or higher
        low = [n for n in known if (n.above, n.value) < (bound.above, bound.value)]
        high = [n for n in known if n not in low]
        if min(len(low), len(high)) >= LEAST_LINES and not any(n.above for n in low):
            width = min(n.value for n in high) / max(n.value for n in low)
            if width > GAP and all(one.upper < other.lower for one in low for other in high):
                splits.append((width, {n.line for n in low}))
    widest = max((width for width, _ in splits), default=0)
    allowed = [low for width, low in splits if width == widest]
    verdicts, note = label_by_gap(lines)
    sensitive = {n.line for n, v in zip(lines, verdicts, strict=True) if v.response == "sensitive"}
    resistant = {n.line for n, v in zip(lines, verdicts, strict=True) if v.response == "resistant"}
    assert bool(note) == (not allowed)
    assert (sensitive in allowed) if allowed else not sensitive
    assert resistant == ({n.line for n in known} - sensitive if allowed else set())
    order = generator.permutation(count)
    unit = 2.0**power
    other = label_by_gap(times([lines[i] for i in order], unit))[0]
    assert [v.response for v in other] == [verdicts[i].response for i in order]
