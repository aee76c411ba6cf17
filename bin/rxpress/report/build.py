"""All sections of the report, and the folders that they are written to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rxpress.provenance import software_versions
from rxpress.report.across_studies import across_sections
from rxpress.report.alignment_quality import alignment_sections
from rxpress.report.array_quality import array_sections
from rxpress.report.background import background_sections
from rxpress.report.comparisons import comparison_sections
from rxpress.report.concordance import concordance_sections
from rxpress.report.dose import dose_sections
from rxpress.report.expression import expression_sections
from rxpress.report.markers import marker_sections
from rxpress.report.mechanism import mechanism_sections
from rxpress.report.pathways import pathway_sections
from rxpress.report.qpcr import qpcr_sections
from rxpress.report.results import Results
from rxpress.report.samples import sample_sections
from rxpress.report.second_opinion import second_opinion_sections
from rxpress.report.section import Section, unique
from rxpress.report.sensitivity import sensitivity_sections
from rxpress.report.signatures import signature_sections
from rxpress.report.summary import summary_sections, warning_sections
from rxpress.tables import write_json, write_table, write_yaml


def build_sections(results: Results) -> list[Section]:
    """Every section of the report. Their order on the page is that of the topics in multiqc_config.yml."""
    return [
        *summary_sections(results),
        *dose_sections(results),
        *mechanism_sections(results),
        *marker_sections(results),
        *signature_sections(results),
        *pathway_sections(results),
        *qpcr_sections(results),
        *concordance_sections(results),
        *across_sections(results),
        *sensitivity_sections(results),
        *comparison_sections(results),
        *second_opinion_sections(results),
        *expression_sections(results),
        *sample_sections(results),
        *alignment_sections(results),
        *array_sections(results),
        *warning_sections(results),
        *background_sections(results),
    ]


def write_sections(results: Results, sections: Iterable[Section], folder: Path) -> None:
    """Write `sections/*_mqc.json` and the versions for MultiQC, and `tables/*.tsv` with all numbers shown."""
    sections = list(sections)
    ids = unique((section.id for section in sections), "{}-{}")
    for section, id in zip(sections, ids, strict=True):
        content = section.to_multiqc(results.facts, id)
        write_json(content, folder / "sections" / f"{id}_mqc.json", indent=None)
        for table, frame in section.tables.items():
            write_table(frame, folder / "tables" / f"{table}.tsv")
    versions = software_versions(results.versions.astype(str).itertuples(index=False))
    write_yaml(versions, folder / "sections" / "rxpress_mqc_versions.yml")
