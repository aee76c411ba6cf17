"""Write the demo study: references, reads, samplesheet and truth."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from . import expression as model
from . import genome, reads
from .study import DOSE_NM, TIME_H, TREATMENTS, Sample, Settings, Study, plan_study, random_stream

PACKAGE = Path(__file__).parent
RECORD = "demo_study.json"
SHEET_COLUMNS = (
    "sample", "fastq_1", "fastq_2", "strandedness", "cell_line", "treatment", "dose_nM", "time_h", "response",
    "replicate", "rin",
)  # fmt: skip

Table = Sequence[Sequence[object]]  # rows, header first


def make_study(outdir: Path, settings: Settings) -> bool:
    """Write the study to a folder; False when the same study was there already and nothing was done."""
    version = fingerprint(settings)
    record = outdir / RECORD
    known = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    files: dict[str, int] = known.get("files", {})
    if known.get("version") == version and _complete(outdir, files):
        return False
    # The record goes first and comes last: a study whose writing broke off is never taken for a whole one.
    for path in (record, *(outdir / name for name in files)):
        path.unlink(missing_ok=True)
    written = {name: (outdir / name).stat().st_size for name in write_study(outdir, plan_study(settings))}
    record.write_text(json.dumps({"version": version, "files": written}, indent=1) + "\n", encoding="utf-8")
    return True


def fingerprint(settings: Settings) -> str:
    """Digest of the settings and of the code and table that make the study."""
    digest = hashlib.sha256(repr(settings).encode())
    for path in sorted([*PACKAGE.glob("*.py"), model.PANEL]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _complete(outdir: Path, files: dict[str, int]) -> bool:
    """Whether all files (size in bytes by path below `outdir`) are there in full."""
    paths = {outdir / name: size for name, size in files.items()}
    return all(path.is_file() and path.stat().st_size == size for path, size in paths.items())


def write_study(outdir: Path, study: Study) -> Iterator[str]:
    """Write all files, telling the path of each below `outdir`."""
    references = {
        "genome.fa.gz": genome.genome_fasta(study.chromosomes),
        "annotation.gtf.gz": genome.gtf(study.genes),
        "transcripts.fa.gz": genome.transcript_fasta(study.genes, study.transcripts),
    }
    for name, data in references.items():
        reads.write_gzip(outdir / name, data)
        yield name
    for position in range(len(study.samples)):
        for name, data in lane_fastqs(study, position):
            reads.write_gzip(outdir / name, data)
            yield name
    for name, table in truth_tables(study):
        _write_table(outdir / name, table, "\t")
        yield name
    _write_table(outdir / "samplesheet.csv", samplesheet(study), ",")
    yield "samplesheet.csv"


def lane_fastqs(study: Study, position: int) -> Iterator[tuple[str, bytes]]:
    """Path and text of every FASTQ file of a sample."""
    sample = study.samples[position]
    rng = random_stream(study.settings, "reads", sample.name)
    length = study.settings.read_length
    sources = reads.with_foreign(rng, study.transcripts)
    counts = np.append(study.transcript_counts[:, position], study.foreign[position])
    start, end = reads.draw_fragments(rng, sources, counts, shortest=length)
    mates = [reads.sequence(rng, codes) for codes in reads.read_pairs(sources.codes, start, end, length)]
    parts = np.array_split(np.arange(len(start)), len(sample.lanes))
    for lane, part in zip(sample.lanes, parts, strict=True):
        for mate, (codes, qualities) in enumerate(mates, start=1):
            text = reads.fastq(f"{sample.name}{lane}", codes[part], qualities[part], mate)
            yield fastq_path(sample, lane, mate), text


def fastq_path(sample: Sample, lane: str, mate: int) -> str:
    return f"reads/{sample.name}{lane}_R{mate}.fastq.gz"


def samplesheet(study: Study) -> Table:
    """The samplesheet, one row per lane."""
    rows: list[Sequence[object]] = [SHEET_COLUMNS]
    for sample in study.samples:
        line, treatment = study.settings.lines[sample.line], TREATMENTS[sample.treatment]
        condition = (line.name, treatment, DOSE_NM[treatment], TIME_H)
        for lane in sample.lanes:
            files = [fastq_path(sample, lane, mate) for mate in (1, 2)]
            rows.append(
                (sample.name, *files, "auto", *condition, line.response, sample.replicate, sample.rin)
            )
    return rows


def truth_tables(study: Study) -> Iterator[tuple[str, Table]]:
    """Path and rows of every table of the truth."""
    lines = [line.name for line in study.settings.lines]
    weights = model.contrast_weights(lines, study.settings.resistant)
    true = {key: model.true_fold_changes(study.expression, w) for key, w in weights.items()}
    genes = [(gene.gene_id, gene.label) for gene in study.genes]
    owners = [genes[i][0] for i in study.transcripts.gene]
    transcripts = list(zip(study.transcripts.ids, owners, strict=True))
    samples = [sample.name for sample in study.samples]
    yield "truth/genes.tsv", _gene_table(study, genes, true)
    yield "truth/contrasts.tsv", _contrast_table(genes, true)
    yield "truth/counts.tsv", _matrix(("gene_id", "gene_name", *samples), genes, study.counts)
    header = ("transcript_id", "gene_id", *samples)
    yield "truth/transcript_counts.tsv", _matrix(header, transcripts, study.transcript_counts)
    pairs = study.counts.sum(axis=0) + study.foreign
    columns = (samples, study.library_factors.tolist(), pairs, study.foreign)
    header = ("sample", "library_factor", "pairs", "foreign_pairs")
    yield "truth/samples.tsv", [header, *zip(*columns, strict=True)]


def _contrast_table(genes: Sequence[tuple[str, str]], true: dict[tuple[str, str], np.ndarray]) -> Table:
    """Long table: the planted log2 fold change of every gene in every contrast."""
    header = ("family", "who", "gene_id", "gene_name", "log2_fold_change")
    return [
        header,
        *(
            (*contrast, *gene, change)
            for contrast, changes in true.items()
            for gene, change in zip(genes, changes.tolist(), strict=True)
        ),
    ]


def _gene_table(
    study: Study, genes: Sequence[tuple[str, str]], true: dict[tuple[str, str], np.ndarray]
) -> Table:
    """Per gene: how it is expressed, and its effects in classes of lines and in every line."""
    planted, lines = study.expression, [line.name for line in study.settings.lines]
    columns = {
        "mean_expression": np.round(planted.mean, 4),
        "dispersion": np.round(planted.dispersion, 6),
        "baseline_log2_fold_change": true["baseline", "resistant_vs_sensitive"],
        **{f"drug_log2_fold_change_{who}": true["drug", who] for who in ("sensitive", "resistant", *lines)},
        **{f"line_log2_change_{name}": planted.log2_change[:, i, 0] + 0.0 for i, name in enumerate(lines)},
    }
    return _matrix(("gene_id", "gene_name", *columns), genes, np.column_stack(list(columns.values())))


def _matrix(header: Sequence[str], labels: Iterable[Sequence[str]], values: np.ndarray) -> Table:
    return [header, *((*label, *row) for label, row in zip(labels, values.tolist(), strict=True))]


def _write_table(path: Path, table: Table, separator: str) -> None:
    """Write plain text; not with the toolkit, whose reading and writing the study tests."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(separator.join(map(str, row)) + "\n" for row in table), encoding="utf-8")
