"""qPCR: fold changes of targets, and the reference genes and technical replicates behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import listing
from rxpress.report.arms import arm_notes
from rxpress.report.figures import embedded
from rxpress.report.findings import in_order, of_study
from rxpress.report.markers import SCOPES
from rxpress.report.qpcr_figures import Changes, draw_fold_changes
from rxpress.report.results import SHOWN_CONTRASTS, Results, Study
from rxpress.report.section import Section, column, note, paragraphs, table, unique
from rxpress.report.topics import QPCR

MOST_ROWS = 300
NAMED_TARGETS = 8  # in a sentence
MOST_TARGETS = 60  # in a figure
# Whom the p-values of a test on ΔCt speak of, where the design does not say.
SPEAKS_OF = {"welch": "these_samples", "paired": "patients", "lines": "class", "none": ""}


def qpcr_sections(results: Results) -> list[Section]:
    """Per study: fold changes in a picture and in numbers, reference genes, replicates that were flagged."""
    sections: list[Section] = []
    for study in results.studies:
        changes = of_study(results.findings.qpcr.fold_changes, study.name)
        if len(changes):
            sections += [_fold_changes(results, study, changes), _numbers(results, study, changes)]
        elif results.findings.qpcr.study(study.name):
            sections.append(_without_contrasts(results, study))
        sections += [*_references(results, study), *_replicates(results, study)]
    return sections


def contrast_labels(results: Results, study: Study, contrasts: Iterable[str]) -> dict[str, str]:
    """{id: label} of the contrasts that are shown, tests over lines last; of many, averages stay."""
    told: dict[str, str] = dict(results.findings.qpcr.study(study.name).get("labels", {}))
    own = study.design.contrasts if study.design else ()
    labels = told | {contrast.id: contrast.label for contrast in own}
    averages = {contrast.id for contrast in own if contrast.lines}
    ordered = sorted(dict.fromkeys(contrasts), key=lambda id: id.endswith(".class"))
    first = sorted(ordered, key=lambda id: id not in averages)[:SHOWN_CONTRASTS]
    ids = [id for id in ordered if id in first]
    return dict(zip(ids, unique(labels.get(id, id) for id in ids), strict=True))


def change_words(results: Results, study: Study, changes: pd.DataFrame) -> str:
    contrast = most_telling(results, study, changes["contrast"])
    rows = changes[changes["contrast"] == contrast]
    label = contrast_labels(results, study, [contrast])[contrast]
    sure = rows[rows["p_adjusted"] < results.alpha].sort_values("p_value", kind="stable")
    names = [
        f"{row['target']} {row['fold_change']:.3g}-fold" if row["fold_change"] >= 1
        else f"{row['target']} {1 / row['fold_change']:.3g}-fold down"
        for row in sure.to_dict("records")
    ]  # fmt: skip
    if rows["p_value"].isna().all():
        return f"qPCR of {len(rows)} targets: “{label}” has fold changes, but no test ({_reason(rows)})."
    told = f": {listing(names, NAMED_TARGETS)}" if names else ""
    counted = f"{len(sure)} of {len(rows)} targets change in “{label}”"
    return f"qPCR: {counted} (adjusted p < {results.alpha:g}){told}."


def _reason(rows: pd.DataFrame) -> str:
    reasons = [note for note in in_order(rows["note"]) if note]
    return reasons[0] if reasons else "no replicates"


def most_telling(results: Results, study: Study, contrasts: Iterable[str]) -> str:
    """The contrast that speaks for the study: the drug's effect on most samples, where there is one."""
    ids = list(dict.fromkeys(contrasts))
    widest = study.widest(ids)
    if widest:
        return widest.id
    changes = of_study(results.findings.qpcr.fold_changes, study.name)
    samples = changes.assign(n=changes["samples_up"] + changes["samples_down"]).groupby("contrast")["n"].max()
    return max(ids, key=lambda id: (id.startswith("drug."), not id.endswith(".class"), samples.get(id, 0)))


def drawn_changes(results: Results, study: Study) -> tuple[list[str], list[Changes]]:
    """The targets and contrasts of a study that are drawn."""
    changes = of_study(results.findings.qpcr.fold_changes, study.name)
    if not len(changes):
        return [], []
    targets = in_order(changes["target"])[:MOST_TARGETS]
    drawn = []
    for id, label in contrast_labels(results, study, changes["contrast"]).items():
        own = changes[changes["contrast"] == id].set_index("target").reindex(targets)
        lfc, lower, upper = own[["log2_fold_change", "lfc_lower", "lfc_upper"]].to_numpy(float).T
        drawn.append(Changes(label, lfc, lower, upper, own["p_adjusted"].to_numpy(float) < results.alpha))
    return targets, drawn


