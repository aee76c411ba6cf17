"""qPCR beside expression: which fold changes are confirmed, which contradicted, and how far both agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rxpress.cells import listing
from rxpress.report.figures import embedded
from rxpress.report.findings import in_order, of_study
from rxpress.report.matrix import Cell, Row, cells, key, matrix
from rxpress.report.palette import CONCORDANCE as VERDICTS
from rxpress.report.palette import CONCORDANCE_BADGES
from rxpress.report.qpcr import (
    MOST_ROWS,
    NAMED_TARGETS,
    all_labels,
    change_words,
    contrast_labels,
    most_telling,
    with_limits,
)
from rxpress.report.qpcr_figures import Pairs, draw_concordance
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, colored_words, column, folded, paragraphs, table
from rxpress.report.topics import CONCORDANCE

FIRST = ("contradicted", "confirmed", "inconclusive", "no change", "")
LIMITS = ("log2_fold_change", "lfc_lower", "lfc_upper")
NO_PAIR = "No target has a fold change in both qPCR and expression."


def concordance_sections(results: Results) -> list[Section]:
    """Agreement by contrast, then per study of Ct values: pictures, verdicts gene by gene, numbers."""
    sections = list(_agreement(results))
    for study in results.studies:
        pairs = of_study(results.findings.qpcr.concordance, study.name)
        if len(pairs):
            sections += [
                _side_by_side(results, study, pairs),
                _gene_by_gene(results, study, pairs),
                _numbers(results, study, pairs),
            ]
    return sections


def by_expression(study: Study, pairs: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each study whose expression qPCR is held against, its own first."""
    others = in_order(pairs["expression_study"]) if len(pairs) else []
    names = sorted(others, key=lambda name: name != study.name)
    return [(name, pairs[pairs["expression_study"] == name]) for name in names]


def qpcr_words(results: Results, study: Study) -> list[str]:
    """For the first words of the report: what qPCR says of expression or, without it, what changed."""
    qpcr = results.findings.qpcr
    pairs, changes = of_study(qpcr.concordance, study.name), of_study(qpcr.fold_changes, study.name)
    if not len(pairs):
        return [change_words(results, study, changes)] if len(changes) else []
    contrast = most_telling(results, study, pairs["contrast"])
    label = contrast_labels(results, study, [contrast])[contrast]
    own = pairs[pairs["contrast"] == contrast]
    parts = []
    for of, rows in by_expression(study, own):
        whose = "" if of == study.name else f"beside the expression of {of}, "
        parts.append(whose + _counted(rows))
    return [f"qPCR beside expression in “{label}”: {'; '.join(parts)}."]


def _counted(rows: pd.DataFrame) -> str:
    """`5 of 6 targets confirmed, 1 inconclusive, none contradicted`."""
    count = rows["verdict"].value_counts()
    against = list(rows.loc[rows["verdict"] == "contradicted", "target"])
    words = [f"{count.get('confirmed', 0)} of {len(rows)} targets confirmed"]
    words += [f"{count[word]} {word}" for word in ("no change", "inconclusive") if word in count]
    words += [f"{count['']} without a verdict"] if "" in count else []
    names = f"{len(against)} contradicted ({listing(against, NAMED_TARGETS)})" if against else ""
    return ", ".join([*words, names or "none contradicted"])


def concordance_name(study: Study, of: str) -> str:
    """The name of a figure: the study, and whose expression it is held against if that is another."""
    return study.name if of == study.name else f"{study.name}_{of}"


def drawn_pairs(results: Results, study: Study, of: str, pairs: pd.DataFrame) -> list[Pairs]:
    """What is drawn of the agreement with one study's expression, a panel per contrast."""
    agreement = results.findings.qpcr.agreement
    drawn = []
    for id, label in contrast_labels(results, study, pairs["contrast"]).items():
        own = pairs[pairs["contrast"] == id]
        qpcr, expression = (
            own[[f"{assay}_{name}" for name in LIMITS]].to_numpy(float) for assay in ("qpcr", "expression")
        )
        if not np.isfinite(qpcr[:, 0] + expression[:, 0]).any():
            continue
        of_contrast = of_study(agreement, study.name)
        row = of_contrast[(of_contrast["expression_study"] == of) & (of_contrast["contrast"] == id)]
        said = _agreement_words(row.iloc[0]) if len(row) else ""
        drawn.append(Pairs(label, list(own["target"]), qpcr, expression, list(own["verdict"]), said))
    return drawn


