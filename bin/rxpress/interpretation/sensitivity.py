"""Sensitivity as a number: expression and drug effect of lines, regressed on their log10 IC50 or AUC.

Each line is one observation, so the answers speak of such lines (scope `class`), as a comparison of sensitive
with resistant lines by the test over lines does, but no line has to be called one or the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy

from rxpress.cells import column, listing, number, text
from rxpress.deseq.multiple_testing import benjamini_hochberg
from rxpress.interpretation.evidence import StudyEvidence
from rxpress.limma import fit_linear_model, moderate

LEAST_LINES = 8
CONFIDENCE = 0.95
MEASURES = ("ic50_nM", "auc")
SETTING = ("treatment", "dose_nM", "time_h")
COLUMNS = (
    "study",
    "measure",
    "question",
    "setting",
    "gene_id",
    "gene_name",
    "lines",
    "slope",
    "lower",
    "upper",
    "statistic",
    "p_value",
    "p_adjusted",
    "correlation",
)


@dataclass(frozen=True)
class Regression:
    """A value per line regressed on the sensitivity of the lines, gene by gene; all (genes,).

    lines : how many have a value; slope : change of the value per unit of sensitivity, lower and upper the
    ends of its 95 % interval; statistic, p_value : moderated t; correlation : Pearson's. NaN for genes that
    do not vary or have a value in fewer than eight lines.
    """

    lines: np.ndarray
    slope: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    correlation: np.ndarray


@dataclass(frozen=True)
class LineValues:
    """What is known of each line.

    question : `baseline` (log2 expression without drug) or `drug` (log2 fold change); setting : what the
    lines were given; values : (genes, lines), NaN where missing; level : (genes,) log2 expression of a gene.
    """

    question: str
    setting: str
    gene_ids: np.ndarray
    gene_names: np.ndarray
    lines: list[str]
    values: np.ndarray
    level: np.ndarray


def sensitivity_table(study: StudyEvidence) -> pd.DataFrame:
    """The regressions of one study on its samples' `ic50_nM` and `auc`, a row per gene and question.

    slope : log2 per ten-fold IC50, or per unit of AUC; other columns as `Regression`, p_adjusted by measure,
    question and setting. What could not be done stands in `attrs["notes"]`, a list of sentences.
    """
    notes: list[str] = []
    parts = []
    measures = [measure for measure in MEASURES if measure in study.samples]
    if not measures or study.design.unit not in study.samples:
        notes.append(
            f"samples have no lines or no column {' or '.join(MEASURES)}: no regression on sensitivity"
        )
        measures = []
    for measure in measures:
        sensitivity = line_sensitivity(study, measure, notes)
        for known in _line_values(study, notes) if sensitivity else ():
            part = _regress_lines(study.name, measure, sensitivity, known, notes)
            parts += [] if part is None else [part]
    table = pd.concat(parts or [pd.DataFrame(columns=list(COLUMNS))], ignore_index=True)
    table.attrs["notes"] = list(dict.fromkeys(notes))
    return table


def line_sensitivity(study: StudyEvidence, measure: str, notes: list[str]) -> dict[str, float]:
    """log10 IC50 (nM), or AUC, of each line that has one; empty when fewer than eight do, or all are equal.

    Every reason to leave a line out is added to `notes`.
    """
    given: dict[str, set[str]] = {}
    cells = (column(study.samples, name, text) for name in (study.design.unit, measure))
    for line, cell in zip(*cells, strict=True):
        if line and cell:
            given.setdefault(line, set()).add(cell)
    found = {}
    for line, values in given.items():
        value = number(next(iter(values))) if len(values) == 1 else None
        if value is None or (measure == "ic50_nM" and value <= 0):
            notes.append(_why_not(measure, line, sorted(values)))
        else:
            found[line] = float(np.log10(value)) if measure == "ic50_nM" else value
    if len(found) < LEAST_LINES or len(set(found.values())) < 2:
        what = f"{len(found)} lines have a number in {measure}, {len(set(found.values()))} of them different"
        notes.append(f"{what}: a regression needs {LEAST_LINES} lines")
        return {}
    return found


def regress(values: np.ndarray, sensitivity: np.ndarray, level: np.ndarray) -> Regression:
    """Least squares of each gene's values (genes, lines) on `sensitivity` (lines,), by limma's moderated t.

    level : (genes,) what the prior variance follows as a trend, such as mean log2 expression; where NaN, the
    mean of the values.
    """
    present = np.isfinite(values)
    lines = present.sum(axis=1)
    filled = np.where(present, values, np.nan)
    tested = lines >= LEAST_LINES
    tested[tested] &= np.nanmax(filled[tested], axis=1) > np.nanmin(filled[tested], axis=1)
    if not tested.any():
        return Regression(lines, *(np.full(len(values), np.nan) for _ in range(6)))
    design = np.column_stack([np.ones_like(sensitivity), sensitivity])
    fit = fit_linear_model(filled[tested], design, np.array([[0.0], [1.0]]))
    level = np.where(np.isnan(level[tested]), fit.mean_expression, level[tested])
    found = moderate(replace(fit, mean_expression=level), trend=True).spread(tested)
    slope, error = found.estimate[:, 0], found.error[:, 0]
    half = scipy.special.stdtrit(found.total_df, (1 + CONFIDENCE) / 2) * error
    return Regression(
        lines,
        slope,
        slope - half,
        slope + half,
        found.statistic[:, 0],
        found.p_value[:, 0],
        np.where(tested, _correlation(values, sensitivity), np.nan),
    )


def _why_not(measure: str, line: str, values: Sequence[str]) -> str:
    if len(values) > 1:
        why = f"its samples have different values ({listing(values)})"
    elif values[0].startswith((">", "<")):
        why = f"'{values[0]}' was not reached, and a limit is no number"
    else:
        why = f"'{values[0]}' is not a {'positive ' if measure == 'ic50_nM' else ''}number"
    return f"{line} is left out of the regression on {measure}: {why}"


def _line_values(study: StudyEvidence, notes: list[str]) -> Iterator[LineValues]:
    """What is known of the lines: their expression without drug, and their response at each setting."""
    if study.log2 is None:
        notes.append("no log2 expression: no regression of baseline expression")
    else:
        yield _baseline(study)
    if study.design.unit == "cell_line":
        yield from _drug_effects(study)
    else:
        notes.append(
            "a patient has no tested drug effect of their own: only baseline expression is regressed"
        )


def _baseline(study: StudyEvidence) -> LineValues:
    """Mean log2 expression of each line's samples that got the vehicle or nothing."""
    assert study.log2 is not None
    samples = study.samples
    given = column(samples, "treatment", text)
    untreated = samples[[treatment in (None, study.design.vehicle) for treatment in given]]
    members = untreated[untreated["sample"].isin(study.log2.samples)].groupby(study.design.unit, sort=False)
    names = {str(line): list(group["sample"]) for line, group in members}
    values = [study.log2.select(own).values.mean(axis=1) for own in names.values()]
    matrix = np.column_stack(values) if values else np.empty((len(study.log2.gene_ids), 0))
    level = np.full(len(matrix), np.nan)
    ids, symbols = study.log2.gene_ids, study.log2.gene_names
    return LineValues("baseline", "untreated", ids, symbols, list(names), matrix, level)


