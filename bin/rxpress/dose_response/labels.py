"""Which lines are sensitive and which resistant, by IC50: a threshold, or a gap that parts them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

SENSITIVE, RESISTANT = "sensitive", "resistant"
LABEL_COLUMNS = ["study", "cell_line", "treatment", "response", "source", "ic50_nM", "reason", "time_h"]
GAP = 2.0
LEAST_LINES = 2


@dataclass(frozen=True)
class LineIc50:
    """The IC50 of a line at one assay time, nM.

    value : the IC50, NaN where it is not determined. Above the doses (`above`) the highest dose, which it
    exceeds; below them (`below`) the lowest. lower, upper : its interval; text, ic50, time : as in fits.tsv.
    """

    line: str
    value: float
    lower: float
    upper: float
    above: bool
    below: bool
    text: str
    ic50: float
    time: float


@dataclass(frozen=True)
class Verdict:
    """What IC50 says of a line: a response or None, and why."""

    response: str | None
    reason: str


def label_lines(
    fits: pd.DataFrame, sheet: Mapping[tuple[str, str, str], str], threshold: float | None = None
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """labels.tsv (LABEL_COLUMNS), and notes by study.

    fits : fits.tsv; sheet : responses that the samplesheet names, by study, line and treatment; threshold :
    nM, up to which a line is sensitive; without it a gap decides. Assay times are judged apart; a line has
    the label of its times if they agree. The sheet's word wins in DESIGN_CONTRASTS; that it differs is told
    here.
    """
    rows: list[list[object]] = []
    notes: dict[str, list[str]] = defaultdict(list)
    for key, own in fits.groupby(["study", "treatment"], sort=False):
        study, treatment = map(str, key)
        told: dict[str, list[tuple[LineIc50, Verdict]]] = defaultdict(list)
        for time, rows_of_time in own.groupby("time_h", sort=False, dropna=False):
            lines = [_line_ic50(row) for row in rows_of_time.to_dict("records")]
            verdicts, note = label_by_threshold(lines, threshold) if threshold else label_by_gap(lines)
            if note:
                hours = "" if pd.isna(time) else f" at {float(str(time)):g} h"
                notes[study].append(f"{treatment}{hours}: {note}")
            for line, verdict in zip(lines, verdicts, strict=True):
                told[line.line].append((line, verdict))
        for name, answers in told.items():
            ic50, verdict, time = _agreed(answers)
            said, reason = sheet.get((study, name, treatment)), verdict.reason
            if said and verdict.response and said != verdict.response:
                reason += f"; the samplesheet says {said}, which wins"
                notes[study].append(
                    f"{name} is {said} by the samplesheet and {verdict.response} by IC50 of {treatment}:"
                    " the sheet is followed"
                )
            source = "ic50" if verdict.response else "none"
            rows.append([study, name, treatment, verdict.response, source, ic50, reason, time])
    return pd.DataFrame(rows, columns=LABEL_COLUMNS), dict(notes)


def _line_ic50(row: Mapping[Hashable, object]) -> LineIc50:
    """The IC50 in a row of fits.tsv, which tells by `ic50_text` on which side of the doses it lies."""
    text = str(row["ic50_text"])
    ic50, lower, upper, lowest, highest = (
        float(str(row[name]))
        for name in ("ic50_nM", "ic50_lower_nM", "ic50_upper_nM", "lowest_dose_nM", "highest_dose_nM")
    )
    above, below = text.startswith(">"), text.startswith("<")
    value = highest if above else lowest if below else ic50
    lower = (highest if above else 0.0) if math.isnan(lower) else lower
    upper = (lowest if below else math.inf) if math.isnan(upper) else upper
    time = float(str(row["time_h"]))
    return LineIc50(str(row["cell_line"]), value, lower, upper, above, below, text, ic50, time)


def label_by_threshold(lines: Sequence[LineIc50], threshold: float) -> tuple[list[Verdict], str]:
    """Sensitive up to the threshold (nM), resistant above it, as far as the doses tell; and no note."""
    verdicts = []
    for line in lines:
        side = f"IC50 {line.text} nM, threshold {threshold:g} nM"
        if math.isnan(line.value):
            verdicts.append(Verdict(None, "IC50 is not determined"))
        elif line.above:
            resistant = line.value >= threshold
            verdicts.append(
                Verdict(RESISTANT, side) if resistant else Verdict(None, f"{side}: higher doses needed")
            )
        elif line.below and line.value > threshold:
            verdicts.append(Verdict(None, f"{side}: lower doses needed"))
        else:
            spans = line.lower <= threshold < line.upper
            reason = f"{side}{', which its interval includes' * spans}"
            verdicts.append(Verdict(SENSITIVE if line.value <= threshold else RESISTANT, reason))
    return verdicts, ""


def label_by_gap(lines: Sequence[LineIc50]) -> tuple[list[Verdict], str]:
    """Lines below and above the widest gap of IC50 are sensitive and resistant; else a note says why not.

    A gap is more than GAP-fold, with at least LEAST_LINES on each side and every interval below it disjoint
    from every interval above. A line whose IC50 lies above its doses is on the upper side, and counts as
    its highest dose.
    """
    known = sorted((line for line in lines if not math.isnan(line.value)), key=lambda n: (n.above, n.value))
    best, at, overlap = GAP, 0, False
    for split in range(LEAST_LINES, len(known) - LEAST_LINES + 1):
        low, high = known[:split], known[split:]
        if any(line.above for line in low):
            break
        width = min(line.value for line in high) / max(line.value for line in low)
        apart = max(line.upper for line in low) < min(line.lower for line in high)
        overlap |= width > GAP and not apart
        if width > best and apart:
            best, at = width, split
    if not at:
        return _without_gap(lines, known, overlap)
    sensitive = {line.line for line in known[:at]}
    gap = f"a {best:.1f}-fold gap parts {at} lines from {len(known) - at}"
    verdicts = [
        Verdict(None, "IC50 is not determined")
        if math.isnan(line.value)
        else Verdict(SENSITIVE if line.line in sensitive else RESISTANT, f"IC50 {line.text} nM; {gap}")
        for line in lines
    ]
    return verdicts, ""


def _without_gap(
    lines: Sequence[LineIc50], known: Sequence[LineIc50], overlap: bool
) -> tuple[list[Verdict], str]:
    if len(known) < 2 * LEAST_LINES:
        why = f"{len(known)} lines with an IC50, {2 * LEAST_LINES} are needed to tell them apart"
    elif overlap:
        why = f"lines that lie {GAP:g}-fold apart have intervals that overlap"
    else:
        why = f"no gap of more than {GAP:g}-fold with {LEAST_LINES} lines on each side"
    note = f"no line is labelled by IC50: {why}; give --ic50_threshold, or fill 'response' in the samplesheet"
    return [Verdict(None, "IC50 is not determined" if math.isnan(n.value) else why) for n in lines], note


def _agreed(answers: Sequence[tuple[LineIc50, Verdict]]) -> tuple[float, Verdict, float]:
    """IC50, verdict and time of a line from its verdicts at several times: the longest that has a label."""
    ranked = sorted(answers, key=lambda answer: (bool(answer[1].response), _hours(answer[0])), reverse=True)
    line, verdict = ranked[0]
    if len({other.response for _, other in answers if other.response}) > 1:
        said = ", ".join(f"{v.response} at {n.time:g} h" for n, v in ranked if v.response)
        verdict = Verdict(None, f"assay times disagree: {said}")
    return line.ic50, verdict, line.time


def _hours(line: LineIc50) -> float:
    return -1.0 if math.isnan(line.time) else line.time
