"""Files of a small study as a user would give them, and what CHECK_INPUTS says of them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rxpress.checking.checks import Findings, check_everything
from rxpress.checking.inputs import Schemas, gather
from rxpress.errors import Problems
from rxpress.tables import read_json

ROOT = Path(__file__).resolve().parent.parent
SHEET_SCHEMA = read_json(ROOT / "assets/schema/samplesheet.schema.json")
PARAMETER_SCHEMA = read_json(ROOT / "nextflow_schema.json")
SCHEMAS = Schemas(
    PARAMETER_SCHEMA,
    SHEET_SCHEMA,
    *(read_json(ROOT / f"assets/schema/{table}.schema.json") for table in ("viability", "qpcr", "drug_pack")),
)
QUANT_HEADER = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
TRANSCRIPTS = {"TX1.1": "GENE1", "TX2.1": "GENE1", "TX3.1": "GENE2"}
SHEET = """\
sample,fastq_1,fastq_2,cell_line,treatment,replicate
a1,a1_1.fq.gz,a1_2.fq.gz,MM1S,DMSO,1
a2,a2_1.fq.gz,a2_2.fq.gz,MM1S,DMSO,2
b1,b1_1.fq.gz,b1_2.fq.gz,MM1S,bortezomib,1
b2,b2_1.fq.gz,b2_2.fq.gz,MM1S,bortezomib,2
"""


def fastq(name: str = "read1", bases: str = "ACGT", qualities: str = "IIII") -> bytes:
    return f"@{name}\n{bases}\n+\n{qualities}\n".encode()


def gtf(transcripts: Mapping[str, str]) -> str:
    """An annotation of transcripts {id: gene}, one exon each, with gene names `<gene>_NAME`."""
    line = (
        "chr1\tmade\t{kind}\t1\t100\t.\t+\t.\t"
        'gene_id "{gene}"; transcript_id "{id}"; gene_name "{gene}_NAME";\n'
    )
    kinds = ("transcript", "exon")
    return "".join(line.format(kind=k, gene=g, id=t) for t, g in transcripts.items() for k in kinds)


def fasta(names: Sequence[str]) -> str:
    return "".join(f">{name}\nACGTACGT\n" for name in names)


def write_study(folder: Path) -> dict[str, Any]:
    """The four paired samples of SHEET with references that fit; returns the parameters that name them."""
    for stem in ("a1", "a2", "b1", "b2"):
        for mate in (1, 2):
            (folder / f"{stem}_{mate}.fq.gz").write_bytes(gzip.compress(fastq(f"{stem}:1/{mate}")))
    (folder / "genes.gtf").write_text(gtf(TRANSCRIPTS))
    (folder / "transcripts.fa").write_text(fasta(list(TRANSCRIPTS)))
    return {"transcripts": str(folder / "transcripts.fa"), "gtf": str(folder / "genes.gtf")}


def write_quant(folder: Path, names: Sequence[str] = tuple(TRANSCRIPTS), index: str = "1a2b3c4d5e6f") -> None:
    """A Salmon folder with the transcripts of `names`, of the index whose hashes are `index`.

    Two folders have the same counts only if they have the same name.
    """
    (folder / "aux_info").mkdir(parents=True)
    count = 10 + zlib.crc32(folder.name.encode()) % 90
    lines = "".join(f"{name}\t100\t50\t1\t{count}\n" for name in names)
    (folder / "quant.sf").write_text(QUANT_HEADER + lines)
    hashes = f'{{"index_seq_hash": "{index}", "index_name_hash": "{index}"}}'
    (folder / "aux_info/meta_info.json").write_text(hashes)


def examine(sheet: Path, params: Mapping[str, Any], **more: Any) -> tuple[Findings | None, Problems]:
    """What CHECK_INPUTS finds when it looks at the files itself."""
    problems = Problems()
    given = gather(str(sheet), params, SCHEMAS, **more)
    return check_everything(given, problems), problems


def told(folder: Path, sheet: str, params: Mapping[str, Any], **more: Any) -> tuple[list[str], list[str]]:
    """Problems and warnings, as lines, about a sheet that is written to `folder` as samples.csv."""
    (folder / "samples.csv").write_text(sheet)
    _, problems = examine(folder / "samples.csv", params, **more)
    return [str(p) for p in dict.fromkeys(problems.found)], [str(w) for w in dict.fromkeys(problems.warnings)]