def _drug_effects(study: StudyEvidence) -> Iterator[LineValues]:
    """log2 fold changes of each line alone, by treatment, dose and time."""
    where = study.samples.drop_duplicates("condition").set_index("condition")
    settings: dict[tuple[str | None, ...], dict[str, str]] = {}
    for contrast in study.tested:
        treated = [name for name, weight in contrast.weights.items() if weight == 1]
        if contrast.kind == "drug" and not contrast.lines and len(treated) == 1 and treated[0] in where.index:
            line, *setting = (text(where.loc[treated[0]].get(name)) for name in ("cell_line", *SETTING))
            if line:
                settings.setdefault(tuple(setting), {})[line] = contrast.id
    for (treatment, dose, time), ids in settings.items():
        parts = [treatment, dose and f"{dose} nM", time and f"{time} h"]
        yield _effects_at(study, ", ".join(filter(None, parts)), ids)


def _effects_at(study: StudyEvidence, setting: str, ids: dict[str, str]) -> LineValues:
    """The fold changes of one setting; `ids` : {line: contrast}. A gene that is not tested has none."""
    by_gene = {line: study.tests[id].set_index("gene_id") for line, id in ids.items()}
    first = next(iter(by_gene.values()))
    changes = [
        table["log2_fold_change"].where(table["p_value"].notna()).reindex(first.index).to_numpy(float)
        for table in by_gene.values()
    ]
    level = np.log2(first["base_mean"].to_numpy(float) + 1)
    genes = (first.index.to_numpy(), first["gene_name"].to_numpy())
    return LineValues("drug", setting, *genes, list(by_gene), np.column_stack(changes), level)


def _regress_lines(
    study: str, measure: str, sensitivity: dict[str, float], known: LineValues, notes: list[str]
) -> pd.DataFrame | None:
    """A row per gene; None, with a note, when fewer than eight lines have both."""
    lines = [line for line in known.lines if line in sensitivity]
    missing = [line for line in sensitivity if line not in lines]
    where = f"the {known.question} ({known.setting}) against {measure}"
    if missing:
        notes.append(f"without samples for {where}: {listing(missing)}")
    x = np.array([sensitivity[line] for line in lines])
    if len(lines) < LEAST_LINES or np.ptp(x) == 0:
        notes.append(f"{len(lines)} lines for {where}: not done, it needs {LEAST_LINES} that differ")
        return None
    found = regress(known.values[:, [known.lines.index(line) for line in lines]], x, known.level)
    return pd.DataFrame(
        {
            "study": study,
            "measure": measure,
            "question": known.question,
            "setting": known.setting,
            "gene_id": known.gene_ids,
            "gene_name": known.gene_names,
            **vars(found),
            "p_adjusted": benjamini_hochberg(found.p_value),
        }
    )[list(COLUMNS)]


def _correlation(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(genes,) Pearson's correlation of values (genes, lines) with x (lines,), NaN values left out."""
    present = np.isfinite(values)
    count = np.where(present.any(axis=1), present.sum(axis=1), np.nan)[:, None]
    x = np.where(present, x, 0.0)
    y = np.where(present, values, 0.0)
    x, y = (np.where(present, z - z.sum(axis=1, keepdims=True) / count, 0.0) for z in (x, y))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
