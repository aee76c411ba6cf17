"""fastp and Salmon on made reads whose truth is known; broken reads give a status, broken tools an error."""

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from shutil import which
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from rxpress.errors import InputError, ToolError
from rxpress.fastp import SampleReads
from rxpress.programs import run_tool
from rxpress.salmon import QuantifyOptions, SampleStatus, infer_strandedness, quantify_sample

COMMAND = Path(__file__).parents[2] / "bin" / "quantify_reads.py"
PLANTED = {"T1": 400, "T2": 200, "T3": 100, "T4": 50, "T5": 0}
PAIRS = sum(PLANTED.values())

needs_tools = pytest.mark.skipif(
    not (which("salmon") and which("fastp")),
    reason="salmon and fastp are not on PATH: the reads arm is NOT tested",
)


class Library(NamedTuple):
    """A made library of the forward strand: the index of its transcripts, and FASTQ records of both mates."""

    index: Path
    mates: tuple[list[str], list[str]]


def reverse_complement(sequence: str) -> str:
    return sequence[::-1].translate(str.maketrans("ACGT", "TGCA"))


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Library:
    folder = tmp_path_factory.mktemp("library")
    random = np.random.default_rng(11)
    mates: tuple[list[str], list[str]] = ([], [])
    fasta = ""
    for name, pairs in PLANTED.items():
        sequence = "".join(random.choice(list("ACGT"), 1200))
        fasta += f">{name}\n{sequence}\n"
        for i, start in enumerate(random.integers(0, 1000, pairs)):
            fragment = sequence[start : start + 200]
            for texts, bases in zip(mates, (fragment[:75], reverse_complement(fragment)[:75]), strict=True):
                texts.append(f"@{name}:{i}\n{bases}\n+\n{'I' * 75}\n")
    (folder / "transcripts.fa").write_text(fasta)
    index = folder / "index"
    command = ["salmon", "index", "--transcripts", "transcripts.fa", "--index", "index", "--threads", "1"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return Library(index, mates)


def quantify(
    folder: Path, library: Library, mates: list[list[bytes]], strandedness: str = "auto", **options
) -> SampleStatus:
    """Write the mates' lanes as files and quantify them in `folder`, on one core and on two."""
    threads = int(os.environ["RXPRESS_TEST_THREADS"])
    files = []
    for i, lanes in enumerate(mates, start=1):
        files.append(tuple(folder / f"lane{j}_{i}.fq" for j, _ in enumerate(lanes)))
        for path, data in zip(files[-1], lanes, strict=True):
            path.write_bytes(data)
    reads = SampleReads("S.1", tuple(files), strandedness)
    return quantify_sample(reads, QuantifyOptions(library.index, **{"threads": threads, **options}), folder)


@pytest.fixture(autouse=True, params=[1, 2], ids=["in turn", "together"])
def working_folder(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RXPRESS_TEST_THREADS", str(request.param))


def text(records: list[str]) -> bytes:
    return "".join(records).encode()


def quantified(folder: Path) -> dict[str, float]:
    table = pd.read_csv(folder / "salmon" / "S.1" / "quant.sf", sep="\t")
    return dict(zip(table["Name"], table["NumReads"], strict=True))


@needs_tools
@pytest.mark.parametrize("form", ["paired gzip", "single plain", "two lanes", "untrimmed"])
def test_planted_counts_come_back(tmp_path, library, form):
    first, second = library.mates
    mates = {
        "paired gzip": [[gzip.compress(text(first))], [gzip.compress(text(second))]],
        "single plain": [[text(first)]],
        "two lanes": [
            [gzip.compress(text(first[:300])), text(first[300:])],
            [gzip.compress(text(second[:300])), text(second[300:])],
        ],
        "untrimmed": [[text(first)], [text(second)]],
    }[form]
    status = quantify(tmp_path, library, mates, skip_trimming=form == "untrimmed")
    assert status.passed
    assert status.reason == ""
    assert (status.reads_raw, status.reads, status.mapped, status.percent_mapped) == (
        PAIRS,
        PAIRS,
        PAIRS,
        100,
    )
    assert status.library_type == ("U" if form == "single plain" else "IU")
    assert status.strandedness == "forward"
    assert quantified(tmp_path) == pytest.approx(PLANTED, abs=0.01)
    assert [entry["size"] for entry in status.inputs] == [len(lane) for lanes in mates for lane in lanes]
    report = json.loads((tmp_path / "fastp" / "S.1.fastp.json").read_text())
    assert report["summary"]["before_filtering"]["total_reads"] == PAIRS * len(mates)
    assert (tmp_path / "fastp" / "S.1.fastp.html").is_file()
    assert not list(tmp_path.glob("reads_*")), "the trimmed reads are left behind"


@needs_tools
@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (lambda text: gzip.compress(text)[:-30], lambda text: text, "lane0_1.fq: the gzip data end early"),
        (lambda text: b"", lambda text: b"", "lane0_1.fq: no reads in it"),
        (lambda text: gzip.compress(b""), lambda text: text, "lane0_1.fq: no reads in it"),
        (lambda text: text, lambda text: text.partition(b"@T2")[0], "different length, 750 and 400"),
        (
            lambda text: text.replace(b"I", b"#"),
            lambda text: text,
            "none of 750 reads is left after trimming",
        ),
    ],
)
def test_reads_that_cannot_be_used_are_a_status(tmp_path, library, first, second, reason):
    status = quantify(tmp_path, library, [[first(text(library.mates[0]))], [second(text(library.mates[1]))]])
    assert not status.passed
    assert reason in status.reason
    assert not (tmp_path / "salmon" / "S.1").exists()
    assert len(status.inputs) == 2