def _fold_changes(results: Results, study: Study, changes: pd.DataFrame) -> Section:
    targets, drawn = drawn_changes(results, study)
    title = f"{study.name}: qPCR" if len(results.studies) > 1 else "qPCR"
    body = paragraphs([_measured(results, study)])
    body += embedded(draw_fold_changes(targets, drawn, title), f"qPCR fold changes of {study.name}")
    every = changes["contrast"].nunique()
    rest = f" {len(drawn)} of {every} contrasts are drawn." if len(drawn) < every else ""
    if len(targets) < changes["target"].nunique():
        rest += f" The first {len(targets)} of {changes['target'].nunique()} targets are drawn."
    detail = (
        "log2 fold change of each target with its 95 % interval (Student's t on ΔCt, one value per sample); "
        f"filled: adjusted p below {results.alpha:g}.{rest} Numbers: qpcr/fold_changes.tsv; for papers: "
        f"figures/qpcr_{study.name}."
    )
    return Section(QPCR, "html", body, results.part("Fold changes", "changes", study), detail)


def _measured(results: Results, study: Study) -> str:
    """What was measured, and how far it could be used."""
    told = results.findings.qpcr.study(study.name)
    if not told:
        return ""
    silent = [f"{target} in {len(samples)}" for target, samples in told.get("not_detected", {}).items()]
    parts = [
        f"{len(told.get('targets', []))} targets in {len(told.get('samples', []))} samples, relative to "
        f"{listing(told.get('reference_genes', []))}",
        f"{told.get('wells_used', 0):,} of {told.get('wells', 0):,} wells were used",
        *([f"not detected: {listing(silent)} samples"] if silent else []),
    ]
    return "; ".join(parts) + "."


def _without_contrasts(results: Results, study: Study) -> Section:
    reasons = list(arm_notes(results.findings.qpcr, study.name))
    text = " ".join(["There is no fold change: no contrast could be estimated.", *reasons])
    return note(QPCR, text, results.part("Fold changes", "changes", study))


def _numbers(results: Results, study: Study, changes: pd.DataFrame) -> Section:
    labels = all_labels(results, study)
    scopes = {contrast.id: contrast.scope for contrast in (study.design.contrasts if study.design else ())}
    first = changes.head(MOST_ROWS)
    rows = first.to_dict("records")
    speaks_of = SPEAKS_OF | ({"welch": "these_lines"} if _has_lines(study) else {})
    speaks = [scopes.get(r["contrast"]) or speaks_of.get(r["test"], "") for r in rows]
    shown = first.assign(
        number=range(1, len(first) + 1),
        label=[labels.get(row["contrast"], row["contrast"]) for row in rows],
        fold=[with_limits(row["fold_change"], row["fold_lower"], row["fold_upper"]) for row in rows],
        samples=[f"{row['samples_up']:g} · {row['samples_down']:g}" for row in rows],
        scope=[
            "" if row["test"] == "none" else SCOPES.get(s, s) for row, s in zip(rows, speaks, strict=True)
        ],
    )
    columns = _number_columns(first["log2_fold_change"])
    if not shown["note"].any():
        columns.pop("note")
    rest = f" The first {len(first)} of {len(changes)} rows." if len(first) < len(changes) else ""
    heading = results.part("Fold changes in numbers", "numbers", study)
    detail = f"A row per contrast and target.{rest} Numbers: qpcr/fold_changes.tsv."
    return table(QPCR, shown, "number", columns, {}, heading, detail)


def _number_columns(changes: pd.Series) -> dict[str, dict[str, Any]]:
    """Columns of the fold changes; `changes`, log2, give the ends of their colour scale."""
    largest = float(np.nan_to_num(changes.abs()).max(initial=0)) or 1.0
    return {
        "number": column("No.", "By contrast, in the order of the table"),
        "target": column("Target", "Gene, called as in the table of Ct values"),
        "label": column("Contrast", "What is compared"),
        "log2_fold_change": column(
            "log2 FC", "−ΔΔCt", "{:+.2f}", scale="RdYlBu-rev", min=-largest, max=largest
        ),
        "fold": column("Fold change [95 %]", "With its 95 % interval"),
        "p_value": column("p-value", "Of no change", "{:.1e}", hidden=True),
        "p_adjusted": column("Adjusted p", "Over the targets of the contrast", "{:.1e}"),
        "samples": column(
            "Samples", "That count up · that count down; pairs, or lines, where these are compared"
        ),
        "test": column("Test", "Of ΔCt: Welch, paired, or over lines"),
        "scope": column("Speaks of", "Whom the p-value speaks of"),
        "method": column("Method", "ddct: doubling in each cycle; pfaffl: with efficiencies", hidden=True),
        "note": column("Note", "Why there is no estimate or no test, where the target was not detected"),
    }