def _agreement_words(row: Mapping[Any, Any] | pd.Series) -> str:
    """`6 of 6 same direction`, and Lin's concordance where it is known."""
    words = f"{row['same_direction']:.0f} of {row['genes']:.0f} same direction"
    return words + (f"\nLin's concordance {row['lin_ccc']:.2f}" if np.isfinite(row["lin_ccc"]) else "")


def concordance_figure(results: Results, study: Study, of: str, drawn: list[Pairs]) -> Figure:
    """The figure of `drawn_pairs`."""
    title = "qPCR beside expression" + ("" if of == study.name else f" of {of}")
    title = f"{study.name}: {title}" if len(results.studies) > 1 else title
    return draw_concordance(drawn, title, ("log2 fold change of expression", "log2 fold change by qPCR"))


def _folded(study: Study, bodies: Mapping[str, str]) -> str:
    """What is shown per study of expression: the first in full, others at a click."""
    names = {of: "its own expression" if of == study.name else f"expression of {of}" for of in bodies}
    if list(bodies) == [study.name]:
        return bodies[study.name]
    return "".join(folded(names[of], body, i == 0) for i, (of, body) in enumerate(bodies.items()))


def _side_by_side(results: Results, study: Study, pairs: pd.DataFrame) -> Section:
    bodies = {}
    for of, own in by_expression(study, pairs):
        drawn = drawn_pairs(results, study, of, own)
        name = f"qPCR of {study.name} beside expression of {of}"
        figure = embedded(concordance_figure(results, study, of, drawn), name) if drawn else ""
        bodies[of] = figure or paragraphs([NO_PAIR])
    detail = (
        "A point per target, with both 95 % intervals; on the dashed line qPCR and expression are equal. "
        f"Numbers: qpcr/concordance.tsv; for papers: figures/concordance_{study.name}."
    )
    heading = results.part("Fold changes, side by side", "side_by_side", study)
    return Section(CONCORDANCE, "html", _folded(study, bodies), heading, detail)


def _gene_by_gene(results: Results, study: Study, pairs: pd.DataFrame) -> Section:
    bodies = {}
    for of, own in by_expression(study, pairs):
        labels = contrast_labels(results, study, own["contrast"])
        rows = [
            Row(str(target), cells(rows, labels, "contrast", _cell))
            for target, rows in own.groupby("target", sort=False)
        ]
        bodies[of] = matrix("Target", list(labels.values()), rows)
    detail = (
        "log2 fold change by qPCR | by expression. Confirmed: changed in both (adjusted p below "
        f"{results.alpha:g}), in the same direction; contradicted: in opposite directions, or one surely "
        "changes and the other surely does not. Point at a cell for intervals and notes. Numbers: "
        "qpcr/concordance.tsv."
    )
    heading = results.part("Gene by gene", "genes", study)
    return Section(CONCORDANCE, "html", key(VERDICTS.items()) + _folded(study, bodies), heading, detail)


def _cell(row: Mapping[Any, Any]) -> Cell:
    verdict = row["verdict"] or "no verdict"
    numbers = [row[f"{assay}_log2_fold_change"] for assay in ("qpcr", "expression")]
    told = " | ".join(f"{value:+.2f}" if np.isfinite(value) else "–" for value in numbers)
    hints = [
        f"{assay}: {_pair_limits(row, assay)}, adjusted p {row[f'{assay}_p_adjusted']:.2g}"
        for assay, value in zip(("qpcr", "expression"), numbers, strict=True)
        if np.isfinite(value)
    ]
    hints += [row["note"]] if row["note"] else []
    text = f"{verdict} {told}{'*' if row['note'] else ''}"
    return Cell(text, VERDICTS.get(verdict, "#FFFFFF"), "; ".join(hints))


def _pair_limits(row: Mapping[Any, Any], assay: str) -> str:
    return with_limits(*(row[f"{assay}_{name}"] for name in LIMITS))


