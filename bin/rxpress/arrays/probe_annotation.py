"""Which genes a probeset measures, as the tables of GEO, NetAffx and Bioconductor say it.

Read are, plain or gzip: the table of a GEO platform (`GPL….txt`, or its SOFT file), GEO's own annotation of
it (`GPL….annot`), the annotation that Affymetrix published (NetAffx CSV) and any table with a column of
probesets and one of symbols or gene ids. Several genes of a probeset stand in one cell (`DDR1 /// MIR4640`)
or in several rows.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from rxpress.cells import listing
from rxpress.errors import InputError, Problem
from rxpress.tables import read_text, rows_of

PROBESETS = (
    *("id", "id_ref", "probe_set_id", "probeset_id", "probeset", "probe_set", "probe_id", "probeid"),
    *("transcript_cluster_id", "affy_id"),
)
SYMBOLS = ("gene_symbol", "symbol", "hgnc_symbol", "external_gene_name", "gene_name", "identifier")
ASSIGNMENT = "gene_assignment"
IDS = (
    *("ensembl", "ensembl_gene_id", "ensembl_id", "gene_id"),
    *("entrez_gene_id", "entrez_gene", "entrezid", "entrez_id", "entrezgene", "entrezgene_id"),
)
MISSING = {"", "-", "--", "---", "NA", "N/A", "NULL", "NONE", "NAN"}
SEPARATOR = re.compile(r"///|[;|]")  # none of these is part of a gene's name
TABLE_BEGIN, COMMENTS = "!platform_table_begin", ("#", "!", "^")
LEAST_LISTED = 0.01


@dataclass(frozen=True)
class ProbeAnnotation:
    """The genes that probesets measure, distinct and in the order of the file.

    file : its name; format : what kind of table it is; symbols, ids : by probeset, those of every probeset
    asked for that the file lists, none where it knows no gene; considered : what a folder's files came to.
    """

    file: str
    format: str
    symbols: Mapping[str, tuple[str, ...]]
    ids: Mapping[str, tuple[str, ...]]
    considered: tuple[str, ...] = ()

    @property
    def listed(self) -> int:
        """How many of the probesets that were asked for the file lists, with a gene or without."""
        return len(self.symbols)

    def genes(self, probeset: str) -> tuple[str, ...]:
        """Names of the genes of a probeset: symbols, or ids where the file has no symbol for it."""
        return self.symbols.get(probeset) or self.ids.get(probeset, ())


def read_probe_annotation(path: Path, probesets: Sequence[str]) -> ProbeAnnotation:
    """Read what a file says of `probesets`; of a folder, the file that lists most of them.

    InputError when the file is no annotation, or lists less than 1 % of the probesets.
    """
    wanted = set(probesets)
    if not path.is_dir():
        return _enough(_read_file(path, wanted), len(wanted))
    found, considered = [], []
    for file in sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")):
        try:
            found.append(_read_file(file, wanted))
            considered.append(f"{file.name} lists {found[-1].listed:,} of {len(wanted):,} probesets")
        except InputError as error:
            considered.append(f"{file.name} {error.problems[0].what}")
    if not found:
        what = f"holds no probe annotation: {listing(considered)}" if considered else "is an empty folder"
        raise InputError(Problem(what, "give the file of the arrays' platform", path.name))
    best = max(found, key=lambda annotation: annotation.listed)
    chosen = ProbeAnnotation(best.file, best.format, best.symbols, best.ids, tuple(considered))
    return _enough(chosen, len(wanted))


def _enough(annotation: ProbeAnnotation, wanted: int) -> ProbeAnnotation:
    if annotation.listed < LEAST_LISTED * wanted or not annotation.listed:
        what = f"lists {annotation.listed:,} of {wanted:,} probesets"
        raise InputError(Problem(what, "give the annotation of the arrays' platform", annotation.file))
    return annotation


def _read_file(path: Path, wanted: AbstractSet[str]) -> ProbeAnnotation:
    """What a file says of the probesets `wanted`."""
    text = read_text(path, fallback="latin-1")
    form, above, body = _find_table(text)
    tabs = "\t" in body.partition("\n")[0]
    header, rows = rows_of(
        body, path.name, above, quoted=not tabs
    )  # GEO quotes nothing, but names hold quotes
    if rows and len(rows[0][1]) == len(header) + 1 and rows[0][1][-1]:
        header = ["", *header]  # R's row names have no header
    columns = {_plain(name): i for i, name in reversed(list(enumerate(header)))}
    symbol = next((columns[name] for name in (*SYMBOLS, ASSIGNMENT) if name in columns), None)
    ids = next((columns[name] for name in IDS if name in columns), None)
    if symbol is None and ids is None:
        what = (
            f"has no column of gene symbols or ids, only {listing(name[:40] for name in header)}"
            if header
            else "holds no table"
        )
        raise InputError(Problem(what, f"name a column {SYMBOLS[0]}", path.name, above + 1))
    probeset = _probeset_column(header, columns, rows, wanted)
    in_assignment = symbol is not None and _plain(header[symbol]) == ASSIGNMENT
    symbols_of: dict[str, dict[str, None]] = {}
    ids_of: dict[str, dict[str, None]] = {}
    for _, cells in rows:
        name = _cell(cells, probeset)
        if name not in wanted:
            continue
        named = _cell(cells, symbol)
        found = _assigned(named) if in_assignment else SEPARATOR.split(named)
        symbols_of.setdefault(name, {}).update(_known(found))
        ids_of.setdefault(name, {}).update(_known(SEPARATOR.split(_cell(cells, ids))))
    return ProbeAnnotation(path.name, form, _tuples(symbols_of), _tuples(ids_of))


def _find_table(text: str) -> tuple[str, int, str]:
    """Format of an annotation, number of lines above the table's header, and the table."""
    form, offset, above = "table", 0, 0
    for line in io.StringIO(text):
        if line.strip() and not line.startswith(COMMENTS):
            break
        if line.lower().startswith("^annotation"):
            form = "GEO annotation"
        elif line.startswith(("^", "#ID =", TABLE_BEGIN)) and form == "table":
            form = "GEO platform"
        elif line.startswith("#%"):
            form = "NetAffx"
        offset, above = offset + len(line), above + 1
    body, _, _ = text[offset:].partition("\n!")  # !platform_table_end, and what follows in a SOFT file
    return form, above, body