def _has_lines(study: Study) -> bool:
    return "cell_line" in study.samples and bool(study.samples["cell_line"].notna().any())


def all_labels(results: Results, study: Study) -> dict[str, str]:
    told: dict[str, str] = dict(results.findings.qpcr.study(study.name).get("labels", {}))
    return told | {
        contrast.id: contrast.label for contrast in (study.design.contrasts if study.design else ())
    }


def with_limits(value: float, lower: float, upper: float) -> str:
    """`2.1 [1.4, 3.2]`, without an interval where there is none."""
    if not np.isfinite(value):
        return ""
    return f"{value:.3g} [{lower:.3g}, {upper:.3g}]" if np.isfinite(lower) else f"{value:.3g}"


def reference_rows(references: pd.DataFrame) -> pd.DataFrame:
    """A row per reference gene: `gene samples m`, `shift` and `contrast` of its largest move, warnings.

    It moves relative to the other references or, where it is the only one, by its own Ct.
    """
    rows = []
    for gene, own in references.groupby("gene", sort=False):
        alone = own["relative_shift"].isna().all()
        shifts = own["shift" if alone else "relative_shift"].to_numpy(float)
        at = int(np.argmax(np.nan_to_num(np.abs(shifts), nan=-1.0)))
        warnings = list(dict.fromkeys(text for text in [own["warning"].iloc[at], *own["warning"]] if text))
        more = f" (and {len(warnings) - 1} more under Warnings and notes)" if len(warnings) > 1 else ""
        first = own.iloc[0]
        row = {"gene": gene, "samples": first["samples"], "m": first["m"], "shift": shifts[at]}
        rows.append(row | {"contrast": own["contrast"].iloc[at], "warning": "".join(warnings[:1]) + more})
    return pd.DataFrame(rows)


def _references(results: Results, study: Study) -> Iterator[Section]:
    references = of_study(results.findings.qpcr.references, study.name)
    if not len(references):
        return
    labels = all_labels(results, study)
    shown = reference_rows(references)
    shown = shown.assign(contrast=shown["contrast"].map(lambda id: labels.get(id, id)))
    alone = len(shown) < 2
    moved = "Largest shift of its Ct in a contrast, cycles" + ("" if alone else ", relative to the others")
    columns = {
        "gene": column("Reference gene", "To which targets are related"),
        "samples": column("Samples", "With a Ct of it", "{:,.0f}"),
        "m": column(
            "M", "geNorm's: SD of log2 ratios to the other references; above 0.5 it is not stable", "{:.2f}"
        ),
        "shift": column("Largest shift", moved, "{:+.2f}"),
        "contrast": column("in", "The contrast of the largest shift"),
        "warning": column("Warning", "Not stable, or moves with what is compared"),
    }
    if not shown["warning"].any():
        columns.pop("warning")
    why = "With one reference gene nobody can tell whether it is stable (no M). " if alone else ""
    detail = (
        f"{why}A reference that moves with the treatment shifts every fold change; a shift of half a cycle "
        "with a small p gets a warning, and so does M above 0.5. Numbers: qpcr/references.tsv."
    )
    yield table(
        QPCR, shown, "gene", columns, {}, results.part("Reference genes", "references", study), detail
    )


def _replicates(results: Results, study: Study) -> Iterator[Section]:
    """Technical replicates that were flagged; no section where there are none."""
    replicates = of_study(results.findings.qpcr.replicates, study.name)
    flagged = replicates[replicates["flag"] != ""] if len(replicates) else replicates
    if not len(flagged):
        return
    first = flagged.sort_values("sd_ct", ascending=False, kind="stable").head(MOST_ROWS)
    shown = first.assign(number=range(1, len(first) + 1))
    columns = {
        "number": column("No.", "The widest spread first"),
        "sample": column("Sample", "As in the table of Ct values"),
        "target": column("Target", "Or reference gene"),
        "mean_ct": column("Mean Ct", "Of the wells with a Ct", "{:.2f}"),
        "sd_ct": column("SD", "Of the wells with a Ct", "{:.2f}"),
        "wells": column("Wells", "With a Ct", "{:,.0f}"),
        "wells_without_ct": column("Without Ct", "Undetermined, or Ct above --max_ct", "{:,.0f}"),
        "flag": column("Flag", "What to beware of"),
        "outlying": column("Outlying", "The well farthest from the median; none was removed"),
    }
    rest = f" The first {len(first)} of {len(flagged)}." if len(first) < len(flagged) else ""
    detail = (
        "Wells of one sample and target that spread beyond --max_ct_sd, or lack a Ct; none was removed."
        f"{rest} Numbers: qpcr/replicates.tsv, well by well: qpcr/wells.tsv."
    )
    heading = results.part("Technical replicates", "replicates", study)
    yield table(QPCR, shown, "number", columns, {}, heading, detail)
