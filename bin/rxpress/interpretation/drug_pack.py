"""A drug pack: what the literature says of a drug, as a folder of tables.

    drug.yml         names, target, mechanism, usual doses and times, steps of the mechanism, what signatures
                     can and cannot say
    markers.tsv      a row per marker gene and comparison (required, as drug.yml is)
    signatures.tsv   a row per gene of a signature
    gene_sets.gmt    a line per gene set: name, reference and what it is, genes

What each may hold, and what a user is told otherwise, is data: assets/schema/drug_pack.schema.json. Problems
carry file, line and column; nothing here stops at the first one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from rxpress.errors import InputError, Problem, Problems, did_you_mean
from rxpress.interpretation.gene_names import PackGene
from rxpress.samplesheet import Row, Schema, Sheet, cell_number, check_cells, read_sheet
from rxpress.tables import read_yaml_lines
from rxpress.user_tables import read_gmt

Read = TypeVar("Read")
Place = tuple[str | int, ...]  # the keys and positions that lead to a value of a YAML file
FILES = ("drug.yml", "markers.tsv", "signatures.tsv", "gene_sets.gmt")
REQUIRED = FILES[:2]
STEP_KEYS = ("name", "gene_set", "expected", "note")
STATEMENT_KEYS = ("name", "statement")
WHOLE = ("method", "scale", "cutoff")  # columns in which the rows of a signature agree


@dataclass(frozen=True)
class Marker:
    """A gene that a publication says to change, `up`, `down` or `unknown`, in one comparison.

    comparison : the contrast family; role : what the gene stands for; reference : `doi:…`, `pmid:…` or
    `pmcid:…`, joined by `; `.
    """

    gene: PackGene
    expected: str
    comparison: str
    role: str
    reference: str
    note: str


@dataclass(frozen=True)
class SignatureGene:
    """A gene of a signature; what its publication does not give is None."""

    gene: PackGene
    direction: str | None
    weight: float | None
    mean: float | None
    sd: float | None
    note: str


@dataclass(frozen=True)
class Signature:
    """Genes that are scored together.

    method : `classifier` (the sum of weight times expression, high class above `cutoff`), `exploratory`
    (genes without weights) or `response` (genes that a drug moves `up` and `down`); scale : whether the
    weights of a classifier multiply `z`, (x - mean) / sd, or `expression`, x with the mean and sd of the
    reference; statement : what its score can and cannot say, in plain words, or empty.
    """

    name: str
    method: str
    scale: str
    cutoff: float | None
    reference: str
    genes: tuple[SignatureGene, ...]
    statement: str = ""


@dataclass(frozen=True)
class GeneSet:
    """Symbols that belong together; source : its references, then what it is."""

    name: str
    source: str
    genes: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A step of the mechanism: where a gene set, by name, should go."""

    name: str
    gene_set: str
    expected: str
    note: str


@dataclass(frozen=True)
class DrugPack:
    """A drug and what is known of it.

    doses_nM, times_h : usual lowest and highest, None if not told; citations : publications that the pack
    rests on, `doi:…` (or `pmid:…`, `pmcid:…`) and how it is cited; unconfirmed : those of them whose
    identifier nobody has looked up.
    """

    name: str
    synonyms: tuple[str, ...]
    target: str
    target_genes: tuple[str, ...]
    mechanism: str
    vehicle: str
    doses_nM: tuple[float, float] | None  # noqa: N815 (as in the samplesheet)
    times_h: tuple[float, float] | None
    citations: Mapping[str, str]
    unconfirmed: tuple[str, ...]
    steps: tuple[Step, ...]
    markers: tuple[Marker, ...]
    signatures: tuple[Signature, ...]
    gene_sets: tuple[GeneSet, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name by which a samplesheet may call the drug."""
        return (self.name, *self.synonyms)


def read_drug_pack(folder: str | Path, schema: Schema) -> DrugPack:
    """The pack in a folder; everything that is wrong with it is one InputError."""
    folder, problems = Path(folder), Problems()
    if not folder.is_dir():
        raise InputError(Problem("is not a folder", "give the folder that holds drug.yml", str(folder)))
    there = {name for name in FILES if (folder / name).is_file()}
    for name in REQUIRED:
        if name not in there:
            problems.add("is missing", "docs/drug_packs.md shows what stands there", f"{folder.name}/{name}")

    def read(name: str, reader: Callable[[Path, Schema, Problems], Read]) -> Read | None:
        try:
            return reader(folder / name, schema, problems) if name in there else None
        except InputError as error:
            problems.take(error)
            return None

    drug = read("drug.yml", _read_drug) or {}
    markers = read("markers.tsv", _read_markers) or ()
    signatures = read("signatures.tsv", read_signatures) or ()
    gene_sets = read("gene_sets.gmt", read_gene_sets) or ()
    known = [one.name for one in gene_sets], [one.name for one in signatures]
    _check_names(drug.get("steps", ()), "gene_set", "a set of gene_sets.gmt", known[0], problems)
    _check_names(drug.get("statements", ()), "name", "a signature of signatures.tsv", known[1], problems)
    problems.stop_if_any()
    steps = (Step(*(step[key] for key in STEP_KEYS)) for step in drug.pop("steps"))
    said = {one["name"]: one["statement"] for one in drug.pop("statements")}
    signatures = tuple(replace(one, statement=said.get(one.name, "")) for one in signatures)
    return DrugPack(**drug, steps=tuple(steps), markers=markers, signatures=signatures, gene_sets=gene_sets)


def _read_markers(path: Path, schema: Schema, problems: Problems) -> tuple[Marker, ...]:
    rows = _read_rows(path, "marker", schema, problems)
    _refuse_repeats(rows, ("gene", "comparison"), path.name, problems)
    _refuse_own_aliases(rows, path.name, problems)
    columns = ("expected", "comparison", "role", "reference", "note")
    return tuple(Marker(_gene(row), *(row.cells.get(name, "") for name in columns)) for row in rows)


def read_signatures(path: Path, schema: Schema, problems: Problems) -> tuple[Signature, ...]:
    """The signatures of a table like a pack's signatures.tsv; what is wrong is added to `problems`."""
    rows = _read_rows(path, "signature", schema, problems)
    _refuse_repeats(rows, ("signature", "gene"), path.name, problems)
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.cells.get("signature", "")].append(row)
    for name, own in grouped.items():
        _refuse_own_aliases(own, path.name, problems)
        for column in WHOLE:
            for row in own:
                if row.cells.get(column) != own[0].cells.get(column):
                    what = f"signature '{name}' has another {column} in line {own[0].line}"
                    problems.add(what, "give all its rows the same", path.name, row.line, column)
    return tuple(_signature(name, own) for name, own in grouped.items())


