"""What came out: the first words of the report, calls per contrast, what may be claimed, and warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.design.study_design import Contrast
from rxpress.report.arms import arm_notes
from rxpress.report.array_quality import array_notes, array_words
from rxpress.report.calls import call_table, planned_contrasts
from rxpress.report.concordance import qpcr_words
from rxpress.report.dose import dose_words
from rxpress.report.markers import marker_words
from rxpress.report.misplaced import misplaced_notes
from rxpress.report.palette import CALLS as CALL_COLORS
from rxpress.report.pathways import pathway_words
from rxpress.report.results import SHOWN_CONTRASTS, Results, Study
from rxpress.report.section import Section, bullets, column, html_table, note, paragraphs, table, unique
from rxpress.report.topics import CALLS, CLAIMS, CONTRASTS, SUMMARY, WARNINGS

# MultiQC would let the tabs of many contrasts run out of the page, and greets with a link to a film.
STYLE = "<style>.dataset-switch-group {flex-wrap: wrap} #mqc_welcome {display: none !important}</style>"
QUICK_SCATTER = Path(__file__).with_name("quick_scatter.js")
ONLY_LINES = "Only a test over lines, which takes each line for one replicate, may name such a marker."
NO_TEST = "Nothing was tested"
SPEAKS_OF = {
    "these_lines": "these lines ({who}), not other lines like them",
    "class": "lines of this kind ({who}): each line is a replicate",
    "patients": "patients like these: each is a replicate",
    "these_samples": "these samples: the sheet names neither lines nor patients",
}


def summary_sections(results: Results) -> list[Section]:
    """Everything a reader wants to know first."""
    calls = call_table(results)
    if results.studies and not results.with_expression:
        return [_first_words(results, calls)]
    return [_first_words(results, calls), *_calls(results, calls), _claims(results, calls)]


def _first_words(results: Results, calls: pd.DataFrame) -> Section:
    points = [_sample_words(results)]
    for study in results.studies:
        prefix = f"{study.name}: " if len(results.studies) > 1 else ""
        said = [_study_words(study, calls[calls["study"] == study.name])] if study.of_expression else []
        said += (
            array_words(study)
            + dose_words(results, study)
            + marker_words(results, study)
            + pathway_words(results, study)
        )
        points += [prefix + text for text in said + qpcr_words(results, study)]
    noticed = len(_warnings(results))
    if noticed:
        points.append(f"{_count(noticed, 'warning or note', 'warnings and notes')} at the end of this page.")
    script = f"<script>\n{QUICK_SCATTER.read_text(encoding='utf-8')}</script>"
    return Section(SUMMARY, "html", STYLE + script + bullets(points))


def _sample_words(results: Results) -> str:
    """How many samples there are, of what, and how many of them were left out."""
    where = _count(len(results.studies), "study", "studies")
    samples = sum(len(study.samples) for study in results.studies)
    if results.studies and not samples:
        return f"{where} of viability alone."
    left_out = len(results.excluded) or "none"
    why = ", with the reason under Samples" if len(results.excluded) else ""
    by = "" if results.with_expression or not results.studies else ", by qPCR alone"
    return f"{_count(samples, 'sample', 'samples')} in {where}{by}; {left_out} left out of the tests{why}."


def _study_words(study: Study, calls: pd.DataFrame) -> str:
    if not study.tests:
        return f"{NO_TEST}: {study.untested_because}."
    tested = calls[calls["tested"].notna()]
    skipped = len(calls) - len(tested)
    responses = tested[(tested["scope"] != "class") & (tested["test"] == "wald")]
    responses = tested if responses.empty else responses
    strongest = responses.iloc[np.argmax(responses[["up", "down"]].to_numpy(float).sum(axis=1))]
    most = f"{strongest['up']:,.0f} genes up and {strongest['down']:,.0f} down"
    return (
        f"{_count(len(tested), 'contrast', 'contrasts')} tested"
        + (f", {skipped} not, for reasons given under What may be claimed" if skipped else "")
        + f". Most genes respond in “{strongest['label']}”: {most}"
        + (f", most surely {strongest['strongest']}." if strongest["strongest"] else ".")
    )


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _calls(results: Results, calls: pd.DataFrame) -> list[Section]:
    """A bar per contrast, and the same in numbers."""
    tested = calls[calls["tested"].notna()]
    if tested.empty:
        reasons = [f"{study.name}: {study.untested_because}." for study in results.with_expression]
        return [note(CALLS, " ".join([f"{NO_TEST}.", *(reasons or ["There is no study."])]))]
    several = len(results.studies) > 1
    pairs = zip(tested["study"], tested["label"], strict=True)
    tested = tested.assign(name=unique(f"{study}: {label}" if several else label for study, label in pairs))
    bars = Section(
        CALLS,
        "bargraph",
        tested.set_index("name")[["up", "down"]].astype(int).to_dict("index"),
        pconfig={"ylab": "genes", "sort_samples": False, "hide_zero_cats": False, "cpswitch": False},
        extra={"categories": {call: {"name": call, "color": CALL_COLORS[call]} for call in ("up", "down")}},
        tables={"calls": calls},
    )
    return [bars, _numbers(results, tested)]


def _numbers(results: Results, tested: pd.DataFrame) -> Section:
    whole = "{:,.0f}"
    beyond = f"Genes for which a change beyond {results.fold_change:g}-fold is itself significant"
    by_chance = "Genes that would have such a p-value if none changed; fewer of them change as much"
    agree = "Share of the average's lines that change in the same direction, median over called genes"
    columns = {
        "name": column("Contrast", "The question"),
        "tested": column("Tested", "Genes that were tested", whole),
        "up": column("Up", "Genes called up", whole, scale="Oranges", min=0),
        "down": column("Down", "Genes called down", whole, scale="Blues", min=0),
        "expected_false_positives": column("By chance", by_chance, whole),
        "beyond_fold_change": column(f"> {results.fold_change:g}-fold", beyond, whole),
        "lines_agree": column("Lines agree", agree, "{:.0%}"),
        "samples": column("Samples", "Samples that enter the contrast", whole),
        "strongest": column("Strongest", "Called genes of smallest p-value"),
        "id": column("Table", "Name of the gene table under differential/, without .tsv"),
    }
    unbroken = tested["strongest"].str.replace(" ", "\u00a0")
    shown = tested.assign(strongest=unbroken).dropna(axis="columns", how="all")
    return table(CONTRASTS, shown, "name", columns, {"calls": tested.drop(columns="name")})


def _claims(results: Results, calls: pd.DataFrame) -> Section:
    header = ["Study", "Contrast", "The p-values speak of", "Beyond the fold change", "Note"]
    planned = zip(planned_contrasts(results), calls.to_dict("records"), strict=True)
    rows = [_claim(results, study, contrast, row) for (study, contrast), row in planned]
    untested = [
        f"{s.name}: {NO_TEST.lower()}, {s.untested_because}." for s in results.with_expression if not s.tests
    ]
    first = 0 if len(results.studies) > 1 else 1
    shown = html_table(header[first:], [row[first:] for row in rows]) if rows else ""
    names = ["study", "contrast", "p_values_speak_of", "beyond_fold_change", "note"]
    tables = {"claims": pd.DataFrame(rows, columns=names)}
    return Section(CLAIMS, "html", paragraphs([*_rules(results), *untested]) + shown, tables=tables)


def _rules(results: Results) -> list[str]:
    alpha, fold = f"{results.alpha:g}", f"{results.fold_change:g}-fold"
    rule = "p-value" if results.raw_p_values else "p-value, adjusted within the contrast,"
    rules = [
        f"A gene is called when its {rule} is below {alpha} and its estimated change is at least {fold}. "
        "That says that the gene changes, not that it changes so much: how sure it is that a change exceeds "
        f"{fold} stands in the column p_adjusted_threshold of the gene tables.",
    ]
    scopes = {contrast.scope for study, contrast in planned_contrasts(results) if contrast.id in study.tests}
    if "these_lines" in scopes:
        rules.append(
            "Replicates of a cell line show how reproducible that line is; they are no sample of lines. From "
            "them alone, no gene may be called a marker of sensitive or resistant lines in general. "
            + (ONLY_LINES if "class" in scopes else f"{ONLY_LINES} It needs three lines on each side.")
        )
    if any(contrast.test == "lrt" for _, contrast in planned_contrasts(results)):
        rules.append(
            "A joint test asks whether any of several effects differs from zero; up and down go by the "
            "largest of them, which the column largest names."
        )
    if results.raw_p_values:
        rules.append(
            "With --p_value raw, p-values are not adjusted for testing many genes: if no gene changed, "
            f"{100 * results.alpha:g} % of all tested genes would still have a p-value below {alpha}."
        )
    return rules


def _claim(results: Results, study: Study, contrast: Contrast, row: dict[Any, Any]) -> list[str]:
    if contrast.id not in study.tests:
        why = contrast.reason or study.untested_because
        return [study.name, contrast.label, "nothing: it was not tested", "", why]
    speaks = SPEAKS_OF.get(contrast.scope, contrast.scope).format(who=_who(study, contrast))
    counts = {name: int(row[name]) for name in ("up", "down", "tested")}
    asked = "not asked" if pd.isna(row["beyond_fold_change"]) else f"{row['beyond_fold_change']:,.0f}"
    beyond = f"{asked} of {counts['up'] + counts['down']:,} called genes"
    agree = row["lines_agree"]
    notes = [] if pd.isna(agree) else [f"lines that change in the same direction: {agree:.0%}, typically"]
    if contrast.scope == "class" and contrast.kind != "drug":
        notes.insert(0, "called genes may be called markers")
    if results.raw_p_values:
        chance = row["expected_false_positives"]
        notes.append(f"up to {chance:,.0f} of {counts['tested']:,} genes pass the p-value by chance")
    return [study.name, contrast.label, speaks, beyond, "; ".join(notes)]


def _who(study: Study, contrast: Contrast) -> str:
    """The lines of a contrast, for an average by side: `sensitive: MM.1S; resistant: SUDHL-4, KMS-11`."""
    sides: dict[str, list[str]] = {}
    for part in contrast.lines:
        sides.setdefault(part.side, []).append(part.line)
    if sides:
        return "; ".join(f"{side}: {', '.join(lines)}" for side, lines in sides.items())
    used = study.samples[study.samples["sample"].isin(contrast.samples)]
    return ", ".join(used["cell_line"].dropna().astype(str).unique()) if "cell_line" in used else ""


def warning_sections(results: Results) -> list[Section]:
    """What was noticed on the way and did not stop the run."""
    rows = _warnings(results)
    if not rows:
        return [note(WARNINGS, "There is none.")]
    frame = pd.DataFrame(rows, columns=["study", "noticed_in", "what"])
    body = html_table(["Study", "Noticed in", "What"], rows)
    return [Section(WARNINGS, "html", body, tables={"warnings": frame})]


def _misplaced(study: Study) -> list[str]:
    """Samples that may be swapped, or in the study twice."""
    if study.log2 is None or "condition" not in study.samples:
        return []
    conditions = study.samples.set_index("sample")["condition"].astype(str)
    names = study.log2.samples
    return misplaced_notes(names, conditions.reindex(names).astype(str).tolist(), study.log2.values)


def _warnings(results: Results) -> list[tuple[str, str, str]]:
    """Study (or ''), where it was noticed, and the text."""
    found = [("", "input", str(text)) for text in results.plan.get("warnings", [])]
    found += [("", "dose–response", str(text)) for text in results.findings.dose.done.get("warnings", [])]
    found += [("", "reads", f"{s['sample']}: {s['warning']}") for s in results.statuses if s.get("warning")]
    for study in results.studies:
        found += [(study.name, "contrasts", text) for text in (study.design.notes if study.design else ())]
        found += [(study.name, "tests", str(text)) for text in study.fit.get("warnings", [])]
        found += [(study.name, "expression", text) for text in _misplaced(study)]
        found += [(study.name, "arrays", text) for text in array_notes(study)]
        found += [(study.name, "interpretation", text) for text in results.findings.notes(study.name)]
        for arm, noticed_in in ((results.findings.dose, "dose–response"), (results.findings.qpcr, "qPCR")):
            found += [(study.name, noticed_in, text) for text in arm_notes(arm, study.name)]
        more = len(study.tested) - SHOWN_CONTRASTS
        if more > 0:
            text = f"plots show the first {SHOWN_CONTRASTS} contrasts; {more} more have their tables only"
            found.append((study.name, "report", text))
    return found
