"""Small sound studies, one of each kind of input, for cases to break: files in a folder, parameters, command.

Every study has a `samples.csv`; `params.json` is written when the edits of a case are done.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from input_files import SHEET, TRANSCRIPTS, write_quant, write_study

NAMES = ("d1", "d2", "d3", "b1", "b2", "b3")
TREATED_SHEET = "sample,cell_line,treatment,dose_nM,replicate\n" + "".join(
    f"{name},MM1S,{'DMSO' if name[0] == 'd' else 'bortezomib'},{0 if name[0] == 'd' else 20},{name[1]}\n"
    for name in NAMES
)
GENES = ("ATF3", "DDIT3", "HMOX1", "HSPA1A", "PSMB5", "XBP1", "ACTB", "GAPDH")
COUNTS = "gene_id\t" + "\t".join(NAMES) + "\n"
COUNTS += "".join(
    f"{gene}\t" + "\t".join(str(100 + 37 * i + 11 * j) for j in range(len(NAMES))) + "\n"
    for i, gene in enumerate(GENES)
)
MATRIX = "probe,gene_name," + ",".join(NAMES) + "\n"
MATRIX += "".join(
    f"{i}_at,{gene}," + ",".join(f"{5 + i % 7 + 0.25 * j}" for j in range(len(NAMES))) + "\n"
    for i, gene in enumerate(GENES)
)
VIABILITY = "cell_line,treatment,dose_nM,viability\n" + "".join(
    f"MM1S,bortezomib,{dose},{living}\n" for dose, living in ((1, 0.98), (3, 0.9), (10, 0.5), (30, 0.1))
)
QPCR = "sample,target,ct\n" + "".join(
    f"{name},{target},{cycle}\n" for name in NAMES for target, cycle in (("GAPDH", 20.1), ("HMOX1", 27.5))
)
CONTRASTS = """\
contrasts:
  - id: drug_vs_vehicle
    up: {treatment: bortezomib}
    down: {treatment: DMSO}
"""
PACK = {
    "drug.yml": "name: bortezomib\nsynonyms: [PS-341]\ntarget: PSMB5\nmechanism: stops the proteasome\n"
    "doses_nM: [1, 20]\nreferences: [doi:10.1000/182 The DOI Handbook]\n"
    "steps:\n  - name: first\n    gene_set: SET\n    expected: up\n",
    "markers.tsv": "gene\taliases\texpected\tcomparison\trole\treference\tnote\n"
    "ATF3\tNA\tup\tdrug\tstress\tpmid:1\tNA\nXBP1\tNA\tdown\tbaseline\trisk\tpmid:3\tNA\n",
    "gene_sets.gmt": "SET\tpmid:1 what it is\tATF3\tDDIT3\n",
}

Parameters = dict[str, Any]


def counts(folder: Path) -> Parameters:
    (folder / "samples.csv").write_text(TREATED_SHEET)
    (folder / "counts.tsv").write_text(COUNTS)
    return {"counts": "counts.tsv"}


def matrix(folder: Path) -> Parameters:
    (folder / "samples.csv").write_text(TREATED_SHEET)
    (folder / "matrix.csv").write_text(MATRIX)
    return {"expression_matrix": "matrix.csv"}


def reads(folder: Path) -> Parameters:
    write_study(folder)
    (folder / "samples.csv").write_text(SHEET)
    return {"transcripts": "transcripts.fa", "gtf": "genes.gtf"}


def long_reads(folder: Path) -> Parameters:
    """The same with 2,500 reads in the files of a1: more than is looked at before the run."""
    parameters = reads(folder)
    for mate in (1, 2):
        text = "".join(f"@r{i}/{mate}\nACGTACGT\n+\nIIIIFF#F\n" for i in range(1, 2501))
        (folder / f"a1_{mate}.fq.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        (folder / f"a1_{mate}.fq").write_text(text)
    return parameters


def quants(folder: Path) -> Parameters:
    parameters = reads(folder)
    for name in NAMES:
        write_quant(folder / f"quant_{name}")
    table = "".join(f"{name}\t{gene}\t{gene}\n" for name, gene in TRANSCRIPTS.items())
    (folder / "tx2gene.tsv").write_text(table)
    header, *lines = TREATED_SHEET.splitlines()
    lines = [f"{line},quant_{line.split(',')[0]}" for line in lines]
    (folder / "samples.csv").write_text("\n".join([f"{header},quant", *lines]) + "\n")
    return parameters


def viability(folder: Path) -> Parameters:
    (folder / "viability.csv").write_text(VIABILITY)
    return {**counts(folder), "viability": "viability.csv"}


def qpcr(folder: Path) -> Parameters:
    (folder / "qpcr.csv").write_text(QPCR)
    return {**counts(folder), "qpcr": "qpcr.csv", "reference_genes": "GAPDH"}


def contrasts(folder: Path) -> Parameters:
    (folder / "contrasts.yml").write_text(CONTRASTS)
    return {**counts(folder), "contrasts": "contrasts.yml"}


def drug_pack(folder: Path) -> Parameters:
    (folder / "pack").mkdir()
    for name, text in PACK.items():
        (folder / "pack" / name).write_text(text)
    return {**counts(folder), "drug_pack": "pack"}


STUDIES: Mapping[str, Callable[[Path], Parameters]] = {
    study.__name__: study
    for study in (counts, matrix, reads, long_reads, quants, viability, qpcr, contrasts, drug_pack)
}
