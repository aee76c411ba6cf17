"""Sensitivity as a number: genes whose expression or response follows the IC50 or AUC of the lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from rxpress.cells import column as cells_of
from rxpress.cells import number, text
from rxpress.report.comparisons import axis_ranges
from rxpress.report.findings import of_study
from rxpress.report.palette import CATEGORIES
from rxpress.report.results import Results, Study
from rxpress.report.section import Section, column, table
from rxpress.report.topics import SENSITIVITY

TOP = 15
DRAWN_GENES = 3
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")
MEASURES = {"ic50_nM": "log10 IC50 (nM)", "auc": "AUC"}
QUESTIONS = {"baseline": "expression of untreated lines", "drug": "response to the drug"}
AXES = {"baseline": "log2 expression, untreated", "drug": "log2 fold change"}


def sensitivity_sections(results: Results) -> list[Section]:
    """The first genes of each study, and their lines; none where no study has enough of these."""
    sections = []
    for study in results.studies:
        genes = of_study(results.findings.sensitivity, study.name)
        if len(genes) and genes["p_value"].notna().any():
            first = first_genes(genes)
            sections += [*_scatter(results, study, first), _table(results, study, genes, first)]
    return sections


def first_genes(genes: pd.DataFrame, most: int = TOP) -> pd.DataFrame:
    """The genes of smallest p-value for each measure, question and setting, in the order of the table."""
    tested = genes.dropna(subset="p_value").sort_values("p_value", kind="stable")
    kinds = ["measure", "question", "setting"]
    parts = [
        tested[(tested[kinds] == kind).all(axis=1)] for _, kind in genes[kinds].drop_duplicates().iterrows()
    ]
    first = pd.concat([part.head(most) for part in parts], ignore_index=True)
    return first.assign(gene_name=first["gene_name"].where(first["gene_name"] != "", first["gene_id"]))


def line_points(study: Study, gene: pd.Series) -> pd.DataFrame:
    """What a regression of sensitivity.tsv rests on, `line x y`: the sensitivity of a line and its value.

    gene : a row of the table. y : the mean log2 expression of a line's untreated samples, or the fold change
    of its contrast with the vehicle.
    """
    kept = study.samples[study.samples["kept"]]
    measured = dict(
        zip(cells_of(kept, _unit(study), text), cells_of(kept, gene["measure"], number), strict=True)
    )
    values = _untreated(study, kept, gene["gene_id"])
    if gene["question"] == "drug":
        values = _responses(study, kept, gene["gene_id"], gene["setting"])
    log = np.log10 if gene["measure"] == "ic50_nM" else float
    rows = [
        (line, float(log(x)), values[line])
        for line, x in measured.items()
        if line and x is not None and (x > 0 or gene["measure"] != "ic50_nM") and line in values
    ]
    points = pd.DataFrame(rows, columns=["line", "x", "y"])
    return points[np.isfinite(points["y"].to_numpy(float))]


def _unit(study: Study) -> str:
    return study.design.unit if study.design else "cell_line"


def _untreated(study: Study, kept: pd.DataFrame, gene_id: str) -> dict[str, float]:
    """{line: mean log2 expression of a gene} over the samples with vehicle or nothing."""
    if study.log2 is None or study.design is None:
        return {}
    of_gene = study.log2.values[study.log2.gene_ids == gene_id][0]
    given = cells_of(kept, "treatment", text)
    untreated = kept[[treatment in (None, study.design.vehicle) for treatment in given]]
    position = {sample: i for i, sample in enumerate(study.log2.samples)}
    return {
        str(line): float(np.mean([of_gene[position[sample]] for sample in rows["sample"]]))
        for line, rows in untreated[untreated["sample"].isin(position)].groupby(_unit(study), sort=False)
    }


def _responses(study: Study, kept: pd.DataFrame, gene_id: str, setting: str) -> dict[str, float]:
    """{line: log2 fold change of a gene} in the contrasts of single lines at a treatment, dose and time."""
    rows = kept.drop_duplicates("condition").set_index("condition")
    changes: dict[str, float] = {}
    for contrast in study.tested:
        treated = [name for name, weight in contrast.weights.items() if weight == 1]
        if contrast.kind != "drug" or contrast.lines or len(treated) != 1 or treated[0] not in rows.index:
            continue
        row = rows.loc[treated[0]]
        treatment, dose, time = (text(row.get(name)) for name in ("treatment", "dose_nM", "time_h"))
        parts = [treatment, dose and f"{dose} nM", time and f"{time} h"]
        if ", ".join(filter(None, parts)) == setting:
            genes = study.tests[contrast.id].dropna(subset="p_value")
            own = genes.loc[genes["gene_id"] == gene_id, "log2_fold_change"].to_numpy(float)
            changes |= {str(row["cell_line"]): float(own[0])} if len(own) else {}
    return changes


def _asked(row: pd.Series) -> str:
    """`response to the drug (bortezomib, 20 nM, 24 h) against AUC`."""
    setting = f" ({row['setting']})" if row["question"] == "drug" else ""
    against = MEASURES.get(row["measure"], row["measure"])
    return f"{QUESTIONS.get(row['question'], row['question'])}{setting} against {against}"


def _scatter(results: Results, study: Study, first: pd.DataFrame) -> Iterator[Section]:
    """A tab per gene: each line by its sensitivity and its value."""
    drawn = first.groupby(["measure", "question", "setting"], sort=False).head(DRAWN_GENES)
    tabs, labels, frames = [], [], []
    for _, gene in drawn.iterrows():
        points = line_points(study, gene)
        if len(points):
            axes = {"xlab": MEASURES.get(gene["measure"], gene["measure"]), "ylab": AXES[gene["question"]]}
            limits = axis_ranges(points["x"].to_numpy(float), points["y"].to_numpy(float))
            labels.append({"name": f"{gene['gene_name']}: {_asked(gene)}", **axes, **limits})
            tabs.append(_drawn(points))
            kinds = {name: gene[name] for name in ("measure", "question", "setting", "gene_id", "gene_name")}
            frames.append(points.assign(**kinds))
    if not tabs:
        return
    single = {name: value for name, value in labels[0].items() if name != "name"}
    pconfig = {
        "height": 460,
        "marker_size": 9,
        "showlegend": True,
        **({"data_labels": labels} if len(tabs) > 1 else single),
    }
    detail = (
        f"A point per line, for the {DRAWN_GENES} genes of smallest p-value of each question. Numbers: "
        f"tables/sensitivity_lines_{study.name}.tsv."
    )
    heading = results.part("First genes, line by line", "lines", study)
    tables = {f"sensitivity_lines_{study.name}": pd.concat(frames)}
    yield Section(SENSITIVITY, "scatter", tabs, heading, detail, pconfig, tables=tables)


def _drawn(points: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Lines as points of a MultiQC scatter plot, each with a colour, then a shape, of its own."""
    return {
        row["line"]: [
            {
                **{"x": row["x"], "y": row["y"], "name": row["line"], "group": row["line"]},
                "color": CATEGORIES[i % len(CATEGORIES)],
                "marker_symbol": SYMBOLS[i // len(CATEGORIES) % len(SYMBOLS)],
            }
        ]
        for i, row in enumerate(points.to_dict("records"))
    }


def _table(results: Results, study: Study, genes: pd.DataFrame, first: pd.DataFrame) -> Section:
    ends = first[["slope", "lower", "upper"]].to_numpy(float)
    shown = first.assign(
        number=range(1, len(first) + 1),
        asked=[_asked(row) for _, row in first.iterrows()],
        interval=[f"{a:.2f} [{b:.2f}, {c:.2f}]" for a, b, c in ends],
    )
    columns = {
        "number": column("No.", "By question, then by p-value"),
        "gene_name": column("Gene", "Symbol"),
        "asked": column("Question", "What is held against which measure of sensitivity"),
        "interval": column("Slope [95 %]", "log2 per ten-fold IC50, or per unit of AUC"),
        "correlation": column("Correlation", "Pearson", "{:+.2f}", scale="RdYlBu-rev", min=-1, max=1),
        "p_value": column("p-value", "Moderated t test of the slope", "{:.1e}"),
        "p_adjusted": column("Adjusted p-value", "Over all genes of the question", "{:.1e}"),
        "lines": column("Lines", "That enter the regression", "{:,.0f}"),
    }
    called = int((genes["p_adjusted"] < results.alpha).sum())
    detail = (
        f"{called:,} of {genes['p_value'].notna().sum():,} tests have an adjusted p below {results.alpha:g}. "
        f"The {TOP} genes of smallest p-value of each question; all in interpretation/sensitivity.tsv."
    )
    heading = results.part("Genes of smallest p-value", "genes", study)
    return table(SENSITIVITY, shown, "number", columns, {}, heading, detail)
