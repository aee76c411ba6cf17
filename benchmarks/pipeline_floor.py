"""The floor in benchmarks/pipeline.py: the tools called by hand, then one Python process for all the rest.

    python benchmarks/pipeline_floor.py STUDY SAMPLES.TSV

Two lanes of work share the two cores; reports of FastQC fill what the index leaves, then come last. Trimming
and quantification have the options of rxpress.
"""

from __future__ import annotations

import csv
import os
import runpy
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(__file__).resolve().parents[1] / "bin"
JAVA = {"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC"}


def run(command: list[object], **environment: str) -> None:
    subprocess.run(
        list(map(str, command)),
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | environment,
    )


def read_lanes(sheet: Path) -> dict[str, list[tuple[Path, Path]]]:
    """The files of each sample's lanes."""
    lanes: dict[str, list[tuple[Path, Path]]] = defaultdict(list)
    with sheet.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            lanes[row["sample"]].append((sheet.parent / row["fastq_1"], sheet.parent / row["fastq_2"]))
    return lanes


def examine(files: list[Path]) -> None:
    Path("fastqc").mkdir(exist_ok=True)
    run(["fastqc", "--quiet", "--outdir", "fastqc", *files], **JAVA)


def quantify(sample: str, lanes: list[tuple[Path, Path]], threads: int) -> None:
    """fastp into two packed files, Salmon from them; the files do not stay."""
    mates = [f"{sample}_{i}.fastq.gz" for i in (1, 2)]
    for mate, files in zip(mates, zip(*lanes, strict=True), strict=True):
        if len(files) == 1:
            os.symlink(files[0], mate)
        else:
            with open(mate, "wb") as out:
                subprocess.run(["cat", *files], check=True, stdout=out)
    trimmed = [f"{sample}_trimmed_{i}.fastq.gz" for i in (1, 2)]
    reports = ["--json", f"fastp/{sample}.fastp.json", "--html", f"fastp/{sample}.fastp.html"]
    files = ["--in1", mates[0], "--in2", mates[1], "--out1", trimmed[0], "--out2", trimmed[1]]
    run(["fastp", *reports, "--thread", threads, *files, "--compression", "1"])
    command = ["salmon", "--no-version-check", "quant", "--libType", "A", "--index", "index"]
    command += ["--threads", threads, "--output", f"salmon/{sample}"]
    run([*command, "--mates1", trimmed[0], "--mates2", trimmed[1]])
    for name in [*mates, *trimmed]:
        os.remove(name)


def call(command: str, *arguments: object) -> None:
    """One of rxpress's commands in this process."""
    sys.argv = [command, *map(str, arguments)]
    runpy.run_path(str(BIN / command), run_name="__main__")


def finish(study: Path, samples: Path) -> None:
    """Merge, test and report; one process."""
    sys.path.insert(0, str(BIN))
    call("build_tx2gene.py", "--gtf", study / "annotation.gtf.gz", "--out", "tx2gene.tsv")
    merged = ["--samples", samples, "--tx2gene", "tx2gene.tsv", "--outdir", "merged"]
    call("merge_quants.py", "--quants", *sorted(Path("salmon").iterdir()), *merged)
    call("design_contrasts.py", "--samples", samples, "--drug", "bortezomib", "--outdir", "design")
    design = Path("design", "study")
    call(
        "test_expression.py",
        *("--counts", "merged/gene_counts_length_scaled.tsv", "--samples", design / "samples.tsv"),
        *("--contrasts", design / "contrasts.json", "--outdir", "tests"),
    )
    import multiqc

    multiqc.run("fastqc", "fastp", "salmon", cfg=multiqc_options())


def multiqc_options() -> object:
    from multiqc.core.update_config import ClConfig

    return ClConfig(no_version_check=True, force=True, strict=True)


def main() -> None:
    study, samples = Path(sys.argv[1]), Path(sys.argv[2])
    lanes = read_lanes(study / "samplesheet.csv")
    files = [[path for lane in mates for path in lane] for mates in lanes.values()]
    Path("fastp").mkdir()
    index = ["salmon", "--no-version-check", "index", "--transcripts", study / "transcripts.fa.gz"]
    with ThreadPoolExecutor(2) as cores:
        made = cores.submit(run, [*index, "--index", "index", "--threads", 1])
        jobs = [cores.submit(examine, files[0])]
        made.result()
        jobs += [cores.submit(quantify, sample, mates, 1) for sample, mates in lanes.items()]
        jobs += [cores.submit(examine, one) for one in files[1:]]
        for job in jobs:
            job.result()
    finish(study, samples)


if __name__ == "__main__":
    main()