def _signature(name: str, rows: Sequence[Row]) -> Signature:
    first = rows[0].cells
    references = dict.fromkeys(row.cells.get("reference", "") for row in rows)
    genes = tuple(
        SignatureGene(_gene(row), row.cells.get("direction"), *_numbers(row), row.cells.get("note", ""))
        for row in rows
    )
    method, scale = first.get("method", ""), first.get("scale", "z")
    return Signature(name, method, scale, cell_number(first.get("cutoff")), "; ".join(references), genes)


def _numbers(row: Row) -> tuple[float | None, float | None, float | None]:
    weight, mean, sd = (cell_number(row.cells.get(name)) for name in ("weight", "mean", "sd"))
    return weight, mean, sd


def read_gene_sets(path: Path, schema: Schema, problems: Problems) -> tuple[GeneSet, ...]:
    """The gene sets of a GMT file whose descriptions begin with references; as `read_signatures`."""
    rules = _rules("gene_set", schema)
    sets, rows, members = [], [], []
    for line, (name, *more) in read_gmt(path):
        source, genes = (more or [""])[0], more[1:]
        sets.append(GeneSet(name, source, tuple(genes)))
        rows.append(Row(line, {"name": name, "source": source}))
        members += [Row(line, {"gene": gene}) for gene in genes]
        if not genes:
            problems.add("has no genes", "a line is name, source and genes, with tabs", path.name, line)
        for gene in sorted({gene for gene in genes if genes.count(gene) > 1}):
            problems.add(f"'{gene}' stands twice in '{name}'", "remove one", path.name, line, "gene")
    check_cells(Sheet(path.name, ["name", "source"], rows), rules, problems)
    check_cells(Sheet(path.name, ["gene"], members), rules, problems)
    _refuse_repeats(rows, ("name",), path.name, problems)
    return tuple(sets)


def _read_rows(path: Path, kind: str, schema: Schema, problems: Problems) -> list[Row]:
    rules = _rules(kind, schema)
    sheet = read_sheet(path, rules, problems)
    check_cells(sheet, rules, problems)
    return sheet.rows


def _gene(row: Row) -> PackGene:
    return PackGene(
        row.cells.get("gene", ""),
        *(tuple(filter(None, row.cells.get(name, "").split(";"))) for name in ("aliases", "candidates")),
    )


def _refuse_repeats(rows: Iterable[Row], columns: Sequence[str], file: str, problems: Problems) -> None:
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.cells.get(column, "") for column in columns)
        first = seen.setdefault(key, row.line)
        if first != row.line and all(key):
            what = f"'{' '.join(key)}' stands in line {first} already"
            problems.add(what, "keep one, and put the other publication in its note", file, row.line)


def _refuse_own_aliases(rows: Sequence[Row], file: str, problems: Problems) -> None:
    """An alias that is the symbol of another row would make one gene stand for two."""
    symbols = {row.cells.get("gene", ""): row.line for row in reversed(rows)}
    for row in rows:
        for alias in _gene(row).aliases:
            if alias in symbols:
                what = f"alias '{alias}' is the symbol in line {symbols[alias]}"
                problems.add(what, "remove the alias", file, row.line, "aliases")