@needs_tools
def test_an_index_with_decoys_gives_a_whole_table_without_them(tmp_path, library):
    """Salmon leaves decoys out of quant.sf, which is judged by what it says of the transcripts."""
    chromosome = "".join(np.random.default_rng(5).choice(list("ACGT"), 5000))
    transcripts = (library.index.parent / "transcripts.fa").read_text()
    (tmp_path / "both.fa").write_text(f"{transcripts}>chromosome\n{chromosome}\n")
    (tmp_path / "decoys.txt").write_text("chromosome\n")
    command = ["salmon", "index", "-t", "both.fa", "-d", "decoys.txt", "-i", "decoyed", "-p", "1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    decoyed = library._replace(index=tmp_path / "decoyed")
    status = quantify(tmp_path, decoyed, [[text(mate)] for mate in library.mates])
    assert (status.passed, status.mapped) == (True, PAIRS)
    assert quantified(tmp_path) == pytest.approx(PLANTED, abs=0.01)


@needs_tools
def test_a_sample_of_which_few_reads_are_left_is_quantified_by_these(tmp_path, library):
    """fastp drops reads of poor quality; what Salmon must have read are the others."""
    kept = 50
    poor = [record.replace("I", "#") for record in library.mates[0][kept:]]
    status = quantify(tmp_path, library, [[text(library.mates[0][:kept] + poor)], [text(library.mates[1])]])
    assert (status.reads_raw, status.reads, status.mapped) == (PAIRS, kept, kept)
    assert sum(quantified(tmp_path).values()) == pytest.approx(kept, abs=0.01)


@needs_tools
def test_reads_of_another_organism_are_a_status(tmp_path, library):
    random = np.random.default_rng(5)
    foreign = [f"@{i}\n{''.join(random.choice(list('ACGT'), 75))}\n+\n{'I' * 75}\n" for i in range(50)]
    status = quantify(tmp_path, library, [[text(foreign)]])
    assert not status.passed
    assert status.reason.startswith("0 of 50 reads map to the transcripts")
    assert (status.reads, status.mapped) == (50, 0)
    assert not (tmp_path / "salmon" / "S.1").exists()


@needs_tools
def test_a_declared_strand_is_used_and_a_wrong_one_is_told(tmp_path, library):
    first, second = map(text, library.mates)
    turned = [record.replace("@", "@r") for record in library.mates[1]]
    other = [record.replace("@", "@r") for record in library.mates[0]]
    right = quantify(tmp_path, library, [[first], [second]], "forward")
    assert (right.passed, right.library_type, right.warning) == (True, "ISF", "")
    loose = quantify(tmp_path, library, [[first], [second]], "unstranded")
    assert (loose.passed, loose.library_type, loose.strandedness) == (True, "IU", "forward")
    assert "declared unstranded, but the reads are forward" in loose.warning
    wrong = quantify(tmp_path, library, [[first], [second]], "reverse")
    assert (wrong.passed, wrong.strandedness) == (False, "forward")
    assert "declared reverse, but the reads are forward" in wrong.reason
    both = quantify(tmp_path, library, [[first + text(turned)], [second + text(other)]], "forward")
    assert (both.passed, both.library_type, both.strandedness) == (True, "ISF", "unstranded")
    assert both.percent_mapped == pytest.approx(50)
    assert "declared forward, but the reads are unstranded (50.0 % forward)" in both.warning


@needs_tools
def test_bootstraps_and_extra_arguments_reach_salmon(tmp_path, library):
    first = text(library.mates[0])
    quantify(tmp_path, library, [[first]], bootstraps=3, extra_salmon_args="--seqBias --minAssignedFrags 5")
    info = json.loads((tmp_path / "salmon" / "S.1" / "aux_info" / "meta_info.json").read_text())
    assert (info["num_bootstraps"], info["seq_bias_correct"]) == (3, True)


@needs_tools
@pytest.mark.parametrize("option", ["extra_salmon_args", "extra_fastp_args"])
def test_a_tool_that_breaks_is_an_error_with_its_words(tmp_path, library, option):
    with pytest.raises(ToolError, match="--no_such_option"):
        quantify(tmp_path, library, [[text(library.mates[0])]], **{option: "--no_such_option"})
    assert not list(tmp_path.glob("reads_*")), "the trimmed reads are left behind"


@needs_tools
def test_files_that_are_not_there_are_input_errors_told_together(tmp_path):
    reads = SampleReads("S", ((tmp_path / "a.fq", tmp_path / "b.fq"), (tmp_path / "c.fq",)))
    with pytest.raises(InputError) as error:
        quantify_sample(reads, QuantifyOptions(tmp_path), tmp_path)
    told = str(error.value)
    for what in ("a.fq: does not exist", "c.fq: does not exist", "2 and 1 files", "is not a Salmon index"):
        assert what in told


@needs_tools
def test_the_command_writes_a_status_and_the_salmon_folder(tmp_path, library):
    for i, records in enumerate(library.mates, start=1):
        (tmp_path / f"{i}.fq").write_bytes(text(records))
    command = [sys.executable, "-B", COMMAND, "--sample", "S.1", "--index", library.index]
    command += ["--threads", os.environ["RXPRESS_TEST_THREADS"]]
    subprocess.run([*command, "--fastq_1", "1.fq", "--fastq_2", "2.fq"], check=True)
    status = json.loads((tmp_path / "status" / "S.1.status.json").read_text())
    assert status["passed"] is True
    assert status["strandedness_declared"] == "auto"
    assert status["inputs"][1]["path"] == "2.fq"
    trimmed, mapped = (
        json.loads((tmp_path / path).read_text())
        for path in ("fastp/S.1.fastp.json", "salmon/S.1/aux_info/meta_info.json")
    )
    own = {"fastp": trimmed["summary"]["fastp_version"], "salmon": mapped["salmon_version"]}
    assert status["tools"] == own, "what the tools say of themselves in what they write"
    assert quantified(tmp_path) == pytest.approx(PLANTED, abs=0.01)


def test_a_task_told_to_stop_removes_its_trimmed_reads(tmp_path, library, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("fastp", "salmon"):
        (tools / name).write_text("#!/bin/sh\nexec sleep 60\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    (tmp_path / "1.fq").write_text("@r\nACGT\n+\nIIII\n")
    command = [
        sys.executable,
        "-B",
        COMMAND,
        "--sample",
        "S.1",
        "--index",
        library.index,
        "--fastq_1",
        "1.fq",
        "--threads",
        os.environ["RXPRESS_TEST_THREADS"],
    ]
    with subprocess.Popen(command) as process:
        while not list(tmp_path.glob("reads_*/*")) and process.poll() is None:
            time.sleep(0.05)
        process.terminate()
    assert process.returncode == 143
    assert not list(tmp_path.glob("reads_*"))


@pytest.mark.parametrize(
    ("orientations", "paired", "expected"),
    [
        ({"ISF": 950, "ISR": 50}, True, "forward"),
        ({"ISF": 10, "ISR": 990}, True, "reverse"),
        ({"ISF": 520, "ISR": 480}, True, "unstranded"),
        ({"ISF": 545, "ISR": 455}, True, "unstranded"),
        ({"ISF": 560, "ISR": 440}, True, "undetermined"),
        ({"ISF": 700, "ISR": 300}, True, "undetermined"),
        ({"ISF": 20, "ISR": 0}, True, "undetermined"),
        ({"ISF": 10502213, "ISR": 10526560, "SF": 270002, "SR": 288797}, True, "unstranded"),
        ({"ISR": 900, "SF": 5000}, True, "reverse"),
        ({"SF": 30, "SR": 970}, False, "reverse"),
        ({}, False, "undetermined"),
    ],
)
def test_the_strand_is_called_from_the_fragments_on_each(orientations, paired, expected):
    assert infer_strandedness(orientations, paired)[0] == expected


@pytest.mark.real
@needs_tools
def test_hox_reads_are_quantified_as_they_were_simulated(tmp_path, real_data):
    """Salmon's own sample data: 10,000 simulated pairs, true counts in the read names."""
    folder = real_data / "reads_hox"
    index = tmp_path / "index"
    run_tool(["salmon", "index", "-t", str(folder / "transcripts.fasta"), "-i", str(index), "-p", "1"])
    mates = tuple((folder / f"reads_{i}.fastq.gz",) for i in (1, 2))
    status = quantify_sample(SampleReads("S.1", mates), QuantifyOptions(index), tmp_path)
    assert (status.reads_raw, status.strandedness) == (10_000, "unstranded")
    truth = pd.read_csv(folder / "truth.tsv", sep="\t", index_col=0)["true_reads"]
    found = pd.Series(quantified(tmp_path))[truth.index]
    abundant = truth > 100
    assert (found - truth)[abundant].abs().max() <= 0.01 * truth.sum()
