"""BAM files by samtools: whole or not, sorted within a given memory, indexed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rxpress.programs import run_tool

BAI_LONGEST = 1 << 29  # bases of a sequence that a .bai can tell
DEFAULT_BUFFER = 768 << 20  # samtools' own, per thread
LEAST_BUFFER, MOST_BUFFER = 64 << 20, 2 << 30
MEMORY_SHARE = 0.7  # samtools holds more than its buffers


@dataclass(frozen=True)
class SortMemory:
    """Threads that sort, bytes they may use in all (None: samtools' own), and those taken by others."""

    threads: int
    memory: int | None = None
    beside: int = 0

    @property
    def per_thread(self) -> int:
        if self.memory is None:
            return DEFAULT_BUFFER
        free = int((self.memory - self.beside) * MEMORY_SHARE) // self.threads
        return max(LEAST_BUFFER, min(MOST_BUFFER, free))


def sort_command(memory: SortMemory, output: Path, scratch: Path, by_name: bool = False) -> list[str]:
    """`samtools sort` into `output`, what does not fit into memory going to `scratch`; input is to follow."""
    command = ["samtools", "sort", "--no-PG", "-@", str(memory.threads - 1), "-m", str(memory.per_thread)]
    command += ["-T", str(scratch / f"{output.stem}_sort"), "-o", str(output)]
    return [*command, "-n"] if by_name else command


def check_whole(bam: Path) -> None:
    """ToolError when a BAM that a program wrote is not whole: no header, no end."""
    run_tool(["samtools", "quickcheck", "-v", str(bam)])


def longest_sequence(bam: Path) -> int:
    import pysam

    with pysam.AlignmentFile(str(bam), check_sq=False) as file:
        return max(file.lengths, default=0)


def index_bam(bam: Path, threads: int) -> Path:
    """Index a sorted BAM beside it: .bai, or .csi where a sequence is too long for that."""
    long = longest_sequence(bam) > BAI_LONGEST
    index = bam.with_name(bam.name + (".csi" if long else ".bai"))
    kind = "-c" if long else "-b"
    run_tool(["samtools", "index", kind, "-@", str(threads - 1), str(bam), str(index)])
    return index