def _numbers(results: Results, study: Study, pairs: pd.DataFrame) -> Section:
    labels = all_labels(results, study)
    rank = pairs["verdict"].map({verdict: i for i, verdict in enumerate(FIRST)})
    first = pairs.assign(rank=rank).sort_values("rank", kind="stable").head(MOST_ROWS)
    rows = first.to_dict("records")
    shown = first.assign(
        number=range(1, len(first) + 1),
        label=[labels.get(row["contrast"], row["contrast"]) for row in rows],
        qpcr=[_pair_limits(row, "qpcr") for row in rows],
        expression=[_pair_limits(row, "expression") for row in rows],
    )
    columns = {
        "number": column("No.", "Contradicted ones first, then confirmed ones"),
        "target": column("Target", "Gene, called as in the table of Ct values"),
        "label": column("Contrast", "What is compared"),
        "expression_study": column("Expression of", "Study whose expression it is held against"),
        "verdict": column("Verdict", "Of qPCR on expression", **colored_words(CONCORDANCE_BADGES)),
        "qpcr": column("qPCR [95 %]", "log2 fold change by qPCR"),
        "expression": column("Expression [95 %]", "log2 fold change of expression"),
        "qpcr_p_adjusted": column("qPCR p", "Adjusted over the targets of the contrast", "{:.1e}"),
        "expression_p_adjusted": column("Expression p", "Adjusted over all genes of the contrast", "{:.1e}"),
        "gene_id": column("Gene", "The row of the gene table that was taken"),
        "note": column("Note", "How the gene was found, or why there is no pair"),
    }
    if not shown["note"].any():
        columns.pop("note")
    if (pairs["expression_study"] == study.name).all():
        columns.pop("expression_study")
    rest = f" The first {len(first)} of {len(pairs)} rows." if len(first) < len(pairs) else ""
    detail = f"A row per contrast and target, contradicted ones first.{rest} Numbers: qpcr/concordance.tsv."
    return table(CONCORDANCE, shown, "number", columns, {}, results.part("Numbers", "numbers", study), detail)


def _agreement(results: Results) -> Iterator[Section]:
    """How far qPCR and expression agree over all targets, contrast by contrast."""
    agreement = results.findings.qpcr.agreement
    if not len(agreement):
        return
    of = {study.name: all_labels(results, study) for study in results.studies}
    rows = agreement.to_dict("records")
    shown = agreement.assign(
        number=range(1, len(rows) + 1),
        label=[of.get(row["study"], {}).get(row["contrast"], row["contrast"]) for row in rows],
        lin=[with_limits(row["lin_ccc"], row["lin_ccc_lower"], row["lin_ccc_upper"]) for row in rows],
        same=[f"{row['same_direction']:.0f} of {row['genes']:.0f}" for row in rows],
        verdicts=[_verdict_words(row) for row in rows],
    )
    columns = {
        "number": column("No.", "In the order of the table"),
        "study": column("qPCR of", "Study of the Ct values"),
        "expression_study": column("Expression of", "Study whose expression it is held against"),
        "label": column("Contrast", "What is compared"),
        "same": column("Same direction", "Genes that change in the same direction, of those with both"),
        "same_direction_share": column(
            "Share", "Of the same direction", "{:.0%}", scale="BuGn", min=0, max=1
        ),
        "pearson": column("Pearson", "Of log2 fold changes, from five genes on", "{:+.2f}"),
        "lin": column("Lin's concordance [95 %]", "1 only if both are equal; from five genes on"),
        "verdicts": column("Targets", "How many have which verdict"),
    }
    if (agreement["study"] == agreement["expression_study"]).all():
        columns.pop("expression_study")
    if len(agreement["study"].unique()) == 1:
        columns.pop("study")
    detail = (
        "Per contrast: the share of targets of the same direction and, from five genes on, Pearson's and "
        "Lin's correlation of log2 fold changes. Targets were chosen, so these are no figures for all genes. "
        "Where nothing changes, a correlation is near zero and says little. Numbers: "
        "qpcr/concordance_summary.tsv."
    )
    heading = results.part("Agreement by contrast", "agreement")
    yield table(CONCORDANCE, shown, "number", columns, {}, heading, detail)


def _verdict_words(row: Mapping[Any, Any]) -> str:
    """`4 confirmed, 2 inconclusive`."""
    counts = {word: int(row[word.replace(" ", "_")]) for word in VERDICTS}
    return ", ".join(f"{n} {word}" for word, n in counts.items() if n)
