"""Which figures the other arms have: studies compared, doses, qPCR."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from matplotlib.figure import Figure

from rxpress.report.across_studies import first_forest, shared_contrasts
from rxpress.report.concordance import by_expression, concordance_figure, concordance_name, drawn_pairs
from rxpress.report.dose import (
    by_treatment,
    curve_panels,
    ic50_title,
    ranked_ic50,
    threshold_of,
    title_of,
    told_fits,
)
from rxpress.report.dose_figures import draw_dose_curves, draw_ic50
from rxpress.report.findings import of_study
from rxpress.report.meaning_figures import draw_forest
from rxpress.report.qpcr import drawn_changes
from rxpress.report.qpcr_figures import draw_fold_changes
from rxpress.report.results import Results
from rxpress.report.section import slug


def arm_figures(results: Results) -> Iterator[tuple[str, Figure]]:
    """The name and figure of each."""
    return chain(_forests(results), _dose(results), _qpcr(results))


def _forests(results: Results) -> Iterator[tuple[str, Figure]]:
    """`forest_<contrast>` of the contrasts that studies share."""
    for id, label in shared_contrasts(results).items():
        yield f"forest_{id}", draw_forest(first_forest(results.findings.together[id]), label)


def _dose(results: Results) -> Iterator[tuple[str, Figure]]:
    """`ic50_<study>` and `dose_response_<study>_<treatment>`."""
    for study in results.studies:
        fits = told_fits(results, study)
        if len(fits):
            title = ic50_title(results, study, fits)
            yield f"ic50_{study.name}", draw_ic50(ranked_ic50(fits), title, threshold_of(results))
        for treatment, own in by_treatment(fits) if len(fits) else ():
            title, panels = title_of(results, study, treatment), curve_panels(results, study, own)
            yield f"dose_response_{study.name}_{slug(treatment)}", draw_dose_curves(panels, title)


def _qpcr(results: Results) -> Iterator[tuple[str, Figure]]:
    """`qpcr_<study>` and `concordance_<study>`, with a study behind it whose expression is another's."""
    for study in results.studies:
        targets, changes = drawn_changes(results, study)
        if changes:
            yield f"qpcr_{study.name}", draw_fold_changes(targets, changes, title_of(results, study, "qPCR"))
        pairs = of_study(results.findings.qpcr.concordance, study.name)
        for of, own in by_expression(study, pairs):
            drawn = drawn_pairs(results, study, of, own)
            if drawn:
                name = f"concordance_{concordance_name(study, of)}"
                yield name, concordance_figure(results, study, of, drawn)
