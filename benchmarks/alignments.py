"""Quality of alignments: reads a second of one core, and memory; and exons of a human-size annotation.

Without --bam the demo study is made and aligned by STAR (needs STAR and samtools), and the file is repeated
until it is large. Every turn is a process of its own; memory is its peak. On a busy machine the seconds of
the processor are what one core needs.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
TITLES = ("reads", "seconds", "CPU s", "reads/s", "reads/CPU s", "MB")
TURN = """
import resource, sys, time
from pathlib import Path
from rxpress.alignments.exons import read_exons
from rxpress.alignments.quality import examine_alignments
models = read_exons(Path(sys.argv[1]))
examine_alignments([Path(sys.argv[3])], models)
start, cpu = time.perf_counter(), time.process_time()
quality = examine_alignments([Path(sys.argv[2])], models)
times = time.perf_counter() - start, time.process_time() - cpu
print(quality.reads, *times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
ANNOTATION_TURN = """
import resource, sys, time
from pathlib import Path
from rxpress.alignments.exons import read_exons, write_exons
start, cpu = time.perf_counter(), time.process_time()
write_exons(Path(sys.argv[1]), Path(sys.argv[2])) if len(sys.argv) > 2 else read_exons(Path(sys.argv[1]))
times = time.perf_counter() - start, time.process_time() - cpu
print(0, *times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def turn(code: str, *arguments: object) -> tuple[float, ...]:
    """Reads, seconds, seconds of processor and megabytes of one process."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "bin")}
    command = [PYTHON, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return tuple(map(float, done.stdout.split()))


def medians(turns: list[tuple[float, ...]]) -> list[float]:
    return [statistics.median(column) for column in zip(*turns, strict=True)]


def show(name: str, figures: list[float]) -> None:
    reads, seconds, cpu, megabytes = figures
    speed = f"{reads / seconds:>12,.0f} {reads / cpu:>12,.0f}" if reads else " " * 25
    print(f"{name:<44} {reads:>12,.0f} {seconds:>8.2f} {cpu:>8.2f} {speed} {megabytes:>8,.0f}", flush=True)


def align_demo(folder: Path) -> tuple[Path, Path]:
    """A sample of the demo study, aligned by STAR and sorted; and its exons."""
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    maker = ROOT / "tests" / "data" / "make_demo_study.py"
    subprocess.run([PYTHON, maker, "--outdir", folder / "demo"], **run)
    build = ROOT / "bin" / "build_exons.py"
    annotation = folder / "demo" / "annotation.gtf.gz"
    subprocess.run([PYTHON, build, "--annotation", annotation, "--outdir", folder], **run)
    (folder / "genome.fa").write_bytes(gzip.decompress((folder / "demo" / "genome.fa.gz").read_bytes()))
    star = ["STAR", "--genomeDir", folder / "index", "--outFileNamePrefix", f"{folder}/"]
    files = ["--genomeFastaFiles", folder / "genome.fa", "--sjdbGTFfile", folder / "exons.gtf"]
    subprocess.run([*star, "--runMode", "genomeGenerate", *files, "--genomeSAindexNbases", "9"], **run)
    mates = [folder / "demo" / "reads" / f"SUDHL-6_DMSO_1_R{i}.fastq.gz" for i in (1, 2)]
    output = ["--outSAMtype", "BAM", "SortedByCoordinate", "--outSAMunmapped", "Within"]
    subprocess.run([*star, "--readFilesIn", *mates, "--readFilesCommand", "zcat", *output], **run)
    return folder / "Aligned.sortedByCoord.out.bam", folder / "exons.gtf"


def write_annotation(path: Path, exons: int, seed: int = 1) -> None:
    """A GTF in Ensembl's words with at least so many exon lines, and as many of CDS."""
    rng = random.Random(seed)
    written, gene = 0, 0
    with path.open("w") as out:
        while written < exons:
            gene += 1
            sequence, strand, place = str(gene % 24 + 1), rng.choice("+-"), 10_000 + gene // 24 * 90_000
            stretches = []
            for _ in range(rng.randint(2, 13)):
                width = rng.randint(80, 400)
                stretches.append((place, place + width))
                place += width + rng.randint(200, 5000)
            words = f'gene_name "GENE{gene}"; gene_source "ensembl"; gene_biotype "protein_coding";'
            for number in range(rng.randint(1, 6)):
                transcript = f"ENST{gene * 10 + number:011d}"
                ids = f'gene_id "ENSG{gene:011d}"; gene_version "5"; transcript_id "{transcript}";'
                kept = [stretch for stretch in stretches if rng.random() < 0.95] or stretches
                for i, (start, end) in enumerate(kept, start=1):
                    for kind, phase in (("exon", "."), ("CDS", "0")):
                        columns = (sequence, "havana", kind, start, end, ".", strand, phase)
                        text = "\t".join(map(str, columns))
                        out.write(f'{text}\t{ids} exon_number "{i}"; {words} exon_id "ENSE{written:011d}";\n')
                    written += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--bam", type=Path, nargs="+", help="BAM files of your own, instead of the demo study's"
    )
    parser.add_argument("--exons", type=Path, help="GTF of --bam")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument(
        "--times", type=int, default=100, help="how often the large file repeats the small one"
    )
    parser.add_argument(
        "--exon-lines", type=int, default=1_500_000, help="of the made annotation; 0 for none"
    )
    args = parser.parse_args()
    print(" " * 44 + "{:>13}{:>9}{:>9}{:>13}{:>13}{:>9}".format(*TITLES))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bams, exons = (args.bam, args.exons) if args.bam else align_demo(folder)
        bams = bams if isinstance(bams, list) else [bams]
        for bam in bams:
            show(bam.name, medians([turn(TURN, exons, bam, bams[0]) for _ in range(args.turns)]))
        large = folder / "large.bam"
        subprocess.run(["samtools", "cat", "-o", large, *[bams[0]] * args.times], check=True)
        figures = medians([turn(TURN, exons, large, bams[0]) for _ in range(args.turns)])
        show(f"{bams[0].name} × {args.times}", figures)
        if args.exon_lines:
            write_annotation(folder / "human.gtf", args.exon_lines)
            for what, code in (("build_exons.py", ("human.gtf", "out")), ("read_exons", ("out/exons.gtf",))):
                paths = [folder / part for part in code]
                title = f"{what}, {args.exon_lines:,} exon lines"
                show(title, medians([turn(ANNOTATION_TURN, *paths) for _ in range(args.turns)]))


if __name__ == "__main__":
    main()
