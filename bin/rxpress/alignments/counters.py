"""featureCounts and htseq-count by subprocess: fragments of a sample's BAM files per gene."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rxpress.alignments.sorted_bam import SortMemory, sort_command
from rxpress.errors import ToolError
from rxpress.programs import run_tool
from rxpress.tables import write_records

FEATURECOUNTS_STRANDS = {"unstranded": "0", "forward": "1", "reverse": "2"}
HTSEQ_STRANDS = {"unstranded": "no", "forward": "yes", "reverse": "reverse"}
FEATURECOUNTS_MOST_THREADS = 64
FEATURECOUNTS_COLUMNS = 6  # Geneid Chr Start End Strand Length, before those of the files


@dataclass(frozen=True)
class Library:
    """What a counter must know of a sample.

    bams : its files; sort_order : `coordinate`, `queryname` or `unsorted`, the least orderly of them;
    strandedness : `unstranded`, `forward` or `reverse`.
    """

    sample: str
    bams: tuple[Path, ...]
    paired: bool
    sort_order: str
    strandedness: str


@dataclass(frozen=True)
class CounterOptions:
    """Threads and the user's own arguments."""

    threads: int = 1
    extra_args: str = ""


@dataclass(frozen=True)
class GeneCounts:
    """(genes,) fragments, in the order of the genes asked for, and how many had which other fate.

    rest : by the counter's own words, in its order.
    """

    counts: np.ndarray
    rest: Mapping[str, float]


def run_featurecounts(
    library: Library, exons: Path, genes: Sequence[str], options: CounterOptions, scratch: Path
) -> GeneCounts:
    """Count as `featureCounts -p --countReadPairs -s S -t exon -g gene_id` does; files are summed."""
    links = _link_bams(library, scratch)
    table = scratch / "featureCounts.txt"
    command = ["featureCounts", "-t", "exon", "-g", "gene_id", "-a", str(exons.absolute()), "-o", table.name]
    command += ["-s", FEATURECOUNTS_STRANDS[library.strandedness]]
    command += ["-T", str(min(options.threads, FEATURECOUNTS_MOST_THREADS))]
    command += ["-p", "--countReadPairs"] if library.paired else []
    run_tool([*command, *shlex.split(options.extra_args), *links], folder=scratch)
    rows = [line.split("\t") for line in table.read_text().splitlines() if not line.startswith("#")]
    found = {cells[0]: _total(cells[FEATURECOUNTS_COLUMNS:]) for cells in rows[1:]}
    summary = table.with_name(table.name + ".summary").read_text().splitlines()[1:]
    rest = {name: _total(cells) for name, *cells in (line.split("\t") for line in summary)}
    return GeneCounts(_in_order(found, genes, "featureCounts"), rest)


def run_htseq(
    library: Library, exons: Path, genes: Sequence[str], options: CounterOptions, scratch: Path
) -> GeneCounts:
    """Count as `htseq-count --mode union --type exon --idattr gene_id` does; files are summed.

    Pairs in no order are sorted by name first. Genes without a strand count reads of both.
    """
    links = _link_bams(library, scratch)
    order = "pos" if library.sort_order == "coordinate" else "name"
    if library.paired and order == "name" and (library.sort_order != "queryname" or len(links) > 1):
        links = [_sort_by_name(scratch, link, options.threads) for link in links]
    command = ["htseq-count", "--format", "bam", "--order", order, "--mode", "union", "--quiet"]
    command += ["--type", "exon", "--idattr", "gene_id", "--stranded", HTSEQ_STRANDS[library.strandedness]]
    command += shlex.split(options.extra_args)
    done = run_tool([*command, *links, str(_with_strands(exons.absolute(), scratch))], folder=scratch)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    values = {name: _total(cells) for name, *cells in rows}
    found = {name: value for name, value in values.items() if not name.startswith("__")}
    rest = {name: value for name, value in values.items() if name.startswith("__")}
    return GeneCounts(_in_order(found, genes, "htseq-count"), rest)


def _with_strands(exons: Path, scratch: Path) -> Path:
    """Exons, those without a strand on both: htseq-count stops at them when strands count."""
    lines = exons.read_text().splitlines(keepends=True)
    if all(line.split("\t", 7)[6] != "." for line in lines):
        return exons
    stranded = scratch / "exons.gtf"
    with stranded.open("w") as out:
        for line in lines:
            columns = line.split("\t")
            for strand in "+-" if columns[6] == "." else columns[6]:
                out.write("\t".join([*columns[:6], strand, *columns[7:]]))
    return stranded


def _link_bams(library: Library, scratch: Path) -> list[str]:
    """Names in `scratch` for the BAM files: counters write the names they are given."""
    names = []
    for i, bam in enumerate(library.bams, start=1):
        names.append(f"{library.sample}.bam" if len(library.bams) == 1 else f"{library.sample}.{i}.bam")
        (scratch / names[-1]).symlink_to(bam.resolve())
    return names


def _sort_by_name(scratch: Path, name: str, threads: int) -> str:
    target = scratch / f"by_name.{name}"
    run_tool([*sort_command(SortMemory(threads), target, scratch, by_name=True), str(scratch / name)])
    return target.name


def _total(cells: Sequence[str]) -> float:
    return sum(map(float, cells))


def _in_order(found: Mapping[str, float], genes: Sequence[str], counter: str) -> np.ndarray:
    missing = [gene for gene in genes if gene not in found]
    if missing:
        raise ToolError(f"{counter} did not count {len(missing):,} genes, first {missing[0]}")
    return np.array([found[gene] for gene in genes])


def write_counts(genes: Sequence[str], counts: np.ndarray, path: Path) -> None:
    """A table `gene_id`, `count`; whole numbers as such."""
    write_records(("gene_id", "count"), list(zip(genes, _whole(counts).tolist(), strict=True)), path)


def write_featurecounts_summary(sample: str, counted: GeneCounts, path: Path) -> None:
    """featureCounts' own summary, of all files of a sample."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [("Status", f"{sample}.bam"), *((name, f"{value:g}") for name, value in _rest(counted))]
    path.write_text("".join(f"{name}\t{value}\n" for name, value in lines))


def write_htseq_output(genes: Sequence[str], counted: GeneCounts, path: Path) -> None:
    """What htseq-count writes: genes in alphabetical order, then those without one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = sorted(zip(genes, _whole(counted.counts).tolist(), strict=True))
    path.write_text("".join(f"{name}\t{value}\n" for name, value in [*lines, *_rest(counted)]))


def _rest(counted: GeneCounts) -> list[tuple[str, float | int]]:
    return [(name, int(value) if value.is_integer() else value) for name, value in counted.rest.items()]


def _whole(counts: np.ndarray) -> np.ndarray:
    whole = counts.astype(np.int64)
    return whole if (whole == counts).all() else counts
