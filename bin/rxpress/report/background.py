"""What stands behind the results: methods with references, parameters, software versions."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from rxpress.report.array_methods import array_steps
from rxpress.report.read_methods import read_steps
from rxpress.report.results import Results
from rxpress.report.section import Section, colored_words, column, note, table
from rxpress.report.step import Step
from rxpress.report.testing import testing_steps
from rxpress.report.topics import METHODS, PARAMETERS

REFERENCES = {
    "fastqc": ("Andrews S. FastQC, a quality control tool for sequence data. Babraham Bioinformatics", ""),
    "fastp": ("Chen S et al. (2018) Bioinformatics 34:i884", "10.1093/bioinformatics/bty560"),
    "salmon": ("Patro R et al. (2017) Nature Methods 14:417", "10.1038/nmeth.4197"),
    "star": ("Dobin A et al. (2013) Bioinformatics 29:15", "10.1093/bioinformatics/bts635"),
    "hisat2": ("Kim D et al. (2019) Nature Biotechnology 37:907", "10.1038/s41587-019-0201-4"),
    "samtools": ("Danecek P et al. (2021) GigaScience 10:giab008", "10.1093/gigascience/giab008"),
    "featurecounts": ("Liao Y et al. (2014) Bioinformatics 30:923", "10.1093/bioinformatics/btt656"),
    "htseq": ("Putri GH et al. (2022) Bioinformatics 38:2943", "10.1093/bioinformatics/btac166"),
    "tximport": ("Soneson C et al. (2015) F1000Research 4:1521", "10.12688/f1000research.7563.2"),
    "deseq2": ("Love MI et al. (2014) Genome Biology 15:550", "10.1186/s13059-014-0550-8"),
    "pydeseq2": ("Muzellec B et al. (2023) Bioinformatics 39:btad547", "10.1093/bioinformatics/btad547"),
    "apeglm": ("Zhu A et al. (2019) Bioinformatics 35:2084", "10.1093/bioinformatics/bty895"),
    "limma": ("Smyth GK (2004) Stat Appl Genet Mol Biol 3:3", "10.2202/1544-6115.1027"),
    "voom": ("Law CW et al. (2014) Genome Biology 15:R29", "10.1186/gb-2014-15-2-r29"),
    "treat": ("McCarthy DJ, Smyth GK (2009) Bioinformatics 25:765", "10.1093/bioinformatics/btp053"),
    "bh": ("Benjamini Y, Hochberg Y (1995) J R Stat Soc B 57:289", "10.1111/j.2517-6161.1995.tb02031.x"),
    "aicc": ("Hurvich CM, Tsai CL (1989) Biometrika 76:297", "10.1093/biomet/76.2.297"),
    "profile": ("Bates DM, Watts DG (1988) Nonlinear Regression Analysis. Wiley", "10.1002/9780470316757"),
    "ddct": ("Livak KJ, Schmittgen TD (2001) Methods 25:402", "10.1006/meth.2001.1262"),
    "pfaffl": ("Pfaffl MW (2001) Nucleic Acids Research 29:e45", "10.1093/nar/29.9.e45"),
    "genorm": (
        "Vandesompele J et al. (2002) Genome Biology 3:research0034",
        "10.1186/gb-2002-3-7-research0034",
    ),
    "rma": ("Irizarry RA et al. (2003) Biostatistics 4:249", "10.1093/biostatistics/4.2.249"),
    "quantiles": ("Bolstad BM et al. (2003) Bioinformatics 19:185", "10.1093/bioinformatics/19.2.185"),
    "mas5": ("Hubbell E et al. (2002) Bioinformatics 18:1585", "10.1093/bioinformatics/18.12.1585"),
    "calls": ("Liu WM et al. (2002) Bioinformatics 18:1593", "10.1093/bioinformatics/18.12.1593"),
    "nuse": ("Brettschneider J et al. (2008) Technometrics 50:241", "10.48550/arXiv.0710.0178"),
    "aqm": ("Kauffmann A et al. (2009) Bioinformatics 25:415", "10.1093/bioinformatics/btn647"),
    "simpleaffy": ("Wilson CL, Miller CJ (2005) Bioinformatics 21:3683", "10.1093/bioinformatics/bti605"),
    "lin": ("Lin LIK (1989) Biometrics 45:255", "10.2307/2532051"),
    "multiqc": ("Ewels P et al. (2016) Bioinformatics 32:3047", "10.1093/bioinformatics/btw354"),
    "nextflow": ("Di Tommaso P et al. (2017) Nature Biotechnology 35:316", "10.1038/nbt.3820"),
}


def background_sections(results: Results) -> list[Section]:
    """How it was made."""
    return [_methods(results), _parameters(results)]


def _methods(results: Results) -> Section:
    arms = (_viability, read_steps, array_steps, testing_steps, _qpcr, _running)
    steps = [step for arm in arms for step in arm(results)]
    used = list(dict.fromkeys(key for step in steps for key in step.cites))
    number = {key: str(i) for i, key in enumerate(used, start=1)}
    body = []
    for step in steps:
        marks = f" [{', '.join(number[key] for key in step.cites)}]" if step.cites else ""
        body.append(f"{html.escape(step.text)}{marks}.")
    items = "".join(f"<li>{_reference(*REFERENCES[key])}</li>" for key in used)
    return Section(METHODS, "html", f"<p>{' '.join(body)}</p><h4>References</h4><ol>{items}</ol>")


def _reference(text: str, doi: str) -> str:
    return html.escape(text) + (f', doi:<a href="https://doi.org/{doi}">{doi}</a>' if doi else "")


def _viability(results: Results) -> list[Step]:
    """How dose–response was fitted, if it was."""
    dose = results.findings.dose
    if not len(dose.fits):
        return []
    given = results.parameters.get("ic50_threshold")
    by_gap = "where a gap of over two-fold, intervals apart, parts two or more lines on each side"
    labelled = f"by whether the IC50 exceeds {float(given):g} nM" if given else by_gap
    return [
        Step(
            "Viability, relative to the vehicle, was fitted by logistic curves of log dose with four or "
            "three parameters, or a constant, chosen by the corrected Akaike criterion and an F test",
            ("aicc",),
        ),
        Step(
            "IC50 is the dose at which the curve is at 50 % of the control; 95 % intervals are by profile "
            "likelihood",
            ("profile",),
        ),
        *(
            [Step(f"By IC50, lines were called sensitive or resistant {labelled}")]
            if len(dose.labels)
            else []
        ),
    ]


def _qpcr(results: Results) -> list[Step]:
    """How Ct values became fold changes, if there were any."""
    qpcr = results.findings.qpcr
    changes = qpcr.fold_changes
    if not len(changes):
        return []
    genes = dict.fromkeys(qpcr.references.get("gene", []))
    pfaffl = (changes["method"] == "pfaffl").any()
    by, cited = ("Pfaffl's ratio with efficiencies", "pfaffl") if pfaffl else ("ΔΔCt", "ddct")
    several = " (geometric mean)" if len(genes) > 1 else ""
    tests = {"welch": "Welch's t", "paired": "paired t", "lines": "t tests over lines"}
    used = [name for test, name in tests.items() if (changes["test"] == test).any()]
    relative = f"relative to {' and '.join(genes)}{several}"
    steps = [Step(f"Fold changes by qPCR are {by}, {relative}", (cited, "genorm"))]
    if used:
        text = f"ΔCt was tested by {' and '.join(used)}, adjusted over the targets of a contrast"
        steps.append(Step(text, ("bh",)))
    if len(qpcr.concordance):
        text = "qPCR and expression were compared gene by gene, and by Lin's concordance correlation"
        steps.append(Step(text, ("lin",)))
    return steps


def _running(results: Results) -> list[Step]:
    nextflow, pipeline = results.tool_version("nextflow"), results.tool_version("rxpress")
    text = f"All was run by the pipeline rxpress{pipeline} with Nextflow{nextflow} and reported with MultiQC"
    return [Step(text, ("nextflow", "multiqc"))]


def parameter_table(results: Results) -> pd.DataFrame:
    """`parameter value`, and if defaults are known `default changed`, changed ones first."""
    names = list(results.parameters)
    frame = pd.DataFrame({"parameter": names, "value": [_text(results.parameters[name]) for name in names]})
    if not results.defaults:
        return frame
    frame["default"] = [_text(results.defaults.get(name)) for name in names]
    frame["changed"] = frame["value"] != frame["default"]
    return frame.sort_values("changed", ascending=False, kind="stable")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameters(results: Results) -> Section:
    frame = parameter_table(results)
    if frame.empty:
        return note(PARAMETERS, "The results folder holds no params.json.")
    columns = {
        "parameter": column("Parameter", "Name on the command line, after --"),
        "value": column("Value", "In this run"),
        "default": column("Default", "Unless asked otherwise"),
        "changed": column("Changed", "Whether the two differ", **colored_words({"changed": "#E69F00"})),
    }
    shown = frame.replace({"changed": {True: "changed", False: ""}})
    return table(PARAMETERS, shown, "parameter", columns, {"parameters": frame})
