"""Files, references, counts and design: the line a user reads for each fault, and all of them at once."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from input_files import ROOT, SHEET, TRANSCRIPTS, examine, fasta, fastq, gtf, told, write_quant, write_study
from jsonschema import Draft202012Validator

from rxpress import sequences
from rxpress.checking.peek import by_path, peek_sheet, read_peeks
from rxpress.design.contrast_requests import read_requests
from rxpress.errors import InputError
from rxpress.tables import read_json, read_yaml

QUANTS = "sample,quant,cell_line,treatment\nq1,q1,X,DMSO\nq2,q2,X,drug\n"
COUNTS = "gene_id\ta\tb\nG1\t10\t20\nG2\t0\t5\n"


@pytest.fixture
def params(tmp_path):
    """Parameters with references that fit; the reads of SHEET lie in tmp_path."""
    return write_study(tmp_path)


@pytest.fixture
def quants(tmp_path, params):
    """The same; the Salmon folders of QUANTS lie in tmp_path, too."""
    for name in ("q1", "q2"):
        write_quant(tmp_path / name)
    return params


@pytest.fixture
def counts(tmp_path):
    """Writes a count matrix and returns the parameters that name it."""

    def write(text: str, **more: object) -> dict[str, object]:
        (tmp_path / "counts.tsv").write_text(text)
        return {"counts": str(tmp_path / "counts.tsv"), **more}

    return write


def run(folder, *options):
    command = [sys.executable, str(ROOT / "bin/check_inputs.py"), "--input", "samples.csv"]
    command += ["--params", "params.json", "--outdir", "out", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


# Files of the sheet


def test_a_missing_file_is_told_with_the_place_where_it_was_looked_for(tmp_path, params):
    (tmp_path / "a1_1.fq.gz").unlink()
    assert told(tmp_path, SHEET, params)[0] == [
        "samples.csv:2: column 'fastq_1': file 'a1_1.fq.gz' does not exist "
        f"(looked for {Path('a1_1.fq.gz').absolute()}); "
        "correct the path: relative ones start at the samplesheet or at the folder of the launch"
    ]


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path, params):
    sheet = f"sample,fastq_1,quant\na,{tmp_path},\nb,,a1_1.fq.gz\n"
    assert told(tmp_path, sheet, params)[0] == [
        f"samples.csv:2: column 'fastq_1': '{tmp_path}' is a folder, not a file; give a file",
        "samples.csv:3: column 'quant': 'a1_1.fq.gz' is a file, not a folder; give a folder",
    ]


def test_what_main_nf_could_not_read_is_told(tmp_path, params):
    (tmp_path / "samples.csv").write_text("sample,fastq_1\na,a1_1.fq.gz\n")
    header = "line\tcolumn\tpath\tresolved\texists\tkind\tsize\thead"
    (tmp_path / "peek.tsv").write_text(
        f"{header}\n2\tfastq_1\ta1_1.fq.gz\t/x/a1_1.fq.gz\ttrue\tunreadable\t9\t\n"
    )
    _, problems = examine(tmp_path / "samples.csv", params, peeks=by_path(read_peeks(tmp_path / "peek.tsv")))
    assert str(problems.found[0]) == (
        "samples.csv:2: column 'fastq_1': file 'a1_1.fq.gz' cannot be read; look at its permissions"
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(fastq("a1:1/1"))[:-9], "is cut off"),
    ],
)
def test_an_empty_or_cut_off_file_costs_its_sample_and_the_run_only_with_strict(
    tmp_path, params, content, what
):
    (tmp_path / "a1_1.fq.gz").write_bytes(content)
    line = f"samples.csv:2: column 'fastq_1': file 'a1_1.fq.gz' {what}"
    assert told(tmp_path, SHEET, params) == ([], [f"{line}; the sample will be kept out of the tests"])
    refused = f"{line}; --strict does not go on without it"
    assert told(tmp_path, SHEET, {**params, "strict": True}) == ([refused], [])


def test_content_decides_whether_a_file_is_gzip(tmp_path, params):
    (tmp_path / "a1_1.fq.gz").write_bytes(fastq("a1:1/1"))
    assert told(tmp_path, SHEET, params) == ([], [])
    (tmp_path / "a1_1.fq.gz").write_bytes(b"\x1f\x8bnot gzip at all")
    assert told(tmp_path, SHEET, params)[0] == [
        "samples.csv:2: column 'fastq_1': file 'a1_1.fq.gz' begins as gzip, but is damaged; "
        "give FASTQ, plain or gzip"
    ]
    (tmp_path / "a1_1.fq.gz").write_bytes(b"sample,reads")
    assert told(tmp_path, SHEET, params)[0] == [
        "samples.csv:2: column 'fastq_1': file 'a1_1.fq.gz' is not gzip and does not begin with '@' as FASTQ "
        "does; give FASTQ, plain or gzip"
    ]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        (
            "x:1/1",
            "x:2/2",
            "begins with read 'x:2/2', but 'fastq_1' with 'x:1/1'; "
            "give the two files of one library, unsorted",
        ),
        ("x:1/2", "x:1/1", "the two files of the pair are swapped; swap them"),
        ("x:1 1:N:0", "x:1 1:N:0", "both files of the pair hold mates 1; give one file of each"),
        ("x:1", "x:1", ""),
        ("x:1 1:N:0", "x:1 2:N:0", ""),
        ("x.1.1", "x.1.2", ""),
    ],
)
def test_mates_must_begin_with_the_same_read(tmp_path, params, first, second, what):
    (tmp_path / "a1_1.fq.gz").write_bytes(fastq(first))
    (tmp_path / "a1_2.fq.gz").write_bytes(fastq(second))
    expected = [f"samples.csv:2: column 'fastq_2': {what}"] if what else []
    assert told(tmp_path, SHEET, params)[0] == expected


def test_a_sheet_without_any_data_is_told_once(tmp_path, params):
    assert told(tmp_path, "sample,treatment\na,DMSO\nb,drug\n", params)[0] == [
        "samples.csv: no sample has a data file; fill 'fastq_1' (and 'fastq_2'), 'quant', 'bam' or 'cel', "
        "or give --counts, --expression_matrix or --qpcr"
    ]


# Salmon folders


def test_salmon_folders_of_one_index_are_right(tmp_path, quants):
    assert told(tmp_path, QUANTS, quants) == ([], [])


def test_a_gzipped_quant_is_read_as_well(tmp_path, quants):
    table = tmp_path / "q1/quant.sf"
    (tmp_path / "q1/quant.sf.gz").write_bytes(gzip.compress(table.read_bytes()))
    table.unlink()
    assert told(tmp_path, QUANTS, quants) == ([], [])


def test_a_folder_without_a_table_of_transcripts_is_told(tmp_path, quants):
    (tmp_path / "q1/quant.sf").unlink()
    (tmp_path / "q2/quant.sf").write_text("target_id\tlength\teff_length\test_counts\ttpm\n")
    assert told(tmp_path, QUANTS, quants)[0] == [
        "samples.csv:2: column 'quant': folder 'q1' has no quant.sf or quant.sf.gz that can be read; "
        "give the output folder of `salmon quant`",
        "samples.csv:3: column 'quant': quant.sf in 'q2' is empty or not a table of Salmon's; "
        "quantify the sample again",
    ]


def test_folders_of_different_indexes_in_one_study_are_told_by_group(tmp_path, quants):
    write_quant(tmp_path / "q3", index="ffff0000ffff")
    sheet = QUANTS + "q3,q3,X,drug\n"
    assert told(tmp_path, sheet, quants)[0] == [
        "samples.csv:4: column 'quant': Salmon folders of study 'study' are of different indexes: "
        "'q1', 'q2' (index 1a2b3c4d); 'q3' (index ffff0000); "
        "quantify them with one index, or make studies of them"
    ]
    header, *lines = sheet.splitlines()
    apart = [f"{header},study", *(f"{line},{line[:2]}" for line in lines)]
    assert told(tmp_path, "\n".join(apart), quants)[0] == []


def test_reads_beside_salmon_folders_need_the_index_of_these(tmp_path, quants):
    write_index(tmp_path / "index", list(TRANSCRIPTS), seq_hash="ffff0000ffff")
    sheet = "sample,fastq_1,quant\na,a1_1.fq.gz,\nq1,,q1\n"
    asked = {"gtf": quants["gtf"], "salmon_index": str(tmp_path / "index")}
    assert told(tmp_path, sheet, asked)[0] == [
        "samples.csv:3: column 'quant': the Salmon folder of sample 'q1' is of another index than "
        "--salmon_index; give the index it was made with, or quantify its reads again"
    ]


@pytest.mark.parametrize("kept", ["transcripts", "gtf"])
def test_folders_of_other_transcripts_than_the_references_are_told(tmp_path, quants, kept):
    write_quant(tmp_path / "q3", names=["ALIEN1", "ALIEN2"])
    asked = quants if kept == "transcripts" else {"gtf": quants["gtf"]}
    source = {"transcripts": "transcripts.fa", "gtf": "genes.gtf"}[kept]
    assert told(tmp_path, QUANTS + "q3,q3,X,drug\n", asked)[0] == [
        f"samples.csv:4: column 'quant': transcripts of sample 'q3', such as 'ALIEN1', 'ALIEN2', "
        f"are not in {source}; give the references that it was quantified with"
    ]


def write_index(folder, names, seq_hash="1a2b3c4d5e6f"):
    """An index as far as names and hashes go; the layout is tested in test_sequences.py."""
    folder.mkdir()
    info = {"num_decoys": 0, "SeqHash": seq_hash, "NameHash": seq_hash}
    (folder / "info.json").write_text(json.dumps(info))
    counted = b"".join(len(name).to_bytes(8, "little") + name.encode() for name in names)
    (folder / "ctable.bin").write_bytes(len(names).to_bytes(8, "little") + counted)


# Parameters that name files


def test_files_of_parameters_must_be_there(tmp_path, params):
    (tmp_path / "empty.gtf").write_text("")
    asked = {
        "transcripts": str(tmp_path / "gone.fa"),
        "gtf": str(tmp_path / "empty.gtf"),
        "salmon_index": str(tmp_path / "transcripts.fa"),
    }
    assert told(tmp_path, SHEET, asked)[0] == [
        f"--transcripts: file '{tmp_path}/gone.fa' does not exist (looked for {tmp_path}/gone.fa); "
        "correct the path: relative ones start at the samplesheet or at the folder of the launch",
        f"--gtf: file '{tmp_path}/empty.gtf' is empty; get the file again",
        f"--salmon_index: '{tmp_path}/transcripts.fa' is a file, not a folder; give a folder",
    ]


@pytest.mark.parametrize(
    ("drop", "more", "line"),
    [
        (
            "transcripts",
            {},
            "--transcripts: is missing: FASTQ files are quantified against transcripts; "
            "give --transcripts, --salmon_index, or --genome with --gtf or --gff",
        ),
        (
            "gtf",
            {},
            "--gtf: is missing: nothing says which gene a transcript belongs to; "
            "give --gtf, --gff or --tx2gene",
        ),
    ],
)
def test_references_that_the_reads_need_are_asked_for(tmp_path, params, drop, more, line):
    asked = {name: path for name, path in params.items() if name != drop}
    assert told(tmp_path, SHEET, {**asked, **more})[0] == [line]


def test_a_genome_without_annotation_gives_no_transcripts(tmp_path, params):
    (tmp_path / "genome.fa").write_text(fasta(["chr1"]))
    (tmp_path / "map.tsv").write_text("TX1.1\tGENE1\n")
    asked = {"genome": str(tmp_path / "genome.fa"), "tx2gene": str(tmp_path / "map.tsv")}
    assert told(tmp_path, SHEET, asked)[0] == [
        "--genome: transcripts cannot be extracted from it without an annotation; "
        "give --gtf or --gff, or --transcripts"
    ]


def test_references_that_have_no_use_are_warnings(tmp_path, params):
    write_index(tmp_path / "index", list(TRANSCRIPTS))
    (tmp_path / "genome.fa").write_text(fasta(["chr1"]))
    (tmp_path / "map.tsv").write_text("".join(f"{t}\t{g}\n" for t, g in TRANSCRIPTS.items()))
    more = {"tx2gene": "map.tsv", "salmon_index": "index", "genome": "genome.fa"}
    asked = {**params, **{name: str(tmp_path / file) for name, file in more.items()}}
    assert told(tmp_path, SHEET, asked) == (
        [],
        [
            "--gtf: is not used: --tx2gene names the genes",
            "--genome: is not used: --salmon_index is given",
        ],
    )


def test_tools_that_are_not_installed_are_named(tmp_path, params):
    assert told(tmp_path, SHEET, params, tools=["sh", "no_such_tool", "nor_this"])[0] == [
        "not installed: no_such_tool, nor_this; activate .venv or add -profile docker"
    ]


def test_programs_for_reads_are_not_asked_for_without_reads(tmp_path, quants):
    assert told(tmp_path, QUANTS, quants, tools=["salmon", "fastp", "fastqc", "no_such_tool"])[0] == [
        "not installed: no_such_tool; activate .venv or add -profile docker"
    ]


# References


def test_less_than_90_percent_of_transcripts_with_a_gene_is_told_with_examples(tmp_path, params):
    names = [f"NM_{i}.1" for i in range(20)] + list(TRANSCRIPTS)
    (tmp_path / "transcripts.fa").write_text(fasta(names))
    assert told(tmp_path, SHEET, params)[0] == [
        "transcripts.fa: only 3 of 23 transcripts have a gene in genes.gtf, not 90 %: "
        "it knows 'TX1.1', 'TX2.1', 'TX3.1', but not 'NM_0.1', 'NM_1.1', 'NM_2.1' …; "
        "give transcripts and annotation of one release"
    ]


def test_just_under_90_percent_of_transcripts_with_a_gene_is_not_enough(tmp_path, params):
    names = {f"TX{i}.1": f"GENE{i}" for i in range(8)}
    (tmp_path / "genes.gtf").write_text(gtf(names))
    (tmp_path / "transcripts.fa").write_text(fasta([*names, "NEW.1"]))
    (problem,) = told(tmp_path, SHEET, params)[0]
    assert problem.startswith("transcripts.fa: only 8 of 9 transcripts have a gene in genes.gtf, not 90 %: ")


def test_90_percent_of_transcripts_with_a_gene_is_enough_spike_ins_apart(tmp_path, params):
    names = {f"TX{i}.1": f"GENE{i}" for i in range(9)}
    (tmp_path / "genes.gtf").write_text(gtf(names))
    (tmp_path / "transcripts.fa").write_text(fasta([*names, "NEW.1", "ERCC-00002", "ERCC-00003"]))
    assert told(tmp_path, SHEET, params) == (
        [],
        [
            "transcripts.fa: 2 spike-ins ('ERCC-00002', 'ERCC-00003') have no gene and are left out of the "
            "gene tables"
        ],
    )


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.partition(".")[0],
        lambda name: f"{name}|GENE|OTT|x|",
        lambda name: f"{name}_PAR_Y|GENE|",
    ],
)
def test_names_without_version_with_gencode_headers_or_par_y_are_matched(tmp_path, params, rename):
    (tmp_path / "transcripts.fa").write_text(fasta([rename(name) for name in TRANSCRIPTS]))
    assert told(tmp_path, SHEET, params) == ([], [])


def test_other_versions_are_matched_with_a_warning(tmp_path, params):
    (tmp_path / "transcripts.fa").write_text(fasta(["TX1.2", "TX2.1", "TX3.1"]))
    assert told(tmp_path, SHEET, params) == (
        [],
        [
            "transcripts.fa: 1 transcripts have another version in genes.gtf; "
            "look whether both are of one release"
        ],
    )


def test_a_genome_given_as_transcripts_is_recognised(tmp_path, params):
    (tmp_path / "transcripts.fa").write_text(fasta(["chr1"]))
    problems, _ = told(tmp_path, SHEET, params)
    assert len(problems) == 1
    assert problems[0].endswith("but not 'chr1': this looks like a genome; give it as --genome")


def test_a_name_that_stands_twice_in_the_fasta_is_told(tmp_path, params):
    (tmp_path / "transcripts.fa").write_text(fasta([*TRANSCRIPTS, "TX1.1"]))
    assert told(tmp_path, SHEET, params)[0] == [
        "transcripts.fa: 1 names stand twice, such as 'TX1.1'; give each transcript once"
    ]


def test_gff3_given_as_gtf_is_read_and_said(tmp_path, params):
    lines = "".join(
        f"chr1\tx\tmRNA\t1\t9\t.\t+\t.\tID={t};Parent={g}\nchr1\tx\texon\t1\t9\t.\t+\t.\tParent={t}\n"
        for t, g in TRANSCRIPTS.items()
    )
    (tmp_path / "genes.gtf").write_text(lines)
    assert told(tmp_path, SHEET, params) == ([], ["--gtf: genes.gtf is GFF3 and is read as such"])


def test_a_table_as_gtf_and_a_gtf_as_table_are_told(tmp_path, params):
    (tmp_path / "map.tsv").write_text("".join(f"{t}\t{g}\n" for t, g in TRANSCRIPTS.items()))
    table, annotation = str(tmp_path / "map.tsv"), params["gtf"]
    assert told(tmp_path, SHEET, {**params, "gtf": table})[0] == [
        "--gtf: map.tsv is a table, not an annotation; give it as --tx2gene"
    ]
    assert told(tmp_path, SHEET, {"transcripts": params["transcripts"], "tx2gene": annotation})[0] == [
        "--tx2gene: genes.gtf is GTF, not a table of transcript and gene; give it as --gtf"
    ]


def test_an_annotation_in_which_transcripts_are_their_own_genes_is_a_warning(tmp_path, params):
    names = [f"NM_{i}" for i in range(20)]
    (tmp_path / "genes.gtf").write_text(gtf({name: name for name in names}))
    (tmp_path / "transcripts.fa").write_text(fasta(names))
    assert told(tmp_path, SHEET, params) == (
        [],
        [
            "genes.gtf: every transcript is its own gene (as in GTF files of UCSC's table browser); "
            "give an annotation with gene ids"
        ],
    )


@pytest.mark.parametrize("extracting", [False, True])
def test_a_genome_cut_short_or_made_to_fill_memory_is_told_also_as_decoy(
    tmp_path, params, extracting, monkeypatch
):
    asked = {"gtf": params["gtf"]} if extracting else params
    genome = tmp_path / "genome.fa.gz"
    bases = np.random.default_rng(1).choice(list(b"ACGT"), 100_000).astype(np.uint8).tobytes()
    genome.write_bytes(gzip.compress(b">chr1\n" + bases + b"\n"))
    assert told(tmp_path, SHEET, {**asked, "genome": str(genome)})[0] == []
    genome.write_bytes(genome.read_bytes()[:-100])
    cut = "genome.fa.gz: cannot be read to its end; get the file again"
    assert told(tmp_path, SHEET, {**asked, "genome": str(genome)})[0] == [cut]
    monkeypatch.setattr(sequences, "LARGEST_TEXT", 1 << 22)
    monkeypatch.setattr(sequences, "CHUNK_BYTES", 1 << 16)
    genome.write_bytes(gzip.compress(b">chr1\n" + b"A" * (1 << 25)))  # a thousandth of what it becomes
    tracemalloc.start()
    try:
        (line,) = told(tmp_path, SHEET, {**asked, "genome": str(genome)})[0]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert re.match(r"genome\.fa\.gz: is gzip of [\d,]+ bytes that becomes more than 4,194,304", line)
    assert peak < 1 << 24


def test_chromosomes_of_a_decoy_may_have_other_names_which_is_told(tmp_path, params):
    (tmp_path / "genome.fa").write_text(fasta(["1"]))
    assert told(tmp_path, SHEET, {**params, "genome": str(tmp_path / "genome.fa")}) == (
        [],
        [
            "genome.fa: 3 of 3 transcripts lie on 'chr1', but the genome has '1'; "
            "give genome and annotation of one source"
        ],
    )


def test_chromosomes_that_the_genome_has_not_are_told(tmp_path, params):
    (tmp_path / "genome.fa").write_text(fasta(["1", "2"]))
    asked = {"gtf": params["gtf"], "genome": str(tmp_path / "genome.fa")}
    assert told(tmp_path, SHEET, asked)[0] == [
        "genome.fa: 3 of 3 transcripts lie on 'chr1', but the genome has '1', '2'; "
        "give genome and annotation of one source"
    ]


def test_index_and_fasta_of_different_releases_are_told(tmp_path, params):
    write_index(tmp_path / "index", ["TX1.1", "TX2.1", "TX9.1"])
    assert told(tmp_path, SHEET, {**params, "salmon_index": str(tmp_path / "index")})[0] == [
        "index: only 2 of 3 transcripts have a gene in genes.gtf, not 90 %: "
        "it knows 'TX1.1', 'TX2.1', 'TX3.1', but not 'TX9.1'; give transcripts and annotation of one release",
        "index: 1 transcripts of the index are not in transcripts.fa ('TX9.1'), "
        "1 of transcripts.fa are not in the index ('TX3.1'); "
        "give the FASTA file that the index was made from, or leave one of the two away",
    ]


def test_an_index_without_a_fasta_is_compared_with_the_annotation(tmp_path, params):
    write_index(tmp_path / "index", list(TRANSCRIPTS))
    assert told(tmp_path, SHEET, {"gtf": params["gtf"], "salmon_index": str(tmp_path / "index")}) == ([], [])
    (tmp_path / "index/ctable.bin").unlink()
    assert told(tmp_path, SHEET, {"gtf": params["gtf"], "salmon_index": str(tmp_path / "index")})[0] == [
        "index: is not an index of Salmon 1.x: info.json or ctable.bin is missing or damaged; "
        "make it with `salmon index`, or leave it away"
    ]


# Counts


def test_a_right_matrix_has_nothing_to_tell(tmp_path, counts):
    assert told(tmp_path, "sample\na\nb\n", counts(COUNTS)) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        COUNTS.replace("\t", ","),
        COUNTS.replace("gene_id\t", ""),
        COUNTS.replace("gene_id\t", '""\t'),
        "# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ta\tb\nG1\t1\t1\t9\t+\t9\t10\t20\n",
        "Geneid\tChr\tStart\tEnd\tStrand\tLength\tbam/a.bam\t/my data/b.Aligned.sortedByCoord.out.bam\n"
        "G1\t1\t1\t9\t+\t9\t10\t20\n",
        "gene_id\tgene_name\ta\tb\nENSG00000000001\tTP53\t10\t20\n",
    ],
)
def test_a_matrix_may_come_in_the_forms_of_its_makers(tmp_path, counts, text):
    assert told(tmp_path, "sample\na\nb\n", counts(text)) == ([], [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            COUNTS.replace("a\t", "a.1\t"),
            "samples.csv:2: column 'sample': sample 'a-1' is no column of counts.tsv; did you mean 'a.1'?",
        ),
        (
            COUNTS.replace("a\tb", "x\tb"),
            "samples.csv:2: column 'sample': sample 'a-1' is no column of counts.tsv; "
            "its columns are 'x', 'b'",
        ),
        (
            COUNTS.replace("a\tb", "a-1\ta-1"),
            "counts.tsv:1: column 'a-1': stands twice in the header; remove one of the two columns",
        ),
        (
            COUNTS.replace("a\t", "a-1\t").replace("10", "-3"),
            "counts.tsv:2: column 'a-1': '-3' is negative; give raw counts",
        ),
        (
            COUNTS.replace("a\t", "a-1\t").replace("10", "many"),
            "counts.tsv:2: column 'a-1': 'many' is not a number; give raw counts",
        ),
        (
            COUNTS.replace("a\t", "a-1\t").replace("10\t", "\t"),
            "counts.tsv:2: column 'a-1': an empty cell is not a number; give raw counts",
        ),
        (
            COUNTS.replace("a\t", "a-1\t").replace("G2", "G1"),
            "counts.tsv:3: column 'gene_id': gene 'G1' stands already in line 2; sum or remove its lines",
        ),
        (
            COUNTS.replace("a\t", "a-1\t").replace("G2", ""),
            "counts.tsv:3: column 'gene_id': a gene has no id; fill or remove the line",
        ),
        (
            "gene_id\ta-1\tb\n" + "".join(f"G{i}\t{i}\t{i + 100}\n" for i in range(1, 30)) + "G\t3.5\t7\n",
            "counts.tsv:31: column 'a-1': '3.5' is not a whole number; give raw counts",
        ),
        (
            "gene_id\ta-1\tb\nG1\t3.5\t7.25\nG2\t9.1\t8.5\n",
            "counts.tsv: the values look like logarithms; give counts",
        ),
        (
            "gene_id\ta-1\tb\nG1\t400000.5\t300000.5\nG2\t599999.5\t699999.5\n",
            "counts.tsv: the values are normalised: every sample sums to 1,000,000; "
            "give counts, not TPM or CPM",
        ),
        (
            COUNTS.replace("a\t", "a-1\t")
            .replace("G1", "ENSG00000141510.18")
            .replace("G2", "ENSG00000000003"),
            "counts.tsv: genes are Ensembl ids ('ENSG00000141510.18', 'ENSG00000000003') and nothing names "
            "them; add a column 'gene_name', or give --gtf, --gff or --tx2gene",
        ),
        ("gene_id\n", "counts.tsv: has no counts; give genes in rows, samples in columns"),
        (
            "gene_id\ta-1\tb\nG1\t1\t2\nG2\t1\t2\t3\n",
            "counts.tsv:3: has 4 cells, but the header has 3; "
            "give every line the cells of the header, and close every quote",
        ),
    ],
)
def test_a_fault_of_the_matrix_is_told_with_its_place(tmp_path, counts, text, line):
    assert told(tmp_path, "sample\na-1\nb\n", counts(text))[0] == [line]


def test_columns_beyond_the_sheet_and_estimated_counts_are_warnings(tmp_path, counts):
    text = "gene_id\ta\tb\tother\nG1\t1000.25\t2000.5\t1\nG2\t30.5\t51.2\t2\n"
    assert told(tmp_path, "sample\na\nb\n", counts(text)) == (
        [],
        [
            "counts.tsv: columns that are no samples of samples.csv are left out: 'other'",
            "counts.tsv: estimated counts are rounded for the tests",
        ],
    )


def test_files_of_featurecounts_that_differ_in_their_folder_alone_stay_apart(tmp_path, counts):
    header = "Geneid\tChr\tStart\tEnd\tStrand\tLength\tx/a.bam\ty/a.bam\n"
    problems = told(tmp_path, "sample\na\n", counts(header + "G1\t1\t1\t9\t+\t9\t10\t20\n"))[0]
    assert problems == [
        "samples.csv:2: column 'sample': sample 'a' is no column of counts.tsv; "
        "its columns are 'x/a.bam', 'y/a.bam'"
    ]


def test_lines_of_htseq_that_are_no_genes_are_a_warning(tmp_path, counts):
    text = "\ta\tb\nTP53\t10\t20\n__no_feature\t5\t5\n__not_aligned\t0\t0\n"
    assert told(tmp_path, "sample\na\nb\n", counts(text)) == (
        [],
        ["counts.tsv: lines that count reads of no gene are left out: '__no_feature', '__not_aligned'"],
    )


def test_ensembl_ids_are_named_by_an_annotation_of_any_version(tmp_path, counts):
    gene = "ENSG00000141510"
    (tmp_path / "genes.gtf").write_text(gtf({"ENST1.1": f"{gene}.18"}))
    asked = counts(f"gene_id\ta\tb\n{gene}.17\t1\t2\n", gtf=str(tmp_path / "genes.gtf"))
    assert told(tmp_path, "sample\na\nb\n", asked) == ([], [])


def test_control_genes_must_be_genes_of_the_run_by_id_or_name(tmp_path, params, counts):
    (tmp_path / "control.txt").write_text("G1\nTP53\nG3 G2\n")
    given = counts(
        "gene_id\tgene_name\ta\tb\nG1\tACTB\t10\t20\nG2\tGAPDH\t0\t5\n",
        control_genes=str(tmp_path / "control.txt"),
    )
    assert told(tmp_path, "sample\na\nb\n", given)[0] == [
        "control.txt:2: there is no gene 'TP53'; give ids or names as in the annotation or the count matrix",
        "control.txt:3: there is no gene 'G3'; give ids or names as in the annotation or the count matrix",
    ]
    (tmp_path / "control.txt").write_text("ACTB\nG2\n")
    assert told(tmp_path, "sample\na\nb\n", given) == ([], [])


def test_a_count_matrix_has_no_lengths_for_offsets(tmp_path, counts):
    problems = told(tmp_path, "sample\na\nb\n", counts(COUNTS, length_correction="offset"))[0]
    assert problems == [
        "--length_correction: offset needs gene lengths, which a count matrix does not have; "
        "use scaled or none: a matrix is tested as it is"
    ]


def test_a_sample_has_one_source_and_a_study_one_platform(tmp_path, params, counts):
    sheet = "sample,fastq_1\na,a1_1.fq.gz\nb,\n"
    assert told(tmp_path, sheet, counts(COUNTS, **params))[0] == [
        "samples.csv:3: column 'study': sample 'b' takes its counts from --counts, unlike others of "
        "study 'study'; make two studies of them",
        "samples.csv:2: column 'sample': sample 'a' has a data file, but is a column of --counts as well; "
        "leave one of the two away",
    ]
    (tmp_path / "a.bam").write_bytes(b"")
    for column in ("bam", "cel"):
        both = told(tmp_path, f"sample,study,{column}\na,x,a.bam\nb,y,\n", counts(COUNTS))[0]
        assert any("sample 'a' has a data file, but is a column of --counts" in line for line in both)


# Design


def test_a_vehicle_that_the_sheet_spells_otherwise_is_told(tmp_path, params):
    assert told(tmp_path, SHEET.replace("DMSO", "dmso"), params)[0] == [
        "--vehicle: no sample has the treatment 'DMSO'; did you mean 'dmso'?"
    ]
    assert told(tmp_path, SHEET, {**params, "vehicle": "water"})[0] == [
        "--vehicle: no sample has the treatment 'water'; treatments are DMSO, bortezomib"
    ]


def test_a_sheet_without_vehicle_is_no_problem(tmp_path, params):
    assert told(tmp_path, SHEET.replace("DMSO", "untreated"), params)[0] == []


def test_drug_covariates_and_contrasts_are_refused_together(tmp_path, params):
    (tmp_path / "contrasts.yml").write_text(
        "contrasts:\n"
        "  - id: x\n"
        "    up: {treatment: bortezomibb}\n"
        "    down: {treatment: DMSO}\n"
        "  - id: y\n"
        "    difference: [drug.bortezomib.MM1S, drug.bortezomib.U266]\n"
    )
    more = {"drug": "carfilzomib", "covariates": "bach", "contrasts": str(tmp_path / "contrasts.yml")}
    problems = "\n".join(told(tmp_path, SHEET.replace("replicate", "batch"), {**params, **more})[0])
    assert "--drug: no sample has the treatment 'carfilzomib'" in problems
    assert "bach" in problems
    assert "contrasts.yml:3: contrast 'x': " in problems
    assert "bortezomibb" in problems
    assert "drug.bortezomib.U266" in problems


def test_a_contrasts_file_that_is_no_yaml_is_told(tmp_path, params):
    (tmp_path / "c.yml").write_text("contrasts:\n  - id: [x\n")
    problems, _ = told(tmp_path, SHEET, {**params, "contrasts": str(tmp_path / "c.yml")})
    assert problems == ["c.yml:3: is not valid YAML; check indentation and colons"]


@pytest.mark.parametrize(
    "entry",
    [
        "{id: x, up: {treatment: a}, down: {treatment: [b, 1]}}",
        "{id: x, label: y, study: [s, t], up: [{dose_nM: 5}, {time_h: 2}], down: {treatment: b}}",
        "{id: x.1, difference: [a, b]}",
        "{up: {treatment: a}, down: {treatment: b}}",
        "{id: 'a b', difference: [a, b]}",
        "{id: summary, difference: [a, b]}",
        "{id: x, up: {treatment: a}}",
        "{id: x, up: {}, down: {treatment: b}}",
        "{id: x, up: a, down: {treatment: b}}",
        "{id: x, difference: [a]}",
        "{id: x, difference: [a, b], up: {treatment: a}, down: {treatment: b}}",
        "{id: x, minus: [a, b]}",
        "x",
    ],
)
def test_the_schema_for_editors_agrees_with_what_is_read(tmp_path, entry):
    (tmp_path / "c.yml").write_text(f"contrasts:\n  - {entry}\n")
    schema = Draft202012Validator(read_json(ROOT / "assets/schema/contrasts.schema.json"))
    try:
        accepted = bool(read_requests(tmp_path / "c.yml"))
    except InputError:
        accepted = False
    assert schema.is_valid(read_yaml(tmp_path / "c.yml")) == accepted


# The whole


def test_problems_of_every_kind_come_in_one_run_in_a_stable_order(tmp_path, params):
    (tmp_path / "transcripts.fa").write_text(fasta(["NM_1"]))
    (tmp_path / "contrasts.yml").write_text("contrasts: [{id: x, difference: [a, b]}]\n")
    (tmp_path / "b1_2.fq.gz").write_bytes(fastq("other/2"))
    (tmp_path / "samples.csv").write_text(
        SHEET.replace("\na1,", "\na 1,").replace("a2_2.fq.gz", "gone.fq.gz").replace("replicate", "response")
    )
    more = {"min_read": 1, "alpha": 2, "contrasts": str(tmp_path / "contrasts.yml")}
    (tmp_path / "params.json").write_text(json.dumps({**params, **more}))
    done = run(tmp_path, "--tools", "no_such_tool")
    places = [line.removeprefix("error: ").split(": ")[:2] for line in done.stderr.splitlines()]
    assert done.returncode == 2
    assert [place[0] for place in places] == [
        "--min_read",
        "--alpha",
        "not installed",
        *["samples.csv:2"] * 2,
        *[f"samples.csv:{line}" for line in (3, 4, 5)],
        "samples.csv:3",
        "samples.csv:4",
        "transcripts.fa",
        *["contrasts.yml:1"] * 2,
    ]
    assert not (tmp_path / "out").exists()
    assert run(tmp_path, "--tools", "no_such_tool").stderr == done.stderr


def test_what_was_understood_is_written(tmp_path, params):
    sheet = SHEET.replace("replicate", "replicate,rin", 1).replace(",1\n", ",1,9\n").replace(",2\n", ",2,5\n")
    (tmp_path / "samples.csv").write_text(sheet)
    (tmp_path / "params.json").write_text(json.dumps(params))
    done = run(tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("warning: samples.csv:") == 2
    table = (tmp_path / "out/samples.tsv").read_text()
    assert table == (tmp_path / "out/study/samples.tsv").read_text()
    assert table.splitlines()[1].split("\t")[:3] == ["a1", "study", str(tmp_path / "a1_1.fq.gz")]
    plan = read_json(tmp_path / "out/plan.json")
    assert plan["studies"]["study"] == {
        "samples": 4,
        "kind": "reads",
        "unit": "cell_line",
        "conditions": 2,
        "contrasts": ["drug.bortezomib.MM1S", "drug.bortezomib.all"],
        "untested_because": "",
    }
    assert plan["annotation_format"] == "gtf"
    assert plan["mapped_transcripts"] == {"total": 3, "with_gene": 3}
    assert len(plan["warnings"]) == 2
    roles = [line.split("\t")[3] for line in (tmp_path / "out/inputs.tsv").read_text().splitlines()]
    assert roles == ["role", "samplesheet", "transcripts", "annotation"]


def test_what_main_nf_saw_is_taken_for_what_is_there(tmp_path, params):
    (tmp_path / "samples.csv").write_text(SHEET)
    (tmp_path / "params.json").write_text(json.dumps(params))
    rows = [
        (
            p.line,
            p.column,
            p.path,
            f"s3://bucket/{p.path}",
            "true",
            p.kind,
            p.size,
            base64.b64encode(p.head).decode(),
        )
        for p in peek_sheet(tmp_path / "samples.csv")
    ]
    for file in tmp_path.glob("*.fq.gz"):
        file.unlink()
    header = ("line", "column", "path", "resolved", "exists", "kind", "size", "head")
    (tmp_path / "peek.tsv").write_text("".join("\t".join(map(str, row)) + "\n" for row in [header, *rows]))
    staged = ("--transcripts", params["transcripts"], "--annotation", params["gtf"])
    done = run(tmp_path, "--peek", "peek.tsv", *staged)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\ts3://bucket/a1_1.fq.gz\t" in (tmp_path / "out/samples.tsv").read_text()


def test_without_a_samplesheet_the_references_are_checked_nevertheless(tmp_path, params):
    (tmp_path / "genes.gtf").write_text("no annotation\n")
    (tmp_path / "params.json").write_text(json.dumps(params))
    done = run(tmp_path)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("error: --input: file 'samples.csv' does not exist")
    assert lines[1].startswith("error: genes.gtf: is neither GTF nor GFF3")


def test_a_thousand_samples_are_checked_in_ten_seconds(tmp_path, params):
    lines = ["sample,fastq_1,fastq_2,cell_line,treatment,replicate,response"]
    for i in range(1000):
        for mate in (1, 2):
            (tmp_path / f"s{i}_{mate}.fq.gz").write_bytes(gzip.compress(fastq(f"r{i}/{mate}") * 20))
        line, treatment = i // 20, ("DMSO", "bortezomib")[i // 10 % 2]
        response = ("sensitive", "resistant")[line % 2]
        lines.append(f"s{i},s{i}_1.fq.gz,s{i}_2.fq.gz,L{line},{treatment},{i % 10},{response}")
    (tmp_path / "samples.csv").write_text("\n".join(lines))
    (tmp_path / "params.json").write_text(json.dumps(params))
    before = os.times()
    done = run(tmp_path)
    after = os.times()
    assert (done.returncode, done.stderr) == (0, "")
    # Of the processor, which other tests use too.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 10