def _probeset_column(
    header: Sequence[str],
    columns: Mapping[str, int],
    rows: Sequence[tuple[int, list[str]]],
    wanted: AbstractSet[str],
) -> int:
    """Of the first column and those that are called so, the one that lists most of the probesets `wanted`."""
    candidates = dict.fromkeys([*(columns[name] for name in PROBESETS if name in columns), 0])
    listed = {i: len({_cell(cells, i) for _, cells in rows} & wanted) for i in candidates}
    return max(listed, key=lambda i: listed[i])


def _assigned(cell: str) -> Iterable[str]:
    """Symbols in a cell for whole-transcript arrays: `accession // symbol // title // place // id /// …`."""
    for entry in cell.split(" /// "):
        fields = entry.split(" // ")
        yield fields[1] if len(fields) > 1 else ""


def _known(words: Iterable[str]) -> dict[str, None]:
    words = (word.strip().strip('"').strip() for word in words)
    return dict.fromkeys(word for word in words if word.upper() not in MISSING)


def _cell(cells: Sequence[str], column: int | None) -> str:
    return "" if column is None or column >= len(cells) else cells[column].strip('"').strip()


def _plain(name: str) -> str:
    """A header in one spelling: `Gene Symbol`, `GENE_SYMBOL` and `gene.symbol` are one."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _tuples(found: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words) for name, words in found.items()}
