"""Figures of RSeQC for a made library and for real alignments, in tests/golden/alignments/.

    python tests/golden/alignments.py RSEQC_BIN [AIRWAY_FOLDER]

RSEQC_BIN : the bin folder of an environment with RSeQC (5.0.6 made these). It is under the GPL and only run.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pysam

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "bin"), str(ROOT / "tests")]
from alignment_files import gtf, made_library, made_transcripts, sorted_by_place, write_bam  # noqa: E402

from rxpress.alignments.exons import write_exons  # noqa: E402

OUT = Path(__file__).resolve().parent / "alignments"
REAL_SAMPLE = "SRR1039508_subset.bam"


def bed12(exons: Path) -> str:
    """Transcripts of exons.gtf as BED with blocks, which RSeQC wants."""
    transcripts: dict[tuple[str, str, str], list[tuple[int, int]]] = defaultdict(list)
    for line in exons.read_text().splitlines():
        columns = line.split("\t")
        name = columns[8].split('transcript_id "')[1].split('"')[0]
        transcripts[name, columns[0], columns[6]].append((int(columns[3]) - 1, int(columns[4])))
    lines = []
    for (name, sequence, strand), blocks in transcripts.items():
        blocks.sort()
        start, end = blocks[0][0], blocks[-1][1]
        sizes, starts = (
            ",".join(map(str, x)) for x in ([b - a for a, b in blocks], [a - start for a, _ in blocks])
        )
        lines.append(
            f"{sequence}\t{start}\t{end}\t{name}\t0\t{strand}\t{start}\t{end}\t0\t{len(blocks)}\t{sizes}\t{starts}"
        )
    return "\n".join(lines) + "\n"


def examine(name: str, bam: Path, exons: Path, programs: Path, folder: Path) -> None:
    """Run RSeQC on a sorted BAM file and keep what it says."""
    genes = folder / f"{name}.bed"
    genes.write_text(bed12(exons))
    pysam.index(str(bam))
    for program in ("infer_experiment", "read_distribution", "inner_distance", "geneBody_coverage"):
        command = [programs / "python", programs / f"{program}.py", "-i", bam, "-r", genes]
        if program in ("inner_distance", "geneBody_coverage"):
            command += ["-o", folder / name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        if program in ("infer_experiment", "read_distribution"):
            (OUT / f"{name}.{program}.txt").write_text(done.stdout.strip() + "\n")
    rows = (folder / f"{name}.inner_distance.txt").read_text().splitlines()
    told = [row.split("\t")[1] for row in rows if "dist=genomic" not in row]
    distances = [int(word) for word in told if word != "NA"]
    quartiles = statistics.quantiles(distances, n=4)
    (OUT / f"{name}.inner_distance.txt").write_text("\t".join(map(str, [len(distances), *quartiles])) + "\n")
    if name == "made":
        (OUT / "made.gene_body.txt").write_text((folder / "made.geneBodyCoverage.txt").read_text())


def main() -> None:
    programs = Path(sys.argv[1]).absolute()
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        annotation = folder / "made.gtf"
        annotation.write_text(gtf(made_transcripts()))
        write_exons(annotation, folder)
        bam = write_bam(folder / "made.bam", sorted_by_place(made_library()), "coordinate")
        examine("made", bam, folder / "exons.gtf", programs, folder)
        if len(sys.argv) > 2:
            airway = Path(sys.argv[2])
            bam = folder / "airway.bam"
            bam.write_bytes((airway / "bam" / REAL_SAMPLE).read_bytes())
            write_exons(airway / "Homo_sapiens.GRCh37.75_subset.gtf.gz", folder)
            examine("airway", bam, folder / "exons.gtf", programs, folder)


if __name__ == "__main__":
    main()
