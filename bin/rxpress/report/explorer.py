"""gene_explorer.html: every gene's expression per condition and change in every contrast, in one file.

What it shows is rounded (STEPS); p-values as their negative common logarithm. The tables of the results
folder hold the exact numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rxpress.design.study_design import Contrast
from rxpress.intervals import NORMAL_QUANTILE, interval_quantile
from rxpress.report import palette
from rxpress.report.gene_notes import GeneSet, marker_notes, set_notes, signature_notes
from rxpress.report.optional_files import read_or_empty
from rxpress.report.packing import Packer
from rxpress.report.results import Results, Study

STEPS = {"expression": 0.01, "log2_fold_change": 0.001, "p": 0.001}
SMALLEST_P = 5e-324  # below it a double is 0
CALLS = ("up", "down", "unchanged", "untested")
TOP_GENES = 30
TOGETHER = ["log2_fold_change", "lfc_lower", "lfc_upper", "p_adjusted", "studies"]
SPEAKS_OF = {
    "these_lines": "these lines only",
    "class": "lines of this kind",
    "patients": "patients like these",
    "these_samples": "these samples only",
}


def write_explorer(
    results: Results, folder: Path, sets: Sequence[GeneSet], title: str, page: Path, path: Path
) -> None:
    """Write the page. folder : where `results` were read; page : folder of page.html, page.css, page.js."""
    parts = {name: (page / f"page.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    colors = {"up": palette.UP, "down": palette.DOWN, "unchanged": palette.UNCHANGED}
    style = ":root {" + " ".join(f"--{name}: {color};" for name, color in colors.items()) + "}\n"
    filled = {
        "title": escape(title),
        "style": style + parts["css"],
        "script": parts["js"],
        "payload": explorer_payload(results, folder, sets, title),
    }
    text = parts["html"]
    for name, value in filled.items():
        before, _, after = text.partition(f"{{{{{name}}}}}")
        text = before + value + after
    path.write_text(text, encoding="utf-8")


def explorer_payload(results: Results, folder: Path, sets: Sequence[GeneSet], title: str) -> str:
    """All that the page shows, packed; page.js says what it reads."""
    genes = _all_genes(results.studies)
    ids, names = genes["gene_id"].tolist(), genes["gene_name"].tolist()
    rows = pd.Index(genes["gene_id"])
    row_of = dict(zip(ids, range(len(ids)), strict=True))
    packer = Packer()
    header = {
        "title": title,
        "steps": STEPS,
        "alpha": results.alpha,
        "fold_change": results.fold_change,
        "rule": results.rule,
        "calls": CALLS,
        "genes": {"ids": ids, "names": names},
        "studies": [_study(study, rows, packer) for study in results.studies],
        "together": _together(results, folder, genes, packer),
        "markers": marker_notes(folder, row_of),
        "signatures": signature_notes(folder, row_of),
        **set_notes(folder, sets, ids, names, packer),
    }
    return packer.pack(header)


def _all_genes(studies: Iterable[Study]) -> pd.DataFrame:
    """`gene_id gene_name` of each gene of any study, once, in order of first appearance."""
    tables = [pd.DataFrame({"gene_id": [], "gene_name": []}, dtype=object)]
    for study in studies:
        if study.log2 is not None:
            matrix = study.log2
            tables.append(pd.DataFrame({"gene_id": matrix.gene_ids, "gene_name": matrix.gene_names}))
        tables += [table[["gene_id", "gene_name"]] for table in study.tests.values()]
    return pd.concat(tables).drop_duplicates("gene_id").astype(str)


def _study(study: Study, rows: pd.Index, packer: Packer) -> dict[str, Any]:
    """A study: its samples and their expression by gene, groups of samples, contrasts."""
    contrasts = study.design.contrasts if study.design else ()
    untested = [{"label": c.label, "reason": c.reason} for c in contrasts if c.id not in study.tests]
    told: dict[str, Any] = {
        "name": study.name,
        "samples": [],
        "groups": [],
        "untested": untested,
        "contrasts": [_contrast(c, study.tests[c.id], rows, packer) for c in study.tested],
    }
    if study.log2 is not None:
        values = _spread(study.log2.values, study.log2.gene_ids, rows)
        told["samples"] = study.log2.samples
        told["groups"] = _groups(study, study.log2.samples)
        told["values"] = packer.add(values, STEPS["expression"])
    return told


def _spread(values: np.ndarray, gene_ids: Iterable[str], rows: pd.Index) -> np.ndarray:
    """`values`, a row per gene, moved to the rows of these genes among all; NaN in the others."""
    whole = np.full((len(rows), *values.shape[1:]), np.nan)
    whole[rows.get_indexer(pd.Index(gene_ids))] = values
    return whole


def _contrast(contrast: Contrast, table: pd.DataFrame, rows: pd.Index, packer: Packer) -> dict[str, Any]:
    """A contrast and, by gene, its change, how far the 95 % interval reaches, p-values and calls."""
    joint = contrast.test == "lrt"  # its p-values are not those of estimate and error
    quantile = NORMAL_QUANTILE if joint else interval_quantile(table)

    def spread(column: np.ndarray | pd.Series) -> np.ndarray:
        return _spread(np.asarray(column, float), table["gene_id"], rows)

    call = table["call"].map({call: i for i, call in enumerate(CALLS)})
    numbers = {
        "change": packer.add(spread(table["log2_fold_change"]), STEPS["log2_fold_change"]),
        "reach": packer.add(spread(quantile * table["lfc_se"]), STEPS["log2_fold_change"]),
        "p": packer.add(spread(_negative_log10(table["p_value"])), STEPS["p"]),
        "p_adjusted": packer.add(spread(_negative_log10(table["p_adjusted"])), STEPS["p"]),
        "call": packer.add(spread(call), 1),
    }
    if "lines_same_sign" in table:
        numbers["same_sign"] = packer.add(spread(table["lines_same_sign"]), 1)
        numbers["lines"] = packer.add(spread(table["lines"]), 1)
    strongest = table.assign(size=-table["statistic"].abs()).dropna(subset="p_value")
    strongest = strongest.sort_values(["p_value", "size"], kind="stable").head(TOP_GENES)
    return {
        "id": contrast.id,
        "label": contrast.label,
        "kind": contrast.kind,
        "speaks_of": SPEAKS_OF.get(contrast.scope, contrast.scope),
        "joint": joint,
        "top": rows.get_indexer(pd.Index(strongest["gene_id"])).tolist(),
        **numbers,
    }


def _negative_log10(p: pd.Series) -> np.ndarray:
    """(genes,) negative common logarithm of p; a p of 0 is taken for the smallest number that is not."""
    return -np.log10(np.maximum(p.to_numpy(float), SMALLEST_P))


def _groups(study: Study, samples: Sequence[str]) -> list[dict[str, Any]]:
    """Samples of one condition, under the line (or the response of patients) that they are of.

    `members` : their positions in `samples`; `hollow` : untreated, or with the vehicle alone.
    """
    table = study.samples.set_index("sample").loc[list(samples)]
    looks = study.looks(samples)
    keys = table["condition"] if "condition" in table else pd.Series([look.group for look in looks])
    keys = keys.fillna("").reset_index(drop=True)
    vehicle = (study.design.vehicle if study.design else "").casefold()
    groups, headings = [], dict[str, int]()
    for _, members in keys.groupby(keys, sort=False):
        first = members.index[0]
        row, look = table.iloc[first], looks[first]
        alone = len({looks[i].unit for i in members.index}) == 1
        response = str(row["response"]) if pd.notna(row.get("response")) else ""
        heading = " · ".join(part for part in (look.unit if alone else "", response) if part)
        number = headings.setdefault(heading, len(headings))
        treatment = row.get("treatment")
        groups.append(
            {
                "heading": heading,
                "label": look.state or "untreated",
                "color": look.color if alone else palette.CATEGORIES[number % len(palette.CATEGORIES)],
                "hollow": bool(pd.isna(treatment) or str(treatment).casefold() == vehicle),
                "members": members.index.tolist(),
            }
        )
    return sorted(groups, key=lambda group: headings[group["heading"]])


def _together(results: Results, folder: Path, genes: pd.DataFrame, packer: Packer) -> list[dict[str, Any]]:
    """Per contrast that studies share, all of them together, by comparison/<contrast>.tsv (fixed effect).

    Where studies were joined by name, whose ids differ, every gene of a name gets what is said of the name.
    """
    labels = {c.id: c.label for study in results.studies for c in study.tested}
    joins = read_or_empty(folder / "comparison" / "join.tsv", ("contrast", "joined_by"))
    by_name = set(joins.loc[joins["joined_by"] == "gene_name", "contrast"])
    together = []
    for id, label in labels.items():
        table = read_or_empty(folder / "comparison" / f"{id}.tsv", ("gene_id", "gene_name"))
        if table.empty:
            continue
        key = "gene_name" if id in by_name else "gene_id"
        table = table.dropna(subset=key).drop_duplicates(key).set_index(key)
        frame = table.reindex(genes[key])[TOGETHER].astype(float)
        lower, upper = frame["lfc_lower"].to_numpy(float), frame["lfc_upper"].to_numpy(float)
        together.append(
            {
                "id": id,
                "label": label,
                "change": packer.add(frame["log2_fold_change"].to_numpy(float), STEPS["log2_fold_change"]),
                "reach": packer.add((upper - lower) / 2, STEPS["log2_fold_change"]),
                "p_adjusted": packer.add(_negative_log10(frame["p_adjusted"]), STEPS["p"]),
                "studies": packer.add(frame["studies"].to_numpy(float), 1),
            }
        )
    return together
