"""Whether references fit each other, the Salmon folders and the counts: releases, ids, names of sequences."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from rxpress.annotation import Annotation
from rxpress.checking.alignment_route import choose_route
from rxpress.checking.assay_checks import COUNTS
from rxpress.checking.count_matrix import (
    CountMatrix,
    check_count_columns,
    check_count_values,
    read_count_matrix,
)
from rxpress.checking.inputs import Inputs, References, attempt
from rxpress.checking.peek import Peek
from rxpress.errors import Problems, did_you_mean
from rxpress.samplesheet import Sample, by_study
from rxpress.sequences import quant_head_names
from rxpress.tables import read_json, read_text

LEAST_MAPPED = 0.9
# The first lines of a quant.sf are no fair sample of a transcriptome: only a clear mismatch counts.
LEAST_OF_HEAD = 0.5
LEAST_NAMED = 0.5
SHOWN = 3
INDEX_HASH = re.compile(rb'"index_(seq|name)_hash"\s*:\s*"(\w+)"')


def check_annotation(inputs: Inputs, references: References, problems: Problems) -> None:
    """The annotation and the table must be what their options say, and name genes, not transcripts."""
    option = "--gtf" if inputs.params.get("gtf") else "--gff"
    annotation, table = references.annotation, references.table
    if annotation and annotation.format == "table":
        what = f"{inputs.files['annotation'].name} is a table, not an annotation"
        problems.add(what, "give it as --tx2gene", option)
    elif annotation and annotation.format != {"--gtf": "gtf", "--gff": "gff3"}[option]:
        what = f"{inputs.files['annotation'].name} is {annotation.format.upper()} and is read as such"
        problems.warn(what, "", option)
    if table and table.format != "table":
        what = f"{inputs.files['tx2gene'].name} is {table.format.upper()}, not a table of transcript and gene"
        problems.add(what, f"give it as --{'gff' if table.format == 'gff3' else 'gtf'}", "--tx2gene")
    if annotation and _self_named(annotation):
        what = "every transcript is its own gene (as in GTF files of UCSC's table browser)"
        problems.warn(what, "give an annotation with gene ids", inputs.files["annotation"].name)


def _self_named(annotation: Annotation) -> bool:
    own = sum(annotation.genes[name].id == name for name in annotation.transcripts)
    return own > LEAST_MAPPED * len(annotation.transcripts) > SHOWN


def check_mapping(inputs: Inputs, references: References, problems: Problems) -> None:
    """At least 90 % of the transcripts must have a gene; spike-ins are told and do not count."""
    mapping, genes = references.mapping, references.genes
    if mapping is None or genes is None:
        return
    source = inputs.files["tx2gene" if references.table else "annotation"].name
    role = "index" if references.index else "transcripts"
    file = inputs.files[role].name if role in inputs.files else source
    if len(mapping.genes) < LEAST_MAPPED * mapping.total:
        share = f"{len(mapping.genes):,} of {mapping.total:,} transcripts have a gene in {source}"
        what = (
            f"only {share}, not 90 %: it knows {_some(genes.transcripts)}, but not {_some(mapping.unmapped)}"
        )
        unmapped = set(mapping.unmapped)
        if unmapped & genes.sequences.keys():
            problems.add(f"{what}: this looks like a genome", "give it as --genome", file)
        else:
            problems.add(what, "give transcripts and annotation of one release", file)
    if mapping.spike_ins:
        what = f"{len(mapping.spike_ins):,} spike-ins ({_some(mapping.spike_ins)}) have no gene"
        problems.warn(f"{what} and are left out of the gene tables", "", file)
    if mapping.how["other_version"]:
        what = f"{mapping.how['other_version']:,} transcripts have another version in {source}"
        problems.warn(what, "look whether both are of one release", file)


def check_repeats(inputs: Inputs, references: References, problems: Problems) -> None:
    """Salmon refuses two transcripts of one name."""
    names = references.transcripts or ()
    if len(set(names)) < len(names):
        seen: set[str] = set()
        twice = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
        what = f"{len(twice):,} names stand twice, such as {_some(twice)}"
        problems.add(what, "give each transcript once", inputs.files["transcripts"].name)


def check_genome(inputs: Inputs, references: References, problems: Problems) -> None:
    """Sequences that the annotation speaks of must be in the genome, or their transcripts are lost.

    Where transcripts are given and nothing is aligned, the genome is a decoy, and names are worth a warning.
    """
    there = references.genome
    if there is None or not references.annotation:
        return
    sequences = references.annotation.sequences
    absent = {name: n for name, n in sequences.items() if name not in there}
    if absent:
        lost, total = sum(absent.values()), sum(sequences.values())
        what = f"{lost:,} of {total:,} transcripts lie on {_some(list(absent))}"
        decoy = "transcripts" in inputs.files and not choose_route(inputs.params).aligned
        most = lost > (1 - LEAST_MAPPED) * total
        tell = problems.add if most and not decoy else problems.warn
        tell(
            f"{what}, but the genome has {_some(list(there))}",
            "give genome and annotation of one source",
            inputs.files["genome"].name,
        )


def check_index(inputs: Inputs, references: References, problems: Problems) -> None:
    """A Salmon index beside a FASTA file must be of the same transcripts."""
    if references.index is None or references.transcripts is None:
        return
    indexed, duplicates = references.index
    in_index, in_fasta = set(indexed), _bare_names(references.transcripts)
    foreign = [name for name in indexed if name not in in_fasta]
    missing = [
        name
        for name in references.transcripts
        if not {name, _bare(name)} & in_index and not {name, _bare(name)} & set(duplicates)
    ]
    fasta = inputs.files["transcripts"].name
    parts = (
        [f"{len(foreign):,} transcripts of the index are not in {fasta} ({_some(foreign)})"]
        if foreign
        else []
    )
    parts += [f"{len(missing):,} of {fasta} are not in the index ({_some(missing)})"] if missing else []
    if parts:
        fix = "give the FASTA file that the index was made from, or leave one of the two away"
        problems.add(", ".join(parts), fix, inputs.files["index"].name)


def check_quant_indexes(inputs: Inputs, references: References, problems: Problems) -> None:
    """The Salmon folders of a study, and the index for its reads, must be of one set of transcripts."""
    for study, samples in by_study(inputs.samples, inputs.schema).items():
        groups: dict[tuple[str, ...], list[Sample]] = defaultdict(list)
        for sample in samples:
            hashes = _index_hashes(inputs, sample)
            if hashes:
                groups[hashes].append(sample)
        if len(groups) > 1:
            named = [
                f"{_some([s.name for s in group])} (index {key[0][:8]})" for key, group in groups.items()
            ]
            what = f"Salmon folders of study '{study}' are of different indexes: {'; '.join(named)}"
            line = list(groups.values())[1][0].line
            problems.add(
                what,
                "quantify them with one index, or make studies of them",
                inputs.sheet.file,
                line,
                "quant",
            )
        elif groups and any(sample.paths("fastq_1") for sample in samples):
            _check_given_index(inputs, next(iter(groups)), next(iter(groups.values()))[0], problems)


def _index_hashes(inputs: Inputs, sample: Sample) -> tuple[str, ...]:
    """Hashes of sequences and names of the index that a Salmon folder is of; empty when it does not say."""
    peeks = [inputs.peek("quant_info", path) for path in sample.paths("quant")]
    found = dict(pair for peek in peeks if peek for pair in INDEX_HASH.findall(peek.head))
    return tuple(found[key].decode() for key in (b"seq", b"name") if key in found)


def _check_given_index(inputs: Inputs, hashes: tuple[str, ...], sample: Sample, problems: Problems) -> None:
    """Reads of a study that also has Salmon folders are quantified with --salmon_index: the same one."""
    if "index" not in inputs.files:
        return
    info = inputs.files["index"] / "info.json"
    given = read_json(info) if info.exists() else {}
    if given and hashes != (given.get("SeqHash"), given.get("NameHash"))[: len(hashes)]:
        what = f"the Salmon folder of sample '{sample.name}' is of another index than --salmon_index"
        fix = "give the index it was made with, or quantify its reads again"
        problems.add(what, fix, inputs.sheet.file, sample.line, "quant")


def check_quant_names(inputs: Inputs, references: References, problems: Problems) -> None:
    """Transcripts of Salmon folders must be those of the references, as far as their first lines show."""
    names = references.index[0] if references.index else references.transcripts
    known = None if names is None else _bare_names(names)
    roles = ["index", "transcripts"] if known else ["tx2gene", "annotation"]
    source = next((inputs.files[role].name for role in roles if role in inputs.files), "")
    unknown: dict[tuple[str, ...], list[str]] = {}  # most folders of a study begin alike
    for sample in inputs.having("quant"):
        peeks = [inputs.peek("quant_file", path) for path in sample.paths("quant")]
        ids = tuple(name for peek in peeks if peek for name in _head_names(peek))
        if ids not in unknown:
            unknown[ids] = _unknown(ids, known, references)
        if len(unknown[ids]) > (1 - LEAST_OF_HEAD) * len(ids):
            what = (
                f"transcripts of sample '{sample.name}', such as {_some(unknown[ids])}, are not in {source}"
            )
            fix = "give the references that it was quantified with"
            problems.add(what, fix, inputs.sheet.file, sample.line, "quant")


def _head_names(peek: Peek) -> list[str]:
    try:
        return quant_head_names(peek.head, peek.whole)
    except ValueError:  # told by the check of files
        return []


def _unknown(ids: Sequence[str], known: set[str] | None, references: References) -> list[str]:
    if known is not None:
        return [name for name in ids if not {name, _bare(name)} & known]
    return references.without_gene(ids)


def check_counts(inputs: Inputs, references: References, problems: Problems) -> None:
    """The count matrix: its samples, its values, and that its genes get names."""
    if "counts" not in inputs.files:
        return
    matrix = attempt(problems, read_count_matrix, inputs.files["counts"])
    if matrix is None:
        return
    others = inputs.having("fastq_1", "fastq_2", "quant", "bam", "cel")
    for sample in others:
        if sample.name in matrix.counts:
            what = f"sample '{sample.name}' has a data file, but is a column of --counts as well"
            problems.add(what, "leave one of the two away", inputs.sheet.file, sample.line, "sample")
    of_matrix = [sample for sample in inputs.samples if inputs.sources[sample.name] == COUNTS]
    lines = {sample.name: sample.line for sample in of_matrix}
    if not lines and inputs.samples:
        problems.add("no sample takes its values from it: all have data files", "leave it away", "--counts")
    check_count_columns(matrix, lines, inputs.sheet.file, problems)
    check_count_values(matrix, list(lines), problems)
    _check_gene_names(matrix, references.genes, problems)


def _check_gene_names(matrix: CountMatrix, genes: Annotation | None, problems: Problems) -> None:
    if not matrix.ensembl or matrix.gene_names is not None:
        return
    if genes is None:
        what = f"genes are Ensembl ids ({_some(list(matrix.gene_ids))}) and nothing names them"
        problems.add(what, "add a column 'gene_name', or give --gtf, --gff or --tx2gene", matrix.file)
        return
    known = _without_versions(gene.id for gene in genes.genes.values())
    named = sum(name in known for name in matrix.gene_ids.str.partition(".")[0])
    if named < LEAST_NAMED * len(matrix.gene_ids):
        what = f"{named:,} of {len(matrix.gene_ids):,} genes are in the annotation"
        problems.warn(what, "look whether both are of one species and release", matrix.file)


def check_control_genes(inputs: Inputs, references: References, problems: Problems) -> None:
    """Genes that size factors rest on must be genes of the run, by id or by name."""
    if "control_genes" not in inputs.files:
        return
    file = inputs.files["control_genes"].name
    wanted = attempt(problems, read_text, inputs.files["control_genes"])
    known = _gene_words(inputs, references)
    if wanted is None or not known:
        return
    lines = [(line, word) for line, text in enumerate(wanted.split("\n"), 1) for word in text.split()]
    if not lines:
        problems.add("names no gene", "give ids or names of genes, one per line", file)
    unknown = [(line, word) for line, word in lines if word not in known]
    for line, word in unknown:
        fix = "give ids or names as in the annotation or the count matrix"
        problems.add(f"there is no gene '{word}'", did_you_mean(word, known) or fix, file, line)


def _gene_words(inputs: Inputs, references: References) -> set[str]:
    """Ids and names of all genes of the references and the count matrix, as far as these can be read."""
    words = {word for gene in references.genes.genes.values() for word in gene} if references.genes else set()
    if "counts" in inputs.files:
        matrix = attempt(Problems(), read_count_matrix, inputs.files["counts"])  # check_counts tells
        if matrix is not None:
            words |= {*matrix.gene_ids, *(matrix.gene_names if matrix.gene_names is not None else ())}
    return words


def _without_versions(ids: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in ids}


def _bare(name: str) -> str:
    """A transcript's name as Salmon's `--gencode` keeps it: before the first `|`."""
    return name.partition("|")[0]


def _bare_names(names: Iterable[str]) -> set[str]:
    return {form for name in names for form in (name, _bare(name))}


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:SHOWN])
    return f"{shown} …" if len(names) > SHOWN else shown


REFERENCE_CHECKS = (
    check_annotation,
    check_repeats,
    check_mapping,
    check_genome,
    check_index,
    check_quant_indexes,
    check_quant_names,
    check_counts,
    check_control_genes,
)
