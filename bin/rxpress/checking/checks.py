"""Everything that can be known to be wrong before a run starts, found in one pass and told together.

A check is a small function that adds problems; none stops at its first one and none relies on another having
passed. Checks of references against each other are in reference_checks.py.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rxpress.arguments import listed
from rxpress.checking.alignment_checks import (
    check_alignments,
    check_bam_sequences,
    check_memory,
    memory_for_aligner,
)
from rxpress.checking.alignment_route import choose_route
from rxpress.checking.array_checks import check_arrays
from rxpress.checking.assay_checks import (
    CEL,
    COUNTS,
    MATRIX,
    OF_COLUMN,
    QPCR,
    READS,
    check_dose_response,
    find_sources,
)
from rxpress.checking.inputs import Given, Inputs, References, attempt, read_references
from rxpress.checking.knowledge_checks import check_knowledge
from rxpress.checking.parameters import check_parameters, file_parameters, parameter_rules
from rxpress.checking.peek import Peek
from rxpress.checking.reference_checks import REFERENCE_CHECKS
from rxpress.checking.same_files import check_same_files
from rxpress.design.conditions import SOURCE, UNITS
from rxpress.design.gates import Gates
from rxpress.errors import InputError, Problem, Problems, nearest, require
from rxpress.reads import GZIP_MAGIC, mate_names_agree
from rxpress.samplesheet import (
    Row,
    Sample,
    Sheet,
    by_study,
    check_cells,
    check_gates,
    check_lanes,
    check_parents,
    check_spellings,
    check_study,
    join_lanes,
    read_sheet,
    sample_table,
)
from rxpress.sequences import FastqHead, quant_head_names, read_fastq_head

if TYPE_CHECKING:
    from rxpress.alignments.memory import AlignerMemory
    from rxpress.design.study_design import StudyDesign


PLATFORMS = {
    QPCR: "has qPCR only",
    CEL: "has a CEL file",
    MATRIX: "takes its values from --expression_matrix",
    COUNTS: "takes its counts from --counts",
}
PHRED64 = {"--phred64", "-6"}  # what tells fastp
KINDS = {"file-path": "file", "directory-path": "folder", "path": "file or folder"}


@dataclass(frozen=True)
class Findings:
    """What was understood: inputs, references, header and rows of samples.tsv, designs by study.

    `aligner_memory` is None where no aligner runs, or nothing tells what it needs.
    """

    inputs: Inputs
    references: References
    header: list[str]
    rows: list[list[str | None]]
    designs: Mapping[str, StudyDesign]
    aligner_memory: AlignerMemory | None


def check_everything(given: Given, problems: Problems) -> Findings | None:
    """Run every check. Problems come in the order parameters, programs, sheet by line, files, references,
    design.

    None when there is no samplesheet to speak of. It is the caller's to stop if there are problems.
    """
    params = check_parameters(given.schemas.parameters, given.params, problems)
    check_parameter_files(given, params, problems)
    of_sheet = Problems()
    sheet = _sheet_of(given, params, of_sheet, problems)
    attempt(problems, require, programs=_tools_of(sheet, params, given.tools))
    if sheet is None:
        problems.found += of_sheet.found
        read_references(given.files, False, problems)
        return None
    rules = parameter_rules(given.schemas.parameters)
    chosen = {name for name, value in params.items() if value != rules[name].get("default")}
    samples = join_lanes(sheet)
    sources = find_sources(given, samples, params["reference_genes"], problems)
    inputs = Inputs(sheet, given.schemas.sheet, samples, params, chosen, given.peeks, given.files, sources)
    check_sheet(inputs, of_sheet)
    problems.found += sorted(of_sheet.found, key=lambda problem: problem.line or 0)
    problems.warnings += sorted(of_sheet.warnings, key=lambda problem: problem.line or 0)
    for check in (check_fastq, check_quants, check_alignments, check_arrays, check_reference_options):
        check(inputs, problems)
    references = read_references(inputs.files, _from_genome(params), problems)
    for reference_check in (*REFERENCE_CHECKS, check_bam_sequences):
        reference_check(inputs, references, problems)
    aligner_memory = memory_for_aligner(inputs, references)
    check_memory(params["aligner"], aligner_memory, given.memory, problems)
    check_knowledge(inputs, given.schemas.pack, problems)
    header, rows = _rows_of_samples(inputs)
    check_dose_response(inputs, given, [dict(zip(header, row, strict=True)) for row in rows], problems)
    designs = check_design(inputs, header, rows, problems)
    return Findings(inputs, references, header, rows, designs, aligner_memory)


def _sheet_of(
    given: Given, params: Mapping[str, Any], of_sheet: Problems, problems: Problems
) -> Sheet | None:
    """The samplesheet; one without samples where only viability is given."""
    if given.sheet:
        return attempt(of_sheet, read_sheet, given.sheet, given.schemas.sheet, of_sheet)
    if params["viability"] and not params["input"]:
        return Sheet("", [], [])
    if not problems.found:
        problems.add("cannot be read", "give a samplesheet, CSV or TSV", "--input")
    return None


def _tools_of(sheet: Sheet | None, params: Mapping[str, Any], tools: Sequence[str]) -> list[str]:
    """The programs that a run with this sheet calls on this machine: none when steps run in images.

    tools : what every run of its kind calls; FastQC looks at reads only.
    """
    if not tools:
        return []
    columns = {READS} if sheet is None else {OF_COLUMN.get(c) for row in sheet.rows for c in row.cells}
    sources = {source for source in columns if source}
    route = choose_route(params)
    extracting = ["gffread"] if READS in sources and not route.aligned and _from_genome(params) else []
    programs = [*tools, *route.programs(sources), *extracting]
    return [tool for tool in dict.fromkeys(programs) if READS in sources or tool != "fastqc"]


def check_parameter_files(given: Given, params: Mapping[str, Any], problems: Problems) -> None:
    """Files and folders that parameters name must be there and be what is asked for."""
    rules = parameter_rules(given.schemas.parameters)
    for name in file_parameters(given.schemas.parameters):
        peek = given.peeks.get((f"--{name}", str(params[name])))
        if peek and (fault := peek.fault(KINDS[rules[name]["format"]])):
            problems.add(*fault, f"--{name}")


def check_sheet(inputs: Inputs, problems: Problems) -> None:
    """Cells, lines, samples and studies of the sheet."""
    file = inputs.sheet.file
    check_cells(inputs.sheet, inputs.schema, problems)
    check_lanes(inputs.samples, inputs.schema, file, problems)
    check_parents(inputs.samples, inputs.schema, file, problems)
    check_spellings(inputs.samples, file, problems)
    for study, samples in by_study(inputs.samples, inputs.schema).items():
        check_study(study, samples, file, problems)
        _check_platform(study, inputs, samples, problems)
    _check_sources(inputs, problems)
    check_same_files(inputs, problems)
    gates = Gates(min_rin=inputs.params["min_rin"], min_purity=inputs.params["min_purity"])
    tell, fix = tolerated(inputs, problems, "it will be kept out of the tests")
    check_gates(inputs.samples, gates, fix, file, tell)


def tolerated(inputs: Inputs, problems: Problems, fix: str) -> tuple[Any, str]:
    """How to tell what costs a sample but not the run: a warning, or with --strict a problem."""
    return (problems.add, "--strict does not go on without it") if inputs.strict else (problems.warn, fix)


def _check_sources(inputs: Inputs, problems: Problems) -> None:
    """Every sample needs data: files of its own, a column of --counts, or wells of --qpcr."""
    without = [sample for sample in inputs.samples if inputs.sources[sample.name] == COUNTS]
    if without and not inputs.params.get("counts"):
        columns, tables = (
            "'fastq_1' (and 'fastq_2'), 'quant', 'bam' or 'cel'",
            "--counts, --expression_matrix or --qpcr",
        )
        fix = f"fill {columns}, or give {tables}"
        if len(without) == len(inputs.samples):
            problems.add("no sample has a data file", fix, inputs.sheet.file)
        else:
            for sample in without:
                what = f"sample '{sample.name}' has no data file"
                problems.add(what, fix, inputs.sheet.file, sample.line, "sample")
    if without and inputs.params.get("counts") and inputs.params["length_correction"] == "offset":
        what = "offset needs gene lengths, which a count matrix does not have"
        problems.add(what, "use scaled or none: a matrix is tested as it is", "--length_correction")


def _check_platform(study: str, inputs: Inputs, samples: Sequence[Sample], problems: Problems) -> None:
    """A study is one matrix: reads and Salmon folders can be merged; anything else stands alone."""
    for source, has in PLATFORMS.items():
        own = [sample for sample in samples if inputs.sources[sample.name] == source]
        if not own or len(own) == len(samples) or (source == COUNTS and not inputs.params.get("counts")):
            continue
        what = f"sample '{own[0].name}' {has}, unlike others of study '{study}'"
        problems.add(what, "make two studies of them", inputs.sheet.file, own[0].line, "study")
        break


def check_fastq(inputs: Inputs, problems: Problems) -> None:
    """FASTQ files must be readable FASTQ, and mates begin with the same read.

    An empty or truncated file costs its sample, not the run, unless --strict.
    """
    for row in inputs.sheet.rows:
        heads = {column: _check_reads(inputs, row, column, problems) for column in ("fastq_1", "fastq_2")}
        first, second = heads["fastq_1"], heads["fastq_2"]
        if not (first and second and first.name and second.name):
            continue
        what = ""
        if (first.mate, second.mate) == (2, 1):
            what, fix = "the two files of the pair are swapped", "swap them"
        elif first.mate == second.mate != 0:
            what, fix = f"both files of the pair hold mates {first.mate}", "give one file of each"
        elif not mate_names_agree(first.name, second.name):
            one, two = (head.name.decode(errors="replace") for head in (first, second))
            what = f"begins with read '{two}', but 'fastq_1' with '{one}'"
            fix = "give the two files of one library, unsorted"
        if what:
            problems.add(what, fix, inputs.sheet.file, row.line, "fastq_2")


def _check_reads(inputs: Inputs, row: Row, column: str, problems: Problems) -> FastqHead | None:
    path = row.cells.get(column)
    peek = inputs.peek(column, path) if path else None
    if peek is None:
        return None
    file, line = inputs.sheet.file, row.line
    if fault := peek.fault("file"):
        problems.add(*fault, file, line, column)
        return None
    head = read_fastq_head(peek.head, peek.whole)
    if head.fault:
        named_so = str(path).endswith(".gz") and not peek.head.startswith(GZIP_MAGIC)
        what = f"file '{path}' {'is not gzip and ' * named_so}{head.fault}"
        problems.add(what, "give FASTQ, plain or gzip", file, line, column)
    elif head.phred64 and not PHRED64 & set(shlex.split(str(inputs.params.get("extra_fastp_args") or ""))):
        what = f"file '{path}' has the qualities of old Illumina (Phred+64)"
        problems.add(what, "add --extra_fastp_args='--phred64', or convert it", file, line, column)
    elif head.empty or head.truncated:
        tell, fix = tolerated(inputs, problems, "the sample will be kept out of the tests")
        what = "is empty" if head.empty else "is cut off"
        tell(f"file '{path}' {what}", fix, file, line, column)
    return head


def check_quants(inputs: Inputs, problems: Problems) -> None:
    """Salmon folders must hold a quant.sf with transcripts."""
    for row in inputs.sheet.rows:
        path = row.cells.get("quant")
        peek = inputs.peek("quant", path) if path else None
        if peek is None or path is None:
            continue
        table = inputs.peek("quant_file", path)
        fault = peek.fault("folder")
        if not fault and (table is None or table.kind != "file"):
            what = f"folder '{path}' has no quant.sf or quant.sf.gz that can be read"
            fault = what, "give the output folder of `salmon quant`"
        elif not fault and table and not _has_transcripts(table):
            fault = f"quant.sf in '{path}' is empty or not a table of Salmon's", "quantify the sample again"
        if fault:
            problems.add(*fault, inputs.sheet.file, row.line, "quant")


def _has_transcripts(table: Peek) -> bool:
    try:
        return bool(quant_head_names(table.head, table.whole))
    except ValueError:
        return False


def _from_genome(params: Mapping[str, Any]) -> bool:
    """Whether transcripts are to be extracted from the genome."""
    return bool(params.get("genome") and not params.get("transcripts") and not params.get("salmon_index"))


def check_reference_options(inputs: Inputs, problems: Problems) -> None:
    """Reads need transcripts, and reads and Salmon folders need the gene of each transcript."""
    params = inputs.params
    aligned = choose_route(params).aligned  # the references of such reads are told by check_alignments
    reads, quants = [] if aligned else inputs.having("fastq_1"), inputs.having("quant")
    annotation = params.get("gtf") or params.get("gff")
    if reads and not any(params.get(name) for name in ("salmon_index", "transcripts", "genome")):
        fix = "give --transcripts, --salmon_index, or --genome with --gtf or --gff"
        problems.add("is missing: FASTQ files are quantified against transcripts", fix, "--transcripts")
    if reads and _from_genome(params) and not annotation:
        fix = "give --gtf or --gff, or --transcripts"
        problems.add("transcripts cannot be extracted from it without an annotation", fix, "--genome")
    elif (reads or quants) and not annotation and not params.get("tx2gene"):
        fix = "give --gtf, --gff or --tx2gene"
        problems.add("is missing: nothing says which gene a transcript belongs to", fix, "--gtf")
    elif annotation and params.get("tx2gene") and not _from_genome(params):
        problems.warn("is not used: --tx2gene names the genes", "", "--gtf" if params.get("gtf") else "--gff")
    if reads and params.get("salmon_index") and params.get("genome"):
        problems.warn("is not used: --salmon_index is given", "", "--genome")


def _rows_of_samples(inputs: Inputs) -> tuple[list[str], list[list[str | None]]]:
    def resolve(column: str, path: str) -> str:
        peek = inputs.peek(column, path)
        return peek.resolved if peek else path

    vehicle = inputs.params["vehicle"]
    header, rows = sample_table(inputs.samples, inputs.sheet, inputs.schema, vehicle, resolve)
    sources = [inputs.sources[sample.name] for sample in inputs.samples]
    return [*header, SOURCE], [[*row, source] for row, source in zip(rows, sources, strict=True)]


def check_design(
    inputs: Inputs, header: Sequence[str], rows: Sequence[Sequence[str | None]], problems: Problems
) -> Mapping[str, StudyDesign]:
    """Contrasts that the user asks for must exist and be estimable if every sample turns out well.

    rows : of samples.tsv, with `header`. Returns the design of each study, nothing where there is a problem.
    """
    import pandas as pd

    from rxpress.contrasts import plan_studies

    if not rows:
        return {}
    samples, params = pd.DataFrame(rows, columns=list(header), dtype=object), inputs.params
    units = samples.groupby("study")[list(UNITS)].transform("count") > 0
    samples.loc[units.all(axis=1), "patient"] = None  # told by check_study, and no reason to stop here
    samples.loc[~samples["parent"].isin(samples["cell_line"]), "parent"] = None  # told by check_parents
    _check_vehicle(inputs, problems)
    drugs, covariates = listed(params.get("drug")) or None, listed(params.get("covariates"))
    requests = inputs.files.get("contrasts")
    # A refused drug must not hide a refused covariate or contrast: each is asked for alone as well.
    alone = [(drugs, [], None), (None, covariates, None), (None, [], requests)]
    for asked in [(drugs, covariates, requests), *alone]:
        try:
            designs = plan_studies(samples, params["vehicle"], *asked)
            if asked == (drugs, covariates, requests):
                return designs
        except InputError as error:
            problems.found += [_placed(problem, inputs.sheet.file) for problem in error.problems]
    return {}


def _placed(problem: Problem, file: str) -> Problem:
    """A problem of the design that names no file but a column is the sheet's."""
    return replace(problem, file=file) if problem.column and not problem.file else problem


def _check_vehicle(inputs: Inputs, problems: Problems) -> None:
    """A vehicle that the sheet spells otherwise would leave everything untested."""
    vehicle = inputs.params["vehicle"]
    treatments = list(dict.fromkeys(s.cells["treatment"] for s in inputs.samples if "treatment" in s.cells))
    near = nearest(vehicle, treatments)
    if treatments and vehicle not in treatments and (near or "vehicle" in inputs.chosen):
        fix = f"did you mean '{near}'?" if near else f"treatments are {', '.join(treatments)}"
        problems.add(f"no sample has the treatment '{vehicle}'", fix, "--vehicle")