def _check_names(
    items: Iterable[Mapping[str, Any]], key: str, what: str, known: Sequence[str], problems: Problems
) -> None:
    """Items of a list of drug.yml must name, by `key`, what another file of the pack holds."""
    for item in items:
        if item[key] and item[key] not in known:
            fix = did_you_mean(item[key], known) or "add it there, or remove it here"
            problems.add(f"'{item[key]}' is not {what}", fix, "drug.yml", item["line"], key)


# drug.yml


def _read_drug(path: Path, schema: Schema, problems: Problems) -> dict[str, Any]:
    """The keys of drug.yml as DrugPack has them; steps and statements as mappings with their `line`."""
    value, lines = read_yaml_lines(path)
    if not isinstance(value, Mapping):
        raise InputError(Problem("is not a mapping", "begin with `name:`", path.name, 1))
    problems.found += _broken(value, _rules("drug", schema), (), path.name, lines)
    citations = dict(text.partition(" ")[::2] for text in _texts(value.get("references")))
    unconfirmed = _texts(value.get("unconfirmed"))
    for i, name in enumerate(unconfirmed):
        if name not in citations:
            fix = did_you_mean(name, citations) or "list it there too, or remove it here"
            line = lines.get(("unconfirmed", i))
            problems.add(f"'{name}' is not among the references", fix, path.name, line, "unconfirmed")
    return {
        **{name: _text(value.get(name)) for name in ("name", "target", "mechanism", "vehicle")},
        **{name: _texts(value.get(name)) for name in ("synonyms", "target_genes")},
        **{name: _range(value.get(name)) for name in ("doses_nM", "times_h")},
        "citations": citations,
        "unconfirmed": unconfirmed,
        "steps": _items(value, "steps", STEP_KEYS, "gene_set", lines),
        "statements": _items(value, "signatures", STATEMENT_KEYS, "name", lines),
    }


def _items(
    value: Mapping[str, Any], name: str, keys: Sequence[str], place: str, lines: Mapping[Place, int]
) -> list[dict[str, Any]]:
    """The mappings of a list, each with the texts of `keys` and the `line` of its key `place`."""
    items = value.get(name)
    return [
        {key: _text(item.get(key)) for key in keys} | {"line": lines.get((name, i, place))}
        for i, item in enumerate(items if isinstance(items, list) else [])
        if isinstance(item, Mapping)
    ]


def _broken(
    value: Any, rule: Schema, where: Place, file: str, lines: Mapping[Place, int]
) -> Iterator[Problem]:
    """What is wrong with a value of drug.yml, down to its last item."""
    column = next((str(key) for key in reversed(where) if isinstance(key, str)), "")
    if rule.get("type") == "object" and isinstance(value, Mapping):
        known = rule["properties"]
        for name in rule["required"]:
            if name not in value:
                fix = f"add it: {known[name]['description'].lower()}"
                yield Problem("is missing", fix, file, lines.get(where, 1), name)
        for name, item in value.items():
            if name in known:
                yield from _broken(item, known[name], (*where, name), file, lines)
            else:
                fix = did_you_mean(name, known) or f"known keys are {', '.join(known)}"
                yield Problem("is not a known key", fix, file, lines.get((*where, name)), name)
    elif not _is_valid(value, rule):
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        what = rule["errorMessage"].replace("{value}", shown)
        yield Problem(what, rule["errorFix"], file, lines.get(where), column)
    elif isinstance(value, list) and "errorMessage" in rule["items"]:
        for i, item in enumerate(value):
            yield from _broken(item, rule["items"], (*where, i), file, lines)


def _is_valid(value: Any, rule: Schema) -> bool:
    """Whether a value keeps a rule, its items left aside where these have messages of their own."""
    from jsonschema import Draft202012Validator

    items = rule.get("items", {})
    if items.get("type") == "number" and isinstance(value, list):
        value = [cell_number(item) if isinstance(item, str) else item for item in value]
    own = {key: part for key, part in rule.items() if key != "items" or "errorMessage" not in items}
    return Draft202012Validator(own).is_valid(value)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value)) if isinstance(value, list) else ()


def _range(value: Any) -> tuple[float, float] | None:
    ends = [cell_number(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []
    low, high = ends if len(ends) == 2 else (None, None)
    return None if low is None or high is None else (low, high)


def _rules(kind: str, schema: Schema) -> dict[str, Any]:
    """A definition of the schema with every reference to another one replaced by what it says."""

    def resolve(part: Any) -> Any:
        if isinstance(part, list):
            return [resolve(item) for item in part]
        if not isinstance(part, Mapping):
            return part
        own = {key: resolve(item) for key, item in part.items() if key != "$ref"}
        if "$ref" not in part:
            return own
        return {**resolve(schema["$defs"][part["$ref"].rsplit("/", 1)[1]]), **own}

    return {"allOf": [], **resolve(schema["$defs"][kind])}
