"""What runs on every engine, and must give what programs on this machine give without one.

One sheet holds two studies: `quants` starts from Salmon folders, made of the small study's true counts, and
its tables have the same bytes everywhere; `reads` has two samples of reads, so that one run goes through all
steps. The demo starts from reads: its counts and calls agree as far as Salmon itself is repeatable.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from engine_bound import beyond_bound, confounded_genes
from pipeline.conftest import ROOT, SMALL, Run, hash_tables, read_tsv, small_rows, write_csv

FRAGMENT = 150  # bases, of the made reads
FROM_READS = ("MM.1S_DMSO_1", "MM.1S_bortezomib_1")
READS_COLUMNS = ("fastq_1", "fastq_2", "strandedness")
DEMO = ROOT / "demo"
# Without FastQC, half of the work and none of the tables; the other study has it.
DEMO_OPTIONS = (
    *("-profile", "test_full"),
    *("--input", DEMO / "samplesheet.csv"),
    *("--transcripts", DEMO / "transcripts.fa.gz"),
    *("--gtf", DEMO / "annotation.gtf.gz"),
    "--skip_fastqc",
)


def write_engine_sheet(folder: Path) -> Path:
    """A samplesheet with both studies, and the Salmon folders of the first, all below `folder`."""
    write_salmon_folders(folder / "salmon")
    rows = {row["sample"]: row for row in small_rows()}
    quants = [
        {name: value for name, value in row.items() if name not in READS_COLUMNS}
        | {"study": "quants", "quant": str(folder / "salmon" / sample)}
        for sample, row in rows.items()
    ]
    reads = [row | {"sample": f"reads_{row['sample']}", "study": "reads"} for row in small_rows()]
    return write_csv(
        quants + [row for row in reads if row["sample"].removeprefix("reads_") in FROM_READS],
        folder / "engines.csv",
    )


def write_salmon_folders(folder: Path) -> None:
    """What Salmon would say of the true counts, one folder per sample."""
    counts = read_tsv(SMALL / "truth" / "transcript_counts.tsv")
    lengths = transcript_lengths()
    for sample in [name for name in counts[0] if name not in ("transcript_id", "gene_id")]:
        effective = [max(lengths[row["transcript_id"]] - FRAGMENT + 1, 1) for row in counts]
        rates = [int(row[sample]) / bases for row, bases in zip(counts, effective, strict=True)]
        (folder / sample / "aux_info").mkdir(parents=True)
        with (folder / sample / "quant.sf").open("w", encoding="utf-8", newline="") as lines:
            table = csv.writer(lines, delimiter="\t", lineterminator="\n")
            table.writerow(["Name", "Length", "EffectiveLength", "TPM", "NumReads"])
            for row, bases, rate in zip(counts, effective, rates, strict=True):
                name = row["transcript_id"]
                table.writerow([name, lengths[name], bases, f"{1e6 * rate / sum(rates):.6f}", row[sample]])
        (folder / sample / "aux_info" / "meta_info.json").write_text(json.dumps({"index_seq_hash": "made"}))


def transcript_lengths() -> dict[str, int]:
    with gzip.open(SMALL / "transcripts.fa.gz", "rt") as fasta:
        records = [record.split("\n", 1) for record in fasta.read().split(">")[1:]]
    return {header.split()[0].split("|")[0]: len(bases.replace("\n", "")) for header, bases in records}


def tables_of_quants(run: Run) -> dict[str, str]:
    """SHA-256 of every table of the study that starts from Salmon folders."""
    return {path: digest for path, digest in hash_tables(run).items() if path.split("/")[1] == "quants"}


def assert_ran_as_native(run: Run, native: dict[str, str]) -> None:
    """The run ended well, went through the steps on reads, and gave the tables that a native run gives."""
    run.ended_well()
    assert run.tasks("COMPLETED")["QUANTIFY_READS"] == len(FROM_READS)
    assert "expression/quants/gene_counts.tsv" in native
    assert "differential/quants/summary.tsv" in native
    made = tables_of_quants(run)
    assert made.keys() == native.keys()
    assert [path for path in native if made[path] != native[path]] == []


@pytest.fixture(scope="session")
def engine_sheet() -> Iterator[Path]:
    """The samplesheet of the study for engines, where every user may read: pytest's folders are root's."""
    with TemporaryDirectory(prefix="rxpress-engines-") as folder:
        Path(folder).chmod(0o755)
        yield write_engine_sheet(Path(folder))


@pytest.fixture(scope="session")
def native_tables(
    run_pipeline: Callable[..., Run], engine_sheet: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The tables as programs on this machine make them, with no engine."""
    folder = tmp_path_factory.mktemp("native")
    options = ("-profile", "test", "--input", engine_sheet, "--skip_fastqc")
    return tables_of_quants(run_pipeline(folder, *options, engine="standard").ended_well())


@pytest.fixture(scope="session")
def assert_is_the_demo(demo_study: Path, demo_run: Run) -> Callable[[Run], None]:
    """`assert_is_the_demo(run)`: it is the whole demo, and agrees with `make demo` on this machine."""
    confounded = confounded_genes(demo_study / "transcripts.fa.gz")

    def check(run: Run) -> None:
        run.ended_well()
        samples = len(read_tsv(demo_run.results / "inputs" / "samples.tsv"))
        assert (run.tasks("COMPLETED") + run.tasks("CACHED"))["QUANTIFY_READS"] == samples
        apart = beyond_bound(run.results, demo_run.results, confounded)
        assert not apart, "\n".join(apart)

    return check
